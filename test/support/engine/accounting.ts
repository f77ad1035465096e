// The accounting identities: every packet read ends in exactly one outcome.

import assert from "node:assert/strict";
import {
  COUNTER_DROP_TUN_NOT_IPV4,
  COUNTER_DROP_TUN_SEND_ERR,
  COUNTER_DROP_TUN_UNKNOWN_ENDPOINT,
  COUNTER_DROP_UDP_SEND_ERR,
  COUNTER_DROP_UDP_UNKNOWN_ENDPOINT,
  COUNTER_DROP_UDP_UNKNOWN_PEER,
  COUNTER_KEEPALIVE_RX,
  COUNTER_RELAY_PACKETS,
  COUNTER_TUN_RX_PACKETS,
  COUNTER_TUN_TX_PACKETS,
  COUNTER_UDP_RX_PACKETS,
  COUNTER_UDP_TX_PACKETS,
} from "../../../src/engine/abi.ts";

function sum(counters: readonly bigint[], first: number, last: number): bigint {
  return counters.slice(first, last + 1).reduce((total, counter) => total + counter, 0n);
}

/**
 * Checks, once everything staged is settled:
 *
 *     udp_rx = tun_tx + relay + keepalive_rx + Σ drop_udp_*
 *     tun_rx = udp_tx + Σ drop_tun_*
 */
export function assertAccounts(counters: readonly bigint[]): void {
  const udpOutcomes =
    counters[COUNTER_TUN_TX_PACKETS]! +
    counters[COUNTER_RELAY_PACKETS]! +
    counters[COUNTER_KEEPALIVE_RX]! +
    sum(counters, COUNTER_DROP_UDP_UNKNOWN_PEER, COUNTER_DROP_UDP_SEND_ERR) +
    counters[COUNTER_DROP_UDP_UNKNOWN_ENDPOINT]!;
  assert.equal(udpOutcomes, counters[COUNTER_UDP_RX_PACKETS], "outcomes of the datagrams received");
  const tunOutcomes =
    counters[COUNTER_UDP_TX_PACKETS]! +
    sum(counters, COUNTER_DROP_TUN_NOT_IPV4, COUNTER_DROP_TUN_SEND_ERR) +
    counters[COUNTER_DROP_TUN_UNKNOWN_ENDPOINT]!;
  assert.equal(tunOutcomes, counters[COUNTER_TUN_RX_PACKETS], "outcomes of the packets read from the TUN");
}
