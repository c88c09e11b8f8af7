/*
 * schedule/rewrite.c - SRS for what an alias sends away; else by the
 * masquerade of the load's route.
 *
 * Of the header nothing is changed: its signature was made when it came.
 */
#include "schedule/rewrite.h"

#include "conf/masquerade.h"
#include "route/forward.h"
#include "route/route.h"

struct slice
rewrite_sender(const struct conf *conf, const struct load *load,
    int64_t wall_ms, struct buf *out)
{
	struct slice sender = load->round->envelope->sender;
	const struct route_conf *route;

	if (load->lane->is_domain || !load->lane->is_remote)
		return sender;
	/* It came from outside and leaves again: SPF would fail there. */
	if (load->is_forwarded) {
		struct slice told = forward_sender(conf, sender, wall_ms, out);

		if (told.p != sender.p)
			return told;
	}
	route = route_by_title(conf, slice_of(load->lane->route));
	return route == NULL ? sender
			     : masquerade(&route->masquerade, sender, out);
}
