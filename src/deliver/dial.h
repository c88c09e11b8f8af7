/*
 * deliver/dial.h - a connection to whichever of a host's addresses answers
 * first, as deliver/race.h has it.
 *
 * The losers are closed, and nothing was said to them.
 */
#ifndef DELIVER_DIAL_H
#define DELIVER_DIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "deliver/race.h"
#include "deliver/tools.h"
#include "io/conn.h"

struct dial;

struct dial_to {
	struct conn_address address; /* its path is borrowed */
	struct ip source;            /* version 0: the system chooses */
};

struct dial_outcome {
	struct conn *conn; /* connected, and yours now; NULL: none is */
	size_t which;      /* the winner, or the last to fail */
	unsigned failed;   /* a bit for each that did */
	int rc;            /* why, of the last */
};

/* From the loop; the dial is gone then. */
typedef void dial_fn(const struct dial_outcome *, void *arg);

/* 1 to RACE_MAX. Each attempt has all of the timeout. */
struct dial *dial_new(struct tools *, const struct dial_to *, size_t count,
    int64_t timeout_ms, dial_fn *, void *arg) MUST_USE;
/* What is under way is closed, and nothing is told. */
void dial_free(struct dial **);

#endif
