// Turns the project's test vectors (JSON) into the lines that the self-test verb of the tiny build reads.

import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";

/** A 64-bit number as 16 hex digits, low byte first. */
function little(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.toString("hex");
}

const orNone = (hex) => (hex ? hex : "-");

/** A line for many packets of all lengths, as the self-test seals them. */
export function chainLine(packets) {
  const first = Buffer.alloc(32, 0x5a);
  const key = Buffer.from(first);
  const data = Buffer.alloc(1501 + 16);
  for (let packet = 0; packet < packets; packet++) {
    const length = (packet * 29) % 1501;
    const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
    cipher.update(data.subarray(0, length)).copy(data);
    cipher.final();
    cipher.getAuthTag().copy(data, length);
    data.copy(key, 0, length, length + 16);
  }
  return `chain ${first.toString("hex")} ${packets} ${key.toString("hex", 0, 16)}`;
}

/** The lines for a vectors file. */
export function answerLines(path) {
  // Epochs exceed 2^53: read them as text.
  const text = readFileSync(path, "utf8").replace(
    /("(?:epoch|seq|init_epoch|epoch_after)":\s*)(\d+)/g,
    '$1"$2"',
  );
  const vectors = JSON.parse(text);
  const lines = vectors.vectors.map(({ name, input, output }) => {
    const masked = vectors.obfuscated_vectors.find((v) => v.name === name).datagram;
    const sent = [input.psk, input.from_id, input.to_id, little(input.epoch), little(input.seq)];
    return [
      "seal",
      ...sent,
      orNone(input.plaintext),
      output.link_key,
      output.session_key,
      output.datagram,
      masked,
    ];
  });
  for (const { link, init_epoch, steps } of vectors.receiver_cases) {
    lines.push(["link", link.psk, link.from_id, link.to_id, little(init_epoch)]);
    for (const step of steps)
      lines.push(["recv", step.datagram, step.expect, orNone(step.plaintext), little(step.epoch_after)]);
  }
  return [...lines.map((words) => words.join(" ")), chainLine(1501)];
}
