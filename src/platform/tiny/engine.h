/*
 * The translated engine (src/engine/assembly, by wasm2c): its memory and its exports.
 *
 * There is one instance, and its memory is one array whose address the compiler knows: a load or store of the
 * engine is then a plain machine access, with no base pointer to fetch again after every store.
 */
#ifndef SUBNETRA_ENGINE_H
#define SUBNETRA_ENGINE_H

#include "byte-order.h"

#include <stdint.h>

/* 32 MiB as on Node. The array lies in .bss: the system commits a page when it is first touched. */
#define ENGINE_MEMORY_LENGTH (512u * 65536u)

extern uint8_t engine_memory[ENGINE_MEMORY_LENGTH];

/* An export of src/engine/exports.ts; all arguments are 32-bit, so is the result (0 when there is none). */
struct engine_export {
    const char *name;
    uint32_t arguments;
    uint32_t (*call)(const uint32_t *arguments);
};

/* The translation of the engine; its exports end with a null name. */
struct engine {
    const char *name;
    void (*start)(void);
    uint32_t (*region)(uint32_t id);
    const struct engine_export *exports;
};

extern const struct engine engine;

/*
 * Starts the engine with the fastest cryptography this CPU runs, or the one named: the native AEAD of some
 * width, or else the only one there is, which has the translation's name. 0 when this CPU or this build has
 * no such.
 */
int engine_start(const char *name);
/* What runs. */
extern const char *engine_variant;

/* Ends the process: core and engine disagree about memory, so nothing it holds can be trusted any more. */
void engine_fault(const char *what) __attribute__((noreturn));

/* Receive buffers the engine is laid out with: told by the caller of init, 0 when init would refuse the
 * number. */
void engine_set_rx_buffers(uint32_t count);
uint32_t engine_rx_buffers(void);

/* The bytes at an offset of engine memory; ends the process when they are not inside it. */
void *engine_bytes(uint32_t offset, uint32_t length);
/* The bytes of a REGION_*. */
uint8_t *engine_region(uint32_t id, uint32_t length);

/* The u32 of a record; records are aligned. */
static inline uint32_t record_get(const uint8_t *record, uint32_t field)
{
    return little32(*(const uint32_t *)(const void *)(record + field));
}

static inline void record_set(uint8_t *record, uint32_t field, uint32_t value)
{
    *(uint32_t *)(void *)(record + field) = little32(value);
}

/* The u64 of a record. */
static inline void record_set64(uint8_t *record, uint32_t field, uint64_t value)
{
    record_set(record, field, (uint32_t)value);
    record_set(record, field + 4, (uint32_t)(value >> 32));
}

#endif
