/*
 * state/state.h - what may be lost without losing mail: caches and counters.
 *
 * A Berkeley DB environment under the state folder, of which the scheduler is
 * the only user (a second process, or a kill, would hang another one). Each
 * kind of record has a table of its own. Writes survive a crash of the process,
 * and of the machine but for the last seconds; after damage it starts empty.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

enum state_table {
	STATE_STS,    /* MTA-STS policies, by domain */
	STATE_TLSRPT, /* TLS results of a day, by day, domain, policy, result */
	STATE_DMARC,  /* DMARC results of a day, by day, domain, row */
	STATE_SITES,  /* sites that were suspended or learned about, by site */
	STATE_REPORTS, /* which report went out when, by kind, domain, day */
	STATE_OAUTH,   /* refresh tokens that servers replaced, by client */
	STATE_SOURCES, /* our addresses: rests at a site, messages of a day */
	STATE_TABLES
};

enum { STATE_KEY_MAX = 1024, STATE_VALUE_MAX = 128 * 1024 };

struct state;

/* Makes the folder DIR/db when missing. 0, -errno; then *out is not set. */
int state_open(const char *dir, struct state **out, struct why *) MUST_USE;
void state_close(struct state **);

/* 0, ERR_LIMIT (key or value too long), -errno. Replaces. */
int state_put(struct state *, enum state_table, struct slice key,
    struct slice value) MUST_USE;
/* 0 and the value added to the buf; -ENOENT. */
int state_get(struct state *, enum state_table, struct slice key,
    struct buf *value) MUST_USE;
/* 0 also if it was not there. */
int state_delete(struct state *, enum state_table, struct slice key) MUST_USE;
/* Adds to a number that is stored as 8 octets; missing is 0. */
int state_count(struct state *, enum state_table, struct slice key,
    uint64_t add) MUST_USE;
/* The number that a value of state_count() stands for; 0 if it is none. */
uint64_t state_count_value(struct slice value);

/* False ends the walk. It may not write to the table. */
typedef bool state_fn(struct slice key, struct slice value, void *arg);
/* Those whose key begins with `prefix`, in the order of the keys. */
int state_each(struct state *, enum state_table, struct slice prefix,
    state_fn *, void *arg) MUST_USE;

/* What was written is on disk, and outlives a crash of the machine. */
void state_sync(struct state *);
/* Every few minutes: writes out, and drops logs that are not needed. */
void state_checkpoint(struct state *);

#endif
