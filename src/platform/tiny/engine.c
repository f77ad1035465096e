/* The engine's memory, the choice of its cryptography, and what the translated code imports. */

#include "engine.h"

#include "abi.h"
#if defined(ENGINE_NATIVE_AEAD)
#include "aead.h"
#endif
#include "sys.h"
#include "wasm-rt.h"

#include <string.h>
#include <unistd.h>

_Alignas(65536) uint8_t engine_memory[ENGINE_MEMORY_LENGTH];
const char *engine_variant;

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
    /* Not abort: a core file would hold the keys. */
    _exit(1);
}

void *engine_bytes(uint32_t offset, uint32_t length)
{
    if (offset > ENGINE_MEMORY_LENGTH || length > ENGINE_MEMORY_LENGTH - offset)
        engine_fault("buffer outside engine memory");
    return engine_memory + offset;
}

uint8_t *engine_region(uint32_t id, uint32_t length)
{
    return engine_bytes(engine.region(id), length);
}

#if defined(ENGINE_NATIVE_AEAD)

/* The imports of src/engine/assembly/crypto/aead-native.ts. */

void w2c_env_aeadSeal(struct w2c_env *environment, u32 key, u64 seq, u32 data, u32 length)
{
    (void)environment;
    aead->seal(engine_memory + key, seq, engine_memory + data, length);
}

u32 w2c_env_aeadOpen(struct w2c_env *environment, u32 key, u64 seq, u32 data, u32 length)
{
    (void)environment;
    return (u32)aead->open(engine_memory + key, seq, engine_memory + data, length);
}

void w2c_env_aeadWipe(struct w2c_env *environment)
{
    (void)environment;
    aead->wipe();
}

static const char *choose(const char *name)
{
    return aead_choose(name) ? aead->name : NULL;
}
#else
static const char *choose(const char *name)
{
    return name == NULL || strcmp(name, engine.name) == 0 ? engine.name : NULL;
}
#endif

int engine_start(const char *name)
{
    engine_variant = choose(name);
    if (engine_variant == NULL)
        return 0;
    engine.start();
    return 1;
}
