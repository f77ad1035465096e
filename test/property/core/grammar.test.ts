import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCidr, networkOf, overlaps, parseCidr } from "../../../src/core/cidr.ts";
import { formatEndpoint, parseEndpoint } from "../../../src/core/config/endpoint.ts";
import { parseCommand } from "../../../src/core/control/commands.ts";
import { formatRule } from "../../../src/core/policy/text.ts";
import { ACTION_DROP, ACTION_FORWARD } from "../../../src/engine/abi.ts";

const RUNS = { numRuns: 10000 };
const address = fc.nat(4294967295);
const cidr = fc.tuple(address, fc.nat(32)).map(([a, bits]) => ({ address: a, bits }));
const OCTET = "(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])";
const QUAD = Array(4).fill(OCTET).join("\\.");
/** Independent definitions of the two forms. */
const CIDR = new RegExp(`^${QUAD}/([0-9]|[12]\\d|3[0-2])$`);
const ENDPOINT = new RegExp(`^${QUAD}:([1-9]\\d{0,4})$`);

/** Text near a valid form: characters replaced, removed or added. */
function near(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edits = fc.array(
    fc.tuple(fc.nat(30), fc.nat(2), fc.constantFrom(..."0123456789./:+-_ \n\u0000x\u0661")),
    { maxLength: 3 },
  );
  return fc
    .tuple(valid, edits)
    .map(([text, list]) =>
      list.reduce(
        (t, [at, kind, c]) => t.slice(0, at) + (kind === 0 ? "" : c) + t.slice(at + (kind === 2 ? 0 : 1)),
        text,
      ),
    );
}

test("CIDR text round trips and nothing else parses", () => {
  fc.assert(
    fc.property(cidr, (c) => {
      assert.deepEqual(parseCidr(formatCidr(c)), c);
    }),
    RUNS,
  );
  const texts = near(cidr.map((c) => formatCidr(c)));
  fc.assert(
    fc.property(fc.oneof(texts, fc.string()), (text) => {
      const parsed = parseCidr(text);
      assert.equal(parsed !== null, CIDR.test(text), JSON.stringify(text));
      if (parsed !== null) assert.equal(formatCidr(parsed), text);
    }),
    RUNS,
  );
});

test("endpoint text round trips and nothing else parses", () => {
  const valid = fc.tuple(address, fc.integer({ min: 1, max: 65535 })).map(([a, p]) => formatEndpoint(a, p));
  fc.assert(
    fc.property(fc.oneof(valid, near(valid), fc.string()), (text) => {
      const match = ENDPOINT.exec(text);
      const parsed = parseEndpoint(text);
      assert.equal(parsed !== null, match !== null && Number(match[5]) <= 65535, JSON.stringify(text));
      if (parsed !== null) assert.equal(formatEndpoint(parsed.address, parsed.port), text);
    }),
    RUNS,
  );
});

test("overlap means a common address", () => {
  // Close addresses, so that both answers are common.
  const close = fc.record({
    address: fc.nat(1023).map((n) => 0x0a000000 + n),
    bits: fc.integer({ min: 20, max: 32 }),
  });
  const range = (c: { address: number; bits: number }) => {
    const first = networkOf(c).address;
    return [first, first + 2 ** (32 - c.bits) - 1] as const;
  };
  fc.assert(
    fc.property(fc.oneof(close, cidr), fc.oneof(close, cidr), (a, b) => {
      const [a0, a1] = range(a);
      const [b0, b1] = range(b);
      assert.equal(overlaps(a, b), a0 <= b1 && b0 <= a1);
    }),
    RUNS,
  );
});

const rule = fc
  .record({ src: cidr, dst: cidr, forward: fc.boolean(), target: fc.nat(4294967295) })
  .map((r) => ({
    src: r.src,
    dst: r.dst,
    action: r.forward ? ACTION_FORWARD : ACTION_DROP,
    target: r.forward ? r.target : 0,
  }));

test("a printed rule is the request that makes it", () => {
  fc.assert(
    fc.property(rule, (r) => {
      assert.deepEqual(parseCommand(formatRule(r).trimEnd()), { verb: "add", rule: r });
    }),
    RUNS,
  );
});

test("flags in any order and spacing mean the same", () => {
  fc.assert(
    fc.property(rule, fc.infiniteStream(fc.integer({ min: 1, max: 4 })), fc.nat(), (r, gaps, seed) => {
      const words = formatRule(r).trim().split(" ");
      const pairs = [];
      for (let i = 2; i < words.length; i += 2) pairs.push([words[i]!, words[i + 1]!]);
      const turn = seed % pairs.length;
      const flags = [...pairs.slice(turn), ...pairs.slice(0, turn)].flat();
      const gap = () => " ".repeat(gaps.next().value);
      const line = ["policy", "add", ...flags].reduce((text, word) => text + gap() + word, "");
      assert.deepEqual(parseCommand(`${line}\t\r`), { verb: "add", rule: r });
    }),
    RUNS,
  );
});

test("garbage lines never crash and never become a rule", () => {
  const word = fc.constantFrom(
    "policy",
    "add",
    "show",
    "status",
    "save",
    "--json",
    "--src",
    "--dst",
    "--action",
    "--target",
    "--from",
    "forward",
    "drop",
    "1",
    "4294967296",
    "0.0.0.0/0",
    "10.0.0.0/33",
    "-1",
    "\t",
    "__proto__",
    "#",
    "",
  );
  const line = fc.oneof(
    fc.array(word, { maxLength: 12 }).map((w) => w.join(" ")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(line, (text) => {
      const command = parseCommand(text);
      if (command.verb !== "add") return;
      const words = text.split(" ").filter((w) => w !== "");
      const last = (flag: string) => words[words.lastIndexOf(flag) + 1];
      for (const flag of ["--src", "--dst"]) assert.ok(words.includes(flag) && CIDR.test(last(flag)!), text);
      const forward = words.includes("--action") && last("--action") === "forward";
      assert.equal(command.rule.action, forward ? ACTION_FORWARD : ACTION_DROP);
      assert.equal(command.rule.target, forward ? Number(last("--target")) : 0);
    }),
    { numRuns: 10000 },
  );
});
