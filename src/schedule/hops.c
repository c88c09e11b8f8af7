/*
 * schedule/hops.c - rendezvous hashing over the hops that work.
 *
 * Each message has its own order of the hops. When one fails, its messages
 * spread over all that are left, and those of the others stay where they are.
 */
#include "schedule/hops.h"

/* Spreads neighbouring numbers: the finalizer of splitmix64. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t
score(uint64_t message, size_t hop)
{
	return mix(message + mix(hop + 1));
}

/* The end of the group that begins there. */
static size_t
group_end(const struct hop *hops, size_t n, size_t from, bool share)
{
	size_t to = from + 1;

	while (share && to < n && hops[to].kind == hops[from].kind)
		to++;
	return to;
}

/* Of the group's hops that work, the message's first, second ... by `turn`. */
static size_t
choose_of_group(const struct hop *hops, size_t from, size_t to,
    enum hop_state at_worst, const struct hops_question *q)
{
	size_t order[HOPS_MAX];
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		size_t at = n;

		if (hops[i].state > at_worst)
			continue;
		for (; at > 0 &&
		     score(q->message, order[at - 1]) < score(q->message, i);
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
		n++;
	}
	return n == 0 ? to : order[q->turn % n];
}

size_t
hops_choose(const struct hop *hops, size_t n, const struct hops_question *q)
{
	must(n <= HOPS_MAX && q->at_worst >= HOP_PROBE &&
	    q->at_worst < HOP_TRIED);
	for (unsigned worst = HOP_PROBE; worst <= q->at_worst; worst++) {
		size_t from = 0;

		while (from < n) {
			size_t to = group_end(hops, n, from, q->share);
			size_t i = choose_of_group(hops, from, to,
			    (enum hop_state)worst, q);

			if (i < to)
				return i;
			from = to;
		}
	}
	return n;
}
