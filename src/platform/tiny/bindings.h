/* What the program sees: the global `native` that src/platform/tiny/native.ts describes. */
#ifndef SUBNETRA_BINDINGS_H
#define SUBNETRA_BINDINGS_H

#include "duktape.h"

/* Defines the global `native` with the program's arguments, the Sys calls and the chosen engine. */
void bind_native(duk_context *ctx, int argc, char **argv);

/* Pushes the engine as the interface Engine of src/engine/exports.ts. */
void push_engine(duk_context *ctx);

#endif
