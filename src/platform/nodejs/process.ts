// The process as seen by Sys: environment and standard streams.

import { writeSync } from "node:fs";
import { EAGAIN } from "../../core/sys.ts";
import { poll } from "./libc.ts";
import { structures } from "./native-memory.ts";
import { POLLOUT } from "./posix.ts";

const POLLFD = structures.reserve(8);

/** A string of Node's (UTF-8 outside) as a byte string. */
export function toByteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A byte string as a string of Node's. */
export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Value of an environment variable as a byte string. */
export function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined ? undefined : toByteString(value);
}

/** Writes a whole byte string to a standard stream, waiting while a non-blocking one is full. */
export function print(stream: number, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(stream, bytes, done);
    } catch (error) {
      // Nobody reads any more (EPIPE), or the stream is closed: there is nowhere to report that.
      if ((error as NodeJS.ErrnoException).errno !== -EAGAIN) return;
      waitWritable(stream);
    }
  }
}

function waitWritable(stream: number): void {
  structures.u32[POLLFD >> 2] = stream;
  structures.u32[(POLLFD >> 2) + 1] = POLLOUT;
  poll(structures.address(POLLFD), 1, -1);
}
