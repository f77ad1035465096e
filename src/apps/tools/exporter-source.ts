// The metrics as the exporter hands them out: the daemon is asked at most once a second, whoever asks the exporter.

import { setTimeout as pause } from "node:timers/promises";
import { openStatusSocket, REPLY_TIMEOUT_MS, unreachable } from "../../core/metrics/daemon-status.ts";
import { DOWN, writeMetrics } from "../../core/metrics/metrics.ts";
import { StatusCollector } from "../../core/status/collector.ts";
import { type ClientSys, EAGAIN, errnoOf } from "../../core/sys.ts";

const FRESH_MS = 1000;
/** Pauses between two looks at the socket grow up to this. */
const LONGEST_PAUSE_MS = 20;

export interface Answer {
  readonly text: Buffer;
  /** Why the daemon does not answer, "" when it does. */
  readonly problem: string;
}

export class MetricsSource {
  private readonly sys: ClientSys;
  private readonly notice: (problem: string) => void;
  private asked = Number.NEGATIVE_INFINITY;
  private answer: Promise<Answer> | null = null;
  private busy = false;
  /** The last status needed pages: begin with them. */
  private paged = false;
  private problem = "";

  /** @param notice is told when the daemon stops answering and why, and with "" when it answers again */
  constructor(sys: ClientSys, notice: (problem: string) => void) {
    this.sys = sys;
    this.notice = notice;
  }

  /** The metrics, at most a second old when nobody has to wait for them. Never rejects. */
  get(): Promise<Answer> {
    const now = performance.now();
    if (this.answer !== null && (this.busy || now - this.asked < FRESH_MS)) return this.answer;
    this.asked = now;
    this.busy = true;
    this.answer = this.ask().finally(() => {
      this.busy = false;
    });
    return this.answer;
  }

  private async ask(): Promise<Answer> {
    const status = await this.status();
    const problem = typeof status === "string" ? status : "";
    if (problem !== this.problem) this.notice(problem);
    this.problem = problem;
    const pieces: Buffer[] = [];
    const emit = (piece: string) => pieces.push(Buffer.from(piece, "latin1"));
    if (typeof status === "string") emit(DOWN);
    else writeMetrics(status, emit);
    return { text: Buffer.concat(pieces), problem };
  }

  /** Waits by looking again and again: the socket is the C library's, and the event loop must go on meanwhile. */
  private async status(): Promise<readonly string[] | string> {
    const socket = openStatusSocket(this.sys);
    if (typeof socket === "string") return socket;
    try {
      const collector = new StatusCollector(this.paged);
      let asking = true;
      while (asking) {
        const deadline = performance.now() + REPLY_TIMEOUT_MS;
        let sent = socket.send(collector.request);
        for (let ms = 1; errnoOf(sent) === EAGAIN && sent < 0 && performance.now() < deadline; ms *= 2) {
          await pause(Math.min(ms, LONGEST_PAUSE_MS));
          sent = socket.send(collector.request);
        }
        if (sent < 0) return unreachable(this.sys, errnoOf(sent));
        let reply = socket.receive(0);
        for (let ms = 1; reply === null && performance.now() < deadline; ms *= 2) {
          await pause(Math.min(ms, LONGEST_PAUSE_MS));
          reply = socket.receive(0);
        }
        asking = collector.take(reply);
      }
      this.paged = collector.paged;
      return collector.problem === "" ? collector.parts : collector.problem;
    } finally {
      socket.close();
    }
  }
}
