// The peers, and the counters of what was dropped: each with its likely cause.

import { COUNTER_NAMES, COUNTER_NOTES, type CounterName } from "../status/counters.ts";
import type { Facts, PeerSample, Sample } from "./facts.ts";
import type { Findings } from "./finding.ts";

/** Peers told one by one; the others are counted. */
const MAX_PEERS_TOLD = 16;
/** Growth of these is part of a healthy node's life. */
const HARMLESS: readonly CounterName[] = [
  "drop_tun_not_ipv4",
  "drop_tun_drop_rule",
  "drop_udp_not_ipv4",
  "drop_udp_drop_rule",
  "drop_udp_no_reflect",
];

function title({ id, name }: PeerSample): string {
  return name === "" ? `peer ${id}` : `peer ${id} (${name})`;
}

export function checkPeers(facts: Facts, findings: Findings) {
  const { samples } = facts.daemon;
  if (samples.length === 0) return;
  const last = samples[samples.length - 1]!;
  let online = 0;
  let left = 0;
  let told = 0;
  for (let i = 0; i < last.peers.length; i++) {
    const peer = last.peers[i]!;
    if (peer.online && peer.unclaimed === 0) {
      online++;
      continue;
    }
    if (told++ >= MAX_PEERS_TOLD) left++;
    else tellPeer(facts, last, peer, growth(samples, peer), findings);
  }
  if (online > 0) {
    const one = last.peers.length === 1 ? last.peers[0]! : null;
    const text =
      one !== null
        ? `${title(one)} was heard ${one.age} s ago at ${one.endpoint}`
        : `${online} of ${last.peers.length} peers were heard within 90 s`;
    findings.pass("peer.heard", text);
  }
  if (left > 0)
    findings.warn("peer.heard", `${left} more peers are silent or have trouble`, "subnetra status");
}

/** How many datagrams of its address nobody could open within the second between the two looks. */
function growth(samples: readonly Sample[], peer: PeerSample): number {
  const before = samples[0]!.peers;
  for (let i = 0; i < before.length; i++)
    if (before[i]!.id === peer.id) return peer.unclaimed - before[i]!.unclaimed;
  return 0;
}

function tellPeer(facts: Facts, last: Sample, peer: PeerSample, rising: number, findings: Findings) {
  const about = { peer: peer.id };
  const { config } = facts.config;
  if (peer.unclaimed > 0) {
    const text =
      `no key opens what comes from ${title(peer)} at ${peer.endpoint}: ${peer.unclaimed} datagrams` +
      `${rising > 0 ? ", rising" : ""}, ${peer.online ? "others are opened" : "and nothing from it is opened"}`;
    if (peer.online && rising === 0)
      findings.warn(
        "peer.key",
        text,
        "old ones if you corrected a key; else strangers behind its NAT",
        about,
      );
    else findings.fail("peer.key", text, keyRemedy(config === null ? null : config.obfuscate), about);
    return;
  }
  const heard =
    peer.age < 0 ? "was not heard since the start" : `was last heard ${peer.age} s ago at ${peer.endpoint}`;
  if (config !== null && config.role === "spoke") {
    findings.warn(
      "peer.heard",
      `${title(peer)} ${heard} (a hub sends only traffic, so an idle spoke need not hear it)`,
      "ping an overlay address behind it, then ask again; if that fails, run the doctor at the hub: key, " +
        "port, firewall and clock show there",
      about,
    );
    return;
  }
  const received = last.counters.udp_rx_packets || 0;
  const nothing = received === 0 ? "; this node received no datagram at all" : "";
  const check =
    received === 0
      ? `a firewall on the way to UDP port ${last.port}, its endpoint (address, port), whether it runs`
      : `whether it runs, its endpoint (address, port ${last.port}), psk, obfuscate, its clock`;
  findings.warn("peer.heard", `${title(peer)} ${heard}${nothing}`, `check there: ${check}`, about);
}

function keyRemedy(obfuscate: boolean | null): string {
  if (obfuscate === false)
    return "make psk equal on both ends (obfuscate is off here: compare that too), and both ids; restart";
  const here = obfuscate === null ? "" : " (it is on here)";
  return `make psk equal on both ends; obfuscate must be equal too${here}, and both ids; restart`;
}

export function checkCounters(facts: Facts, findings: Findings) {
  const { samples } = facts.daemon;
  if (samples.length === 0) return;
  const first = samples[0]!;
  const last = samples[samples.length - 1]!;
  const quiet: string[] = [];
  for (let i = 0; i < COUNTER_NAMES.length; i++) {
    const name = COUNTER_NAMES[i]!;
    const total = last.counters[name];
    if (total === undefined || total === 0 || name.indexOf("drop_") !== 0) continue;
    const note = COUNTER_NOTES[name];
    if (HARMLESS.indexOf(name) >= 0) {
      quiet.push(`${name} ${total}`);
      continue;
    }
    const more = total - (first.counters[name] || 0);
    const since =
      more > 0 ? `${total} since the start, rising (${more} in a second)` : `${total} since the start`;
    findings.warn("counter", `${name}: ${since}: ${note.meaning}`, cause(facts, name), { counter: name });
  }
  if (last.socketDrops > 0)
    findings.warn(
      "counter",
      `socket_drops: the kernel dropped ${last.socketDrops} datagrams for want of buffer`,
      "raise net.core.rmem_max and rmem_default, restart the daemon, give it a core of its own",
      { counter: "socket_drops" },
    );
  if (quiet.length > 0) findings.pass("counter", `harmless: ${quiet.join(", ")}`);
  else if (findings.all[findings.all.length - 1]!.check !== "counter")
    findings.pass("counter", "no packet was dropped since the start");
}

/** The remedy of the table of counters, sharpened by what the configuration says. */
function cause(facts: Facts, name: CounterName): string {
  const { config } = facts.config;
  if (name === "drop_udp_unknown_peer" && config !== null && !config.obfuscate)
    return "a peer with obfuscate on (it is off here), or ids that differ; otherwise strangers knocking";
  if (name === "drop_udp_auth_or_invalid")
    return (
      "a sender whose clock went back since its last start (set it right and restart it; if the earlier clock was " +
      `wrong, restart this daemon)${config !== null && !config.obfuscate ? ", or psk differs" : ""}; a few: noise`
    );
  return COUNTER_NOTES[name].remedy;
}
