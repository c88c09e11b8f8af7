/*
 * queue/change.h - the records of journals and checkpoints, as values.
 *
 * Pure: encoding and decoding. Each says how things are now, not what to add,
 * so that reading one twice does no harm.
 */
#ifndef QUEUE_CHANGE_H
#define QUEUE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "queue/entry.h"
#include "queue/place.h"

enum change_kind {
	CHANGE_ADOPTED = 1, /* place, size, flags, domains */
	CHANGE_RESULT,      /* index, result, reply, host */
	CHANGE_DEFERRED,    /* next_ms */
	CHANGE_HELD,
	CHANGE_RELEASED,
	CHANGE_WARNED,
	CHANGE_EXPANDED, /* index, count (before), list */
	CHANGE_REMOVED,  /* place */
	CHANGE_MOVED,    /* place: the new one */
	/*
	 * What follows is written only when all before it is on disk: so a bad
	 * place before it is damage, one behind the last of them a torn tail.
	 * id: the file's salt, in checkpoints also place.segment: the number of
	 * the header.
	 */
	CHANGE_BATCH,
	/* These stand in checkpoints only. */
	CHANGE_SEGMENT,   /* id: its number; place.offset: scanned up to */
	CHANGE_TEXT,      /* id: its number in this file; reply */
	CHANGE_MESSAGE,   /* all of an entry, texts by those numbers */
	CHANGE_EXPANSION, /* list: behind its message */
	CHANGE_END,       /* id: how many records stand before */
	CHANGE_KINDS
};

enum { CHANGE_HEADER_SIZE = 24, CHANGE_SIZE_MAX = 16 << 20 };

/* Flags of CHANGE_SEGMENT. */
enum {
	SEGMENT_IS_CLOSED = 1, /* nothing will be appended */
	SEGMENT_IS_FREE = 2,   /* nothing in it is live; it may be gone */
};

struct change {
	enum change_kind kind;
	uint64_t id; /* of the message, mostly */
	struct place place;
	int64_t next_ms;
	uint32_t size;
	uint32_t index;
	uint32_t count;         /* recipients */
	uint32_t sender_domain; /* number of a text: CHANGE_MESSAGE */
	uint8_t flags;
	uint8_t state;
	struct queue_recipient result; /* numbers and kind */
	struct slice reply;
	struct slice host;
	/* Encoded; see change_take_domain(), change_take_recipient(). */
	struct slice list;
};

/*
 * Appends the record; its checksum is left for change_seal(), since that
 * depends on the file where it will stand. buf_failed() if it is too long.
 */
void change_encode(const struct change *, struct buf *);
/* `payload` is what stands behind the header; padding may follow. */
bool change_decode(unsigned kind, uint64_t id, struct slice payload,
    struct change *) MUST_USE;

/* Elements of `list`: the sender's domain first, then the recipients'. */
void change_add_domain(struct buf *, struct slice domain);
bool change_take_domain(struct slice *list, struct slice *domain) MUST_USE;
/* Elements of a CHANGE_MESSAGE's list; texts are numbers of the file. */
void change_add_recipient(struct buf *, const struct queue_recipient *);
bool change_take_recipient(struct slice *list,
    struct queue_recipient *) MUST_USE;

/* Writes the checksums of all records in a run of them, for this salt. */
void change_seal(struct buf *records, uint64_t salt);
/* What stands at the front of `bytes`. */
struct change_frame {
	unsigned kind;
	uint64_t id;
	uint32_t length; /* of the record, header and padding included */
	uint32_t payload;
	uint32_t crc;
};
/* The header alone: false if it cannot be one. */
bool change_frame_get(const unsigned char in[CHANGE_HEADER_SIZE],
    struct change_frame *) MUST_USE;
bool change_frame_good(struct slice record, uint64_t salt) MUST_USE;

#endif
