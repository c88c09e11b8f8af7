/*
 * schedule/words.h - why mail to a site is slow, in sentences. Pure.
 */
#ifndef SCHEDULE_WORDS_H
#define SCHEDULE_WORDS_H

#include <stdint.h>

#include "base/buf.h"
#include "schedule/plan.h"
#include "schedule/reasons.h"
#include "schedule/site.h"

enum { WORDS_WHEN_SIZE = 64 };

/* "14:02 UTC", with the date before it when that is another day. */
void words_when(int64_t wall_ms, int64_t now_ms, char out[WORDS_WHEN_SIZE]);

struct site_words {
	const struct plan_facts *facts;
	const struct site *site;     /* NULL: it has had no mail yet */
	const struct reason *reason; /* of its suspension, or NULL */
	int64_t wall_ms;             /* now */
	int64_t mono_ms;
};

/* One a line. When nothing holds its mail up, that is what it says. */
void words_of_site(const struct site_words *, struct buf *out);

#endif
