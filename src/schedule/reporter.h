/*
 * schedule/reporter.h - sends yesterday's reports, of TLS (RFC 8460) and DMARC
 * (RFC 9990): one a domain and day, a few a minute, by the deliverers, or as
 * mail of our own. Who may have one, deliverers and receivers find out.
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
