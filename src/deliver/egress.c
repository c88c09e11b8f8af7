/*
 * deliver/egress.c - source addresses in turn.
 */
#include "deliver/egress.h"

#include "conf/origin.h"

struct search {
	const struct strings *all;
	uint8_t version;
	struct slice usable; /* empty: all */
};

static bool
is_usable(const struct search *s, const struct ip *ip)
{
	struct slice list = s->usable;
	struct ip usable;

	if (ip->version != s->version)
		return false;
	while (list.n > 0)
		if (ip_parse(slice_take_until(&list, ' '), &usable) &&
		    ip_eq(&usable, ip))
			return true;
	return s->usable.n == 0;
}

/* The nth source that fits; false: there are not so many. */
static bool
nth_source(const struct search *s, size_t nth, struct egress *out)
{
	for (size_t i = 0; i < s->all->n; i++) {
		struct egress got = *out;

		if (!origin_parse(s->all->v[i], &got.source, &got.helo) ||
		    !is_usable(s, &got.source))
			continue;
		if (nth-- == 0) {
			*out = got;
			return true;
		}
	}
	return false;
}

bool
egress_choose(const struct conf *conf, const struct route_conf *route,
    uint8_t version, struct slice usable, uint64_t number, struct egress *out)
{
	struct search search = { NULL, version, usable };
	struct egress unused = { .helo = NULL };
	size_t fitting = 0;

	*out = (struct egress){ .helo = conf->hostname };
	if (route == NULL)
		return true;
	if (route->helo[0] != '\0')
		out->helo = route->helo;
	if (route->source.n == 0 || version == 0)
		return true;
	search.all = &route->source;
	while (nth_source(&search, fitting, &unused))
		fitting++;
	return fitting > 0 &&
	    nth_source(&search, (size_t)(number % fitting), out);
}
