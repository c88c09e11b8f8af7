/*
 * schedule/kept.c - rows of the state database; without one nothing is kept,
 * and mail goes on.
 */
#include "schedule/kept.h"

#include <errno.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/lease.h"

enum {
	KEPT_MAX = 60 * 1024, /* so that it fits a message */
	/* A bit longer than a deliverer's own: its fetch has ended then. */
	TURN_PATIENCE = 45 * SECOND,
};

static const struct {
	enum state_table table;
	const char *name;
	bool in_turns; /* and on disk before anything else is done with it */
} kinds[KEPT_KINDS] = {
	[KEPT_STS] = { STATE_STS, "mta-sts", false },
	[KEPT_OAUTH] = { STATE_OAUTH, "oauth", true },
};

struct kept {
	struct state *state; /* borrowed; or NULL */
	struct leases *turns;
};

static void
tell(const struct kept *k, struct channel *channel, uint32_t kind,
    struct slice key)
{
	struct msg_kept_told told = { .kind = kind, .key = key };
	struct buf value;
	int rc = -ENOENT;

	buf_init(&value, KEPT_MAX);
	if (k->state != NULL)
		rc = state_get(k->state, kinds[kind].table, key, &value);
	if (rc == 0 && !buf_failed(&value))
		told.value = buf_slice(&value);
	else if (rc != -ENOENT)
		log_warning("schedule nothing-kept kind=%s why=\"%s\"",
		    kinds[kind].name, err_text(rc));
	channel_send_kept_told(channel, &told);
	buf_wipe(&value);
}

static void
on_turn(struct slice key, void *channel, void *arg)
{
	tell(arg, channel, KEPT_OAUTH, key);
}

struct kept *
kept_new(struct loop *loop)
{
	struct kept *k = mem_zero(sizeof(*k));

	k->turns = leases_new(loop, TURN_PATIENCE, on_turn, k);
	return k;
}

void
kept_free(struct kept **place)
{
	struct kept *k = *place;

	if (k == NULL)
		return;
	leases_free(&k->turns);
	mem_free(k);
	*place = NULL;
}

void
kept_set_state(struct kept *k, struct state *state)
{
	k->state = state;
}

void
kept_ask(struct kept *k, struct channel *channel, const struct msg_kept_ask *m)
{
	if (m->kind >= KEPT_KINDS)
		return;
	if (kinds[m->kind].in_turns)
		lease_ask(k->turns, m->key, channel);
	else
		tell(k, channel, m->kind, m->key);
}

static void
put(const struct kept *k, uint32_t kind, struct slice key, struct slice value)
{
	int rc = state_put(k->state, kinds[kind].table, key, value);

	if (rc != 0)
		log_warning("schedule not-kept kind=%s why=\"%s\"",
		    kinds[kind].name, err_text(rc));
	/* The server may take the old one no more. */
	if (kinds[kind].in_turns)
		state_sync(k->state);
}

void
kept_put(struct kept *k, struct channel *channel, const struct msg_kept_put *m)
{
	if (m->kind >= KEPT_KINDS)
		return;
	if (k->state != NULL && m->value.n > 0)
		put(k, m->kind, m->key, m->value);
	if (kinds[m->kind].in_turns)
		lease_done(k->turns, m->key, channel);
}

void
kept_gone(struct kept *k, const struct channel *channel)
{
	leases_leave(k->turns, channel);
}
