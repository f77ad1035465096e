// Makes test/vectors/subnetra-edge-v1.json: known answers in the format of wire-protocol.md §18 for what the mesh's
// conformance file leaves out, above all 64-bit edges. The path is independent of the engine: the AEAD of node:crypto
// and BLAKE2b of @noble/hashes. Expected decisions are written down by hand in the cases, never computed.
//
//   node scripts/make-vectors.mjs           writes the file
//   node scripts/make-vectors.mjs --check   exits 1 when the committed file differs

import { createCipheriv, createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blake2b } from "@noble/hashes/blake2.js";
import { root } from "./setup.mjs";

const FILE = join(root, "test/vectors/subnetra-edge-v1.json");
const PACKET = Buffer.from("4500001400004000401100000a0000020a000003", "hex");
const EMPTY = Buffer.alloc(0);
const KEEPALIVE = 1;

const M = 1704067200000000000n;
const B31 = 2n ** 31n;
const B32 = 2n ** 32n;
const B53 = 2n ** 53n;
const B63 = 2n ** 63n;
const MAX = 2n ** 64n - 1n;

// --- The wire format, wire-protocol.md §3, §5 and §7 ---

function integer(value, bytes, bigEndian) {
  const out = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) {
    const shift = BigInt(8 * (bigEndian ? bytes - 1 - i : i));
    out[i] = Number((BigInt(value) >> shift) & 255n);
  }
  return out;
}

const keyed = (key, label, ...parts) =>
  Buffer.from(blake2b(Buffer.concat([Buffer.from(label, "ascii"), ...parts]), { key, dkLen: 32 }));
const linkKey = ({ psk, from, to }) =>
  keyed(psk, "subnetra-v1-link", integer(from, 4, true), integer(to, 4, true));
const sessionKey = (link, epoch) => keyed(link, "subnetra-v1-session", integer(epoch, 8, true));

function seal(link, { epoch, seq, flags = 0, plaintext = PACKET }) {
  const header = Buffer.concat([
    Buffer.from([1, flags]),
    integer(link.from, 2, false),
    integer(epoch, 8, false),
    integer(seq, 8, false),
  ]);
  const nonce = Buffer.concat([integer(seq, 8, false), Buffer.alloc(4)]);
  const key = sessionKey(linkKey(link), epoch);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function mask(link, datagram) {
  const pad = keyed(linkKey(link), "subnetra-v1-obfs", datagram.subarray(-16));
  const out = Buffer.from(datagram);
  for (let i = 0; i < 20; i++) out[i] ^= pad[i];
  return out;
}

/** Reproducible bytes that look random. */
function bytes(label, length) {
  const blocks = [];
  for (let i = 0; i * 32 < length; i++)
    blocks.push(createHash("sha256").update(`subnetra edge vectors ${label} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

// --- Sender vectors ---

/** Around every boundary of the cipher's blocks and groups, the authenticator's blocks and the wire's limits. */
const LENGTHS = [
  0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 319, 320, 447,
  448, 449, 703, 704, 1023, 1024, 1279, 1280, 1408, 1435, 1436, 1451, 1452,
];
const NUMBERS = [
  1n,
  B31 - 1n,
  B31,
  B32 - 1n,
  B32,
  B32 + 1n,
  B53 - 1n,
  B53,
  B53 + 1n,
  B63 - 1n,
  B63,
  B63 + 1n,
  MAX - 1n,
  MAX,
];
const IDS = [
  [1, 2],
  [255, 256],
  [256, 255],
  [0x1234, 0x3412],
  [32767, 32768],
  [65535, 1],
  [65534, 65535],
];

function senders() {
  const list = [];
  const add = (name, from, to, epoch, seq, plaintext) =>
    list.push({ name, psk: bytes(`psk ${name}`, 32), from, to, epoch, seq, plaintext });
  for (const length of LENGTHS)
    add(
      `length-${length}`,
      3,
      4,
      M + BigInt(length),
      BigInt(length + 1),
      bytes(`plaintext ${length}`, length),
    );
  for (const number of NUMBERS) {
    add(`seq-${number}`, 5, 6, M, number, PACKET);
    add(`epoch-${number}`, 5, 6, number, 1n, PACKET);
  }
  for (const [from, to] of IDS) add(`ids-${from}-${to}`, from, to, M, 1n, PACKET);
  add("all-zero-psk", 1, 2, M, 1n, PACKET);
  list.at(-1).psk = Buffer.alloc(32);
  return list;
}

// --- Receiver cases: [note, what is sent, decision, epoch afterwards] ---

const accept = (note, sent, after) => ({ note, ...sent, expect: "accept", after });
const drop = (note, sent, after) => ({ note, ...sent, expect: "drop", after });

/** Applied to the sealed datagram. */
const set =
  (at, ...values) =>
  (datagram) => {
    datagram.set(values, at);
    return datagram;
  };
const flip =
  (at, bits = 1) =>
  (datagram) => {
    datagram[at < 0 ? datagram.length + at : at] ^= bits;
    return datagram;
  };
const cut = (length) => (datagram) => datagram.subarray(0, length);
const grow = (count) => (datagram) => Buffer.concat([datagram, Buffer.alloc(count)]);

const at = (epoch, seq, extra = {}) => ({ epoch, seq, ...extra });

/** Around `top` the window accepts 64 numbers back, each once. */
function windowAround(name, top) {
  return {
    name: `window-around-${name}`,
    steps: [
      accept("one below", at(M, top - 1n), M),
      accept("the boundary itself", at(M, top), M),
      drop("its copy", at(M, top), M),
      drop("a copy of the one below", at(M, top - 1n), M),
      accept("63 back, the oldest in the window", at(M, top - 63n), M),
      drop("63 back again", at(M, top - 63n), M),
      drop("64 back, too old although never seen", at(M, top - 64n), M),
    ],
  };
}

/** An epoch on the far side of a boundary is newer, one on the near side older, whatever their low bits say. */
function epochAround(name, edge) {
  return {
    name: `epoch-around-${name}`,
    steps: [
      accept("just below", at(edge - 1n, 9n), edge - 1n),
      accept("the boundary itself, window empty again", at(edge, 1n), edge),
      drop("the one below is stale", at(edge - 1n, 10n), edge),
      accept("same epoch, next number", at(edge, 2n), edge),
      accept("just above", at(edge + 1n, 1n), edge + 1n),
      drop("the boundary is stale now", at(edge, 3n), edge + 1n),
    ],
  };
}

function receivers() {
  return [
    windowAround("2^31", B31),
    windowAround("2^32", B32),
    windowAround("2^53", B53),
    windowAround("2^63", B63),
    windowAround("2^64", MAX),
    epochAround("2^31", B31),
    epochAround("2^32", B32),
    epochAround("2^53", B53),
    epochAround("2^63", B63),
    {
      name: "epoch-low-words-mislead",
      steps: [
        accept("low word 1", at(B32 + 1n, 1n), B32 + 1n),
        drop("greater low word, smaller epoch", at(5n, 1n), B32 + 1n),
        accept("smaller low word, greater epoch", at(2n * B32, 1n), 2n * B32),
      ],
    },
    {
      name: "last-epoch-and-last-seq",
      steps: [
        accept("both at their maximum", at(MAX, MAX), MAX),
        drop("copy", at(MAX, MAX), MAX),
        drop("number 0 after the last one", at(MAX, 0n), MAX),
        drop("older epoch", at(MAX - 1n, 1n), MAX),
        accept("one back", at(MAX, MAX - 1n), MAX),
      ],
    },
    {
      name: "window-64-and-1",
      steps: [
        accept("64", at(M, 64n), M),
        accept("1, 63 back", at(M, 1n), M),
        drop("1 again", at(M, 1n), M),
        drop("0, 64 back", at(M, 0n), M),
      ],
    },
    {
      name: "window-jump-of-63",
      steps: [
        accept("1", at(M, 1n), M),
        accept("64", at(M, 64n), M),
        drop("1 is still known", at(M, 1n), M),
        accept("30 is new", at(M, 30n), M),
        drop("30 again", at(M, 30n), M),
      ],
    },
    {
      name: "window-jump-of-64-and-100",
      steps: [
        accept("1", at(M, 1n), M),
        accept("65: the map is cleared", at(M, 65n), M),
        drop("1 is 64 back", at(M, 1n), M),
        accept("2 is 63 back", at(M, 2n), M),
        accept("165", at(M, 165n), M),
        drop("65 is 100 back", at(M, 65n), M),
        drop("101 is 64 back", at(M, 101n), M),
        accept("102 is 63 back", at(M, 102n), M),
      ],
    },
    {
      name: "window-jump-of-exactly-2^32",
      steps: [
        accept("7", at(M, 7n), M),
        accept("7 + 2^32: a shift by its low word would change nothing", at(M, 7n + B32), M),
        accept("one back, not yet seen", at(M, 6n + B32), M),
        drop("7 is far too old", at(M, 7n), M),
      ],
    },
    {
      name: "window-zero-once",
      steps: [
        accept("0 in a fresh window", at(M, 0n), M),
        drop("0 again", at(M, 0n), M),
        accept("1", at(M, 1n), M),
      ],
    },
    {
      name: "forgeries-change-nothing",
      steps: [
        accept("honest", at(M, 10n), M),
        drop("epoch raised to the maximum", at(M, 11n, { change: set(4, ...Array(8).fill(255)) }), M),
        drop("epoch raised by one", at(M, 11n, { change: flip(4) }), M),
        drop("number raised to the maximum", at(M, 11n, { change: set(12, ...Array(8).fill(255)) }), M),
        drop("high word of the number altered", at(M, 11n, { change: flip(16) }), M),
        drop("first body byte altered", at(M, 11n, { change: flip(20) }), M),
        drop("last body byte altered", at(M, 11n, { change: flip(39, 0x80) }), M),
        drop("first tag byte altered", at(M, 11n, { change: flip(-16) }), M),
        drop("last tag byte altered", at(M, 11n, { change: flip(-1, 0x80) }), M),
        drop("one byte short", at(M, 11n, { change: cut(55) }), M),
        drop("one byte long", at(M, 11n, { change: grow(1) }), M),
        accept("the honest one still passes", at(M, 11n), M),
        accept("and the window did not move", at(M, 9n), M),
      ],
    },
    {
      name: "runts",
      steps: [0, 1, 19, 20, 35, 36].map((length) =>
        drop(`cut to ${length} bytes`, at(M, 1n, { change: cut(length) }), 0n),
      ),
    },
    {
      name: "header-rules",
      steps: [
        drop("version 0", at(M, 1n, { change: set(0, 0) }), 0n),
        drop("version 2", at(M, 1n, { change: set(0, 2) }), 0n),
        drop("version 255", at(M, 1n, { change: set(0, 255) }), 0n),
        ...[1, 2, 3, 4, 5, 6, 7].map((bit) =>
          drop(`reserved flag bit ${bit}`, at(M, 1n, { change: set(1, 1 << bit) }), 0n),
        ),
        drop("keepalive with a reserved bit", at(M, 1n, { change: set(1, 0x81) }), 0n),
        drop("epoch 0, sealed as such", at(0n, 1n), 0n),
        accept("honest", at(M, 1n), M),
      ],
    },
    {
      name: "keepalives",
      steps: [
        accept("keepalive", at(M, 1n, { flags: KEEPALIVE, plaintext: EMPTY }), M),
        drop("its copy", at(M, 1n, { flags: KEEPALIVE, plaintext: EMPTY }), M),
        drop(
          "sealed for another epoch",
          at(M + 1n, 2n, { flags: KEEPALIVE, plaintext: EMPTY, change: flip(4, 3) }),
          M,
        ),
        accept("data shares its counter", at(M, 2n), M),
        drop("a keepalive with that number", at(M, 2n, { flags: KEEPALIVE, plaintext: EMPTY }), M),
        accept("a newer epoch by keepalive", at(M + 5n, 1n, { flags: KEEPALIVE, plaintext: EMPTY }), M + 5n),
        drop("data of the older epoch", at(M, 3n), M + 5n),
      ],
    },
    {
      name: "preloaded-maximum",
      init: MAX,
      steps: [drop("older", at(MAX - 1n, 1n), MAX), accept("same epoch, cached key", at(MAX, 1n), MAX)],
    },
    {
      name: "preloaded-then-newer",
      init: B53 + 1n,
      steps: [
        drop("older by one, equal as a double", at(B53, 1n), B53 + 1n),
        accept("same", at(B53 + 1n, 1n), B53 + 1n),
        accept("newer by one", at(B53 + 2n, 1n), B53 + 2n),
      ],
    },
  ];
}

// --- The file ---

const hex = (buffer) => buffer.toString("hex");

function receiverCase({ name, init = 0n, steps }, index) {
  const link = { psk: bytes(`receiver psk ${name}`, 32), from: 11 + index, to: 500 + index };
  return {
    name,
    link: { psk: hex(link.psk), from_id: link.from, to_id: link.to },
    init_epoch: init,
    steps: steps.map(({ note, change = (datagram) => datagram, expect, after, ...sent }) => ({
      note,
      datagram: hex(change(seal(link, sent))),
      expect,
      plaintext: expect === "accept" ? hex(sent.plaintext ?? PACKET) : null,
      epoch_after: after,
    })),
  };
}

/** The whole file as text. Integers above 2^53 stand in it as JSON integers. */
export function makeVectors() {
  const list = senders();
  const file = {
    protocol: "subnetra",
    wire_version: 1,
    header_len: 20,
    tag_len: 16,
    max_plaintext: 1452,
    aead: "ChaCha20-Poly1305",
    kdf: "Blake2b-256 (keyed)",
    vectors: list.map((vector) => ({
      name: vector.name,
      input: {
        psk: hex(vector.psk),
        from_id: vector.from,
        to_id: vector.to,
        epoch: vector.epoch,
        seq: vector.seq,
        plaintext: hex(vector.plaintext),
      },
      output: {
        link_key: hex(linkKey(vector)),
        session_key: hex(sessionKey(linkKey(vector), vector.epoch)),
        datagram: hex(seal(vector, vector)),
      },
    })),
    receiver_cases: receivers().map(receiverCase),
    obfuscated_vectors: list.map((vector) => ({
      name: vector.name,
      datagram: hex(mask(vector, seal(vector, vector))),
    })),
  };
  const text = JSON.stringify(file, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 1);
  return `${text.replace(/"(\d+)n"/g, "$1")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === "--check") {
    if (readFileSync(FILE, "utf8") !== makeVectors()) {
      console.error("test/vectors/subnetra-edge-v1.json is stale: run node scripts/make-vectors.mjs");
      process.exit(1);
    }
  } else {
    writeFileSync(FILE, makeVectors());
  }
}
