/*
 * deliver/stops.c - permutations of a short list.
 */
#include "deliver/stops.h"

#include <string.h>

/* The end of the host that begins there. */
static size_t
host_end(const struct stop *stops, size_t n, size_t from)
{
	size_t to = from + 1;

	while (to < n && stops[to].host_index == stops[from].host_index)
		to++;
	return to;
}

static void
order_host(struct stop *stops, size_t n)
{
	struct stop before[STOPS_MAX];
	uint8_t versions[STOPS_MAX] = { 0 };
	size_t order[STOPS_MAX];

	must(n <= STOPS_MAX);
	for (size_t i = 0; i < n; i++) {
		before[i] = stops[i];
		versions[i] = stops[i].address.ip.version;
	}
	race_order(versions, n, order);
	for (size_t i = 0; i < n; i++)
		stops[i] = before[order[i]];
}

void
stops_by_family(struct stop *stops, size_t n)
{
	for (size_t from = 0; from < n;) {
		size_t to = host_end(stops, n, from);

		order_host(stops + from, to - from);
		from = to;
	}
}

void
stops_put_last(struct stop *stops, size_t n,
    bool (*is_dead)(const struct stop *, void *arg), void *arg)
{
	struct stop dead[STOPS_MAX];
	size_t alive = 0, dead_count = 0;

	must(n <= STOPS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (is_dead(&stops[i], arg))
			dead[dead_count++] = stops[i];
		else
			stops[alive++] = stops[i];
	}
	if (dead_count > 0)
		memcpy(stops + alive, dead, dead_count * sizeof(dead[0]));
}

size_t
stops_field(const struct stop *stops, size_t n)
{
	uint8_t versions[RACE_MAX] = { 0 };
	size_t hosts[RACE_MAX] = { 0 };

	if (n > RACE_MAX)
		n = RACE_MAX;
	for (size_t i = 0; i < n; i++) {
		if (stops[i].address.path != NULL)
			return 1;
		versions[i] = stops[i].address.ip.version;
		hosts[i] = stops[i].host_index;
	}
	return race_field(versions, hosts, n);
}

size_t
stops_settle(struct stop *stops, size_t count, size_t winner, unsigned failed)
{
	struct stop before[RACE_MAX];
	size_t n = 0, at;

	must(count > 0 && count <= RACE_MAX && winner <= count);
	memcpy(before, stops, count * sizeof(before[0]));
	for (size_t i = 0; i < count; i++)
		if ((failed & 1u << i) != 0 && i != winner)
			stops[n++] = before[i];
	at = n > 0 ? n - 1 : 0;
	if (winner < count) {
		at = n;
		stops[n++] = before[winner];
	}
	for (size_t i = 0; i < count; i++)
		if ((failed & 1u << i) == 0 && i != winner)
			stops[n++] = before[i];
	must(n == count);
	return at;
}
