/*
 * io/helper.c - threads that take jobs from a list and give results back by
 * an eventfd.
 *
 * One write to the eventfd wakes the loop for all results that gather before
 * it looks. The threads block every signal and touch no object but the job.
 */
#include "io/helper.h"

#include <sys/eventfd.h>
#include <sys/queue.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"

struct task {
	STAILQ_ENTRY(task) link;
	helper_fn *work;
	helper_fn *done;
	void *job; /* borrowed */
};
STAILQ_HEAD(tasks, task);

struct helper {
	struct watch *watch; /* owned */
	int wake_fd;
	unsigned pending;
	pthread_t *threads; /* owned */
	unsigned thread_count;
	/* What follows is shared, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct tasks waiting;
	struct tasks finished;
	bool closing;
};

static void
lock(struct helper *h)
{
	must(pthread_mutex_lock(&h->lock) == 0);
}

static void
unlock(struct helper *h)
{
	must(pthread_mutex_unlock(&h->lock) == 0);
}

/*
 * In the thread. The eventfd is written only when the loop may be asleep, and
 * after the lock is given back: the loop runs at once and wants it.
 */
static void
hand_back(struct helper *h, struct task *t)
{
	const uint64_t one = 1;
	bool first;

	lock(h);
	first = STAILQ_EMPTY(&h->finished);
	STAILQ_INSERT_TAIL(&h->finished, t, link);
	unlock(h);
	if (first)
		must(write(h->wake_fd, &one, sizeof(one)) == sizeof(one));
}

static void *
thread_main(void *arg)
{
	struct helper *h = arg;
	struct task *t;

	lock(h);
	for (;;) {
		while (!h->closing && STAILQ_EMPTY(&h->waiting))
			must(pthread_cond_wait(&h->more, &h->lock) == 0);
		if (h->closing)
			break;
		t = STAILQ_FIRST(&h->waiting);
		STAILQ_REMOVE_HEAD(&h->waiting, link);
		unlock(h);
		t->work(t->job);
		hand_back(h, t);
		lock(h);
	}
	unlock(h);
	return NULL;
}

static void
on_finished(int fd, bool readable, bool writable, void *arg)
{
	struct helper *h = arg;
	struct tasks finished = STAILQ_HEAD_INITIALIZER(finished);
	struct task *t;
	uint64_t count;

	(void)readable;
	(void)writable;
	(void)!read(fd, &count, sizeof(count));
	lock(h);
	STAILQ_CONCAT(&finished, &h->finished);
	unlock(h);
	while ((t = STAILQ_FIRST(&finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&finished, link);
		h->pending--;
		t->done(t->job);
		mem_free(t);
	}
}

struct helper *
helper_new(struct loop *loop, unsigned threads)
{
	struct helper *h = mem_zero(sizeof(*h));
	sigset_t all, before;

	must(threads > 0);
	STAILQ_INIT(&h->waiting);
	STAILQ_INIT(&h->finished);
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(h->wake_fd != -1);
	h->watch = watch_new(loop, h->wake_fd, on_finished, h);
	watch_set(h->watch, true, false);
	must(pthread_mutex_init(&h->lock, NULL) == 0);
	must(pthread_cond_init(&h->more, NULL) == 0);
	h->threads = mem_array(threads, sizeof(*h->threads));
	h->thread_count = threads;
	(void)sigfillset(&all);
	must(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
	for (unsigned i = 0; i < threads; i++)
		must(pthread_create(&h->threads[i], NULL, thread_main, h) == 0);
	must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return h;
}

static void
drop_all(struct tasks *tasks)
{
	struct task *t;

	while ((t = STAILQ_FIRST(tasks)) != NULL) {
		STAILQ_REMOVE_HEAD(tasks, link);
		mem_free(t);
	}
}

void
helper_free(struct helper **hp)
{
	struct helper *h = *hp;

	if (h == NULL)
		return;
	lock(h);
	h->closing = true;
	must(pthread_cond_broadcast(&h->more) == 0);
	unlock(h);
	for (unsigned i = 0; i < h->thread_count; i++)
		must(pthread_join(h->threads[i], NULL) == 0);
	drop_all(&h->waiting);
	drop_all(&h->finished);
	watch_free(&h->watch);
	(void)close(h->wake_fd);
	(void)pthread_cond_destroy(&h->more);
	(void)pthread_mutex_destroy(&h->lock);
	mem_free(h->threads);
	mem_free(h);
	*hp = NULL;
}

void
helper_run(struct helper *h, helper_fn *work, helper_fn *done, void *job)
{
	struct task *t = mem_zero(sizeof(*t));

	t->work = work;
	t->done = done;
	t->job = job;
	h->pending++;
	lock(h);
	STAILQ_INSERT_TAIL(&h->waiting, t, link);
	unlock(h);
	/* Behind the lock: the thread that wakes finds it free. */
	must(pthread_cond_signal(&h->more) == 0);
}

unsigned
helper_pending(const struct helper *h)
{
	return h->pending;
}
