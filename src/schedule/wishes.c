/*
 * schedule/wishes.c - each wish as a few steps on entry, round and plan.
 */
#include "schedule/wishes.h"

static void
nudge_sites(const struct wishes *w, struct queue_entry *e)
{
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		struct lane *lane =
		    lane_by_number(w->lanes, entry_recipient(e, i)->marks);

		if (lane != NULL)
			plan_nudge(w->plan, lane->site->plan,
			    w->ledger->mono_ms);
	}
}

static bool
flush(const struct wishes *w, struct queue_entry *e)
{
	if (e->state == QUEUE_HELD)
		return false;
	nudge_sites(w, e);
	keeper_set_due(w->keeper, e, w->ledger->wall_ms);
	return true;
}

/* What waits leaves the plan; what is under way comes back in its time. */
void
wishes_cancel_waiting(const struct wishes *w, struct round *r)
{
	struct load *load;
	struct load *next;

	for (load = TAILQ_FIRST(&r->loads); load != NULL; load = next) {
		next = TAILQ_NEXT(load, in_round);
		if (load->plan.flow == NULL)
			continue;
		plan_remove(w->plan, &load->plan, w->ledger->mono_ms);
		load_free(&load);
	}
}

static bool
hold(const struct wishes *w, struct queue_entry *e, struct slice by)
{
	if (e->state == QUEUE_HELD)
		return false;
	keeper_hold(w->keeper, e);
	ledger_act(w->ledger, "held", e->id, by);
	if (e->user != NULL) {
		struct round *r = e->user;

		wishes_cancel_waiting(w, r);
		if (r->reports == 0)
			keeper_check_end(w->keeper, r);
	}
	return true;
}

/*
 * Does it wait for its date (RFC 4865)? Its envelope knows; but then it was
 * never tried, and there is no harm in trying any other that was not.
 */
static bool
may_wait(struct queue_entry *e)
{
	return e->state == QUEUE_DEFERRED && e->user == NULL &&
	    (e->flags & ENTRY_RELEASED) == 0 && keeper_attempts(e) == 0;
}

static bool
release(const struct wishes *w, struct queue_entry *e, struct slice by)
{
	if (e->state != QUEUE_HELD && !may_wait(e))
		return false;
	keeper_release(w->keeper, e);
	ledger_act(w->ledger, "released", e->id, by);
	return true;
}

/* A round without jobs, to end with that wish. */
static bool
wish(const struct wishes *w, struct queue_entry *e, enum round_wish what)
{
	struct round *r = e->user;

	if (r == NULL) {
		r = keeper_open(w->keeper, e, SLICE_NONE);
		if (r == NULL)
			return false;
	}
	if (r->wish != WISH_NOTHING || r->reports > 0)
		return false;
	r->wish = what;
	wishes_cancel_waiting(w, r);
	keeper_check_end(w->keeper, r);
	return true;
}

static bool
remove_by(const struct wishes *w, struct queue_entry *e, struct slice by)
{
	struct round *r = e->user;

	if (r != NULL && r->wish == WISH_REMOVE)
		return false;
	ledger_act(w->ledger, "removed", e->id, by);
	if (r != NULL) {
		r->wish = WISH_REMOVE;
		wishes_cancel_waiting(w, r);
		if (r->reports == 0)
			keeper_check_end(w->keeper, r);
		return true;
	}
	keeper_remove(w->keeper, e);
	return true;
}

bool
wishes_do(const struct wishes *w, enum admin_act act, struct queue_entry *e,
    struct slice by)
{
	switch (act) {
	case ADMIN_FLUSH:
		return flush(w, e);
	case ADMIN_HOLD:
		return hold(w, e, by);
	case ADMIN_RELEASE:
		return release(w, e, by);
	case ADMIN_REMOVE:
		return remove_by(w, e, by);
	case ADMIN_BOUNCE:
		return wish(w, e, WISH_BOUNCE);
	case ADMIN_ACT_COUNT:
		break;
	}
	return false;
}
