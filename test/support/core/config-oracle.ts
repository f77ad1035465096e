// config.md read once more, slowly and in another way: on the platform's own JSON values and regular expressions.
// It returns the code of the first error, or "ok".

class Refusal {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}

function refuse(code: string): never {
  throw new Refusal(code);
}

const OCTET = "(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])";
const CIDR = new RegExp(`^(${OCTET})\\.(${OCTET})\\.(${OCTET})\\.(${OCTET})/(\\d|[12]\\d|3[0-2])$`);
const ENDPOINT = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}:([1-9]\\d{0,4})$`);
/** Numbers as the document writes them survive JSON.parse as { raw } objects. */
interface Raw {
  readonly raw: string;
}
type Value = Raw | string | boolean | null | Value[] | Fields;

/** An object's fields in document order, duplicates included. */
class Fields {
  readonly entries: [string, Value][] = [];
}

/** A tree that keeps number text and every duplicate, made by tokenising valid JSON. */
function tree(text: string): Value {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\]:,]/g) ?? [];
  let at = 0;
  const value = (): Value => {
    const token = tokens[at++]!;
    if (token === "[") {
      const list: Value[] = [];
      while (tokens[at] !== "]") {
        list.push(value());
        if (tokens[at] === ",") at++;
      }
      at++;
      return list;
    }
    if (token === "{") {
      const fields = new Fields();
      while (tokens[at] !== "}") {
        const name = JSON.parse(tokens[at]!) as string;
        at += 2;
        fields.entries.push([name, value()]);
        if (tokens[at] === ",") at++;
      }
      at++;
      return fields;
    }
    return /^[-\d]/.test(token) ? { raw: token } : (JSON.parse(token) as Value);
  };
  return value();
}

const isRaw = (v: Value): v is Raw => typeof v === "object" && v !== null && "raw" in v;

function integer(v: Value, max: bigint): number {
  if (!isRaw(v)) return refuse("UnexpectedToken");
  if (!/^-?\d+$/.test(v.raw) || v.raw === "-0") return refuse("InvalidNumber");
  if (BigInt(v.raw) < 0n || BigInt(v.raw) > max) return refuse("Overflow");
  return Number(v.raw);
}

const U8 = 255n;
const U16 = 65535n;
const U32 = 4294967295n;
const string = (v: Value): string => (typeof v === "string" ? v : refuse("UnexpectedToken"));
const boolean = (v: Value): boolean => (typeof v === "boolean" ? v : refuse("UnexpectedToken"));
const list = (v: Value): Value[] => (Array.isArray(v) ? v : refuse("UnexpectedToken"));
const orNull =
  <T>(read: (v: Value) => T) =>
  (v: Value): T | null =>
    v === null ? null : read(v);
const strings = (v: Value): string[] => list(v).map(string);

const FIELDS: { [name: string]: (v: Value) => unknown } = {
  negotiation_version: (v) => integer(v, U8),
  role: string,
  local_id: (v) => integer(v, U32),
  local_tun_mtu: (v) => integer(v, U16),
  listen_ports: orNull((v) => list(v).map((p) => integer(p, U16))),
  listen_port: orNull((v) => integer(v, U16)),
  virtual_subnet: string,
  local_tun_ip: string,
  local_routes: strings,
  remote_routes: strings,
  keepalive_secs: orNull((v) => integer(v, U32)),
  obfuscate: boolean,
  peers: (v) => list(v).map((p) => record(p, PEER_FIELDS)),
  psk: string,
  policy_file: string,
  match_src: boolean,
  log: string,
  max_peers: (v) => integer(v, U32),
  max_rules: (v) => integer(v, U32),
  replay_window: (v) => integer(v, U32),
};
const PEER_FIELDS: { [name: string]: (v: Value) => unknown } = {
  id: (v) => integer(v, U32),
  endpoint: string,
  allowed_src: (v) => (Array.isArray(v) ? strings(v) : string(v)),
  psk: string,
  name: string,
  keepalive_secs: orNull((v) => integer(v, U32)),
  endpoint_host: string,
};

/** Known fields in document order; the second of a name is refused where it stands. */
function record(v: Value, fields: { [name: string]: (v: Value) => unknown }): Map<string, unknown> {
  if (!(v instanceof Fields)) return refuse("UnexpectedToken");
  const out = new Map<string, unknown>();
  for (const [name, value] of v.entries) {
    if (!Object.hasOwn(fields, name)) continue;
    if (out.has(name)) refuse("DuplicateField");
    out.set(name, fields[name]!(value));
  }
  return out;
}

interface Prefix {
  readonly base: bigint;
  readonly bits: number;
}

function cidr(text: string): Prefix {
  const m = CIDR.exec(text);
  if (m === null) return refuse("InvalidCidr");
  const base = m.slice(1, 5).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return { base, bits: Number(m[5]) };
}

function overlap(a: Prefix, b: Prefix): boolean {
  const shift = BigInt(32 - Math.min(a.bits, b.bits));
  return a.base >> shift === b.base >> shift;
}

interface Peer {
  id: number;
  endpoint: string;
  allowed: Prefix[];
  psk: string;
}

function peerOf(doc: Map<string, unknown>): Peer {
  const psk = (doc.get("psk") ?? "") as string;
  if (!/^[0-9a-fA-F]{64}$/.test(psk)) refuse("InvalidPsk");
  const endpoint = (doc.get("endpoint") ?? "") as string;
  const port = ENDPOINT.exec(endpoint);
  if (endpoint !== "dynamic" && (port === null || Number(port[1]) > 65535)) refuse("InvalidEndpoint");
  const listed = (doc.get("allowed_src") ?? "0.0.0.0/0") as string | string[];
  if (Array.isArray(listed) && (listed.length < 1 || listed.length > 16)) refuse("InvalidAllowedSrc");
  const allowed = [listed].flat().map(cidr);
  if (!/^[\x20-\x7e]{0,32}$/.test((doc.get("name") ?? "") as string)) refuse("InvalidPeerName");
  const host = doc.get("endpoint_host") as string | undefined;
  if (host !== undefined) hostAndPort(host);
  return { id: (doc.get("id") ?? 0) as number, endpoint, allowed, psk: psk.toLowerCase() };
}

function hostAndPort(text: string): void {
  const parts = /^([^:]{1,253}):([1-9]\d{0,4})$/.exec(text);
  const label = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i;
  const labels = (parts?.[1] ?? "").replace(/(?<=.)\.$/, "").split(".");
  const named = labels.every((one) => label.test(one)) && /^[a-z]/i.test(labels.at(-1)!);
  if (parts === null || Number(parts[2]) > 65535 || !named) refuse("InvalidEndpointHost");
}

function routes(doc: Map<string, unknown>, name: string): Prefix[] {
  const texts = (doc.get(name) ?? []) as string[];
  if (texts.length > 8) refuse("TooManyRoutes");
  return texts.map(cidr);
}

function capacity(value: unknown, limit: number): void {
  if (value !== undefined && ((value as number) < 1 || (value as number) > limit)) refuse("InvalidCapacity");
}

function judge(doc: Map<string, unknown>): void {
  if ((doc.get("psk") ?? "") !== "") refuse("InvalidPsk");
  const role = (doc.get("role") ?? "manual") as string;
  if (!["manual", "hub", "spoke"].includes(role)) refuse("InvalidRole");
  cidr((doc.get("virtual_subnet") ?? "10.0.0.0/24") as string);
  const tunIp = (doc.get("local_tun_ip") ?? "") as string;
  if (tunIp !== "") cidr(tunIp);
  const single = (doc.get("listen_port") ?? null) as number | null;
  const listed = (doc.get("listen_ports") ?? null) as number[] | null;
  const ports = listed ?? (single === null ? [18020] : [single]);
  if (ports.length === 0) refuse("NoListenPort");
  if (ports.length > 8) refuse("TooManyListenPorts");
  if (ports.includes(0)) refuse("InvalidListenPort");
  capacity(doc.get("max_peers"), 16384);
  capacity(doc.get("max_rules"), 65536);
  const peerDocs = (doc.get("peers") ?? []) as Map<string, unknown>[];
  if (peerDocs.length > ((doc.get("max_peers") ?? 1024) as number)) refuse("TooManyPeers");
  const peers = peerDocs.map(peerOf);
  const local = routes(doc, "local_routes");
  routes(doc, "remote_routes");
  const file = doc.get("policy_file") as string | undefined;
  if (file !== undefined && (file === "" || file.includes("\0") || Buffer.byteLength(file) > 4095)) {
    refuse("InvalidPolicyFile");
  }
  const windows = [64, 128, 256, 512, 1024, 2048, 4096, 8192];
  if (!windows.includes((doc.get("replay_window") ?? 64) as number)) refuse("InvalidReplayWindow");
  if (!["events", "quiet"].includes((doc.get("log") ?? "events") as string)) refuse("InvalidLog");
  // Sanity
  if (peers.length === 0) refuse("InvalidPsk");
  peers.forEach((peer, i) => {
    if (/^0+$/.test(peer.psk)) refuse("InvalidPsk");
    if (peers.slice(i + 1).some((other) => other.psk === peer.psk)) refuse("DuplicatePsk");
  });
  const mtu = (doc.get("local_tun_mtu") ?? 1436) as number;
  if (mtu < 68 || mtu > 1500) refuse("MtuOutOfRange");
  if (new Set(ports).size !== ports.length) refuse("DuplicateListenPort");
  const localId = (doc.get("local_id") ?? 0) as number;
  if ([localId, ...peers.map((p) => p.id)].some((id) => id > 65535)) refuse("PeerIdOutOfRange");
  if (role === "hub") {
    if (peers.some((p) => p.allowed.some((prefix) => prefix.bits === 0))) refuse("HubPeerNeedsAllowedSrc");
    peers.forEach((a, i) => {
      const meets = (b: Peer) => a.allowed.some((x) => b.allowed.some((y) => overlap(x, y)));
      if (peers.slice(0, i).some(meets)) refuse("HubAllowedSrcOverlap");
    });
  }
  if (role === "spoke") {
    if (peers.length !== 1) refuse("SpokeNeedsOneHub");
    if (local.length === 0 && tunIp === "") refuse("SpokeMissingLocal");
    if (peers[0]!.endpoint === "dynamic") refuse("InvalidEndpoint");
    if (local.some((route) => route.bits === 0)) refuse("SpokeLocalRouteTooBroad");
  }
  // Registry
  if (localId === 0) refuse("MissingLocalId");
  peers.forEach((peer, i) => {
    if (peer.id === 0) refuse("ReservedPeerId");
    if (peer.id === localId) refuse("SelfReference");
    if (peers.slice(0, i).some((other) => other.id === peer.id)) refuse("DuplicateId");
    const same = (other: Peer) => other.endpoint === peer.endpoint && peer.endpoint !== "dynamic";
    if (peers.slice(0, i).some(same)) refuse("DuplicateEndpoint");
  });
}

/** Code of the first error in the document, or "ok". */
export function oracle(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return "SyntaxError";
  }
  try {
    judge(record(tree(text), FIELDS));
    return "ok";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
}
