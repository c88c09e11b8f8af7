/*
 * schedule/disk.h - the queue on disk, driven by the loop: the store's lanes
 * of blocking work in helper threads, and a writer for our own messages.
 */
#ifndef SCHEDULE_DISK_H
#define SCHEDULE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "io/loop.h"
#include "queue/reader.h"
#include "queue/store.h"
#include "queue/writer.h"

struct dkim_signers;
struct disk;
struct disk_write;

struct disk_events {
	/* Of an earlier life, or one that its receiver could not announce. */
	queue_found_fn *found;
	/* Is there a receiver that could use one again? Then this is it. */
	bool (*wants_segment)(void *arg);
	void (*free_segment)(uint64_t segment, void *arg);
};

/* rc 0: it is on disk at `place`, as `id`. */
typedef void disk_written_fn(void *who, uint64_t id, int rc,
    const struct place *, struct slice envelope);

/* 0 or -errno. Borrows the descriptor of the spool. */
int disk_open(struct loop *, int spool, const struct disk_events *, void *arg,
    struct disk **out) MUST_USE;
/*
 * At the very end: waits for the helpers, brings what they did, and commits.
 * Only disk_close() may follow.
 */
void disk_settle(struct disk *);
void disk_close(struct disk **);
/* Takes the keys for messages of ours; NULL: they go unsigned. */
void disk_set_signers(struct disk *, struct dkim_signers *);
struct queue_store *disk_store(struct disk *);
struct queue_reader *disk_reader(struct disk *);

/*
 * A message of ours: an id, its content piece by piece, its end, the envelope.
 * disk_write_finish() signs it, if a dkim section is for its author, and
 * returns its size.
 */
uint64_t disk_new_id(struct disk *, int64_t wall_ms);
struct disk_write *disk_write_new(struct disk *, uint64_t id, disk_written_fn *,
    void *who) MUST_USE;
void disk_write_add(struct disk_write *, struct slice content);
uint64_t disk_write_finish(struct disk_write *, int64_t wall_ms);
/* The outcome comes by disk_written_fn, later, always. */
void disk_write_submit(struct disk_write **, struct slice envelope);
void disk_write_cancel(struct disk_write **);

/* At each turn's end: starts what waits. */
void disk_turn(struct disk *, int64_t wall_ms);
/* All is on disk and no helper is at work. */
bool disk_is_quiet(struct disk *);
/*
 * The end is near: commits wait for no company, and a long journal becomes a
 * checkpoint, so that the next start is quick.
 */
void disk_hurry(struct disk *);

#endif
