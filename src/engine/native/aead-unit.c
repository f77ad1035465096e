/*
 * One implementation of the AEAD as a translation unit. The build compiles it once for each width, with flags
 * for CPUs that have it, AEAD_NAME its name and AEAD_LANES the 32-bit words of a vector (4 or 8).
 */

#include "aead.h"
#include "chacha20.h"
#include "poly1305.h"

#include <string.h>

/* Block 0 of the keystream is the one-time key; the data uses the rest of the first group. */
#define FIRST (GROUP - 64)
/* Groups of keystream that open makes while it authenticates: enough for the largest datagram. */
#define GROUPS_AHEAD ((2240 + GROUP - 1) / GROUP)
#define AHEAD (FIRST + GROUPS_AHEAD * GROUP)
/* Bytes absorbed in a double round. */
#define PER_ROUND (16 * BLOCKS_PER_ROUND)

/* All that depends on a key, so that wipe can reach it. */
static struct {
    struct chacha20 cipher;
    struct poly1305 authenticator;
    uint8_t keystream[64 + AHEAD];
} secret __attribute__((aligned(64)));

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Computes the first group of keystream and takes the one-time key from it. */
static void begin(const uint8_t *key, uint64_t seq)
{
    chacha20_start(&secret.cipher, key, seq);
    chacha20_group(&secret.cipher, secret.keystream, &secret.authenticator, key, 0);
    poly1305_start(&secret.authenticator, secret.keystream);
}

/*
 * Makes a group at `out` and absorbs of the ciphertext at `data` what it can carry meanwhile. Returns how
 * many bytes.
 */
static size_t next_group(uint8_t *out, const uint8_t *data, size_t length)
{
    size_t rounds = smaller(length / PER_ROUND, DOUBLE_ROUNDS);
    chacha20_group(&secret.cipher, out, &secret.authenticator, data, rounds);
    return rounds * PER_ROUND;
}

/*
 * Absorbs ciphertext to its end, its padding, and the lengths (RFC 8439 §2.8.1), writes the tag and wipes the
 * one-time key.
 */
static void finish(const uint8_t *data, size_t absorbed, size_t length, uint8_t *tag)
{
    struct poly1305 *authenticator = &secret.authenticator;
    uint8_t block[16] = {0};
    poly1305_blocks(authenticator, data + absorbed, (length - absorbed) / 16);
    if (length % 16 != 0) {
        memcpy(block, data + (length & ~(size_t)15), length % 16);
        poly1305_blocks(authenticator, block, 1);
    }
    store64(block, 0);
    store64(block + 8, length);
    poly1305_blocks(authenticator, block, 1);
    poly1305_finish(authenticator, tag);
    memset(authenticator, 0, sizeof *authenticator);
}

/* XORs `length` bytes at `data` with those at `pad`. */
static void mix(uint8_t *data, const uint8_t *pad, size_t length)
{
    size_t at = 0;
    for (; at + sizeof(vector) <= length; at += sizeof(vector)) {
        vector a, b;
        memcpy(&a, data + at, sizeof a);
        memcpy(&b, pad + at, sizeof b);
        a ^= b;
        memcpy(data + at, &a, sizeof a);
    }
    for (; at + 8 <= length; at += 8)
        store64(data + at, load64(data + at) ^ load64(pad + at));
    for (; at < length; at++)
        data[at] ^= pad[at];
}

static void seal(const uint8_t *key, uint64_t seq, uint8_t *data, size_t length)
{
    begin(key, seq);
    size_t done = smaller(length, FIRST);
    mix(data, secret.keystream + 64, done);
    size_t absorbed = 0;
    while (done < length) {
        /* Each group is made while the ciphertext of the one before is absorbed. */
        size_t size = smaller(length - done, GROUP);
        absorbed += next_group(secret.keystream, data + absorbed, done - absorbed);
        mix(data + done, secret.keystream, size);
        done += size;
    }
    finish(data, absorbed, length, data + length);
}

static int open(const uint8_t *key, uint64_t seq, uint8_t *data, size_t length)
{
    begin(key, seq);
    size_t ready = FIRST, absorbed = 0;
    for (; ready < length && ready < AHEAD; ready += GROUP)
        absorbed += next_group(secret.keystream + 64 + ready, data + absorbed, length - absorbed);
    uint8_t tag[16];
    finish(data, absorbed, length, tag);
    const uint8_t *given = data + length;
    if (((load64(tag) ^ load64(given)) | (load64(tag + 8) ^ load64(given + 8))) != 0)
        return 0;
    mix(data, secret.keystream + 64, smaller(length, ready));
    for (; ready < length; ready += GROUP) {
        next_group(secret.keystream, data, 0);
        mix(data + ready, secret.keystream, smaller(length - ready, GROUP));
    }
    return 1;
}

static void wipe(void)
{
    memset(&secret, 0, sizeof secret);
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

const struct aead JOIN(aead_, AEAD_NAME) = {
    .name = TEXT(AEAD_NAME),
    .seal = seal,
    .open = open,
    .wipe = wipe,
};
