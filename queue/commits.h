/*
 * queue/commits.h - the journal's group commit: changes gather, a helper
 * thread writes and syncs them together.
 *
 * A journal whose write or sync failed is given up: its last batch is written
 * again, to a new one.
 */
#ifndef QUEUE_COMMITS_H
#define QUEUE_COMMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "queue/change.h"
#include "queue/recover.h"
#include "queue/vfs.h"
#include "queue/work.h"

struct commits;

/* Borrows both. */
struct commits *commits_new(struct vfs *, struct id_maker *);
void commits_free(struct commits **);
/* The number that the next change will have. */
uint64_t commits_next(const struct commits *);
void commits_add(struct commits *, const struct change *);
struct queue_work *commits_take(struct commits *, int lane, int64_t wall_ms);
bool commits_is_writing(const struct commits *);
/* The last batch failed and waits to be written again. */
bool commits_is_broken(const struct commits *);
uint64_t commits_sequence(const struct commits *);
uint64_t commits_durable(const struct commits *);
/* Changes that are neither on disk nor on their way. */
bool commits_has_pending(const struct commits *);
uint64_t commits_backlog(const struct commits *); /* octets not on disk */
/*
 * Later changes go to a journal with a higher number than this result, those
 * before stay where they are; the journals so far are moved to *old.
 */
uint64_t commits_switch(struct commits *, struct id_list *old, int64_t wall_ms);
/* Journals of earlier lives, or that a checkpoint could not remove. */
void commits_add_old(struct commits *, const struct id_list *);
/* Octets and files since the last switch. */
uint64_t commits_octets(const struct commits *);
size_t commits_files(const struct commits *);

#endif
