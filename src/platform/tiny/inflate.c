/* Raw deflate streams, RFC 1951: small rather than fast, for one run of some 20 KB at start. */

#include "inflate.h"

#include <string.h>

#define MAX_BITS 15
#define LITERALS 288
#define DISTANCES 30
#define CODE_LENGTHS 19
#define END_OF_BLOCK 256

struct stream {
    const uint8_t *in;
    size_t left;
    uint32_t bits;
    unsigned count; /* bits that wait in `bits` */
    uint8_t *out;
    size_t used, capacity;
    int damaged;
};

/* A canonical Huffman code: how many codes there are of each length, and the symbols in order of their codes.
 */
struct code {
    uint16_t counts[MAX_BITS + 1];
    uint16_t symbols[LITERALS];
};

static uint32_t take(struct stream *s, unsigned wanted)
{
    while (s->count < wanted) {
        if (s->left == 0) {
            s->damaged = 1;
            return 0;
        }
        s->bits |= (uint32_t)*s->in++ << s->count;
        s->left--;
        s->count += 8;
    }
    uint32_t value = s->bits & ((1u << wanted) - 1u);
    s->bits >>= wanted;
    s->count -= wanted;
    return value;
}

/* RFC 1951 §3.2.2: the lengths alone define the code. */
static void build(struct code *code, const uint8_t *lengths, unsigned symbols)
{
    uint16_t offsets[MAX_BITS + 1];
    memset(code->counts, 0, sizeof code->counts);
    for (unsigned i = 0; i < symbols; i++)
        code->counts[lengths[i]]++;
    code->counts[0] = 0;
    offsets[1] = 0;
    for (unsigned bits = 1; bits < MAX_BITS; bits++)
        offsets[bits + 1] = (uint16_t)(offsets[bits] + code->counts[bits]);
    for (unsigned i = 0; i < symbols; i++)
        if (lengths[i] != 0)
            code->symbols[offsets[lengths[i]]++] = (uint16_t)i;
}

static unsigned decode(struct stream *s, const struct code *code)
{
    unsigned value = 0, first = 0, index = 0;
    for (unsigned bits = 1; bits <= MAX_BITS && !s->damaged; bits++) {
        value |= take(s, 1);
        unsigned count = code->counts[bits];
        if (value < first + count)
            return code->symbols[index + (value - first)];
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    s->damaged = 1;
    return END_OF_BLOCK;
}

static void put(struct stream *s, uint8_t byte)
{
    if (s->used == s->capacity)
        s->damaged = 1;
    else
        s->out[s->used++] = byte;
}

static void copy(struct stream *s, size_t distance, unsigned length)
{
    if (distance > s->used) {
        s->damaged = 1;
        return;
    }
    while (length-- > 0 && !s->damaged)
        put(s, s->out[s->used - distance]);
}

/* RFC 1951 §3.2.5: extra bits and bases follow a rule, but for the last length code. */
static unsigned match_length(struct stream *s, unsigned symbol)
{
    if (symbol == 285)
        return 258;
    unsigned code = symbol - 257;
    if (symbol > 285) {
        s->damaged = 1;
        return 0;
    }
    if (code < 8)
        return code + 3;
    unsigned extra = (code >> 2) - 1;
    return ((4 + (code & 3)) << extra) + 3 + take(s, extra);
}

static size_t match_distance(struct stream *s, unsigned code)
{
    /* What decode makes of a damaged stream is no distance. */
    if (code >= DISTANCES) {
        s->damaged = 1;
        return 0;
    }
    if (code < 4)
        return code + 1;
    unsigned extra = (code >> 1) - 1;
    return ((size_t)(2 + (code & 1)) << extra) + 1 + take(s, extra);
}

static void block(struct stream *s, const struct code *literals, const struct code *distances)
{
    while (!s->damaged) {
        unsigned symbol = decode(s, literals);
        if (symbol < END_OF_BLOCK) {
            put(s, (uint8_t)symbol);
        } else if (symbol == END_OF_BLOCK) {
            return;
        } else {
            unsigned length = match_length(s, symbol);
            copy(s, match_distance(s, decode(s, distances)), length);
        }
    }
}

/* RFC 1951 §3.2.7: the codes themselves are coded. */
static void dynamic_block(struct stream *s)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    static struct code literals, distances;
    uint8_t lengths[LITERALS + 32] = {0};
    unsigned literal_count = take(s, 5) + 257, distance_count = take(s, 5) + 1, code_count = take(s, 4) + 4;
    if (literal_count > LITERALS || distance_count > DISTANCES)
        s->damaged = 1;
    for (unsigned i = 0; i < code_count; i++)
        lengths[order[i]] = (uint8_t)take(s, 3);
    build(&literals, lengths, CODE_LENGTHS);
    memset(lengths, 0, sizeof lengths);
    for (unsigned i = 0; i < literal_count + distance_count && !s->damaged;) {
        unsigned symbol = decode(s, &literals), repeat = 1;
        uint8_t value = (uint8_t)symbol;
        if (symbol == 16) {
            value = i == 0 ? 0 : lengths[i - 1];
            repeat = 3 + take(s, 2);
        } else if (symbol > 16) {
            value = 0;
            repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        }
        if (i + repeat > literal_count + distance_count)
            s->damaged = 1;
        while (repeat-- > 0 && !s->damaged)
            lengths[i++] = value;
    }
    if (s->damaged)
        return;
    build(&distances, lengths + literal_count, distance_count);
    build(&literals, lengths, literal_count);
    block(s, &literals, &distances);
}

size_t inflate(uint8_t *out, size_t capacity, const uint8_t *in, size_t length)
{
    struct stream s = {.in = in, .left = length, .out = out, .capacity = capacity};
    uint32_t last;
    do {
        last = take(&s, 1);
        /* The build's compressor writes dynamic blocks only. */
        if (take(&s, 2) != 2)
            s.damaged = 1;
        if (!s.damaged)
            dynamic_block(&s);
    } while (!last && !s.damaged);
    return s.damaged ? 0 : s.used;
}
