/*
 * queue/ask.c - questions to the store. Nothing changes by them.
 */
#include "queue/store_inside.h"

#include <string.h>

#include "base/err.h"

struct queue_entry *
queue_store_find(const struct queue_store *s, uint64_t id)
{
	return live_find(s->state.live, id);
}

struct queue_entry *
queue_store_each(const struct queue_store *s, uint64_t *cursor)
{
	return live_each(s->state.live, cursor);
}

struct place
queue_store_place(const struct queue_store *s, const struct queue_entry *e)
{
	return state_place(&s->state, e);
}

/* The recipients of an expansion, behind those of the envelope. */
static int
add_expansion(struct slice list, struct arena *arena, struct envelope *e)
{
	struct slice kept = arena_copy(arena, list);
	struct envelope more;
	struct recipient *all;
	int rc;

	if (kept.p == NULL)
		return ERR_LIMIT;
	rc = envelope_decode(kept, arena, &more);
	if (rc != 0)
		return rc;
	all = arena_alloc(arena,
	    (size_t)e->recipient_count + more.recipient_count, sizeof(*all));
	if (all == NULL)
		return ERR_LIMIT;
	memcpy(all, e->recipients, e->recipient_count * sizeof(*all));
	memcpy(all + e->recipient_count, more.recipients,
	    more.recipient_count * sizeof(*all));
	e->recipients = all;
	e->recipient_count += more.recipient_count;
	return 0;
}

int
queue_store_envelope(struct queue_store *s, const struct queue_entry *entry,
    struct arena *arena, struct envelope *out)
{
	struct place place = state_place(&s->state, entry);
	struct slice list = live_expansion(s->state.live, entry);
	struct queue_message m;
	struct slice kept;
	int rc = queue_reader_open(s->reader, &place, &m);

	if (rc != 0)
		return rc;
	kept = arena_copy(arena, buf_slice(&m.envelope));
	if (m.id != entry->id)
		rc = ERR_CORRUPT;
	else
		rc = kept.p == NULL ? ERR_LIMIT
				    : envelope_decode(kept, arena, out);
	queue_message_done(s->reader, &m);
	if (rc == 0 && list.n > 0)
		rc = add_expansion(list, arena, out);
	if (rc == 0 && out->recipient_count != entry->recipient_count)
		rc = ERR_CORRUPT;
	return rc;
}

struct slice
queue_store_text(const struct queue_store *s, uint32_t text)
{
	return texts_get(live_texts_const(s->state.live), text);
}

uint32_t
queue_store_find_text(const struct queue_store *s, struct slice text)
{
	return texts_find(live_texts_const(s->state.live), text);
}

void
queue_store_counts(const struct queue_store *s, struct queue_counts *out)
{
	struct live_counts live;

	live_count(s->state.live, &live);
	*out = (struct queue_counts){ .recipients = live.recipients,
		.octets = live.octets,
		.segments = segments_count(s->state.segments),
		.journal_octets = commits_octets(s->commits),
		.damaged = s->damage.count,
		.quarantined = s->damage.kept,
		.memory = live_memory(s->state.live) };
	memcpy(out->messages, live.messages, sizeof(out->messages));
}
