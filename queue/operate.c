/*
 * queue/operate.c - what happens to live messages: done in memory at once, and
 * on its way to the journal.
 */
#include "queue/store_inside.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "queue/spool.h"

bool
store_operate(struct queue_store *s, const struct change *c)
{
	if (!state_apply(&s->state, c, commits_next(s->commits)))
		return false;
	commits_add(s->commits, c);
	return true;
}

void
store_describe(struct queue_store *s, struct queue_entry *e)
{
	struct change c;

	if ((e->flags & ENTRY_JOURNALED) != 0)
		return;
	e->flags = (uint8_t)((e->flags & ~ENTRY_FRESH) | ENTRY_JOURNALED);
	state_describe(&s->state, e, &s->list, &c);
	commits_add(s->commits, &c);
}

void
queue_store_result(struct queue_store *s, struct queue_entry *e, uint32_t index,
    const struct fate *fate, struct slice host, uint16_t attempts)
{
	struct change c = { .kind = CHANGE_RESULT,
		.id = e->id,
		.index = index,
		.reply = slice_head(fate->reply, TEXT_MAX),
		.host = slice_head(host, TEXT_MAX) };

	c.result = (struct queue_recipient){ .attempts = attempts,
		.smtp_code = (uint16_t)fate->smtp_code,
		.subject = fate->code.subject,
		.detail = fate->code.detail,
		.class = fate->code.class,
		.ours = fate->ours,
		.kind = (uint8_t)fate->kind };
	store_describe(s, e);
	must(store_operate(s, &c));
}

void
queue_store_defer(struct queue_store *s, struct queue_entry *e, int64_t next_ms)
{
	struct change c = { .kind = CHANGE_DEFERRED,
		.id = e->id,
		.next_ms = next_ms };

	store_describe(s, e);
	must(store_operate(s, &c));
}

void
queue_store_activate(struct queue_store *s, struct queue_entry *e)
{
	if (e->state == QUEUE_DEFERRED)
		live_set_state(s->state.live, e, QUEUE_ACTIVE);
}

static void
simple(struct queue_store *s, struct queue_entry *e, enum change_kind kind)
{
	struct change c = { .kind = kind, .id = e->id };

	store_describe(s, e);
	must(store_operate(s, &c));
}

void
queue_store_hold(struct queue_store *s, struct queue_entry *e)
{
	simple(s, e, CHANGE_HELD);
}

void
queue_store_release(struct queue_store *s, struct queue_entry *e)
{
	simple(s, e, CHANGE_RELEASED);
}

void
queue_store_set_warned(struct queue_store *s, struct queue_entry *e)
{
	simple(s, e, CHANGE_WARNED);
}

int
queue_store_expand(struct queue_store *s, struct queue_entry *e, uint32_t index,
    const struct recipient *fresh, uint32_t count)
{
	struct recipient *copy;
	struct envelope envelope = { .recipient_count = count };
	struct change c = { .kind = CHANGE_EXPANDED,
		.id = e->id,
		.index = index,
		.count = e->recipient_count };
	struct buf list;
	int rc = ERR_LIMIT;

	store_describe(s, e);
	copy = mem_array(count, sizeof(*copy));
	if (count > 0)
		memcpy(copy, fresh, count * sizeof(*copy));
	envelope.recipients = copy;
	buf_init(&list, CHANGE_SIZE_MAX / 2);
	envelope_encode(&envelope, &list);
	mem_free(copy);
	if (!buf_failed(&list)) {
		c.list = buf_slice(&list);
		if (store_operate(s, &c))
			rc = 0;
	}
	buf_done(&list);
	return rc;
}

void
queue_store_remove(struct queue_store *s, struct queue_entry **entry)
{
	struct queue_entry *e = *entry;
	struct change c = { .kind = CHANGE_REMOVED,
		.id = e->id,
		.place = state_place(&s->state, e) };

	must(e->pins == 0);
	if ((e->flags & ENTRY_LARGE) != 0)
		sweeper_add_large(s->sweeper, e->id, commits_next(s->commits));
	must(store_operate(s, &c));
	*entry = NULL;
}

void
queue_store_quarantine(struct queue_store *s, const struct queue_entry *e)
{
	struct place place = state_place(&s->state, e);
	char name[VFS_NAME_MAX];
	char id[ID_TEXT_SIZE];

	spool_name("segments", place.segment, name);
	id_text(e->id, id);
	damage_tell(&s->damage, "%s: message %s at octet %" PRIu32, name, id,
	    place.offset);
	damage_keep_message(&s->damage, e->id, &place,
	    (e->flags & ENTRY_LARGE) != 0);
}

void
queue_store_pin(struct queue_store *s, struct queue_entry *e)
{
	(void)s;
	must(e->pins < UINT16_MAX);
	e->pins++;
}

void
queue_store_unpin(struct queue_store *s, struct queue_entry *e)
{
	(void)s;
	must(e->pins > 0);
	e->pins--;
}
