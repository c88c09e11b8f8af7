/*
 * schedule/site.c - the table of sites: those that are shared by key, and all
 * of them in a list.
 */
#include "schedule/site.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "route/route.h"
#include "schedule/lane.h"

enum { KEY_MAX = 16384 };

/* The table's handle on a site. */
struct node {
	UT_hash_handle hh;
	char *key;        /* owned; or NULL: a lane's own */
	struct site site; /* found by its place */
};

TAILQ_HEAD(site_list, site);

struct site_table {
	struct plan *plan;      /* borrowed */
	struct node *by_key;    /* owned: hash */
	struct site_list sites; /* owned */
	struct site_list empty; /* owned: no lane leads there */
};

struct site_table *
site_table_new(struct plan *plan)
{
	struct site_table *t = mem_zero(sizeof(*t));

	t->plan = plan;
	TAILQ_INIT(&t->sites);
	TAILQ_INIT(&t->empty);
	return t;
}

static struct node *
node_of(struct site *s)
{
	return (struct node *)(void *)((char *)s - offsetof(struct node, site));
}

/* It is in `empty`. */
static void
site_free(struct site_table *t, struct site *s)
{
	struct node *node = node_of(s);

	must(s->lane_count == 0 && s->idle_count == 0);
	TAILQ_REMOVE(&t->empty, s, link);
	if (node->key != NULL)
		HASH_DEL(t->by_key, node);
	mem_free(node->key);
	mem_free(s->destination);
	mem_free(s->mx_hosts);
	mem_free(s->cut_reply);
	mem_free(node);
}

void
site_table_free(struct site_table **place)
{
	struct site_table *t = *place;
	struct site *s;

	if (t == NULL)
		return;
	must(TAILQ_EMPTY(&t->sites));
	while ((s = TAILQ_FIRST(&t->empty)) != NULL)
		site_free(t, s);
	mem_free(t);
	*place = NULL;
}

/* --- which pace --- */

static bool
take_host(struct slice *hosts, struct slice *host)
{
	*host = slice_take_until(hosts, ' ');
	return host->n > 0;
}

/* The domain's own section, else that of the first host which has one. */
static const struct shaping_conf *
shaping_of(const struct conf *conf, struct slice destination,
    struct slice hosts)
{
	const struct shaping_conf *plain =
	    route_shaping(conf, destination, SLICE_NONE);
	struct slice host;

	while (take_host(&hosts, &host)) {
		const struct shaping_conf *s =
		    route_shaping(conf, destination, host);

		if (s != plain)
			return s;
	}
	return plain;
}

/* The "mx:PATTERN" section that all of them fit, or NULL. */
static const struct shaping_conf *
pattern_of(const struct conf *conf, struct slice destination,
    struct slice hosts)
{
	const struct shaping_conf *all = shaping_of(conf, destination, hosts);
	struct slice host;

	if (!slice_starts(slice_of(all->title), "mx:"))
		return NULL;
	while (take_host(&hosts, &host))
		if (route_shaping(conf, destination, host) != all)
			return NULL;
	return all;
}

const struct shaping_conf *
site_shaping(const struct conf *conf, const struct site *s)
{
	return shaping_of(conf, slice_of(s->destination),
	    s->mx_hosts == NULL ? SLICE_NONE : slice_of(s->mx_hosts));
}

static struct plan_limits
limits_of(struct site *s, const struct conf *conf)
{
	const struct shaping_conf *shaping = site_shaping(conf, s);

	s->messages_per_connection = shaping->messages_per_connection;
	s->recipients_per_message = shaping->recipients_per_message;
	return (struct plan_limits){ shaping->connections,
		shaping->rate_per_second };
}

static void
shape(struct site_table *t, struct site *s, const struct conf *conf,
    int64_t mono_ms)
{
	struct plan_limits limits = limits_of(s, conf);

	plan_site_limit(t->plan, s->plan, &limits, mono_ms);
}

/* --- making one --- */

static bool
is_suspended(const struct plan_site *plan)
{
	struct plan_facts facts;

	plan_site_facts(plan, &facts);
	return facts.state == SITE_SUSPENDED;
}

/*
 * The name alone if no other site has it; else with more behind it. What was
 * suspended by that name, or by that domain, ahead of any mail is this site.
 */
static struct plan_site *
plan_site_for(struct site_table *t, const struct site_kind *kind,
    const struct plan_limits *limits)
{
	struct plan_site *plan = plan_site_find(t->plan, kind->destination);
	struct buf name;

	if (kind->mx_hosts.n == 0 && plan != NULL &&
	    plan_site_tag(plan) == NULL && is_suspended(plan))
		return plan;
	plan = plan_site(t->plan, kind->name, limits);
	if (plan_site_tag(plan) == NULL)
		return plan;
	buf_init(&name, KEY_MAX);
	for (unsigned i = 1; plan_site_tag(plan) != NULL; i++) {
		buf_reset(&name);
		buf_addf(&name, "%.*s#%.*s", SLICE_ARGS(kind->name),
		    SLICE_ARGS(kind->otherwise));
		if (i > 1)
			buf_addf(&name, "#%u", i);
		plan = plan_site(t->plan, buf_slice(&name), limits);
	}
	buf_done(&name);
	return plan;
}

static struct site *
site_new(struct site_table *t, const struct conf *conf,
    const struct site_kind *kind, int64_t mono_ms)
{
	struct node *node = mem_zero(sizeof(*node));
	struct site *s = &node->site;
	struct plan_limits limits;
	struct plan_facts facts;

	TAILQ_INIT(&s->lanes);
	TAILQ_INIT(&s->idle);
	s->destination = mem_cstr(kind->destination);
	if (kind->mx_hosts.n > 0)
		s->mx_hosts = mem_cstr(kind->mx_hosts);
	limits = limits_of(s, conf);
	s->plan = plan_site_for(t, kind, &limits);
	plan_site_limit(t->plan, s->plan, &limits, mono_ms);
	plan_site_set_tag(s->plan, s);
	plan_site_facts(s->plan, &facts);
	s->name = facts.name;
	TAILQ_INSERT_TAIL(&t->empty, s, link);
	return s;
}

struct site *
site_own(struct site_table *t, const struct conf *conf,
    const struct site_kind *kind, int64_t mono_ms)
{
	return site_new(t, conf, kind, mono_ms);
}

/*
 * Who shares: the same hosts, or hosts of one pattern; reached in the same way;
 * without a section of its own, or with the same one.
 */
static void
write_key(struct buf *key, const struct conf *conf,
    const struct site_kind *kind, const struct shaping_conf *pattern,
    struct slice policy)
{
	const struct shaping_conf *plain =
	    route_shaping(conf, kind->destination, SLICE_NONE);

	buf_add_cstr(key, plain->title);
	buf_add_char(key, '\n');
	buf_add(key, policy);
	buf_add_char(key, '\n');
	if (pattern != NULL)
		buf_add_cstr(key, pattern->title);
	else
		buf_add(key, kind->mx_hosts);
}

struct site *
site_of_mx(struct site_table *t, const struct conf *conf,
    const struct site_kind *kind, struct slice policy, int64_t mono_ms)
{
	const struct shaping_conf *pattern =
	    pattern_of(conf, kind->destination, kind->mx_hosts);
	struct site_kind shown = *kind;
	struct node *node;
	struct site *s;
	struct buf key;

	must(kind->mx_hosts.n > 0);
	buf_init(&key, KEY_MAX);
	write_key(&key, conf, kind, pattern, policy);
	HASH_FIND(hh, t->by_key, key.p, key.n, node);
	if (node == NULL) {
		if (pattern != NULL)
			shown.name = slice_of(pattern->title);
		s = site_new(t, conf, &shown, mono_ms);
		s->is_shared = true;
		node = node_of(s);
		node->key = mem_cstr(buf_slice(&key));
		HASH_ADD_KEYPTR(hh, t->by_key, node->key, strlen(node->key),
		    node);
	} else if (node->site.lane_count == 0) {
		shape(t, &node->site, conf, mono_ms);
	}
	buf_done(&key);
	return &node->site;
}

/* --- who is there --- */

void
site_join(struct site_table *t, struct site *s, struct lane *lane)
{
	if (s->lane_count++ == 0) {
		TAILQ_REMOVE(&t->empty, s, link);
		TAILQ_INSERT_TAIL(&t->sites, s, link);
	}
	TAILQ_INSERT_TAIL(&s->lanes, lane, in_site);
	s->deferred += lane->deferred;
}

/* What still waits there is on its way out, as fast as it can. */
void
site_leave(struct site_table *t, struct site *s, struct lane *lane,
    int64_t mono_ms)
{
	struct plan_facts facts;
	struct plan_limits limits;

	TAILQ_REMOVE(&s->lanes, lane, in_site);
	s->deferred -=
	    lane->deferred < s->deferred ? lane->deferred : s->deferred;
	if (--s->lane_count > 0)
		return;
	TAILQ_REMOVE(&t->sites, s, link);
	TAILQ_INSERT_TAIL(&t->empty, s, link);
	plan_site_facts(s->plan, &facts);
	limits = facts.limits;
	limits.rate_per_second = 0;
	plan_site_limit(t->plan, s->plan, &limits, mono_ms);
	if (facts.state == SITE_BACKING_OFF)
		plan_resume(t->plan, s->plan, mono_ms);
}

bool
site_takes(const struct site *s, int64_t mono_ms)
{
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	return facts.state == SITE_OPEN ||
	    (facts.state == SITE_BACKING_OFF && facts.until_ms <= mono_ms);
}

bool
site_is_quiet(const struct site *s)
{
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	return facts.ready == 0 && facts.under_way == 0 &&
	    facts.state == SITE_OPEN;
}

/* --- all of them --- */

void
site_table_shape(struct site_table *t, const struct conf *conf, int64_t mono_ms)
{
	struct site *s;

	TAILQ_FOREACH (s, &t->sites, link)
		shape(t, s, conf, mono_ms);
}

void
site_table_sweep(struct site_table *t)
{
	struct site *s;
	struct site *next;

	for (s = TAILQ_FIRST(&t->empty); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (plan_forget(t->plan, s->plan))
			site_free(t, s);
	}
}

void
site_each(struct site_table *t, void (*each)(struct site *, void *arg),
    void *arg)
{
	struct site *s;

	TAILQ_FOREACH (s, &t->sites, link)
		each(s, arg);
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
site_note_cut(struct site *s, struct slice reply, int64_t wall_ms)
{
	mem_free(s->cut_reply);
	s->cut_reply = mem_cstr(slice_head(reply, SITE_ERROR_MAX));
	s->cut_ms = wall_ms;
}
