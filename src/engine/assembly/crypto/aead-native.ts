// Stands for aead.ts where the host has an AEAD of its own (the tiny build, platform/native): the same functions as
// imports. The build puts this file in the place of aead.ts for the "native" variant.

/** Seals `length` bytes at `data` in place and writes the 16-byte tag at data + length. */
@external("env", "aeadSeal")
export declare function seal(key: usize, seq: u64, data: usize, length: u32): void;

/** Verifies the tag at data + length, then decrypts in place. False: nothing was changed. */
@external("env", "aeadOpen")
export declare function open(key: usize, seq: u64, data: usize, length: u32): bool;

/** Overwrites all keys and all keystream left in memory. */
@external("env", "aeadWipe")
export declare function wipe(): void;
