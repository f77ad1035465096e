// Writes deploy/systemd/: the units of the static file and, below nodejs/, of the Node.js build, each for one mesh and as a
// template for several (deployment.md §1). A test compares the files with what this makes.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/** Where the units expect the program; installers put their own place here. */
export const PROGRAM = "/usr/local/bin/subnetrad";

/** What the two kinds of unit call their things. */
const SINGLE = {
  file: "subnetrad.service",
  head: "One mesh: /etc/subnetra/config.json, /run/subnetra, /var/lib/subnetra.",
  description: "Subnetra node",
  config: "/etc/subnetra/config.json",
  runtime: "subnetra",
  state: "subnetra",
  device: "snr0",
  settings: "/etc/default/subnetrad",
};
const TEMPLATE = {
  file: "subnetrad@.service",
  head: `One of several meshes: subnetrad@NAME reads /etc/subnetra/NAME.json; its device is snr-NAME, its socket
# /run/subnetra-NAME/subnetra.sock (SUBNETRA_SOCK for the client), its saved rules go to /var/lib/subnetra/NAME.
# NAME has at most 11 characters: longer names of devices are cut.`,
  description: "Subnetra node %i",
  config: "/etc/subnetra/%i.json",
  runtime: "subnetra-%i",
  state: "subnetra/%i",
  device: "snr-%i",
  settings: "/etc/default/subnetrad-%i",
};

/** What differs between the builds. */
const STATIC = {
  folder: "",
  head: "the static file",
  execution: `# No memory is writable and executable, and nothing but this one file is ever executed.
MemoryDenyWriteExecute=yes
NoExecPaths=/
ExecPaths=${PROGRAM}`,
};
const NODEJS = {
  folder: "nodejs/",
  head: `the Node.js build. Two things of the static file's unit are missing, which is why systemd-analyze security gives it a
# higher figure: MemoryDenyWriteExecute (V8 compiles to machine code at run time, and without its compilers there is no
# WebAssembly), and ExecPaths (Node.js and its libraries lie in more than one place). With ProtectHome neither Node.js nor
# this program may lie in a home folder`,
  execution: "",
};

function unit(build, kind) {
  return `# subnetrad under systemd, ${build.head}.
# ${kind.head}
# Written by scripts/systemd-units.mjs.

[Unit]
Description=${kind.description}
Documentation=man:subnetrad(8)
# Peers do not hear a node whose clock went back over a restart.
After=network-online.target time-sync.target
Wants=network-online.target time-sync.target
# What a start may lack, a clock that is right or a device, comes in time: never give up.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
# Address, MTU and routes of the interface, as --print-network-plan has them, before the daemon gives up its privileges.
# SUBNETRA_UP=0 in the file below turns that off.
Environment=SUBNETRA_UP=1
Environment=SUBNETRA_TUN=${kind.device}
Environment=SUBNETRA_SOCK=/run/${kind.runtime}/subnetra.sock
EnvironmentFile=-${kind.settings}
ExecStartPre=${PROGRAM} --check --config ${kind.config}
ExecStart=${PROGRAM} --config ${kind.config}
Restart=on-failure
RestartSec=2
TimeoutStartSec=30
TimeoutStopSec=10

WorkingDirectory=/etc/subnetra
RuntimeDirectory=${kind.runtime}
RuntimeDirectoryMode=0700
# Where "policy_file" names no other place, saved rules lie beside the socket: keep them until the machine goes down.
RuntimeDirectoryPreserve=yes
# For "policy_file": the one place that outlives the machine's restart and can be written.
StateDirectory=${kind.state}
StateDirectoryMode=0700
UMask=0077
# Keys belong into no core file and no swap. Locked memory is counted as address space, not by what is used.
LimitCORE=0
LimitMEMLOCK=64M

# The one capability, for the device; the daemon drops it as well before the first packet.
AmbientCapabilities=CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
# AF_NETLINK: address and routes, and the kernel's word that this machine was restored from a snapshot.
RestrictAddressFamilies=AF_INET AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# The daemon empties its capability sets, and locks the memory that holds keys.
SystemCallFilter=capset
SystemCallErrorNumber=EPERM
${build.execution === "" ? "" : `${build.execution}\n`}ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateMounts=yes
PrivateTmp=yes
KeyringMode=private
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes

[Install]
WantedBy=multi-user.target
`;
}

/** The units: [path below deploy/systemd, text]. */
export function units() {
  return [STATIC, NODEJS].flatMap((build) =>
    [SINGLE, TEMPLATE].map((kind) => [`${build.folder}${kind.file}`, unit(build, kind)]),
  );
}

/** A unit for a program that lies elsewhere. */
export function unitFor(text, program) {
  return text.replaceAll(PROGRAM, program);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of units()) {
    const file = join(root, "deploy/systemd", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
