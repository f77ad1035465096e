// The inventory of config-gen: a whole mesh in one JSON file, as it is written (tools.md §4). What the values mean together is
// mesh-plan.ts's business.

import { parseDecimal } from "../decimal.ts";
import { isSubnetraError, quoted } from "../errors.ts";
import { JsonReader } from "../json/reader.ts";
import { ToolFailure } from "./arguments.ts";

/** A value as written, and where: a JSON path such as `spokes[1].lans[0]`. */
export interface Written<T> {
  readonly value: T;
  readonly path: string;
}

/** A node as written; null for what is not there. */
export interface InventoryNode {
  readonly path: string;
  readonly name: Written<string> | null;
  readonly id: Written<number> | null;
  readonly address: Written<string> | null;
  readonly port: Written<number> | null;
  readonly public: Written<string> | null;
  readonly policyFile: Written<string> | null;
  readonly lans: readonly Written<string>[];
}

export interface Inventory {
  readonly subnet: Written<string>;
  readonly mtu: Written<number> | null;
  readonly port: Written<number> | null;
  readonly obfuscate: boolean;
  readonly hub: InventoryNode;
  readonly spokes: readonly InventoryNode[];
}

/** A complaint about one place. */
export function wrongAt(path: string, what: string): ToolFailure {
  return new ToolFailure(path === "" ? `inventory: ${what}` : `inventory: ${path}: ${what}`);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const U32 = 4294967295;
const TOP = ["subnet", "mtu", "port", "obfuscate", "hub", "spokes"];
const SPOKE = ["name", "id", "address", "port", "public", "lans"];
const HUB = SPOKE.concat("policy_file");

class InventoryReader {
  private readonly reader: JsonReader;

  constructor(bytes: Uint8Array, length: number) {
    this.reader = new JsonReader(bytes, length);
  }

  /** The whole document. @throws ToolFailure, SubnetraError */
  read(): Inventory {
    const top: { [K in keyof Inventory]?: Inventory[K] } = {};
    const into = top as Mutable<typeof top>;
    this.object("", TOP, (name, path) => {
      if (name === "subnet") into.subnet = this.text(path);
      else if (name === "mtu") into.mtu = this.number(path);
      else if (name === "port") into.port = this.number(path);
      else if (name === "obfuscate") into.obfuscate = this.reader.readBoolean();
      else if (name === "hub") into.hub = this.node(path, HUB);
      else into.spokes = this.list(path, (at) => this.node(at, SPOKE));
    });
    this.reader.tokens.path = "";
    this.reader.endDocument();
    if (top.subnet === undefined)
      throw wrongAt("subnet", 'is missing; write the overlay network, such as "10.77.0.0/24"');
    if (top.hub === undefined)
      throw wrongAt("hub", 'is missing; write at least {"public": "<its public address>"}');
    if (top.spokes === undefined) throw wrongAt("spokes", "is missing; write a list of nodes");
    return {
      subnet: top.subnet,
      mtu: top.mtu || null,
      port: top.port || null,
      obfuscate: top.obfuscate !== false,
      hub: top.hub,
      spokes: top.spokes,
    };
  }

  private node(path: string, known: readonly string[]): InventoryNode {
    const node: Mutable<InventoryNode> = {
      path,
      name: null,
      id: null,
      address: null,
      port: null,
      public: null,
      policyFile: null,
      lans: [],
    };
    this.object(path, known, (name, at) => {
      if (name === "name") node.name = this.text(at);
      else if (name === "id") node.id = this.number(at);
      else if (name === "address") node.address = this.text(at);
      else if (name === "port") node.port = this.number(at);
      else if (name === "public") node.public = this.text(at);
      else if (name === "policy_file") node.policyFile = this.text(at);
      else node.lans = this.list(at, (element) => this.text(element));
    });
    return node;
  }

  /** Reads an object; each field once, and none that is not known. */
  private object(path: string, known: readonly string[], take: (name: string, path: string) => void): void {
    const { reader } = this;
    const seen: string[] = [];
    reader.tokens.path = path;
    reader.beginObject();
    for (;;) {
      reader.tokens.path = path;
      if (!reader.nextField()) return;
      const name = reader.field;
      const at = path === "" ? name : `${path}.${name}`;
      if (known.indexOf(name) < 0)
        throw wrongAt(path, `the field ${quoted(name)} is not known; the fields are ${known.join(", ")}`);
      if (seen.indexOf(name) >= 0) throw wrongAt(at, "is given twice");
      seen.push(name);
      reader.tokens.path = at;
      take(name, at);
    }
  }

  private list<T>(path: string, take: (path: string) => T): T[] {
    const found: T[] = [];
    this.reader.beginArray();
    for (;;) {
      this.reader.tokens.path = path;
      if (!this.reader.nextElement()) return found;
      const at = `${path}[${found.length}]`;
      this.reader.tokens.path = at;
      found.push(take(at));
    }
  }

  private text(path: string): Written<string> {
    return { value: this.reader.readString(), path };
  }

  private number(path: string): Written<number> {
    return { value: this.reader.readUnsigned(U32), path };
  }
}

/**
 * Reads an inventory.
 *
 * @throws ToolFailure that names the place
 */
export function readInventory(bytes: Uint8Array, length: number): Inventory {
  try {
    return new InventoryReader(bytes, length).read();
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    throw wrongAt(error.path, `${error.detail}; ${error.remedy}`);
  }
}

/** A port after a colon, or -1. */
export function portBehind(text: string, colon: number): number {
  const port = parseDecimal(text, colon + 1, text.length, 65535);
  return port < 1 ? -1 : port;
}
