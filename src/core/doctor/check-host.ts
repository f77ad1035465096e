// The machine: clock, device, capability, ports, buffers, disk.

import { UDP_BUFFER } from "../sys.ts";
import { type Facts, isUnread } from "./facts.ts";
import type { Findings } from "./finding.ts";

const FIRST_YEAR = 2024;
/** Clocks of files and of the daemon differ by less than this. */
const CLOCK_SLACK_MS = 5000;
const AS_ROOT = "run the doctor as root";
/** Enough for the largest table of rules, some times over. */
const LITTLE_SPACE = 1048576;

export function checkClock(facts: Facts, findings: Findings) {
  const { host } = facts;
  const set = "set the clock (date, chronyc makestep, ntpd -q) before the daemon starts, then restart it";
  if (host.year < FIRST_YEAR) {
    findings.fail("clock.year", `the clock says ${host.year}: the daemon does not start before 2024`, set);
  } else findings.pass("clock.year", `the clock says ${host.year}`);
  const running = host.clockSources.length > 0 ? ` (${host.clockSources.join(", ")} runs)` : "";
  const source = "run chrony, systemd-timesyncd or another NTP client";
  if (isUnread(host.synchronised)) findings.skip("clock.source", host.synchronised.unread, AS_ROOT);
  else if (host.synchronised) findings.pass("clock.source", `the clock is synchronised${running}`);
  else findings.warn("clock.source", `the kernel calls the clock unsynchronised${running}`, source);
  checkClockBack(facts, findings);
}

/** A clock that is behind what this machine wrote or heard earlier has gone back. */
function checkClockBack(facts: Facts, findings: Findings) {
  const { host, daemon } = facts;
  const remedy =
    "set the clock right and restart the daemon; where the earlier clock was the wrong one, restart the other end " +
    "of each link instead";
  const sample = daemon.samples[daemon.samples.length - 1];
  if (sample !== undefined) {
    for (let i = 0; i < sample.peers.length; i++) {
      const { heardAt, id } = sample.peers[i]!;
      if (heardAt <= host.now + CLOCK_SLACK_MS) continue;
      const text = `the clock went back: peer ${id} was heard ${seconds(heardAt - host.now)} in the future`;
      findings.fail("clock.back", text, remedy, { peer: id });
      return;
    }
  }
  if (host.lastWrite > host.now + CLOCK_SLACK_MS) {
    const text =
      `the clock is ${seconds(host.lastWrite - host.now)} behind a file that was written on this machine ` +
      `(${host.lastWriteFile}): peers ignore a node whose clock went back`;
    findings.fail("clock.back", text, remedy);
  } else findings.pass("clock.back", "the clock is not behind what this machine wrote and heard");
}

function seconds(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 7200 ? `${s} s` : s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}

const DEVICE_REMEDIES: { readonly [name: string]: string } = {
  ENOENT: "modprobe tun; in a container add --device=/dev/net/tun",
  ENODEV: "modprobe tun (OpenWrt: opkg install kmod-tun)",
  EPERM: "allow the device to the container or unit (DeviceAllow=/dev/net/tun rw, --device=/dev/net/tun)",
  EACCES: 'chmod 666 /dev/net/tun, or a udev rule KERNEL=="tun", MODE="0666"',
};

export function checkDevice(facts: Facts, findings: Findings) {
  const { host, daemon } = facts;
  if (host.device === "") findings.pass("host.device", "/dev/net/tun opens");
  else {
    const text = `/dev/net/tun does not open (${host.device})`;
    const remedy = DEVICE_REMEDIES[host.device] || "look at the device: ls -l /dev/net/tun";
    // An ordinary user may be refused what the daemon may.
    if (host.device === "EACCES" && !host.root) findings.skip("host.device", text, AS_ROOT);
    else if (daemon.state === "answers") findings.warn("host.device", `${text}, yet the daemon runs`, remedy);
    else findings.fail("host.device", text, remedy);
  }
  if (isUnread(host.netAdmin)) findings.skip("host.capability", host.netAdmin.unread, AS_ROOT);
  else if (host.netAdmin.effective)
    findings.pass("host.capability", "CAP_NET_ADMIN can be had (the daemon drops it after its start)");
  else if (daemon.state === "answers")
    findings.pass("host.capability", "the daemon has started, so it had CAP_NET_ADMIN");
  else if (!host.netAdmin.bounding)
    findings.fail(
      "host.capability",
      "nothing in this container or unit may have CAP_NET_ADMIN",
      "docker --cap-add=NET_ADMIN; in a unit AmbientCapabilities=CAP_NET_ADMIN",
    );
  else findings.skip("host.capability", "this user has no CAP_NET_ADMIN", AS_ROOT);
}

export function checkPorts(facts: Facts, findings: Findings) {
  const { host, daemon } = facts;
  if (isUnread(host.ports)) return findings.skip("host.ports", host.ports.unread, AS_ROOT);
  const bound: number[] = [];
  for (let i = 0; i < host.ports.length; i++) {
    const { port, bound: isBound, holder } = host.ports[i]!;
    if (daemon.state === "answers") {
      if (isBound) bound.push(port);
      else
        findings.warn(
          "host.ports",
          `the daemon answers, but nobody has UDP port ${port} of the configuration here`,
          "restart the daemon if the file was changed; run the doctor in the daemon's network namespace",
        );
    } else if (isBound && daemon.state === "absent") {
      const who = holder === "" ? "another program" : holder;
      const remedy = "stop that program, or choose another port in listen_ports";
      findings.fail("host.ports", `${who} holds UDP port ${port}: the daemon cannot have it`, remedy);
    } else bound.push(port);
  }
  if (bound.length > 0) {
    const state = daemon.state === "absent" ? "free" : "bound";
    findings.pass("host.ports", `UDP port ${bound.join(", ")} ${state}`);
  }
}

export function checkBuffers(facts: Facts, findings: Findings) {
  const { host } = facts;
  const remedy = `sysctl -w net.core.rmem_max=${2 * UDP_BUFFER} net.core.rmem_default=${UDP_BUFFER}, and restart the daemon`;
  let drops = 0;
  if (!isUnread(host.ports)) for (let i = 0; i < host.ports.length; i++) drops += host.ports[i]!.drops;
  if (facts.daemon.state === "answers" && drops > 0)
    return findings.warn(
      "host.buffers",
      `the kernel dropped ${drops} datagrams because the daemon's socket was full`,
      `${remedy}; give the daemon a core of its own`,
    );
  if (isUnread(host.receiveLimit) || isUnread(host.sendLimit))
    return findings.skip("host.buffers", "the buffer limits net.core.rmem_max, wmem_max", AS_ROOT);
  // With CAP_NET_ADMIN, which every start has, the limits do not bind: the daemon's own warning tells where they do.
  findings.pass(
    "host.buffers",
    `no datagram dropped for want of buffer (rmem_max ${host.receiveLimit}, wmem_max ${host.sendLimit})`,
  );
}

export function checkDisk(facts: Facts, findings: Findings) {
  const { folders } = facts.host;
  for (let i = 0; i < folders.length; i++) {
    const { path, free, readOnly } = folders[i]!;
    const remedy = 'make room there, or name another file with "policy_file"';
    if (readOnly) findings.warn("host.disk", `${path} is read-only: "subnetra save" fails`, remedy);
    else if (free === 0) findings.fail("host.disk", `${path} is full: "subnetra save" fails`, remedy);
    else if (free > 0 && free < LITTLE_SPACE)
      findings.warn("host.disk", `${path} has only ${free} bytes free for "subnetra save"`, remedy);
    else if (free > 0) findings.pass("host.disk", `room for saved rules in ${path}`);
  }
}
