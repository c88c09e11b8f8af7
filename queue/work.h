/*
 * queue/work.h - a piece of blocking work, for a helper thread.
 */
#ifndef QUEUE_WORK_H
#define QUEUE_WORK_H

struct queue_work;
typedef void queue_work_fn(struct queue_work *);
typedef int queue_work_done_fn(struct queue_work *, void *owner);

/* The first member of each kind of work. */
struct queue_work {
	queue_work_fn *run;       /* in any thread; touches its own alone */
	queue_work_done_fn *done; /* in the loop; frees it, returns its rc */
	void *owner;              /* borrowed: for `done` */
	int lane;
};

#endif
