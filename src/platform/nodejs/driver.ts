// Turns a node's loop inside Node's event loop.

import type { HostLoop } from "./host-loop.ts";

/** A running node: core's RunningNode. */
export interface Turning {
  /** One turn of the loop; false once the node has stopped. */
  turn(): boolean;
}

/** What the driver asks of the platform: NodejsSys, or a decorator of it. */
export interface Yielding {
  readonly host: HostLoop;
  readonly yieldDue: boolean;
}

/**
 * Turns the node until it stops. Packets are handled in a plain loop; the thread goes back to Node whenever Node has
 * something to do, and only then.
 *
 * @returns a promise that resolves when the node has stopped, and rejects with what a turn threw.
 */
export function drive(node: Turning, sys: Yielding): Promise<void> {
  return new Promise((resolve, reject) => {
    const step = (): void => {
      try {
        while (node.turn()) {
          if (!sys.yieldDue) continue;
          sys.host.resume(step);
          return;
        }
        sys.host.close();
        resolve();
      } catch (error) {
        sys.host.close();
        reject(error);
      }
    };
    sys.host.resume(step);
  });
}
