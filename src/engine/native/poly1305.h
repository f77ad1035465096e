/*
 * Poly1305 (RFC 8439 §2.5) with 64-bit limbs: h = h0 + h1·2^64 + h2·2^128.
 *
 * Clamping clears the top four bits of both limbs of r and the low two bits of r1. So 2^130 = 5 folds into
 * the exact multiplier s1 = r1/4·5, and all sums of products stay below 2^128: with h2 ≤ 6 after a message
 * block is added, h0·r0 + h1·s1 < (1 + 5/4)·2^124 and h0·r1 + h1·r0 + h2·s1 < 2.1·2^124. What lies above
 * 2^128 is then below 6·2^60 + 2.1·2^60, and five quarters of it still fit in 64 bits.
 */
#ifndef SUBNETRA_POLY1305_H
#define SUBNETRA_POLY1305_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned __int128 uint128;

struct poly1305 {
    uint64_t r0, r1, s1;
    uint64_t h0, h1, h2;
    uint64_t pad0, pad1;
};

static inline uint64_t load64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, 8);
    return value;
}

static inline void store64(uint8_t *bytes, uint64_t value)
{
    memcpy(bytes, &value, 8);
}

/* Takes the 32-byte one-time key. */
static inline void poly1305_start(struct poly1305 *p, const uint8_t *key)
{
    p->r0 = load64(key) & 0x0ffffffc0fffffff;
    p->r1 = load64(key + 8) & 0x0ffffffc0ffffffc;
    p->s1 = p->r1 + (p->r1 >> 2);
    p->h0 = p->h1 = p->h2 = 0;
    p->pad0 = load64(key + 16);
    p->pad1 = load64(key + 24);
}

/* Absorbs a whole block. */
static inline void poly1305_block(struct poly1305 *p, const uint8_t *block)
{
    uint128 x0 = (uint128)p->h0 + load64(block);
    uint128 x1 = (uint128)p->h1 + load64(block + 8) + (uint64_t)(x0 >> 64);
    uint64_t h0 = (uint64_t)x0, h1 = (uint64_t)x1;
    uint64_t h2 = p->h2 + (uint64_t)(x1 >> 64) + 1;

    x0 = (uint128)h0 * p->r0 + (uint128)h1 * p->s1;
    x1 = (uint128)h0 * p->r1 + (uint128)h1 * p->r0 + h2 * p->s1 + (uint64_t)(x0 >> 64);
    h2 = h2 * p->r0 + (uint64_t)(x1 >> 64);

    x0 = (uint128)(uint64_t)x0 + (h2 & ~(uint64_t)3) + (h2 >> 2);
    x1 = (uint128)(uint64_t)x1 + (uint64_t)(x0 >> 64);
    p->h0 = (uint64_t)x0;
    p->h1 = (uint64_t)x1;
    p->h2 = (h2 & 3) + (uint64_t)(x1 >> 64);
}

/* Absorbs `count` whole blocks. */
static inline void poly1305_blocks(struct poly1305 *state, const uint8_t *data, size_t count)
{
    struct poly1305 p = *state;
    for (; count > 0; count--, data += 16)
        poly1305_block(&p, data);
    *state = p;
}

/* Writes the 16-byte tag. */
static inline void poly1305_finish(const struct poly1305 *p, uint8_t *tag)
{
    /* h < 2(2^130 - 5), so the quotient of h + 5 by 2^130 says whether to subtract the modulus once. */
    uint128 x0 = (uint128)p->h0 + 5;
    uint128 x1 = (uint128)p->h1 + (uint64_t)(x0 >> 64);
    uint64_t quotient = (p->h2 + (uint64_t)(x1 >> 64)) >> 2;
    x0 = (uint128)p->h0 + quotient * 5 + p->pad0;
    x1 = (uint128)p->h1 + p->pad1 + (uint64_t)(x0 >> 64);
    store64(tag, (uint64_t)x0);
    store64(tag + 8, (uint64_t)x1);
}

#endif
