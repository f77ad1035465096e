// A test verb: known answers through the engine of this file, for CPUs that nobody has at hand.
//
// Each line of the answers is one case; numbers of 64 bits are 16 hex digits, low byte first, "-" is no bytes:
//   seal <psk> <from> <to> <epoch> <seq> <plaintext> <link key> <session key> <datagram> <masked datagram>
//   chain <key> <packets> <tag>                the tag of the last of many packets of all lengths, see chain
//   link <psk> <from> <to> <epoch>             a receiver <to> that has adopted this epoch from <from>
//   recv <datagram> accept|drop <plaintext> <epoch>   what that receiver does, and the epoch it has then

import { ANY, writePrefix } from "../../core/cidr.ts";
import type { Host } from "../../core/host.ts";
import { OPEN_READ, STDERR, STDOUT, type Sys } from "../../core/sys.ts";
import {
  COUNTER_DROP_UDP_AUTH_OR_INVALID,
  COUNTER_DROP_UDP_SCAN_BUDGET,
  COUNTER_DROP_UDP_UNKNOWN_PEER,
  DEFAULT_RX_BUFFERS,
  HEADER_LENGTH,
  KEY_LENGTH,
  PEER_EPOCH,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_PEERS,
  REGION_RX,
  REGION_RXD,
  REGION_SCRATCH,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
  SCRATCH_LENGTH,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { KNOWN_ANSWERS } from "./known-answers.ts";

/** Places in scratch memory for the parts of a case. */
const PSK = 0;
const LINK = 32;
const SESSION = 64;
const EPOCH = 96;
const SEQUENCE = 104;
const ALLOWED = 112;
const PLAINTEXT = 2048;
const DATAGRAM = 4096;

/** Packet i of a chain has i times CHAIN_STEP bytes, modulo CHAIN_LONGEST. */
const CHAIN_STEP = 29;
const CHAIN_LONGEST = 1501;
const TAG_LENGTH = 16;

/** 127.0.0.1:18020 as it stands in a sockaddr_in. */
const LOOPBACK = 0x0100007f;
const PORT = 0x6446;

class Tester {
  private readonly engine: Engine;
  private readonly sys: Sys;
  private scratch = 0;

  constructor(host: Host) {
    this.engine = host.engine;
    this.sys = host.sys;
    this.layOut();
  }

  /** What is wrong with one line, "" when nothing is. */
  line(words: string[]): string {
    if (words[0] === "seal") return this.seal(words);
    if (words[0] === "chain") return this.chain(words);
    if (words[0] === "link") return this.link(words);
    if (words[0] === "recv") return this.receive(words);
    return "unknown kind of case";
  }

  private layOut(): void {
    this.engine.call.init(1, 1, DEFAULT_RX_BUFFERS);
    this.scratch = this.engine.call.region(REGION_SCRATCH);
    this.sys.clock(this.engine.call.region(REGION_CLOCK));
    this.engine.call.startEpoch();
  }

  private seal(words: string[]): string {
    const { call } = this.engine;
    const at = this.scratch;
    const to = Number(words[3]);
    this.put(at + PSK, words[1]!);
    this.put(at + EPOCH, words[4]!);
    this.put(at + SEQUENCE, words[5]!);
    const length = this.put(at + PLAINTEXT, words[6]!);
    call.deriveLinkKey(at + PSK, Number(words[2]), to, at + LINK);
    if (this.hex(at + LINK, KEY_LENGTH) !== words[7]) return "link key";
    call.deriveSessionKey(at + LINK, at + EPOCH, at + SESSION);
    if (this.hex(at + SESSION, KEY_LENGTH) !== words[8]) return "session key";
    const datagram = at + DATAGRAM;
    const total = call.sealDatagram(
      at + SESSION,
      Number(words[2]),
      0,
      at + EPOCH,
      at + SEQUENCE,
      at + PLAINTEXT,
      length,
      datagram,
    );
    if (this.hex(datagram, total) !== words[9]) return "datagram";
    call.maskHeader(at + LINK, datagram, total);
    if (this.hex(datagram, total) !== words[10]) return "masked datagram";
    call.maskHeader(at + LINK, datagram, total);
    if (call.openDatagram(at + SESSION, datagram, total) !== length) return "opening";
    return this.hex(datagram + HEADER_LENGTH, length) === words[6] ? "" : "plaintext";
  }

  /**
   * Seals packet after packet in one place, each over the ciphertext of those before, and puts each tag in the place
   * of the first half of the key. So the last tag depends on every byte.
   */
  private chain(words: string[]): string {
    const { call, u8 } = this.engine;
    const session = this.scratch + SESSION;
    const datagram = this.scratch + DATAGRAM;
    const data = datagram + HEADER_LENGTH;
    this.put(session, words[1]!);
    this.put(this.scratch + EPOCH, "0000000000000000");
    this.put(this.scratch + SEQUENCE, "0000000000000000");
    for (let at = 0; at < CHAIN_LONGEST; at++) u8[data + at] = 0;
    let tag = 0;
    for (let packet = 0; packet < Number(words[2]); packet++) {
      const length = (packet * CHAIN_STEP) % CHAIN_LONGEST;
      if (call.openDatagram(session, datagram, this.sealInPlace(length)) !== length)
        return `opening of packet ${packet}`;
      this.sealInPlace(length);
      tag = data + length;
      for (let at = 0; at < TAG_LENGTH; at++) u8[session + at] = u8[tag + at]!;
    }
    return this.hex(tag, TAG_LENGTH) === words[3] ? "" : "tag";
  }

  /** Seals `length` bytes where they lie in the datagram. Returns its length. */
  private sealInPlace(length: number): number {
    const at = this.scratch;
    const datagram = at + DATAGRAM;
    return this.engine.call.sealDatagram(
      at + SESSION,
      1,
      0,
      at + EPOCH,
      at + SEQUENCE,
      datagram + HEADER_LENGTH,
      length,
      datagram,
    );
  }

  private link(words: string[]): string {
    const { call } = this.engine;
    this.layOut();
    call.setNode(Number(words[3]), 0);
    call.setPlatform(0, 0, this.sys.sockaddrFamily);
    this.put(this.scratch + PSK, words[1]!);
    writePrefix(this.engine, this.scratch + ALLOWED, ANY);
    if (call.addPeer(Number(words[2]), this.scratch + PSK, LOOPBACK, PORT, this.scratch + ALLOWED) !== 0)
      return "adding the peer";
    this.put(this.scratch + EPOCH, words[4]!);
    call.preloadEpoch(0, this.scratch + EPOCH);
    return "";
  }

  private receive(words: string[]): string {
    const { call, u32 } = this.engine;
    const buffer = call.region(REGION_RX);
    const descriptor = call.region(REGION_RXD);
    const length = this.put(buffer, words[1]!);
    u32[(descriptor + RXD_LENGTH) >> 2] = length;
    u32[(descriptor + RXD_SEGMENT) >> 2] = length;
    u32[(descriptor + RXD_SOURCE) >> 2] = this.sys.sockaddrFamily | (PORT << 16);
    u32[(descriptor + RXD_SOURCE + 4) >> 2] = LOOPBACK;
    const before = this.refused();
    call.beginDrain();
    call.udpBatch(0, 1);
    call.udpSettle();
    call.tunSettle();
    const accepted = this.refused() === before;
    if (accepted !== (words[2] === "accept")) return accepted ? "accepted" : "dropped";
    const plaintext = buffer + HEADER_LENGTH;
    if (accepted && this.hex(plaintext, words[3] === "-" ? 0 : words[3]!.length / 2) !== words[3])
      return "plaintext";
    return this.hex(call.region(REGION_PEERS) + PEER_EPOCH, 8) === words[4] ? "" : "epoch";
  }

  private refused(): number {
    const counters = this.engine.call.region(REGION_COUNTERS);
    const low = (counter: number) => this.engine.u32[(counters + counter * 8) >> 2]!;
    return (
      low(COUNTER_DROP_UDP_AUTH_OR_INVALID) +
      low(COUNTER_DROP_UDP_UNKNOWN_PEER) +
      low(COUNTER_DROP_UDP_SCAN_BUDGET)
    );
  }

  /** Writes hex digits as bytes. Returns how many bytes. */
  private put(offset: number, hex: string): number {
    if (hex === "-") return 0;
    for (let i = 0; i < hex.length; i += 2)
      this.engine.u8[offset + i / 2] = parseInt(hex.substring(i, i + 2), 16);
    return hex.length / 2;
  }

  private hex(offset: number, length: number): string {
    if (length === 0) return "-";
    const digits: string[] = [];
    for (let i = 0; i < length; i++) {
      const byte = this.engine.u8[offset + i]!;
      digits.push((byte < 16 ? "0" : "") + byte.toString(16));
    }
    return digits.join("");
  }
}

/** A whole file as text, or null. */
function readFile(host: Host, path: string): string | null {
  const { engine, sys } = host;
  const fd = sys.open(path, OPEN_READ);
  if (fd < 0) return null;
  const scratch = engine.call.region(REGION_SCRATCH);
  const parts: string[] = [];
  for (let n = sys.read(fd, scratch, SCRATCH_LENGTH); n > 0; n = sys.read(fd, scratch, SCRATCH_LENGTH)) {
    for (let i = 0; i < n; i++) parts.push(String.fromCharCode(engine.u8[scratch + i]!));
  }
  sys.close(fd);
  return parts.join("");
}

/** Runs the built-in answers, or those in a file. Returns the exit status: 0 when all are right. */
export function selfTest(host: Host, args: string[]): number {
  const answers = args.length > 0 ? readFile(host, args[0]!) : KNOWN_ANSWERS;
  if (answers === null) {
    host.sys.print(STDERR, `self-test: cannot read ${args[0]}\n`);
    return 1;
  }
  const tester = new Tester(host);
  const lines = answers.split("\n");
  let cases = 0;
  let wrong = 0;
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === "") continue;
    cases++;
    const error = tester.line(lines[i]!.split(" "));
    if (error === "") continue;
    wrong++;
    host.sys.print(STDERR, `self-test: line ${i + 1}: wrong ${error}\n`);
  }
  host.engine.call.wipe();
  host.sys.print(STDOUT, `self-test: ${cases - wrong} of ${cases} right, engine ${native.variant}\n`);
  return wrong === 0 && cases > 0 ? 0 : 1;
}
