// Everything that goes wrong at once, drawn from the world's seed.

import type { Prng } from "../../../src/platform/sim/prng.ts";
import type { World } from "../../../src/platform/sim/world.ts";
import { HUB_ADDRESS, HUB_PORTS, innerOf, type Member, numberedPacket, type Star } from "./star.ts";

export const ROUGH = { loss: 0.1, duplicate: 0.1, corrupt: 0.03, delay: 2_000_000, jitter: 5_000_000 };

/** One packet sent by a program behind a spoke. */
export interface Sent {
  readonly from: Member;
  readonly source: number;
  readonly destination: number;
  readonly length: number;
  readonly accepted: boolean;
}

export class Chaos {
  /** By the number in the packet. */
  readonly sent: Sent[] = [];
  private readonly world: World;
  private readonly star: Star;
  private readonly random: Prng;
  private readonly captured: Uint8Array[] = [];

  constructor(world: World, star: Star) {
    this.world = world;
    this.star = star;
    this.random = world.random.fork();
    world.network.wiretaps.push((bytes) => {
      if (this.random.chance(0.05)) this.captured.push(bytes.slice());
    });
  }

  /** A program sends: mostly something that should arrive. */
  traffic(): void {
    const { random } = this;
    const from = random.pick(this.star.spokes);
    const source = random.chance(0.9) ? from.inner : random.pick([...this.inners(), 0x08080808]);
    const destination = random.chance(0.85)
      ? random.pick(this.inners())
      : random.pick([innerOf(5000), 0x08080808, innerOf(1)]);
    const length = random.chance(0.9) ? random.between(24, 400) : random.between(1440, 1500);
    const packet = numberedPacket(source, destination, this.sent.length, length);
    const accepted = from.machine.send(packet);
    this.sent.push({ from, source, destination, length, accepted });
  }

  /** Someone off the path sends junk or captured datagrams to the hub, under any source. */
  attack(): void {
    const { random } = this;
    const burst = random.between(1, 12);
    for (let i = 0; i < burst; i++) {
      const source = { address: random.u32(), port: random.below(65536) };
      const replayed = this.captured.length > 0 && random.chance(0.5);
      const bytes = replayed ? random.pick(this.captured) : random.bytes(random.below(120));
      this.world.network.inject(source, { address: HUB_ADDRESS, port: random.pick(HUB_PORTS) }, bytes);
    }
  }

  private inners(): number[] {
    return this.star.spokes.map((spoke) => spoke.inner);
  }
}
