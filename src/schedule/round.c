/*
 * schedule/round.c - the life of rounds, loads and notes.
 */
#include "schedule/round.h"

#include <string.h>

#include "base/alloc.h"

enum { NOTE_REPLY_MAX = 2048, NOTE_HOST_MAX = 300, FIRST_SIZE = 1 };

struct round *
round_new(struct queue_entry *entry)
{
	struct round *r = mem_zero(sizeof(*r));

	r->entry = entry;
	TAILQ_INIT(&r->loads);
	STAILQ_INIT(&r->notes);
	return r;
}

void
round_free(struct round **place)
{
	struct round *r = *place;
	struct load *load;
	struct note *note;

	if (r == NULL)
		return;
	while ((load = TAILQ_FIRST(&r->loads)) != NULL)
		load_free(&load);
	while ((note = STAILQ_FIRST(&r->notes)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->notes, link);
		mem_free(note);
	}
	arena_free(&r->arena);
	mem_free(r);
	*place = NULL;
}

void
round_forget_envelope(struct round *r)
{
	r->envelope = NULL;
	arena_free(&r->arena);
}

struct load *
load_new(struct round *r, struct site *site)
{
	struct load *load = mem_zero(sizeof(*load));

	load->round = r;
	load->site = site;
	TAILQ_INSERT_TAIL(&r->loads, load, in_round);
	return load;
}

void
load_free(struct load **place)
{
	struct load *load = *place;

	must(load->plan.flow == NULL && !load->plan.under_way);
	TAILQ_REMOVE(&load->round->loads, load, in_round);
	if (load->site->filling == load)
		load->site->filling = NULL;
	mem_free(load->recipients);
	mem_free(load);
	*place = NULL;
}

void
load_add(struct load *load, uint32_t index, uint32_t octets)
{
	if (load->count == load->size) {
		load->size = load->size == 0 ? FIRST_SIZE : load->size * 2;
		load->recipients = mem_resize(load->recipients, load->size,
		    sizeof(*load->recipients));
	}
	load->recipients[load->count++] = index;
	load->octets += octets;
}

bool
load_has_tried(const struct load *load, uint16_t site)
{
	for (uint8_t i = 0; i < load->tried_count; i++)
		if (load->tried[i] == site)
			return true;
	return load->site->number == site;
}

bool
load_can_move(const struct load *load)
{
	return load->site->number != 0 && load->tried_count < LOAD_TRIED_MAX;
}

void
load_note_tried(struct load *load, const struct load *from)
{
	must(load_can_move(from));
	memcpy(load->tried, from->tried, sizeof(load->tried));
	load->tried[from->tried_count] = from->site->number;
	load->tried_count = (uint8_t)(from->tried_count + 1);
}

void
round_note(struct round *r, uint32_t index, const struct fate *fate,
    struct slice host, uint16_t attempts, int64_t at_ms, bool pending,
    bool expired)
{
	struct slice reply = slice_head(fate->reply, NOTE_REPLY_MAX);
	struct note *note;

	host = slice_head(host, NOTE_HOST_MAX);
	note = mem_zero(sizeof(*note) + reply.n + host.n);
	note->index = index;
	note->attempts = attempts;
	note->is_pending = pending;
	note->has_expired = expired;
	note->fate = *fate;
	note->at_ms = at_ms;
	if (reply.n > 0)
		memcpy(note->text, reply.p, reply.n);
	if (host.n > 0)
		memcpy(note->text + reply.n, host.p, host.n);
	note->fate.reply = (struct slice){ note->text, reply.n };
	note->host = (struct slice){ note->text + reply.n, host.n };
	STAILQ_INSERT_TAIL(&r->notes, note, link);
}

struct slice
round_sender_key(const struct envelope *e)
{
	size_t at = slice_find_last(e->sender, '@');

	if (e->login.n > 0)
		return e->login;
	if (at < e->sender.n)
		return slice_skip(e->sender, at + 1);
	return e->client;
}
