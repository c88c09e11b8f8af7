/*
 * schedule/lease.c - a queue for each name that somebody asked for; its first
 * one has the turn.
 */
#include "schedule/lease.h"

#include <stdbool.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/log.h"

struct claim {
	TAILQ_ENTRY(claim) in_lease;
	void *who; /* borrowed; only compared */
};

struct lease {
	LIST_ENTRY(lease) in_all;
	struct leases *all;                /* borrowed */
	char *name;                        /* owned */
	struct timer *end;                 /* owned: of the turn of the first */
	TAILQ_HEAD(claims, claim) waiting; /* never empty */
};

struct leases {
	struct loop *loop; /* borrowed */
	int64_t patience_ms;
	lease_turn_fn *fn;
	void *arg; /* borrowed */
	LIST_HEAD(, lease) all;
};

static void
drop_claim(struct lease *l, struct claim *c)
{
	TAILQ_REMOVE(&l->waiting, c, in_lease);
	mem_free(c);
}

static void
lease_free(struct lease *l)
{
	struct claim *c;

	while ((c = TAILQ_FIRST(&l->waiting)) != NULL)
		drop_claim(l, c);
	LIST_REMOVE(l, in_all);
	timer_free(&l->end);
	mem_free(l->name);
	mem_free(l);
}

static void
begin(struct lease *l)
{
	struct leases *all = l->all;

	timer_set(l->end, all->patience_ms);
	all->fn(slice_of(l->name), TAILQ_FIRST(&l->waiting)->who, all->arg);
}

static void
next(struct lease *l)
{
	drop_claim(l, TAILQ_FIRST(&l->waiting));
	if (TAILQ_EMPTY(&l->waiting))
		lease_free(l);
	else
		begin(l);
}

static void
on_end(void *arg)
{
	log_warning("schedule turn-too-long");
	next(arg);
}

static struct lease *
find(struct leases *all, struct slice name)
{
	struct lease *l;

	LIST_FOREACH (l, &all->all, in_all)
		if (slice_is(name, l->name))
			break;
	return l;
}

static struct lease *
lease_new(struct leases *all, struct slice name)
{
	struct lease *l = mem_zero(sizeof(*l));

	l->all = all;
	l->name = mem_cstr(name);
	l->end = timer_new(all->loop, on_end, l);
	TAILQ_INIT(&l->waiting);
	LIST_INSERT_HEAD(&all->all, l, in_all);
	return l;
}

struct leases *
leases_new(struct loop *loop, int64_t patience_ms, lease_turn_fn *fn, void *arg)
{
	struct leases *all = mem_zero(sizeof(*all));

	all->loop = loop;
	all->patience_ms = patience_ms;
	all->fn = fn;
	all->arg = arg;
	LIST_INIT(&all->all);
	return all;
}

void
leases_free(struct leases **place)
{
	struct leases *all = *place;

	if (all == NULL)
		return;
	while (!LIST_EMPTY(&all->all))
		lease_free(LIST_FIRST(&all->all));
	mem_free(all);
	*place = NULL;
}

void
lease_ask(struct leases *all, struct slice name, void *who)
{
	struct lease *l = find(all, name);
	struct claim *c = mem_zero(sizeof(*c));
	bool is_free = l == NULL;

	if (is_free)
		l = lease_new(all, name);
	c->who = who;
	TAILQ_INSERT_TAIL(&l->waiting, c, in_lease);
	if (is_free)
		begin(l);
}

void
lease_done(struct leases *all, struct slice name, const void *who)
{
	struct lease *l = find(all, name);

	if (l != NULL && TAILQ_FIRST(&l->waiting)->who == who)
		next(l);
}

/* Those that only wait; the first one is left. */
static void
leave_queue(struct lease *l, const void *who)
{
	struct claim *c = TAILQ_NEXT(TAILQ_FIRST(&l->waiting), in_lease);
	struct claim *after;

	for (; c != NULL; c = after) {
		after = TAILQ_NEXT(c, in_lease);
		if (c->who == who)
			drop_claim(l, c);
	}
}

void
leases_leave(struct leases *all, const void *who)
{
	struct lease *l;
	struct lease *after;

	for (l = LIST_FIRST(&all->all); l != NULL; l = after) {
		after = LIST_NEXT(l, in_all);
		leave_queue(l, who);
		if (TAILQ_FIRST(&l->waiting)->who == who)
			next(l);
	}
}
