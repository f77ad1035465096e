// Every error code with its meaning and the general remedy. docs/errors.md is written from here.

import { CIDR_FORM } from "./cidr.ts";

export interface ErrorInfo {
  /** One line: when this code is reported. */
  readonly meaning: string;
  /** One line: what the operator does about it. */
  readonly remedy: string;
  /** True for codes the reference implementation does not have. */
  readonly ours?: boolean;
}

function info(meaning: string, remedy: string): ErrorInfo {
  return { meaning, remedy };
}

function ours(meaning: string, remedy: string): ErrorInfo {
  return { meaning, remedy, ours: true };
}

export const ERROR_CODES = {
  // Finding and reading the configuration, config.md §1
  ConfigNotFound: info("the named configuration file does not exist", "check --config or SUBNETRA_CONFIG"),
  ConfigOpenFailed: info("the configuration file cannot be opened", "check its owner and mode (root, 0600)"),
  ConfigReadFailed: info("the configuration file cannot be read", "name a regular file, not a directory"),
  FileTooBig: ours(
    "a file is larger than its limit",
    "shorten the file; max_peers raises the limit for a large mesh",
  ),
  PathTooLong: info("a path exceeds its limit", "use a shorter path"),

  // JSON, config.md §2
  SyntaxError: info("the document is not strict JSON", "correct the JSON at that place"),
  UnexpectedEndOfInput: info("the document ends too early", "complete the document; it may have been cut"),
  UnexpectedToken: info("a value has the wrong JSON type", "write the type named in the field table"),
  InvalidNumber: info("a number is not a plain integer", "write plain decimal digits"),
  Overflow: info("an integer is outside the field's range", "write a value in range"),
  DuplicateField: info("a known field occurs twice in one object", "keep one of the two"),

  // Values, config.md §3 and §4
  InvalidLog: ours("log is not events or quiet", 'write "events" or "quiet"'),
  InvalidRole: info("role is not manual, hub or spoke", "write manual, hub or spoke"),
  InvalidCidr: info(`a prefix is not ${CIDR_FORM}`, "write for example 10.0.0.0/24"),
  NoListenPort: info("listen_ports is empty", "list one to eight ports, or leave the field out"),
  TooManyListenPorts: info("more than eight listen ports", "list at most eight ports"),
  InvalidListenPort: info("a listen port is 0", "use a port from 1 to 65535"),
  DuplicateListenPort: info("a listen port is listed twice", "list each port once"),
  TooManyPeers: info("more peers than the node is laid out for", "raise max_peers or remove peers"),
  TooManyRoutes: info("more than eight local or remote routes", "combine routes; at most eight are allowed"),
  InvalidEndpoint: info("an endpoint is not A.B.C.D:port", "write for example 198.51.100.20:18020"),
  InvalidPeerName: info(
    "a peer name is too long or not printable ASCII",
    "use at most 32 printable ASCII bytes",
  ),
  InvalidPsk: info(
    "a key is missing, malformed or all zero",
    "write 64 hexadecimal digits, a different key per link",
  ),
  InvalidAllowedSrc: ours("allowed_src is a list that is empty or too long", "list 1 to 16 prefixes"),
  InvalidEndpointHost: ours(
    "endpoint_host is not a DNS name and a port",
    "write for example hub.example.org:18020; an address goes into endpoint",
  ),
  InvalidReplayWindow: ours(
    "replay_window is not a power of two from 64 to 8192",
    "write 64, 128, 256, 512, 1024, 2048, 4096 or 8192",
  ),
  InvalidCapacity: ours("max_peers or max_rules is out of range", "use 1-16384 peers and 1-65536 rules"),
  InvalidPolicyFile: ours("policy_file is not a usable path", "write a path of 1 to 4095 bytes"),

  // Sanity and registry, config.md §5 and §6
  DuplicatePsk: info("two links share one key", "generate a separate key for each link"),
  MtuOutOfRange: info("local_tun_mtu is outside 68-1500", "use 1436 or less on a 1500-byte path"),
  PeerIdOutOfRange: info("a mesh id is above 65535", "use ids from 1 to 65535"),
  HubPeerNeedsAllowedSrc: info("a hub's peer has no specific allowed_src", "give each peer its own prefix"),
  HubAllowedSrcOverlap: info(
    "two of a hub's peers have overlapping allowed_src",
    "give each peer its own prefix",
  ),
  SpokeNeedsOneHub: info("a spoke does not have exactly one peer", "keep only the hub, or use role manual"),
  SpokeMissingLocal: info(
    "a spoke has neither local_routes nor local_tun_ip",
    "set local_tun_ip or local_routes",
  ),
  SpokeLocalRouteTooBroad: info("a spoke's local route is 0.0.0.0/0", "name the local prefixes"),
  MissingLocalId: info("local_id is missing or 0", "set local_id to this node's id, 1 to 65535"),
  ReservedPeerId: info("a peer's id is missing or 0", "set the peer's id, 1 to 65535"),
  SelfReference: info("a peer has this node's own id", "correct the peer's id or local_id"),
  DuplicateId: info("two peers have the same id", "give each peer its own id"),
  DuplicateEndpoint: info("two peers have the same endpoint", "give each peer its own address and port"),
  OutOfMemory: ours(
    "the capacities do not fit into the engine's memory",
    "lower max_peers, max_rules or replay_window",
  ),

  // Start-up, daemon-cli.md §2
  UnknownArgument: info("an argument is not known", "see --help"),
  MissingValue: ours("an argument lacks its value", "put the value after the argument, separated by a space"),
  InvalidArgument: info("an argument's value is not valid", "see --help"),
  ClockUnavailable: info("the clock is missing or before 2024", "set the clock (NTP, RTC) before starting"),
  EntropyUnavailable: ours(
    "the system's secure random source failed",
    "check that the system offers getrandom",
  ),
  AccessDenied: info(
    "no permission to open the TUN device",
    "see the hint: CAP_NET_ADMIN, or the mode of /dev/net/tun",
  ),
  FileNotFound: info(
    "the TUN device node does not exist",
    "load the tun module; in a container pass /dev/net/tun",
  ),
  OpenFailed: info("the TUN device cannot be opened", "load the tun module (modprobe tun)"),
  IoctlFailed: info(
    "the TUN interface cannot be set up",
    "stop what holds the interface, or set SUBNETRA_TUN to another name",
  ),
  BringUpFailed: ours(
    "the interface cannot be set up as --up asks",
    "compare --print-network-plan with the system's addresses and routes",
  ),
  UdpSocketFailed: info("a UDP socket cannot be created", "check the limit of open files"),
  UdpBindFailed: info("a UDP port cannot be bound", "choose another port or stop the program that holds it"),
  OutOfSpace: info("the policy table is full", "raise max_rules"),
  SocketFailed: info("a control socket cannot be created", "check the limit of open files"),
  BindFailed: info("the control socket cannot be bound", "check the directory, or set SUBNETRA_SOCK"),
  ChmodFailed: info("the control socket's mode cannot be set", "use a directory on a file system with modes"),
  CapDropFailed: info("the capabilities cannot be dropped", "start with all of them or none"),
  PolicyReadFailed: ours("the saved rules cannot be read", "check the file's owner and mode"),

  TunLost: ours("the TUN device was removed under the daemon", "start the daemon again"),

  // Control requests, control-protocol.md §2 and §8
  NoSuchPeer: ours("no peer has the id of a request", "see the ids in subnetra status"),
  UnknownCommand: info("a command, sub-command or flag is not known", "see subnetra --help"),
  MissingArgument: info("a command lacks an argument", "see subnetra --help"),
  InvalidValue: info("a CIDR, action or number is malformed", "see subnetra --help"),
  UnknownTarget: ours(
    "a rule forwards to an id that is no peer's",
    "correct the id, or give --force when the peer comes later",
  ),
  NoSuchRule: ours("no rule has that destination and source", "see policy show"),
  Busy: ours("another policy replace is under way", "try again in a few seconds"),
  NoSuchUpload: ours("the policy replace had ended, or was silent for too long", "run policy replace again"),
  OutOfOrder: ours("the pages of a policy replace do not fit together", "run policy replace again"),
  SendFailed: info("the request could not be sent", "run as the daemon's user (root)"),
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The general remedy of a code. */
export function remedyFor(code: ErrorCode): string {
  return ERROR_CODES[code].remedy;
}
