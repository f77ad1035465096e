/*
 * The runtime that code translated by wasm2c 1.0.39 expects, cut down to what the engine needs: one imported
 * memory of fixed size, no tables, no exceptions, no threads, no floating-point traps. WebAssembly's memory
 * is little-endian on every host: scripts/tiny/generate.mjs has each load and store pass byte-order.h.
 */
#ifndef WASM_RT_H_
#define WASM_RT_H_

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "byte-order.h"

#define WASM_RT_CORE_TYPES_DEFINED
typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

/* The translator's own way with big-endian hosts keeps the memory back to front, where no system call could
 * use it. */
#define WABT_BIG_ENDIAN 0
#define WASM_RT_USE_SEGUE 0
#define WASM_RT_SANITY_CHECKS 0
#define WASM_RT_STACK_DEPTH_COUNT 0
#define WASM_RT_MEMCHECK_GUARD_PAGES 1
#define WASM_RT_PAGE_SIZE 65536
#define WASM_DEFAULT_PAGE_SIZE 65536
#define WASM_RT_NO_RETURN __attribute__((noreturn))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WASM_RT_LIKELY(x) LIKELY(x)
#define WASM_RT_UNLIKELY(x) UNLIKELY(x)
#define wasm_rt_memcpy memcpy
#define wasm_rt_unreachable() wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE)

typedef enum {
    WASM_RT_TRAP_NONE,
    WASM_RT_TRAP_OOB,
    WASM_RT_TRAP_INT_OVERFLOW,
    WASM_RT_TRAP_DIV_BY_ZERO,
    WASM_RT_TRAP_INVALID_CONVERSION,
    WASM_RT_TRAP_UNREACHABLE,
    WASM_RT_TRAP_CALL_INDIRECT,
    WASM_RT_TRAP_EXHAUSTION
} wasm_rt_trap_t;

typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64, WASM_RT_V128 } wasm_rt_type_t;

typedef struct {
    uint8_t *data;
    uint64_t size;
    uint64_t pages;
} wasm_rt_memory_t;

/* Tables: the translator's prelude handles them, the engine has none. */
typedef const char *wasm_rt_func_type_t;
typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct wasm_rt_tailcallee {
    void (*fn)(void);
} wasm_rt_tailcallee_t;
typedef struct {
    wasm_rt_func_type_t func_type;
    wasm_rt_function_ptr_t func;
    wasm_rt_tailcallee_t func_tailcallee;
    void *module_instance;
} wasm_rt_funcref_t;
typedef void *wasm_rt_externref_t;
#define wasm_rt_funcref_null_value ((wasm_rt_funcref_t){0})
#define wasm_rt_externref_null_value NULL
typedef struct {
    wasm_rt_funcref_t *data;
    uint32_t size;
} wasm_rt_funcref_table_t;
typedef struct {
    wasm_rt_externref_t *data;
    uint32_t size;
} wasm_rt_externref_table_t;

/* engine.c */
WASM_RT_NO_RETURN void wasm_rt_trap(wasm_rt_trap_t trap);

/* The one memory, at an address known when the code is compiled. */
extern uint8_t engine_memory[];

/* What the engine's module imports. */
struct w2c_env;
wasm_rt_memory_t *w2c_env_memory(struct w2c_env *environment);
void w2c_env_abort(struct w2c_env *environment, u32 message, u32 file, u32 line, u32 column);
void w2c_env_aeadSeal(struct w2c_env *environment, u32 key, u64 seq, u32 data, u32 length);
u32 w2c_env_aeadOpen(struct w2c_env *environment, u32 key, u64 seq, u32 data, u32 length);
void w2c_env_aeadWipe(struct w2c_env *environment);

static inline bool wasm_rt_is_initialized(void)
{
    return true;
}

#endif
