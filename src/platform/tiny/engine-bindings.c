/* The engine as a JavaScript object: its exports as functions, its memory as typed arrays. */

#include "bindings.h"

#include "abi.h"
#include "engine.h"

#include <string.h>

/* Calls the export whose number is the function's magic value. */
static duk_ret_t call_engine(duk_context *ctx)
{
    const struct engine_export *export = &engine.exports[duk_get_current_magic(ctx)];
    uint32_t arguments[ENGINE_MAX_ARGUMENTS] = {0};
    for (uint32_t i = 0; i < export->arguments; i++)
        arguments[i] = (uint32_t)duk_to_int32(ctx, (duk_idx_t)i);
    duk_push_int(ctx, (duk_int_t)(int32_t) export->call(arguments));
    return 1;
}

/* init: the receive buffers are the one thing the platform has to know of the layout. */
static duk_ret_t call_init(duk_context *ctx)
{
    engine_set_rx_buffers(duk_get_uint(ctx, 2));
    return call_engine(ctx);
}

/* Pushes the object `call` with one function per export. */
static void push_exports(duk_context *ctx)
{
    duk_push_bare_object(ctx);
    for (duk_int_t i = 0; engine.exports[i].name != NULL; i++) {
        const struct engine_export *export = &engine.exports[i];
        duk_push_c_function(ctx, strcmp(export->name, "init") == 0 ? call_init : call_engine,
                            (duk_idx_t) export->arguments);
        duk_set_magic(ctx, -1, i);
        duk_put_prop_string(ctx, -2, export->name);
    }
}

/* Defines the property `name` of the object on top: engine memory as a typed array. */
static void put_view(duk_context *ctx, const char *name, duk_uint_t type)
{
    duk_push_external_buffer(ctx);
    duk_config_buffer(ctx, -1, engine_memory, ENGINE_MEMORY_LENGTH);
    duk_push_buffer_object(ctx, -1, 0, ENGINE_MEMORY_LENGTH, type);
    duk_remove(ctx, -2);
    duk_put_prop_string(ctx, -2, name);
}

void push_engine(duk_context *ctx)
{
    duk_push_object(ctx);
    push_exports(ctx);
    duk_put_prop_string(ctx, -2, "call");
    put_view(ctx, "u8", DUK_BUFOBJ_UINT8ARRAY);
    put_view(ctx, "u32", DUK_BUFOBJ_UINT32ARRAY);
}
