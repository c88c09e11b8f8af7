/*
 * route/expand.c - following aliases to their ends.
 */
#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/err.h"
#include "route/route.h"

struct item {
	struct slice address; /* the arena's */
	uint32_t hash;
	uint16_t depth;
	bool final;
};

/* A list of items that grows while it is walked; each address is in it once. */
struct work {
	const struct conf *conf;
	struct arena *arena; /* borrowed */
	struct why *why;
	struct item *items; /* the arena's */
	size_t count;
	size_t room;
};

static uint32_t
hash_of(struct slice s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 16777619u;
	return h;
}

static int
make_room(struct work *w)
{
	struct item *items;
	size_t room = w->room == 0 ? 16 : w->room * 2;

	if (w->count < w->room)
		return 0;
	items = arena_alloc(w->arena, room, sizeof(*items));
	if (items == NULL)
		return ERR_LIMIT;
	if (w->count > 0)
		memcpy(items, w->items, w->count * sizeof(*items));
	w->items = items;
	w->room = room;
	return 0;
}

/* Seen before: dropped, but an alias may keep its own mailbox. */
static int
add(struct work *w, struct slice address, unsigned depth, bool final)
{
	uint32_t hash = hash_of(address);
	struct slice copy;

	for (size_t i = 0; i < w->count; i++) {
		const struct item *have = &w->items[i];

		if (have->hash == hash && (have->final || !final) &&
		    slice_eq_nocase(have->address, address))
			return 0;
	}
	if (w->count == ROUTE_EXPANSION_MAX || depth > ROUTE_DEPTH_MAX) {
		why_set(w->why,
		    w->count == ROUTE_EXPANSION_MAX
			? "the alias leads to more than %d addresses"
			: "aliases of aliases, more than %d deep",
		    w->count == ROUTE_EXPANSION_MAX ? (int)ROUTE_EXPANSION_MAX
						    : (int)ROUTE_DEPTH_MAX);
		return ERR_LIMIT;
	}
	copy = arena_copy(w->arena, address);
	if (copy.p == NULL || make_room(w) != 0) {
		why_set(w->why, "the alias leads to too many addresses");
		return ERR_LIMIT;
	}
	w->items[w->count++] =
	    (struct item){ copy, hash, (uint16_t)depth, final };
	return 0;
}

/* The next member of an alias: commas separate, but not inside quotes. */
static bool
next_member(struct slice *list, struct slice *out)
{
	while (list->n > 0) {
		bool quoted = false;
		size_t n = 0;

		for (; n < list->n && (quoted || list->p[n] != ','); n++) {
			if (list->p[n] == '"')
				quoted = !quoted;
			else if (list->p[n] == '\\' && n + 1 < list->n)
				n++;
		}
		*out = slice_trim(slice_head(*list, n));
		*list = slice_skip(*list, n + 1);
		if (out->n > 0)
			return true;
	}
	return false;
}

static bool
is_no_address(struct slice member)
{
	(void)slice_take_char(&member, '"');
	return member.n > 0 &&
	    (member.p[0] == '|' || member.p[0] == '/' || member.p[0] == ':');
}

static bool
has_final(const struct work *w, const struct item *of)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].final && w->items[i].hash == of->hash &&
		    slice_eq_nocase(w->items[i].address, of->address))
			return true;
	return false;
}

/* One member of the alias that items[from] is. */
static int
add_member(struct work *w, struct slice member, size_t from)
{
	const struct item parent = w->items[from];
	struct slice parent_domain = slice_skip(parent.address,
	    slice_find_last(parent.address, '@') + 1);
	struct address a;
	struct buf whole;
	bool final;
	int rc;

	if (is_no_address(member)) {
		why_set(w->why, "alias %.*s: %.*s is not available yet",
		    SLICE_ARGS(parent.address), SLICE_ARGS(member));
		return -EINVAL;
	}
	final = slice_take_char(&member, '\\');
	if (address_parse(member, true, &a) != PARSE_OK ||
	    address_is_null(&a)) {
		why_set(w->why, "alias %.*s: %.*s is no address",
		    SLICE_ARGS(parent.address), SLICE_ARGS(member));
		return -EINVAL;
	}
	if (a.domain.n == 0)
		a.domain = parent_domain;
	buf_init(&whole, 1024);
	address_write(&a, &whole);
	final = final || slice_eq_nocase(buf_slice(&whole), parent.address);
	rc = add(w, buf_slice(&whole), parent.depth + 1u, final);
	buf_done(&whole);
	return rc;
}

/* Follows items[i]; what it leads to is added, or it is final. */
static int
follow(struct work *w, size_t i)
{
	struct route_answer answer;
	struct slice list, member;
	struct address a;
	int rc = 0;

	if (w->items[i].final)
		return 0;
	if (address_parse(w->items[i].address, true, &a) != PARSE_OK) {
		why_set(w->why, "%.*s is no address",
		    SLICE_ARGS(w->items[i].address));
		return -EINVAL;
	}
	route_recipient(w->conf, &a, false, &answer);
	if (answer.kind != ROUTE_ALIAS) {
		w->items[i].final = !has_final(w, &w->items[i]);
		return 0;
	}
	list = answer.value;
	while (rc == 0 && next_member(&list, &member))
		rc = add_member(w, member, i);
	return rc;
}

int
route_expand(const struct conf *conf, const struct address *a,
    struct arena *arena, struct expansion *out, struct why *why)
{
	struct work w = { .conf = conf, .arena = arena, .why = why };
	struct expansion result = { 0 };
	struct buf whole;
	int rc;

	buf_init(&whole, 1024);
	address_write(a, &whole);
	rc = add(&w, buf_slice(&whole), 0, false);
	buf_done(&whole);
	for (size_t i = 0; rc == 0 && i < w.count; i++)
		rc = follow(&w, i);
	if (rc != 0)
		return rc;
	result.addresses =
	    arena_alloc(arena, w.count, sizeof(*result.addresses));
	if (result.addresses == NULL) {
		why_set(why, "the alias leads to too many addresses");
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < w.count; i++)
		if (w.items[i].final)
			result.addresses[result.count++] = w.items[i].address;
	if (result.count == 0) {
		why_set(why, "aliases that lead to each other in a loop");
		return -EINVAL;
	}
	*out = result;
	return 0;
}
