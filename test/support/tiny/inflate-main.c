/* For test/tiny/inflate.test.ts: inflates many streams, each preceded by its length as a little-endian u32. */

#include "inflate.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    static uint8_t out[1 << 16];
    uint8_t head[4];
    unsigned streams = 0, whole = 0;
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        uint8_t *in = malloc(length);
        if (in == NULL || fread(in, 1, length, stdin) != length)
            return 2;
        streams++;
        whole += inflate(out, sizeof out, in, length) != 0;
        free(in);
    }
    printf("%u %u\n", streams, whole);
    return 0;
}
