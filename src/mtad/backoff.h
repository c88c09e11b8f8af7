/*
 * mtad/backoff.h - how long a process that died waits to be started again:
 * 100 ms, doubled each time up to 30 s; five healthy seconds forgive
 * all, for then it did useful work meanwhile.
 */
#ifndef MTAD_BACKOFF_H
#define MTAD_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t delay_ms; /* 0: it never died */
};

/* It died after it had lived so long; how long it waits. */
int64_t backoff_next(struct backoff *, int64_t lived_ms);

#endif
