/*
 * io/loop.c - libevent's loop, cut into turns.
 *
 * A turn is: wait, run what is ready, run the posts, run the turn's ends, then
 * the last posts. Posts live in arrays of ours, so that posting costs no system
 * call. It knows nothing of connections.
 */
#include "io/loop.h"

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"

/* Posts that make posts may not keep the descriptors waiting for ever. */
enum { ROUNDS_PER_TURN = 4 };

struct post {
	loop_fn *fn; /* NULL: dropped */
	void *arg;
};

struct posts {
	struct post *v; /* owned */
	size_t first;
	size_t n; /* behind the last one */
	size_t size;
};

struct kept {
	SLIST_ENTRY(kept) link;
	const void *key;
	void *object;
	loop_fn *free;
};

struct signal_watch {
	SLIST_ENTRY(signal_watch) link;
	struct loop *loop;   /* borrowed */
	struct event *event; /* owned */
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct event_base *base; /* owned */
	struct posts soon;
	struct posts turn_ends; /* these stay */
	struct posts last;
	SLIST_HEAD(, kept) kept;
	SLIST_HEAD(, signal_watch) signals;
	int64_t turn_began_us; /* 0: nothing happened yet in this turn */
	int64_t turns_cpu_us;  /* of this thread when the last turn ended */
	struct turn longest;   /* each of a turn of its own */
	int64_t now_ms;
	bool running;
	bool stopped;
};

struct timer {
	struct event event;
	struct loop *loop; /* borrowed */
	loop_fn *fn;
	void *arg;
	int64_t ends_ms;  /* when it is to run */
	int64_t fires_ms; /* when libevent will look at it */
	bool set;
};

/*
 * Two events, so that the wish to write comes and goes by one system call and
 * leaves the wish to read alone.
 */
struct watch {
	struct event readable;
	struct event writable;
	struct loop *loop; /* borrowed */
	watch_fn *fn;
	void *arg;
	bool wants_read;
	bool wants_write;
};

static void
posts_add(struct posts *q, loop_fn *fn, void *arg)
{
	must(fn != NULL);
	if (q->n == q->size && q->first > 0) {
		memmove(q->v, q->v + q->first,
		    (q->n - q->first) * sizeof(*q->v));
		q->n -= q->first;
		q->first = 0;
	}
	if (q->n == q->size) {
		q->size = q->size == 0 ? 16 : q->size * 2;
		q->v = mem_resize(q->v, q->size, sizeof(*q->v));
	}
	q->v[q->n++] = (struct post){ fn, arg };
}

static void
posts_drop(struct posts *q, const void *arg)
{
	for (size_t i = q->first; i < q->n; i++)
		if (q->v[i].arg == arg)
			q->v[i].fn = NULL;
}

/* Runs what is there and what that adds, up to a bound. */
static void
posts_run(struct posts *q)
{
	for (int round = 0; round < ROUNDS_PER_TURN; round++) {
		/* The array may move and shift while they run. */
		for (size_t left = q->n - q->first; left > 0; left--) {
			struct post post = q->v[q->first++];

			if (post.fn != NULL)
				post.fn(post.arg);
		}
	}
	if (q->first == q->n)
		q->first = q->n = 0;
}

/* They stay in the array; those dropped meanwhile are squeezed out. */
static void
run_turn_ends(struct posts *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->n; i++)
		if (q->v[i].fn != NULL)
			q->v[i].fn(q->v[i].arg);
	for (size_t i = 0; i < q->n; i++)
		if (q->v[i].fn != NULL)
			q->v[kept++] = q->v[i];
	q->n = kept;
}

/* The first thing that happens in a turn sets its time. */
static void
turn_enter(struct loop *l)
{
	if (l->turn_began_us != 0)
		return;
	l->turn_began_us = time_mono_us();
	l->now_ms = l->turn_began_us / 1000;
}

static void
turn_leave(struct loop *l)
{
	int64_t cpu_us = time_thread_us();
	struct turn turn = { .cpu_us = cpu_us - l->turns_cpu_us };

	l->turns_cpu_us = cpu_us;
	if (l->turn_began_us == 0)
		return;
	turn.wall_us = time_mono_us() - l->turn_began_us;
	if (turn.wall_us > l->longest.wall_us)
		l->longest.wall_us = turn.wall_us;
	if (turn.cpu_us > l->longest.cpu_us)
		l->longest.cpu_us = turn.cpu_us;
	l->turn_began_us = 0;
}

struct loop *
loop_new(void)
{
	struct loop *l = mem_zero(sizeof(*l));
	struct event_config *config = event_config_new();

	must(config != NULL);
	must(event_config_set_flag(config,
		 EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0);
	l->base = event_base_new_with_config(config);
	must(l->base != NULL);
	event_config_free(config);
	SLIST_INIT(&l->kept);
	SLIST_INIT(&l->signals);
	/* OpenSSL writes by write(2), which cannot be told otherwise. */
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	return l;
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;
	struct signal_watch *s;
	struct kept *k;

	if (l == NULL)
		return;
	while ((k = SLIST_FIRST(&l->kept)) != NULL) {
		SLIST_REMOVE_HEAD(&l->kept, link);
		k->free(k->object);
		mem_free(k);
	}
	while ((s = SLIST_FIRST(&l->signals)) != NULL) {
		SLIST_REMOVE_HEAD(&l->signals, link);
		event_free(s->event);
		mem_free(s);
	}
	event_base_free(l->base);
	mem_free(l->soon.v);
	mem_free(l->turn_ends.v);
	mem_free(l->last.v);
	mem_free(l);
	*lp = NULL;
}

void
loop_run(struct loop *l)
{
	int flags;

	must(!l->running);
	l->running = true;
	l->turns_cpu_us = time_thread_us();
	while (!l->stopped) {
		flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
		if (l->soon.n > 0 || l->last.n > 0)
			flags |= EVLOOP_NONBLOCK;
		must(event_base_loop(l->base, flags) != -1);
		turn_enter(l);
		posts_run(&l->soon);
		run_turn_ends(&l->turn_ends);
		posts_run(&l->last);
		turn_leave(l);
	}
	l->stopped = false;
	l->running = false;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}

int64_t
loop_now(struct loop *l)
{
	if (!l->running)
		return time_mono_ms();
	turn_enter(l);
	return l->now_ms;
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

void
loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	posts_add(&l->soon, fn, arg);
}

void
loop_at_turn_end(struct loop *l, loop_fn *fn, void *arg)
{
	posts_add(&l->turn_ends, fn, arg);
}

void
loop_post_last(struct loop *l, loop_fn *fn, void *arg)
{
	posts_add(&l->last, fn, arg);
}

void
loop_unpost(struct loop *l, const void *arg)
{
	posts_drop(&l->soon, arg);
	posts_drop(&l->turn_ends, arg);
	posts_drop(&l->last, arg);
}

struct turn
loop_longest_turn(struct loop *l, bool reset)
{
	struct turn longest = l->longest;

	if (reset)
		l->longest = (struct turn){ 0 };
	return longest;
}

void *
loop_keep(struct loop *l, const void *key, loop_make_fn *make, loop_fn *free)
{
	struct kept *k;

	SLIST_FOREACH (k, &l->kept, link)
		if (k->key == key)
			return k->object;
	k = mem_zero(sizeof(*k));
	k->key = key;
	k->free = free;
	k->object = make(l);
	SLIST_INSERT_HEAD(&l->kept, k, link);
	return k->object;
}

/* A timer whose end was moved away meanwhile goes back to wait the rest. */
static void
timer_arm(struct timer *t, int64_t in_ms)
{
	struct timeval tv = { in_ms / 1000, (in_ms % 1000) * 1000 };

	must(event_add(&t->event, &tv) == 0);
	t->fires_ms = loop_now(t->loop) + in_ms;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;
	int64_t left;

	(void)fd;
	(void)what;
	turn_enter(t->loop);
	t->fires_ms = INT64_MAX;
	if (!t->set)
		return;
	left = t->ends_ms - loop_now(t->loop);
	if (left > 0) {
		timer_arm(t, left);
		return;
	}
	t->set = false;
	t->fn(t->arg);
}

struct timer *
timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct timer *t = mem_zero(sizeof(*t));

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->fires_ms = INT64_MAX;
	must(evtimer_assign(&t->event, l->base, on_timer, t) == 0);
	return t;
}

void
timer_free(struct timer **tp)
{
	if (*tp == NULL)
		return;
	(void)event_del(&(*tp)->event);
	mem_free(*tp);
	*tp = NULL;
}

void
timer_set(struct timer *t, int64_t in_ms)
{
	if (in_ms < 0)
		in_ms = 0;
	t->ends_ms = loop_now(t->loop) + in_ms;
	t->set = true;
	if (t->fires_ms > t->ends_ms)
		timer_arm(t, in_ms);
}

void
timer_cancel(struct timer *t)
{
	t->set = false;
}

bool
timer_is_set(const struct timer *t)
{
	return t->set;
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	turn_enter(w->loop);
	w->fn(fd, (what & EV_READ) != 0, (what & EV_WRITE) != 0, w->arg);
}

struct watch *
watch_new(struct loop *l, int fd, watch_fn *fn, void *arg)
{
	struct watch *w = mem_zero(sizeof(*w));

	w->loop = l;
	w->fn = fn;
	w->arg = arg;
	must(event_assign(&w->readable, l->base, fd, EV_READ | EV_PERSIST,
		 on_watch, w) == 0);
	must(event_assign(&w->writable, l->base, fd, EV_WRITE | EV_PERSIST,
		 on_watch, w) == 0);
	return w;
}

void
watch_free(struct watch **wp)
{
	if (*wp == NULL)
		return;
	watch_set(*wp, false, false);
	mem_free(*wp);
	*wp = NULL;
}

static void
want(struct event *event, bool *wanted, bool wants)
{
	if (*wanted == wants)
		return;
	*wanted = wants;
	if (wants)
		must(event_add(event, NULL) == 0);
	else
		must(event_del(event) == 0);
}

void
watch_set(struct watch *w, bool readable, bool writable)
{
	want(&w->readable, &w->wants_read, readable);
	want(&w->writable, &w->wants_write, writable);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct signal_watch *s = arg;

	(void)number;
	(void)what;
	turn_enter(s->loop);
	s->fn(s->arg);
}

void
loop_on_signal(struct loop *l, int number, loop_fn *fn, void *arg)
{
	struct signal_watch *s = mem_zero(sizeof(*s));

	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	s->event = evsignal_new(l->base, number, on_signal, s);
	must(s->event != NULL && event_add(s->event, NULL) == 0);
	SLIST_INSERT_HEAD(&l->signals, s, link);
}
