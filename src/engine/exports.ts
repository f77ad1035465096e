// The engine's functions as the host calls them. All numbers are 32-bit; 64-bit values travel through memory.

/** What the WebAssembly module (or, in the tiny build, the translated C) exports. */
export interface EngineExports {
  /**
   * Lays out memory and clears all state. 0, or the number of bytes needed when the memory is too small.
   *
   * @param replayWindow MIN_REPLAY_WINDOW … MAX_REPLAY_WINDOW, a power of two; MIN_REPLAY_WINDOW when absent or 0
   */
  init(maxPeers: number, maxRules: number, rxBuffers: number, replayWindow?: number): number;
  /** ABI_VERSION the module was built with. */
  abiVersion(): number;
  /** Byte offset of a REGION_*. */
  region(id: number): number;

  // --- start-up, in this order ---
  /** Own mesh id, header obfuscation on or off. */
  setNode(localId: number, obfuscate: number): void;
  /**
   * Offloads the platform provides: UDP messages of several datagrams, a virtio header on every TUN packet.
   * `family` is the first u16 of a struct sockaddr_in on this system (2 on Linux, 0x0210 on macOS). Called a second
   * time, with the same family, once the devices are open and the offloads known; peers and rules stay.
   */
  setPlatform(udpSegments: number, tunVnet: number, family: number): void;
  /**
   * Takes the boot epoch from REGION_CLOCK, and digits that a coarse clock lacks from REGION_SEED. OK or
   * CLOCK_UNAVAILABLE (before 2024-01-01).
   */
  startEpoch(): number;
  /**
   * A new epoch, above the one in force, and new sending keys for all peers, with sequence numbers from 1, as a restart
   * takes them: for a host that knows its machine was rolled back (wire-protocol.md §4). REGION_CLOCK is fresh and
   * nothing is staged. The loop's functions do this themselves when the wall clock jumps ahead of the monotonic
   * clock by more than a second between two of their calls.
   */
  renewEpoch(): void;
  /**
   * Adds a peer and derives its keys. The 32-byte PSK at `psk` is wiped. Endpoint address and port are the raw
   * network-order bytes read as little-endian integers (as they stand in a sockaddr_in), both 0 when the peer's
   * address is unknown until it is heard; `allowed` is the offset of the first of allowed_src, a PREFIX_* record.
   * Returns the peer's index, or TABLE_FULL.
   */
  addPeer(id: number, psk: number, address: number, port: number, allowed: number): number;
  /** One more prefix that a peer may send from, by its offset: a PREFIX_* record. OK or TABLE_FULL. */
  addSource(peer: number, prefix: number): number;
  /** Where a peer is expected until it is heard elsewhere; address and port as in addPeer. */
  setEndpoint(peer: number, address: number, port: number): void;
  /** Keepalives to a peer every `seconds` (0 = none), jittered when obfuscating; the first is due at once. */
  setKeepalive(seconds: number, peer: number): void;
  /** Appends the rule at `rule`, a RULE_* record; it is visible to the next packet. OK or TABLE_FULL. */
  addRule(rule: number): number;
  peerCount(): number;
  ruleCount(): number;
  /** Rules that the table can hold. */
  ruleLimit(): number;
  /** Index of the peer with a mesh id, or -1. */
  findPeer(id: number): number;
  /** Whether the source of a rule takes part in matching (policy.md §6). Before the first rule. */
  setMatchSrc(on: number): void;
  /**
   * Index of the rule for the first addresses of the PREFIX_* records at `destination` and `source`, or -1: longest
   * destination, then, where sources take part, longest source, then earliest.
   */
  matchRule(destination: number, source: number): number;

  // --- a new table in place of the one in force: from beginRules to commitRules no rule is added ---
  /** Begins a new table, beside the one in force. */
  beginRules(): void;
  /** Appends the records `from` … `from + count - 1` of REGION_STAGED to the new table. OK or TABLE_FULL. */
  stageRules(from: number, count: number): number;
  /**
   * Appends the rules `from` … `from + count - 1` of the table in force to the new one, but not those with the
   * destination, and when `source` is not 0 the source, of the RULE_* record at `match`. The number left out.
   */
  keepRules(from: number, count: number, match: number, source: number): number;
  /** Puts the new table in force, for the next packet. */
  commitRules(): void;
  /** Overwrites all keys. The engine must be set up again before further use. */
  wipe(): void;

  // --- the loop; REGION_CLOCK is fresh ---
  /** Stages the keepalives that are due, as far as there is room for them. Peers without an endpoint get none. */
  tick(): void;
  /** Milliseconds to the next keepalive or the alarm, rounded up, 0 when overdue, -1 when there is neither. */
  timeout(): number;
  /** Sets the alarm to the begin of a second of the monotonic clock, or NO_ALARM. */
  wakeAt(second: number): void;
  /** Starts a drain of one UDP socket: SCAN_BUDGET scans again, and what TRIALS_PER_SECOND have brought since. */
  beginDrain(): void;
  /** Handles `count` received datagrams described in REGION_RXD. BATCH_DONE or BATCH_MORE. */
  udpBatch(socket: number, count: number): number;
  /** Handles `count` packets described in REGION_TUND. BATCH_DONE or BATCH_MORE. */
  tunBatch(count: number): number;
  /** Goes on with the batch that returned BATCH_MORE. */
  resume(): number;
  /** Number of UDP messages ready in REGION_UDP_MSG. */
  udpStaged(): number;
  /** Accounts for the UDP messages by their PIECE_STATUS and empties the table. */
  udpSettle(): void;
  /** Number of TUN writes ready in REGION_TUN_MSG. */
  tunStaged(): number;
  /** Accounts for the TUN writes by their MSG_STATUS and empties the table. */
  tunSettle(): void;

  // --- values for people ---
  /** Writes the u64 at `offset` in decimal ASCII to `out` (up to 20 bytes). Returns the length. */
  formatU64(offset: number, out: number): number;
  /** Whole seconds since the peer was last seen by REGION_CLOCK, 0 if the clock went back, -1 if never, at most 2^31-1. */
  peerAge(peer: number): number;

  // --- news of peers, daemon-cli.md §11; REGION_CLOCK is fresh ---
  /** Index of the first peer from `first` to `end`-1 about which there is news, or -1. A round over all begins with 0. */
  peerNews(first: number, end: number): number;
  /** NEWS_* about a peer, which count as told from now on. The endpoint told before goes to `out`: 8 bytes, as PEER_ENDPOINT. */
  takeNews(peer: number, out: number): number;
  /** After a round: milliseconds until somebody may have fallen silent, rounded up; -1 when nobody can. */
  newsTimeout(): number;

  // --- codec, for known answers and tools ---
  /** link_key(psk, from, to): 32 bytes to `out`. */
  deriveLinkKey(psk: number, from: number, to: number, out: number): void;
  /** session_key(link_key, epoch): 32 bytes to `out`; the epoch is a u64 in memory. */
  deriveSessionKey(linkKey: number, epoch: number, out: number): void;
  /** Builds a whole datagram at `out` from plaintext at `src`; epoch and sequence number are u64 in memory. Returns its length. */
  sealDatagram(
    key: number,
    keyId: number,
    flags: number,
    epoch: number,
    seq: number,
    src: number,
    length: number,
    out: number,
  ): number;
  /** Opens the datagram at `src` with a session key, in place. Plaintext length (at src + 20), or -1. */
  openDatagram(key: number, src: number, length: number): number;
  /** XORs the header of the datagram (length ≥ 36) with header_pad(linkKey, tag). */
  maskHeader(linkKey: number, datagram: number, length: number): void;
  /** Test hook: adopts the u64 epoch at `epoch` from a peer, as if heard, with an empty replay window. */
  preloadEpoch(peer: number, epoch: number): void;
}

/** The engine together with views of its memory. The memory never grows, so the views stay valid. */
export interface Engine {
  readonly call: EngineExports;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
}
