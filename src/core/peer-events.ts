// What happens to peers, one line each on standard error, daemon-cli.md §11.
//
// The packets' way knows nothing of it: the engine compares each peer with what was told of it last, and is asked to at
// most once a second, in pieces. Nothing here waits: when nobody takes what is printed, it is counted as left out.

import {
  CLOCK_MONOTONIC,
  NEWS_BACK,
  NEWS_HEARD,
  NEWS_MOVED,
  NEWS_SILENT,
  PEER_ENDPOINT,
  PEER_ID,
  PEER_STRIDE,
  REGION_CLOCK,
  REGION_PEERS,
  REGION_SCRATCH,
} from "../engine/abi.ts";
import type { Host } from "./host.ts";
import { formatSockaddr } from "./sockaddr.ts";
import { POLL_WRITE, STDERR } from "./sys.ts";

/** Lines in a second, before those left out are only counted. */
const LINES = 10;
/** Milliseconds between the beginnings of two rounds. */
const PACE = 1000;
/** Peers that are looked at, and those told of, in one piece: a fraction of a millisecond. */
const PIECE = 1024;
const TOLD_PIECE = 64;

const MS_PER_S = 1000;
const NS_PER_MS = 1000000;
/** Seconds of the clock that are kept of it: milliseconds must not lose their precision. */
const SECONDS_MASK = 0x0fffffff;

export class PeerEvents {
  private readonly host: Host;
  private readonly labels: readonly string[];
  private readonly clock: number;
  /** Something has arrived since the last round began. */
  private stirred = false;
  /** Next peer of the round under way, -1 between rounds. */
  private next = -1;
  /** When the last round began, and when the next is due without anything arriving (-1: never), by now(). */
  private began: number;
  private due = -1;
  private lines: string[] = [];
  private left = 0;

  /** @param labels names of the peers in configuration order as fields of a line (fieldText), "" when unset */
  constructor(host: Host, labels: readonly string[]) {
    this.host = host;
    this.labels = labels;
    this.clock = (host.engine.call.region(REGION_CLOCK) + CLOCK_MONOTONIC) >> 2;
    this.began = this.now() - PACE;
  }

  /** Datagrams have arrived. */
  stir(): void {
    this.stirred = true;
  }

  /** Milliseconds until look() has something to do by REGION_CLOCK, -1 when it waits for stir(). */
  timeout(): number {
    if (this.next >= 0) return 0;
    const paced = this.began + PACE;
    if (!this.stirred && this.due < 0) return -1;
    const at = this.stirred || this.due < paced ? paced : this.due;
    return Math.max(0, at - this.now());
  }

  /** Does a piece of work if it is time. REGION_CLOCK is fresh. */
  look(): void {
    if (this.timeout() !== 0) return;
    if (this.next < 0) this.begin();
    const { call } = this.host.engine;
    const peers = call.peerCount();
    const end = Math.min(peers, this.next + PIECE);
    for (let told = 0; told < TOLD_PIECE; told++) {
      const peer = call.peerNews(this.next, end);
      if (peer < 0) {
        if (end === peers) this.finish();
        else this.next = end;
        return;
      }
      this.tell(peer);
      // It is looked at once more, so that it takes part in what is due next.
      this.next = peer;
    }
  }

  /** Milliseconds of the monotonic clock. */
  private now(): number {
    const { u32 } = this.host.engine;
    const seconds = u32[this.clock]! & SECONDS_MASK;
    return seconds * MS_PER_S + Math.floor(u32[this.clock + 2]! / NS_PER_MS);
  }

  private begin(): void {
    this.next = 0;
    this.stirred = false;
    this.began = this.now();
  }

  private tell(peer: number): void {
    const { engine } = this.host;
    const old = engine.call.region(REGION_SCRATCH);
    const news = engine.call.takeNews(peer, old);
    if (this.lines.length < LINES) this.lines.push(this.line(peer, news, formatSockaddr(engine.u8, old)));
    else this.left++;
  }

  private line(peer: number, news: number, old: string): string {
    const { engine } = this.host;
    const record = engine.call.region(REGION_PEERS) + peer * PEER_STRIDE;
    const endpoint = formatSockaddr(engine.u8, record + PEER_ENDPOINT);
    const label = this.labels[peer] || "";
    const who = `peer ${engine.u32[(record + PEER_ID) >> 2]}${label === "" ? "" : ` (${label})`}`;
    const moved = old === endpoint ? endpoint : `${endpoint}, before at ${old}`;
    if (news === NEWS_HEARD) return `${who} is heard for the first time, at ${endpoint}\n`;
    if (news === NEWS_MOVED) return `${who} moved from ${old} to ${endpoint}\n`;
    if (news === NEWS_BACK) return `${who} is back, at ${moved}\n`;
    if (news === NEWS_SILENT)
      return `${who} is silent: not heard for ${engine.call.peerAge(peer)} s, last at ${endpoint}\n`;
    return "";
  }

  private finish(): void {
    const { engine, sys } = this.host;
    this.next = -1;
    const timeout = engine.call.newsTimeout();
    this.due = timeout < 0 ? -1 : this.now() + timeout;
    if (this.lines.length === 0 && this.left === 0) return;
    // A pipe that says so takes 4 KiB without waiting, and eleven lines are shorter.
    if (sys.poll(STDERR, POLL_WRITE, 0) === 0) {
      this.left += this.lines.length;
    } else {
      const rest = this.left === 0 ? "" : `${this.left} more changes of peers (see: subnetra peers)\n`;
      sys.print(STDERR, this.lines.join("") + rest);
      this.left = 0;
    }
    this.lines = [];
  }
}
