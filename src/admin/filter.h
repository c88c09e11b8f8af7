/*
 * admin/filter.h - which messages a postmaster means.
 *
 * Pure. A value whose slices point into the request. Times of day are no
 * business of it: ages are given.
 */
#ifndef ADMIN_FILTER_H
#define ADMIN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "queue/entry.h" /* enum queue_state */

struct filter {
	bool has_state;
	enum queue_state state;
	struct slice from; /* "local@domain" or "@domain"; n == 0: any */
	struct slice to;
	struct slice site;
	struct slice response; /* part of it, ASCII case ignored */
	int64_t older_ms;      /* 0: any */
	int64_t newer_ms;
};

extern const char *const filter_names[]; /* "state", "from" ...; then NULL */
/* One NAME=VALUE. False: `why` says what is wrong and what is accepted. */
bool filter_set(struct filter *, struct slice name, struct slice value,
    struct why *) MUST_USE;
/* Nothing is asked for: it means every message. */
bool filter_is_empty(const struct filter *);
/* Something about recipients is asked for. */
bool filter_asks_recipients(const struct filter *);
/* Only a whole address, so an envelope, can tell. */
bool filter_asks_addresses(const struct filter *);

bool filter_has_state(const struct filter *, enum queue_state);
bool filter_has_age(const struct filter *, int64_t age_ms);
/* Addresses as in an envelope; "" is the null sender, asked for as "<>". */
bool filter_has_sender(const struct filter *, struct slice address);
/* to, site and response hold for this one recipient. */
bool filter_has_recipient(const struct filter *, struct slice address,
    struct slice site, struct slice response);
/* What stands behind the last @ of from or to: "" when there is none. */
struct slice filter_domain(struct slice pattern);
/* The text has that part, ASCII case ignored. */
bool filter_text_has(struct slice text, struct slice part);

/* "90", "90s", "5m", "4h", "2d", "1w" in milliseconds. */
bool duration_parse(struct slice, int64_t *ms) MUST_USE;

#endif
