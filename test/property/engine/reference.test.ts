// The oracle against the conformance vectors: an oracle that is wrong itself proves nothing.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ReferenceNode } from "../../support/engine/reference.ts";
import { linkKey, maskDatagram, sealDatagram, sessionKey } from "../../support/engine/reference-crypto.ts";

const FILE = new URL("../../../../../shared/vectors/subnetra-v1.json", import.meta.url);

interface Vectors {
  vectors: {
    name: string;
    input: { psk: string; from_id: string; to_id: string; epoch: string; seq: string; plaintext: string };
    output: { link_key: string; session_key: string; datagram: string };
  }[];
  receiver_cases: {
    name: string;
    link: { psk: string; from_id: string; to_id: string };
    init_epoch: string;
    steps: { note: string; datagram: string; expect: string; plaintext: string; epoch_after: string }[];
  }[];
  obfuscated_vectors: { name: string; datagram: string }[];
}

/** Integers above 2^53 become strings first, so no digit is lost (wire-protocol.md §18). */
function load(): Vectors {
  return JSON.parse(readFileSync(FILE, "utf8").replace(/: (\d+)(?=[,\n])/g, ': "$1"'));
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("the reference model meets the sender vectors", { skip: !existsSync(FILE) }, () => {
  const file = load();
  for (const { name, input, output } of file.vectors) {
    const link = linkKey(hex(input.psk), Number(input.from_id), Number(input.to_id));
    const session = sessionKey(link, BigInt(input.epoch));
    const header = {
      version: 1,
      flags: 0,
      keyId: Number(input.from_id),
      epoch: BigInt(input.epoch),
      seq: BigInt(input.seq),
    };
    const datagram = sealDatagram(session, header, hex(input.plaintext));
    assert.equal(text(link), output.link_key, name);
    assert.equal(text(session), output.session_key, name);
    assert.equal(text(datagram), output.datagram, name);
    const masked = file.obfuscated_vectors.find((vector) => vector.name === name);
    assert.equal(text(maskDatagram(link, datagram)), masked?.datagram, name);
  }
});

test("the reference model meets the receiver cases", { skip: !existsSync(FILE) }, () => {
  for (const { name, link, init_epoch, steps } of load().receiver_cases) {
    const node = new ReferenceNode({ localId: Number(link.to_id), obfuscate: false, epoch: 1n });
    const endpoint = { address: 1, port: 1 };
    node.addPeer({ id: Number(link.from_id), psk: hex(link.psk), endpoint, allowed: 0, allowedBits: 0 });
    node.rules.push({ dst: 0, dstBits: 0, action: 1, target: 0 });
    const peer = node.peers[0]!;
    if (init_epoch !== "0") {
      peer.epoch = BigInt(init_epoch);
      peer.rxKey = sessionKey(peer.rxLink, peer.epoch);
    }
    for (const step of steps) {
      const before = peer.lastSeen;
      node.wall += 1n;
      node.emitted = [];
      node.receive(hex(step.datagram), endpoint, 0);
      const accepted = peer.lastSeen !== before;
      assert.equal(accepted, step.expect === "accept", `${name}: ${step.note}`);
      assert.equal(peer.epoch, BigInt(step.epoch_after), `${name}: ${step.note}`);
      if (accepted && step.plaintext !== "") assert.equal(text(node.emitted[0]!.bytes), step.plaintext, name);
    }
  }
});
