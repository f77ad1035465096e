// The configuration, and the daemon that should run by it.

import { type Cidr, formatCidr } from "../cidr.ts";
import type { Facts, Sample } from "./facts.ts";
import type { Findings } from "./finding.ts";

const OWNER_ONLY = 0o600;
/** What keeps a daemon from starting, likeliest first. */
const PREREQUISITES = ["config.", "clock.year", "host.device", "host.capability", "host.ports"];

export function checkConfig(facts: Facts, findings: Findings) {
  const { path, error, remedy, unread, warnings, config } = facts.config;
  if (unread !== "") return findings.skip("config.file", `${path}: ${unread}`, "run the doctor as root");
  if (error !== "") return findings.fail("config.file", `${path}: ${error}`, remedy);
  if (config === null) return;
  const what = `role ${config.role}, id ${config.localId}, ${config.peers.length} peer(s)`;
  findings.pass("config.file", `${path} is valid (${what})`);
  for (let i = 0; i < warnings.length; i++) {
    const line = warnings[i]!.split("warning: ").join("");
    const at = line.indexOf("; run: ");
    if (at < 0) findings.warn("config.warning", line, `correct ${path}`);
    else findings.warn("config.warning", line.substring(0, at), line.substring(at + 7));
  }
}

export function checkDaemon(facts: Facts, findings: Findings) {
  const { daemon } = facts;
  const { socket, state, unit, others } = daemon;
  if (unit !== null) {
    const text = `unit ${unit.name} is ${unit.active} (${unit.sub})`;
    if (unit.active === "active") findings.pass("daemon.unit", text);
    else
      findings.warn(
        "daemon.unit",
        `${text}, result ${unit.result}`,
        `journalctl -u ${unit.name}; systemctl restart ${unit.name}`,
      );
  }
  if (state === "denied") {
    findings.skip("daemon.running", `the daemon's status: ${socket} is not for this user`, "run as root");
  } else if (state === "silent") {
    const text = `the daemon at ${socket} does not answer within 2 s`;
    findings.fail("daemon.running", text, "look at its log and its CPU time; restart it");
  } else if (state === "absent") tellAbsent(facts, findings);
  else {
    const sample = daemon.samples[0]!;
    findings.pass("daemon.running", `subnetrad v${sample.version} answers at ${socket}`);
    checkSocketMode(facts, findings);
    for (let i = 0; i < sample.warnings.length; i++)
      findings.warn("daemon.warning", `the daemon says: ${sample.warnings[i]}`, "do as it says");
    compare(facts, sample, findings);
  }
  if (state !== "absent" || others.length === 0) return;
  const { pid, socket: other } = others[0]!;
  if (other !== "" && other !== socket)
    findings.warn(
      "daemon.socket",
      `a daemon runs (process ${pid}) with the socket ${other}`,
      `ask it: SUBNETRA_SOCK=${other} subnetra doctor`,
    );
}

/** Names the likeliest reason besides. */
function tellAbsent(facts: Facts, findings: Findings) {
  const { daemon, config } = facts;
  const cause = findings.firstFailure(PREREQUISITES);
  const said = daemon.unit === null ? "" : daemon.unit.said;
  let why = "";
  let remedy = `start it: subnetrad --config ${config.path} (or systemctl start subnetrad)`;
  if (cause !== null) {
    why = `; likely because ${cause.text}`;
    remedy = `${cause.remedy}; then start the daemon`;
  } else if (said !== "") why = `; it said: ${said}`;
  else if (daemon.others.length > 0) {
    why = "; another daemon runs in this network namespace";
    remedy = `ask that one (SUBNETRA_SOCK=${daemon.others[0]!.socket}), or ${remedy}`;
  }
  findings.fail(
    "daemon.running",
    `the daemon does not run: nobody listens at ${daemon.socket}${why}`,
    remedy,
  );
}

function checkSocketMode(facts: Facts, findings: Findings) {
  const { socket, socketMode } = facts.daemon;
  if (socketMode < 0) return;
  const text = `${socket} has mode ${socketMode.toString(8)}`;
  if ((socketMode & ~OWNER_ONLY) === 0) findings.pass("daemon.socket", text);
  else
    findings.warn(
      "daemon.socket",
      `${text}: others may control the node`,
      `chmod 600 ${socket}, if you did not mean it`,
    );
}

/** A file that was changed after the daemon had read it. */
function compare(facts: Facts, sample: Sample, findings: Findings) {
  const { config } = facts.config;
  if (config === null) return;
  let difference = "";
  if (config.localId !== sample.localId) difference = `local_id ${config.localId}, not ${sample.localId}`;
  else if (config.listenPorts[0] !== sample.port)
    difference = `port ${config.listenPorts[0]}, not ${sample.port}`;
  else if (config.peers.length !== sample.peers.length)
    difference = `${config.peers.length} peers, not ${sample.peers.length}`;
  for (let i = 0; difference === "" && i < config.peers.length; i++) {
    const wanted = config.peers[i]!;
    const runs = sample.peers[i]!;
    if (wanted.id !== runs.id) difference = `peer ${wanted.id} where the daemon has ${runs.id}`;
    else if (runs.allowedSrc !== listed(wanted.allowedSrcs))
      difference = `allowed_src ${listed(wanted.allowedSrcs)} of peer ${wanted.id}, not ${runs.allowedSrc}`;
  }
  if (difference === "") return findings.pass("daemon.config", "the daemon runs by this file");
  findings.warn(
    "daemon.config",
    `the daemon runs by another file, or this one was changed since: it says ${difference}`,
    "restart the daemon, or name its file with --config",
  );
}

function listed(prefixes: readonly Cidr[]): string {
  const texts: string[] = [];
  for (let i = 0; i < prefixes.length; i++) texts.push(formatCidr(prefixes[i]!));
  return texts.join(",");
}
