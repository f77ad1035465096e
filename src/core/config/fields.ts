// Every field of the configuration, config.md §3 and §4. The reader, `npm run` scripts for JSON Schema and documents,
// and the tests' generators read these tables; a new field is a row here, and the code that acts on it.

import {
  DEFAULT_PEERS,
  DEFAULT_RULES,
  LIMIT_PEERS,
  LIMIT_RULES,
  MAX_REPLAY_WINDOW,
  MIN_REPLAY_WINDOW,
} from "../../engine/abi.ts";
import { subnetraError } from "../errors.ts";
import { DEFAULT_MTU } from "../limits.ts";
import { wipe } from "../memory.ts";
import { type DocumentReader, field, Layout, type Values } from "./document.ts";
import {
  BOOL,
  CIDR,
  CIDR_OR_EMPTY,
  capacity,
  ENDPOINT,
  FILE,
  HOST_AND_PORT,
  KEY,
  type Kind,
  LABEL,
  LOG,
  PORTS,
  type RawKey,
  REMOVED_KEY,
  ROLE,
  ROUTES,
  SINGLE_PORT,
  SOURCES,
  U8,
  U16,
  U32,
  U32_OR_NULL,
  WINDOW,
} from "./kinds.ts";

export const PEER_FIELDS = {
  /** 32 bytes; whoever uses the key last wipes it. */
  psk: field("psk", KEY, "missing"),
  endpoint: field("endpoint", ENDPOINT, ""),
  /** 1 … 16 prefixes. */
  allowedSrcs: field("allowed_src", SOURCES, null),
  /** Display label, "" when unset. */
  name: field("name", LABEL, ""),
  id: field("id", U32, 0),
  /** Seconds between keepalives to this peer; null: as its role has it. */
  keepaliveSecs: field("keepalive_secs", U32_OR_NULL, null),
  /** For `subnetra follow-dns`; the daemon only checks its form. */
  endpointHost: field("endpoint_host", HOST_AND_PORT, null),
};

export type PeerConfig = Values<typeof PEER_FIELDS>;

const PEER_LAYOUT = new Layout(PEER_FIELDS);
/** Names in the document, for those who guess what a misspelled one means. */
export const PEER_FIELD_NAMES: readonly string[] = PEER_LAYOUT.names;
const PSK = PEER_LAYOUT.properties.indexOf("psk");

/** Peers as they were read. */
export type RawPeers = unknown[][];

/** Wipes the keys of peers that will not be used. */
export function wipeRawPeers(peers: RawPeers): void {
  for (let i = 0; i < peers.length; i++) {
    const key = peers[i]![PSK] as RawKey;
    if (typeof key !== "string") wipe(key);
  }
}

function readPeers(reader: DocumentReader): RawPeers {
  const peers: RawPeers = [];
  const path = reader.tokens.path;
  try {
    reader.beginArray();
    while (reader.nextElement()) {
      const own = `${path}[${peers.length}]`;
      reader.tokens.path = own;
      const raws = PEER_LAYOUT.absent();
      peers.push(raws);
      PEER_LAYOUT.read(reader, own, raws);
      reader.tokens.path = path;
    }
  } catch (error) {
    wipeRawPeers(peers);
    throw error;
  }
  return peers;
}

const PEERS: Kind<RawPeers, PeerConfig[]> = {
  read: readPeers,
  convert: (raw, path, earlier) => {
    const limit = earlier.maxPeers as number;
    if (raw.length > limit) {
      throw subnetraError("TooManyPeers", path, `${raw.length} peers, the limit is ${limit}`);
    }
    const peers: PeerConfig[] = [];
    for (let i = 0; i < raw.length; i++) {
      peers.push(PEER_LAYOUT.convert(raw[i]!, `${path}[${i}].`) as unknown as PeerConfig);
    }
    return peers;
  },
};

export const FIELDS = {
  psk: field("psk", REMOVED_KEY, false),
  role: field("role", ROLE, "manual"),
  virtualSubnet: field("virtual_subnet", CIDR, "10.0.0.0/24"),
  localTunIp: field("local_tun_ip", CIDR_OR_EMPTY, ""),
  listenPorts: field("listen_ports", PORTS, null),
  listenPort: field("listen_port", SINGLE_PORT, null),
  maxPeers: field("max_peers", capacity(DEFAULT_PEERS, LIMIT_PEERS), null),
  maxRules: field("max_rules", capacity(DEFAULT_RULES, LIMIT_RULES), null),
  peers: field("peers", PEERS, [] as RawPeers),
  localRoutes: field("local_routes", ROUTES, [] as string[]),
  remoteRoutes: field("remote_routes", ROUTES, [] as string[]),
  policyFile: field("policy_file", FILE, null),
  matchSrc: field("match_src", BOOL, false),
  negotiationVersion: field("negotiation_version", U8, 1),
  localId: field("local_id", U32, 0),
  /** MTU of the TUN interface. */
  mtu: field("local_tun_mtu", U16, DEFAULT_MTU),
  keepaliveSecs: field("keepalive_secs", U32_OR_NULL, null),
  obfuscate: field("obfuscate", BOOL, true),
  replayWindow: field("replay_window", WINDOW, MIN_REPLAY_WINDOW),
  log: field("log", LOG, "events"),
};

export const FIELD_NAMES: readonly string[] = new Layout(FIELDS).names;

/** The values as the document has them. */
export type FileValues = Values<typeof FIELDS>;

/** What documents and editors are told about a field; not part of the router's program. */
export interface FieldNote {
  readonly meaning: string;
  /** Default in words where the value does not say it. */
  readonly fallback?: string;
  /** Smallest and largest number, where the type alone does not say it. */
  readonly min?: number;
  readonly max?: number;
  /** Errors a wrong value gives, besides those of JSON. */
  readonly errors: readonly string[];
  /** Whether a reload could take a new value; where not, a change needs a restart. (Today every change does.) */
  readonly reloadable: boolean;
  /** True for fields that the original ignores. */
  readonly ours?: boolean;
}

export const FIELD_NOTES: { readonly [property in keyof typeof FIELDS]: FieldNote } = {
  psk: {
    meaning: "removed mesh-wide key; only the empty string is tolerated",
    fallback: '`""`',
    errors: ["InvalidPsk"],
    reloadable: true,
  },
  role: {
    meaning: "selects the starting rules, two defaults and further checks",
    errors: ["InvalidRole"],
    reloadable: false,
  },
  virtualSubnet: {
    meaning: "the overlay's prefix; a spoke's route to its hub where remote_routes is empty",
    errors: ["InvalidCidr"],
    reloadable: true,
  },
  localTunIp: {
    meaning: "this node's overlay address with its prefix; empty means unset",
    errors: ["InvalidCidr", "SpokeMissingLocal"],
    reloadable: true,
  },
  listenPorts: {
    meaning: "one to eight UDP ports; the first is the primary one",
    fallback: "spoke 18020; otherwise 18020, 18023, 18026",
    min: 1,
    max: 65535,
    errors: ["NoListenPort", "TooManyListenPorts", "InvalidListenPort", "DuplicateListenPort"],
    reloadable: false,
  },
  listenPort: {
    meaning: "a single port, used where listen_ports is absent",
    min: 1,
    max: 65535,
    errors: ["InvalidListenPort"],
    reloadable: false,
  },
  maxPeers: {
    meaning: "peers the node is laid out for",
    min: 1,
    max: LIMIT_PEERS,
    errors: ["InvalidCapacity"],
    reloadable: false,
    ours: true,
  },
  maxRules: {
    meaning: "rules the node is laid out for",
    min: 1,
    max: LIMIT_RULES,
    errors: ["InvalidCapacity"],
    reloadable: false,
    ours: true,
  },
  peers: { meaning: "the other nodes this one has a link with", errors: ["TooManyPeers"], reloadable: true },
  localRoutes: {
    meaning: "prefixes this spoke delivers locally, at most eight",
    errors: ["TooManyRoutes", "InvalidCidr", "SpokeLocalRouteTooBroad"],
    reloadable: true,
  },
  remoteRoutes: {
    meaning: "prefixes this spoke sends to its hub, at most eight",
    errors: ["TooManyRoutes", "InvalidCidr"],
    reloadable: true,
  },
  policyFile: {
    meaning: "saved rules: added at start, written by save",
    errors: ["InvalidPolicyFile"],
    reloadable: false,
    ours: true,
  },
  matchSrc: {
    meaning:
      "the source of a rule takes part in matching: among the longest destinations the longest source wins",
    errors: [],
    reloadable: false,
    ours: true,
  },
  negotiationVersion: { meaning: "stored only", errors: [], reloadable: true },
  localId: {
    meaning: "this node's mesh id",
    min: 1,
    max: 65535,
    errors: ["MissingLocalId", "PeerIdOutOfRange"],
    reloadable: false,
  },
  mtu: {
    meaning: "MTU of the TUN interface in bytes",
    min: 68,
    max: 1500,
    errors: ["MtuOutOfRange"],
    reloadable: true,
  },
  keepaliveSecs: {
    meaning: "seconds between keepalives of a spoke; 0 sends none",
    fallback: "spoke 20; otherwise 0",
    errors: [],
    reloadable: true,
  },
  obfuscate: {
    meaning: "hides the headers; must be equal across the mesh",
    errors: [],
    reloadable: false,
  },
  replayWindow: {
    meaning: "how far back a late packet is still accepted, a power of two; this node only",
    min: MIN_REPLAY_WINDOW,
    max: MAX_REPLAY_WINDOW,
    errors: ["InvalidReplayWindow"],
    reloadable: false,
    ours: true,
  },
  log: {
    meaning: "events: a line for each peer that is heard first, moves, falls silent or returns; quiet: none",
    errors: ["InvalidLog"],
    reloadable: true,
    ours: true,
  },
};

export const PEER_FIELD_NOTES: { readonly [property in keyof typeof PEER_FIELDS]: FieldNote } = {
  psk: {
    meaning: "the link's key: 64 hexadecimal digits, a different one per link",
    fallback: "required",
    errors: ["InvalidPsk", "DuplicatePsk"],
    reloadable: true,
  },
  endpoint: {
    meaning:
      "where the peer is first looked for: A.B.C.D:port, or dynamic (not for a spoke; the original refuses it)",
    fallback: "required",
    errors: ["InvalidEndpoint", "DuplicateEndpoint"],
    reloadable: true,
  },
  allowedSrcs: {
    meaning:
      "inner sources this peer may use: one prefix, or a list of 1 to 16 (the original refuses a list)",
    fallback: '`"0.0.0.0/0"`',
    errors: ["InvalidCidr", "InvalidAllowedSrc", "HubPeerNeedsAllowedSrc", "HubAllowedSrcOverlap"],
    reloadable: true,
  },
  name: {
    meaning: "label for people, at most 32 printable ASCII characters",
    errors: ["InvalidPeerName"],
    reloadable: true,
  },
  id: {
    meaning: "the peer's mesh id",
    fallback: "required",
    min: 1,
    max: 65535,
    errors: ["ReservedPeerId", "PeerIdOutOfRange", "SelfReference", "DuplicateId"],
    reloadable: true,
  },
  keepaliveSecs: {
    meaning: "seconds between keepalives to this peer, whatever the role; 0 sends none",
    fallback: "the document's for a spoke's hub; otherwise 0",
    errors: [],
    reloadable: true,
    ours: true,
  },
  endpointHost: {
    meaning: "DNS name and port that subnetra follow-dns keeps up to date; the daemon never resolves it",
    errors: ["InvalidEndpointHost"],
    reloadable: true,
    ours: true,
  },
};
