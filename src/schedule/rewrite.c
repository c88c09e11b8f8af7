/*
 * schedule/rewrite.c - by the masquerade of the load's route.
 *
 * Of the header nothing is changed: its signature was made when it came.
 */
#include "schedule/rewrite.h"

#include "conf/masquerade.h"
#include "route/route.h"

struct slice
rewrite_sender(const struct conf *conf, const struct load *load,
    struct buf *out)
{
	struct slice sender = load->round->envelope->sender;
	const struct route_conf *route;

	if (load->site->is_domain)
		return sender;
	route = route_by_title(conf, slice_of(load->site->route));
	return route == NULL ? sender
			     : masquerade(&route->masquerade, sender, out);
}
