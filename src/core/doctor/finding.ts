// What a check of `subnetra doctor` says, docs/spec/doctor.md.

export type Level = "pass" | "warn" | "fail";

export interface Finding {
  /** Stable name such as "interface.routes"; CHECKS has them all. */
  readonly check: string;
  readonly level: Level;
  /** True when the thing could not be looked at; the level is then "warn". */
  readonly skipped: boolean;
  readonly text: string;
  /** What to do, "" when there is nothing to do. */
  readonly remedy: string;
  /** Mesh id of the peer it is about, 0 when it is about none. */
  readonly peer: number;
  /** Name of the counter it is about, "" when it is about none. */
  readonly counter: string;
}

/** Every check, in the order in which they are told. */
export const CHECKS: readonly string[] = [
  "config.file",
  "config.warning",
  "clock.year",
  "clock.source",
  "clock.back",
  "host.device",
  "host.capability",
  "host.ports",
  "host.buffers",
  "host.disk",
  "daemon.unit",
  "daemon.running",
  "daemon.socket",
  "daemon.warning",
  "daemon.config",
  "interface.up",
  "interface.address",
  "interface.mtu",
  "interface.routes",
  "interface.rp_filter",
  "interface.forwarding",
  "path.route",
  "path.mtu",
  "path.port",
  "firewall.input",
  "firewall.forward",
  "peer.heard",
  "peer.key",
  "counter",
];

interface About {
  readonly peer?: number;
  readonly counter?: string;
}

/** Collects findings. */
export class Findings {
  readonly all: Finding[] = [];

  pass(check: string, text: string, about: About = {}): void {
    this.add(check, "pass", false, text, "", about);
  }

  warn(check: string, text: string, remedy: string, about: About = {}): void {
    this.add(check, "warn", false, text, remedy, about);
  }

  fail(check: string, text: string, remedy: string, about: About = {}): void {
    this.add(check, "fail", false, text, remedy, about);
  }

  /** What could not be looked at. */
  skip(check: string, text: string, remedy: string, about: About = {}): void {
    this.add(check, "warn", true, text, remedy, about);
  }

  /** The first failure among the checks whose names begin so, or null. */
  firstFailure(prefixes: readonly string[]): Finding | null {
    for (let i = 0; i < this.all.length; i++) {
      const finding = this.all[i]!;
      if (finding.level !== "fail") continue;
      for (let k = 0; k < prefixes.length; k++) if (finding.check.indexOf(prefixes[k]!) === 0) return finding;
    }
    return null;
  }

  private add(
    check: string,
    level: Level,
    skipped: boolean,
    text: string,
    remedy: string,
    about: About,
  ): void {
    const { peer = 0, counter = "" } = about;
    this.all.push({ check, level, skipped, text, remedy, peer, counter });
  }
}
