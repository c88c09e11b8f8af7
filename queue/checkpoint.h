/*
 * queue/checkpoint.h - writes the whole state beside the loop's work.
 *
 * The state changes while it is written piece by piece. What changes is in the
 * journal that begins with the checkpoint, and reading that again does no
 * harm.
 */
#ifndef QUEUE_CHECKPOINT_H
#define QUEUE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/recover.h"
#include "queue/state.h"
#include "queue/vfs.h"
#include "queue/work.h"

struct checkpoint;

/*
 * From this moment on changes go to a journal with at least this number; those
 * before may go once it is done. Takes the list of old journals.
 */
struct checkpoint *checkpoint_new(struct vfs *, struct state *,
    uint64_t first_journal, struct id_list *old_journals);
void checkpoint_free(struct checkpoint **);
/*
 * The next piece; one at a time. NULL: it is done, or has failed, or waits:
 * what it says includes changes up to `sequence`, so it may replace the older
 * journals only when those are on disk themselves.
 */
struct queue_work *checkpoint_take(struct checkpoint *, int lane,
    uint64_t sequence, uint64_t durable);
bool checkpoint_is_done(const struct checkpoint *); /* or failed */
int checkpoint_error(const struct checkpoint *);
uint64_t checkpoint_size(const struct checkpoint *);
/* Journals that are not needed any more, but could not be removed. */
struct id_list *checkpoint_old_journals(struct checkpoint *);

#endif
