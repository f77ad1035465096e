// README.md of each archive of a release: how to install on that kind of machine, an example, the first trouble.

import { TAG } from "./version.mjs";

/** Machines of these targets are routers as a rule: BusyBox, no systemd. */
const ROUTERS = ["armv5", "mipsel", "mips"];

const SYSTEMD = `## Install

    install -m 755 subnetrad /usr/local/bin/
    ln -sf subnetrad /usr/local/bin/subnetra
    mkdir -p -m 700 /etc/subnetra

With systemd (the units expect /usr/local/bin):

    install -m 644 subnetrad.service subnetrad@.service /etc/systemd/system/
    systemctl daemon-reload
    systemctl enable --now subnetrad        # once there is a configuration
    journalctl -u subnetrad

Without: subnetrad.init is a start script for which BusyBox is enough.
`;

const BUSYBOX = `## Install

Copy it to a place that outlives a restart, and call the daemon from the system's start scripts:

    cp subnetrad /usr/sbin/ && chmod 755 /usr/sbin/subnetrad
    ln -sf ../sbin/subnetrad /usr/bin/subnetra
    mkdir -p /etc/subnetra && chmod 700 /etc/subnetra
    SUBNETRAD=/usr/sbin/subnetrad ./subnetrad.init start

The device needs the kernel's TUN driver (OpenWrt: the package kmod-tun). A router without a battery has no time after a
start: let NTP come first.
`;

/** The text for a target of the static file. */
export function readme(target) {
  return `# Subnetra ${TAG}, linux-${target}

One static file, daemon (subnetrad) and client (subnetra) by the name it is called by. Nothing else is needed.

${ROUTERS.includes(target) ? BUSYBOX : SYSTEMD}
## A mesh of three

hub.json, spoke-a.json and spoke-b.json fit together. Each becomes /etc/subnetra/config.json, mode 0600, on its machine. Change
three things: the hub's address in both spokes (192.0.2.1), and the key of each link, the same at its two ends:

    subnetra keygen --count 2

Then on each machine

    subnetrad --check --config /etc/subnetra/config.json
    subnetrad --print-network-plan --config /etc/subnetra/config.json     # what will be set up
    subnetra status
    ping 10.77.0.3                                                        # from spoke a

The hub takes UDP on ports 18020, 18023 and 18026 from anywhere; spokes need outbound UDP only.

## When it does not work

| What you see | What it is |
|---|---|
| /dev/net/tun: no such file | modprobe tun; in a container --device=/dev/net/tun |
| not permitted | run it as root, or with CAP_NET_ADMIN |
| udp: unknown_peer rises | psk or obfuscate differ at the two ends |
| udp: auth_or_invalid rises | the sender's clock went back: NTP, then restart it |
| udp: spoof rises | allowed_src at the receiver does not cover the sender |
| nothing rises at the hub | a firewall, or the wrong address or port |

subnetrad --help and subnetra --help tell the rest. MIT licence.
`;
}
