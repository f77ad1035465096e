// The primitives, called as often as asked: what the benchmarks measure, and measure against.

import type { Host } from "../../core/host.ts";
import { HEADER_LENGTH, KEY_LENGTH, REGION_SCRATCH, TAG_LENGTH } from "../../engine/abi.ts";

/** Places behind the start of the scratch. */
const PSK = 0;
const LINK = 32;
const SESSION = 64;
const EPOCH = 96;
const SEQ = 104;
const PLAIN = 4096;
const DATAGRAMS = 65536;
const STRIDE = 2048;
/** Datagrams at hand: opening works in place, so each is sealed again before. */
export const SLOTS = 64;

export class CryptoBench {
  private readonly host: Host;
  private readonly at: number;
  private readonly size: number;

  constructor(host: Host, size: number) {
    this.host = host;
    this.at = host.engine.call.region(REGION_SCRATCH);
    this.size = size;
    const { call, u8 } = host.engine;
    u8.fill(0x5a, this.at + PSK, this.at + PSK + KEY_LENGTH);
    u8.fill(1, this.at + EPOCH, this.at + EPOCH + 16);
    for (let i = 0; i < size; i++) u8[this.at + PLAIN + i] = i;
    call.deriveLinkKey(this.at + PSK, 1, 2, this.at + LINK);
    call.deriveSessionKey(this.at + LINK, this.at + EPOCH, this.at + SESSION);
  }

  seal(count: number): void {
    const { call } = this.host.engine;
    const { at, size } = this;
    for (let i = 0; i < count; i++) {
      const out = at + DATAGRAMS + i * STRIDE;
      call.sealDatagram(at + SESSION, 1, 0, at + EPOCH, at + SEQ, at + PLAIN, size, out);
    }
  }

  /** Opens what seal has made. False when one does not open. */
  open(count: number): boolean {
    const { call } = this.host.engine;
    const { at, size } = this;
    let opened = 0;
    for (let i = 0; i < count; i++) {
      if (
        call.openDatagram(at + SESSION, at + DATAGRAMS + i * STRIDE, size + HEADER_LENGTH + TAG_LENGTH) ===
        size
      )
        opened++;
    }
    return opened === count;
  }

  roundTrip(): boolean {
    const { u8 } = this.host.engine;
    this.seal(1);
    const text = this.at + DATAGRAMS + HEADER_LENGTH;
    const same = (): boolean => {
      for (let i = 0; i < this.size; i++) if (u8[text + i] !== u8[this.at + PLAIN + i]) return false;
      return true;
    };
    return this.open(1) && same();
  }

  deriveLinkKeys(count: number): void {
    const { call } = this.host.engine;
    for (let i = 0; i < count; i++) call.deriveLinkKey(this.at + PSK, 1, 2, this.at + LINK);
  }

  deriveSessionKeys(count: number): void {
    const { call } = this.host.engine;
    for (let i = 0; i < count; i++) call.deriveSessionKey(this.at + LINK, this.at + EPOCH, this.at + SESSION);
  }
}
