/*
 * queue/recover.h - the state of an earlier life: checkpoint and journals.
 *
 * Done in steps. Afterwards the segments that wants_scan are left to tails.h.
 */
#ifndef QUEUE_RECOVER_H
#define QUEUE_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "queue/damage.h"
#include "queue/id_list.h"
#include "queue/reader.h"
#include "queue/state.h"
#include "queue/vfs.h"

struct recovery;

/* Borrows everything. 0 or -errno. */
int recovery_new(struct vfs *, struct state *, struct damage *,
    struct queue_reader *, struct recovery **out) MUST_USE;
void recovery_free(struct recovery **);
/* False: done. */
bool recovery_step(struct recovery *);
/* All journals that are on disk; the files under large/ at the start. */
const struct id_list *recovery_journals(const struct recovery *);
const struct id_list *recovery_large(const struct recovery *);
/* The highest number of any file that we saw: new ones go on behind. */
uint64_t recovery_newest(const struct recovery *);
/* The checkpoint is damaged: it does not tell of all messages. */
bool recovery_lost_state(const struct recovery *);
uint64_t recovery_checkpoint_size(const struct recovery *);
uint64_t recovery_journal_size(const struct recovery *);

#endif
