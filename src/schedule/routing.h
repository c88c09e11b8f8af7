/*
 * schedule/routing.h - from an envelope to loads: where each open recipient of
 * a round goes, by the configuration as it is now.
 */
#ifndef SCHEDULE_ROUTING_H
#define SCHEDULE_ROUTING_H

#include "conf/conf.h"
#include "queue/store.h"
#include "schedule/round.h"
#include "schedule/site.h"

/* A recipient whose fate is known at once: refused, discarded, an error. */
typedef void routing_settled_fn(struct round *, uint32_t index,
    const struct fate *, void *arg);

struct routing {
	const struct conf *conf;
	struct queue_store *store;
	struct site_table *sites;
	int64_t mono_ms;
	routing_settled_fn *settled;
	void *arg;
};

/*
 * The round has its envelope and its original_count. Aliases are replaced by
 * what they stand for, in the store too. Each open recipient is settled or in
 * a load afterwards.
 */
void routing_run(const struct routing *, struct round *);
/*
 * That load's site does not take this recipient now: is there another hop of
 * its route that works and has not been tried? Then it is in a load for that.
 * Call the second when all of a load have been asked for.
 */
bool routing_elsewhere(const struct routing *, struct load *from,
    uint32_t index) MUST_USE;
void routing_elsewhere_done(struct round *);
/*
 * The name of the site where this recipient would go now, for people; the
 * answer is the arena's. `final`: it came out of an alias.
 */
struct slice routing_site_name(const struct conf *, struct slice address,
    bool utf8, bool final, struct arena *);

#endif
