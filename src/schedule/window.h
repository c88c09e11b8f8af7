/*
 * schedule/window.h - how many jobs at once a site gets: more while they all
 * succeed, fewer when it says "too many".
 *
 * Arithmetic alone: whether a success or failure counts, the plan decides.
 */
#ifndef SCHEDULE_WINDOW_H
#define SCHEDULE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
	double size;
	uint32_t ceiling; /* where it was refused more; 0: not known */
};

/* As for a site of which nothing is known, or not any more. */
void window_start(struct window *, uint32_t most);
/* No more than that from now on. */
void window_limit(struct window *, uint32_t most);
uint32_t window_jobs(const struct window *);
/* A job went well, of `at_once` that were under way. */
void window_grow(struct window *, uint32_t at_once, uint32_t most);
/* One did not. `refused`: for there were too many, and not for another fault.
 */
void window_cut(struct window *, uint32_t at_once, bool refused);

#endif
