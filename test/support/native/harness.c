/*
 * Runs the native AEAD outside of the tiny build.
 *
 *   harness names               the implementations that this CPU runs, one a line
 *   harness check NAME STEP     checks the cases on standard input, at every STEPth of 64 alignments
 *   harness bench ROUNDS        times all of them in turns: nanoseconds per call, best and median
 *
 * A case is the u32 kind and length, a key of 32 bytes, a u64 sequence number, a message of that length, and
 * what comes out: ciphertext and tag for CASE_AEAD, the tag alone for a case of Poly1305.
 */

#include "aead.h"
#include "poly1305.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CASE_AEAD 0
#define LONGEST 65536
#define TAG 16
#define ALIGNMENTS 64
#define GUARD 64
#define GUARD_BYTE 0xa5

static const char *const names[] = {"avx512", "avx2", "sse2", "neon"};
#define NAMES (sizeof names / sizeof *names)

static uint8_t key[32];
static uint64_t seq;
static uint8_t message[LONGEST], expected[LONGEST + TAG];
static uint8_t arena[GUARD + ALIGNMENTS + LONGEST + TAG + GUARD] __attribute__((aligned(64)));

static void fail(const char *what, size_t length, size_t alignment)
{
    printf("%s: length %zu, alignment %zu\n", what, length, alignment);
    exit(1);
}

static int untouched(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != GUARD_BYTE)
            return 0;
    return 1;
}

/* Flips one bit and expects that open refuses it and leaves everything as it was. */
static void check_forgery(uint8_t *data, size_t length, size_t bit, size_t alignment)
{
    static uint8_t before[LONGEST + TAG];
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    memcpy(before, data, length + TAG);
    if (aead->open(key, seq, data, length))
        fail("opened a forgery", length, alignment);
    if (memcmp(before, data, length + TAG) != 0)
        fail("changed a forgery", length, alignment);
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void check_round_trip(uint8_t *data, size_t length, size_t alignment)
{
    memcpy(data, message, length);
    aead->seal(key, seq, data, length);
    if (memcmp(data, expected, length + TAG) != 0)
        fail("sealed otherwise", length, alignment);
    check_forgery(data, length, (length * 131 + alignment * 7919) % ((length + TAG) * 8), alignment);
    if (!aead->open(key, seq, data, length))
        fail("did not open", length, alignment);
    if (memcmp(data, message, length) != 0 || memcmp(data + length, expected + length, TAG) != 0)
        fail("opened otherwise", length, alignment);
}

static void check_aead(size_t length, size_t step)
{
    for (size_t alignment = 0; alignment < ALIGNMENTS; alignment += step) {
        uint8_t *data = arena + GUARD + alignment;
        memset(arena, GUARD_BYTE, GUARD + ALIGNMENTS + length + TAG + GUARD);
        check_round_trip(data, length, alignment);
        if (!untouched(arena, GUARD + alignment) || !untouched(data + length + TAG, GUARD))
            fail("wrote outside", length, alignment);
    }
    /* On the heap the address sanitizer sees what is read outside, too. */
    uint8_t *exact = malloc(length + TAG);
    check_round_trip(exact, length, 0);
    memcpy(exact, expected, length + TAG);
    for (size_t bit = 0; length <= 64 && bit < (length + TAG) * 8; bit++)
        check_forgery(exact, length, bit, 0);
    free(exact);
}

static void check_poly1305(size_t length)
{
    struct poly1305 p;
    uint8_t tag[TAG];
    poly1305_start(&p, key);
    poly1305_blocks(&p, message, length / 16);
    poly1305_finish(&p, tag);
    if (memcmp(tag, expected, TAG) != 0)
        fail("authenticated otherwise", length, 0);
}

static void need(void *bytes, size_t length)
{
    if (fread(bytes, 1, length, stdin) == length)
        return;
    printf("a case is cut off\n");
    exit(1);
}

static int check(size_t step)
{
    unsigned long cases = 0;
    uint32_t head[2];
    for (; fread(head, sizeof head, 1, stdin) == 1; cases++) {
        size_t length = head[1];
        if (length > LONGEST)
            fail("too long", length, 0);
        need(key, sizeof key);
        need(&seq, sizeof seq);
        need(message, length);
        need(expected, head[0] == CASE_AEAD ? length + TAG : TAG);
        if (head[0] == CASE_AEAD)
            check_aead(length, step);
        else
            check_poly1305(length);
    }
    aead->wipe();
    printf("%lu\n", cases);
    return 0;
}

static double nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seals a few times, and opens each when asked to. Nanoseconds per turn. */
static double time_turns(size_t length, int opens)
{
    enum { TURNS = 15 };
    /* Where the payload of a received datagram lies. */
    uint8_t *data = arena + 20;
    double start = nanoseconds();
    for (uint64_t turn = 0; turn < TURNS; turn++) {
        aead->seal(key, turn, data, length);
        if (opens && !aead->open(key, turn, data, length))
            fail("did not open", length, 20);
    }
    return (nanoseconds() - start) / TURNS;
}

static int bench(size_t rounds)
{
    static const size_t lengths[] = {64, 512, 1408};
    enum { TESTS = 6 };
    double *times = calloc(NAMES * TESTS * rounds, sizeof *times);
    for (size_t round = 0; round < rounds; round++)
        for (size_t name = 0; name < NAMES; name++)
            for (size_t test = 0; aead_choose(names[name]) && test < TESTS; test++)
                times[(name * TESTS + test) * rounds + round] = time_turns(lengths[test / 2], test % 2);
    for (size_t name = 0; name < NAMES; name++)
        for (size_t test = 0; aead_choose(names[name]) && test < TESTS; test++) {
            double *list = times + (name * TESTS + test) * rounds;
            qsort(list, rounds, sizeof *list, ascending);
            printf("%-7s %-9s %4zu %6.0f ns   median %6.0f\n", names[name], test % 2 ? "seal+open" : "seal",
                   lengths[test / 2], list[0], list[rounds / 2]);
        }
    free(times);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "names") == 0) {
        for (size_t i = 0; i < NAMES; i++)
            if (aead_choose(names[i]))
                puts(names[i]);
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "check") == 0 && aead_choose(argv[2]))
        return check(strtoul(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "bench") == 0)
        return bench(strtoul(argv[2], NULL, 10));
    fprintf(stderr, "usage: harness names | check NAME STEP | bench ROUNDS\n");
    return 2;
}
