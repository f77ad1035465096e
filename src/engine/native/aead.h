/*
 * ChaCha20-Poly1305 (RFC 8439 §2.8) as the wire uses it (wire-protocol.md §2, §4), for 64-bit little-endian
 * targets: no associated data, the nonce is u64le(seq) and four zero bytes, everything in place. The same
 * contract as src/engine/assembly/crypto/aead.ts, which is the reference.
 *
 * Branches and addresses depend on lengths and on the verdict of authentication, never on a key, a plaintext
 * or a tag. Nothing is written outside of data[0 … length + 16); any alignment will do. Not for several
 * threads at once: the keystream lies in static memory.
 */
#ifndef SUBNETRA_AEAD_H
#define SUBNETRA_AEAD_H

#include <stddef.h>
#include <stdint.h>

/* One implementation; they differ in the width of their vectors. */
struct aead {
    const char *name;
    /* Encrypts `length` bytes at `data` in place and writes the 16-byte tag behind them. The key has 32
     * bytes. */
    void (*seal)(const uint8_t *key, uint64_t seq, uint8_t *data, size_t length);
    /* Verifies the tag at data + length, then decrypts in place. 0: wrong tag, nothing was changed. */
    int (*open)(const uint8_t *key, uint64_t seq, uint8_t *data, size_t length);
    /* Overwrites all keys and all keystream left in memory. */
    void (*wipe)(void);
};

/* The implementation in use. aead_choose takes the widest one this CPU runs, or the one named. 0: there is
 * none. */
extern const struct aead *aead;
int aead_choose(const char *name);

#endif
