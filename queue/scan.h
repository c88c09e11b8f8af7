/*
 * queue/scan.h - a walk over the records of one segment, whatever state it is
 * in.
 *
 * A record counts only when header, envelope, prefix and inline content keep
 * their checksums. Past damage the walk finds the next good record; a tail
 * that was torn by a crash is just the end.
 */
#ifndef QUEUE_SCAN_H
#define QUEUE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "queue/record.h"
#include "queue/vfs.h"

struct scan;

enum scan_step {
	SCAN_RECORD, /* scan_record(), scan_envelope() */
	SCAN_DAMAGE, /* from scan_damage_from() to scan_damage_to() */
	SCAN_AGAIN,  /* nothing yet; a bounded slice of work was done */
	SCAN_END,    /* no more records: scan_at() is where they end */
	SCAN_FAILED, /* scan_error() */
};

/* `from` is the offset of a record, or 0: the first. -errno if it can't open.
 */
int scan_open(struct vfs *, uint64_t segment, uint32_t from,
    struct scan **out) MUST_USE;
void scan_free(struct scan **);
/* Its process may still write it: be sure of damage before passing over it. */
void scan_set_growing(struct scan *, bool growing);
/* False: the file holds nothing of this segment yet. */
bool scan_has_header(const struct scan *, struct segment_header *);
/* Something else stands in its place, from a crash perhaps. */
bool scan_header_is_bad(const struct scan *);
enum scan_step scan_next(struct scan *) MUST_USE;
/* The offset behind the last thing that was returned; and going on there. */
uint32_t scan_at(const struct scan *);
void scan_skip_to(struct scan *, uint32_t offset);
/* It looks for the next good record: scan_at() says little. */
bool scan_is_lost(const struct scan *);
const struct record *scan_record(const struct scan *);
struct slice scan_envelope(struct scan *); /* until the next call */
uint32_t scan_damage_from(const struct scan *);
uint32_t scan_damage_to(const struct scan *);
/* The id of the damaged record, 0 if its header is not to be believed. */
uint64_t scan_damage_id(const struct scan *);
/* Nothing later proves that it was ever acknowledged: a crash can do this. */
bool scan_damage_is_torn(const struct scan *);
int scan_error(const struct scan *);

#endif
