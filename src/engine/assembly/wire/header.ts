// The datagram's header, wire-protocol.md §5. Little-endian like WebAssembly itself.

import { FLAG_KEEPALIVE, HEADER_LENGTH, TAG_LENGTH, WIRE_VERSION } from "../../abi";

/** Header and tag around an empty body: nothing shorter can be authentic. */
export const SMALLEST_DATAGRAM: u32 = HEADER_LENGTH + TAG_LENGTH;

const VERSION: usize = 0;
const FLAGS: usize = 1;
const KEY_ID: usize = 2;
const EPOCH: usize = 4;
const SEQ: usize = 12;

export function versionOf(datagram: usize): u32 {
  return load<u8>(datagram, VERSION);
}

export function keyIdOf(datagram: usize): u32 {
  return load<u16>(datagram, KEY_ID);
}

export function epochOf(datagram: usize): u64 {
  return load<u64>(datagram, EPOCH);
}

export function seqOf(datagram: usize): u64 {
  return load<u64>(datagram, SEQ);
}

export function isKeepalive(datagram: usize): bool {
  return (load<u8>(datagram, FLAGS) & FLAG_KEEPALIVE) != 0;
}

/** §9 step 2: version 1, no reserved flag, epoch not 0. */
export function headerIsValid(datagram: usize): bool {
  return (
    versionOf(datagram) == WIRE_VERSION &&
    (load<u8>(datagram, FLAGS) & ~FLAG_KEEPALIVE) == 0 &&
    epochOf(datagram) != 0
  );
}

export function writeHeader(datagram: usize, flags: u32, keyId: u32, epoch: u64, seq: u64): void {
  store<u8>(datagram, WIRE_VERSION, VERSION);
  store<u8>(datagram, flags, FLAGS);
  store<u16>(datagram, keyId, KEY_ID);
  store<u64>(datagram, epoch, EPOCH);
  store<u64>(datagram, seq, SEQ);
}
