// The client's side of the control socket, control-protocol.md §8.

import { type ClientSys, EAGAIN, errnoOf, POLL_READ, POLL_WRITE, UNIX_TEXT_LIMIT } from "../sys.ts";

/** What went wrong when a socket was opened: the name for the error line, and the errno. */
export interface OpenError {
  readonly name: "SocketFailed" | "BindFailed" | "SendFailed";
  readonly errno: number;
}

export class ClientSocket {
  private readonly sys: ClientSys;
  private readonly fd: number;
  private readonly answerable: boolean;

  private constructor(sys: ClientSys, fd: number, answerable: boolean) {
    this.sys = sys;
    this.fd = fd;
    this.answerable = answerable;
  }

  /**
   * Connects to the daemon at `path`, and with `answerable` takes a return address. In this order: once connected,
   * the kernel lets nobody but the daemon send to the socket, and before it has an address nobody can. So no other
   * user can forge a reply.
   */
  static open(sys: ClientSys, path: string, answerable = true): ClientSocket | OpenError {
    const fd = sys.unixOpen(0);
    if (fd < 0) return { name: "SocketFailed", errno: errnoOf(fd) };
    const connected = sys.unixConnect(fd, path);
    const bound = connected < 0 || !answerable ? 0 : sys.unixBind(fd, "", 0o600);
    if (connected >= 0 && bound >= 0) return new ClientSocket(sys, fd, answerable);
    sys.close(fd);
    return connected < 0
      ? { name: "SendFailed", errno: errnoOf(connected) }
      : { name: "BindFailed", errno: errnoOf(bound) };
  }

  /**
   * Sends a request. 0 or -errno.
   *
   * @param patient wait while the daemon's queue is full, instead of failing; by default where no answer can come
   */
  send(text: string, patient = !this.answerable): number {
    for (;;) {
      const sent = this.sys.unixSend(this.fd, text, "");
      if (!patient || errnoOf(sent) !== EAGAIN) return sent;
      this.sys.poll(this.fd, POLL_WRITE, -1);
    }
  }

  /** Waits for one reply: its text, or null after `timeoutMs` in total. */
  receive(timeoutMs: number): string | null {
    const deadline = this.sys.milliseconds() + timeoutMs;
    for (;;) {
      const reply = this.sys.unixReceive(this.fd, UNIX_TEXT_LIMIT);
      if (typeof reply !== "number") return reply;
      if (errnoOf(reply) !== EAGAIN) return null;
      const left = Math.ceil(deadline - this.sys.milliseconds());
      if (left <= 0) return null;
      this.sys.poll(this.fd, POLL_READ, left);
    }
  }

  /** Waits for a POLL_* event, or for `timeoutMs`. */
  await(events: number, timeoutMs: number): void {
    this.sys.poll(this.fd, events, timeoutMs);
  }

  close(): void {
    this.sys.close(this.fd);
  }
}
