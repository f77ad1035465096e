// The host's packet filter: nftables by its own JSON, the older one by iptables-save.

import type { Fact } from "../../../core/doctor/facts.ts";
import type { Chain, FilterRule, Match } from "../../../core/doctor/packet-filter.ts";
import { output } from "./commands.ts";

const OTHER: Match = { key: "other", values: [], negated: false };

export function gatherFirewall(): Fact<readonly Chain[]> {
  const nft = output("nft", ["-j", "list", "ruleset"]);
  const legacy = output("iptables-legacy-save", []);
  const save = output("iptables-save", []);
  if (nft === null && save === null && legacy === null)
    return { unread: "the firewall's rules: neither nft nor iptables-save could read them" };
  const opaque = new Set<string>();
  const chains = nft === null ? [] : nftChains(nft, opaque);
  // What iptables wrote into nftables is best read by iptables.
  const saved = save === null ? [] : iptablesChains(save);
  const old = legacy === null || legacy === save ? [] : iptablesChains(legacy);
  const readable = chains.filter(({ table }) => !(opaque.has(table) && save !== null));
  return [...readable, ...saved.filter(({ table }) => nft === null || opaque.has(table)), ...old];
}

type Json = { readonly [key: string]: unknown };

/** @param opaque receives the tables with rules that only iptables understands */
export function nftChains(json: string, opaque: Set<string> = new Set()): Chain[] {
  let items: Json[];
  try {
    items = (JSON.parse(json) as { nftables: Json[] }).nftables;
  } catch {
    return [];
  }
  const chains = new Map<string, Chain & { rules: FilterRule[] }>();
  for (const item of items) {
    const chain = item.chain as Json | undefined;
    const rule = item.rule as Json | undefined;
    if (chain !== undefined && /^(ip|inet)$/.test(String(chain.family))) {
      const table = `${chain.family} ${chain.table}`;
      chains.set(`${table} ${chain.name}`, {
        table,
        name: String(chain.name),
        hook: String(chain.hook ?? ""),
        priority: Number(chain.prio ?? 0),
        policy: String(chain.policy ?? "accept"),
        rules: [],
      });
    } else if (rule !== undefined) {
      const expressions = rule.expr as Json[];
      const table = `${rule.family} ${rule.table}`;
      if (expressions.some((one) => "xt" in one)) opaque.add(table);
      chains.get(`${table} ${rule.chain}`)?.rules.push(nftRule(expressions));
    }
  }
  return [...chains.values()];
}

function nftRule(expressions: readonly Json[]): FilterRule {
  const matches: Match[] = [];
  for (const one of expressions) {
    if ("accept" in one) return { matches, verdict: "accept", target: "" };
    if ("drop" in one || "reject" in one) return { matches, verdict: "drop", target: "" };
    if ("return" in one) return { matches, verdict: "return", target: "" };
    for (const verdict of ["jump", "goto"] as const)
      if (verdict in one) return { matches, verdict, target: String((one[verdict] as Json).target) };
    if ("match" in one) matches.push(nftMatch(one.match as Json));
    // A map of verdicts decides by itself, and nobody here knows how.
    else if ("vmap" in one && !passesNew((one.vmap ?? {}) as Json))
      return { matches: [OTHER], verdict: "jump", target: "" };
    else if (!("vmap" in one) && !("counter" in one) && !("log" in one) && !("comment" in one))
      matches.push(OTHER);
  }
  return { matches, verdict: "", target: "" };
}

/** Protocols whose fields only their own packets have: such a match says the protocol, whatever else it asks. */
const OTHER_PROTOCOLS = /^(tcp|icmp|icmpv6|ip6|sctp|dccp|udplite|esp|ah|arp|ether)$/;

function nftMatch({ op, left, right }: Json): Match {
  const masked = (left as Json)["&"] as Json[] | undefined;
  const payload = ((masked?.[0] ?? left) as Json).payload as Json | undefined;
  const protocol = String(payload?.protocol);
  if (OTHER_PROTOCOLS.test(protocol)) return { key: "protocol", values: [protocol], negated: false };
  const values = nftValues(right);
  if (values === null || masked !== undefined || !/^(==|!=|in)$/.test(String(op))) return OTHER;
  const negated = op === "!=";
  const meta = ((left as Json).meta as Json | undefined)?.key;
  if (payload?.field === "dport") return { key: "port", values, negated };
  if (payload?.field === "protocol" || meta === "l4proto") return { key: "protocol", values, negated };
  if (meta === "iifname" || meta === "iif") return { key: "in", values, negated };
  if (meta === "oifname" || meta === "oif") return { key: "out", values, negated };
  if (meta === "nfproto") return { key: "protocol", values: ["ipv6"], negated: values[0] === "ipv4" };
  if (isState(left as Json)) return { key: "state", values, negated };
  return OTHER;
}

function isState(expression: Json): boolean {
  return (expression.ct as Json | undefined)?.key === "state";
}

/** A map from the connection's state to verdicts that has none for a new one lets it go on. */
function passesNew({ key, data }: Json): boolean {
  const entries = (data as Json | undefined)?.set;
  return (
    isState(key as Json) &&
    Array.isArray(entries) &&
    !entries.some((entry) => (entry as unknown[])[0] === "new")
  );
}

function nftValues(right: unknown): string[] | null {
  if (typeof right === "string") return right.startsWith("@") ? null : [right];
  if (typeof right === "number") return [String(right)];
  if (Array.isArray(right)) {
    const all = right.map(nftValues);
    return all.includes(null) ? null : (all as string[][]).flat();
  }
  const { set, range } = right as { set?: unknown[]; range?: [number, number] };
  if (range !== undefined) return [`${range[0]}-${range[1]}`];
  return set === undefined ? null : nftValues(set);
}

const HOOKS: Record<string, string> = {
  INPUT: "input",
  FORWARD: "forward",
  OUTPUT: "output",
  PREROUTING: "prerouting",
  POSTROUTING: "postrouting",
};
const PRIORITIES: Record<string, number> = { raw: -300, mangle: -150, nat: -100, filter: 0 };

/** The chains of what iptables-save prints. */
export function iptablesChains(saved: string): Chain[] {
  const chains = new Map<string, Chain & { rules: FilterRule[] }>();
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    const head = /^:(\S+) (\S+)/.exec(line);
    if (head !== null) {
      const [, name = "", policy] = head;
      chains.set(`${table} ${name}`, {
        table: `ip ${table}`,
        name,
        hook: HOOKS[name] ?? "",
        priority: PRIORITIES[table] ?? 0,
        policy: policy === "DROP" ? "drop" : "accept",
        rules: [],
      });
    }
    const rule = /^-A (\S+) ?(.*)$/.exec(line);
    if (rule !== null) chains.get(`${table} ${rule[1]}`)?.rules.push(iptablesRule(rule[2]!));
  }
  return [...chains.values()];
}

const VERDICTS: Record<string, FilterRule["verdict"]> = {
  ACCEPT: "accept",
  DROP: "drop",
  REJECT: "drop",
  RETURN: "return",
};
/** Targets that do something and let the packet go on. */
const PASSING =
  /^(LOG|NFLOG|MARK|CONNMARK|TCPMSS|DSCP|TOS|CT|NOTRACK|MASQUERADE|SNAT|DNAT|REDIRECT|CHECKSUM|SET)$/;

function iptablesRule(text: string): FilterRule {
  const words = text.match(/"[^"]*"|\S+/g) ?? [];
  const matches: Match[] = [];
  let negated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = words[i + 1] ?? "";
    if (word === "!") {
      negated = true;
      continue;
    }
    if (word === "-j" || word === "-g") {
      if (PASSING.test(value)) return { matches, verdict: "", target: "" };
      const verdict = VERDICTS[value] ?? (word === "-j" ? "jump" : "goto");
      return { matches, verdict, target: VERDICTS[value] ? "" : value };
    }
    if (word === "-m" || word === "--comment") i++;
    else {
      const match = iptablesMatch(word, value, negated);
      matches.push(match);
      i++;
    }
    negated = false;
  }
  return { matches, verdict: "", target: "" };
}

function iptablesMatch(word: string, value: string, negated: boolean): Match {
  if (word === "-p") return { key: "protocol", values: [value], negated };
  if (word === "--dport" || word === "--dports")
    return { key: "port", values: value.replaceAll(":", "-").split(","), negated };
  if (word === "-i") return { key: "in", values: [value], negated };
  if (word === "-o") return { key: "out", values: [value], negated };
  if (word === "--state" || word === "--ctstate")
    return { key: "state", values: value.toLowerCase().split(","), negated };
  return OTHER;
}
