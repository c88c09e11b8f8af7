/*
 * queue/draft.h - the content of one message while it arrives.
 *
 * In chunks of memory up to RECORD_CONTENT_MAX, then in a file large/ID with
 * one chunk before it. When all drafts of a writer have DRAFT_MEMORY_MAX of
 * chunks, those beyond one big chunk go to their files early: then another
 * session has one chunk at most. The public calls on drafts stand in writer.h.
 */
#ifndef QUEUE_DRAFT_H
#define QUEUE_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "queue/record.h"
#include "queue/vfs.h"

enum { DRAFT_MEMORY_MAX = 32 << 20 };

/* Chunks that are not in use, kept for the next message. */
struct draft_chunk;
struct draft_pool {
	struct draft_chunk *small; /* owned */
	struct draft_chunk *big;   /* owned */
	unsigned small_count;
	unsigned big_count;
	size_t in_use; /* octets of chunks that drafts have */
};

struct queue_draft;

void draft_pool_done(struct draft_pool *);

/* Borrows both until it is freed. */
struct queue_draft *draft_new(struct vfs *, struct draft_pool *,
    uint64_t id) MUST_USE;
/*
 * Complete: takes copies of both. From here on draft_error() tells whether it
 * is any good; -EMSGSIZE if no segment can hold it.
 */
void draft_seal(struct queue_draft *, struct slice prefix,
    struct slice envelope, void *who);
int draft_error(const struct queue_draft *);

/* Of a sealed draft: what its record says (but for the place), who asked. */
struct record *draft_record(struct queue_draft *);
void *draft_who(const struct queue_draft *);
struct slice draft_envelope(const struct queue_draft *);
/* Puts the rest of a large one on disk, in the helper thread. */
void draft_sync(struct queue_draft *);
/* How many pieces its record has; writes its header and lists them. */
size_t draft_piece_count(const struct queue_draft *);
void draft_pieces(struct queue_draft *, struct iovec *out);
/* The record is on disk: the file under large/ stays. */
void draft_kept(struct queue_draft *);

/* For lists of drafts. */
struct queue_draft *draft_next(const struct queue_draft *);
void draft_set_next(struct queue_draft *, struct queue_draft *);

#endif
