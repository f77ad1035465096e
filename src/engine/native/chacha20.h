/*
 * ChaCha20 (RFC 8439 §2.3) on AEAD_LANES blocks side by side, called a group: each vector holds the same
 * state word of all of them. A group costs the same whether one or all of its blocks are wanted.
 */
#ifndef SUBNETRA_CHACHA20_H
#define SUBNETRA_CHACHA20_H

#include "poly1305.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint32_t vector __attribute__((vector_size(4 * AEAD_LANES)));
typedef uint8_t byte_vector __attribute__((vector_size(4 * AEAD_LANES)));
typedef uint64_t pair_vector __attribute__((vector_size(4 * AEAD_LANES)));

/* Bytes of keystream in a group, and the blocks of Poly1305 that its double rounds carry. */
#define GROUP (64 * AEAD_LANES)
#define BLOCKS_PER_ROUND (AEAD_LANES == 4 ? 2 : 3)
#define DOUBLE_ROUNDS 10

/* Wide vectors that do not fit in registers go to aligned stack memory only when this asks for it. */
#if defined(__x86_64__)
#define SPILL_ALIGNED __attribute__((force_align_arg_pointer))
#else
#define SPILL_ALIGNED
#endif

/* The initial state; word 12 counts the blocks. */
struct chacha20 {
    vector word[16];
};

/* Starts the keystream of a 32-byte key and a sequence number at block 0. */
static inline void chacha20_start(struct chacha20 *state, const uint8_t *key, uint64_t seq)
{
    static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    static const uint32_t lanes[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint32_t words[16] = {0};
    memcpy(words, constants, 16);
    memcpy(words + 4, key, 32);
    memcpy(words + 13, &seq, 8);
    for (int i = 0; i < 16; i++)
        state->word[i] = (vector){0} + words[i];
    memcpy(&state->word[12], lanes, sizeof(vector));
}

#if AEAD_LANES == 4
#define BY_LANE(step) step(0)
#else
#define BY_LANE(step) step(0), step(4)
#endif

/* Rotates every word to the left. */
static inline __attribute__((always_inline)) vector rotated(vector a, int bits)
{
#if defined(__SSSE3__) && !defined(__AVX512VL__)
    /* Whole bytes move faster in a shuffle; which one is said for one 128-bit lane and repeated. */
#define HALVES(i) 4 * (i) + 2, 4 * (i) + 3, 4 * (i), 4 * (i) + 1
#define BYTES(i) 4 * (i) + 3, 4 * (i), 4 * (i) + 1, 4 * (i) + 2
#define FOUR_HALVES(i) HALVES(i), HALVES(i + 1), HALVES(i + 2), HALVES(i + 3)
#define FOUR_BYTES(i) BYTES(i), BYTES(i + 1), BYTES(i + 2), BYTES(i + 3)
    /* Hidden from the compiler, which would shuffle both operands of the XOR before instead of its result. */
    __asm__("" : "+x"(a));
    if (bits == 16)
        return (vector)__builtin_shufflevector((byte_vector)a, (byte_vector)a, BY_LANE(FOUR_HALVES));
    if (bits == 8)
        return (vector)__builtin_shufflevector((byte_vector)a, (byte_vector)a, BY_LANE(FOUR_BYTES));
#endif
    return a << bits | a >> (32 - bits);
}

/* Four quarter rounds at once, none of which waits for its own results; `turn` is 0 for columns, 1 for
 * diagonals. */
static inline __attribute__((always_inline)) void quarter_rounds(vector *x, int turn)
{
    static const int bits[4] = {16, 12, 8, 7};
#pragma GCC unroll 4
    for (int step = 0; step < 4; step++) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            vector *a = &x[i], *b = &x[4 + (i + turn) % 4];
            vector *c = &x[8 + (i + 2 * turn) % 4], *d = &x[12 + (i + 3 * turn) % 4];
            if (step % 2 == 0) {
                *a += *b;
                *d = rotated(*d ^ *a, bits[step]);
            } else {
                *c += *d;
                *b = rotated(*b ^ *c, bits[step]);
            }
        }
    }
}

/* Writes four words of every block, 64 bytes apart. */
static inline __attribute__((always_inline)) void store_words(vector a, vector b, vector c, vector d,
                                                              uint8_t *out)
{
#define LOW_WORDS(i) i, AEAD_LANES + i, i + 1, AEAD_LANES + i + 1
#define HIGH_WORDS(i) i + 2, AEAD_LANES + i + 2, i + 3, AEAD_LANES + i + 3
#define LOW_PAIR(i) i / 2, AEAD_LANES / 2 + i / 2
#define HIGH_PAIR(i) i / 2 + 1, AEAD_LANES / 2 + i / 2 + 1
    pair_vector ab = (pair_vector)__builtin_shufflevector(a, b, BY_LANE(LOW_WORDS));
    pair_vector cd = (pair_vector)__builtin_shufflevector(c, d, BY_LANE(LOW_WORDS));
    pair_vector AB = (pair_vector)__builtin_shufflevector(a, b, BY_LANE(HIGH_WORDS));
    pair_vector CD = (pair_vector)__builtin_shufflevector(c, d, BY_LANE(HIGH_WORDS));
    pair_vector rows[4] = {
        __builtin_shufflevector(ab, cd, BY_LANE(LOW_PAIR)),
        __builtin_shufflevector(ab, cd, BY_LANE(HIGH_PAIR)),
        __builtin_shufflevector(AB, CD, BY_LANE(LOW_PAIR)),
        __builtin_shufflevector(AB, CD, BY_LANE(HIGH_PAIR)),
    };
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++)
#pragma GCC unroll 4
        for (int lane = 0; lane < AEAD_LANES / 4; lane++)
            memcpy(out + 64 * (4 * lane + row), (const uint8_t *)&rows[row] + 16 * lane, 16);
}

/*
 * Writes the next group of keystream to `out`. In each of the first `rounds` (at most 10) double rounds
 * Poly1305 absorbs BLOCKS_PER_ROUND blocks of `data`: the cipher lives in vector registers and waits for its
 * own results, the authenticator in general ones, so a processor that looks ahead runs both at once.
 */
SPILL_ALIGNED static __attribute__((noinline)) void chacha20_group(struct chacha20 *state, uint8_t *out,
                                                                   struct poly1305 *authenticator,
                                                                   const uint8_t *data, size_t rounds)
{
    struct poly1305 p = *authenticator;
    vector x[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        x[i] = state->word[i];
#pragma GCC unroll 1
    for (size_t round = 0; round < DOUBLE_ROUNDS; round++) {
        quarter_rounds(x, 0);
        if (round < rounds) {
            for (int block = 0; block < BLOCKS_PER_ROUND; block++, data += 16)
                poly1305_block(&p, data);
        }
        quarter_rounds(x, 1);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4)
        store_words(x[i] + state->word[i], x[i + 1] + state->word[i + 1], x[i + 2] + state->word[i + 2],
                    x[i + 3] + state->word[i + 3], out + 4 * i);
    state->word[12] += AEAD_LANES;
    *authenticator = p;
}

#endif
