// config-gen: a hub and its spokes with fresh keys at both ends of each link (tools.md).

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { parseAddress } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import { errnoText } from "../errno-text.ts";
import type { Host } from "../host.ts";
import { errnoOf, OPEN_READ, STDOUT } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import { documentText, type GeneratedFile, peerText } from "./config-text.ts";
import { readInventory } from "./inventory.ts";
import { newKey } from "./keygen.ts";
import { meshFiles } from "./mesh-files.ts";
import { type MeshPlan, planMesh } from "./mesh-plan.ts";
import { writePrivateFiles } from "./private-files.ts";
import type { Tool } from "./tool.ts";

const STDIN = 0;
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
    peerText(k + 2, "", `REPLACE_SPOKE_IP:${plan.port}`, `"${plan.prefix}${k + 2}/32"`, key),
  );
  const files = [{ name: "hub.json", text: documentText(common(plan, "hub", HUB_ID), hubPeers) }];
  for (let k = 0; k < plan.spokes; k++) {
    const lines = common(plan, "spoke", k + 2);
    lines.push(`"local_tun_ip": "${plan.prefix}${k + 2}/24"`);
    const hub = peerText(HUB_ID, "", `REPLACE_HUB_IP:${plan.port}`, '"0.0.0.0/0"', keys[k]!);
    files.push({ name: `spoke-${k + 1}.json`, text: documentText(lines, [hub]) });
  }
  return files;
}

/** Reads the inventory in a file (`-` is standard input) and makes its files. @throws ToolFailure */
function generateMesh(host: Host, path: string): { files: GeneratedFile[]; plan: MeshPlan } {
  const { engine, sys } = host;
  const fd = path === "-" ? STDIN : sys.open(path, OPEN_READ);
  if (fd < 0) throw new ToolFailure(`cannot read ${path} (${errnoText(errnoOf(fd))})`, "FileNotFound");
  const at = engine.call.region(REGION_SCRATCH);
  let length = 0;
  let n = 1;
  while (n > 0 && length < SCRATCH_LENGTH) {
    n = sys.read(fd, at + length, SCRATCH_LENGTH - length);
    if (n > 0) length += n;
  }
  if (fd !== STDIN) sys.close(fd);
  if (n < 0) throw new ToolFailure(`cannot read ${path} (${errnoText(errnoOf(n))})`, "FileNotFound");
  if (length === SCRATCH_LENGTH) throw new ToolFailure(`${path} is too large`);
  const plan = planMesh(readInventory(engine.u8.subarray(at, at + length), length));
  return { plan, files: meshFiles(plan, () => newKey(host)) };
}

function refuseBoth(args: Arguments): void {
  const others = ["--spokes", "--subnet", "--port", "--mtu"];
  for (let i = 0; i < others.length; i++)
    if (args.value(others[i]!) !== null)
      throw new ToolFailure(`${others[i]} and --inventory exclude each other: the inventory says it`);
}

function meshSummary({ hub, spokes }: MeshPlan, folder: string): string {
  const open =
    hub.endpoint === ""
      ? `config-gen: the hub has no "public" address: replace REPLACE_HUB_IP in each spoke's file\n`
      : "";
  return (
    `config-gen: wrote ${hub.name}.json + ${spokes.length} spoke file(s) to ${folder}/\n${open}` +
    `config-gen: ${folder}/CHECKLIST.txt says what to copy where\n`
  );
}

export const CONFIG_GEN: Tool = {
  name: "config-gen",
  help: `usage: subnetra config-gen [--spokes N] [--subnet CIDR] [--port P] [--mtu M]
                           [--out DIR [--force]]
       subnetra config-gen --inventory FILE [--out DIR [--force]]

  --spokes N        1 to ${MAX_SPOKES} (default 2)
  --subnet CIDR     overlay network (default 10.0.0.0/24; its first three
                    octets are used)
  --port P          UDP port of hub and spokes (default 51820)
  --mtu M           MTU of the tunnel (default 1400)
  --inventory FILE  a whole mesh from one file ("-": standard input)
  --out DIR         write one file per node there, mode 0600, and make DIR when
                    it is missing; otherwise everything is printed
  --force           replace files that exist: keys in use are lost

Without an inventory the endpoints are placeholders that no daemon accepts:
replace each REPLACE_... by an address. With one, the files are ready, and
CHECKLIST.txt says what to copy where. Keys are fresh at every run.

An inventory:
  { "subnet": "10.77.0.0/24",
    "hub": { "name": "office", "public": "203.0.113.7",
             "lans": ["192.168.10.0/24"] },
    "spokes": [ { "name": "berlin", "lans": ["192.168.2.0/24"] },
                { "name": "laptop", "address": "10.77.0.9" } ] }
Optional: "mtu" (1400), "port" (18020), "obfuscate" (true); of a node "id",
"address", "port", "public" ("A.B.C.D" or "A.B.C.D:port"), "lans"; of the hub
"name" and "policy_file" (where its own rules will lie).

Example:
  subnetra config-gen --inventory mesh.json --out ./mesh
`,
  grammar: {
    values: ["--spokes", "--subnet", "--port", "--mtu", "--inventory", "--out"],
    switches: ["--force"],
  },
  run(host: Host, args: Arguments): number {
    const { sys } = host;
    const folder = args.value("--out");
    if (folder === null && args.has("--force")) throw new ToolFailure("--force needs --out DIR");
    if (folder === "") throw new ToolFailure("--out needs the name of a folder");
    const inventory = args.value("--inventory");
    let files: GeneratedFile[];
    let summary: string;
    if (inventory !== null) {
      refuseBoth(args);
      const mesh = generateMesh(host, inventory);
      files = mesh.files;
      summary = meshSummary(mesh.plan, folder || "");
    } else {
      const plan = readPlan(args);
      files = generate(host, plan);
      summary = `config-gen: wrote hub.json + ${plan.spokes} spoke file(s) to ${folder}/ (fill in the REPLACE_* endpoints)\n`;
    }
    if (folder === null) {
      for (let i = 0; i < files.length; i++)
        sys.print(STDOUT, `// ==== ${files[i]!.name} ====\n${files[i]!.text}`);
      return 0;
    }
    writePrivateFiles(host, folder, files, args.has("--force"));
    sys.print(STDOUT, summary);
    return 0;
  },
};
