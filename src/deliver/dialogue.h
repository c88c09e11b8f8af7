/*
 * deliver/dialogue.h - what was said in a session, for people, bounded.
 *
 * A line each: "> " we, "< " the server, "* " a remark. When room is short the
 * middle is left out: the beginning says who it was, the end what went wrong.
 */
#ifndef DELIVER_DIALOGUE_H
#define DELIVER_DIALOGUE_H

#include "base/buf.h"
#include "base/slice.h"

enum { DIALOGUE_MAX = 16 * 1024, DIALOGUE_LINE_MAX = 512 };

struct dialogue {
	struct buf text;
};

void dialogue_init(struct dialogue *);
void dialogue_done(struct dialogue *);
void dialogue_clear(struct dialogue *);
/* Control bytes become "?". */
void dialogue_add(struct dialogue *, const char *who, struct slice line);

#endif
