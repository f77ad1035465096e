// Settings of the benchmark, deployment.md §13.

function number(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}: not a number: ${text}`);
  return value;
}

/** Seconds per measurement. */
export const seconds = number("SUBNETRA_BENCH_SECS", 5);
/** UDP payload inside the tunnel; 28 bytes more make the inner packet. */
export const payload = number("SUBNETRA_BENCH_SIZE", 1372);
/** 1: the hub has a processor core of its own. */
export const pin = number("SUBNETRA_BENCH_PIN", 1) === 1;
/** Alternating rounds; the medians are reported. */
export const rounds = number("SUBNETRA_BENCH_ROUNDS", 3);
/** JSON file of an earlier run to compare with. */
export const baseline = process.env.SUBNETRA_BENCH_BASELINE;

export const INNER_HEADERS = 28;
export const innerLength = payload + INNER_HEADERS;
