// The client's side of the control socket, control-protocol.md §8.

import { CONTROL_BIND, CONTROL_SOCKET, EINTR, EMSGSIZE, ENAMETOOLONG } from "../../../core/sys.ts";
import { closeFile } from "../files.ts";
import { bindSocket, connect, errno, poll, recvfrom, send, sendto, socket } from "../libc.ts";
import { NativeMemory, structures } from "../native-memory.ts";
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM } from "./constants.ts";
import { AUTOBIND_LENGTH, UNIX_ADDRESS, writeUnixAddress } from "./unix-address.ts";

const BUFFER_LENGTH = 1 << 20;
const POLLFD = structures.reserve(8);

export class ControlClient {
  private readonly fd: number;
  private readonly answerable: boolean;
  private readonly memory = new NativeMemory(BUFFER_LENGTH);

  private constructor(fd: number, answerable: boolean) {
    this.fd = fd;
    this.answerable = answerable;
  }

  /** Sys.clientOpen. The client, or -(stage, errno). */
  static open(reply: boolean): ControlClient | number {
    const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -(CONTROL_SOCKET * 4096 + errno());
    if (reply) {
      writeUnixAddress("");
      if (bindSocket(fd, UNIX_ADDRESS, AUTOBIND_LENGTH) < 0) {
        const error = errno();
        closeFile(fd);
        return -(CONTROL_BIND * 4096 + error);
      }
    }
    return new ControlClient(fd, reply);
  }

  /**
   * Sys.clientSend. An answerable client connects first: from then on the kernel lets nobody but the daemon send to
   * it, so no other user can forge a reply.
   */
  send(path: string, text: string): number {
    const to = writeUnixAddress(path);
    if (to === 0) return -ENAMETOOLONG;
    if (text.length > BUFFER_LENGTH) return -EMSGSIZE;
    if (this.answerable && connect(this.fd, UNIX_ADDRESS, to) < 0) return -errno();
    const length = this.memory.setBytes(0, text);
    let sent: number;
    do
      sent = this.answerable
        ? send(this.fd, this.memory.base, length, MSG_DONTWAIT | MSG_NOSIGNAL)
        : sendto(this.fd, this.memory.base, length, MSG_NOSIGNAL, UNIX_ADDRESS, to);
    while (sent < 0 && errno() === EINTR);
    return sent < 0 ? -errno() : 0;
  }

  /** Sys.clientReceive; interruptions do not extend the time. */
  receive(timeoutMs: number): string | null {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const length = recvfrom(this.fd, this.memory.base, BUFFER_LENGTH, MSG_DONTWAIT, 0, 0);
      if (length >= 0) return this.memory.bytes(0, length);
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) return null;
      structures.u32[POLLFD >> 2] = this.fd;
      structures.u32[(POLLFD >> 2) + 1] = POLLIN;
      poll(structures.address(POLLFD), 1, left);
    }
  }

  close(): void {
    closeFile(this.fd);
  }
}
