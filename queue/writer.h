/*
 * queue/writer.h - a receiver's side of the queue: drafts become records.
 *
 * A draft gathers content (in memory up to 1 MiB, then in a file under
 * large/). Submitted drafts wait in a batch; one batch at a time is written
 * and synced, by a helper thread; then each of its messages is on disk.
 */
#ifndef QUEUE_WRITER_H
#define QUEUE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "queue/place.h"
#include "queue/vfs.h"

struct queue_writer;
struct queue_draft;
struct queue_batch;

/* Told of each segment that its writer will write no more. */
typedef void queue_closed_fn(uint64_t segment, void *arg);

/*
 * `number` (0-255) is the writer's own: no two live writers share one. The vfs
 * stands at the spool. 0 and *out, or -errno.
 */
int queue_writer_open(struct vfs *, uint8_t number,
    struct queue_writer **out) MUST_USE;
void queue_writer_close(struct queue_writer **);
/* A fresh message id. */
uint64_t queue_writer_id(struct queue_writer *, int64_t wall_ms);
/*
 * -ENOSPC under the reserve (checked now and then, cheap), else 0: asked at
 * MAIL, answered 452 4.3.1.
 */
int queue_writer_has_room(struct queue_writer *) MUST_USE;

/*
 * Of a writer without room: what it was given to recycle it gives back, and its
 * segment is closed, to be reclaimed as soon as all its messages are done. The
 * next batch begins a new one.
 */
void queue_writer_yield(struct queue_writer *, queue_closed_fn *, void *arg);

/* `id` is the message's, from queue_writer_id(); it names the file in large/.
 */
struct queue_draft *queue_draft_new(struct queue_writer *,
    uint64_t id) MUST_USE;
void queue_draft_free(struct queue_draft **); /* what is in large/ goes too */
/* 0, or -errno; then the draft is good for nothing but free. */
int queue_draft_add(struct queue_draft *, struct slice content) MUST_USE;
uint64_t queue_draft_size(const struct queue_draft *);

/*
 * Into the gathering batch. The content is `prefix` (trace and added header
 * fields) and then what the draft gathered. Takes the draft; copies the slices.
 */
void queue_writer_submit(struct queue_writer *, struct queue_draft **,
    struct slice prefix, struct slice envelope, void *who);
/*
 * If something waits and no batch is under way: the batch, for
 * queue_batch_write() in the helper thread, then queue_writer_finish().
 */
struct queue_batch *queue_writer_take(struct queue_writer *);
/* Any one thread; touches nothing but the batch. */
void queue_batch_write(struct queue_batch *);
/*
 * rc 0: it is on disk at `place`. ERR_LIMBO: it could not be synced, nor cut
 * off, so a crash may bring it back: its sender keeps it, and is told so. Else
 * it is not there, and will not be.
 */
typedef void queue_written_fn(void *who, uint64_t id, int rc,
    const struct place *, struct slice envelope, void *arg);
void queue_writer_finish(struct queue_writer *, struct queue_batch **,
    queue_written_fn *, queue_closed_fn *, void *arg);
/* The next batch begins a new segment, so that this one can be reclaimed. */
void queue_writer_roll(struct queue_writer *);
/* A segment without live messages, to be recycled as a fresh one. */
void queue_writer_recycle(struct queue_writer *, uint64_t segment);

#endif
