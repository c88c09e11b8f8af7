/*
 * mtad/backoff.c - see backoff.h. It starts nothing.
 */
#include "mtad/backoff.h"

#include "base/time.h"

enum { FIRST_MS = 100, LONGEST_MS = 30 * SECOND, HEALTHY_MS = 5 * SECOND };

int64_t
backoff_next(struct backoff *b, int64_t lived_ms)
{
	if (b->delay_ms == 0 || lived_ms >= HEALTHY_MS)
		b->delay_ms = FIRST_MS;
	else if (b->delay_ms > LONGEST_MS / 2)
		b->delay_ms = LONGEST_MS;
	else
		b->delay_ms *= 2;
	return b->delay_ms;
}
