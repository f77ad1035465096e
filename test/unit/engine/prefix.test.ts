// The records by which prefixes cross the border between core and engine.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANY,
  type Cidr,
  compareNetworks,
  coversEverything,
  formatCidr,
  formatHost,
  hostPrefix,
  parseCidr,
  readPrefix,
  writePrefix,
} from "../../../src/core/cidr.ts";
import { addRule } from "../../../src/core/policy/roles.ts";
import { readRule } from "../../../src/core/policy/text.ts";
import { readPeer } from "../../../src/core/status/status.ts";
import * as abi from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { matchRule } from "../../support/engine/match-rule.ts";

const EDGES = ["0.0.0.0/0", "255.255.255.255/32", "255.255.255.255/0", "128.0.0.1/1", "10.0.0.5/24"];

function addPeer(engine: Engine, allowed: Cidr): number {
  const psk = engine.call.region(abi.REGION_SCRATCH);
  const record = psk + abi.KEY_LENGTH;
  engine.u8.fill(7, psk, record);
  writePrefix(engine, record, allowed);
  return engine.call.addPeer(2, psk, 1, 1, record);
}

test("a prefix comes back from its record, and touches nothing beside it", () => {
  const engine = loadEngine();
  const at = engine.call.region(abi.REGION_SCRATCH) + 64;
  for (const text of EDGES) {
    engine.u8.fill(0xa5, at - 4, at + abi.PREFIX_STRIDE + 4);
    writePrefix(engine, at, parseCidr(text)!);
    assert.equal(formatCidr(readPrefix(engine, at)), text);
    assert.equal(engine.u8[at - 1], 0xa5);
    assert.equal(engine.u8[at + abi.PREFIX_STRIDE], 0xa5);
  }
});

test("allowed_src and both prefixes of a rule come back from the engine as they were given", () => {
  for (const text of EDGES) {
    const engine = loadEngine();
    assert.equal(addPeer(engine, parseCidr(text)!), 0);
    const rule = {
      src: parseCidr(text)!,
      dst: parseCidr("10.1.2.3/9")!,
      action: abi.ACTION_FORWARD,
      target: 5,
    };
    assert.ok(addRule(engine, rule));
    assert.ok(addRule(engine, { ...rule, src: rule.dst, dst: rule.src }));
    // The engine keeps copies: the records in scratch memory are not its own.
    const scratch = engine.call.region(abi.REGION_SCRATCH);
    engine.u8.fill(0xff, scratch, scratch + 256);
    assert.equal(readPeer(engine, 0).allowedSrc, text);
    assert.deepEqual(readRule(engine, 0), rule);
    assert.deepEqual(readRule(engine, 1), { ...rule, src: rule.dst, dst: rule.src });
  }
});

test("a length that no address has: a peer is refused, a rule's is cut", () => {
  const engine = loadEngine();
  assert.equal(addPeer(engine, { address: 1, bits: 33 }), abi.TABLE_FULL);
  assert.equal(addPeer(engine, { address: 1, bits: 0xffffffff }), abi.TABLE_FULL);
  assert.equal(engine.call.peerCount(), 0);
  for (const bits of [33, 64, 200, 0xffffffff]) {
    const wrong = { address: 0x0a000000 + (bits & 255), bits };
    assert.ok(addRule(engine, { src: wrong, dst: wrong, action: abi.ACTION_DROP, target: 0 }));
    const index = engine.call.ruleCount() - 1;
    assert.deepEqual(readRule(engine, index).src, { ...wrong, bits: 32 });
    assert.deepEqual(readRule(engine, index).dst, { ...wrong, bits: 32 });
    assert.equal(matchRule(engine, wrong.address), index);
  }
  assert.equal(matchRule(engine, 0x0b000000), -1);
});

test("what core asks of a prefix", () => {
  const cidr = parseCidr("10.0.0.5/24")!;
  assert.equal(formatHost(cidr), "10.0.0.5");
  assert.equal(formatCidr(hostPrefix(cidr)), "10.0.0.5/32");
  assert.ok(coversEverything(ANY) && coversEverything(parseCidr("1.2.3.4/0")!) && !coversEverything(cidr));
  const sorted = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "200.0.0.0/8"];
  const shuffled = [3, 0, 4, 2, 1].map((i) => parseCidr(sorted[i]!)!);
  assert.deepEqual(shuffled.sort(compareNetworks).map(formatCidr), sorted);
});
