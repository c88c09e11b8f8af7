/*
 * dns/fetch.h - gets what a set of answers lacks, all of it at once.
 */
#ifndef DNS_FETCH_H
#define DNS_FETCH_H

#include "base/must.h"
#include "dns/answers.h"
#include "dns/resolver.h"

struct fetch;

/* All answers are in the set (borrowed); the fetch is gone then. */
typedef void fetch_fn(void *arg);

/*
 * Asks for all that is missing and that no other fetch has asked for. The call
 * comes from the loop, never from inside this one, and at the latest after the
 * resolver's timeout. Also if nothing was missing.
 */
struct fetch *fetch_start(struct resolver *, struct loop *, struct answers *,
    fetch_fn *, void *arg) MUST_USE;
/* No call will come. NULL is fine. */
void fetch_cancel(struct fetch **);

#endif
