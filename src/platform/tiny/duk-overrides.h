/*
 * Duktape's feature switches for core: included by the build at the place that the upstream duk_config.h
 * keeps free for overrides. Core uses the ES5 library without dates, regular expressions and eval, plus
 * typed arrays; what it does not use is left out, and errors carry no file names, lines or tracebacks.
 */

#include "byte-order.h"

/* Built-ins that core does not use. */
#undef DUK_USE_BASE64_FASTPATH
#undef DUK_USE_BASE64_SUPPORT
#undef DUK_USE_CBOR_BUILTIN
#undef DUK_USE_CBOR_SUPPORT
#undef DUK_USE_COROUTINE_SUPPORT
#undef DUK_USE_DATE_BUILTIN
#undef DUK_USE_DUKTAPE_BUILTIN
#undef DUK_USE_ENCODING_BUILTINS
#undef DUK_USE_HEX_FASTPATH
#undef DUK_USE_HEX_SUPPORT
#undef DUK_USE_JC
#undef DUK_USE_JSON_BUILTIN
#undef DUK_USE_JSON_DEC_FASTPATH
#undef DUK_USE_JSON_DECNUMBER_FASTPATH
#undef DUK_USE_JSON_DECSTRING_FASTPATH
#undef DUK_USE_JSON_EATWHITE_FASTPATH
#undef DUK_USE_JSON_QUOTESTRING_FASTPATH
#undef DUK_USE_JSON_STRINGIFY_FASTPATH
#undef DUK_USE_JSON_SUPPORT
#undef DUK_USE_JX
#undef DUK_USE_PERFORMANCE_BUILTIN
#undef DUK_USE_REFLECT_BUILTIN
#undef DUK_USE_REGEXP_CANON_BITMAP
#undef DUK_USE_REGEXP_SUPPORT
#undef DUK_USE_SYMBOL_BUILTIN

/* Syntax that the lowered program does not contain. */
#undef DUK_USE_ES6_PROXY
#undef DUK_USE_ES6_REGEXP_SYNTAX
#undef DUK_USE_ES7_EXP_OPERATOR
#undef DUK_USE_HTML_COMMENTS
#undef DUK_USE_SHEBANG_COMMENTS
#undef DUK_USE_SOURCE_NONBMP

/* No debugger, no error decoration. */
#undef DUK_USE_AUGMENT_ERROR_CREATE
#undef DUK_USE_AUGMENT_ERROR_THROW
#undef DUK_USE_DEBUGGER_THROW_NOTIFY
#undef DUK_USE_ERRCREATE
#undef DUK_USE_ERRTHROW
#undef DUK_USE_FUNC_FILENAME_PROPERTY
#undef DUK_USE_PC2LINE
#undef DUK_USE_TRACEBACKS
#undef DUK_USE_VERBOSE_EXECUTOR_ERRORS

/* Built-in functions without objects of their own: a smaller heap and a faster start. */
#define DUK_USE_LIGHTFUNC_BUILTINS

/* The program is trusted and its heap bounded; memory comes from heap.c alone. */
#undef DUK_USE_PROVIDE_DEFAULT_ALLOC_FUNCTIONS
#define DUK_USE_FATAL_HANDLER(udata, msg) duk_fatal_exit((msg))
#define DUK_USE_PREFER_SIZE
#undef DUK_USE_STRTAB_MINSIZE
#define DUK_USE_STRTAB_MINSIZE 256
#undef DUK_USE_LITCACHE_SIZE
#define DUK_USE_LITCACHE_SIZE 64

/* Whole numbers without floating point: several targets have no FPU. */
#define DUK_USE_FASTINT

extern void duk_fatal_exit(const char *message) __attribute__((noreturn));

/*
 * The table of built-ins in the distributed source is complete whatever is switched off above: every
 * function left out becomes this one, which throws a TypeError (duktape-unit.c).
 */
#define duk_bi_cbor_decode duk_bi_absent
#define duk_bi_cbor_encode duk_bi_absent
#define duk_bi_date_constructor duk_bi_absent
#define duk_bi_date_constructor_now duk_bi_absent
#define duk_bi_date_constructor_parse duk_bi_absent
#define duk_bi_date_constructor_utc duk_bi_absent
#define duk_bi_date_prototype_get_shared duk_bi_absent
#define duk_bi_date_prototype_get_timezone_offset duk_bi_absent
#define duk_bi_date_prototype_set_shared duk_bi_absent
#define duk_bi_date_prototype_set_time duk_bi_absent
#define duk_bi_date_prototype_to_json duk_bi_absent
#define duk_bi_date_prototype_toprimitive duk_bi_absent
#define duk_bi_date_prototype_tostring_shared duk_bi_absent
#define duk_bi_date_prototype_value_of duk_bi_absent
#define duk_bi_duktape_object_act duk_bi_absent
#define duk_bi_duktape_object_compact duk_bi_absent
#define duk_bi_duktape_object_dec duk_bi_absent
#define duk_bi_duktape_object_enc duk_bi_absent
#define duk_bi_duktape_object_fin duk_bi_absent
#define duk_bi_duktape_object_gc duk_bi_absent
#define duk_bi_duktape_object_info duk_bi_absent
#define duk_bi_function_prototype_hasinstance duk_bi_absent
#define duk_bi_json_object_parse duk_bi_absent
#define duk_bi_json_object_stringify duk_bi_absent
#define duk_bi_performance_now duk_bi_absent
#define duk_bi_proxy_constructor duk_bi_absent
#define duk_bi_reflect_object_delete_property duk_bi_absent
#define duk_bi_reflect_object_get duk_bi_absent
#define duk_bi_reflect_object_has duk_bi_absent
#define duk_bi_reflect_object_set duk_bi_absent
#define duk_bi_regexp_constructor duk_bi_absent
#define duk_bi_regexp_prototype_exec duk_bi_absent
#define duk_bi_regexp_prototype_flags duk_bi_absent
#define duk_bi_regexp_prototype_shared_getter duk_bi_absent
#define duk_bi_regexp_prototype_test duk_bi_absent
#define duk_bi_regexp_prototype_tostring duk_bi_absent
#define duk_bi_string_prototype_match duk_bi_absent
#define duk_bi_string_prototype_search duk_bi_absent
#define duk_bi_symbol_constructor_shared duk_bi_absent
#define duk_bi_symbol_key_for duk_bi_absent
#define duk_bi_symbol_toprimitive duk_bi_absent
#define duk_bi_symbol_tostring_shared duk_bi_absent
#define duk_bi_textdecoder_constructor duk_bi_absent
#define duk_bi_textdecoder_prototype_decode duk_bi_absent
#define duk_bi_textdecoder_prototype_shared_getter duk_bi_absent
#define duk_bi_textencoder_constructor duk_bi_absent
#define duk_bi_textencoder_prototype_encode duk_bi_absent
#define duk_bi_textencoder_prototype_encoding_getter duk_bi_absent
#define duk_bi_thread_constructor duk_bi_absent
#define duk_bi_thread_current duk_bi_absent
#define duk_bi_thread_resume duk_bi_absent
#define duk_bi_thread_yield duk_bi_absent
