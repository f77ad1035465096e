// The one source of chance in a simulation: xoshiro128** seeded through splitmix32. Not for keys of real nodes.

function splitmix32(state: number): number {
  let z = state | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** A seeded stream of pseudo-random values: the same seed always gives the same stream. */
export class Prng {
  private readonly state = new Uint32Array(4);

  /** @param seed any 32-bit number. */
  constructor(seed: number) {
    for (let i = 0; i < 4; i++) this.state[i] = splitmix32(seed + Math.imul(i + 1, 0x9e3779b9));
    if (this.state.every((word) => word === 0)) this.state[0] = 1;
  }

  /** Uniform in 0 … 2^32 - 1. */
  u32(): number {
    const s = this.state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** Uniform in 0 … n - 1, for n from 1 to 2^32. */
  below(n: number): number {
    return Math.floor((this.u32() / 4294967296) * n);
  }

  /** Uniform in low … high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the given probability, 0 … 1. */
  chance(probability: number): boolean {
    return this.u32() / 4294967296 < probability;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[this.below(from.length)]!;
  }

  /** Uniform in 0 … 2^64 - 1. */
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    this.fill(out);
    return out;
  }

  fill(out: Uint8Array): void {
    for (let i = 0; i < out.length; i += 4) {
      const word = this.u32();
      for (let j = i; j < i + 4 && j < out.length; j++) out[j] = word >>> (8 * (j - i));
    }
  }

  /** A stream of its own, so that drawing more from one does not change the other. */
  fork(): Prng {
    return new Prng(this.u32());
  }
}
