/*
 * schedule/retry.c - the retry list as arithmetic.
 */
#include "schedule/retry.h"

#include "base/must.h"
#include "base/time.h"

enum { JITTER_PERCENT = 10, REST_PERCENT = 80, REST_MAX = 15 * MINUTE };

static int64_t
step_of(const struct delivery_conf *d, size_t index)
{
	must(d->retry_count > 0);
	return d->retry_ms[index < d->retry_count ? index : d->retry_count - 1];
}

int64_t
retry_expires(const struct delivery_conf *d, int64_t arrived_ms, bool is_bounce)
{
	return arrived_ms + (is_bounce ? d->bounce_expire_ms : d->expire_ms);
}

int64_t
retry_next(const struct delivery_conf *d, uint32_t attempts, int64_t arrived_ms,
    bool is_bounce, int64_t now_ms, uint32_t dice)
{
	int64_t expires = retry_expires(d, arrived_ms, is_bounce);
	int64_t step = step_of(d, attempts > 0 ? attempts - 1 : 0);
	int64_t spread = step / 100 * JITTER_PERCENT + step % 100 / 10;
	int64_t next = now_ms + step - spread;

	if (spread > 0)
		next += (int64_t)(dice % (uint64_t)(2 * spread + 1));
	return next > expires && expires > now_ms ? expires : next;
}

size_t
retry_rests(const struct delivery_conf *d, int64_t *ms, size_t max)
{
	size_t n = d->retry_count < max ? d->retry_count : max;

	for (size_t i = 0; i < n; i++) {
		int64_t rest = d->retry_ms[i] / 100 * REST_PERCENT;

		ms[i] = rest < REST_MAX ? rest : REST_MAX;
	}
	return n;
}
