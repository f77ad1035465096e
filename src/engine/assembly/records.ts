// Records that only the engine knows. Those of abi.ts hold engine-private fields too, declared there with the others.
//
// scripts/check-records.mjs holds every comment below to its width: no two fields overlap, and each lies inside its record.

/** One record of keys per peer. */
export const SECRET_STRIDE: u32 = 256;
/** 64 bytes: midstate of the link key for sending (wire-protocol.md §3). */
export const SECRET_TX_LINK: usize = 0;
/** 64 bytes: midstate of the link key for receiving. */
export const SECRET_RX_LINK: usize = 64;
/** 32 bytes: session key for sending. */
export const SECRET_TX_KEY: usize = 128;
/** 32 bytes: session key of the epoch adopted from the peer. */
export const SECRET_RX_KEY: usize = 160;
/** 24 bytes: the replay window of that epoch, WINDOW_*. */
export const SECRET_WINDOW: usize = 192;

/** The replay window (wire-protocol.md §14). */
export const WINDOW_LENGTH: u32 = 24;
/** u64: highest sequence number accepted. */
export const WINDOW_HIGHEST: usize = 0;
/** u64: bit i is set when highest - i was accepted. Not used where replay_window is above 64. */
export const WINDOW_MAP: usize = 8;
/** u64: the number accepted first: what is missing before it is no loss. */
export const WINDOW_FIRST: usize = 16;

/** When each peer's next keepalive is due (wire-protocol.md §15). */
export const KEEPALIVE_STRIDE: u32 = 16;
/** u64: monotonic clock in ns. */
export const KEEPALIVE_DUE: usize = 0;
/** u32: seconds between two, 0 = none. */
export const KEEPALIVE_SECONDS: usize = 8;
/** u32: its place in the heap of those that get any, from 1; 0 = not in it. */
export const KEEPALIVE_PLACE: usize = 12;
