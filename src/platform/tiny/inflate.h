/* Decompression of the embedded program (RFC 1951). */
#ifndef SUBNETRA_INFLATE_H
#define SUBNETRA_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Inflates a raw deflate stream into `out`: the bytes written, or 0 when the stream is damaged or too long.
 */
size_t inflate(uint8_t *out, size_t capacity, const uint8_t *in, size_t length);

#endif
