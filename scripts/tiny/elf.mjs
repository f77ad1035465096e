// What a file of the tiny build must be: small, static, stripped.

import { readFileSync } from "node:fs";
import { SIZE_LIMIT } from "./targets.mjs";

const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const SHT_SYMTAB = 2;

/** The program header types and section types of a little-endian ELF file. */
function readElf(bytes) {
  if (bytes.toString("latin1", 0, 4) !== "\x7fELF" || bytes[5] !== 1)
    throw new Error("not a little-endian ELF file");
  const wide = bytes[4] === 2;
  const offset = (at) => (wide ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  const table = (start, size, count, field) =>
    Array.from({ length: count }, (_, i) => bytes.readUInt32LE(start + i * size + field));
  const base = wide ? 54 : 42;
  return {
    programs: table(offset(wide ? 32 : 28), bytes.readUInt16LE(base), bytes.readUInt16LE(base + 2), 0),
    sections: table(offset(wide ? 40 : 32), bytes.readUInt16LE(base + 4), bytes.readUInt16LE(base + 6), 4),
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
