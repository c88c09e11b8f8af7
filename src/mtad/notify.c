/*
 * mtad/notify.c - see notify.h. When to tell what is the master's business.
 */
#include "mtad/notify.h"

#include <systemd/sd-daemon.h>

#include "base/alloc.h"
#include "base/time.h"

struct notify {
	struct timer *timer; /* owned, or NULL */
	int64_t each_ms;
};

static void
on_time(void *arg)
{
	struct notify *n = arg;

	(void)sd_notify(0, "WATCHDOG=1");
	timer_set(n->timer, n->each_ms);
}

struct notify *
notify_new(struct loop *loop)
{
	struct notify *n = mem_zero(sizeof(*n));
	uint64_t us = 0;

	if (sd_watchdog_enabled(0, &us) > 0) {
		/* Twice as often as it must be (sd_watchdog_enabled(3)). */
		n->each_ms = (int64_t)(us / 2000);
		n->timer = timer_new(loop, on_time, n);
		timer_set(n->timer, n->each_ms);
	}
	return n;
}

void
notify_free(struct notify **n)
{
	if (*n != NULL)
		timer_free(&(*n)->timer);
	mem_free(*n);
	*n = NULL;
}

void
notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
notify_reloading(void)
{
	(void)sd_notifyf(0,
	    "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the "
	    "configuration",
	    (long long)time_mono_us());
}

void
notify_stopping(void)
{
	(void)sd_notify(0,
	    "STOPPING=1\nSTATUS=Finishing the transactions under way");
}

void
notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}
