/* Keys stay out of core files and out of swap. */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Pages are locked as they become resident: what is never used costs nothing. */
#define LOCK_ON_FAULT 1

/* Named by the linker: the zeroed data of this program, with engine memory and the cipher's state. */
extern char __bss_start[], _end[];

static void keep_out_of_dumps(char *start, const char *end)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *first = start - ((uintptr_t)start & (page - 1));
    madvise(first, (size_t)(end - first), MADV_DONTDUMP);
}

void sys_forbid_dumps(void)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    keep_out_of_dumps(__bss_start, _end);
}

/* The system allows a process so many locked bytes (RLIMIT_MEMLOCK); beyond that nothing happens. */
static void keep_out_of_swap(const void *start, const void *end)
{
#if defined(SYS_mlock2)
    syscall(SYS_mlock2, start, (size_t)((const char *)end - (const char *)start), LOCK_ON_FAULT);
#else
    (void)start, (void)end;
#endif
}

/* The most important pages first. */
void sys_keep_keys_out_of_swap(void)
{
    const uint8_t *scratch = engine_region(ABI_REGION_SCRATCH, ABI_SCRATCH_LENGTH);
    keep_out_of_swap(engine_memory, scratch);
    keep_out_of_swap(__bss_start, engine_memory);
    keep_out_of_swap(engine_memory + ENGINE_MEMORY_LENGTH, _end);
    keep_out_of_swap(engine_region(ABI_REGION_KEYS, 0), engine_region(ABI_REGION_UDP_MSG, 0));
    keep_out_of_swap(scratch, scratch + ABI_SCRATCH_LENGTH);
}
