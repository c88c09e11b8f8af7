/*
 * schedule/reporter.h - sends yesterday's TLS reports (RFC 8460): one a domain
 * and day, a few a minute, by the deliverers, or as mail of our own.
 */
#ifndef SCHEDULE_REPORTER_H
#define SCHEDULE_REPORTER_H

#include "base/must.h"
#include "io/loop.h"
#include "schedule/dispatch.h"
#include "state/state.h"

struct reporter;

/* All borrowed; goes before they do. A NULL state is fine. */
struct reporter *reporter_new(struct loop *, struct dispatch *,
    struct state *) MUST_USE;
void reporter_free(struct reporter **);

#endif
