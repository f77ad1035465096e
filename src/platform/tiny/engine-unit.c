/*
 * The engine as a translation unit. The build compiles it with ENGINE_NAME the name of its variant, and
 * ENGINE_SOURCE and ENGINE_TABLE the files it has generated: the translation by wasm2c and the exports.
 */

#include "engine.h"

#include ENGINE_SOURCE

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)
#define INSTANCE_TYPE JOIN(w2c_, ENGINE_NAME)

static INSTANCE_TYPE instance;

#include ENGINE_TABLE

static void start(void)
{
    JOIN(JOIN(wasm2c_, ENGINE_NAME), _instantiate)(&instance, NULL);
}

static uint32_t region(uint32_t id)
{
    return JOIN(JOIN(w2c_, ENGINE_NAME), _region)(&instance, id);
}

const struct engine engine = {
    .name = TEXT(ENGINE_NAME),
    .start = start,
    .region = region,
    .exports = exports,
};
