// Passing open descriptors to the next image of this process, and taking them over there.
//
// The list travels in one environment variable and holds no secret: descriptor numbers, and the paths of files whose
// content waits in sealed memory. The receiver believes none of it: what a descriptor is, the kernel says.

import { readSync, writeSync } from "node:fs";
import { OPEN_READ, STAT_LENGTH } from "../../../core/sys.ts";
import { closeFile, openFile, statOpenFile } from "../files.ts";
import { fcntl, lseek } from "../libc.ts";
import { structures } from "../native-memory.ts";
import {
  ALL_SEALS,
  F_ADD_SEALS,
  F_DUPFD_CLOEXEC,
  F_GET_SEALS,
  F_SETFD,
  FD_CLOEXEC,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_NOEXEC_SEAL,
  SEEK_SET,
} from "./constants.ts";
import { memfdCreate } from "./libc.ts";
import { inspectTun, type TunDevice } from "./tun-device.ts";
import { udpPort } from "./udp-socket.ts";
import { unixName } from "./unix.ts";

const VARIABLE = "SUBNETRA_HANDOFF";
const CHUNK = 65536;
const STAT_WORDS = STAT_LENGTH >> 2;
/** Larger than any configuration or policy file that will be accepted. */
const CAPTURE_LIMIT = 16 << 20;
const NAME = structures.reserve(16);

/** A file opened at start: a descriptor of its content in sealed memory, or -errno of the attempt to open it. */
interface CapturedFile {
  readonly path: string;
  readonly fd: number;
  /** What fstat said of the file itself, word by word; empty for a failed attempt. */
  readonly status: readonly number[];
}

/** What one image of the process leaves to the next. */
export class Handoff {
  tun: TunDevice | null = null;
  readonly udp: { readonly port: number; readonly fd: number }[] = [];
  control: { readonly path: string; readonly fd: number } | null = null;
  readonly files: CapturedFile[] = [];
  /** By open descriptor of a copy: the status of what it is a copy of. */
  private readonly statuses = new Map<number, readonly number[]>();

  /**
   * Opens a file for reading and keeps what it holds now, so that the next image reads the same bytes even where it
   * may no longer open the file, or the file is a pipe. Returns a descriptor or -errno.
   */
  captureFile(path: string): number {
    const fd = openFile(path, OPEN_READ);
    if (fd < 0) {
      this.files.push({ path, fd, status: [] });
      return fd;
    }
    const status = statusWords(fd);
    const copy = sealedCopy(fd);
    // Not readable (a directory) or too large: its reader finds the same error, so there is nothing to hand on.
    if (copy < 0) return openFile(path, OPEN_READ);
    this.files.push({ path, fd: copy, status });
    lseek(copy, 0, SEEK_SET);
    const opened = fcntl(copy, F_DUPFD_CLOEXEC, 0);
    this.statuses.set(opened, status);
    return opened;
  }

  /** The next captured file of this path as a descriptor or -errno; null when there is none. */
  takeFile(path: string): number | null {
    for (let i = 0; i < this.files.length; i++) {
      if (this.files[i]!.path !== path) continue;
      const { fd, status } = this.files.splice(i, 1)[0]!;
      this.statuses.set(fd, status);
      return fd;
    }
    return null;
  }

  /** Writes the status of the file that an open descriptor is a copy of. False when it is no such copy. */
  fstat(fd: number, memory: Uint32Array, offset: number): boolean {
    const status = this.statuses.get(fd);
    if (status === undefined) return false;
    memory.set(status, offset >> 2);
    return true;
  }

  /** Forgets a descriptor that its user closes: the next file may have its number. */
  forget(fd: number): void {
    this.statuses.delete(fd);
  }

  /** The captured UDP sockets of a port: the one that receives, then its lanes. */
  takeUdp(port: number): number[] {
    const taken: number[] = [];
    for (let i = 0; i < this.udp.length; ) {
      if (this.udp[i]!.port === port) taken.push(this.udp.splice(i, 1)[0]!.fd);
      else i++;
    }
    return taken;
  }

  /** The TUN device, once; null when there is none. */
  takeTun(): TunDevice | null {
    const tun = this.tun;
    this.tun = null;
    return tun;
  }

  /** The control socket bound to `path`, once; -1 when there is none. */
  takeControl(path: string): number {
    if (this.control?.path !== path) return -1;
    const fd = this.control.fd;
    this.control = null;
    return fd;
  }

  /**
   * Describes the descriptors in the environment and keeps them open across execve, together with the standard
   * streams, which Node has marked close-on-exec. The files start at their beginning again.
   */
  export(): void {
    const tun = this.tun === null ? -1 : this.tun.fd;
    const control = this.control === null ? -1 : this.control.fd;
    const udp = this.udp.map((socket) => socket.fd);
    const files = this.files.map((file) => [file.path, file.fd, file.status]);
    for (const file of this.files) if (file.fd >= 0) lseek(file.fd, 0, SEEK_SET);
    for (const fd of [0, 1, 2, tun, control, ...udp, ...this.files.map((file) => file.fd)])
      if (fd >= 0) fcntl(fd, F_SETFD, 0);
    process.env[VARIABLE] = JSON.stringify({ pid: process.pid, tun, udp, control, files });
  }

  /** Closes what nobody took. */
  close(): void {
    for (const file of this.files.splice(0)) if (file.fd >= 0) closeFile(file.fd);
    for (const socket of this.udp.splice(0)) closeFile(socket.fd);
    if (this.tun !== null) closeFile(this.tun.fd);
    if (this.control !== null) closeFile(this.control.fd);
  }
}

/** Takes over what the image before this one left, and hides it from later programs. Null when there is nothing. */
export function takeHandoff(): Handoff | null {
  const text = process.env[VARIABLE];
  if (text === undefined) return null;
  delete process.env[VARIABLE];
  const note = parse(text);
  if (note === null) return null;
  const handoff = new Handoff();
  if (note.tun !== -1) {
    handoff.tun = inspectTun(note.tun);
    if (handoff.tun === null) return null;
  }
  for (const fd of note.udp) {
    const port = udpPort(fd);
    if (port < 0) return null;
    handoff.udp.push({ port, fd });
  }
  if (note.control !== -1) {
    const path = unixName(note.control);
    if (path === "") return null;
    handoff.control = { path, fd: note.control };
  }
  for (const [path, fd, status] of note.files) {
    if (fd >= 0 && !isSealed(fd)) return null;
    handoff.files.push({ path, fd, status });
  }
  for (const fd of descriptors(note)) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return handoff;
}

interface Note {
  readonly pid: number;
  readonly tun: number;
  readonly udp: number[];
  readonly control: number;
  readonly files: [string, number, number[]][];
}

function descriptors(note: Note): number[] {
  return [note.tun, note.control, ...note.udp, ...note.files.map((file) => file[1])].filter((fd) => fd >= 0);
}

/** Parses the variable. Null unless it has the right shape, was written by this very process, and names no
 * standard stream and nothing twice. */
function parse(text: string): Note | null {
  let note: Note;
  try {
    note = JSON.parse(text);
  } catch {
    return null;
  }
  if (note === null || typeof note !== "object" || note.pid !== process.pid) return null;
  if (!Number.isInteger(note.tun) || !Number.isInteger(note.control)) return null;
  if (!Array.isArray(note.udp) || !note.udp.every((fd) => Number.isInteger(fd) && fd >= 0)) return null;
  if (!Array.isArray(note.files) || !note.files.every(isFileEntry)) return null;
  const fds = descriptors(note);
  return fds.every((fd) => fd > 2) && new Set(fds).size === fds.length ? note : null;
}

function isFileEntry(entry: unknown): boolean {
  if (!Array.isArray(entry) || entry.length !== 3) return false;
  const [path, fd, status] = entry;
  return (
    typeof path === "string" &&
    Number.isInteger(fd) &&
    Array.isArray(status) &&
    status.length === (fd < 0 ? 0 : STAT_WORDS) &&
    status.every((word) => Number.isInteger(word))
  );
}

/** The record of Sys.fstat. */
function statusWords(fd: number): number[] {
  const words = new Uint32Array(STAT_WORDS);
  statOpenFile(fd, new Uint8Array(words.buffer), 0);
  return Array.from(words);
}

/** True for memory that nobody can change any more. A kernel may have added seals of its own (vm.memfd_noexec). */
function isSealed(fd: number): boolean {
  const seals = fcntl(fd, F_GET_SEALS, 0);
  return seals >= 0 && (seals & ALL_SEALS) === ALL_SEALS;
}

/** An empty file in memory that can be sealed: a descriptor, or negative. */
function openMemory(): number {
  structures.setString(NAME, "subnetra");
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const fd = memfdCreate(structures.address(NAME), flags | MFD_NOEXEC_SEAL);
  return fd >= 0 ? fd : memfdCreate(structures.address(NAME), flags);
}

/** Copies the rest of a file into sealed memory and closes the file. A descriptor at its start, or -1. */
function sealedCopy(fd: number): number {
  const copy = openMemory();
  const buffer = Buffer.alloc(CHUNK);
  try {
    if (copy < 0) return -1;
    for (let total = 0; ; ) {
      const length = readSync(fd, buffer, 0, CHUNK, null);
      if (length === 0) break;
      total += length;
      if (total > CAPTURE_LIMIT) throw new RangeError("too large");
      for (let done = 0; done < length; ) done += writeSync(copy, buffer, done, length - done);
    }
    if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0) throw new Error("cannot seal");
    return copy;
  } catch {
    closeFile(copy);
    return -1;
  } finally {
    // It may have held keys.
    buffer.fill(0);
    closeFile(fd);
  }
}
