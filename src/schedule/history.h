/*
 * schedule/history.h - the latest attempts, for `mtactl queue show`.
 *
 * A ring bounded in number and in octets, in memory alone: what the journal
 * keeps of an attempt is its reply.
 */
#ifndef SCHEDULE_HISTORY_H
#define SCHEDULE_HISTORY_H

#include <jansson.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct history;

struct attempt {
	uint64_t id;
	int64_t wall_ms;
	const char *event;       /* static: "delivered", "deferred" ... */
	struct slice recipients; /* lines */
	struct slice site, host, address, tls, policy, reply, dialogue;
	struct slice rule; /* of replies.conf; or empty */
};

struct history *history_new(void) MUST_USE;
void history_free(struct history **);
/* Copies it; texts that are too long are cut. */
void history_add(struct history *, const struct attempt *);
/* An array, the oldest first. */
json_t *history_of(const struct history *, uint64_t id);

#endif
