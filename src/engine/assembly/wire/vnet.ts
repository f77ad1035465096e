// A view of struct virtio_net_hdr (virtio 1.2 §5.1.6), the header before each packet of a device with IFF_VNET_HDR.
// Little-endian like WebAssembly itself.

const FLAGS: usize = 0;
const GSO_TYPE: usize = 1;
const HEADER_LENGTH: usize = 2;
const GSO_SIZE: usize = 4;
const CSUM_START: usize = 6;
const CSUM_OFFSET: usize = 8;

const NEEDS_CSUM: u32 = 1;
const GSO_NONE: u32 = 0;
const GSO_ECN: u32 = 0x80;

/** Says that nothing was left to do. Writes 16 bytes. */
export function clearVnet(vnet: usize): void {
  store<u64>(vnet, 0);
  store<u64>(vnet, 0, 8);
}

export function needsChecksum(vnet: usize): bool {
  return (load<u8>(vnet, FLAGS) & NEEDS_CSUM) != 0;
}

/** Where the unfinished checksum begins to count, from the start of the packet. */
export function checksumStart(vnet: usize): u32 {
  return load<u16>(vnet, CSUM_START);
}

/** Where the field of the unfinished checksum stands, from checksumStart. */
export function checksumField(vnet: usize): u32 {
  return load<u16>(vnet, CSUM_OFFSET);
}

export function isSegmented(vnet: usize): bool {
  return load<u8>(vnet, GSO_TYPE) != GSO_NONE;
}

/** The kind of super-packet (ip.ts tcpGsoType), with or without ECN. */
export function gsoTypeOf(vnet: usize): u32 {
  return load<u8>(vnet, GSO_TYPE) & ~GSO_ECN;
}

/** Payload bytes of each segment but the last. */
export function segmentSizeOf(vnet: usize): u32 {
  return load<u16>(vnet, GSO_SIZE);
}

/** Describes a super-packet whose checksum the kernel finishes where it must. */
export function describeSuperPacket(
  vnet: usize,
  gsoType: u32,
  headerLength: u32,
  segmentSize: u32,
  start: u32,
  field: u32,
): void {
  store<u8>(vnet, NEEDS_CSUM, FLAGS);
  store<u8>(vnet, gsoType, GSO_TYPE);
  store<u16>(vnet, headerLength, HEADER_LENGTH);
  store<u16>(vnet, segmentSize, GSO_SIZE);
  store<u16>(vnet, start, CSUM_START);
  store<u16>(vnet, field, CSUM_OFFSET);
}
