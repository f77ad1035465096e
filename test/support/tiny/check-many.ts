// A test program of the tiny build: judges many configurations in one process, exactly as `subnetrad --check` judges one.
//
// Standard input holds documents, each behind a line with its length in bytes. For each one line goes to standard
// output: the exit status, a space, and what the daemon printed, with line ends as `\n`.

import { startDaemon } from "../../../src/core/daemon.ts";
import type { Host } from "../../../src/core/host.ts";
import { ENOENT, STDOUT, type Sys } from "../../../src/core/sys.ts";
import { REGION_SCRATCH } from "../../../src/engine/abi.ts";

const STDIN = 0;
const CHUNK = 65536;
/** A descriptor that no open file has. */
const DOCUMENT = 1000;
const NEWLINE = 10;

/** Bytes from standard input, kept outside engine memory, which every document lays out anew. */
class Input {
  private readonly host: Host;
  private readonly chunk = new Uint8Array(CHUNK);
  private at = 0;
  private end = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** The next byte, -1 at the end. */
  byte(): number {
    if (this.at === this.end) {
      const { engine, sys } = this.host;
      const scratch = engine.call.region(REGION_SCRATCH);
      this.end = Math.max(0, sys.read(STDIN, scratch, CHUNK));
      this.at = 0;
      for (let i = 0; i < this.end; i++) this.chunk[i] = engine.u8[scratch + i]!;
      if (this.end === 0) return -1;
    }
    return this.chunk[this.at++]!;
  }

  /** The number on the next line, -1 at the end. */
  length(): number {
    let value = -1;
    for (let byte = this.byte(); byte >= 0 && byte !== NEWLINE; byte = this.byte()) {
      value = Math.max(value, 0) * 10 + byte - 48;
    }
    return value;
  }

  document(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.byte();
    return bytes;
  }
}

/** The daemon's system, but for one file that holds the document and output that is kept. */
class CheckedSystem {
  printed = "";
  private readonly host: Host;
  private readonly document: Uint8Array;
  private position = 0;

  constructor(host: Host, document: Uint8Array) {
    this.host = host;
    this.document = document;
  }

  /** As a Sys: everything else is the real one. */
  sys(): Sys {
    const sys = Object.create(this.host.sys) as { -readonly [K in keyof Sys]: Sys[K] };
    sys.open = () => DOCUMENT;
    sys.close = () => 0;
    // No file system stands behind the document: who may read it is tested elsewhere.
    sys.fstat = () => -ENOENT;
    sys.read = (_fd, offset, length) => this.read(offset, length);
    sys.print = (_stream, text) => {
      this.printed += text;
    };
    return sys;
  }

  private read(offset: number, length: number): number {
    const count = Math.min(length, this.document.length - this.position);
    for (let i = 0; i < count; i++) this.host.engine.u8[offset + i] = this.document[this.position++]!;
    return count;
  }
}

/** Judges every document on standard input. Returns the exit status 0. */
export function checkMany(host: Host): number {
  const input = new Input(host);
  for (let length = input.length(); length >= 0; length = input.length()) {
    const checked = new CheckedSystem(host, input.document(length));
    const result = startDaemon({ engine: host.engine, sys: checked.sys() }, [
      "--check",
      "--config",
      "document",
    ]);
    const status = "exit" in result ? result.exit : result.stop();
    host.sys.print(STDOUT, `${status} ${checked.printed.split("\n").join("\\n")}\n`);
  }
  return 0;
}
