/*
 * io/inbox.h - the input of a connection that its owner has not taken yet.
 *
 * Always one piece. While the owner is being told it lies in a buffer that all
 * connections share; what the owner leaves moves to memory of its own, so an
 * idle connection holds none. Only conn.c uses it.
 */
#ifndef IO_INBOX_H
#define IO_INBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct inbox {
	const char *p;
	size_t n;
	size_t limit;
	char *own;      /* owned; NULL, or where p points into */
	bool is_shared; /* p points into the shared buffer */
};

void inbox_init(struct inbox *, size_t limit);
void inbox_done(struct inbox *);
/* How many bytes more may come. */
size_t inbox_room(const struct inbox *);
/*
 * `added` bytes stand in the shared buffer, behind room for those that are
 * here: now all is there.
 */
void inbox_gather(struct inbox *, char *shared, size_t added);
/* The shared buffer is wanted by others. */
void inbox_settle(struct inbox *);
struct slice inbox_view(const struct inbox *, size_t max);
void inbox_consume(struct inbox *, size_t n);

#endif
