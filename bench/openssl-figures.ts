// ChaCha20-Poly1305 as OpenSSL does it on the same machine.

import { spawnSync } from "node:child_process";
import { findCommand } from "../lab/prerequisites.ts";

/** Hides every instruction set wider than 128 bits, WebAssembly's width, from OpenSSL. */
const NARROW = "~0x1000000000000000:~0xd0030020";

export interface OpensslFigures {
  readonly size: number;
  /** With everything the CPU has. */
  readonly fullNs: number;
  /** With 128-bit vectors only: the like-for-like rival. */
  readonly narrowNs: number;
}

function speed(size: number, env: NodeJS.ProcessEnv): number {
  const words = ["speed", "-mr", "-seconds", "1", "-bytes", String(size), "-evp", "chacha20-poly1305"];
  const result = spawnSync(findCommand("openssl")!, words, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  const rate = /^\+F:\d+:[^:]+:([\d.]+)$/m.exec(result.stdout);
  return rate ? (size / Number(rate[1])) * 1e9 : Number.NaN;
}

/** ns per seal of each size, undefined without openssl. */
export function opensslFigures(sizes: readonly number[]): OpensslFigures[] | undefined {
  if (findCommand("openssl") === undefined) return undefined;
  return sizes.map((size) => ({
    size,
    fullNs: speed(size, {}),
    narrowNs: speed(size, { OPENSSL_ia32cap: NARROW }),
  }));
}
