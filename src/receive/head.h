/*
 * receive/head.h - the header section of a message that is coming in.
 *
 * It is held until it is whole, because what the trace fields before it say
 * depends on it. Lines end with CRLF. A first line that is no field ends the
 * section, and the empty line that is missing there is put in.
 */
#ifndef RECEIVE_HEAD_H
#define RECEIVE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

struct head {
	struct buf bytes; /* the section so far; a little body may follow */
	size_t line;      /* where the line under way begins */
	unsigned received;
	bool has_date;
	bool has_results; /* Authentication-Results */
	bool has_message_id;
	size_t message_id; /* where the value of the first one stands */
	size_t message_id_length;
	bool whole;
	bool too_long;
};

void head_init(struct head *, size_t max);
void head_done(struct head *);
/* For the next message; a small buffer is kept. */
void head_reset(struct head *);
/*
 * Eats bytes until the section is whole (or too long), and says how many. Not
 * to be called again then.
 */
size_t head_feed(struct head *, struct slice content) MUST_USE;
/* The content ended: what is there is the section. */
void head_end(struct head *);
/* "<x@y>" on the field's own line, or empty. Valid until head_reset(). */
struct slice head_message_id(const struct head *);

#endif
