/*
 * queue/spool.h - the folders of the spool, and who may use it.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/must.h"
#include "queue/vfs.h"

/* Writers: receivers count from 0; these two belong to the scheduler. */
enum {
	QUEUE_WRITER_DSN = 254,   /* messages that the scheduler makes */
	QUEUE_WRITER_MOVER = 255, /* the store's own: compaction, journals */
};

/* Makes the folders segments, large, journal, quarantine if missing. */
int queue_spool_create(struct vfs *) MUST_USE;
/*
 * Locks the spool against a second mtad, for as long as the descriptor that
 * it returns is open. -EWOULDBLOCK: there is one already.
 */
int queue_lock(int folder) MUST_USE;

/*
 * Is less free than what is wanted, in octets, and the room that is left to
 * the journal, so that deliveries go on and can be written down? False if
 * nobody knows.
 */
bool queue_spool_is_short(struct vfs *, uint64_t wanted);

/* "segments/06DK..."; and back from a name without the folder. */
void spool_name(const char *folder, uint64_t id, char out[VFS_NAME_MAX]);
bool spool_name_parse(const char *name, uint64_t *id);

/* Who wrote a segment, or made a message id. */
static inline uint8_t
queue_writer_of(uint64_t id)
{
	return (uint8_t)(id >> 14);
}

#endif
