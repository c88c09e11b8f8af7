/*
 * schedule/sources.c - two tables: uses (a shaping title and an address, its
 * messages of a day) and rests (a site and an address, until when). It knows
 * no jobs: whoever sends asks before and tells after.
 *
 * In the state database: "use TITLE SOURCE" -> "DAY COUNT", and "rest SITE
 * SOURCE" -> "UNTIL RULE". Without an address of ours SOURCE is "-".
 */
#include "schedule/sources.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf/replies.h"
#include "route/route.h"
#include "schedule/warmup.h"
#include "schedule/words.h"

enum { RESTS_MAX = 10000, KEY_SIZE = STATE_KEY_MAX, ROW_SIZE = 100 };

struct source_use {
	UT_hash_handle hh;
	int64_t day;
	uint64_t taken;
	uint64_t held;
	char key[];
};

struct source_rest {
	UT_hash_handle hh;
	int64_t until_ms;
	char rule[REPLIES_NAME_MAX + 1];
	char key[];
};

struct sources {
	struct source_use *uses;   /* owned: hash */
	struct source_rest *rests; /* owned: hash */
	struct state *state;       /* borrowed, or NULL */
	uint64_t turn;
};

struct sources *
sources_new(void)
{
	return mem_zero(sizeof(struct sources));
}

static void
rest_drop(struct sources *s, struct source_rest *rest)
{
	HASH_DEL(s->rests, rest);
	mem_free(rest);
}

void
sources_free(struct sources **place)
{
	struct sources *s = *place;
	struct source_use *use, *next_use;
	struct source_rest *rest, *next_rest;

	if (s == NULL)
		return;
	HASH_ITER (hh, s->uses, use, next_use) {
		HASH_DEL(s->uses, use);
		mem_free(use);
	}
	HASH_ITER (hh, s->rests, rest, next_rest) {
		rest_drop(s, rest);
	}
	mem_free(s);
	*place = NULL;
}

/* --- the two tables --- */

/* False: too long to be kept, which no site or address is. */
static bool
write_key(char key[KEY_SIZE], const char *kind, struct slice name,
    struct slice source)
{
	int n = snprintf(key, KEY_SIZE, "%s %.*s %.*s", kind, SLICE_ARGS(name),
	    SLICE_ARGS(source));

	return n > 0 && n < KEY_SIZE;
}

static struct source_use *
use_get(struct sources *s, struct slice key, int64_t day)
{
	struct source_use *use;

	HASH_FIND(hh, s->uses, key.p, key.n, use);
	if (use == NULL) {
		use = mem_zero(sizeof(*use) + key.n + 1);
		memcpy(use->key, key.p, key.n);
		HASH_ADD_KEYPTR(hh, s->uses, use->key, key.n, use);
	}
	if (use->day != day) {
		use->day = day;
		use->taken = 0;
	}
	return use;
}

static struct source_rest *
rest_find(struct sources *s, struct slice site, struct slice source,
    int64_t wall_ms)
{
	struct source_rest *rest;
	char key[KEY_SIZE];

	if (s->rests == NULL || !write_key(key, "rest", site, source))
		return NULL;
	HASH_FIND_STR(s->rests, key, rest);
	return rest == NULL || rest->until_ms <= wall_ms ? NULL : rest;
}

static void
rest_set(struct sources *s, struct slice key, int64_t until_ms,
    struct slice rule)
{
	struct source_rest *rest;

	HASH_FIND(hh, s->rests, key.p, key.n, rest);
	if (rest == NULL) {
		rest = mem_zero(sizeof(*rest) + key.n + 1);
		memcpy(rest->key, key.p, key.n);
		HASH_ADD_KEYPTR(hh, s->rests, rest->key, key.n, rest);
	}
	rest->until_ms = until_ms;
	(void)slice_to_cstr(rule, rest->rule, sizeof(rest->rule));
}

/* --- what is kept --- */

static void
warn(int rc, const char *key)
{
	if (rc != 0)
		log_warning("schedule source-not-kept key=\"%s\" reason=\"%s\"",
		    key, err_text(rc));
}

static void
keep_use(struct sources *s, const struct source_use *use)
{
	char row[ROW_SIZE];

	if (s->state == NULL)
		return;
	(void)snprintf(row, sizeof(row), "%lld %llu", (long long)use->day,
	    (unsigned long long)use->taken);
	warn(state_put(s->state, STATE_SOURCES, slice_of(use->key),
		 slice_of(row)),
	    use->key);
}

static void
keep_rest(struct sources *s, const struct source_rest *rest)
{
	char row[ROW_SIZE];

	if (s->state == NULL)
		return;
	(void)snprintf(row, sizeof(row), "%lld %s", (long long)rest->until_ms,
	    rest->rule);
	warn(state_put(s->state, STATE_SOURCES, slice_of(rest->key),
		 slice_of(row)),
	    rest->key);
}

static void
forget(struct sources *s, struct slice key)
{
	char text[KEY_SIZE];

	if (s->state == NULL || !slice_to_cstr(key, text, sizeof(text)))
		return;
	warn(state_delete(s->state, STATE_SOURCES, key), text);
}

/* Rests that are over make room. */
static void
sweep_rests(struct sources *s, int64_t wall_ms)
{
	struct source_rest *rest, *next;

	HASH_ITER (hh, s->rests, rest, next) {
		if (rest->until_ms > wall_ms)
			continue;
		forget(s, slice_of(rest->key));
		rest_drop(s, rest);
	}
}

struct walk {
	struct sources *s;
	int64_t wall_ms;
	struct buf over; /* keys, each with a NUL: not while it walks */
};

static bool
on_kept(struct slice key, struct slice row, void *arg)
{
	struct walk *w = arg;
	struct slice number = slice_take_until(&row, ' ');
	uint64_t first, count;
	bool good = key.n < KEY_SIZE && slice_to_u64(number, INT64_MAX, &first);

	if (good && slice_starts(key, "rest ") && (int64_t)first > w->wall_ms &&
	    HASH_COUNT(w->s->rests) < RESTS_MAX)
		rest_set(w->s, key, (int64_t)first, row);
	else if (good && slice_starts(key, "use ") &&
	    (int64_t)first == warmup_day(w->wall_ms) &&
	    slice_to_u64(row, UINT64_MAX / 2, &count))
		use_get(w->s, key, (int64_t)first)->taken = count;
	else {
		buf_add(&w->over, key);
		buf_add_char(&w->over, '\0');
	}
	return true;
}

void
sources_set_state(struct sources *s, struct state *state, int64_t wall_ms)
{
	enum { KEYS_MAX = 16 << 20 };
	struct walk w = { .s = s, .wall_ms = wall_ms };
	struct slice rest;
	int rc;

	s->state = state;
	if (state == NULL)
		return;
	buf_init(&w.over, KEYS_MAX);
	rc = state_each(state, STATE_SOURCES, SLICE_NONE, on_kept, &w);
	if (rc != 0)
		log_error("schedule sources-unread reason=\"%s\"",
		    err_text(rc));
	rest = buf_slice(&w.over);
	while (rest.n > 0)
		forget(s, slice_take_until(&rest, '\0'));
	buf_done(&w.over);
}

/* --- choosing --- */

static bool
has_warmup(const struct conf *conf)
{
	for (size_t i = 0; i < conf->shaping_count; i++)
		if (conf->shapings[i].warmup_count > 0)
			return true;
	return false;
}

static const struct route_conf *
route_of(const struct conf *conf, const struct lane *lane)
{
	const struct route_conf *route =
	    route_by_title(conf, slice_of(lane->route));

	return route == NULL || route->source.n == 0 ? NULL : route;
}

/* The address of "ADDRESS" or "ADDRESS=NAME". */
static struct slice
source_text(const char *source)
{
	struct slice rest = slice_of(source);

	return slice_take_until(&rest, '=');
}

struct choosing {
	struct sources *s;
	const struct lane *lane;
	const struct shaping_conf *shaping;
	int64_t wall_ms;
	uint64_t allowance;
	struct source_wait *wait;
};

static void
wait_for_day(struct choosing *c)
{
	int64_t next = warmup_next_day_ms(c->wall_ms);

	if (c->wait->until_ms != 0 && c->wait->until_ms <= next)
		return;
	c->wait->until_ms = next;
	(void)snprintf(c->wait->words, sizeof(c->wait->words),
	    "451 4.3.2 the %llu messages of today's warm-up are sent",
	    (unsigned long long)c->allowance);
}

static void
wait_for_rest(struct choosing *c, struct slice source,
    const struct source_rest *rest)
{
	char when[WORDS_WHEN_SIZE];

	if (c->wait->until_ms != 0 && c->wait->until_ms <= rest->until_ms)
		return;
	c->wait->until_ms = rest->until_ms;
	words_when(rest->until_ms, c->wall_ms, when);
	(void)snprintf(c->wait->words, sizeof(c->wait->words),
	    "451 4.3.2 %.*s rests here until %s by rule %s", SLICE_ARGS(source),
	    when, rest->rule);
}

/* The use, where there is a limit; it is not held yet. */
static struct source_use *
use_of(const struct choosing *c, struct slice source)
{
	char key[KEY_SIZE];

	if (c->allowance == UINT64_MAX ||
	    !write_key(key, "use", slice_of(c->shaping->title), source))
		return NULL;
	return use_get(c->s, slice_of(key), warmup_day(c->wall_ms));
}

static bool
may_use(struct choosing *c, struct slice source)
{
	const struct source_rest *rest =
	    rest_find(c->s, c->lane->site->name, source, c->wall_ms);
	const struct source_use *use = use_of(c, source);

	if (rest != NULL)
		wait_for_rest(c, source, rest);
	else if (use != NULL && use->taken + use->held >= c->allowance)
		wait_for_day(c);
	else
		return true;
	return false;
}

/* One of the family that may be used, in turns; empty: none. */
static struct slice
choose_of(struct choosing *c, const struct strings *list, uint8_t version)
{
	size_t fitting = 0, chosen;
	struct ip ip;

	for (size_t pass = 0; pass < 2; pass++) {
		chosen = fitting == 0 ? 0 : (size_t)(c->s->turn % fitting);
		for (size_t i = 0; i < list->n; i++) {
			struct slice source = source_text(list->v[i]);

			if (!ip_parse(source, &ip) || ip.version != version ||
			    !may_use(c, source))
				continue;
			if (pass == 0)
				fitting++;
			else if (chosen-- == 0)
				return source;
		}
	}
	return SLICE_NONE;
}

static void
hold(struct choosing *c, size_t family, struct slice source,
    struct source_choice *out)
{
	out->uses[family] = use_of(c, source);
	if (out->uses[family] != NULL)
		out->uses[family]->held++;
}

static bool
choose_unnamed(struct choosing *c, struct source_choice *out)
{
	if (!may_use(c, SLICE("-")))
		return false;
	hold(c, 0, SLICE("-"), out);
	return true;
}

bool
sources_choose(struct sources *s, const struct conf *conf,
    const struct lane *lane, int64_t wall_ms, struct source_choice *out,
    struct source_wait *wait)
{
	const struct route_conf *route = route_of(conf, lane);
	struct choosing c = { .s = s,
		.lane = lane,
		.wall_ms = wall_ms,
		.allowance = UINT64_MAX,
		.wait = wait };
	bool found = false;

	*out = (struct source_choice){ 0 };
	*wait = (struct source_wait){ 0 };
	if (!lane->is_remote || lane->is_domain ||
	    (route == NULL && !has_warmup(conf)))
		return true;
	c.shaping = site_shaping(conf, lane->site);
	c.allowance = warmup_allowance(c.shaping, wall_ms);
	if (route == NULL)
		return choose_unnamed(&c, out);
	s->turn++;
	for (size_t family = 0; family < SOURCE_FAMILIES; family++) {
		struct slice source =
		    choose_of(&c, &route->source, family == 0 ? 4 : 6);
		size_t used = strlen(out->text);

		if (source.n == 0)
			continue;
		(void)snprintf(out->text + used, sizeof(out->text) - used,
		    "%s%.*s", used > 0 ? " " : "", SLICE_ARGS(source));
		hold(&c, family, source, out);
		found = true;
	}
	return found;
}

/* --- what came of it --- */

static size_t
family_of(struct slice address)
{
	return address.n > 0 && address.p[0] == '[' ? 1 : 0;
}

void
sources_done(struct sources *s, struct source_choice *choice,
    struct slice address, bool taken, int64_t wall_ms)
{
	size_t family = family_of(address);
	struct source_use *used = choice->uses[family];

	if (used == NULL)
		used = choice->uses[1 - family];
	for (size_t i = 0; i < SOURCE_FAMILIES; i++)
		if (choice->uses[i] != NULL) {
			must(choice->uses[i]->held > 0);
			choice->uses[i]->held--;
		}
	if (taken && used != NULL) {
		used = use_get(s, slice_of(used->key), warmup_day(wall_ms));
		used->taken++;
		keep_use(s, used);
	}
	*choice = (struct source_choice){ 0 };
}

/* The one that was chosen for that family. */
static struct slice
source_of(const struct source_choice *choice, struct slice address)
{
	struct slice rest = slice_of(choice->text);
	struct ip ip;

	while (rest.n > 0) {
		struct slice source = slice_take_until(&rest, ' ');

		if (ip_parse(source, &ip) &&
		    ip.version == (family_of(address) == 0 ? 4 : 6))
			return source;
	}
	return SLICE_NONE;
}

bool
sources_rest(struct sources *s, const struct lane *lane,
    const struct source_choice *choice, struct slice address, int64_t until_ms,
    struct slice rule, int64_t wall_ms)
{
	struct slice source = source_of(choice, address);
	struct source_rest *rest;
	char key[KEY_SIZE];

	if (source.n == 0 || !write_key(key, "rest", lane->site->name, source))
		return false;
	if (HASH_COUNT(s->rests) >= RESTS_MAX)
		sweep_rests(s, wall_ms);
	if (HASH_COUNT(s->rests) >= RESTS_MAX)
		return false;
	rest = rest_find(s, lane->site->name, source, wall_ms);
	if (rest != NULL) /* jobs that were under way then */
		return true;
	rest_set(s, slice_of(key), until_ms, rule);
	HASH_FIND_STR(s->rests, key, rest);
	keep_rest(s, rest);
	log_info("schedule source-rests site=%.*s source=%.*s seconds=%lld "
		 "rule=%.*s",
	    SLICE_ARGS(lane->site->name), SLICE_ARGS(source),
	    (long long)(until_ms - wall_ms) / 1000, SLICE_ARGS(rule));
	return true;
}

void
sources_wake(struct sources *s, struct slice site)
{
	struct source_rest *rest, *next;
	char key[KEY_SIZE];

	if (!write_key(key, "rest", site, SLICE_NONE))
		return;
	HASH_ITER (hh, s->rests, rest, next) {
		if (!slice_starts(slice_of(rest->key), key))
			continue;
		forget(s, slice_of(rest->key));
		rest_drop(s, rest);
	}
}

/* --- in words --- */

static void
tell_source(struct choosing *c, struct slice source, struct buf *out)
{
	const struct source_rest *rest =
	    rest_find(c->s, c->lane->site->name, source, c->wall_ms);
	const struct source_use *use = use_of(c, source);
	char when[WORDS_WHEN_SIZE];

	if (rest != NULL) {
		words_when(rest->until_ms, c->wall_ms, when);
		buf_addf(out,
		    "The address %.*s is not used here until %s, by rule %s.\n",
		    SLICE_ARGS(source), when, rest->rule);
	}
	if (use == NULL)
		return;
	buf_addf(out, "Warm-up: %llu of today's %llu messages are sent",
	    (unsigned long long)use->taken, (unsigned long long)c->allowance);
	if (!slice_is(source, "-"))
		buf_addf(out, " from %.*s", SLICE_ARGS(source));
	buf_add_cstr(out,
	    use->taken + use->held >= c->allowance
		? "; the rest waits for 00:00 UTC.\n"
		: ".\n");
}

void
sources_tell(struct sources *s, const struct conf *conf,
    const struct lane *lane, int64_t wall_ms, struct buf *out)
{
	const struct route_conf *route = route_of(conf, lane);
	struct choosing c = { .s = s, .lane = lane, .wall_ms = wall_ms };

	if (!lane->is_remote || lane->is_domain)
		return;
	c.shaping = site_shaping(conf, lane->site);
	c.allowance = warmup_allowance(c.shaping, wall_ms);
	if (route == NULL)
		tell_source(&c, SLICE("-"), out);
	else
		for (size_t i = 0; i < route->source.n; i++)
			tell_source(&c, source_text(route->source.v[i]), out);
}
