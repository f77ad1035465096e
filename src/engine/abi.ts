// The contract between the engine (AssemblyScript) and everything around it.
//
// This file holds integer constants only, so both compilers accept it. All records are little-endian and
// laid out in engine memory; "offset" always means a byte offset into that memory. The comment of a field begins with
// its width; scripts/check-records.mjs holds them to it.

/** Raised whenever a record, a region or an export changes its meaning. */
export const ABI_VERSION = 6;

// --- Wire format, wire-protocol.md §1 ---------------------------------------------------------------------

export const WIRE_VERSION = 1;
export const HEADER_LENGTH = 20;
export const TAG_LENGTH = 16;
export const KEY_LENGTH = 32;
/** Largest inner packet a sender may seal. */
export const MAX_PLAINTEXT = 1452;
/** Longer datagrams are treated as if the kernel had cut them here. */
export const MAX_DATAGRAM = 2048;
export const FLAG_KEEPALIVE = 1;
/** Scans of all peers in one drain of one socket (wire-protocol.md §10), … */
export const SCAN_BUDGET = 8;
/** … as far as a bucket of trials (keyed hashes) pays for them, which all sockets share: what it gains, … */
export const TRIALS_PER_SECOND = 200000;
/** … and what it holds: four scans of LIMIT_PEERS, a quarter of a second's drains of a mesh of 32. */
export const TRIAL_BURST = 65536;
/** Peers tried for nothing, because the datagram comes from where they were last heard. */
export const OWN_TRIALS = 8;
/** Sequence numbers behind the highest one that a peer's window holds: the smallest and the usual number, the largest. */
export const MIN_REPLAY_WINDOW = 64;
export const MAX_REPLAY_WINDOW = 8192;
/** Mesh ids are 1 … 65535; 0 means "this node's own TUN" as a policy target. */
export const MAX_MESH_ID = 65535;

// --- Capacities ---------------------------------------------------------------------------------------------

export const DEFAULT_PEERS = 1024;
export const LIMIT_PEERS = 16384;
export const DEFAULT_RULES = 4096;
export const LIMIT_RULES = 65536;
export const MAX_LISTEN_PORTS = 8;
/** Inner prefixes a peer may send from: the one in its record and others, PEER_SOURCES. */
export const MAX_ALLOWED_SRC = 16;
/** Each UDP receive buffer holds one datagram, or up to 64 coalesced by UDP_GRO. */
export const RX_STRIDE = 65536;
/** Bytes a UDP receive buffer offers to the kernel. */
export const RX_LENGTH = 65535;
export const DEFAULT_RX_BUFFERS = 32;
export const LIMIT_RX_BUFFERS = 64;

// --- Regions: region(id) gives the offset of each -------------------------------------------------------------

/** 32 bytes, written by Sys.clock: u64 realtime s, u64 realtime ns, u64 monotonic s, u64 monotonic ns. */
export const REGION_CLOCK = 0;
/** Where its monotonic half begins. */
export const CLOCK_MONOTONIC = 16;
/** SEED_LENGTH bytes of entropy, written by Sys.random before startEpoch. */
export const REGION_SEED = 1;
export const SEED_LENGTH = 32;
/** SCRATCH_LENGTH bytes for host and core: file contents, PSKs on their way in, formatted text. */
export const REGION_SCRATCH = 2;
/** COUNTER_COUNT u64 counters in the order of COUNTER_*. */
export const REGION_COUNTERS = 3;
/** One PEER_STRIDE record per peer, for reading only. */
export const REGION_PEERS = 4;
/** One RULE_STRIDE record per policy rule in table order, for reading only. Moves when a rule is added. */
export const REGION_RULES = 5;
/** rxBuffers × RX_STRIDE: datagram i of a batch starts at REGION_RX + i × RX_STRIDE. */
export const REGION_RX = 6;
/** rxBuffers × RXD_STRIDE descriptors, filled by Sys.udpReceive. */
export const REGION_RXD = 7;
/** TUN_ARENA_LENGTH bytes into which Sys.tunReceive packs the packets it reads. */
export const REGION_TUN_ARENA = 8;
/** MAX_TUN_PACKETS × TUND_STRIDE descriptors, filled by Sys.tunReceive. */
export const REGION_TUND = 9;
/** MAX_MESSAGES × MSG_STRIDE outgoing UDP messages, read by Sys.udpSend. */
export const REGION_UDP_MSG = 10;
/** MAX_PIECES × PIECE_STRIDE pieces of the UDP messages. */
export const REGION_UDP_PIECE = 11;
/** MAX_MESSAGES × MSG_STRIDE outgoing TUN writes, read by Sys.tunSend. */
export const REGION_TUN_MSG = 12;
/** MAX_PIECES × PIECE_STRIDE pieces of the TUN writes. */
export const REGION_TUN_PIECE = 13;
/** SYS_LENGTH bytes for the platform's own structures (msghdr, iovec, control messages, pollfd). */
export const REGION_SYS = 14;
/**
 * The keys of all peers, up to REGION_UDP_MSG. The engine's other memory of keys, what a computation leaves behind, lies
 * before REGION_SCRATCH. For the platform, to keep them out of swap; nobody else has business there.
 */
export const REGION_KEYS = 15;
/** One RULE_STRIDE record for each of max_rules: rules on their way in, written by core, for stageRules. */
export const REGION_STAGED = 16;
/** One SOURCE_STRIDE record per peer: the PREFIX_* records behind its first one, PEER_SOURCES of them. For reading only. */
export const REGION_SOURCES = 17;

/** Room for the largest configuration: 64 KiB and 256 bytes for each of LIMIT_PEERS. Resident only as far as it is used. */
export const SCRATCH_LENGTH = 4325376;
export const SYS_LENGTH = 262144;

// --- Received UDP: one descriptor per buffer ------------------------------------------------------------------

export const RXD_STRIDE = 32;
/** u32: bytes received into the buffer. */
export const RXD_LENGTH = 0;
/** u32: size of each coalesced datagram but the last; equal to the length when there is only one. */
export const RXD_SEGMENT = 4;
/** 16 bytes: the source as a struct sockaddr_in, so the kernel can write it in place. */
export const RXD_SOURCE = 16;

/** struct sockaddr_in, of which the last 8 bytes mean nothing. */
export const SOCKADDR_LENGTH = 16;
/** u16: port in network order. */
export const SOCKADDR_PORT = 2;
/** u32: address in network order. */
export const SOCKADDR_ADDRESS = 4;

// --- Packets read from the TUN: packed into the arena -----------------------------------------------------------

export const TUN_ARENA_LENGTH = 393216;
export const MAX_TUN_PACKETS = 128;
/** Free bytes the reader leaves before each packet: the wire header goes there (a virtio header lies in its end). */
export const TUN_HEADROOM = 32;
/** Free bytes the reader leaves after each packet: the authentication tag goes there. */
export const TUN_TAILROOM = 16;
/** Every packet begins at a multiple of this. */
export const TUN_ALIGNMENT = 16;
/** Largest packet one read may return: plain, and with segmentation offload. */
export const TUN_READ_PLAIN = 2048;
export const TUN_READ_OFFLOAD = 65535;
/** struct virtio_net_hdr, immediately before the packet when the device has IFF_VNET_HDR. */
export const VNET_LENGTH = 10;
/** What the engine finishes and cuts of such packets, as TUNSETOFFLOAD takes it: TUN_F_CSUM | TUN_F_TSO4. */
export const TUN_OFFLOADS = 3;

export const TUND_STRIDE = 8;
/** u32: offset of the first byte of the IP packet. */
export const TUND_OFFSET = 0;
/** u32: bytes in the packet, without the virtio header. */
export const TUND_LENGTH = 4;

// --- Outgoing messages: each is a run of pieces -------------------------------------------------------------------

export const MAX_MESSAGES = 256;
export const MAX_PIECES = 1024;
/** Pieces in one message: the kernel's UDP_MAX_SEGMENTS for UDP, and one header piece more for a TUN write. */
export const MAX_RUN = 64;

export const MSG_STRIDE = 32;
/** u32: index of the first piece. */
export const MSG_FIRST = 0;
/** u32: number of pieces, 1 … MAX_RUN (+ 1 for the TUN). */
export const MSG_COUNT = 4;
/** UDP, u32: size of every piece but the last when count > 1 (UDP_SEGMENT), else the piece's length. */
export const MSG_SEGMENT = 8;
/** UDP, u32: index of the listen socket to send from. */
export const MSG_SOCKET = 12;
/** TUN, u32: written by Sys, 0 when the write was accepted, else an errno. The engine presets 0. */
export const MSG_STATUS = 12;
/** UDP, 16 bytes: destination as a struct sockaddr_in. */
export const MSG_DESTINATION = 16;
/** TUN, u32: inner packets carried, for the engine's own account. */
export const MSG_PACKETS = 8;
/** TUN, u64: bytes of those packets, for the engine's own account. */
export const MSG_BYTES = 16;

export const PIECE_STRIDE = 16;
/** u32: offset of the first byte. */
export const PIECE_OFFSET = 0;
/** u32: bytes. */
export const PIECE_LENGTH = 4;
/** u32: written by Sys for UDP: 0 when the kernel took this datagram, else an errno. The engine presets 0. */
export const PIECE_STATUS = 8;
/** UDP, u32: the engine's own note, why and for which peer the datagram is sent. */
export const PIECE_NOTE = 12;

// --- Peers and rules, as core reads them -----------------------------------------------------------------------

/** An inner prefix. Only assembly/prefix.ts and core/cidr.ts look inside; everyone else passes its offset. */
export const PREFIX_STRIDE = 8;
/** u32: address as a number (a<<24 | b<<16 | c<<8 | d), host bits kept as entered. */
export const PREFIX_ADDRESS = 0;
/** u32: prefix length, 0 … 32. */
export const PREFIX_BITS = 4;

/** Two cache lines: what selects and protects, then what is only counted and told. */
export const PEER_STRIDE = 128;
/** u32: mesh id. */
export const PEER_ID = 0;
/** 8 bytes: current endpoint, the part of a struct sockaddr_in that means something; address and port 0 while unknown. */
export const PEER_ENDPOINT = 4;
/** u32: the engine's own, the next peer in the same slot of the endpoint index. */
export const PEER_NEXT = 12;
/** u32: how many prefixes besides PEER_ALLOWED the peer may send from, 0 … MAX_ALLOWED_SRC - 1: REGION_SOURCES. */
export const PEER_SOURCES = 16;
/** u32: index of the listen socket the peer was last heard on. */
export const PEER_SOCKET = 20;
/** u64: wall clock in ns of the last accepted datagram, 0 = never. */
export const PEER_LAST_SEEN = 24;
/** u64: highest epoch adopted from this peer, 0 = none. */
export const PEER_EPOCH = 32;
/** 8 bytes: the first of allowed_src, a PREFIX_* record. */
export const PEER_ALLOWED = 40;
/** u64: last sequence number used towards this peer. */
export const PEER_SEQUENCE = 48;
/** u64: datagrams that came from the peer's endpoint and that no key opened (a wrong key shows here). */
export const PEER_UNCLAIMED = 56;
/** u64: datagrams accepted from the peer (authentic and fresh, control-protocol.md §12), and their bytes. */
export const PEER_RX_PACKETS = 64;
export const PEER_RX_BYTES = 72;
/** u64: datagrams sent to the peer, whoever's packets they carry, and their bytes. */
export const PEER_TX_PACKETS = 80;
export const PEER_TX_BYTES = 88;
/** u64: sequence numbers of the peer that the replay window has left behind without having seen them. */
export const PEER_LOST = 96;
/** u64: authentic datagrams from the peer, and packets for it, that were dropped. */
export const PEER_DROPS = 104;
/** 8 bytes: endpoint that was told last, as PEER_ENDPOINT. */
export const PEER_TOLD_ENDPOINT = 112;
/** u32: TOLD_*, what was told last. */
export const PEER_TOLD = 120;

export const TOLD_NOTHING = 0;
export const TOLD_ONLINE = 1;
export const TOLD_SILENT = 2;

/** What wakeAt takes for no alarm: a clock that counts from the start of the system does not come there. */
export const NO_ALARM = 0xffffffff;

/** Results of takeNews: nothing new, … */
export const NEWS_NONE = 0;
/** … the peer was heard for the first time, … */
export const NEWS_HEARD = 1;
/** … it is at another endpoint than was told, … */
export const NEWS_MOVED = 2;
/** … it has not been heard for more than ONLINE_SECONDS, … */
export const NEWS_SILENT = 3;
/** … it was silent and is heard again. */
export const NEWS_BACK = 4;
/** A peer heard within this many seconds is online. */
export const ONLINE_SECONDS = 90;

/** Room for MAX_ALLOWED_SRC - 1 PREFIX_* records. */
export const SOURCE_STRIDE = 128;

export const RULE_STRIDE = 24;
/** 8 bytes: source, then destination, PREFIX_* records. */
export const RULE_SRC = 0;
export const RULE_DST = 8;
/** u32: ACTION_*. */
export const RULE_ACTION = 16;
/** u32: peer id, 0 = this node's own TUN. */
export const RULE_TARGET = 20;

export const ACTION_DROP = 0;
export const ACTION_FORWARD = 1;

// --- Counters, in the order of control-protocol.md §7 ---------------------------------------------------------

export const COUNTER_TUN_RX_PACKETS = 0;
export const COUNTER_TUN_RX_BYTES = 1;
export const COUNTER_UDP_TX_PACKETS = 2;
export const COUNTER_UDP_TX_BYTES = 3;
export const COUNTER_UDP_RX_PACKETS = 4;
export const COUNTER_UDP_RX_BYTES = 5;
export const COUNTER_TUN_TX_PACKETS = 6;
export const COUNTER_TUN_TX_BYTES = 7;
export const COUNTER_RELAY_PACKETS = 8;
export const COUNTER_RELAY_BYTES = 9;
export const COUNTER_UDP_ENDPOINT_LEARNED = 10;
export const COUNTER_KEEPALIVE_RX = 11;
export const COUNTER_KEEPALIVE_TX = 12;
export const COUNTER_DROP_TUN_NOT_IPV4 = 13;
export const COUNTER_DROP_TUN_NO_ROUTE = 14;
export const COUNTER_DROP_TUN_DROP_RULE = 15;
export const COUNTER_DROP_TUN_LOCAL_LOOP = 16;
export const COUNTER_DROP_TUN_UNKNOWN_TARGET = 17;
export const COUNTER_DROP_TUN_OVERSIZED = 18;
export const COUNTER_DROP_TUN_EGRESS_ERR = 19;
export const COUNTER_DROP_TUN_SEND_ERR = 20;
export const COUNTER_DROP_UDP_UNKNOWN_PEER = 21;
export const COUNTER_DROP_UDP_AUTH_OR_INVALID = 22;
export const COUNTER_DROP_UDP_SCAN_BUDGET = 23;
export const COUNTER_DROP_UDP_NOT_IPV4 = 24;
export const COUNTER_DROP_UDP_SPOOF = 25;
export const COUNTER_DROP_UDP_NO_ROUTE = 26;
export const COUNTER_DROP_UDP_DROP_RULE = 27;
export const COUNTER_DROP_UDP_UNKNOWN_TARGET = 28;
export const COUNTER_DROP_UDP_NO_REFLECT = 29;
export const COUNTER_DROP_UDP_OVERSIZED = 30;
export const COUNTER_DROP_UDP_SEND_ERR = 31;
export const COUNTER_DROP_TUN_UNKNOWN_ENDPOINT = 32;
export const COUNTER_DROP_UDP_UNKNOWN_ENDPOINT = 33;
export const COUNTER_COUNT = 34;

// --- Results ------------------------------------------------------------------------------------------------------

export const OK = 0;
/** startEpoch: the wall clock is missing or before 2024 (MIN_EPOCH). */
export const CLOCK_UNAVAILABLE = 1;
/** addPeer, addRule: the table is full. */
export const TABLE_FULL = -1;
/** udpBatch, tunBatch, resume: everything was handled. */
export const BATCH_DONE = 0;
/** udpBatch, tunBatch, resume: the output tables are full; flush them, then call resume. */
export const BATCH_MORE = 1;
