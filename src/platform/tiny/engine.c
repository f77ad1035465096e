/* The engine's memory, the choice of its variant, and what the translated code imports. */

#include "engine.h"

#include "abi.h"
#include "sys.h"
#include "wasm-rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

_Alignas(65536) uint8_t engine_memory[ENGINE_MEMORY_LENGTH];
const struct engine_variant *engine;

static wasm_rt_memory_t memory = {
    .data = engine_memory, .size = ENGINE_MEMORY_LENGTH, .pages = ENGINE_MEMORY_LENGTH / WASM_RT_PAGE_SIZE};

/* The imports "env.memory" and "env.abort" of the module. */

wasm_rt_memory_t *w2c_env_memory(struct w2c_env *environment)
{
    (void)environment;
    return &memory;
}

void w2c_env_abort(struct w2c_env *environment, u32 message, u32 file, u32 line, u32 column)
{
    (void)environment, (void)message, (void)file, (void)line, (void)column;
    engine_fault("engine aborted");
}

void wasm_rt_trap(wasm_rt_trap_t trap)
{
    (void)trap;
    engine_fault("engine trapped");
}

static uint32_t rx_buffers;

void engine_set_rx_buffers(uint32_t count)
{
    rx_buffers = count <= ABI_LIMIT_RX_BUFFERS ? count : 0;
}

uint32_t engine_rx_buffers(void)
{
    return rx_buffers;
}

void engine_fault(const char *what)
{
    sys_print(2, "fatal: ", 7);
    sys_print(2, what, strlen(what));
    sys_print(2, "\n", 1);
    abort();
}

void *engine_bytes(uint32_t offset, uint32_t length)
{
    if (offset > ENGINE_MEMORY_LENGTH || length > ENGINE_MEMORY_LENGTH - offset)
        engine_fault("buffer outside engine memory");
    return engine_memory + offset;
}

uint8_t *engine_region(uint32_t id, uint32_t length)
{
    return engine_bytes(engine->region(id), length);
}

#if defined(__x86_64__)
/* SSE4.1, which the SIMD variant is compiled for. */
static int has_simd(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0;
}

/* AVX2, with the system saving the wide registers. */
static int has_wide_simd(void)
{
    unsigned int a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
        return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6)
        return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) != 0;
}
static int runs_here(const char *name)
{
    if (strcmp(name, "simd256") == 0)
        return has_wide_simd();
    return strcmp(name, "simd") != 0 || has_simd();
}
#else
/* The other targets carry one variant, which all their CPUs run. */
static int runs_here(const char *name)
{
    (void)name;
    return 1;
}
#endif

#define VARIANT(name) extern const struct engine_variant engine_##name;
#include "engine-variants.h"
#undef VARIANT

/* Fastest first. */
static const struct engine_variant *const variants[] = {
#define VARIANT(name) &engine_##name,
#include "engine-variants.h"
#undef VARIANT
};

int engine_choose(const char *name)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const struct engine_variant *variant = variants[i];
        if (!runs_here(variant->name) || (name != NULL && strcmp(variant->name, name) != 0))
            continue;
        variant->start();
        engine = variant;
        return 1;
    }
    return 0;
}
