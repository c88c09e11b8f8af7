/*
 * io/outbox.h - the output of a connection that its socket has not taken yet.
 *
 * Bounded, and without memory when it is empty. Only conn.c uses it.
 */
#ifndef IO_OUTBOX_H
#define IO_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

struct outbox {
	struct buf bytes;
	size_t sent; /* of them */
	size_t low_mark;
	bool was_above; /* the owner is to be told when it is drained */
};

void outbox_init(struct outbox *, size_t max, size_t low_mark);
void outbox_done(struct outbox *);
/* False past the maximum. */
bool outbox_add(struct outbox *, struct slice) MUST_USE;
struct slice outbox_view(const struct outbox *);
void outbox_sent(struct outbox *, size_t n);
void outbox_clear(struct outbox *);
/* It was over its mark and no longer is: true once. */
bool outbox_take_drained(struct outbox *) MUST_USE;

#endif
