/*
 * schedule/turns.c - a round of senders for fresh mail, another for retries.
 */
#include "schedule/turns.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum {
	FRESH_RUN = 7, /* then one retry gets its turn */
	QUANTUM = 1,
};

TAILQ_HEAD(load_list, plan_load);

/* A sender's place in the round of fresh mail, or in that of retries. */
struct turn {
	TAILQ_ENTRY(turn) link;
	struct load_list loads;
	int32_t credit; /* may sink below 0; then it skips rounds */
};

struct plan_flow {
	UT_hash_handle hh;
	uint64_t ready;
	struct turn turns[TURNS_KINDS];
	size_t key_length;
	char key[];
};

void
turns_init(struct turns *t)
{
	*t = (struct turns){ 0 };
	for (size_t i = 0; i < TURNS_KINDS; i++)
		TAILQ_INIT(&t->rounds[i]);
}

static struct plan_flow *
flow_get(struct turns *t, struct slice key)
{
	struct plan_flow *f;

	HASH_FIND(hh, t->flows, key.p, key.n, f);
	if (f != NULL)
		return f;
	f = mem_zero(sizeof(*f) + key.n);
	memcpy(f->key, key.p, key.n);
	f->key_length = key.n;
	for (size_t i = 0; i < TURNS_KINDS; i++) {
		TAILQ_INIT(&f->turns[i].loads);
		f->turns[i].credit = QUANTUM;
	}
	HASH_ADD_KEYPTR(hh, t->flows, f->key, f->key_length, f);
	return f;
}

static int
kind_of(const struct plan_load *load)
{
	return load->retry ? TURNS_RETRY : TURNS_FRESH;
}

void
turns_add(struct turns *t, struct plan_load *load, struct slice sender)
{
	struct plan_flow *f = flow_get(t, sender);
	struct turn *turn = &f->turns[kind_of(load)];

	if (TAILQ_EMPTY(&turn->loads))
		TAILQ_INSERT_TAIL(&t->rounds[kind_of(load)], turn, link);
	TAILQ_INSERT_TAIL(&turn->loads, load, link);
	load->flow = f;
	f->ready++;
	t->ready++;
}

void
turns_remove(struct turns *t, struct plan_load *load)
{
	struct plan_flow *f = load->flow;
	struct turn *turn = &f->turns[kind_of(load)];

	TAILQ_REMOVE(&turn->loads, load, link);
	load->flow = NULL;
	if (TAILQ_EMPTY(&turn->loads))
		TAILQ_REMOVE(&t->rounds[kind_of(load)], turn, link);
	t->ready--;
	if (--f->ready == 0) {
		HASH_DEL(t->flows, f);
		mem_free(f);
	}
}

/*
 * Fresh mail first, but a retry now and then. Within a kind, the sender whose
 * credit is left goes on; who has used his up gets the next and waits a round.
 * A round skipped was paid for by what that sender has sent, so the loop's
 * cost is a share of the work done.
 */
struct plan_load *
turns_next(struct turns *t)
{
	struct turn_ring *round = &t->rounds[TURNS_FRESH];
	struct turn *turn;

	if (!TAILQ_EMPTY(&t->rounds[TURNS_RETRY]) &&
	    (TAILQ_EMPTY(round) || t->fresh_run >= FRESH_RUN)) {
		round = &t->rounds[TURNS_RETRY];
		t->fresh_run = 0;
	} else {
		t->fresh_run++;
	}
	turn = TAILQ_FIRST(round);
	must(turn != NULL);
	while (turn->credit <= 0) {
		turn->credit += QUANTUM;
		TAILQ_REMOVE(round, turn, link);
		TAILQ_INSERT_TAIL(round, turn, link);
		turn = TAILQ_FIRST(round);
	}
	turn->credit -= TAILQ_FIRST(&turn->loads)->cost;
	return TAILQ_FIRST(&turn->loads);
}

struct plan_load *
turns_first(struct turns *t)
{
	struct turn *turn = TAILQ_FIRST(&t->rounds[TURNS_FRESH]);

	if (turn == NULL)
		turn = TAILQ_FIRST(&t->rounds[TURNS_RETRY]);
	return turn == NULL ? NULL : TAILQ_FIRST(&turn->loads);
}

void
turns_each(const struct turns *t,
    void (*each)(struct slice key, uint64_t ready, void *arg), void *arg)
{
	for (const struct plan_flow *f = t->flows; f != NULL; f = f->hh.next)
		each((struct slice){ f->key, f->key_length }, f->ready, arg);
}
