/*
 * schedule/ledger.h - writes down what became of each recipient: in the store,
 * the log, the event log, the history, the counters.
 */
#ifndef SCHEDULE_LEDGER_H
#define SCHEDULE_LEDGER_H

#include <stdint.h>

#include "queue/store.h"
#include "schedule/events.h"
#include "schedule/history.h"
#include "schedule/round.h"
#include "schedule/stats.h"

/* All borrowed. */
struct ledger {
	struct queue_store *store;
	struct events *events;
	struct history *history;
	struct stats *stats;
	int64_t wall_ms; /* of this turn */
	int64_t mono_ms;
};

/* Where an attempt was made; empty: it was none. */
struct attempt_facts {
	struct slice site, host, address, tls, policy, dialogue;
	struct slice rule; /* of replies.conf, that fitted; or empty */
	bool waits;        /* it was not attempted: it may not go yet */
};

/*
 * A fate that a job or a decision of ours brought. A failure is noted as
 * pending: the store learns of it when its report is on disk, by
 * ledger_settle(). `expired`: it fails since its time is over.
 */
void ledger_fate(struct ledger *, struct round *, uint32_t index,
    const struct fate *, const struct attempt_facts *, bool expired);
void ledger_settle(struct ledger *, struct round *, const struct note *);
/* One line of history for a whole job. */
void ledger_attempt(struct ledger *, const struct round *, const struct load *,
    const struct fate *worst, const struct attempt_facts *);
/* "held" "released" "removed", in log and events. */
void ledger_act(struct ledger *, const char *event, uint64_t id,
    struct slice by);

#endif
