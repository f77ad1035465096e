import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCidr, networkOf, overlaps, parseCidr } from "../../../src/core/cidr.ts";
import { formatEndpoint, parseEndpoint } from "../../../src/core/config/endpoint.ts";
import { parseDecimal } from "../../../src/core/decimal.ts";
import { ERROR_CODES } from "../../../src/core/error-codes.ts";
import { explain, isSubnetraError, quoted, subnetraError } from "../../../src/core/errors.ts";

test("decimals are plain digits in range", () => {
  const parse = (text: string, max: number) => parseDecimal(text, 0, text.length, max);
  assert.equal(parse("0", 0), 0);
  assert.equal(parse("4294967295", 4294967295), 4294967295);
  for (const text of [
    "",
    "01",
    "00",
    "+1",
    "-1",
    "1_0",
    " 1",
    "1 ",
    "1.0",
    "1e1",
    "0x1",
    "4294967296",
    "99999999999",
  ]) {
    assert.equal(parse(text, 4294967295), -1, text);
  }
});

test("CIDRs keep their host bits", () => {
  for (const text of ["0.0.0.0/0", "10.0.0.5/24", "255.255.255.255/32", "192.168.1.1/31"]) {
    const cidr = parseCidr(text)!;
    assert.equal(formatCidr(cidr), text);
  }
  assert.deepEqual(networkOf(parseCidr("10.0.0.5/24")!), parseCidr("10.0.0.0/24"));
  assert.deepEqual(networkOf(parseCidr("255.1.2.3/0")!), parseCidr("0.0.0.0/0"));
});

test("malformed CIDRs", () => {
  const bad = [
    "",
    "/",
    "10.0.0.0",
    "10.0.0.0/",
    "/24",
    "10.0.0/24",
    "10.0.0.0.0/24",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.256/24",
    "10.0.0.01/24",
    "10.0.0.0/024",
    "10.0.0.0/24 ",
    " 10.0.0.0/24",
    "10..0.0/24",
    "a.b.c.d/8",
    "10.0.0.0/2/4",
    "10.0.0.0/+8",
    "1_0.0.0.0/8",
    "10.0.0.0/8\n",
    "::/0",
    "10.0.0.0 /24",
    "10.0.0.0/24.",
  ];
  for (const text of bad) assert.equal(parseCidr(text), null, JSON.stringify(text));
});

test("CIDRs overlap under the shorter mask", () => {
  const cases: [string, string, boolean][] = [
    ["10.0.0.0/24", "10.0.0.128/25", true],
    ["10.0.0.5/24", "10.0.0.9/24", true],
    ["10.0.0.0/25", "10.0.0.128/25", false],
    ["0.0.0.0/0", "203.0.113.1/32", true],
    ["128.0.0.0/1", "127.255.255.255/32", false],
    ["10.0.0.2/32", "10.0.0.3/32", false],
  ];
  for (const [a, b, expected] of cases) {
    assert.equal(overlaps(parseCidr(a)!, parseCidr(b)!), expected, `${a} ${b}`);
    assert.equal(overlaps(parseCidr(b)!, parseCidr(a)!), expected, `${b} ${a}`);
  }
});

test("endpoints", () => {
  for (const text of ["198.51.100.20:18020", "0.0.0.0:1", "255.255.255.255:65535"]) {
    const endpoint = parseEndpoint(text)!;
    assert.equal(formatEndpoint(endpoint.address, endpoint.port), text);
  }
  const bad = [
    "",
    ":",
    "1.2.3.4",
    "1.2.3.4:",
    ":1",
    "1.2.3.4:0",
    "1.2.3.4:65536",
    "1.2.3.4:1:2",
    "1.2.3:4",
    "host:1",
    "[::1]:1",
    "1.2.3.4:+1",
    "1.2.3.4:01",
    "1.2.3.4 :1",
    "1.2.3.256:1",
    "REPLACE_HUB_IP:18020",
  ];
  for (const text of bad) assert.equal(parseEndpoint(text), null, text);
});

test("errors carry code, path, detail and remedy", () => {
  const error = subnetraError("InvalidCidr", "peers[2].allowed_src", '"x" is not A.B.C.D/P');
  assert.ok(isSubnetraError(error) && error instanceof Error);
  assert.equal(
    explain(error),
    '  at peers[2].allowed_src: "x" is not A.B.C.D/P; write for example 10.0.0.0/24\n',
  );
  assert.equal(explain(subnetraError("OutOfSpace", "", "full", "grow")), "  full; grow\n");
  assert.equal(isSubnetraError(new Error("InvalidCidr")), false);
});

test("every code has a one-line meaning and remedy", () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^[A-Z][A-Za-z]+$/);
    for (const text of [meaning, remedy]) assert.match(text, /^[\x20-\x7e]{4,}$/, code);
  }
});

test("quoted input is short, printable and never like a key", () => {
  assert.equal(quoted("10.0.0/33"), '"10.0.0/33"');
  assert.equal(quoted("a\u001b[31m\n\u007f"), '"a?[31m??"');
  assert.equal(quoted("x".repeat(100)), `"${"x".repeat(64)}..."`);
  assert.ok(!quoted(`1.2.3.4 ${"deadbeef".repeat(2)}`).includes("deadbeef"));
});
