/*
 * queue/segment_file.h - a segment that is being written, at its end only.
 *
 * Used by one thread at a time: a helper while a batch is under way.
 */
#ifndef QUEUE_SEGMENT_FILE_H
#define QUEUE_SEGMENT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "queue/record.h"
#include "queue/vfs.h"

struct segment_file {
	struct vfs *vfs; /* borrowed */
	struct segment_header header;
	int file;         /* -1: none */
	uint32_t end;     /* where the next record goes */
	uint64_t written; /* up to here the file holds bytes, if only zeros */
	bool begun;       /* its header has been written */
};

void segment_file_init(struct segment_file *, struct vfs *);
/* Forgets the file; it stays on disk. */
void segment_file_close(struct segment_file *);
/*
 * A new one, by renaming segment `old` (0: none) or from nothing; its name is
 * on disk. On failure there is none.
 */
int segment_file_create(struct segment_file *, const struct segment_header *,
    uint64_t old) MUST_USE;
bool segment_file_has_room(const struct segment_file *, uint32_t length);
/*
 * Appends whole records of n octets together and syncs them. On failure they
 * are cut off, or else it is ERR_LIMBO; and the file may be given up:
 * segment_file.file is -1.
 */
int segment_file_append(struct segment_file *, struct iovec *, int count,
    uint32_t n) MUST_USE;

#endif
