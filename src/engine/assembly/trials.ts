// What datagrams that nobody claims may cost (wire-protocol.md §10): a full scan hashes once per peer, and anyone can
// send something that needs one. Eight scans a drain are a ceiling; under it, one bucket for all sockets is counted
// in trials, so that the share of the processor does not grow with the number of peers.
//
// The arithmetic. 200,000 trials/s of 0.25 µs each are 5 % of a core. With 1,000 peers that is 200 scans/s: of a flood of
// 20,000 datagrams/s each is scanned with a probability p = 0.01. A peer that moved and sends 100 packets/s has
// 300 p = 3 scans to expect in 3 s, so half of them are found within 0.7 s and 95 % within 3 s; under 5,000/s
// 300 p = 12. With 16,000 peers it is 12 scans/s of 4 ms each.
//
// After a hub's restart every spoke may have to be found. So the scan that finds a peer heard for the first time is paid
// back: that happens once for each, and nobody without its key can bring it about.
//
// The chances hold only if every unclaimed datagram has the same chance. Sockets are drained in order, so the first one would
// take every scan of a tight bucket: when a socket is turned away, the scan saved up next is kept for it.

import { MAX_LISTEN_PORTS, SCAN_BUDGET, TRIAL_BURST, TRIALS_PER_SECOND } from "../abi";
import { monotonicNs } from "./clock";

/** The bucket holds nanoseconds: a trial costs this many, and time itself refills it. */
const TRIAL_NS: u64 = 1000000000 / TRIALS_PER_SECOND;
const FULL: u64 = TRIAL_BURST * TRIAL_NS;

let credit: u64 = FULL;
let refilledAt: u64 = 0;
let scansLeft: u32 = SCAN_BUDGET;
/** Bit s: socket s was turned away since its last scan. */
let waiting: u32 = 0;
/** u64 for each socket: the number of the last scan it was granted. */
const GRANTED: usize = memory.data(MAX_LISTEN_PORTS * 8, 8);
let grants: u64 = 0;

/** A full bucket, nobody waiting. */
export function resetTrials(): void {
  credit = FULL;
  refilledAt = 0;
  scansLeft = SCAN_BUDGET;
  waiting = 0;
  grants = 0;
  memory.fill(GRANTED, 0, MAX_LISTEN_PORTS * 8);
}

/** Starts a drain: SCAN_BUDGET scans again, and the bucket gets what the monotonic clock has moved. */
export function refillTrials(): void {
  scansLeft = SCAN_BUDGET;
  const now = monotonicNs();
  // A clock that went back refills nothing, and from there on as ever.
  if (now > refilledAt) credit = min<u64>(FULL, credit + min<u64>(FULL, now - refilledAt));
  refilledAt = now;
}

/** True when a socket that waits has had its last scan before this one had its own. */
function othersFirst(socket: u32): bool {
  const mine = load<u64>(GRANTED + (socket << 3));
  for (let i: u32 = 0; i < <u32>MAX_LISTEN_PORTS; i++) {
    if (i != socket && ((waiting >> i) & 1) != 0 && load<u64>(GRANTED + (i << 3)) < mine) return true;
  }
  return false;
}

/**
 * Asks for a scan of up to `trials` keyed hashes for a datagram of one socket. Granted when the drain has one left and
 * the bucket pays for all of it; for two of them while another socket's turn comes first, so the last one is left
 * for that socket and yet none is wasted on a socket that has fallen silent.
 */
export function grantScan(socket: u32, trials: u32): bool {
  if (scansLeft == 0) return false;
  const price = trials * TRIAL_NS;
  if (credit < price || (credit < 2 * price && othersFirst(socket))) {
    waiting |= 1 << socket;
    return false;
  }
  scansLeft--;
  waiting &= ~(1 << socket);
  store<u64>(GRANTED + (socket << 3), ++grants);
  return true;
}

/** Pays for the trials that a granted scan has made. */
export function payTrials(trials: u32): void {
  credit -= trials * TRIAL_NS;
}

/** Gives back what a scan has cost. */
export function refundTrials(trials: u32): void {
  credit = min<u64>(FULL, credit + trials * TRIAL_NS);
}
