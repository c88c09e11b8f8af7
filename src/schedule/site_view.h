/*
 * schedule/site_view.h - sites as the postmaster sees them (COMMANDS: site
 * list, site show). Changes nothing.
 */
#ifndef SCHEDULE_SITE_VIEW_H
#define SCHEDULE_SITE_VIEW_H

#include <jansson.h>
#include <stdint.h>

#include "base/must.h"
#include "schedule/dispatch.h"

struct site_view {
	struct dispatch *dispatch; /* borrowed */
	int64_t wall_ms;           /* now */
	int64_t mono_ms;
};

/* Each with its figures, the busiest first. */
json_t *site_view_all(const struct site_view *) MUST_USE;
/* One, with its senders and domains, and in words why its mail is slow. */
json_t *site_view_whole(const struct site_view *,
    const struct plan_site *) MUST_USE;

#endif
