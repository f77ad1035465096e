// Random configuration documents: mostly near the valid ones, each field also wrong in the ways people get it wrong.

import fc from "fast-check";

const often = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 50, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: bad });
const anything = fc.jsonValue({ maxDepth: 2 });
const cidrText = fc
  .tuple(fc.nat(3), fc.nat(3), fc.constantFrom(0, 8, 16, 24, 30, 31, 32))
  .map(([a, b, p]) => `10.${a}.0.${b}/${p}`);
const cidr = often(
  cidrText,
  fc.oneof(fc.constantFrom("", "10.0.0/33", "10.0.0.0/33", "10.0.0.01/8", "x"), anything),
);
const integer = (good: number[], ...bad: number[]) =>
  often(fc.constantFrom(...good), fc.oneof(fc.constantFrom(-1, ...bad), fc.integer(), fc.double(), anything));
const key = fc.constantFrom(..."0123456789").map((c) => (c === "9" ? "0".repeat(64) : `${c.repeat(63)}f`));
const psk = often(
  key,
  fc.oneof(fc.constantFrom("", "f".repeat(63), "f".repeat(65), "g".repeat(64)), anything),
);

export const PEER = {
  id: integer([2, 3, 4, 5, 6, 7, 8], 0, 65536),
  endpoint: often(
    fc
      .tuple(fc.nat(5), fc.nat(5))
      .map(([a, p]) => (a === 5 && p > 3 ? "dynamic" : `192.0.2.${a}:${p + 18000}`)),
    fc.oneof(fc.constantFrom("", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", "hub:1", "1.2.3:4"), anything),
  ),
  allowed_src: fc.oneof(
    { weight: 20, arbitrary: cidr },
    { weight: 4, arbitrary: fc.array(cidr, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(cidrText, { maxLength: 20 }) },
  ),
  keepalive_secs: integer([0, 20], 4294967296),
  endpoint_host: often(
    fc.constantFrom("hub.example.org:18020", "a:1", "x-1.y.:65535"),
    fc.oneof(fc.constantFrom("", "h", "h:0", "-a.b:1", "192.0.2.1:5", "a..b:5", "h:65536"), anything),
  ),
  psk,
  name: often(fc.string({ maxLength: 12 }), fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), anything)),
  extra: anything,
};
const peer = fc.record(PEER, { requiredKeys: ["psk", "endpoint", "id"] });

export const DOCUMENT = {
  negotiation_version: integer([0, 1, 255], 256),
  role: often(fc.constantFrom("manual", "hub", "spoke"), fc.oneof(fc.constantFrom("", "Hub"), anything)),
  local_id: integer([1, 9, 65535], 65536, 0, 2, 3),
  local_tun_mtu: integer([68, 1400, 1436, 1500], 67, 1501),
  listen_ports: often(
    fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 8 }),
    fc.oneof(fc.array(fc.nat(3), { maxLength: 10 }), fc.constant(null), anything),
  ),
  listen_port: integer([18020, 1, 65535], 0, 65536),
  virtual_subnet: cidr,
  local_tun_ip: often(cidrText, fc.oneof(fc.constant(""), cidr)),
  local_routes: often(
    fc.array(cidr, { maxLength: 4 }),
    fc.oneof(fc.array(cidrText, { minLength: 7, maxLength: 10 }), anything),
  ),
  remote_routes: often(
    fc.array(cidr, { maxLength: 4 }),
    fc.oneof(fc.array(cidrText, { minLength: 7, maxLength: 10 }), anything),
  ),
  keepalive_secs: integer([0, 20, 4294967295], 4294967296),
  obfuscate: often(fc.boolean(), anything),
  peers: often(fc.array(peer, { minLength: 1, maxLength: 3 }), fc.oneof(fc.constant([]), anything)),
  psk: often(fc.constant(""), fc.oneof(psk, anything)),
  log: often(fc.constantFrom("events", "quiet"), anything),
  policy_file: often(fc.constant("/var/lib/saved"), anything),
  match_src: often(fc.boolean(), anything),
  max_peers: integer([2, 3, 1024, 16384], 0, 16385, 1),
  max_rules: integer([1, 4096, 65536], 0, 65537),
  replay_window: integer([64, 128, 8192], 0, 63, 96, 16384),
  unknown: anything,
};
export const document = fc.record(DOCUMENT, { requiredKeys: ["peers", "local_id"] });
