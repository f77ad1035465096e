// Sender and obfuscation vectors through the engine's codec exports.

import assert from "node:assert/strict";
import { test } from "node:test";
import { REGION_SCRATCH } from "../../src/engine/abi.ts";
import { loadEngine } from "../../src/engine/load.ts";
import { VARIANTS } from "../support/kat/primitives.ts";
import { fromHex, u64, vectorFiles } from "../support/kat/vectors.ts";

for (const file of vectorFiles()) {
  for (const variant of VARIANTS) {
    const { call, u8 } = loadEngine(variant);
    const scratch = call.region(REGION_SCRATCH);
    const [PSK, LINK, SESSION, EPOCH, SEQ] = [0, 32, 64, 96, 104].map((at) => scratch + at) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const SRC = scratch + 4096;
    const OUT = scratch + 8192;
    const take = (offset: number, length: number): Buffer =>
      Buffer.from(u8.subarray(offset, offset + length));

    test(`${variant}: ${file.name}, sealDatagram, openDatagram and maskHeader`, () => {
      file.vectors.forEach(({ name, input, output }, i) => {
        const plaintext = fromHex(input.plaintext);
        const datagram = fromHex(output.datagram);
        u8.set(fromHex(input.psk), PSK);
        u8.set(u64(input.epoch), EPOCH);
        u8.set(u64(input.seq), SEQ);
        u8.set(plaintext, SRC);

        call.deriveLinkKey(PSK, input.from_id, input.to_id, LINK);
        assert.equal(take(LINK, 32).toString("hex"), output.link_key, name);
        call.deriveSessionKey(LINK, EPOCH, SESSION);
        assert.equal(take(SESSION, 32).toString("hex"), output.session_key, name);

        const length = call.sealDatagram(SESSION, input.from_id, 0, EPOCH, SEQ, SRC, plaintext.length, OUT);
        assert.equal(take(OUT, length).toString("hex"), output.datagram, name);

        call.maskHeader(LINK, OUT, length);
        const masked = take(OUT, length).toString("hex");
        assert.equal(masked, file.obfuscated_vectors[i]?.datagram, name);
        call.maskHeader(LINK, OUT, length);
        assert.equal(take(OUT, length).toString("hex"), output.datagram, `${name}, mask undone`);

        assert.equal(call.openDatagram(SESSION, OUT, length), plaintext.length, name);
        assert.ok(take(OUT + 20, plaintext.length).equals(plaintext), name);

        const forged = Buffer.from(datagram);
        forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
        u8.set(forged, OUT);
        assert.equal(call.openDatagram(SESSION, OUT, length), -1, name);
        assert.ok(take(OUT, length).equals(forged), `${name}, a forgery stays as it was`);
      });
    });

    test(`${variant}: ${file.name}, nothing shorter than an empty datagram opens or is masked`, () => {
      const datagram = fromHex(file.vectors[0]?.output.datagram ?? "");
      for (let length = 0; length < 36; length++) {
        u8.set(datagram, OUT);
        assert.equal(call.openDatagram(SESSION, OUT, length), -1);
        call.maskHeader(LINK, OUT, length);
        assert.ok(take(OUT, datagram.length).equals(datagram), `length ${length}`);
      }
    });
  }
}
