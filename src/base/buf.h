/*
 * base/buf.h - bytes that grow, up to a limit given at birth.
 *
 * Overflow is remembered: writers may write on and ask buf_failed() once at
 * the end. A failed buf holds what fitted of whole writes before the failure.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct buf {
	char *p; /* owned; not NUL-terminated but by buf_cstr() */
	size_t n;
	size_t size;
	size_t max;
	bool failed;
};

void buf_init(struct buf *, size_t max);
void buf_done(struct buf *);
void buf_wipe(struct buf *); /* buf_done() of a secret */
/* Empty again, not failed; the memory is kept. */
void buf_reset(struct buf *);
void buf_add(struct buf *, struct slice);
void buf_add_cstr(struct buf *, const char *);
void buf_add_char(struct buf *, char);
void buf_addf(struct buf *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *, const char *format, va_list)
    __attribute__((format(printf, 2, 0)));
/* Room for n more bytes to be written by the caller, then buf_added(). */
char *buf_reserve(struct buf *, size_t n) MUST_USE; /* NULL past max */
void buf_added(struct buf *, size_t n);
/* Drops n bytes from the front. */
void buf_drop(struct buf *, size_t n);
struct slice buf_slice(const struct buf *);
/* Valid until the next write. */
const char *buf_cstr(struct buf *);
bool buf_failed(const struct buf *);

#endif
