/* Core as a JavaScript program, compressed by the build. */
#ifndef SUBNETRA_PROGRAM_H
#define SUBNETRA_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t program_data[];
extern const size_t program_data_length;
/* Bytes of the source before compression. */
extern const size_t program_length;

#endif
