/*
 * deliver/dial.c - the attempts of a race, one connection each.
 */
#include "deliver/dial.h"

#include "base/alloc.h"

struct dial {
	struct tools *tools; /* borrowed */
	struct race race;
	struct dial_to to[RACE_MAX];
	struct conn *conns[RACE_MAX]; /* owned; NULL: not begun, or failed */
	struct timer *timer;          /* owned */
	unsigned failed;
	int64_t timeout_ms;
	dial_fn *fn;
	void *arg; /* borrowed */
};

static void on_connected(struct conn *, void *arg);
static void on_ended(struct conn *, int rc, void *arg);

/* Until it has an owner, it is paused: nothing is read. */
static void
on_unexpected(struct conn *conn, void *arg)
{
	(void)conn;
	(void)arg;
}

static const struct conn_events events = {
	.connected = on_connected,
	.readable = on_unexpected,
	.ended = on_ended,
};

void
dial_free(struct dial **place)
{
	struct dial *d = *place;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->race.count; i++)
		if (d->conns[i] != NULL)
			conn_abort_later(d->conns[i]);
	timer_free(&d->timer);
	mem_free(d);
	*place = NULL;
}

static void
begin_next(struct dial *d)
{
	int64_t now = loop_now(d->tools->loop);
	size_t i = race_begin(&d->race, now);
	int64_t wait;

	if (i < d->race.count) {
		const struct dial_to *to = &d->to[i];

		d->tools->attempts++;
		d->conns[i] = conn_connect(d->tools->loop, &to->address,
		    to->source.version == 0 ? NULL : &to->source, d->timeout_ms,
		    &events, d);
	}
	wait = race_wait(&d->race, now);
	if (wait >= 0)
		timer_set(d->timer, wait);
	else
		timer_cancel(d->timer);
}

static void
on_timer(void *arg)
{
	begin_next(arg);
}

static size_t
index_of(const struct dial *d, const struct conn *conn)
{
	size_t i = 0;

	while (i < d->race.count && d->conns[i] != conn)
		i++;
	must(i < d->race.count);
	return i;
}

static void
tell(struct dial *d, size_t which, int rc)
{
	const struct dial_outcome outcome = { .conn = d->conns[which],
		.which = which,
		.failed = d->failed,
		.rc = rc };
	dial_fn *fn = d->fn;
	void *arg = d->arg;

	d->conns[which] = NULL;
	dial_free(&d);
	fn(&outcome, arg);
}

static void
on_connected(struct conn *conn, void *arg)
{
	struct dial *d = arg;

	tell(d, index_of(d, conn), 0);
}

static void
on_ended(struct conn *conn, int rc, void *arg)
{
	struct dial *d = arg;
	size_t i = index_of(d, conn);

	conn_abort_later(conn);
	d->conns[i] = NULL;
	d->failed |= 1u << i;
	if (race_fail(&d->race, loop_now(d->tools->loop)))
		tell(d, i, rc);
	else
		begin_next(d);
}

struct dial *
dial_new(struct tools *tools, const struct dial_to *to, size_t count,
    int64_t timeout_ms, dial_fn *fn, void *arg)
{
	struct dial *d = mem_zero(sizeof(*d));

	race_init(&d->race, count);
	d->tools = tools;
	d->timeout_ms = timeout_ms;
	d->fn = fn;
	d->arg = arg;
	d->timer = timer_new(tools->loop, on_timer, d);
	for (size_t i = 0; i < count; i++)
		d->to[i] = to[i];
	begin_next(d);
	return d;
}
