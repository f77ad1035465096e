// What `subnetra doctor` looked at, as plain values: gathering them is the platform's work, judging them is core's.

import type { Cidr } from "../cidr.ts";
import type { Config } from "../config/values.ts";
import type { Chain } from "./packet-filter.ts";

/** Something that could not be read, and why. */
export interface Unread {
  readonly unread: string;
}

export type Fact<T> = T | Unread;

export function isUnread<T>(fact: Fact<T>): fact is Unread {
  return typeof fact === "object" && fact !== null && (fact as Unread).unread !== undefined;
}

export interface ConfigFacts {
  readonly path: string;
  /** The configuration without its keys; null when it is wrong or could not be read. */
  readonly config: Config | null;
  /** Why the daemon would refuse it, "" when it would not. */
  readonly error: string;
  readonly remedy: string;
  /** Why this user may not read it, "" when he may. */
  readonly unread: string;
  /** What `--check` warns of, one line each. */
  readonly warnings: readonly string[];
}

export interface PeerSample {
  readonly id: number;
  readonly name: string;
  readonly endpoint: string;
  readonly allowedSrc: string;
  /** Seconds since it was heard, -1 = never. */
  readonly age: number;
  /** Wall clock when it was heard, ms since 1970, 0 = never. */
  readonly heardAt: number;
  readonly online: boolean;
  /** 0 where the daemon does not say. */
  readonly unclaimed: number;
}

/** A status as far as the doctor reads it. */
export interface Sample {
  readonly version: string;
  readonly localId: number;
  readonly port: number;
  readonly tun: string;
  readonly peers: readonly PeerSample[];
  readonly counters: { readonly [name: string]: number };
  readonly warnings: readonly string[];
  /** Datagrams the kernel dropped, -1 where the daemon does not say. */
  readonly socketDrops: number;
}

export interface UnitFacts {
  readonly name: string;
  /** systemd's ActiveState, SubState and Result. */
  readonly active: string;
  readonly sub: string;
  readonly result: string;
  /** The last lines of the unit that tell of a failed start, "" when there are none. */
  readonly said: string;
}

export interface DaemonFacts {
  readonly socket: string;
  /** Permission bits of the socket file, -1 when there is none or it cannot be seen. */
  readonly socketMode: number;
  /** "answers", "absent" (nobody listens), "denied" (this user may not ask) or "silent". */
  readonly state: "answers" | "absent" | "denied" | "silent";
  /** Two looks, a second apart; empty unless it answers. */
  readonly samples: readonly Sample[];
  /** Daemons that run with another socket. */
  readonly others: readonly { readonly pid: number; readonly socket: string }[];
  readonly unit: UnitFacts | null;
}

export interface PortFacts {
  readonly port: number;
  /** Somebody has a UDP socket on it. */
  readonly bound: boolean;
  /** Name and id of the process that has it, "" when unknown. */
  readonly holder: string;
  /** Datagrams dropped at its sockets for want of buffer. */
  readonly drops: number;
}

export interface FolderFacts {
  readonly path: string;
  /** Bytes free for the daemon, -1 unknown. */
  readonly free: number;
  readonly readOnly: boolean;
}

export interface HostFacts {
  readonly root: boolean;
  /** CAP_NET_ADMIN of this process, and whether it could ever have it. */
  readonly netAdmin: Fact<{ readonly effective: boolean; readonly bounding: boolean }>;
  /** "" when /dev/net/tun opens, else the error's name, such as ENOENT. */
  readonly device: string;
  /** ms since 1970. */
  readonly now: number;
  readonly year: number;
  /** What the kernel says of the clock. */
  readonly synchronised: Fact<boolean>;
  /** Programs that run and set the clock. */
  readonly clockSources: readonly string[];
  /** The latest change among files that were written before now, if all clocks are right. ms since 1970, 0 unknown. */
  readonly lastWrite: number;
  readonly lastWriteFile: string;
  readonly receiveLimit: Fact<number>;
  readonly sendLimit: Fact<number>;
  readonly ports: Fact<readonly PortFacts[]>;
  /** Where `save` writes. */
  readonly folders: readonly FolderFacts[];
}

export interface Route {
  readonly device: string;
  readonly prefix: Cidr;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly present: boolean;
  readonly up: boolean;
  readonly mtu: number;
  readonly addresses: readonly Cidr[];
}

/** The way to one peer below the overlay. */
export interface PathFacts {
  readonly peer: number;
  /** A.B.C.D:port */
  readonly endpoint: string;
  /** The interface it leaves by, "" when there is no route. */
  readonly device: string;
  /** MTU of that route or interface. */
  readonly mtu: number;
  /** True when the other side's system says that nobody listens on the port; null when it was not asked. */
  readonly refused: boolean | null;
  /**
   * Largest IPv4 packet that came back, of those tried up to `wanted`; 0 when not even a small one does (the host does
   * not answer), null when it was not tried.
   */
  readonly largest: number | null;
  /** Size of the largest packet that the tunnel sends. */
  readonly wanted: number;
}

export interface NetworkFacts {
  readonly device: InterfaceFacts;
  readonly routes: Fact<readonly Route[]>;
  /** rp_filter of the interface and of "all". */
  readonly reversePath: Fact<{ readonly device: number; readonly all: number }>;
  readonly forwarding: Fact<number>;
  readonly paths: readonly PathFacts[];
}

export interface Facts {
  readonly config: ConfigFacts;
  readonly daemon: DaemonFacts;
  readonly host: HostFacts;
  readonly network: NetworkFacts;
  readonly filters: Fact<readonly Chain[]>;
}
