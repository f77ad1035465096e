// `subnetra doctor`: all checks, in the order in which they are told (docs/spec/doctor.md).

import { checkConfig, checkDaemon } from "./check-daemon.ts";
import { checkBuffers, checkClock, checkDevice, checkDisk, checkPorts } from "./check-host.ts";
import { checkFirewall, checkInterface, checkPaths } from "./check-network.ts";
import { checkCounters, checkPeers } from "./check-traffic.ts";
import type { Facts } from "./facts.ts";
import { type Finding, Findings } from "./finding.ts";

/** Judges what was gathered. Pure: the same facts give the same findings. */
export function diagnose(facts: Facts): Finding[] {
  const findings = new Findings();
  checkConfig(facts, findings);
  checkClock(facts, findings);
  checkDevice(facts, findings);
  checkPorts(facts, findings);
  checkBuffers(facts, findings);
  checkDisk(facts, findings);
  checkDaemon(facts, findings);
  checkInterface(facts, findings);
  checkPaths(facts, findings);
  checkFirewall(facts, findings);
  checkPeers(facts, findings);
  checkCounters(facts, findings);
  return findings.all;
}
