// wire-decode: opens captured datagrams offline (tools.md), from hexadecimal text, pcap or pcapng.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { parseDecimal } from "../../core/decimal.ts";
import type { Host } from "../../core/host.ts";
import { STDOUT } from "../../core/sys.ts";
import { type Arguments, ToolFailure } from "../../core/tools/arguments.ts";
import { isCapture, readCapture } from "../../core/tools/capture.ts";
import { type Decoded, Decoder, innerLine, MAX_KEYS, SMALLEST_DATAGRAM } from "../../core/tools/decoder.ts";
import { fromHex } from "../../core/tools/hex.ts";
import { readKey } from "../../core/tools/keys.ts";
import type { Tool } from "../../core/tools/tool.ts";
import { HEADER_LENGTH, MAX_DATAGRAM, MAX_PLAINTEXT, TAG_LENGTH } from "../../engine/abi.ts";
import { pcapngHead, pcapngPacket } from "./pcapng.ts";

const U32 = 4294967295;
const STREAM_LIMIT = 1 << 20;
/** Longest datagram of --data: the largest one a node emits. */
const LONGEST = HEADER_LENGTH + MAX_PLAINTEXT + TAG_LENGTH;

const HELP = `usage: subnetra wire-decode --data HEX (--psk HEX | --psk-file FILE) --to ID
                            [--from ID]
       subnetra wire-decode --stream (--key FROM:TO:HEX | --key-file FILE) ...
       subnetra wire-decode --read FILE (--key ... | --key-file FILE) ...
                            [--write OUT.pcapng]

  --data HEX        one datagram
  --psk, --psk-file its link's key; a file, or "-" for standard input,
                    keeps it out of process listings
  --to, --from ID   receiver and sender (default: whom the header names)
  --stream          hexadecimal datagrams on standard input, one a line,
                    at most 1 MiB
  --read FILE       a capture: pcap or pcapng, as tcpdump -w writes it
  --key FROM:TO:HEX a link and its key; up to ${MAX_KEYS}
  --key-file FILE   the same, one a line ("#" starts a comment)
  --write FILE      the decrypted inner packets as pcapng, mode 0600

Obfuscated and plain datagrams are recognised. Replays and the order of epochs
are not checked.

Example:
  tcpdump -i eth0 -w mesh.pcap udp port 18020
  subnetra wire-decode --read mesh.pcap --key-file link.keys --write in.pcapng
`;

function number(text: string): number {
  return parseDecimal(text, 0, text.length, U32);
}

function headerText(found: Decoded): string {
  return `version=${found.version} flags=${found.flags} key_id=${found.keyId} epoch=${found.epoch} seq=${found.seq}`;
}

/** The result of one datagram of many, without its number; the inner line follows when there is one. */
class Bulk {
  private readonly host: Host;
  private readonly decoder: Decoder;
  private readonly totals = { decoded: 0, authFailed: 0, noKey: 0, skipped: 0 };
  private count = 0;

  constructor(host: Host, decoder: Decoder) {
    this.host = host;
    this.decoder = decoder;
  }

  skip(why: string): void {
    this.count++;
    this.totals.skipped++;
    this.print(`skipped (${why})`);
  }

  /** Decodes the datagram in the decoder's memory. Returns the length of the plaintext, or -1. */
  take(length: number): number {
    if (length < SMALLEST_DATAGRAM || length > MAX_DATAGRAM) {
      this.skip("not a v1 subnetra datagram");
      return -1;
    }
    const found = this.decoder.decode(length);
    if (found.form === null) {
      this.skip("not a v1 subnetra datagram");
      return -1;
    }
    this.count++;
    if (found.length >= 0) this.opened(found);
    else if (found.matched) {
      this.totals.authFailed++;
      this.print("auth FAIL (key matched key_id but did not authenticate)");
    } else {
      this.totals.noKey++;
      this.print(`no key for key_id=${found.keyId}`);
    }
    return found.length;
  }

  summary(): void {
    const { decoded, authFailed, noKey, skipped } = this.totals;
    const text = `decoded=${decoded} auth_failed=${authFailed} no_key=${noKey} skipped=${skipped}`;
    this.host.sys.print(STDOUT, `\nsummary: ${text}\n`);
  }

  private opened(found: Decoded): void {
    this.totals.decoded++;
    const inner = innerLine(this.host.engine.u8, this.decoder.plaintext, found.length);
    this.print(`auth OK   key_id=${found.keyId} epoch=${found.epoch} seq=${found.seq}\n  ${inner}`);
  }

  private print(text: string): void {
    this.host.sys.print(STDOUT, `[${this.count}] ${text}\n`);
  }
}

function single(host: Host, decoder: Decoder, args: Arguments): number {
  const { sys, engine } = host;
  const data = args.required("--data", "<hex>");
  args.required("--to", "<id>");
  const to = args.number("--to", 0, U32, "--to must be an integer");
  const length = fromHex(data, engine.u8, decoder.datagram, LONGEST);
  if (length < 0) throw new ToolFailure("--data is not valid hex (or too long)");
  if (length < HEADER_LENGTH) throw new ToolFailure("datagram too short to hold a header", "TooShort");
  // Without --from the sender is the one the header names, which an obfuscated header hides.
  const named = engine.u8[decoder.datagram + 2]! + engine.u8[decoder.datagram + 3]! * 256;
  const from = args.number("--from", named, U32, "--from must be an integer");
  readKey(host, args, decoder.keyRoom);
  decoder.add(from, to);
  const found = length < SMALLEST_DATAGRAM ? null : decoder.decode(length, from);
  if (found !== null) sys.print(STDOUT, `header: ${headerText(found)}\n`);
  if (found === null || found.length < 0) {
    const hint = args.value("--from") === null ? "; an obfuscated header needs --from" : "";
    sys.print(STDOUT, "auth FAIL (wrong PSK/ids, tampered, or truncated)\n");
    throw new ToolFailure(`the datagram could not be opened${hint}`, "AuthFailed");
  }
  if (found.form === "obfuscated") sys.print(STDOUT, "form: obfuscated\n");
  sys.print(STDOUT, `auth OK\n  ${innerLine(engine.u8, decoder.plaintext, found.length)}\n`);
  return 0;
}

function addKeys(decoder: Decoder, args: Arguments, mode: string): void {
  const texts = args.list("--key").slice();
  const path = args.value("--key-file");
  if (path === "-" && mode === "--stream")
    throw new ToolFailure("--stream and --key-file - would both read standard input");
  if (path !== null) {
    for (const line of readText(path).split("\n")) {
      const text = line.replace(/#.*/, "").trim();
      if (text !== "") texts.push(text);
    }
  }
  if (texts.length === 0) throw new ToolFailure(`${mode} needs at least one --key from:to:64hex`);
  for (const text of texts) {
    if (!decoder.addText(text, number))
      throw new ToolFailure(`invalid --key (expected from:to:64hex, max ${MAX_KEYS})`);
  }
}

function readText(path: string): string {
  return readBytes(path).toString("latin1");
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new ToolFailure(`${path}: ${(error as NodeJS.ErrnoException).code}`, "FileNotFound");
  }
}

/** Creates the file for the inner packets. An existing one is left alone: others may be allowed to read it. */
function create(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    throw unwritten(path, error);
  }
}

function unwritten(path: string, error: unknown): ToolFailure {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new ToolFailure(`cannot write ${path} (${code === "EEXIST" ? "it exists" : code})`, "WriteFailed");
}

function write(fd: number, path: string, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    throw unwritten(path, error);
  }
}

function stream(host: Host, decoder: Decoder, args: Arguments): number {
  addKeys(decoder, args, "--stream");
  const text = readText("-");
  if (text.length > STREAM_LIMIT) throw new ToolFailure("more than 1 MiB on standard input; use --read");
  const bulk = new Bulk(host, decoder);
  for (const line of text.split("\n")) {
    const hex = line.trim();
    if (hex === "") continue;
    const length = fromHex(hex, host.engine.u8, decoder.datagram, MAX_DATAGRAM);
    if (length < 0) bulk.skip("not hex");
    else bulk.take(length);
  }
  bulk.summary();
  return 0;
}

function capture(host: Host, decoder: Decoder, path: string, args: Arguments): number {
  addKeys(decoder, args, "--read");
  const bytes = readBytes(path);
  if (!isCapture(bytes)) throw new ToolFailure(`${path} is neither pcap nor pcapng`);
  const target = args.value("--write");
  const out = target === null ? -1 : create(target);
  try {
    if (out >= 0) write(out, target!, pcapngHead());
    const bulk = new Bulk(host, decoder);
    for (const { offset, length, seconds, nanoseconds } of readCapture(bytes)) {
      const { u8 } = host.engine;
      if (length <= MAX_DATAGRAM) u8.set(bytes.subarray(offset, offset + length), decoder.datagram);
      const opened = bulk.take(length);
      if (out >= 0 && opened > 0) {
        const packet = u8.subarray(decoder.plaintext, decoder.plaintext + opened);
        write(out, target!, pcapngPacket(packet, seconds, nanoseconds));
      }
    }
    bulk.summary();
    return 0;
  } finally {
    if (out >= 0) closeSync(out);
  }
}

export const WIRE_DECODE: Tool = {
  name: "wire-decode",
  help: HELP,
  grammar: {
    values: ["--data", "--psk", "--psk-file", "--to", "--from", "--read", "--write", "--key-file"],
    switches: ["--stream"],
    lists: ["--key"],
  },
  run(host: Host, args: Arguments): number {
    const decoder = new Decoder(host);
    try {
      if (args.has("--stream")) return stream(host, decoder, args);
      const path = args.value("--read");
      return path === null ? single(host, decoder, args) : capture(host, decoder, path, args);
    } finally {
      decoder.wipe();
    }
  },
};
