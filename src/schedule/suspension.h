/*
 * schedule/suspension.h - sites that the postmaster or a rule of replies.conf
 * has stopped, and let go again: in the plan, in the events, and in the state
 * database, so that a restart does not let them go.
 */
#ifndef SCHEDULE_SUSPENSION_H
#define SCHEDULE_SUSPENSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "schedule/crew.h"
#include "schedule/events.h"
#include "schedule/outage.h"
#include "schedule/plan.h"
#include "schedule/reasons.h"
#include "schedule/sources.h"
#include "state/state.h"

/* All borrowed. */
struct suspensions {
	struct plan *plan;
	struct lane_table *lanes; /* NULL: none yet */
	struct crew *crew;
	struct events *events;
	struct outage *outage;   /* NULL: no mail waits */
	struct state *state;     /* NULL: a restart ends them all */
	struct reasons *reasons; /* NULL: nobody asks */
	struct sources *sources; /* that resume with their site; or NULL */
	int64_t wall_ms;         /* now */
	int64_t mono_ms;
};

/* What was kept of them; call it before any mail is begun. */
void suspensions_restore(const struct suspensions *);
/* By a site's name or a domain's; ms 0: until it is resumed. */
void suspension_begin(const struct suspensions *, struct slice site,
    uint64_t ms);
/* The same by a rule of replies.conf: `words` are the site's. */
void suspension_by_rule(const struct suspensions *, struct slice site,
    uint64_t ms, struct slice rule, struct slice words);
/* Ends a rest, too. False: no such site. */
bool suspension_end(const struct suspensions *, struct slice site);
/* What its mail is put off with: SUSPENSION_REPLY and by whom. */
#define SUSPENSION_REPLY "450 4.3.2 suspended by "
void suspension_words(const struct suspensions *, struct slice site,
    struct buf *out);
/* Those whose time is up. */
void suspensions_end_due(const struct suspensions *);

#endif
