/*
 * schedule/site.c - the table of sites: by key, by name, by number.
 */
#include "schedule/site.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/time.h"
#include "route/route.h"

enum {
	KEY_MAX = 8192,
	SWEEP_EACH = 1000, /* looked at in one go */
	UNUSED_MAX = 10 * MINUTE,
};

/* The table's handle on a site. */
struct node {
	UT_hash_handle hh;
	struct site site;
};

struct site_table {
	struct plan *plan;       /* borrowed */
	struct node *by_key;     /* owned: hash */
	struct site **by_number; /* owned: SITE_NUMBER_MAX + 1 places */
	uint16_t last_number;
	uint32_t numbered;
	uint32_t sweep_at;
};

struct site_table *
site_table_new(struct plan *plan)
{
	struct site_table *t = mem_zero(sizeof(*t));

	t->plan = plan;
	t->by_number = mem_array(SITE_NUMBER_MAX + 1, sizeof(struct site *));
	return t;
}

static void
node_free(struct site_table *t, struct node *node)
{
	struct site *s = &node->site;

	if (s->number != 0) {
		t->by_number[s->number] = NULL;
		t->numbered--;
	}
	HASH_DEL(t->by_key, node);
	mem_free(s->key);
	mem_free(s->target);
	mem_free(s->route);
	mem_free(s->destination);
	mem_free(s->mx_host);
	mem_free(node);
}

void
site_table_free(struct site_table **place)
{
	struct site_table *t = *place;
	struct node *node;
	struct node *next;

	if (t == NULL)
		return;
	HASH_ITER (hh, t->by_key, node, next) {
		node_free(t, node);
	}
	mem_free(t->by_number);
	mem_free(t);
	*place = NULL;
}

static uint16_t
number_take(struct site_table *t, struct site *s)
{
	if (t->numbered == SITE_NUMBER_MAX)
		return 0;
	do
		t->last_number = t->last_number == SITE_NUMBER_MAX
		    ? 1
		    : (uint16_t)(t->last_number + 1);
	while (t->by_number[t->last_number] != NULL);
	t->by_number[t->last_number] = s;
	t->numbered++;
	return t->last_number;
}

static struct plan_limits
shape(struct site *s, const struct conf *conf)
{
	const struct shaping_conf *shaping =
	    route_shaping(conf, slice_of(s->destination),
		s->mx_host == NULL ? SLICE_NONE : slice_of(s->mx_host));

	s->messages_per_connection = shaping->messages_per_connection;
	s->recipients_per_message = shaping->recipients_per_message;
	return (struct plan_limits){ shaping->connections,
		shaping->rate_per_second };
}

/*
 * The name alone if no other site has it; with the route's title behind it
 * when the same host is reached in several ways.
 */
static struct plan_site *
plan_site_new(struct site_table *t, const struct site_want *want,
    const struct plan_limits *limits)
{
	struct plan_site *plan = plan_site(t->plan, want->name, limits);
	struct buf name;

	if (plan_site_tag(plan) == NULL)
		return plan;
	buf_init(&name, KEY_MAX);
	for (unsigned i = 1; plan_site_tag(plan) != NULL; i++) {
		buf_reset(&name);
		buf_addf(&name, "%.*s#%.*s", SLICE_ARGS(want->name),
		    SLICE_ARGS(want->route));
		if (i > 1)
			buf_addf(&name, "#%u", i);
		plan = plan_site(t->plan, buf_slice(&name), limits);
	}
	buf_done(&name);
	return plan;
}

static struct site *
site_new(struct site_table *t, const struct conf *conf, struct slice key,
    const struct site_want *want, int64_t mono_ms)
{
	struct node *node = mem_zero(sizeof(*node));
	struct site *s = &node->site;
	struct plan_limits limits = { 1, 0 };
	struct plan_facts facts;

	s->key = mem_cstr(key);
	s->target = mem_cstr(want->target);
	s->route = mem_cstr(want->route);
	s->destination = mem_cstr(want->destination);
	s->is_domain = want->is_domain;
	s->is_remote = want->is_remote;
	limits = shape(s, conf);
	s->plan = plan_site_new(t, want, &limits);
	plan_site_limit(t->plan, s->plan, &limits, mono_ms);
	plan_site_set_tag(s->plan, s);
	plan_site_facts(s->plan, &facts);
	s->name = facts.name;
	s->number = number_take(t, s);
	HASH_ADD_KEYPTR(hh, t->by_key, s->key, strlen(s->key), node);
	return s;
}

static void
key_write(const struct site_want *want, struct buf *key)
{
	buf_init(key, KEY_MAX);
	buf_add(key, want->target);
	buf_add_char(key, '\n');
	if (want->is_domain && !want->is_remote)
		buf_add(key, want->destination);
	buf_add(key, want->policy);
}

static struct site *
find_by_key(struct site_table *t, struct slice key)
{
	struct node *node;

	HASH_FIND(hh, t->by_key, key.p, key.n, node);
	return node == NULL ? NULL : &node->site;
}

struct site *
site_get(struct site_table *t, const struct conf *conf,
    const struct site_want *want, int64_t mono_ms)
{
	struct buf key;
	struct site *s;

	key_write(want, &key);
	s = find_by_key(t, buf_slice(&key));
	if (s == NULL)
		s = site_new(t, conf, buf_slice(&key), want, mono_ms);
	buf_done(&key);
	s->used_ms = mono_ms;
	s->has_others = want->has_others;
	return s;
}

struct site *
site_peek(struct site_table *t, const struct site_want *want)
{
	struct buf key;
	struct site *s;

	key_write(want, &key);
	s = find_by_key(t, buf_slice(&key));
	buf_done(&key);
	return s;
}

struct site *
site_find(struct site_table *t, struct slice name)
{
	struct plan_site *plan = plan_site_find(t->plan, name);

	return plan == NULL ? NULL : plan_site_tag(plan);
}

struct site *
site_by_number(const struct site_table *t, uint16_t number)
{
	return number > SITE_NUMBER_MAX ? NULL : t->by_number[number];
}

static void
site_shape(struct site_table *t, struct site *s, const struct conf *conf,
    int64_t mono_ms)
{
	struct plan_limits limits = shape(s, conf);

	plan_site_limit(t->plan, s->plan, &limits, mono_ms);
}

void
site_table_shape(struct site_table *t, const struct conf *conf, int64_t mono_ms)
{
	for (struct node *node = t->by_key; node != NULL; node = node->hh.next)
		site_shape(t, &node->site, conf, mono_ms);
}

/* Hosts of one set in turn cost nothing while one shaping fits them all. */
void
site_learn_mx(struct site_table *t, struct site *s, const struct conf *conf,
    struct slice host, int64_t mono_ms)
{
	struct slice destination = slice_of(s->destination);
	struct slice old =
	    s->mx_host == NULL ? SLICE_NONE : slice_of(s->mx_host);
	bool other;

	if (!slice_starts(slice_of(s->target), "mx:") || host.n == 0 ||
	    slice_eq_nocase(old, host))
		return;
	other = route_shaping(conf, destination, old) !=
	    route_shaping(conf, destination, host);
	mem_free(s->mx_host);
	s->mx_host = mem_cstr(host);
	if (other)
		site_shape(t, s, conf, mono_ms);
}

void
site_table_sweep(struct site_table *t, int64_t mono_ms)
{
	for (unsigned i = 0; i < SWEEP_EACH; i++) {
		struct site *s;
		struct node *node;

		t->sweep_at = t->sweep_at % SITE_NUMBER_MAX + 1;
		s = t->by_number[t->sweep_at];
		if (s == NULL || s->deferred > 0 ||
		    mono_ms - s->used_ms < UNUSED_MAX ||
		    !plan_forget(t->plan, s->plan))
			continue;
		HASH_FIND_STR(t->by_key, s->key, node);
		must(node != NULL && &node->site == s);
		node_free(t, node);
	}
}

void
site_each(struct site_table *t, void (*each)(struct site *, void *arg),
    void *arg)
{
	for (struct node *node = t->by_key; node != NULL; node = node->hh.next)
		each(&node->site, arg);
}

void
site_set_error(struct site *s, struct slice reply)
{
	size_t n = reply.n < sizeof(s->last_error) ? reply.n
						   : sizeof(s->last_error) - 1;

	if (n > 0)
		memcpy(s->last_error, reply.p, n);
	s->last_error[n] = '\0';
}

void
site_idle_add(struct site *s, unsigned deliverer, int64_t until_ms)
{
	if (deliverer >= SITE_DELIVERERS_MAX ||
	    s->idle[deliverer] == UINT16_MAX)
		return;
	s->idle[deliverer]++;
	s->idle_until_ms = until_ms;
}

int
site_idle_take(struct site *s, int64_t now_ms)
{
	int best = -1;

	if (now_ms >= s->idle_until_ms) {
		if (s->idle_until_ms != 0)
			memset(s->idle, 0, sizeof(s->idle));
		s->idle_until_ms = 0;
		return -1;
	}
	for (int i = 0; i < SITE_DELIVERERS_MAX; i++)
		if (s->idle[i] > 0 &&
		    (best == -1 || s->idle[i] > s->idle[best]))
			best = i;
	if (best != -1)
		s->idle[best]--;
	return best;
}

void
site_idle_forget(struct site_table *t, unsigned deliverer)
{
	if (deliverer >= SITE_DELIVERERS_MAX)
		return;
	for (struct node *node = t->by_key; node != NULL; node = node->hh.next)
		node->site.idle[deliverer] = 0;
}
