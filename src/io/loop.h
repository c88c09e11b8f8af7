/*
 * io/loop.h - the event loop of a process: timers, descriptors, signals, posts.
 *
 * No callback runs inside the call that asked for it. All belongs to one
 * thread; a helper's results come back through io/helper.h.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

struct event_base;
struct loop;
struct timer;
struct watch;
typedef void loop_fn(void *arg);
typedef void watch_fn(int fd, bool readable, bool writable, void *arg);

/* SIGPIPE is ignored from here on. */
struct loop *loop_new(void) MUST_USE;
/* Posts that have not run are dropped; what io/ itself keeps is freed. */
void loop_free(struct loop **);
/* Returns after loop_stop(), at the end of that turn. */
void loop_run(struct loop *);
void loop_stop(struct loop *);
/* Monotonic milliseconds, read once per turn. */
int64_t loop_now(struct loop *);
/* For libraries that want the base itself (dns/). */
struct event_base *loop_base(struct loop *);

/* Runs fn once, soon, from the loop, at the top of the stack. */
void loop_post(struct loop *, loop_fn *fn, void *arg);
/*
 * Runs fn at the end of each turn of the loop, after all events and posts of
 * the turn: where what a turn gathered is worked on as one batch.
 */
void loop_at_turn_end(struct loop *, loop_fn *fn, void *arg);
/*
 * Runs fn once, at the very end of this turn, after those: where buffers are
 * written out. What is posted this way from there still runs in this turn.
 */
void loop_post_last(struct loop *, loop_fn *fn, void *arg);
/* Drops all posts and turn ends with that arg that have not run yet. */
void loop_unpost(struct loop *, const void *arg);
/*
 * The longest turns so far; `reset` begins anew. The clock also counts what
 * other processes did meanwhile; the processor's time is of this thread alone,
 * and whole: with the work of libraries on loop_base(), and the wait's own.
 */
struct turn {
	int64_t wall_us;
	int64_t cpu_us;
};
struct turn loop_longest_turn(struct loop *, bool reset);
/*
 * One object per loop and key, made when first asked for and freed with the
 * loop: what a part of io/ or ipc/ shares among all that it has in one loop.
 */
typedef void *loop_make_fn(struct loop *);
void *loop_keep(struct loop *, const void *key, loop_make_fn *make,
    loop_fn *free) MUST_USE;

struct timer *timer_new(struct loop *, loop_fn *fn, void *arg) MUST_USE;
void timer_free(struct timer **);
/*
 * (Re)starts it; runs once. Moving the end further away, as with each command
 * of a session, costs a comparison and an assignment.
 */
void timer_set(struct timer *, int64_t in_ms);
void timer_cancel(struct timer *);
bool timer_is_set(const struct timer *);

struct watch *watch_new(struct loop *, int fd, watch_fn *fn,
    void *arg) MUST_USE;
void watch_free(struct watch **); /* does not close fd */
/* When both are ready, fn is called for each of them. */
void watch_set(struct watch *, bool readable, bool writable);

/* Handled in the loop, not in signal context. */
void loop_on_signal(struct loop *, int signal, loop_fn *fn, void *arg);

#endif
