// The OpenWrt package, unpacked into a root of BusyBox as opkg would, and its start script under ash (deployment acceptance
// 33 to 35). No OpenWrt image is to be had without a network: rc.common and procd are stand-ins that do what the script asks of
// them (enable, an instance with command and environment, stop).

import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { until } from "../../lab/process.ts";
import { addBusybox } from "../support/roots.ts";
import { nativeTarget, root, run, skipUnless, skipWithout } from "../support/tiny/tiny.ts";

const { preinst } = (await import(pathToFileURL(join(root, "scripts/tiny/ipk.mjs")).href)) as {
  preinst(target: string): string;
};
const VERSION = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version as string;
const PACKAGE = join(root, `dist/tiny/subnetra_${VERSION}_${nativeTarget}.ipk`);
const APPLETS = [
  "sh",
  "mkdir",
  "chmod",
  "ln",
  "cat",
  "kill",
  "rm",
  "sleep",
  "env",
  "basename",
  "uname",
  "tar",
  "gzip",
  "ls",
  "dd",
];
const RC_COMMON = `#!/bin/sh
script=$1 action=$2 name=$(basename "$1")
procd_open_instance() { command= environment=; }
procd_set_param() {
	what=$1; shift
	case $what in
	command) command="$*" ;;
	env) environment="$*" ;;
	esac
}
procd_close_instance() {
	env $environment $command >/tmp/daemon.log 2>&1 </dev/null &
	echo $! >/run/instance
}
procd_add_reload_trigger() { :; }
logger() { :; }
stop() {
	[ -e /run/instance ] || return 0
	kill "$(cat /run/instance)" 2>/dev/null
	while kill -0 "$(cat /run/instance)" 2>/dev/null; do sleep 0.1; done
	rm -f /run/instance
}
start() { start_service; }
. "$script"
case $action in
enable) ln -sf "../init.d/$name" "/etc/rc.d/S$START$name" ;;
enabled) [ -e "/etc/rc.d/S$START$name" ] ;;
disable) rm -f "/etc/rc.d/S$START$name" ;;
start) start ;;
stop) stop ;;
restart) stop; start ;;
reload) reload_service ;;
esac
`;

describe("OpenWrt package", {
  skip: skipWithout(nativeTarget) || skipUnless("ip", "busybox", "unshare"),
}, () => {
  let lab: Lab;
  let router: string;

  before(() => {
    const built = run([process.execPath, join(root, "scripts/tiny/ipk.mjs"), "--target", nativeTarget]);
    assert.equal(built.status, 0, built.stderr);
    lab = new Lab("openwrt");
    lab.addNamespace("n");
    router = lab.path("n", "root");
    for (const folder of ["etc/rc.d", "run", "tmp", "pkg", "control"])
      mkdirSync(join(router, folder), { recursive: true });
    addBusybox(router, APPLETS);
    writeFileSync(join(router, "etc/rc.common"), RC_COMMON, { mode: 0o755 });
    copyFileSync(PACKAGE, join(router, "pkg/subnetra.ipk"));
  });
  after(() => {
    if (existsSync(join(router, "run/instance"))) init("stop");
    lab?.close();
  });

  const inside = (...words: string[]) =>
    lab.exec("n", [
      "/usr/bin/env",
      "-i",
      "PATH=/bin:/usr/bin:/usr/sbin",
      "unshare",
      `--root=${router}`,
      "--wd=/",
      ...words,
    ]);
  const sh = (line: string) => inside("/bin/sh", "-c", line);
  const init = (action: string) => inside("/etc/init.d/subnetrad", action);
  const logOf = () => readFileSync(join(router, "tmp/daemon.log"), "utf8");

  it("unpacks with the tools of a router", () => {
    const unpacked = sh(
      "cd /pkg && tar xzf subnetra.ipk && tar xzf data.tar.gz -C / && tar xzf control.tar.gz -C /control && cat debian-binary",
    );
    assert.equal(unpacked.stdout, "2.0\n", unpacked.stderr);
    const control = readFileSync(join(router, "control/control"), "utf8");
    assert.match(control, /^Package: subnetra\nVersion: [0-9.]+\nDepends: kmod-tun\n/);
    assert.equal(statSync(join(router, "etc/subnetra")).mode & 0o777, 0o700);
    assert.equal(inside("/usr/sbin/subnetrad", "--version").stdout, `subnetra v${VERSION}\n`);
    assert.equal(inside("/usr/bin/subnetra", "--version").stdout, `subnetra v${VERSION}\n`);
  });

  it("is refused by another kind of machine, and says why", () => {
    assert.equal(sh("/control/preinst install").status, 0);
    const other = sh("uname() { echo mips; }; export IPKG_INSTROOT=; . /control/preinst");
    assert.equal(other.status, 1);
    assert.match(other.stderr, /this machine is mips; get the other file/);
  });

  it("tells MIPS of both byte orders apart, which uname does not", () => {
    for (const [target, status] of [
      ["mipsel", 0],
      ["mips", 1],
    ] as const) {
      writeFileSync(join(router, "tmp/preinst"), preinst(target));
      // The programs here are little-endian, as on a router of the first kind.
      assert.equal(
        sh("uname() { echo mips; }; export IPKG_INSTROOT=; . /tmp/preinst").status,
        status,
        target,
      );
    }
  });

  it("33: enable makes S95subnetrad; without a configuration postinst says what to do", () => {
    assert.match(
      sh("/control/postinst configure").stdout,
      /write \/etc\/subnetra\/config\.json \(mode 0600\)/,
    );
    assert.equal(init("enable").status, 0);
    assert.equal(readlinkSync(join(router, "etc/rc.d/S95subnetrad")), "../init.d/subnetrad");
  });

  it("34: a configuration that fails the check is refused, and no daemon runs", () => {
    writeFileSync(join(router, "etc/subnetra/config.json"), '{ "role": "spoke" }', { mode: 0o600 });
    const refused = init("start");
    assert.equal(refused.status, 1);
    assert.match(
      refused.stderr,
      /^subnetrad: config \/etc\/subnetra\/config\.json failed --check; not starting$/m,
    );
    assert.ok(!existsSync(join(router, "run/instance")));
  });

  it("35: a good one runs, and the interface is there", async () => {
    const config = {
      role: "spoke",
      local_id: 2,
      local_tun_ip: "10.77.0.2/24",
      virtual_subnet: "10.77.0.0/24",
      peers: [{ id: 1, endpoint: "192.0.2.1:18020", allowed_src: "10.77.0.0/24", psk: newKey() }],
    };
    writeFileSync(join(router, "etc/subnetra/config.json"), JSON.stringify(config), { mode: 0o600 });
    assert.equal(init("start").status, 0);
    await until("the ready line", 15000, () => (/\[ready\]/.test(logOf()) ? true : undefined));
    assert.equal(statSync(join(router, "run/subnetra")).mode & 0o777, 0o700);
    assert.match(lab.exec("n", ["ip", "-br", "addr", "show", "snr0"]).stdout, /10\.77\.0\.2\/24/);
    assert.equal(
      inside("/bin/env", "SUBNETRA_SOCK=/run/subnetra/subnetra.sock", "/usr/bin/subnetra", "status").status,
      0,
    );
    assert.equal(init("reload").status, 0);
    await until("the second ready line", 15000, () => (/\[ready\]/.test(logOf()) ? true : undefined));
  });

  it("is removed without leaving a daemon", () => {
    assert.equal(sh("/control/prerm remove").status, 0);
    assert.ok(!existsSync(join(router, "run/instance")));
    assert.ok(!existsSync(join(router, "etc/rc.d/S95subnetrad")));
  });
});
