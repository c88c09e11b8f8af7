/*
 * base/alloc.h - memory for things of our own size, which never fails.
 *
 * When memory is out the process ends: the spool is crash-safe and the master
 * restarts it. What a peer chooses the size of is bounded before it comes here.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"

void *mem_new(size_t size) MUST_USE;  /* uninitialised */
void *mem_zero(size_t size) MUST_USE; /* all zero bytes */
void *mem_array(size_t count,
    size_t size) MUST_USE; /* zeroed, checked product */
/* Contents are kept; p may be NULL. */
void *mem_resize(void *p, size_t count, size_t size) MUST_USE;
char *mem_cstr(struct slice) MUST_USE; /* a copy with a NUL */
void mem_free(void *);
/* For secrets: overwritten first. */
void mem_free_secret(void *, size_t size);

#endif
