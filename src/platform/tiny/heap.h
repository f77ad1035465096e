/*
 * The JavaScript heap: one arena of fixed length, so that nothing an operator or a stranger sends can make
 * the process grow beyond it. Blocks are cut from free blocks of their size class, and freed ones merge with
 * free neighbours at once, so the part of the arena in use returns to its size after every request.
 */
#ifndef SUBNETRA_HEAP_H
#define SUBNETRA_HEAP_H

#include <stddef.h>

/* Reserves the arena's addresses; its pages become resident as they are used. 0 when the system refuses. */
int heap_open(void);

/* A block of at least `size` bytes, aligned to 8, or NULL when there is no room. */
void *heap_allocate(void *unused, size_t size);
/* As realloc: grows in place when the neighbour is free. */
void *heap_resize(void *unused, void *pointer, size_t size);
void heap_free(void *unused, void *pointer);

#endif
