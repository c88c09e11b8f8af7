/*
 * deliver/stops.h - the addresses that a job may go to, in the order in which
 * they are tried.
 *
 * Pure. Each host's addresses by families in turn (RFC 8305), what did not
 * answer lately behind all others.
 */
#ifndef DELIVER_STOPS_H
#define DELIVER_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "deliver/race.h"
#include "dns/hosts.h"
#include "io/address.h"
#include "policy/search.h"

enum { STOPS_MAX = HOSTS_ADDRESSES_MAX };

struct stop {
	struct conn_address address;
	const char *host;  /* the job's arena's */
	size_t host_index; /* among the hosts */
	/* The search's, or the courier's own; NULL: not known yet. */
	const struct host_policy *policy;
};

/* Of each host whose addresses stand together. */
void stops_by_family(struct stop *, size_t n);
/* Those that the question is true of come last; else the order stays. */
void stops_put_last(struct stop *, size_t n,
    bool (*is_dead)(const struct stop *, void *arg), void *arg);
/* How many race from the first of these on; 1: it goes alone. */
size_t stops_field(const struct stop *, size_t n);
/*
 * A race of the first `count` is over: those of the mask `failed` go to the
 * front, then the `winner` (an index before; `count`: nobody), then those that
 * are still good for another try. Returns the index of the winner, or of the
 * last that failed.
 */
size_t stops_settle(struct stop *, size_t count, size_t winner,
    unsigned failed);

#endif
