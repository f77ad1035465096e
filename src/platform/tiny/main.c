/* Start-up: choose the engine, make the JavaScript heap, run the program. */

#include "bindings.h"
#include "engine.h"
#include "heap.h"
#include "inflate.h"
#include "program.h"
#include "sys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define STDERR 2

static void say(const char *message)
{
    sys_print(STDERR, message, strlen(message));
    sys_print(STDERR, "\n", 1);
}

/* Named in duk-overrides.h: Duktape calls it when an error has no handler left. */
void duk_fatal_exit(const char *message)
{
    say(message == NULL ? "fatal error" : message);
    exit(1);
}

/* Compiles and runs the program. It ends the process itself through native.exit. */
static duk_ret_t run(duk_context *ctx, void *unused)
{
    (void)unused;
    uint8_t *source = duk_push_fixed_buffer(ctx, program_length);
    if (inflate(source, program_length, program_data, program_data_length) != program_length)
        return duk_error(ctx, DUK_ERR_ERROR, "the program inside this file is damaged");
    duk_push_string(ctx, "");
    duk_compile_lstring_filename(ctx, DUK_COMPILE_STRICT | DUK_COMPILE_NOFILENAME, (const char *)source,
                                 program_length);
    duk_remove(ctx, -2);
    duk_call(ctx, 0);
    return 0;
}

int main(int argc, char **argv)
{
    sys_forbid_dumps();
    signal(SIGPIPE, SIG_IGN);
    /* Both would end the daemon and leave its socket file. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    if (!engine_start(getenv("SUBNETRA_ENGINE"))) {
        say("SUBNETRA_ENGINE names no engine that this CPU runs");
        return 1;
    }
    duk_context *ctx = NULL;
    if (heap_open())
        ctx = duk_create_heap(heap_allocate, heap_resize, heap_free, NULL, NULL);
    if (ctx == NULL)
        duk_fatal_exit("out of memory");
    bind_native(ctx, argc, argv);
    if (duk_safe_call(ctx, run, NULL, 0, 1) != DUK_EXEC_SUCCESS)
        duk_fatal_exit(duk_safe_to_string(ctx, -1));
    return 0;
}
