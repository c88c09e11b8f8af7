/*
 * receive/commit.h - the group commit of a receiver: messages of one turn go
 * to disk together, and each is answered when they are there.
 *
 * At the end of a turn, if something waits and no batch is under way, a batch
 * goes to the helper thread; meanwhile the next one gathers.
 */
#ifndef RECEIVE_COMMIT_H
#define RECEIVE_COMMIT_H

#include <stdbool.h>

#include "io/loop.h"
#include "queue/writer.h"

struct commit;

struct commit_events {
	/* As queue_written_fn; `who` as given to commit_submit(). */
	queue_written_fn *written;
	queue_closed_fn *closed;
	/* Is whoever is told of our messages far behind? */
	bool (*is_held)(void *arg);
	void *arg;
};

/* The writer is the commit's from here on. */
struct commit *commit_new(struct loop *, struct queue_writer *,
    const struct commit_events *) MUST_USE;
/* Waits for the batch under way; tells of it no more. */
void commit_free(struct commit **);
struct queue_writer *commit_writer(struct commit *);
/* As queue_writer_has_room(); without room, the segment is given up. */
int commit_has_room(struct commit *) MUST_USE;
/* Takes the draft. */
void commit_submit(struct commit *, struct queue_draft **, struct slice prefix,
    struct slice envelope, void *who);

#endif
