// What happens to peers, one line each on standard error, daemon-cli.md §11.
//
// The packets' way knows nothing of it: the engine compares each peer with what was told of it last, and is asked to at
// most once a second, in pieces. Nothing here waits: when nobody takes what is printed, it is counted as left out.

import {
  NEWS_BACK,
  NEWS_HEARD,
  NEWS_MOVED,
  NEWS_SILENT,
  NO_ALARM,
  PEER_ENDPOINT,
  PEER_ID,
  PEER_STRIDE,
  REGION_PEERS,
  REGION_SCRATCH,
} from "../engine/abi.ts";
import type { Host } from "./host.ts";
import type { Task } from "./schedule.ts";
import { formatSockaddr } from "./sockaddr.ts";
import { POLL_WRITE, STDERR } from "./sys.ts";

/** Lines in a second, before those left out are only counted. */
const LINES = 10;
/** Peers that are looked at, and those told of, in one piece: a fraction of a millisecond. */
const PIECE = 1024;
const TOLD_PIECE = 64;

const MS_PER_S = 1000;

export class PeerEvents implements Task {
  private readonly host: Host;
  private readonly labels: readonly string[];
  due = NO_ALARM;
  /** Next peer of the round under way, -1 between rounds. */
  private next = -1;
  /** The second in which the last round began. */
  private began = -1;
  /** Datagrams have arrived during the round under way. */
  private again = false;
  private lines: string[] = [];
  private left = 0;

  /** @param labels names of the peers in configuration order as fields of a line (fieldText), "" when unset */
  constructor(host: Host, labels: readonly string[]) {
    this.host = host;
    this.labels = labels;
  }

  /** A round is due in this second, or in the next one when this has had its round. */
  stir(now: number): void {
    if (this.next >= 0) this.again = true;
    this.due = Math.min(this.due, now > this.began ? now : now + 1);
  }

  look(now: number): void {
    if (now < this.due) return;
    if (this.next < 0) {
      this.next = 0;
      this.began = now;
    }
    const { call } = this.host.engine;
    const peers = call.peerCount();
    const end = Math.min(peers, this.next + PIECE);
    for (let told = 0; told < TOLD_PIECE; told++) {
      const peer = call.peerNews(this.next, end);
      if (peer < 0) {
        if (end === peers) this.finish(now);
        else this.next = end;
        return;
      }
      this.tell(peer);
      // It is looked at once more, so that it takes part in what is due next.
      this.next = peer;
    }
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

  private finish(now: number): void {
    const { engine, sys } = this.host;
    this.next = -1;
    const timeout = engine.call.newsTimeout();
    // Up to a second early by what the clock has passed of this one: then the next second has a round too.
    this.due = timeout < 0 ? NO_ALARM : now + Math.max(1, Math.ceil(timeout / MS_PER_S));
    if (this.again) this.due = now + 1;
    this.again = false;
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
