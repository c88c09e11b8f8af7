/*
 * schedule/reasons.h - which rule of replies.conf suspended a site, since when,
 * and what the site had said. Sites that the postmaster stopped have none.
 */
#ifndef SCHEDULE_REASONS_H
#define SCHEDULE_REASONS_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct reasons;

struct reason {
	struct slice rule;
	struct slice words;
	int64_t since_ms; /* wall */
};

struct reasons *reasons_new(void) MUST_USE;
void reasons_free(struct reasons **);
/* Copies, cuts and replaces. */
void reasons_put(struct reasons *, struct slice site, const struct reason *);
void reasons_drop(struct reasons *, struct slice site);
/* NULL: none is known. Valid until it is dropped. `reasons` may be NULL. */
const struct reason *reasons_of(const struct reasons *, struct slice site);

#endif
