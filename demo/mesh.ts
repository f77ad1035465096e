// What the demo asks of a mesh, whether it lives in network namespaces or in memory.

export interface Endpoints {
  readonly a: string;
  readonly b: string;
}

export interface Transfer {
  readonly received: number;
  readonly total: number;
  /** Longest time without data so far, ms. */
  readonly longestGapMs: number;
  /** Present at the end. */
  readonly seconds?: number;
  readonly sha256?: string;
}

export interface DemoMesh {
  /** What stands where, for the reader. */
  readonly drawing: readonly string[];
  /** Which kernel parts are real here, in one sentence. */
  readonly nature: string;
  /** "over HTTP" or what carries the file here. */
  readonly carrier: string;
  /** Starts the three daemons; resolves when all are ready. */
  start(): Promise<void>;
  /** Where the hub last heard the spokes, once it has heard both. */
  heard(): Promise<Endpoints>;
  /** Where the hub last heard A. */
  endpointOfA(): string;
  ping(count: number): Promise<{ received: number; averageMs: number }>;
  /** Prepares a file of `bytes` at B; returns its SHA-256. */
  offerFile(bytes: number): Promise<string>;
  /** Moves the file from B to A; `progress` hears about it often. Resolves with the final figures. */
  fetch(progress: (transfer: Transfer) => void): Promise<Transfer>;
  /** Moves A to another address while its daemon runs on. */
  roam(): void;
  /** The client's status text of each node. */
  status(): { name: string; text: string }[];
  /** Datagrams the hub has relayed, and its processor time in seconds. */
  hubFigures(): { relayed: number; dropped: number };
  /** Commands to try while the mesh stays up. */
  hints(): string[];
  close(): void;
}
