// What a file of the tiny build must be: small, static, stripped.

import { readFileSync } from "node:fs";
import { SIZE_LIMIT } from "./targets.mjs";

const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const SHT_SYMTAB = 2;

/** The program header types and section types of an ELF file. */
function readElf(bytes) {
  if (bytes.toString("latin1", 0, 4) !== "\x7fELF") throw new Error("not an ELF file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  const half = (at) => view.getUint16(at, little);
  const word = (at) => view.getUint32(at, little);
  const offset = (at) => (wide ? Number(view.getBigUint64(at, little)) : word(at));
  const table = (start, size, count, field) =>
    Array.from({ length: count }, (_, i) => word(start + i * size + field));
  const base = wide ? 54 : 42;
  return {
    programs: table(offset(wide ? 32 : 28), half(base), half(base + 2), 0),
    sections: table(offset(wide ? 40 : 32), half(base + 4), half(base + 6), 4),
  };
}

/** What is wrong with the file at `path`; empty when nothing is. */
export function checkFile(path) {
  const bytes = readFileSync(path);
  const { programs, sections } = readElf(bytes);
  const faults = [];
  if (bytes.length > SIZE_LIMIT) faults.push(`larger than ${SIZE_LIMIT} bytes`);
  if (programs.includes(PT_INTERP) || programs.includes(PT_DYNAMIC)) faults.push("not static");
  if (sections.includes(SHT_SYMTAB)) faults.push("not stripped");
  return faults;
}
