/* Engine memory is little-endian everywhere: what a number of this machine is there, and the other way round.
 */
#ifndef SUBNETRA_BYTE_ORDER_H
#define SUBNETRA_BYTE_ORDER_H

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BIG_ENDIAN_HOST 1
#define little16(value) __builtin_bswap16((uint16_t)(value))
#define little32(value) __builtin_bswap32((uint32_t)(value))
#define little64(value) __builtin_bswap64((uint64_t)(value))
#else
#define BIG_ENDIAN_HOST 0
#define little16(value) ((uint16_t)(value))
#define little32(value) ((uint32_t)(value))
#define little64(value) ((uint64_t)(value))
#endif

/* A number of any integer type; the others, which the engine does not use, stay as they are. */
#define LITTLE(type, value)                                                                                  \
    _Generic((type)0, uint16_t                                                                               \
             : (type)little16(value), int16_t                                                                \
             : (type)little16(value), uint32_t                                                               \
             : (type)little32(value), int32_t                                                                \
             : (type)little32(value), uint64_t                                                               \
             : (type)little64(value), int64_t                                                                \
             : (type)little64(value), default                                                                \
             : (value))

#endif
