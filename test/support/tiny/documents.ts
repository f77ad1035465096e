// Configurations to judge: one for each rule of config.md, and random changes to valid ones.

const key = (digit: string) => digit.repeat(64);
const spokePeer = {
  id: 1,
  name: "hub",
  endpoint: "192.0.2.1:18020",
  allowed_src: "10.77.0.0/24",
  psk: key("d"),
};
const hubPeers = [
  { id: 2, name: "north", endpoint: "198.51.100.20:18020", allowed_src: "10.77.0.2/32", psk: key("a") },
  { id: 3, name: "south", endpoint: "203.0.113.30:18020", allowed_src: "10.77.0.3/32", psk: key("b") },
];
const hub = { role: "hub", local_id: 1, local_tun_mtu: 1400, listen_ports: [18020, 18023], peers: hubPeers };
const spoke = { role: "spoke", local_id: 2, local_tun_ip: "10.77.0.2/24", peers: [spokePeer] };
const manual = { local_id: 9, peers: [{ ...spokePeer, id: 4 }] };
const VALID: readonly object[] = [hub, spoke, manual];

const two = (more: object) => [hubPeers[0], { ...hubPeers[1], ...more }];

/** At least one document for each name. */
const TABLE: readonly unknown[] = [
  ...VALID,
  "",
  "{",
  "{}",
  "[]",
  "null",
  '{"peers":[]} x',
  '{"local_id":01}',
  '{"local_id":1.5}',
  '{"local_id":1,"local_id":2}',
  '{"a":{"b":[1,2,{"c":null}]},"psk":""}',
  "\xef\xbb\xbf{}",
  '{"role":"\\u0068ub"}',
  '{"role":"\\ud800"}',
  `{"x":${"[".repeat(3000)}`,
  `{"x":"${"y".repeat(60000)}"}`,
  { psk: "x" },
  { ...hub, role: "boss" },
  { ...hub, log: "loud" },
  { ...hub, role: 5 },
  { ...hub, negotiation_version: 256 },
  { ...hub, local_id: -1 },
  { ...hub, local_id: 4294967296 },
  { ...hub, local_id: 70000 },
  { ...hub, local_id: 0 },
  { ...hub, local_tun_mtu: 67 },
  { ...hub, local_tun_mtu: 1501 },
  { ...hub, listen_ports: [] },
  { ...hub, listen_ports: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
  { ...hub, listen_ports: [0] },
  { ...hub, listen_ports: [5, 5] },
  { ...hub, listen_ports: null, listen_port: 0 },
  { ...hub, virtual_subnet: "10.0.0.0" },
  { ...hub, local_tun_ip: "10.0.0.1/33" },
  { ...hub, local_routes: ["x"] },
  { ...hub, remote_routes: Array(9).fill("10.0.0.0/24") },
  { ...hub, keepalive_secs: "20" },
  { ...hub, obfuscate: 1 },
  { ...hub, peers: {} },
  { ...hub, max_peers: 1 },
  { ...hub, max_peers: 0 },
  { ...hub, max_rules: 65537 },
  { ...hub, max_peers: 16384, max_rules: 65536 },
  { ...hub, policy_file: "" },
  { ...hub, match_src: true },
  { ...hub, match_src: 1 },
  { ...hub, peers: two({ psk: "" }) },
  { ...hub, peers: two({ psk: key("g") }) },
  { ...hub, peers: two({ psk: key("0") }) },
  { ...hub, peers: two({ psk: key("a") }) },
  { ...hub, peers: two({ endpoint: "hub.example.org:1" }) },
  { ...hub, peers: two({ endpoint: "198.51.100.20:18020" }) },
  { ...hub, peers: two({ allowed_src: "0.0.0.0/0" }) },
  { ...hub, peers: two({ allowed_src: "10.77.0.2/31" }) },
  { ...hub, peers: two({ allowed_src: "10.77.0.256/32" }) },
  { ...hub, peers: two({ name: "x".repeat(33) }) },
  { ...hub, peers: two({ name: "\u00e9" }) },
  { ...hub, peers: two({ id: 0 }) },
  { ...hub, peers: two({ id: 1 }) },
  { ...hub, peers: two({ id: 2 }) },
  { ...hub, peers: two({ id: 65536 }) },
  { ...spoke, peers: [spokePeer, { ...hubPeers[1], id: 7 }] },
  { ...hub, peers: two({ allowed_src: [] }) },
  { ...hub, peers: two({ allowed_src: ["10.77.0.3/32", "192.168.3.0/24"] }) },
  { ...hub, peers: two({ allowed_src: ["10.77.1.3/32", "10.0.0.0/8"] }) },
  { ...hub, peers: two({ alowed_src: "10.77.0.3/32", Endpoint: "", mtu: 5 }) },
  { ...hub, peers: two({ endpoint: "dynamic", keepalive_secs: 25, endpoint_host: "a.example.org:18020" }) },
  { ...hub, peers: two({ endpoint_host: "192.0.2.1:18020" }) },
  { ...hub, replay_window: 100 },
  { ...hub, replay_window: 8192, $schema: "x", listen_port: 5, keepalive_secs: 25 },
  { ...spoke, local_tun_ip: "" },
  { ...spoke, local_routes: ["0.0.0.0/0"] },
];

/** Values that are wrong, or at an edge, somewhere. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  8,
  68,
  1500,
  65535,
  65536,
  4294967295,
  4294967296,
  1e300,
  0.5,
  "",
  "hub",
  "spoke",
  "manual",
  "0.0.0.0/0",
  "10.77.0.0/16",
  "256.1.1.1/8",
  "1.2.3.4:0",
  "1.2.3.4:65535",
  "01.2.3.4:5",
  key("a"),
  key("0"),
  "a".repeat(63),
  [],
  {},
  ["10.0.0.0/8"],
  [18020],
  "\u0000",
  "\u20ac",
];

/** A generator of numbers in [0, 1) from a seed (xorshift). */
function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Changes one value somewhere in a document. */
function changeValue(document: object, next: () => number): void {
  const keys = Object.keys(document);
  const name = keys[Math.floor(next() * keys.length)];
  if (name === undefined) return;
  const record = document as Record<string, unknown>;
  const value = record[name];
  const choice = next();
  if (value !== null && typeof value === "object" && choice < 0.7) changeValue(value, next);
  else if (choice < 0.8) record[name] = ODD[Math.floor(next() * ODD.length)];
  else if (choice < 0.9) delete record[name];
  else record[name] = structuredClone(VALID[Math.floor(next() * VALID.length)]);
}

const SCRAPS = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "0",
  "9",
  "e",
  "-",
  ".",
  " ",
  "\n",
  "\x00",
  "\xff",
  "\\u00",
  "/",
];

/** Changes some bytes of a document's text. */
function changeBytes(text: string, next: () => number): string {
  const at = Math.floor(next() * text.length);
  const length = Math.floor(next() * 8);
  const scrap = SCRAPS[Math.floor(next() * SCRAPS.length)]!;
  const choice = next();
  if (choice < 0.3) return text.slice(0, at) + text.slice(at + length);
  if (choice < 0.6) return text.slice(0, at) + scrap + text.slice(at + 1);
  if (choice < 0.8) return text.slice(0, at) + scrap + text.slice(at);
  if (choice < 0.9) return text.slice(0, at);
  return text.slice(0, at) + text.slice(at, at + 40) + text.slice(at);
}

function mutate(next: () => number): Buffer {
  const document = structuredClone(VALID[Math.floor(next() * VALID.length)]!);
  for (let changes = Math.floor(next() * 4); changes > 0; changes--) changeValue(document, next);
  let text = JSON.stringify(document);
  if (next() < 0.4)
    for (let changes = 1 + Math.floor(next() * 2); changes > 0; changes--) text = changeBytes(text, next);
  return Buffer.from(text, "latin1");
}

/** The table, then `count` random documents, always the same ones for a seed. */
export function documents(count: number, seed: number): Buffer[] {
  const next = random(seed);
  const table = TABLE.map((item) =>
    typeof item === "string" ? Buffer.from(item, "latin1") : Buffer.from(JSON.stringify(item)),
  );
  return [...table, ...Array.from({ length: count }, () => mutate(next))];
}
