/*
 * deliver/egress.c - source addresses in turn.
 */
#include "deliver/egress.h"

#include "conf/origin.h"

/* The nth source of that family; false: there are not so many. */
static bool
nth_source(const struct strings *all, uint8_t version, size_t nth,
    struct egress *out)
{
	for (size_t i = 0; i < all->n; i++) {
		struct egress got = *out;

		if (!origin_parse(all->v[i], &got.source, &got.helo) ||
		    got.source.version != version)
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
    uint8_t version, uint64_t number, struct egress *out)
{
	struct egress unused = { .helo = NULL };
	size_t fitting = 0;

	*out = (struct egress){ .helo = conf->hostname };
	if (route == NULL)
		return true;
	if (route->helo[0] != '\0')
		out->helo = route->helo;
	if (route->source.n == 0 || version == 0)
		return true;
	while (nth_source(&route->source, version, fitting, &unused))
		fitting++;
	return fitting > 0 &&
	    nth_source(&route->source, version, (size_t)(number % fitting),
		out);
}
