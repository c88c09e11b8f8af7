/*
 * queue/salvage.h - messages whose record in the checkpoint is damaged.
 *
 * What the damage leads to proves itself by its checksum, so it may be guessed
 * at. Such a message begins anew, as if it had never been tried.
 */
#ifndef QUEUE_SALVAGE_H
#define QUEUE_SALVAGE_H

#include "queue/journal.h"
#include "queue/reader.h"
#include "queue/recover.h"
#include "queue/state.h"

/*
 * After JOURNAL_DAMAGE: adds `count` messages to the state. False: there may
 * have been one, and it is not found.
 */
bool salvage(struct state *, struct queue_reader *,
    const struct id_list *segments, struct journal_reader *, struct arena *,
    unsigned *count) MUST_USE;

#endif
