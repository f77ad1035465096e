// The known field that a misspelled name probably means.

/** Longer names are compared by their beginning. */
const LONGEST = 32;

/** Words of other programs, without capitals and separators, and what they are called here. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ["allowedips", "allowed_src"],
  ["key", "psk"],
  ["presharedkey", "psk"],
  ["secret", "psk"],
  ["persistentkeepalive", "keepalive_secs"],
  ["address", "local_tun_ip"],
  ["obfuscation", "obfuscate"],
];

/**
 * The one of `known` that `name` is nearest to: the same but for capitals and separators, a word of it, or a few letters
 * away. Null when nothing is near, or two are alike. Costs at most 32 × 32 steps for each of `known`.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  const plain = withoutMarks(name.substring(0, LONGEST));
  if (plain === "") return null;
  for (let i = 0; i < ELSEWHERE.length; i++) {
    if (ELSEWHERE[i]![0] === plain && known.indexOf(ELSEWHERE[i]![1]) >= 0) return ELSEWHERE[i]![1];
  }
  let best: string | null = null;
  // A third of the letters, at most two.
  let least = Math.min(2, Math.floor(plain.length / 3)) + 1;
  for (let i = 0; i < known.length; i++) {
    const far = distance(plain, withoutMarks(known[i]!), least);
    if (far < least) {
      best = known[i]!;
      least = far;
    }
  }
  return best === null ? wordOf(plain, known) : best;
}

/** The only one of `known` that has `plain` as one word or as several together. */
function wordOf(plain: string, known: readonly string[]): string | null {
  let found: string | null = null;
  for (let i = 0; i < known.length; i++) {
    const words = known[i]!.split("_");
    let has = false;
    for (let from = 0; from < words.length; from++) {
      let run = "";
      for (let to = from; to < words.length; to++) {
        run += words[to];
        if (run === plain) has = true;
      }
    }
    if (!has) continue;
    if (found !== null) return null;
    found = known[i]!;
  }
  return found;
}

/** Lower case, letters and digits only. */
function withoutMarks(name: string): string {
  const lower = name.toLowerCase();
  let plain = "";
  for (let i = 0; i < lower.length; i++) {
    const c = lower.charAt(i);
    if ("abcdefghijklmnopqrstuvwxyz0123456789".indexOf(c) >= 0) plain += c;
  }
  return plain;
}

/** Letters to add, remove, change or swap with their neighbour to make `b` of `a`; `limit` when it is that or more. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let above: number[] = [];
  for (let k = 0; k <= b.length; k++) above.push(k);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let k = 1; k <= b.length; k++) {
      const differs = a.charAt(i - 1) === b.charAt(k - 1) ? 0 : 1;
      let steps = Math.min(above[k - 1]! + differs, above[k]! + 1, row[k - 1]! + 1);
      const swapped =
        i > 1 && k > 1 && a.charAt(i - 1) === b.charAt(k - 2) && a.charAt(i - 2) === b.charAt(k - 1);
      if (swapped) steps = Math.min(steps, before[k - 2]! + 1);
      row.push(steps);
    }
    before = above;
    above = row;
  }
  return Math.min(above[b.length]!, limit);
}
