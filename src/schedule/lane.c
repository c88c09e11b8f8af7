/*
 * schedule/lane.c - the table of lanes: by key, by name, by number; and their
 * moves from site to site.
 */
#include "schedule/lane.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/time.h"
#include "ipc/messages.h" /* MX_ANY, MX_UNKNOWN */

enum {
	KEY_MAX = 8192,
	SWEEP_EACH = 1000, /* looked at in one go */
	UNUSED_MAX = 10 * MINUTE,
	/* A set that changes all the time is not worth more. */
	MOVES_APART = MINUTE,
};

/* The table's handle on a lane. */
struct node {
	UT_hash_handle hh;
	UT_hash_handle hh_name;
	struct lane lane;
	char name[];
};

struct lane_table {
	struct plan *plan;        /* borrowed */
	struct site_table *sites; /* owned */
	struct node *by_key;      /* owned: hash */
	struct node *by_name;     /* hash of the same */
	struct lane **by_number;  /* owned: LANE_NUMBER_MAX + 1 places */
	uint16_t last_number;
	uint32_t numbered;
	uint32_t sweep_at;
};

struct lane_table *
lane_table_new(struct plan *plan)
{
	struct lane_table *t = mem_zero(sizeof(*t));

	t->plan = plan;
	t->sites = site_table_new(plan);
	t->by_number = mem_array(LANE_NUMBER_MAX + 1, sizeof(struct lane *));
	return t;
}

static void
node_free(struct lane_table *t, struct node *node, int64_t mono_ms)
{
	struct lane *lane = &node->lane;

	if (lane->number != 0) {
		t->by_number[lane->number] = NULL;
		t->numbered--;
	}
	lane_idle_clear(lane);
	site_leave(t->sites, lane->site, lane, mono_ms);
	HASH_DELETE(hh, t->by_key, node);
	HASH_DELETE(hh_name, t->by_name, node);
	mem_free(lane->key);
	mem_free(lane->target);
	mem_free(lane->route);
	mem_free(lane->destination);
	mem_free(node);
}

void
lane_table_free(struct lane_table **place)
{
	struct lane_table *t = *place;
	struct node *node;
	struct node *next;

	if (t == NULL)
		return;
	HASH_ITER (hh, t->by_key, node, next) {
		node_free(t, node, 0);
	}
	site_table_free(&t->sites);
	mem_free(t->by_number);
	mem_free(t);
	*place = NULL;
}

/* --- making one --- */

static uint16_t
number_take(struct lane_table *t, struct lane *lane)
{
	if (t->numbered == LANE_NUMBER_MAX)
		return 0;
	do
		t->last_number = t->last_number == LANE_NUMBER_MAX
		    ? 1
		    : (uint16_t)(t->last_number + 1);
	while (t->by_number[t->last_number] != NULL);
	t->by_number[t->last_number] = lane;
	t->numbered++;
	return t->last_number;
}

static struct node *
node_by_name(const struct lane_table *t, struct slice name)
{
	struct node *node;

	HASH_FIND(hh_name, t->by_name, name.p, name.n, node);
	return node;
}

/* With the route's title behind it when the same host is reached in several
 * ways. */
static void
write_name(const struct lane_table *t, const struct lane_want *want,
    struct buf *name)
{
	buf_add(name, want->name);
	for (unsigned i = 1; node_by_name(t, buf_slice(name)) != NULL; i++) {
		buf_reset(name);
		buf_addf(name, "%.*s#%.*s", SLICE_ARGS(want->name),
		    SLICE_ARGS(want->route));
		if (i > 1)
			buf_addf(name, "#%u", i);
	}
}

static struct node *
node_new(struct lane_table *t, const struct lane_want *want)
{
	struct buf name;
	struct node *node;

	buf_init(&name, KEY_MAX);
	write_name(t, want, &name);
	node = mem_zero(sizeof(*node) + name.n);
	memcpy(node->name, name.p, name.n);
	node->lane.name = (struct slice){ node->name, name.n };
	buf_done(&name);
	HASH_ADD_KEYPTR(hh_name, t->by_name, node->name, node->lane.name.n,
	    node);
	return node;
}

static struct site *
own_site(struct lane_table *t, const struct conf *conf, const struct lane *lane,
    int64_t mono_ms)
{
	const struct site_kind kind = { .name = lane->name,
		.otherwise = slice_of(lane->route),
		.destination = slice_of(lane->destination) };

	return site_own(t->sites, conf, &kind, mono_ms);
}

static struct lane *
lane_new(struct lane_table *t, const struct conf *conf, struct slice key,
    const struct lane_want *want, int64_t mono_ms)
{
	struct node *node = node_new(t, want);
	struct lane *lane = &node->lane;

	lane->key = mem_cstr(key);
	lane->target = mem_cstr(want->target);
	lane->route = mem_cstr(want->route);
	lane->destination = mem_cstr(want->destination);
	lane->is_domain = want->is_domain;
	lane->is_remote = want->is_remote;
	lane->mx = slice_starts(want->target, "mx:") ? MX_UNKNOWN : MX_ANY;
	lane->site = own_site(t, conf, lane, mono_ms);
	site_join(t->sites, lane->site, lane);
	lane->number = number_take(t, lane);
	HASH_ADD_KEYPTR(hh, t->by_key, lane->key, strlen(lane->key), node);
	return lane;
}

static void
write_key(const struct lane_want *want, struct buf *key)
{
	buf_init(key, KEY_MAX);
	buf_add(key, want->target);
	buf_add_char(key, '\n');
	if (want->is_domain && !want->is_remote)
		buf_add(key, want->destination);
	buf_add(key, want->policy);
}

static struct lane *
find_by_key(struct lane_table *t, struct slice key)
{
	struct node *node;

	HASH_FIND(hh, t->by_key, key.p, key.n, node);
	return node == NULL ? NULL : &node->lane;
}

struct lane *
lane_get(struct lane_table *t, const struct conf *conf,
    const struct lane_want *want, int64_t mono_ms)
{
	struct lane *lane;
	struct buf key;

	write_key(want, &key);
	lane = find_by_key(t, buf_slice(&key));
	if (lane == NULL)
		lane = lane_new(t, conf, buf_slice(&key), want, mono_ms);
	buf_done(&key);
	lane->used_ms = mono_ms;
	lane->has_others = want->has_others;
	return lane;
}

struct lane *
lane_peek(struct lane_table *t, const struct lane_want *want)
{
	struct lane *lane;
	struct buf key;

	write_key(want, &key);
	lane = find_by_key(t, buf_slice(&key));
	buf_done(&key);
	return lane;
}

/* --- finding --- */

struct lane *
lane_by_number(const struct lane_table *t, uint16_t number)
{
	return number > LANE_NUMBER_MAX ? NULL : t->by_number[number];
}

struct plan_site *
lane_table_find(const struct lane_table *t, struct slice name)
{
	struct node *node = node_by_name(t, name);
	struct plan_site *plan;
	struct buf domain;

	if (node != NULL)
		return node->lane.site->plan;
	plan = plan_site_find(t->plan, name);
	if (plan != NULL)
		return plan;
	buf_init(&domain, KEY_MAX);
	buf_add_cstr(&domain, "mx:");
	buf_add(&domain, slice_head(name, KEY_MAX / 2));
	node = node_by_name(t, buf_slice(&domain));
	buf_done(&domain);
	return node == NULL ? NULL : node->lane.site->plan;
}

struct site_table *
lane_table_sites(const struct lane_table *t)
{
	return t->sites;
}

/* --- moves --- */

/*
 * What tells its connections from those of others to the same hosts: the port
 * of "mx:DOMAIN:PORT", and the route's policy.
 */
static void
write_policy(const struct lane *lane, struct buf *policy)
{
	struct slice key = slice_of(lane->key);
	struct slice target = slice_take_until(&key, '\n');

	(void)slice_take_prefix(&target, "mx:");
	buf_add(policy, slice_skip(target, slice_find_last(target, ':')));
	buf_add_char(policy, '\n');
	buf_add(policy, key);
}

static struct site *
site_for(struct lane_table *t, const struct lane *lane, const struct conf *conf,
    const struct lane_mx *mx, int64_t mono_ms)
{
	const struct site_kind kind = { .name = mx->best,
		.otherwise = slice_of(lane->route),
		.destination = slice_of(lane->destination),
		.mx_hosts = mx->hosts };
	struct buf policy;
	struct site *s;

	if (mx->hosts.n == 0 && lane->site->is_shared)
		return own_site(t, conf, lane, mono_ms);
	if (mx->hosts.n == 0)
		return lane->site;
	buf_init(&policy, KEY_MAX);
	write_policy(lane, &policy);
	s = site_of_mx(t->sites, conf, &kind, buf_slice(&policy), mono_ms);
	buf_done(&policy);
	return s;
}

static bool
is_stopped(const struct lane *lane)
{
	struct plan_facts facts;

	plan_site_facts(lane->site->plan, &facts);
	return facts.state == SITE_SUSPENDED && !lane->site->is_shared;
}

bool
lane_move(struct lane_table *t, struct lane *lane, const struct conf *conf,
    const struct lane_mx *mx, int64_t mono_ms)
{
	struct site *old = lane->site;
	struct site *s;

	if (lane->mx == MX_ANY || is_stopped(lane))
		return false;
	s = site_for(t, lane, conf, mx, mono_ms);
	lane->mx = mx->hosts.n == 0 ? MX_UNKNOWN : mx->digest;
	lane->moved_ms = mono_ms;
	if (s == old)
		return false;
	lane_idle_clear(lane);
	site_leave(t->sites, old, lane, mono_ms);
	lane->site = s;
	site_join(t->sites, s, lane);
	return true;
}

uint64_t
lane_mx_to_check(const struct lane *lane, int64_t mono_ms)
{
	return lane->mx == MX_UNKNOWN || mono_ms - lane->moved_ms >= MOVES_APART
	    ? lane->mx
	    : MX_ANY;
}

/* --- all of them --- */

void
lane_count_deferred(struct lane *lane, bool more)
{
	if (more) {
		lane->deferred++;
		lane->site->deferred++;
	} else if (lane->deferred > 0) {
		lane->deferred--;
		lane->site->deferred--;
	}
}

void
lane_table_shape(struct lane_table *t, const struct conf *conf, int64_t mono_ms)
{
	site_table_shape(t->sites, conf, mono_ms);
	for (struct node *node = t->by_key; node != NULL; node = node->hh.next)
		if (node->lane.mx != MX_ANY)
			node->lane.mx = MX_UNKNOWN;
}

void
lane_table_sweep(struct lane_table *t, int64_t mono_ms)
{
	for (unsigned i = 0; i < SWEEP_EACH; i++) {
		struct node *node;
		struct lane *lane;

		t->sweep_at = t->sweep_at % LANE_NUMBER_MAX + 1;
		lane = t->by_number[t->sweep_at];
		if (lane == NULL || lane->deferred > 0 || lane->loads > 0 ||
		    mono_ms - lane->used_ms < UNUSED_MAX ||
		    (lane->site->lane_count == 1 && !site_is_quiet(lane->site)))
			continue;
		HASH_FIND(hh, t->by_key, lane->key, strlen(lane->key), node);
		must(node != NULL && &node->lane == lane);
		node_free(t, node, mono_ms);
	}
	site_table_sweep(t->sites);
}

void
lane_each(struct lane_table *t, void (*each)(struct lane *, void *arg),
    void *arg)
{
	for (struct node *node = t->by_key; node != NULL; node = node->hh.next)
		each(&node->lane, arg);
}

/* --- idle connections --- */

void
lane_idle_clear(struct lane *lane)
{
	if (lane->idle_count == 0)
		return;
	memset(lane->idle, 0, sizeof(lane->idle));
	lane->site->idle_count -= lane->idle_count;
	lane->idle_count = 0;
	TAILQ_REMOVE(&lane->site->idle, lane, in_idle);
}

/* `n` of that deliverer's are gone. */
static void
idle_drop(struct lane *lane, unsigned deliverer, uint16_t n)
{
	must(n > 0 && lane->idle[deliverer] >= n);
	lane->idle[deliverer] = (uint16_t)(lane->idle[deliverer] - n);
	lane->idle_count -= n;
	lane->site->idle_count -= n;
	if (lane->idle_count == 0)
		TAILQ_REMOVE(&lane->site->idle, lane, in_idle);
}

void
lane_idle_add(struct lane *lane, unsigned deliverer, int64_t until_ms)
{
	if (deliverer >= LANE_DELIVERERS_MAX ||
	    lane->idle[deliverer] == UINT16_MAX)
		return;
	if (lane->idle_count > 0)
		TAILQ_REMOVE(&lane->site->idle, lane, in_idle);
	TAILQ_INSERT_TAIL(&lane->site->idle, lane, in_idle);
	lane->idle[deliverer]++;
	lane->idle_count++;
	lane->site->idle_count++;
	lane->idle_until_ms = until_ms;
}

int
lane_idle_take(struct lane *lane, int64_t now_ms)
{
	int best = -1;

	if (now_ms >= lane->idle_until_ms)
		lane_idle_clear(lane);
	if (lane->idle_count == 0)
		return -1;
	for (int i = 0; i < LANE_DELIVERERS_MAX; i++)
		if (lane->idle[i] > 0 &&
		    (best == -1 || lane->idle[i] > lane->idle[best]))
			best = i;
	idle_drop(lane, (unsigned)best, 1);
	return best;
}
