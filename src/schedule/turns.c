/*
 * schedule/turns.c - a rank for each priority; in it a round of senders for
 * fresh mail, another for retries.
 *
 * The first rank goes first. One that was passed over PASSED_MAX times gets a
 * turn, but never two such in a row: so nobody starves, neither the least
 * urgent nor, behind eighteen of those, the most urgent.
 */
#include "schedule/turns.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum {
	FRESH_RUN = 7,  /* then one retry gets its turn */
	PASSED_MAX = 7, /* then a lower rank gets its turn */
	QUANTUM = 1,
};

enum { FRESH, RETRY, KINDS };

TAILQ_HEAD(load_list, plan_load);
TAILQ_HEAD(turn_ring, turn);

/* A sender's place in the round of fresh mail, or in that of retries. */
struct turn {
	TAILQ_ENTRY(turn) link;
	struct load_list loads;
	int32_t credit; /* may sink below 0; then it skips rounds */
};

struct plan_flow {
	UT_hash_handle hh;
	uint64_t ready;
	struct rank *rank;
	struct turn turns[KINDS];
	size_t key_length;
	char key[];
};

/* All that waits at one priority; gone when nothing does. */
struct rank {
	TAILQ_ENTRY(rank) link;
	int8_t priority;
	uint32_t passed;         /* turns of others since its last */
	struct plan_flow *flows; /* owned: hash; a sender each */
	struct turn_ring rounds[KINDS];
	uint32_t fresh_run;
};

void
turns_init(struct turns *t)
{
	*t = (struct turns){ 0 };
	TAILQ_INIT(&t->ranks);
}

static struct rank *
rank_get(struct turns *t, int8_t priority)
{
	struct rank *after = TAILQ_FIRST(&t->ranks);
	struct rank *rank;

	while (after != NULL && after->priority > priority)
		after = TAILQ_NEXT(after, link);
	if (after != NULL && after->priority == priority)
		return after;
	rank = mem_zero(sizeof(*rank));
	rank->priority = priority;
	for (size_t i = 0; i < KINDS; i++)
		TAILQ_INIT(&rank->rounds[i]);
	if (after != NULL)
		TAILQ_INSERT_BEFORE(after, rank, link);
	else
		TAILQ_INSERT_TAIL(&t->ranks, rank, link);
	return rank;
}

static struct plan_flow *
flow_find(const struct rank *rank, struct slice key)
{
	struct plan_flow *f;

	HASH_FIND(hh, rank->flows, key.p, key.n, f);
	return f;
}

static struct plan_flow *
flow_get(struct rank *rank, struct slice key)
{
	struct plan_flow *f = flow_find(rank, key);

	if (f != NULL)
		return f;
	f = mem_zero(sizeof(*f) + key.n);
	f->rank = rank;
	memcpy(f->key, key.p, key.n);
	f->key_length = key.n;
	for (size_t i = 0; i < KINDS; i++) {
		TAILQ_INIT(&f->turns[i].loads);
		f->turns[i].credit = QUANTUM;
	}
	HASH_ADD_KEYPTR(hh, rank->flows, f->key, f->key_length, f);
	return f;
}

static int
kind_of(const struct plan_load *load)
{
	return load->retry ? RETRY : FRESH;
}

void
turns_add(struct turns *t, struct plan_load *load, struct slice sender)
{
	struct rank *rank = rank_get(t, load->priority);
	struct plan_flow *f = flow_get(rank, sender);
	struct turn *turn = &f->turns[kind_of(load)];

	if (TAILQ_EMPTY(&turn->loads))
		TAILQ_INSERT_TAIL(&rank->rounds[kind_of(load)], turn, link);
	TAILQ_INSERT_TAIL(&turn->loads, load, link);
	load->flow = f;
	f->ready++;
	t->ready++;
}

void
turns_remove(struct turns *t, struct plan_load *load)
{
	struct plan_flow *f = load->flow;
	struct rank *rank = f->rank;
	struct turn *turn = &f->turns[kind_of(load)];

	TAILQ_REMOVE(&turn->loads, load, link);
	load->flow = NULL;
	if (TAILQ_EMPTY(&turn->loads))
		TAILQ_REMOVE(&rank->rounds[kind_of(load)], turn, link);
	t->ready--;
	if (--f->ready == 0) {
		HASH_DEL(rank->flows, f);
		mem_free(f);
	}
	if (rank->flows == NULL) {
		TAILQ_REMOVE(&t->ranks, rank, link);
		mem_free(rank);
	}
}

/*
 * Fresh mail first, but a retry now and then. Within a kind, the sender whose
 * credit is left goes on; who has used his up gets the next and waits a round.
 * A round skipped was paid for by what that sender has sent, so the loop's
 * cost is a share of the work done.
 */
static struct plan_load *
rank_next(struct rank *rank)
{
	struct turn_ring *round = &rank->rounds[FRESH];
	struct turn *turn;

	if (!TAILQ_EMPTY(&rank->rounds[RETRY]) &&
	    (TAILQ_EMPTY(round) || rank->fresh_run >= FRESH_RUN)) {
		round = &rank->rounds[RETRY];
		rank->fresh_run = 0;
	} else {
		rank->fresh_run++;
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

/* The first, or one that has been passed over for too long. */
static struct rank *
rank_whose_turn(struct turns *t)
{
	struct rank *first = TAILQ_FIRST(&t->ranks);
	struct rank *chosen = first;
	struct rank *rank;

	must(first != NULL);
	if (!t->was_passed)
		TAILQ_FOREACH (rank, &t->ranks, link)
			if (rank->passed >= PASSED_MAX &&
			    rank->passed > chosen->passed)
				chosen = rank;
	TAILQ_FOREACH (rank, &t->ranks, link)
		rank->passed++;
	chosen->passed = 0;
	t->was_passed = chosen != first;
	return chosen;
}

struct plan_load *
turns_next(struct turns *t)
{
	return rank_next(rank_whose_turn(t));
}

struct plan_load *
turns_first(struct turns *t)
{
	struct rank *rank = TAILQ_FIRST(&t->ranks);
	struct turn *turn;

	if (rank == NULL)
		return NULL;
	turn = TAILQ_FIRST(&rank->rounds[FRESH]);
	if (turn == NULL)
		turn = TAILQ_FIRST(&rank->rounds[RETRY]);
	must(turn != NULL);
	return TAILQ_FIRST(&turn->loads);
}

/* Of that sender in the ranks from `rank` on. */
static uint64_t
ready_of(const struct rank *rank, struct slice key)
{
	uint64_t ready = 0;

	for (; rank != NULL; rank = TAILQ_NEXT(rank, link)) {
		const struct plan_flow *f = flow_find(rank, key);

		ready += f == NULL ? 0 : f->ready;
	}
	return ready;
}

static bool
is_in_higher_rank(const struct turns *t, const struct plan_flow *f)
{
	const struct slice key = { f->key, f->key_length };
	const struct rank *rank;

	TAILQ_FOREACH (rank, &t->ranks, link) {
		if (rank == f->rank)
			return false;
		if (flow_find(rank, key) != NULL)
			return true;
	}
	return false;
}

void
turns_each(const struct turns *t,
    void (*each)(struct slice key, uint64_t ready, void *arg), void *arg)
{
	const struct rank *rank;

	TAILQ_FOREACH (rank, &t->ranks, link)
		for (const struct plan_flow *f = rank->flows; f != NULL;
		     f = f->hh.next) {
			const struct slice key = { f->key, f->key_length };

			if (!is_in_higher_rank(t, f))
				each(key, ready_of(rank, key), arg);
		}
}
