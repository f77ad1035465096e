import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSubnetraError } from "../../../src/core/errors.ts";
import { JsonReader } from "../../../src/core/json/reader.ts";

const RUNS = 10000;
const SYNTAX = ["SyntaxError", "UnexpectedEndOfInput"];

/** "ok", or the code with which the reader refuses the document. */
function verdict(bytes: Uint8Array): string {
  const reader = new JsonReader(bytes, bytes.length);
  try {
    reader.skipValue();
    reader.endDocument();
    return "ok";
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    return error.code;
  }
}

/** What the platform's own parser makes of the same bytes. */
function accepts(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** RFC 8259 leaves lone surrogates open: the platform takes them, this reader does not. */
const LONE = /\\u[dD][89a-fA-F]/;

const json = fc
  .jsonValue({ maxDepth: 5 })
  .chain((value) =>
    fc.constantFrom(
      JSON.stringify(value),
      JSON.stringify(value, null, 2),
      JSON.stringify(value, null, "\t\r "),
    ),
  );

test("every valid document is accepted", () => {
  fc.assert(
    fc.property(json, (text) => {
      assert.equal(verdict(Buffer.from(text)), "ok");
    }),
    { numRuns: RUNS },
  );
});

test("strings are read as the platform reads them", () => {
  const unit = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;
  const escaped = (text: string) =>
    `"${Array.from({ length: text.length }, (_, i) => unit(text.charCodeAt(i))).join("")}"`;
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.boolean(), (text, asUnits) => {
      const bytes = Buffer.from(asUnits ? escaped(text) : JSON.stringify(text));
      const reader = new JsonReader(bytes, bytes.length);
      assert.equal(Buffer.from(reader.readString(), "latin1").toString(), text);
      reader.endDocument();
    }),
    { numRuns: RUNS },
  );
});

test("integers are read exactly or refused", () => {
  const digits = fc.oneof(
    fc.nat(4294967295).map(String),
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  );
  fc.assert(
    fc.property(
      digits,
      fc.constantFrom("", ".0", "e0", "E+1"),
      fc.constantFrom(255, 65535, 4294967295),
      (text, tail, max) => {
        const bytes = Buffer.from(`[${text}${tail}]`);
        const reader = new JsonReader(bytes, bytes.length);
        reader.beginArray();
        reader.nextElement();
        const inRange = BigInt(text) >= 0n && BigInt(text) <= BigInt(max);
        if (tail === "" && inRange) assert.equal(reader.readUnsigned(max), Number(text));
        else
          assert.throws(() => reader.readUnsigned(max), { code: tail === "" ? "Overflow" : "InvalidNumber" });
      },
    ),
    { numRuns: RUNS },
  );
});

const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("replace", "insert", "remove", "cut", "double"),
  byte: fc.oneof(
    fc.nat(255),
    fc.constantFrom(...Buffer.from('{}[]",:\\0123456789-+.eE truefalsn\n\xff\x00')),
  ),
});

function mutate(bytes: Buffer, m: { at: number; kind: string; byte: number }): Buffer {
  const at = bytes.length === 0 ? 0 : m.at % bytes.length;
  const before = bytes.subarray(0, at);
  switch (m.kind) {
    case "replace":
      return Buffer.concat([before, Buffer.from([m.byte]), bytes.subarray(at + 1)]);
    case "insert":
      return Buffer.concat([before, Buffer.from([m.byte]), bytes.subarray(at)]);
    case "remove":
      return Buffer.concat([before, bytes.subarray(at + 1)]);
    case "cut":
      return before;
    default:
      return Buffer.concat([before, bytes.subarray(0, m.byte), bytes.subarray(at)]);
  }
}

test("mutated documents are judged as the platform judges them", () => {
  fc.assert(
    fc.property(json, fc.array(mutation, { minLength: 1, maxLength: 4 }), (text, mutations) => {
      const bytes = mutations.reduce(mutate, Buffer.from(text));
      const code = verdict(bytes);
      const expected = accepts(bytes);
      if (expected && code !== "ok" && LONE.test(bytes.toString("latin1"))) return;
      assert.equal(code === "ok", expected, bytes.toString("latin1"));
      if (code !== "ok") assert.ok(SYNTAX.includes(code), code);
    }),
    { numRuns: 2 * RUNS },
  );
});

test("a document cut short says so, or is whole", () => {
  fc.assert(
    fc.property(json, fc.nat(), (text, cut) => {
      const bytes = Buffer.from(text);
      const part = bytes.subarray(0, cut % (bytes.length + 1));
      assert.equal(verdict(part), accepts(part) ? "ok" : "UnexpectedEndOfInput");
    }),
    { numRuns: RUNS },
  );
});

test("random bytes never crash or hang the reader", () => {
  const soup = fc
    .array(fc.constantFrom(...'{}[]",:\\u0dc12e-.tfn \n'), { maxLength: 60 })
    .map((a) => Buffer.from(a.join("")));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), soup), (bytes) => {
      const code = verdict(bytes);
      assert.equal(
        code === "ok",
        accepts(bytes) && !(LONE.test(Buffer.from(bytes).toString("latin1")) && code !== "ok"),
      );
    }),
    { numRuns: 2 * RUNS },
  );
});
