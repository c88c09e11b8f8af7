/*
 * schedule/events.h - the event log: a JSON object a line, for each step.
 *
 * The file is the master's, opened for appending; several processes write
 * whole lines to it. Without a file nothing is done.
 */
#ifndef SCHEDULE_EVENTS_H
#define SCHEDULE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct events;

/* One recipient's outcome. */
struct outcome {
	const char *event; /* "delivered" "deferred" "bounced" "expired" */
	uint64_t id;
	struct slice recipient;
	struct slice site, host, address, tls, policy;
	struct slice rule; /* of replies.conf; or empty */
	uint32_t attempts;
	struct slice reply;
	int64_t delay_ms; /* since it arrived */
};

struct events *events_new(void) MUST_USE;
void events_free(struct events **);
/* Writes there from now on; takes the descriptor, -1 for none. */
void events_set_file(struct events *, int fd);
void events_outcome(struct events *, const struct outcome *, int64_t wall_ms);
/* "held" "released" "removed". */
void events_act(struct events *, const char *event, uint64_t id,
    struct slice by, int64_t wall_ms);
/* "suspended" "resumed". */
void events_site(struct events *, const char *event, struct slice site,
    struct slice reason, int64_t wall_ms);
/* What was gathered goes out in one write. */
void events_flush(struct events *);

#endif
