/*
 * deliver/egress.h - from which of our addresses a connection comes, and under
 * what name. Pure.
 */
#ifndef DELIVER_EGRESS_H
#define DELIVER_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"

struct egress {
	struct ip source; /* version 0: the system chooses */
	const char *helo; /* the conf's */
};

/*
 * To a host of that family (0: a Unix socket); the number spreads messages over
 * the sources. `usable`: addresses with a space between, the only ones that may
 * be used now; empty: all. `route` may be NULL. False: the route has sources,
 * but none of that family.
 */
bool egress_choose(const struct conf *, const struct route_conf *,
    uint8_t version, struct slice usable, uint64_t number,
    struct egress *out) MUST_USE;

#endif
