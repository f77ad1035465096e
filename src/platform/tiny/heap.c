/* See heap.h. Blocks carry boundary tags; free blocks of one size class form a list. */

#include "heap.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_LENGTH (32u << 20)
#define ARENA_LOG 25u
#define GRAIN 8u
#define HEADER ((uint32_t)sizeof(struct block))
#define SMALLEST (HEADER + (uint32_t)sizeof(struct links))
#define USED 1u
#define NONE UINT32_MAX

/* Small sizes have a list for each multiple of the grain, larger ones four lists for each power of two. */
#define SMALL_LIMIT 512u
#define SMALL_LISTS (SMALL_LIMIT / GRAIN)
#define SMALL_LOG 9u
#define LISTS (SMALL_LISTS + 4u * (ARENA_LOG - SMALL_LOG + 1u))
#define WORDS ((LISTS + 31u) / 32u)

struct block {
    uint32_t before; /* size of the block in front, 0 for the first */
    uint32_t size;   /* with this header; bit 0 is set while the block is used */
};

/* In the body of a free block: offsets of its neighbours in the list. */
struct links {
    uint32_t next, previous;
};

static uint8_t *arena;
static uint32_t top;  /* end of the last block; everything behind it is free */
static uint32_t last; /* size of the last block */
static uint32_t heads[LISTS];
static uint32_t present[WORDS]; /* bit set: the list is not empty */

int heap_open(void)
{
    void *memory =
        mmap(NULL, ARENA_LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return 0;
    madvise(memory, ARENA_LENGTH, MADV_DONTDUMP);
    arena = memory;
    return 1;
}

static struct block *block_at(uint32_t offset)
{
    return (struct block *)(void *)(arena + offset);
}

static struct links *links_at(uint32_t offset)
{
    return (struct links *)(void *)(arena + offset + HEADER);
}

static uint32_t list_of(uint32_t size)
{
    if (size < SMALL_LIMIT)
        return size / GRAIN;
    uint32_t log = 31u - (uint32_t)__builtin_clz(size);
    return SMALL_LISTS + (log - SMALL_LOG) * 4u + ((size >> (log - 2u)) & 3u);
}

static void insert(uint32_t at)
{
    uint32_t list = list_of(block_at(at)->size);
    uint32_t head = (present[list / 32u] >> (list % 32u)) & 1u ? heads[list] : NONE;
    *links_at(at) = (struct links){.next = head, .previous = NONE};
    if (head != NONE)
        links_at(head)->previous = at;
    heads[list] = at;
    present[list / 32u] |= 1u << (list % 32u);
}

static void withdraw(uint32_t at)
{
    const struct links links = *links_at(at);
    if (links.next != NONE)
        links_at(links.next)->previous = links.previous;
    if (links.previous != NONE) {
        links_at(links.previous)->next = links.next;
        return;
    }
    uint32_t list = list_of(block_at(at)->size);
    heads[list] = links.next;
    if (links.next == NONE)
        present[list / 32u] &= ~(1u << (list % 32u));
}

/* A free block of at least `size` bytes, or NONE. */
static uint32_t find(uint32_t size)
{
    uint32_t list = list_of(size);
    if ((present[list / 32u] >> (list % 32u)) & 1u)
        for (uint32_t at = heads[list]; at != NONE; at = links_at(at)->next)
            if (block_at(at)->size >= size)
                return at;
    for (list++; list < LISTS; list = (list | 31u) + 1u) {
        uint32_t word = present[list / 32u] >> (list % 32u);
        if (word != 0)
            return heads[list + (uint32_t)__builtin_ctz(word)];
    }
    return NONE;
}

/* Tells the block behind `at`, or the end of the arena's used part, how large the block at `at` is. */
static void note_size(uint32_t at)
{
    uint32_t size = block_at(at)->size & ~USED;
    if (at + size == top)
        last = size;
    else
        block_at(at + size)->before = size;
}

static void release(uint32_t at)
{
    struct block *block = block_at(at);
    block->size &= ~USED;
    uint32_t next = at + block->size;
    if (next != top && (block_at(next)->size & USED) == 0) {
        withdraw(next);
        block->size += block_at(next)->size;
    }
    if (block->before != 0 && (block_at(at - block->before)->size & USED) == 0) {
        at -= block->before;
        withdraw(at);
        block_at(at)->size += block->size;
        block = block_at(at);
    }
    if (at + block->size == top) {
        top = at;
        last = block->before;
        return;
    }
    note_size(at);
    insert(at);
}

/* Gives the tail of a used block back when it is worth a block of its own. */
static void trim(uint32_t at, uint32_t size)
{
    struct block *block = block_at(at);
    uint32_t rest = (block->size & ~USED) - size;
    if (rest < SMALLEST)
        return;
    block->size = size | USED;
    *block_at(at + size) = (struct block){.before = size, .size = rest | USED};
    note_size(at + size);
    release(at + size);
}

/* Size of the block for a request, 0 when it is too large. */
static uint32_t block_size(size_t size)
{
    if (size > ARENA_LENGTH - HEADER - GRAIN)
        return 0;
    uint32_t whole = ((uint32_t)size + HEADER + GRAIN - 1u) & ~(GRAIN - 1u);
    return whole < SMALLEST ? SMALLEST : whole;
}

/* Cuts a block from the unused end of the arena. */
static uint32_t extend(uint32_t size)
{
    if (size > ARENA_LENGTH - top)
        return NONE;
    uint32_t at = top;
    *block_at(at) = (struct block){.before = last, .size = size | USED};
    top += size;
    last = size;
    return at;
}

void *heap_allocate(void *unused, size_t size)
{
    (void)unused;
    uint32_t want = block_size(size);
    if (size == 0 || want == 0)
        return NULL;
    uint32_t at = find(want);
    if (at == NONE) {
        at = extend(want);
        return at == NONE ? NULL : arena + at + HEADER;
    }
    withdraw(at);
    block_at(at)->size |= USED;
    trim(at, want);
    return arena + at + HEADER;
}

void heap_free(void *unused, void *pointer)
{
    (void)unused;
    if (pointer != NULL)
        release((uint32_t)((uint8_t *)pointer - arena) - HEADER);
}

/* Makes the block at `at` at least `want` bytes long without moving it. */
static int grow_in_place(uint32_t at, uint32_t want)
{
    struct block *block = block_at(at);
    uint32_t have = block->size & ~USED;
    uint32_t next = at + have;
    if (next == top) {
        if (want - have > ARENA_LENGTH - top)
            return 0;
        block->size = want | USED;
        top = at + want;
        last = want;
        return 1;
    }
    uint32_t room = block_at(next)->size;
    if ((room & USED) != 0 || have + room < want)
        return 0;
    withdraw(next);
    block->size = (have + room) | USED;
    note_size(at);
    trim(at, want);
    return 1;
}

void *heap_resize(void *unused, void *pointer, size_t size)
{
    if (pointer == NULL)
        return heap_allocate(unused, size);
    if (size == 0) {
        heap_free(unused, pointer);
        return NULL;
    }
    uint32_t at = (uint32_t)((uint8_t *)pointer - arena) - HEADER;
    uint32_t want = block_size(size);
    uint32_t have = block_at(at)->size & ~USED;
    if (want == 0)
        return NULL;
    if (want <= have) {
        trim(at, want);
        return pointer;
    }
    if (grow_in_place(at, want))
        return pointer;
    void *moved = heap_allocate(unused, size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, pointer, have - HEADER);
    heap_free(unused, pointer);
    return moved;
}
