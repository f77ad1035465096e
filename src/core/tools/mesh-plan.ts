// What an inventory means: every node with its id, addresses and LANs, checked against all others (tools.md §4).

import { MAX_MESH_ID } from "../../engine/abi.ts";
import {
  CIDR_FORM,
  type Cidr,
  contains,
  coversEverything,
  formatAddress,
  formatCidr,
  hostRange,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
} from "../cidr.ts";
import { quoted } from "../errors.ts";
import { MAX_MTU, MIN_MTU } from "../limits.ts";
import { type Inventory, type InventoryNode, portBehind, type Written, wrongAt } from "./inventory.ts";

/** A node that is ready to be written. */
export interface MeshNodePlan {
  readonly name: string;
  readonly id: number;
  /** Overlay address. */
  readonly address: number;
  readonly port: number;
  /** A.B.C.D:port under which it is reached, "" when it is not known. */
  readonly endpoint: string;
  readonly lans: readonly Cidr[];
}

export interface MeshPlan {
  readonly subnet: Cidr;
  readonly mtu: number;
  readonly obfuscate: boolean;
  readonly hub: MeshNodePlan;
  /** Where the hub's own rules lie on it. */
  readonly policyFile: string;
  readonly spokes: readonly MeshNodePlan[];
}

const DEFAULT_PORT = 18020;
const DEFAULT_MTU = 1400;
const DEFAULT_POLICY = "/var/lib/subnetra/rules.policy";
/** Of a subnet with a prefix length of 8. */
const MOST_HOSTS = 16777214;
const MAX_SPOKES = 1000;
/** A node's local_routes and remote_routes have room for so many (config.md §7), one of them the node or the mesh. */
const MAX_LANS = 7;
const NAME_LIMIT = 32;
const NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789._-";

class Planner {
  private readonly inventory: Inventory;
  private readonly subnet: Cidr;
  private readonly names: { [name: string]: string } = {};
  private readonly ids: { [id: string]: string } = {};
  private readonly addresses: { [address: string]: string } = {};
  private readonly endpoints: { [endpoint: string]: string } = {};
  private readonly lans: { readonly lan: Cidr; readonly path: string }[] = [];
  private next = 1;

  constructor(inventory: Inventory) {
    this.inventory = inventory;
    const { value, path } = inventory.subnet;
    this.subnet = network(value, path);
    const { first, last } = hostRange(this.subnet);
    if (last <= first || last - first > MOST_HOSTS)
      throw wrongAt(path, `${value} must have a prefix length of 8 to 30`);
  }

  plan(): MeshPlan {
    const { mtu, hub, spokes, obfuscate } = this.inventory;
    if (mtu !== null && (mtu.value < MIN_MTU || mtu.value > MAX_MTU))
      throw wrongAt(mtu.path, `must be ${MIN_MTU} to ${MAX_MTU}`);
    if (spokes.length === 0 || spokes.length > MAX_SPOKES)
      throw wrongAt("spokes", `must have 1 to ${MAX_SPOKES} nodes`);
    this.claimIds([hub].concat(spokes));
    const plannedHub = this.node(hub, "hub");
    const planned: MeshNodePlan[] = [];
    for (let i = 0; i < spokes.length; i++) planned.push(this.node(spokes[i]!, null));
    const most = this.lans[MAX_LANS];
    if (most !== undefined)
      throw wrongAt(
        most.path,
        `is LAN number ${MAX_LANS + 1}; a mesh has room for ${MAX_LANS}: join some into one prefix`,
      );
    return {
      subnet: this.subnet,
      mtu: mtu === null ? DEFAULT_MTU : mtu.value,
      obfuscate,
      hub: plannedHub,
      policyFile: policyPath(hub.policyFile),
      spokes: planned,
    };
  }

  /** The ids that are written, before others take what is left. */
  private claimIds(nodes: readonly InventoryNode[]): void {
    for (let i = 0; i < nodes.length; i++) {
      const { id } = nodes[i]!;
      if (id === null) continue;
      if (id.value < 1 || id.value > MAX_MESH_ID) throw wrongAt(id.path, `must be 1 to ${MAX_MESH_ID}`);
      claim(this.ids, `${id.value}`, id.path, `the id ${id.value}`);
    }
  }

  private node(node: InventoryNode, fallback: string | null): MeshNodePlan {
    const name = this.name(node, fallback);
    const id = this.id(node);
    const address = this.address(node, id);
    const port = this.port(node);
    const endpoint = this.endpoint(node, port);
    const lans: Cidr[] = [];
    for (let i = 0; i < node.lans.length; i++) lans.push(this.lan(node.lans[i]!));
    return { name, id, address, port, endpoint, lans };
  }

  private name(node: InventoryNode, fallback: string | null): string {
    const path = node.name === null ? `${node.path}.name` : node.name.path;
    const name = node.name === null ? fallback : node.name.value;
    if (name === null) throw wrongAt(path, "is missing; it becomes the file's name");
    if (!isName(name))
      throw wrongAt(
        path,
        `${quoted(name)} must be 1 to ${NAME_LIMIT} letters, digits, ".", "_" or "-", a letter or digit first`,
      );
    // Where files are copied to, case may not tell them apart.
    claim(this.names, name.toLowerCase(), path, `the name ${quoted(name)}`);
    return name;
  }

  private id(node: InventoryNode): number {
    if (node.id !== null) return node.id.value;
    while (this.ids[key(`${this.next}`)] !== undefined) this.next++;
    this.ids[key(`${this.next}`)] = node.path;
    return this.next;
  }

  private address(node: InventoryNode, id: number): number {
    const { first, last } = hostRange(this.subnet);
    const within = (address: number): boolean => address >= first && address <= last;
    const range = `${formatAddress(first)} to ${formatAddress(last)}`;
    const path = node.address === null ? `${node.path}.address` : node.address.path;
    let address = first - 1 + id;
    if (node.address !== null) {
      const { value } = node.address;
      address = parseAddress(value, value.length);
      if (address < 0) throw wrongAt(path, `${quoted(value)} is not an IPv4 address`);
      if (!within(address)) throw wrongAt(path, `${value} is not one of ${range}`);
    } else if (!within(address)) {
      throw wrongAt(path, `is missing, and id ${id} is beyond the subnet's ${range}: give it one`);
    }
    claim(this.addresses, `${address}`, path, `the address ${formatAddress(address)}`);
    return address;
  }

  private port(node: InventoryNode): number {
    const port = node.port === null ? this.inventory.port : node.port;
    if (port === null) return DEFAULT_PORT;
    if (port.value < 1 || port.value > 65535) throw wrongAt(port.path, "must be 1 to 65535");
    return port.value;
  }

  private endpoint(node: InventoryNode, port: number): string {
    if (node.public === null) return "";
    const { value, path } = node.public;
    const colon = value.indexOf(":");
    const address = parseAddress(value, colon < 0 ? value.length : colon);
    const behind = colon < 0 ? port : portBehind(value, colon);
    if (address < 0 || behind < 0)
      throw wrongAt(path, `${quoted(value)} must be A.B.C.D or A.B.C.D:port (no name, no IPv6)`);
    if (contains(this.subnet, address))
      throw wrongAt(path, `${value} lies in the overlay network itself; write the address outside of it`);
    const endpoint = `${formatAddress(address)}:${behind}`;
    claim(this.endpoints, endpoint, path, `the public address ${endpoint}`);
    return endpoint;
  }

  private lan({ value, path }: Written<string>): Cidr {
    const lan = network(value, path);
    if (coversEverything(lan)) throw wrongAt(path, `${value} covers every address`);
    if (overlaps(lan, this.subnet)) throw wrongAt(path, `${value} overlaps the overlay network`);
    for (let i = 0; i < this.lans.length; i++) {
      const other = this.lans[i]!;
      if (overlaps(lan, other.lan))
        throw wrongAt(path, `${value} overlaps ${formatCidr(other.lan)} of ${other.path}`);
    }
    this.lans.push({ lan, path });
    return lan;
  }
}

/** A key that no name of Object.prototype collides with. */
function key(text: string): string {
  return `k ${text}`;
}

function claim(taken: { [key: string]: string }, what: string, path: string, text: string): void {
  const earlier = taken[key(what)];
  if (earlier !== undefined) throw wrongAt(path, `${text} is that of ${earlier} already`);
  taken[key(what)] = path;
}

function network(text: string, path: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === null) throw wrongAt(path, `${quoted(text)} is not a network (${CIDR_FORM})`);
  const clean = networkOf(cidr);
  if (formatCidr(clean) !== text)
    throw wrongAt(path, `${text} is an address in a network; write ${formatCidr(clean)}`);
  return clean;
}

function isName(name: string): boolean {
  if (name.length < 1 || name.length > NAME_LIMIT) return false;
  const folded = name.toLowerCase();
  for (let i = 0; i < folded.length; i++) {
    const at = NAME_CHARACTERS.indexOf(folded.charAt(i));
    if (at < 0 || (i === 0 && at >= 36)) return false;
  }
  return true;
}

function policyPath(written: Written<string> | null): string {
  if (written === null) return DEFAULT_POLICY;
  const { value, path } = written;
  let plain = value.charAt(0) === "/";
  for (let i = 0; i < value.length; i++) {
    const character = value.charAt(i);
    if (character < " " || character > "~" || character === '"' || character === "\\") plain = false;
  }
  if (!plain) throw wrongAt(path, "must be an absolute path of plain characters");
  return value;
}

/** @throws ToolFailure that names the first place that is wrong */
export function planMesh(inventory: Inventory): MeshPlan {
  return new Planner(inventory).plan();
}
