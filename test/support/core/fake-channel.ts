// A control socket as the control server sees it.

import type { ControlChannel } from "../../../src/core/control/server.ts";
import { EMSGSIZE } from "../../../src/core/sys.ts";

export class FakeChannel implements ControlChannel {
  readonly requests: string[] = [];
  readonly replies: string[] = [];
  answerable = true;
  longestReply = Number.MAX_SAFE_INTEGER;

  receive(): string | null {
    return this.requests.shift() ?? null;
  }

  reply(text: string): number {
    if (text.length > this.longestReply) return -EMSGSIZE;
    this.replies.push(text);
    return 0;
  }
}
