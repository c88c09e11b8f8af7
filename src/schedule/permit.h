/*
 * schedule/permit.h - may this load go now, as far as our own addresses are
 * concerned, and by which? Who may not waits, and that is no attempt.
 */
#ifndef SCHEDULE_PERMIT_H
#define SCHEDULE_PERMIT_H

#include <stdbool.h>

#include "base/must.h"
#include "conf/conf.h"
#include "mail/fate.h"
#include "schedule/ledger.h"
#include "schedule/round.h"
#include "schedule/sources.h"

/* All borrowed. */
struct permits {
	const struct conf *conf;
	struct sources *sources;
	struct ledger *ledger; /* has the time, too */
};

/*
 * False: its recipients were put off until an address may be used; nothing
 * else became of the load. Ask before it enters the plan, so that what has to
 * wait does not stand in the way of what may go.
 */
bool permit_ask(const struct permits *, struct load *) MUST_USE;
/* The same for a load that starts: its address is in load->source then. */
bool permit_take(const struct permits *, struct load *) MUST_USE;
/* It is over. `fates`: one a recipient, or NULL when nobody knows. */
void permit_end(const struct permits *, struct load *, struct slice address,
    const struct fate *fates);

#endif
