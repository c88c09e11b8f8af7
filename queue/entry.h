/*
 * queue/entry.h - what the scheduler keeps in memory of each message.
 *
 * A value of fixed size, for millions of them. All of it is read freely and
 * changed only by the store, but for what stands under "the scheduler's".
 * Texts (domains, replies, hosts) are numbers: see queue_store_text().
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/must.h"
#include "mail/fate.h"

enum { QUEUE_NO_TEXT = 0 };

enum queue_state {
	QUEUE_ACTIVE,   /* due, or under way */
	QUEUE_DEFERRED, /* until next_ms */
	QUEUE_HELD,     /* until somebody releases it */
	QUEUE_STATE_COUNT
};

enum {
	ENTRY_NULL_SENDER = 1, /* a DSN: no bounce for it */
	ENTRY_WARNED = 2,      /* the delayed DSN has gone out */
	ENTRY_EXPANDED = 4,    /* has recipients that the segment has not */
	ENTRY_LARGE = 8,       /* its content lies under large/ */
	ENTRY_JOURNALED = 16,  /* the journal or checkpoint knows it */
	ENTRY_ANNOUNCED = 32,  /* the scheduler knows it */
	ENTRY_RELEASED = 64,   /* somebody let it go: it waits for no date */
	ENTRY_FRESH = 128,     /* just announced by its writer; never changed */
};

struct queue_recipient {
	uint32_t domain; /* text, lower case */
	uint32_t reply;  /* text: the last one */
	uint32_t host;   /* text: who said it */
	uint16_t attempts;
	uint16_t smtp_code;
	uint16_t subject; /* class.subject.detail: struct status_code */
	uint16_t detail;
	uint8_t class;
	uint8_t kind;   /* enum fate_kind */
	uint16_t marks; /* the scheduler's, not kept on disk */
	bool ours;      /* the reply is our words, no remote said them */
};

struct queue_entry {
	uint64_t id;
	int64_t next_ms; /* wall time; 0 unless it was deferred */

	/* The scheduler's, not kept on disk; zero at first. */
	void *user;
	uint32_t user_index;
	uint32_t user_mark;

	uint32_t segment; /* the store's own number for it */
	uint32_t offset;
	uint32_t length;
	uint32_t size;          /* octets of content, at most UINT32_MAX */
	uint32_t sender_domain; /* text, lower case */
	uint32_t recipient_count;
	uint32_t open_count; /* recipients not done: NONE or DEFERRED */
	uint16_t pins;
	uint8_t state; /* enum queue_state */
	uint8_t flags; /* ENTRY_* */
	union {
		struct queue_recipient one;
		struct queue_recipient *many; /* owned, when count > 1 */
	} recipients;
};

/*
 * Written a moment ago and never changed: what is read now comes from memory,
 * and says nothing about the disk.
 */
static inline bool
entry_is_fresh(const struct queue_entry *e, int64_t wall_ms)
{
	enum { FRESH_MS = 60000 };

	return (e->flags & ENTRY_FRESH) != 0 &&
	    wall_ms - id_wall_ms(e->id) < FRESH_MS;
}

static inline struct queue_recipient *
entry_recipient(struct queue_entry *e, uint32_t index)
{
	must(index < e->recipient_count);
	return e->recipient_count == 1 ? &e->recipients.one
				       : &e->recipients.many[index];
}

static inline const struct queue_recipient *
entry_recipient_const(const struct queue_entry *e, uint32_t index)
{
	must(index < e->recipient_count);
	return e->recipient_count == 1 ? &e->recipients.one
				       : &e->recipients.many[index];
}

static inline int64_t
entry_arrived_ms(const struct queue_entry *e)
{
	return id_wall_ms(e->id);
}

static inline bool
recipient_is_open(const struct queue_recipient *r)
{
	return r->kind == FATE_NONE || r->kind == FATE_DEFERRED;
}

#endif
