// Limits of config.md §7 and control-protocol.md that are not the engine's.

/** 1500 minus the tunnel's overhead of 64 bytes. */
export const DEFAULT_MTU = 1436;
export const MIN_MTU = 68;
export const MAX_MTU = 1500;
export const MAX_ROUTES = 8;
export const MAX_LISTEN_PORTS = 8;
export const MAX_NAME_LENGTH = 32;
/** Longest path to a file in bytes. */
export const MAX_PATH = 4095;
/** Largest configuration file in bytes, where the file does not set max_peers. */
export const MAX_CONFIG_LENGTH = 65536;
/** Bytes that each of max_peers adds to it: the original reads 64 KiB, which hold about 450 peers. */
export const CONFIG_BYTES_PER_PEER = 256;
/** Longest socket path of a daemon in bytes, so that ".policy" and a NUL fit into 108. */
export const MAX_DAEMON_SOCKET = 101;
/** Longest socket path in bytes that sockaddr_un holds with its NUL. */
export const MAX_SOCKET_LINUX = 107;
export const MAX_SOCKET_MACOS = 103;
/** Longest datagram that is a request, control-protocol.md §1. */
export const MAX_REQUEST = 4096;
/** Datagrams the control socket serves per turn, control-protocol.md §4. */
export const CONTROL_BURST = 64;
/** Milliseconds of control work per turn; the piece in hand when they are over is finished. */
export const CONTROL_BUDGET_MS = 1;
/** Peers or rules that one piece of control work handles, so that it takes a fraction of a millisecond. */
export const CONTROL_PIECE = 16;
/** Rules that the engine puts into a new table in one piece of control work: tens of nanoseconds each. */
export const TABLE_PIECE = 1024;
/** Bytes of rules in one page of an upload; its other words fit into what a request has beyond them. */
export const MAX_RULE_PAGE = 4000;
/** An upload of rules whose sender says nothing for so long is forgotten. */
export const UPLOAD_LIFE_MS = 5000;
/** Largest policy reply in bytes: the original's client cuts a longer one without a word. The rest is paged. */
export const MAX_POLICY_REPLY = 30464;
/** Largest page of a status that no datagram holds as a whole. */
export const MAX_STATUS_PAGE = 65000;
/** No platform sends a longer reply. */
export const MAX_REPLY = 1048576;
/** Longest line the client sends in bytes. */
export const MAX_COMMAND = 512;
