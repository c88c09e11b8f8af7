/*
 * base/buf.c - bounded growing bytes.
 */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { FIRST_SIZE = 256 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_done(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ .max = b->max };
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->n);
	buf_done(b);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	size_t size = b->size == 0 ? FIRST_SIZE : b->size;

	if (b->failed || n > b->max - b->n) {
		b->failed = true;
		return NULL;
	}
	if (n < b->size - b->n)
		return b->p + b->n;
	while (size - b->n <= n)
		size *= 2;
	/* One behind the last, for buf_cstr(), and no more. */
	if (size - 1 > b->max)
		size = b->max + 1;
	b->p = mem_resize(b->p, size, 1);
	b->size = size;
	return b->p + b->n;
}

void
buf_added(struct buf *b, size_t n)
{
	must(n <= b->size - b->n);
	b->n += n;
}

void
buf_add(struct buf *b, struct slice s)
{
	char *room = buf_reserve(b, s.n);

	if (room == NULL)
		return;
	if (s.n > 0)
		memcpy(room, s.p, s.n);
	b->n += s.n;
}

void
buf_add_cstr(struct buf *b, const char *cstring)
{
	buf_add(b, slice_of(cstring));
}

void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, slice_from(&c, 1));
}

void
buf_addv(struct buf *b, const char *format, va_list args)
{
	va_list again;
	char *room;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	must(n >= 0);
	room = buf_reserve(b, (size_t)n);
	if (room == NULL)
		return;
	/* buf_reserve() always leaves one byte more, for this NUL. */
	(void)vsnprintf(room, (size_t)n + 1, format, args);
	b->n += (size_t)n;
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_addv(b, format, args);
	va_end(args);
}

void
buf_drop(struct buf *b, size_t n)
{
	must(n <= b->n);
	b->n -= n;
	if (b->n > 0)
		memmove(b->p, b->p + n, b->n);
}

struct slice
buf_slice(const struct buf *b)
{
	return b->n == 0 ? SLICE_NONE : (struct slice){ b->p, b->n };
}

const char *
buf_cstr(struct buf *b)
{
	if (b->p == NULL)
		return "";
	/* buf_reserve() always leaves one byte more. */
	b->p[b->n] = '\0';
	return b->p;
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}
