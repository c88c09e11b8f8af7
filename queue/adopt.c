/*
 * queue/adopt.c - what the scheduler must know of a message, out of its
 * envelope.
 */
#include "queue/adopt.h"

#include "mail/envelope.h"
#include "queue/record.h"

enum { ARENA_MAX = 64 << 20 };

struct arena *
adopt_arena_new(void)
{
	return arena_new(ARENA_MAX);
}

struct queue_entry *
adopt_envelope(struct state *s, uint64_t id, const struct place *p,
    struct slice encoded, struct arena *arena)
{
	char domain[LIVE_DOMAIN_MAX];
	struct envelope envelope;
	struct queue_entry *e;

	arena_reset(arena);
	if (id == 0 || envelope_decode(encoded, arena, &envelope) != 0)
		return NULL;
	e = state_add(s, id, p, envelope.recipient_count);
	live_set_size(s->live, e,
	    envelope.size > UINT32_MAX ? UINT32_MAX : (uint32_t)envelope.size);
	if (envelope.sender.n == 0)
		e->flags |= ENTRY_NULL_SENDER;
	/* The record is too short to hold the content too. */
	if (envelope.size + RECORD_HEADER_SIZE + encoded.n > p->length)
		e->flags |= ENTRY_LARGE;
	if (envelope.hold)
		live_set_state(s->live, e, QUEUE_HELD);
	live_set_sender_domain(s->live, e,
	    live_domain(envelope.sender, domain));
	for (uint32_t i = 0; i < envelope.recipient_count; i++)
		live_set_domain(s->live, e, i,
		    live_domain(envelope.recipients[i].address, domain));
	return e;
}

struct queue_entry *
adopt_place(struct state *s, struct queue_reader *reader, const struct place *p,
    struct arena *arena)
{
	struct queue_message m;
	struct queue_entry *e = NULL;

	if (queue_reader_open(reader, p, &m) != 0)
		return NULL;
	if (live_find(s->live, m.id) == NULL) {
		e = adopt_envelope(s, m.id, p, buf_slice(&m.envelope), arena);
		if (e != NULL)
			live_set_size(s->live, e,
			    m.size > UINT32_MAX ? UINT32_MAX
						: (uint32_t)m.size);
	}
	queue_message_done(reader, &m);
	return e;
}
