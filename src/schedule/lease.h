/*
 * schedule/lease.h - what one at a time may do, by a name. Whoever asks has its
 * turn once those before it have done, are gone, or took too long.
 */
#ifndef SCHEDULE_LEASE_H
#define SCHEDULE_LEASE_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "io/loop.h"

struct leases;

/* It is `who`'s turn. May not call the functions below. */
typedef void lease_turn_fn(struct slice name, void *who, void *arg);

/* Borrows the loop. Nobody has a turn longer than the patience. */
struct leases *leases_new(struct loop *, int64_t patience_ms, lease_turn_fn *,
    void *arg) MUST_USE;
void leases_free(struct leases **);
void lease_ask(struct leases *, struct slice name, void *who);
/* Nothing happens where it is not the turn of `who`. */
void lease_done(struct leases *, struct slice name, const void *who);
/* Of all names, all that `who` asked for and has. */
void leases_leave(struct leases *, const void *who);

#endif
