// Sealing for a peer, wire-protocol.md §8: one way out for local packets, relayed packets and keepalives.

import { HEADER_LENGTH, PEER_SEQUENCE, TAG_LENGTH } from "../abi";
import { seal } from "./crypto/aead";
import { mask } from "./crypto/obfuscation";
import { localEpoch } from "./epoch";
import { localId, obfuscating } from "./node";
import { peerAt, secretAt } from "./peers";
import { SECRET_TX_KEY, SECRET_TX_LINK } from "./records";
import { stageUdp } from "./stage";
import { writeHeader } from "./wire/header";

/**
 * Seals `length` bytes of plaintext at `datagram` + 20 for a peer and stages the datagram. False when the peer's
 * sequence numbers are used up: they never wrap (wire-protocol.md §4).
 */
export function sealAndStage(index: u32, kind: u32, flags: u32, datagram: usize, length: u32): bool {
  const peer = peerAt(index);
  const last = load<u64>(peer, PEER_SEQUENCE);
  if (last == u64.MAX_VALUE) return false;
  const seq = last + 1;
  store<u64>(peer, seq, PEER_SEQUENCE);
  const secret = secretAt(index);
  const total = HEADER_LENGTH + length + TAG_LENGTH;
  writeHeader(datagram, flags, localId, localEpoch, seq);
  seal(secret + SECRET_TX_KEY, seq, datagram + HEADER_LENGTH, length);
  if (obfuscating) mask(secret + SECRET_TX_LINK, datagram, total);
  stageUdp(index, kind, datagram, total);
  return true;
}
