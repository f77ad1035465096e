// Node's own event loop, as something to wait for next to our descriptors.
//
// The node binary exports libuv. Its epoll descriptor becomes readable when any of Node's own events is ready
// (signals, sockets of an embedding program, finished file operations), and uv_backend_timeout says when its next
// timer is due. So one poll waits for everything, and an idle node sleeps without periodic wake-ups.

import { isMainThread, MessageChannel } from "node:worker_threads";
import { bindOptional } from "./libc.ts";

/** Milliseconds after which Node has its turn where libuv is out of reach and its events go unnoticed. */
const BLIND_WAIT = 50;

interface Libuv {
  readonly loop: number;
  readonly updateTime: (loop: number) => number;
  readonly backendTimeout: (loop: number) => number;
  readonly backendFd: (loop: number) => number;
}

function findLibuv(): Libuv | null {
  // A worker thread has a loop of its own, which libuv gives no way to find.
  if (!isMainThread) return null;
  const defaultLoop = bindOptional("uintptr_t uv_default_loop()");
  const updateTime = bindOptional("void uv_update_time(uintptr_t)");
  const backendTimeout = bindOptional("int uv_backend_timeout(uintptr_t)");
  const backendFd = bindOptional("int uv_backend_fd(uintptr_t)");
  if (defaultLoop === null || updateTime === null || backendTimeout === null || backendFd === null)
    return null;
  return { loop: defaultLoop(), updateTime, backendTimeout, backendFd };
}

/** Node's event loop. From the first `resume` until `close` it keeps the process alive. */
export class HostLoop {
  private readonly uv: Libuv | null = findLibuv();
  private channel: MessageChannel | null = null;
  private blindUntil = 0;

  /** Descriptor that is readable when the loop has events, -1 where libuv is out of reach. */
  get fd(): number {
    return this.uv === null ? -1 : this.uv.backendFd(this.uv.loop);
  }

  /**
   * Milliseconds until the loop wants to run, 0 = now, -1 = only on an event. To be asked inside a callback of
   * `resume`: elsewhere it may say 0 without need.
   */
  timeout(): number {
    if (this.uv === null) return Math.max(0, Math.ceil(this.blindUntil - performance.now()));
    this.uv.updateTime(this.uv.loop);
    return this.uv.backendTimeout(this.uv.loop);
  }

  /**
   * Lets the loop handle everything that is ready, then calls back. The message makes the loop's next turn start at
   * once; a setImmediate with a reference would do so too, but while its callback runs libuv says "now" to every
   * question for its timeout.
   */
  resume(callback: () => void): void {
    if (this.channel === null) {
      this.channel = new MessageChannel();
      this.channel.port2.on("message", () => {});
    }
    setImmediate(() => {
      this.blindUntil = performance.now() + BLIND_WAIT;
      callback();
    }).unref();
    this.channel.port1.postMessage(0);
  }

  /** Lets the process end when nothing else keeps it alive. */
  close(): void {
    this.channel?.port1.close();
    this.channel = null;
  }
}
