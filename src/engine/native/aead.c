/* The choice among the implementations that this target's build carries. */

#include "aead.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

extern const struct aead aead_avx512, aead_avx2, aead_sse2;

/* Widest first. */
static const struct aead *const implementations[] = {&aead_avx512, &aead_avx2, &aead_sse2};

/* What the system saves of the vector registers (XCR0): the 256-bit halves; masks and 512-bit registers as
 * well. */
#define SAVES_AVX 0x06u
#define SAVES_AVX512 0xe6u

static unsigned int saved_registers(void)
{
    unsigned int a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
        return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Whether this CPU has what the build compiles the implementation for. */
static int runs_here(const struct aead *implementation)
{
    if (implementation == &aead_sse2)
        return 1;
    unsigned int a, features, c, d;
    if (!__get_cpuid_count(7, 0, &a, &features, &c, &d))
        return 0;
    unsigned int needed = bit_AVX2 | bit_BMI2, saved = SAVES_AVX;
    if (implementation == &aead_avx512) {
        needed |= bit_AVX512F | bit_AVX512VL;
        saved = SAVES_AVX512;
    }
    return (features & needed) == needed && (saved_registers() & saved) == saved;
}
#else

extern const struct aead aead_neon;

static const struct aead *const implementations[] = {&aead_neon};

/* Part of the architecture's base. */
static int runs_here(const struct aead *implementation)
{
    return implementation == &aead_neon;
}
#endif

const struct aead *aead;

int aead_choose(const char *name)
{
    for (size_t i = 0; i < sizeof implementations / sizeof *implementations; i++) {
        const struct aead *implementation = implementations[i];
        if (!runs_here(implementation) || (name != NULL && strcmp(implementation->name, name) != 0))
            continue;
        aead = implementation;
        return 1;
    }
    return 0;
}
