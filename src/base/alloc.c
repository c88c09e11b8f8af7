/*
 * base/alloc.c - the one place that calls malloc and free.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *
mem_new(size_t size)
{
	void *p = malloc(size == 0 ? 1 : size);

	must(p != NULL);
	return p;
}

void *
mem_zero(size_t size)
{
	return mem_array(1, size);
}

void *
mem_array(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

	must(p != NULL);
	return p;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
	size_t bytes;

	must(!__builtin_mul_overflow(count, size, &bytes));
	p = realloc(p, bytes == 0 ? 1 : bytes);
	must(p != NULL);
	return p;
}

char *
mem_cstr(struct slice s)
{
	char *p = mem_new(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_free_secret(void *p, size_t size)
{
	if (p != NULL)
		explicit_bzero(p, size);
	free(p);
}
