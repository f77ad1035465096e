// subnetra doctor: looks at configuration, daemon and machine, and says what is wrong and what to do (docs/spec/doctor.md).

import { dirname } from "node:path";
import { formatEndpoint } from "../../../core/config/endpoint.ts";
import { loadConfig, resolveConfig } from "../../../core/config/file.ts";
import type { Config } from "../../../core/config/values.ts";
import { socketPath } from "../../../core/control/socket.ts";
import { diagnose } from "../../../core/doctor/diagnose.ts";
import type { ConfigFacts, DaemonFacts } from "../../../core/doctor/facts.ts";
import { exitStatus, reportJson, reportText } from "../../../core/doctor/report.ts";
import { isSubnetraError } from "../../../core/errors.ts";
import { snapshotPath } from "../../../core/policy/snapshot.ts";
import { STDOUT } from "../../../core/sys.ts";
import { Arguments } from "../../../core/tools/arguments.ts";
import { checkConfig } from "../../../core/tools/config-lint.ts";
import { loadEngine } from "../../../engine/load.ts";
import { fromByteString } from "../../../platform/nodejs/process.ts";
import { NodejsSys } from "../../../platform/nodejs/sys.ts";
import type { NodejsTool } from "../table.ts";
import { gatherDaemon } from "./daemon.ts";
import { gatherFirewall } from "./firewall.ts";
import { gatherHost } from "./host.ts";
import { gatherNetwork, type Target } from "./network.ts";

const DEFAULT_CONFIG = "/etc/subnetra/config.json";
const GRAMMAR = { values: ["--config"], switches: ["--json", "--no-probe"] };

function readConfig(path: string, host: Parameters<typeof loadConfig>[0]): ConfigFacts {
  const facts = { path: fromByteString(path), config: null, error: "", remedy: "", unread: "", warnings: [] };
  try {
    const { config, warnings } = loadConfig(host, { path, named: true });
    checkConfig(host, config);
    return { ...facts, config, warnings: warnings.split("\n").filter(Boolean) };
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    if (error.code === "ConfigOpenFailed" && process.geteuid?.() !== 0)
      return { ...facts, unread: error.detail };
    const place = error.path === "" ? "" : ` at ${error.path}`;
    return { ...facts, error: `${error.code}${place}: ${error.detail}`, remedy: error.remedy };
  }
}

/** Where the peers live by now, and which of them may be asked: a spoke may ask its hub while it is not heard. */
function targetsOf(config: Config | null, daemon: DaemonFacts): Target[] {
  const sample = daemon.samples.at(-1);
  const role = config?.role;
  if (sample !== undefined)
    return sample.peers.map((peer) => ({
      peer: peer.id,
      endpoint: peer.endpoint,
      ask: role !== "hub" && !peer.online,
    }));
  return (config?.peers ?? []).map((peer) => ({
    peer: peer.id,
    endpoint: formatEndpoint(peer.endpoint.address, peer.endpoint.port),
    ask: role !== "hub",
  }));
}

async function run(args: Arguments): Promise<number> {
  const engine = loadEngine();
  const sys = new NodejsSys(engine, { restart: false });
  const host = { engine, sys };
  const source = resolveConfig(host, args.value("--config"));
  const config = readConfig(source.named ? source.path : DEFAULT_CONFIG, host);
  const socket = socketPath(sys);
  const daemon = await gatherDaemon(sys, socket);
  const device = daemon.samples[0]?.tun || process.env.SUBNETRA_TUN || "snr0";
  const saved = [dirname(fromByteString(snapshotPath(socket)))];
  if (config.config?.policyFile) saved.push(dirname(fromByteString(config.config.policyFile)));
  const findings = diagnose({
    config,
    daemon,
    host: await gatherHost({
      config: config.path,
      ports: config.config?.listenPorts ?? [],
      folders: saved,
    }),
    network: await gatherNetwork({
      device: device.slice(0, 15),
      config: config.config,
      targets: targetsOf(config.config, daemon),
      probe: !args.has("--no-probe"),
    }),
    filters: gatherFirewall(),
  });
  sys.print(STDOUT, args.has("--json") ? reportJson(findings) : reportText(findings));
  return exitStatus(findings);
}

export const DOCTOR: NodejsTool = {
  name: "doctor",
  help: `usage: subnetra doctor [--config FILE] [--json] [--no-probe]

  --config FILE  the node's configuration (default SUBNETRA_CONFIG, then
                 ${DEFAULT_CONFIG})
  --json         one JSON object for programs
  --no-probe     send nothing: else peers' machines are pinged to find an MTU
                 black hole, and a silent hub's machine is asked by up to three
                 empty datagrams whether anybody listens on the port

Says PASS, WARN or FAIL with a remedy for each thing that a node needs, and the
likely cause of every drop counter that is not 0. Changes nothing. Run it as
root where the daemon runs (in its network namespace), best on both ends of a
link. Exit status 1 when something FAILed.
`,
  start: (args) => run(new Arguments(GRAMMAR, args)),
};
