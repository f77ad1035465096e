// config-gen: a hub and its spokes with fresh keys at both ends of each link (tools.md).

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { parseAddress } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import { errnoText } from "../errno-text.ts";
import type { Host } from "../host.ts";
import { writeText } from "../memory.ts";
import { EEXIST, EINTR, errnoOf, OPEN_CREATE, STDOUT } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import { newKey } from "./keygen.ts";
import type { Tool } from "./tool.ts";

const MAX_SPOKES = 32;
const HUB_ID = 1;
const U16 = 65535;

interface Plan {
  readonly spokes: number;
  /** As given: it becomes virtual_subnet. */
  readonly subnet: string;
  /** Its first three octets with a dot behind each. */
  readonly prefix: string;
  readonly port: number;
  readonly mtu: number;
}

interface GeneratedFile {
  readonly name: string;
  readonly text: string;
}

function readPlan(args: Arguments): Plan {
  const most = `--spokes must be between 1 and ${MAX_SPOKES}`;
  const spokes = args.number("--spokes", 2, MAX_SPOKES, most);
  if (spokes < 1) throw new ToolFailure(most);
  const subnet = args.value("--subnet") ?? "10.0.0.0/24";
  const slash = subnet.indexOf("/");
  const bits = slash < 0 ? -1 : parseDecimal(subnet, slash + 1, subnet.length, 32);
  if (slash < 0 || bits < 0 || parseAddress(subnet, slash) < 0) {
    throw new ToolFailure("--subnet must be a dotted IPv4 CIDR (e.g. 10.0.0.0/24)");
  }
  const port = args.number("--port", 51820, U16, "--port must be between 1 and 65535");
  if (port === 0) throw new ToolFailure("--port must be between 1 and 65535");
  const mtu = args.number("--mtu", 1400, U16, "--mtu must be an integer");
  return { spokes, subnet, prefix: subnet.substring(0, subnet.lastIndexOf(".", slash) + 1), port, mtu };
}

function document(lines: string[], peers: string[]): string {
  return `{\n${lines.map((line) => `  ${line},\n`).join("")}  "peers": [\n${peers.join(",\n")}\n  ]\n}\n`;
}

function peer(id: number, endpoint: string, allowedSrc: string, psk: string): string {
  return (
    `    { "id": ${id}, "endpoint": "${endpoint}", "allowed_src": "${allowedSrc}",\n` +
    `      "psk": "${psk}" }`
  );
}

function common(plan: Plan, role: string, id: number): string[] {
  return [
    `"role": "${role}"`,
    `"local_id": ${id}`,
    `"local_tun_mtu": ${plan.mtu}`,
    `"listen_port": ${plan.port}`,
    `"virtual_subnet": "${plan.subnet}"`,
  ];
}

/** All files of the mesh. The placeholders for addresses do not parse, so an unfinished file cannot be deployed. */
function generate(host: Host, plan: Plan): GeneratedFile[] {
  const keys: string[] = [];
  for (let k = 0; k < plan.spokes; k++) keys.push(newKey(host));
  const hubPeers = keys.map((key, k) =>
    peer(k + 2, `REPLACE_SPOKE_IP:${plan.port}`, `${plan.prefix}${k + 2}/32`, key),
  );
  const files = [{ name: "hub.json", text: document(common(plan, "hub", HUB_ID), hubPeers) }];
  for (let k = 0; k < plan.spokes; k++) {
    const lines = common(plan, "spoke", k + 2);
    lines.push(`"local_tun_ip": "${plan.prefix}${k + 2}/24"`);
    const hub = peer(HUB_ID, `REPLACE_HUB_IP:${plan.port}`, "0.0.0.0/0", keys[k]!);
    files.push({ name: `spoke-${k + 1}.json`, text: document(lines, [hub]) });
  }
  return files;
}

/** Writes a file of mode 0600, since it holds keys. */
function writeFile(host: Host, path: string, text: string): void {
  const { engine, sys } = host;
  const fd = sys.open(path, OPEN_CREATE);
  if (errnoOf(fd) === EEXIST)
    throw new ToolFailure(`${path} exists; it may hold keys in use, so it is left alone`);
  if (fd < 0) throw new ToolFailure(`cannot write ${path} (${errnoText(errnoOf(fd))})`, "FileNotFound");
  const at = engine.call.region(REGION_SCRATCH);
  if (text.length > SCRATCH_LENGTH) throw new ToolFailure(`${path} would be too large`);
  writeText(engine.u8, at, text);
  let done = 0;
  while (done < text.length) {
    const n = sys.write(fd, at + done, text.length - done);
    if (n < 0 && errnoOf(n) === EINTR) continue;
    if (n <= 0) break;
    done += n;
  }
  for (let i = 0; i < text.length; i++) engine.u8[at + i] = 0;
  if (sys.close(fd) < 0 || done < text.length) throw new ToolFailure(`${path} could not be written whole`);
}

export const CONFIG_GEN: Tool = {
  name: "config-gen",
  help: `usage: subnetra config-gen [--spokes N] [--subnet CIDR] [--port P] [--mtu M]
                           [--out DIR]

  --spokes N     1 to ${MAX_SPOKES} (default 2)
  --subnet CIDR  overlay network (default 10.0.0.0/24; its first three
                 octets are used)
  --port P       UDP port of hub and spokes (default 51820)
  --mtu M        MTU of the tunnel (default 1400)
  --out DIR      write hub.json and spoke-<k>.json there, mode 0600; otherwise
                 everything is printed

The endpoints are placeholders that no daemon accepts: replace each REPLACE_...
by an address.

Example:
  subnetra config-gen --spokes 3 --subnet 10.77.0.0/24 --port 18020 --out ./mesh
`,
  grammar: { values: ["--spokes", "--subnet", "--port", "--mtu", "--out"] },
  run(host: Host, args: Arguments): number {
    const plan = readPlan(args);
    const files = generate(host, plan);
    const folder = args.value("--out");
    if (folder === null) {
      for (let i = 0; i < files.length; i++) {
        host.sys.print(STDOUT, `// ==== ${files[i]!.name} ====\n${files[i]!.text}`);
      }
      return 0;
    }
    for (let i = 0; i < files.length; i++) {
      writeFile(host, `${folder}/${files[i]!.name}`, files[i]!.text);
    }
    host.sys.print(
      STDOUT,
      `config-gen: wrote hub.json + ${plan.spokes} spoke file(s) to ${folder}/ (fill in the REPLACE_* endpoints)\n`,
    );
    return 0;
  },
};
