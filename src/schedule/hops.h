/*
 * schedule/hops.h - which of a route's next hops a message goes to.
 *
 * Pure. Hops of one kind that stand side by side share the messages evenly,
 * each by its number, so that a message that comes again finds its hop again;
 * or they are taken strictly in order. Those of another kind are for when none
 * of the former works.
 */
#ifndef SCHEDULE_HOPS_H
#define SCHEDULE_HOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum { HOPS_MAX = 16 };

/* From the best to the worst. */
enum hop_state {
	HOP_OPEN,
	HOP_PROBE,  /* its rest is over: somebody has to try it */
	HOP_PROBED, /* its rest is over, and somebody does */
	HOP_DOWN,   /* rests, or is suspended */
	HOP_TRIED,  /* by this message, just now: never chosen */
};

struct hop {
	enum hop_state state;
	unsigned kind; /* enum target_kind */
};

struct hops_question {
	bool share;
	enum hop_state at_worst; /* HOP_PROBE to HOP_DOWN: none beyond it */
	uint64_t message;
	unsigned turn; /* attempts so far: each begins with the next hop */
};

/* The index of the hop; `n`, at most HOPS_MAX: there is none. */
size_t hops_choose(const struct hop *, size_t n,
    const struct hops_question *) MUST_USE;

#endif
