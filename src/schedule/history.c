/*
 * schedule/history.c - a ring of attempts, each one block of memory.
 */
#include "schedule/history.h"

#include <string.h>

#include "admin/value.h"
#include "base/alloc.h"

enum {
	KEPT_MAX = 4096,
	OCTETS_MAX = 16 << 20,
	RECIPIENTS_MAX = 4096,
	DIALOGUE_MAX = 16 << 10,
	TEXT_MAX = 1024,
	TEXTS = 9,
};

struct kept {
	uint64_t id;
	int64_t wall_ms;
	const char *event;
	size_t size;
	size_t lengths[TEXTS];
	char bytes[];
};

struct history {
	struct kept *ring[KEPT_MAX]; /* owned */
	uint64_t first;              /* ring[first % KEPT_MAX] is the oldest */
	uint64_t next;
	size_t octets;
};

static const char *const names[TEXTS] = { "recipients", "site", "host",
	"address", "tls", "policy", "reply", "dialogue", "rule" };

struct history *
history_new(void)
{
	return mem_zero(sizeof(struct history));
}

static void
drop_oldest(struct history *h)
{
	struct kept **place = &h->ring[h->first++ % KEPT_MAX];

	h->octets -= (*place)->size;
	mem_free(*place);
	*place = NULL;
}

void
history_free(struct history **place)
{
	struct history *h = *place;

	if (h == NULL)
		return;
	while (h->first < h->next)
		drop_oldest(h);
	mem_free(h);
	*place = NULL;
}

void
history_add(struct history *h, const struct attempt *a)
{
	struct slice texts[TEXTS] = {
		slice_head(a->recipients, RECIPIENTS_MAX),
		slice_head(a->site, TEXT_MAX),
		slice_head(a->host, TEXT_MAX),
		slice_head(a->address, TEXT_MAX),
		slice_head(a->tls, TEXT_MAX),
		slice_head(a->policy, TEXT_MAX),
		slice_head(a->reply, TEXT_MAX),
		slice_head(a->dialogue, DIALOGUE_MAX),
		slice_head(a->rule, TEXT_MAX),
	};
	size_t size = sizeof(struct kept);
	struct kept *kept;
	char *to;

	for (size_t i = 0; i < TEXTS; i++)
		size += texts[i].n;
	while (h->first < h->next &&
	    (h->next - h->first == KEPT_MAX || h->octets + size > OCTETS_MAX))
		drop_oldest(h);
	kept = mem_new(size);
	kept->id = a->id;
	kept->wall_ms = a->wall_ms;
	kept->event = a->event;
	kept->size = size;
	to = kept->bytes;
	for (size_t i = 0; i < TEXTS; i++) {
		kept->lengths[i] = texts[i].n;
		if (texts[i].n > 0)
			memcpy(to, texts[i].p, texts[i].n);
		to += texts[i].n;
	}
	h->ring[h->next++ % KEPT_MAX] = kept;
	h->octets += size;
}

static json_t *
lines_value(struct slice lines)
{
	json_t *list = json_array();
	struct slice line;

	while (slice_take_line(&lines, &line))
		json_array_append_new(list, value_text(line));
	return list;
}

static json_t *
kept_value(const struct kept *kept)
{
	json_t *object = json_object();
	const char *at = kept->bytes;

	json_object_set_new(object, "time", value_time(kept->wall_ms));
	json_object_set_new(object, "event", json_string(kept->event));
	for (size_t i = 0; i < TEXTS; i++) {
		struct slice text = { at, kept->lengths[i] };

		json_object_set_new(object, names[i],
		    i == 0 ? lines_value(text) : value_text(text));
		at += text.n;
	}
	return object;
}

json_t *
history_of(const struct history *h, uint64_t id)
{
	json_t *list = json_array();

	for (uint64_t i = h->first; i < h->next; i++)
		if (h->ring[i % KEPT_MAX]->id == id)
			json_array_append_new(list,
			    kept_value(h->ring[i % KEPT_MAX]));
	return list;
}
