// What a host's packet filter does with one datagram, as far as its rules can be understood.
//
// Every match is true, false or unknown; so a verdict is "accept", "drop" or "unknown" (some rule that could decide was
// not understood). Only "drop" is ever told as a failure.

export type Tri = true | false | null;

export interface Match {
  /** What is compared; "other" is anything that is not understood. */
  readonly key: "protocol" | "port" | "in" | "out" | "state" | "other";
  /** Numbers and ranges "a-b" for ports, words otherwise. */
  readonly values: readonly string[];
  readonly negated: boolean;
}

export interface FilterRule {
  readonly matches: readonly Match[];
  /** "accept", "drop", "jump", "goto", "return" or "" for a rule that goes on. */
  readonly verdict: "accept" | "drop" | "jump" | "goto" | "return" | "";
  /** The chain to jump to. */
  readonly target: string;
}

export interface Chain {
  /** Table with its family, such as "inet filter". */
  readonly table: string;
  readonly name: string;
  /** "input", "forward", "prerouting" … or "" for a chain that is only jumped to. */
  readonly hook: string;
  readonly priority: number;
  /** "accept" or "drop" */
  readonly policy: string;
  readonly rules: readonly FilterRule[];
}

/** The first packet of a flow. */
export interface Packet {
  readonly protocol: string;
  /** Destination port, 0 when any. */
  readonly port: number;
  /** Interface it comes in by and leaves by, "" when any. */
  readonly in: string;
  readonly out: string;
}

export interface Verdict {
  readonly outcome: "accept" | "drop" | "unknown";
  /** Where it was decided: "inet filter input". */
  readonly where: string;
}

const MAX_DEPTH = 16;

/** What becomes of a packet at the given hooks; the first hook whose chains drop it decides. */
export function judgePacket(chains: readonly Chain[], hooks: readonly string[], packet: Packet): Verdict {
  let unknown: Verdict | null = null;
  for (let h = 0; h < hooks.length; h++) {
    const base = chains.filter((chain) => chain.hook === hooks[h]).sort((a, b) => a.priority - b.priority);
    for (let i = 0; i < base.length; i++) {
      const chain = base[i]!;
      const where = `${chain.table} ${chain.name}`;
      const policy: FilterRule = {
        matches: [],
        verdict: chain.policy === "drop" ? "drop" : "accept",
        target: "",
      };
      const outcome = walk(chains, { ...chain, rules: chain.rules.concat([policy]) }, packet, 0);
      if (outcome === "drop") return unknown !== null ? unknown : { outcome, where };
      if (outcome === "unknown" && unknown === null) unknown = { outcome, where };
    }
  }
  return unknown !== null ? unknown : { outcome: "accept", where: "" };
}

type Outcome = "accept" | "drop" | "unknown" | "";

/** "" when the chain ends without a verdict. */
function walk(chains: readonly Chain[], chain: Chain, packet: Packet, depth: number): Outcome {
  if (depth > MAX_DEPTH) return "unknown";
  // What rules that were not understood may have decided: it matters where the end says otherwise.
  let doubt: Outcome = "";
  const decide = (outcome: Outcome): Outcome => (doubt === "" || doubt === outcome ? outcome : "unknown");
  for (let i = 0; i < chain.rules.length; i++) {
    const rule = chain.rules[i]!;
    const matched = rule.verdict === "" ? false : matchesAll(rule.matches, packet);
    if (matched === false) continue;
    let outcome: Outcome = "";
    if (rule.verdict === "accept" || rule.verdict === "drop") outcome = rule.verdict;
    else if (rule.verdict === "return") outcome = matched === true ? "" : "unknown";
    else {
      const target = named(chains, chain.table, rule.target);
      outcome = target === null ? "unknown" : walk(chains, target, packet, depth + 1);
      if (outcome === "" && rule.verdict === "jump") continue;
    }
    if (matched === true) return decide(outcome);
    doubt = doubt === "" || doubt === outcome ? outcome : "unknown";
  }
  return decide("");
}

function named(chains: readonly Chain[], table: string, name: string): Chain | null {
  for (let i = 0; i < chains.length; i++)
    if (chains[i]!.table === table && chains[i]!.name === name) return chains[i]!;
  return null;
}

function matchesAll(matches: readonly Match[], packet: Packet): Tri {
  let result: Tri = true;
  for (let i = 0; i < matches.length; i++) {
    const one = matchOne(matches[i]!, packet);
    if (one === false) return false;
    if (one === null) result = null;
  }
  return result;
}

function matchOne(match: Match, packet: Packet): Tri {
  let held: Tri = null;
  if (match.key === "protocol")
    held = packet.protocol === "" ? null : match.values.indexOf(packet.protocol) >= 0;
  else if (match.key === "port") held = packet.port === 0 ? null : holdsPort(match.values, packet.port);
  else if (match.key === "in") held = holdsInterface(match.values, packet.in);
  else if (match.key === "out") held = holdsInterface(match.values, packet.out);
  else if (match.key === "state") held = match.values.indexOf("new") >= 0;
  return held === null ? null : held !== match.negated;
}

function holdsPort(values: readonly string[], port: number): Tri {
  for (let i = 0; i < values.length; i++) {
    const ends = values[i]!.split("-");
    const low = Number(ends[0]);
    const high = ends.length > 1 ? Number(ends[1]) : low;
    if (!(low >= 0 && high >= 0)) return null;
    if (port >= low && port <= high) return true;
  }
  return false;
}

/** An interface that is not known is at least not the loopback. */
function holdsInterface(values: readonly string[], name: string): Tri {
  let others = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const last = value.charAt(value.length - 1);
    if (last === "*" || last === "+") {
      if (name === "") others = true;
      else if (name.indexOf(value.substring(0, value.length - 1)) === 0) return true;
    } else if (value === name) return true;
    else if (name === "" && value !== "lo") others = true;
  }
  return others ? null : false;
}
