/* Duktape as one translation unit, plus the function that stands for every built-in left out. */

#include "duktape.c"

DUK_INTERNAL duk_ret_t duk_bi_absent(duk_context *ctx)
{
    (void)ctx;
    return DUK_RET_TYPE_ERROR;
}
