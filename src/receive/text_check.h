/*
 * receive/text_check.h - does content that came by BDAT keep to text?
 *
 * Chunks are not scanned for an end, so nothing in them can end a message
 * here; but the next hop may be less careful, so the same bytes are refused as
 * in DATA: a CR or an LF on its own, and NUL.
 */
#ifndef RECEIVE_TEXT_CHECK_H
#define RECEIVE_TEXT_CHECK_H

#include <stdbool.h>

#include "base/slice.h"

struct text_check {
	bool after_cr; /* the last byte was CR */
	bool bare_cr;
	bool bare_lf;
	bool nul;
};

void text_check_feed(struct text_check *, struct slice);
/* The content is at its end. */
void text_check_end(struct text_check *);

#endif
