/*
 * queue/quarantine.h - copies of what is damaged, for people to look at.
 *
 * Files in the spool's folder quarantine/ that nothing reads again. A copy is
 * on disk when its call returns 0; where one stands already, that is kept.
 */
#ifndef QUEUE_QUARANTINE_H
#define QUEUE_QUARANTINE_H

#include <stdint.h>

#include "base/must.h"
#include "queue/vfs.h"

enum quarantine_result {
	QUARANTINE_THERE, /* a copy was made before */
	QUARANTINE_MADE,
};

/* Octets `from` to `to` of a segment, as quarantine/ID-SEGMENT-OFFSET; one copy
 * of a place, whatever id is believed to be there. */
int quarantine_octets(struct vfs *, uint64_t id, uint64_t segment,
    uint32_t from, uint32_t to) MUST_USE;
/* A whole file of ours, as quarantine/FOLDER-NAME-SIZE. */
int quarantine_file(struct vfs *, const char *name) MUST_USE;
/* What is none of our files goes there itself; a folder with all in it. */
int quarantine_move(struct vfs *, const char *name) MUST_USE;

#endif
