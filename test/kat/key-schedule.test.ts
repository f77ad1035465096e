// The key schedule and the AEAD of every sender vector, on the primitives alone; and the drift gate of our own file.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Primitives, VARIANTS } from "../support/kat/primitives.ts";
import { fromHex, ROOT, vectorFiles } from "../support/kat/vectors.ts";

test("the committed vectors are what scripts/make-vectors.mjs makes", () => {
  const result = spawnSync(process.execPath, ["scripts/make-vectors.mjs", "--check"], {
    cwd: fileURLToPath(ROOT),
    encoding: "utf8",
  });
  assert.equal(result.status, 0, result.stderr);
});

for (const file of vectorFiles()) {
  for (const variant of VARIANTS) {
    const engine = new Primitives(variant);

    test(`${variant}: ${file.name}, keys, ciphertexts and header pads`, () => {
      assert.ok(file.vectors.length > 0);
      assert.equal(file.obfuscated_vectors.length, file.vectors.length);
      file.vectors.forEach(({ name, input, output }, i) => {
        const link = engine.linkKey(fromHex(input.psk), input.from_id, input.to_id);
        assert.equal(link.toString("hex"), output.link_key, name);
        const session = engine.sessionKey(link, BigInt(input.epoch));
        assert.equal(session.toString("hex"), output.session_key, name);
        const datagram = fromHex(output.datagram);
        const sealed = engine.seal(session, BigInt(input.seq), fromHex(input.plaintext));
        assert.ok(sealed.equals(datagram.subarray(20)), name);
        const pad = engine.headerPad(link, datagram.subarray(-16));
        const masked = datagram.subarray(0, 20).map((byte, at) => byte ^ (pad[at] as number));
        assert.equal(file.obfuscated_vectors[i]?.name, name);
        assert.ok(
          fromHex(file.obfuscated_vectors[i]?.datagram ?? "")
            .subarray(0, 20)
            .equals(masked),
          name,
        );
      });
    });
  }
}
