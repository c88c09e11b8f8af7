/*
 * queue/damage.h - telling of damage that was met on disk, counting it, and
 * keeping copies of it.
 */
#ifndef QUEUE_DAMAGE_H
#define QUEUE_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/place.h"
#include "queue/vfs.h"

struct damage {
	void (*tell)(const char *text, void *arg); /* may be NULL */
	void *arg;
	struct vfs *vfs; /* borrowed: whose quarantine; NULL: keep nothing */
	bool strict;     /* tells of what a crash can do, too */
	uint64_t count;
	uint64_t kept; /* copies that were made */
};

void damage_tell(struct damage *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Copies octets of a segment, or a file of ours; that it failed is told. */
void damage_keep_octets(struct damage *, uint64_t id, uint64_t segment,
    uint32_t from, uint32_t to);
void damage_keep_file(struct damage *, const char *name);
/* A message's record, and its file under large/. */
void damage_keep_message(struct damage *, uint64_t id, const struct place *,
    bool is_large);

#endif
