// The part of Sys that the client needs, without engine and data plane, so that it starts fast.

import type { ClientSys } from "../../core/sys.ts";
import { EBADF } from "./linux/constants.ts";
import { ControlClient } from "./linux/control-client.ts";
import { environment, print } from "./process.ts";

export class NodeClientSys implements ClientSys {
  readonly os = "linux";
  private client: ControlClient | null = null;

  env(name: string): string | undefined {
    return environment(name);
  }

  print(stream: number, text: string): void {
    print(stream, text);
  }

  clientOpen(reply: boolean): number {
    const client = ControlClient.open(reply);
    if (typeof client === "number") return client;
    this.client = client;
    return 0;
  }

  clientSend(path: string, text: string): number {
    return this.client === null ? -EBADF : this.client.send(path, text);
  }

  clientReceive(timeoutMs: number): string | null {
    return this.client === null ? null : this.client.receive(timeoutMs);
  }

  clientClose(): void {
    this.client?.close();
    this.client = null;
  }
}
