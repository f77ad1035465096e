// The part of Sys that the client needs, without engine and data plane, so that it starts fast.

import type { ClientSys } from "../../core/sys.ts";
import { closeFile, openFile, readTextFile } from "./files.ts";
import { environment, print } from "./process.ts";
import { loadUnixSockets, systemName } from "./systems.ts";

const unix = await loadUnixSockets();

export class NodejsClientSys implements ClientSys {
  readonly os = systemName();

  env(name: string): string | undefined {
    return environment(name);
  }

  print(stream: number, text: string): void {
    print(stream, text);
  }

  milliseconds(): number {
    return performance.now();
  }

  open(path: string, mode: number): number {
    return openFile(path, mode);
  }

  readText(fd: number, limit: number): string | number {
    return readTextFile(fd, limit);
  }

  unixOpen(buffer: number): number {
    return unix.unixOpen(buffer);
  }

  unixBind(fd: number, path: string, mode: number): number {
    return unix.unixBind(fd, path, mode);
  }

  unixConnect(fd: number, address: string): number {
    return unix.unixConnect(fd, address);
  }

  unixSend(fd: number, text: string, address: string): number {
    return unix.unixSend(fd, text, address);
  }

  unixReceive(fd: number, limit: number): string | number {
    return unix.unixReceive(fd, limit);
  }

  unixSender(): string {
    return unix.unixSender();
  }

  poll(fd: number, events: number, timeoutMs: number): number {
    return unix.pollOne(fd, events, timeoutMs);
  }

  close(fd: number): number {
    return closeFile(fd);
  }
}
