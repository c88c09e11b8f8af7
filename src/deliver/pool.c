/*
 * deliver/pool.c - idle sessions, hashed by key. All of one key idle equally
 * long, so a list per key is in order of age, and one timer serves all.
 */
#include "deliver/pool.h"

#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/time.h"

enum { SWEEP_EVERY = 500, IDLE_MAX = 1000 };

struct shelf;
TAILQ_HEAD(idle_list, idle);

struct idle {
	TAILQ_ENTRY(idle) in_shelf;
	TAILQ_ENTRY(idle) in_pool; /* the oldest first */
	struct shelf *shelf;       /* borrowed */
	struct pool *pool;         /* borrowed */
	struct session *session;   /* owned */
	int64_t until;
};

/* The sessions of one key. */
struct shelf {
	struct idle_list idles;
	UT_hash_handle hh;
	size_t key_n;
	char *site; /* behind the key */
	char key[];
};

struct pool {
	struct loop *loop;   /* borrowed */
	struct timer *timer; /* owned */
	struct shelf *shelves;
	struct idle_list idles;
	size_t count;
};

static void
remove_idle(struct pool *p, struct idle *i)
{
	struct shelf *shelf = i->shelf;

	TAILQ_REMOVE(&shelf->idles, i, in_shelf);
	TAILQ_REMOVE(&p->idles, i, in_pool);
	p->count--;
	if (TAILQ_EMPTY(&shelf->idles)) {
		HASH_DEL(p->shelves, shelf);
		mem_free(shelf);
	}
	mem_free(i);
}

static void
close_idle(struct pool *p, struct idle *i)
{
	struct session *session = i->session;

	remove_idle(p, i);
	session_leave(&session);
}

/* A session that ends while it is idle: the server has had enough. */
static void
on_idle_event(struct session *session, enum session_event event, void *arg)
{
	struct idle *i = arg;

	must(i->session == session);
	if (event == SESSION_OVER)
		remove_idle(i->pool, i);
}

static void
on_sweep(void *arg)
{
	struct pool *p = arg;
	int64_t now = loop_now(p->loop);
	struct idle *i, *next;

	for (i = TAILQ_FIRST(&p->idles); i != NULL; i = next) {
		next = TAILQ_NEXT(i, in_pool);
		if (i->until <= now)
			close_idle(p, i);
	}
	if (p->count > 0)
		timer_set(p->timer, SWEEP_EVERY);
}

struct pool *
pool_new(struct loop *loop)
{
	struct pool *p = mem_zero(sizeof(*p));

	p->loop = loop;
	p->timer = timer_new(loop, on_sweep, p);
	TAILQ_INIT(&p->idles);
	return p;
}

void
pool_free(struct pool **pool)
{
	if (*pool == NULL)
		return;
	pool_close_all(*pool);
	timer_free(&(*pool)->timer);
	mem_free(*pool);
	*pool = NULL;
}

static struct shelf *
find_shelf(struct pool *p, struct slice key)
{
	struct shelf *shelf = NULL;

	if (p->shelves != NULL)
		HASH_FIND(hh, p->shelves, key.p, key.n, shelf);
	return shelf;
}

static struct shelf *
add_shelf(struct pool *p, struct slice site, struct slice key)
{
	struct shelf *shelf = mem_zero(sizeof(*shelf) + key.n + site.n + 1);

	TAILQ_INIT(&shelf->idles);
	shelf->key_n = key.n;
	memcpy(shelf->key, key.p, key.n);
	shelf->site = shelf->key + key.n;
	if (site.n > 0)
		memcpy(shelf->site, site.p, site.n);
	HASH_ADD(hh, p->shelves, key[0], key.n, shelf);
	return shelf;
}

void
pool_put(struct pool *p, struct session *session, struct slice site,
    struct slice key, int64_t idle_ms)
{
	struct idle *i = mem_zero(sizeof(*i));

	must(key.n > 0);
	if (p->count >= IDLE_MAX)
		close_idle(p, TAILQ_FIRST(&p->idles));
	i->pool = p;
	i->session = session;
	i->until = loop_now(p->loop) + idle_ms;
	i->shelf = find_shelf(p, key);
	if (i->shelf == NULL)
		i->shelf = add_shelf(p, site, key);
	TAILQ_INSERT_TAIL(&i->shelf->idles, i, in_shelf);
	TAILQ_INSERT_TAIL(&p->idles, i, in_pool);
	p->count++;
	session_set_owner(session, on_idle_event, i);
	if (!timer_is_set(p->timer))
		timer_set(p->timer, SWEEP_EVERY);
}

struct session *
pool_take(struct pool *p, struct slice key)
{
	struct shelf *shelf = find_shelf(p, key);
	struct session *session;
	struct idle *i;

	if (shelf == NULL)
		return NULL;
	i = TAILQ_LAST(&shelf->idles, idle_list);
	session = i->session;
	session_set_owner(session, NULL, NULL);
	remove_idle(p, i);
	return session;
}

void
pool_close_site(struct pool *p, struct slice site)
{
	struct idle *i, *next;

	for (i = TAILQ_FIRST(&p->idles); i != NULL; i = next) {
		next = TAILQ_NEXT(i, in_pool);
		if (slice_is(site, i->shelf->site))
			close_idle(p, i);
	}
}

void
pool_close_all(struct pool *p)
{
	while (!TAILQ_EMPTY(&p->idles))
		close_idle(p, TAILQ_FIRST(&p->idles));
}

size_t
pool_count(const struct pool *p)
{
	return p->count;
}
