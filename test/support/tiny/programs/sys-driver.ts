// Entry of a test program: obeys lines on standard input, so that the static file's Sys can be tried from outside.
//
//   call NAME ARG…      calls native.sys.NAME; an ARG is n<number> or s<text>
//   region ID           the offset of a region
//   put OFFSET HEX      writes bytes to engine memory
//   get OFFSET LENGTH   reads them
//
// Each line is answered with one: n<number>, s<text>, h<hex> or u for nothing. In a text, bytes that would break the
// line are %XX.

import { readText } from "../../../../src/core/memory.ts";
import { STDOUT } from "../../../../src/core/sys.ts";
import {
  DEFAULT_PEERS,
  DEFAULT_RULES,
  DEFAULT_RX_BUFFERS,
  REGION_SCRATCH,
} from "../../../../src/engine/abi.ts";
import type {} from "../../../../src/platform/tiny/native.ts";

const STDIN = 0;
const CHUNK = 65536;
/** Beyond what the one outside uses of the scratch region. */
const INPUT_AT = 2097152;
/** Bytes per print. */
const OUTPUT = 262144;
const HEX = "0123456789abcdef";

type Argument = number | string;
const sys = native.sys as unknown as { [name: string]: (...args: Argument[]) => Argument | null | undefined };

function unescapeText(text: string): string {
  const parts = text.split("%");
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]!;
    parts[i] = String.fromCharCode(parseInt(part.substring(0, 2), 16)) + part.substring(2);
  }
  return parts.join("");
}

function hexByte(byte: number): string {
  return HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
}

function escapeText(text: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x20 && code < 0x7f && code !== 0x25) continue;
    parts.push(text.substring(start, i), `%${hexByte(code)}`);
    start = i + 1;
  }
  parts.push(text.substring(start));
  return parts.join("");
}

function call(name: string, words: string[]): string {
  const args: Argument[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    args.push(word.charAt(0) === "n" ? Number(word.substring(1)) : unescapeText(word.substring(1)));
  }
  const result = sys[name]!.apply(sys, args);
  if (typeof result === "number") return `n${result}`;
  return typeof result === "string" ? `s${escapeText(result)}` : "u";
}

function put(offset: number, hex: string): string {
  const { u8 } = native.engine;
  for (let i = 0; i < hex.length; i += 2) u8[offset + i / 2] = parseInt(hex.substring(i, i + 2), 16);
  return "u";
}

function get(offset: number, length: number): string {
  const digits: string[] = [];
  for (let i = 0; i < length; i++) digits.push(hexByte(native.engine.u8[offset + i]!));
  return `h${digits.join("")}`;
}

function obey(line: string): string {
  const words = line.split(" ");
  if (words[0] === "call") return call(words[1]!, words.slice(2));
  if (words[0] === "put") return put(Number(words[1]), words[2]!);
  if (words[0] === "get") return get(Number(words[1]), Number(words[2]));
  return `n${native.engine.call.region(Number(words[1]))}`;
}

native.engine.call.init(DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS);
const input = native.engine.call.region(REGION_SCRATCH) + INPUT_AT;
let parts: string[] = [];
for (;;) {
  const length = native.sys.read(STDIN, input, CHUNK);
  if (length <= 0) break;
  const lines = readText(native.engine.u8, input, length).split("\n");
  for (let i = 0; i < lines.length; i++) {
    parts.push(lines[i]!);
    if (i === lines.length - 1) break;
    const answer = `${obey(parts.join(""))}\n`;
    parts = [];
    for (let at = 0; at < answer.length; at += OUTPUT)
      native.sys.print(STDOUT, answer.substring(at, at + OUTPUT));
  }
}
native.exit(0);
