/*
 * auth/failures.h - how often each client address has failed within an hour.
 *
 * Of fixed size whatever the number of clients: an address that failed least
 * gives way. IPv6 clients are counted by their /64.
 */
#ifndef AUTH_FAILURES_H
#define AUTH_FAILURES_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct failures;

struct failures *failures_new(uint64_t seed) MUST_USE;
void failures_free(struct failures **);
/* `client` is an address as text; anything else counts as itself. */
void failures_add(struct failures *, struct slice client, int64_t now_ms);
/* Failures of the hour that began with the first of them. */
uint32_t failures_count(const struct failures *, struct slice client,
    int64_t now_ms);

#endif
