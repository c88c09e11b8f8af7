/*
 * schedule/desk.c - the queue and the sites as admin/ wants to see them.
 */
#include "schedule/desk.h"

#include <errno.h>

#include "admin/value.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/retry.h"
#include "schedule/routing.h"

enum { MATCH_ARENA_MAX = 64 << 20, READ_SIZE = 64 << 10, WHY_TEXT_MAX = 2048 };

struct desk {
	struct loop *loop;         /* borrowed */
	struct dispatch *dispatch; /* borrowed */
	struct channel *master;    /* borrowed */
	struct queue_store *store; /* borrowed */
	json_t *master_status;     /* owned, or NULL */
	struct arena *arena;       /* scratch of one match */
	int64_t started_ms;
};

/* --- which messages --- */

/* What memory tells of a recipient. *sure is cleared when it can't. */
static bool
recipient_may_match(struct desk *a, const struct filter *f,
    const struct queue_recipient *r, uint32_t to_domain, bool *sure)
{
	const struct site *s =
	    site_by_number(dispatch_sites(a->dispatch), r->marks);

	if (f->to.n > 0 && r->domain != to_domain)
		return false;
	if (f->response.n > 0 &&
	    !filter_text_has(queue_store_text(a->store, r->reply), f->response))
		return false;
	if (f->site.n > 0 && s == NULL)
		*sure = false; /* not routed since the start */
	return f->site.n == 0 || s == NULL || slice_eq_nocase(s->name, f->site);
}

static bool
entry_may_match(struct desk *a, const struct filter *f, struct queue_entry *e,
    int64_t wall_ms, bool *sure)
{
	uint32_t from = queue_store_find_text(a->store, filter_domain(f->from));
	uint32_t to = queue_store_find_text(a->store, filter_domain(f->to));

	*sure = !filter_asks_addresses(f);
	if (!filter_has_state(f, (enum queue_state)e->state) ||
	    !filter_has_age(f, wall_ms - entry_arrived_ms(e)))
		return false;
	if (slice_is(f->from, "<>")) {
		if ((e->flags & ENTRY_NULL_SENDER) == 0)
			return false;
	} else if (f->from.n > 0 &&
	    (from == QUEUE_NO_TEXT || e->sender_domain != from)) {
		return false;
	}
	if (!filter_asks_recipients(f))
		return true;
	for (uint32_t i = 0; i < e->recipient_count; i++)
		if (recipient_may_match(a, f, entry_recipient(e, i), to, sure))
			return true;
	return false;
}

static enum admin_step
do_next(void *owner, const struct filter *f, uint64_t *cursor, unsigned *left,
    uint64_t *id, bool *sure)
{
	struct desk *a = owner;
	int64_t wall_ms = time_wall_ms();
	struct queue_entry *e;

	while (*left > 0) {
		(*left)--;
		e = queue_store_each(a->store, cursor);
		if (e == NULL)
			return ADMIN_END;
		if (!entry_may_match(a, f, e, wall_ms, sure))
			continue;
		*id = e->id;
		return ADMIN_FOUND;
	}
	return ADMIN_MORE;
}

static struct slice
site_of(struct desk *a, struct queue_entry *e, const struct envelope *env,
    uint32_t index, uint32_t originals, struct arena *arena)
{
	const struct site *s = site_by_number(dispatch_sites(a->dispatch),
	    entry_recipient(e, index)->marks);

	if (s != NULL)
		return s->name;
	return routing_site_name(dispatch_conf(a->dispatch),
	    env->recipients[index].address, true, index >= originals, arena);
}

static int
read_envelope(struct desk *a, struct queue_entry *e, struct arena *arena,
    struct envelope *env, uint32_t *originals)
{
	int rc = queue_store_envelope(a->store, e, arena, env);

	if (rc == 0 && env->recipient_count != e->recipient_count)
		rc = ERR_CORRUPT;
	if (rc != 0)
		return rc;
	*originals = env->recipient_count;
	return (e->flags & ENTRY_EXPANDED) == 0
	    ? 0
	    : dispatch_original_count(a->dispatch, e, originals);
}

static bool
do_matches(void *owner, const struct filter *f, uint64_t id)
{
	struct desk *a = owner;
	struct queue_entry *e = queue_store_find(a->store, id);
	struct envelope env;
	uint32_t originals;

	arena_reset(a->arena);
	if (e == NULL || read_envelope(a, e, a->arena, &env, &originals) != 0 ||
	    !filter_has_sender(f, env.sender))
		return false;
	if (!filter_asks_recipients(f))
		return true;
	for (uint32_t i = 0; i < env.recipient_count; i++) {
		struct slice site = f->site.n == 0
		    ? SLICE_NONE
		    : site_of(a, e, &env, i, originals, a->arena);

		if (filter_has_recipient(f, env.recipients[i].address, site,
			queue_store_text(a->store,
			    entry_recipient(e, i)->reply)))
			return true;
	}
	return false;
}

/* --- one message --- */

static const char *
recipient_state(const struct queue_entry *e, const struct queue_recipient *r)
{
	switch ((enum fate_kind)r->kind) {
	case FATE_NONE:
		return e->user != NULL ? "active" : "pending";
	case FATE_DEFERRED:
		return e->user != NULL ? "active" : "deferred";
	case FATE_DELIVERED:
	case FATE_PASSED:
		return "delivered";
	case FATE_RELAYED:
		return "relayed";
	case FATE_FAILED:
		return "failed";
	case FATE_EXPANDED:
		break;
	}
	return "expanded";
}

static bool
do_message(void *owner, uint64_t id, struct arena *arena,
    struct admin_message *m)
{
	struct desk *a = owner;
	struct queue_entry *e = queue_store_find(a->store, id);
	const struct conf *conf = dispatch_conf(a->dispatch);
	uint32_t originals;

	*m = (struct admin_message){ 0 };
	if (e == NULL ||
	    read_envelope(a, e, arena, &m->envelope, &originals) != 0)
		return false;
	m->recipients =
	    arena_alloc(arena, e->recipient_count, sizeof(*m->recipients));
	if (m->recipients == NULL)
		return false;
	m->state = (enum queue_state)e->state;
	m->place = queue_store_place(a->store, e);
	m->expires_ms = retry_expires(&conf->delivery, entry_arrived_ms(e),
	    (e->flags & ENTRY_NULL_SENDER) != 0);
	m->warned = (e->flags & ENTRY_WARNED) != 0;
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);
		bool waits = e->state == QUEUE_DEFERRED && recipient_is_open(r);

		m->recipients[i] = (struct admin_recipient){
			.state = recipient_state(e, r),
			.site =
			    site_of(a, e, &m->envelope, i, originals, arena),
			.response = queue_store_text(a->store, r->reply),
			.attempts = r->attempts,
			.next_ms = waits ? e->next_ms : 0,
		};
	}
	return true;
}

static void
do_keys(void *owner, uint64_t id, enum admin_by by, admin_key_fn *key,
    void *arg)
{
	static const char *const states[QUEUE_STATE_COUNT] = {
		[QUEUE_ACTIVE] = "active",
		[QUEUE_DEFERRED] = "deferred",
		[QUEUE_HELD] = "held",
	};
	struct desk *a = owner;
	struct queue_entry *e = queue_store_find(a->store, id);
	struct envelope env;

	if (e == NULL)
		return;
	if (by == BY_STATE) {
		key(slice_of(states[e->state]), arg);
		return;
	}
	if (by == BY_SENDER) {
		arena_reset(a->arena);
		if (queue_store_envelope(a->store, e, a->arena, &env) == 0)
			key(env.sender, arg);
		return;
	}
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);

		if (recipient_is_open(r))
			key(queue_store_text(a->store,
				by == BY_DOMAIN ? r->domain : r->reply),
			    arg);
	}
}

static int
do_content(void *owner, uint64_t id, struct buf *out)
{
	struct desk *a = owner;
	struct queue_entry *e = queue_store_find(a->store, id);
	struct queue_reader *reader = disk_reader(dispatch_disk(a->dispatch));
	struct queue_message message;
	struct place place;
	int64_t n;
	int rc;

	if (e == NULL)
		return -ENOENT;
	place = queue_store_place(a->store, e);
	rc = queue_reader_open(reader, &place, &message);
	if (rc != 0)
		return rc;
	do {
		char *to = buf_reserve(out, READ_SIZE);

		n = to == NULL ? ERR_LIMIT
			       : queue_message_read(reader, &message, out->n,
				     to, READ_SIZE);
		if (n > 0)
			buf_added(out, (size_t)n);
	} while (n > 0);
	queue_message_done(reader, &message);
	return (int)n;
}

static json_t *
do_history(void *owner, uint64_t id)
{
	struct desk *a = owner;

	return history_of(dispatch_history(a->dispatch), id);
}

static bool
do_act(void *owner, enum admin_act act, uint64_t id, struct slice by)
{
	struct desk *a = owner;
	struct queue_entry *e = queue_store_find(a->store, id);

	return e != NULL &&
	    dispatch_act(a->dispatch, act, e,
		by.n > 0 ? by : SLICE("postmaster"));
}

static uint64_t
do_count(void *owner, enum queue_state state)
{
	struct desk *a = owner;
	struct queue_counts counts;

	queue_store_counts(a->store, &counts);
	return counts.messages[state];
}

/* --- sites --- */

static int64_t
wall_of(struct desk *a, int64_t mono_ms)
{
	return mono_ms == INT64_MAX || mono_ms == 0
	    ? 0
	    : time_wall_ms() + mono_ms - loop_now(a->loop);
}

static const char *
state_name(enum plan_state state)
{
	static const char *const names[] = {
		[SITE_OPEN] = "open",
		[SITE_BACKING_OFF] = "backing_off",
		[SITE_SUSPENDED] = "suspended",
	};

	return names[state];
}

/* A site that was suspended by name may have no mail, so no struct site. */
static json_t *
site_value(struct desk *a, const struct plan_site *plan)
{
	const struct site *s = plan_site_tag(plan);
	struct plan_facts f;
	json_t *o = json_object();

	plan_site_facts(plan, &f);
	json_object_set_new(o, "name", value_text(f.name));
	json_object_set_new(o, "state", json_string(state_name(f.state)));
	json_object_set_new(o, "connections", json_integer(f.under_way));
	json_object_set_new(o, "window", json_integer(f.window));
	json_object_set_new(o, "limit", json_integer(f.limits.connections));
	json_object_set_new(o, "rate",
	    f.limits.rate_per_second > 0 ? json_real(f.limits.rate_per_second)
					 : json_null());
	json_object_set_new(o, "ready", json_integer((json_int_t)f.ready));
	json_object_set_new(o, "deferred",
	    json_integer(s == NULL ? 0 : (json_int_t)s->deferred));
	json_object_set_new(o, "delivered",
	    json_integer(s == NULL ? 0 : (json_int_t)s->delivered));
	json_object_set_new(o, "failed",
	    json_integer(s == NULL ? 0 : (json_int_t)s->failed));
	json_object_set_new(o, "until", value_time(wall_of(a, f.until_ms)));
	json_object_set_new(o, "failures", json_integer(f.failures));
	json_object_set_new(o, "last_error",
	    value_text(s == NULL ? SLICE_NONE : slice_of(s->last_error)));
	json_object_set_new(o, "last_success",
	    value_time(s == NULL ? 0 : s->last_success_ms));
	return o;
}

static void
add_words(struct buf *out, const struct plan_facts *f, const struct site *s)
{
	if (f->state == SITE_SUSPENDED)
		buf_add_cstr(out, "It is suspended by the postmaster.");
	else if (f->state == SITE_BACKING_OFF)
		buf_addf(out,
		    "It rests after %u failures in a row and is probed by one "
		    "message then. ",
		    f->failures);
	else if (f->ready > 0 && f->under_way >= f->window)
		buf_addf(out,
		    "All of its %u connections are busy, each job takes %.1f "
		    "s. ",
		    f->window, f->job_seconds);
	else if (f->ready > 0 && f->limits.rate_per_second > 0)
		buf_addf(out, "Its rate is limited to %.3g a second. ",
		    f->limits.rate_per_second);
	else
		buf_add_cstr(out, "Nothing holds its mail up. ");
	if (f->state == SITE_OPEN && f->window < f->limits.connections)
		buf_addf(out, "The window is %u of %u. ", f->window,
		    f->limits.connections);
	if (f->ceiling > 0)
		buf_addf(out, "It did not take more than %u at once. ",
		    f->ceiling);
	if (s != NULL && s->last_error[0] != '\0')
		buf_addf(out, "Its last error was: %s", s->last_error);
}

static void
on_sender(struct slice key, uint64_t ready, void *arg)
{
	json_t *o = json_object();

	json_object_set_new(o, "key", value_text(key));
	json_object_set_new(o, "ready", json_integer((json_int_t)ready));
	json_array_append_new(arg, o);
}

static json_t *
site_whole(struct desk *a, const struct plan_site *plan)
{
	json_t *o = site_value(a, plan);
	json_t *senders = json_array();
	struct plan_facts facts;
	struct buf why;

	plan_site_facts(plan, &facts);
	plan_each_sender(plan, on_sender, senders);
	json_object_set_new(o, "senders", senders);
	buf_init(&why, WHY_TEXT_MAX);
	add_words(&why, &facts, plan_site_tag(plan));
	json_object_set_new(o, "why", value_text(buf_slice(&why)));
	buf_done(&why);
	return o;
}

struct sites_walk {
	struct desk *desk;
	struct plan_site **sites; /* owned */
	size_t count;
	size_t size;
	json_int_t states[3];
};

static void
on_site(struct plan_site *plan, void *arg)
{
	struct sites_walk *w = arg;
	struct plan_facts f;

	plan_site_facts(plan, &f);
	w->states[f.state]++;
	if (w->count == w->size) {
		w->size = w->size == 0 ? 64 : w->size * 2;
		w->sites = mem_resize(w->sites, w->size, sizeof(*w->sites));
	}
	w->sites[w->count++] = plan;
}

/* How much there is to do or to worry about. */
static uint64_t
busyness(const struct plan_site *plan)
{
	const struct site *s = plan_site_tag(plan);
	struct plan_facts f;

	plan_site_facts(plan, &f);
	return f.ready + f.under_way + (s == NULL ? 0 : s->deferred);
}

static int
busier_first(const void *x, const void *y)
{
	uint64_t a = busyness(*(struct plan_site *const *)x);
	uint64_t b = busyness(*(struct plan_site *const *)y);

	return (a < b) - (a > b);
}

static json_t *
do_sites(void *owner)
{
	struct desk *a = owner;
	struct sites_walk w = { .desk = a };
	json_t *list = json_array();

	plan_each_site(dispatch_plan(a->dispatch), on_site, &w);
	if (w.count > 0)
		qsort(w.sites, w.count, sizeof(struct plan_site *),
		    busier_first);
	for (size_t i = 0; i < w.count; i++)
		json_array_append_new(list, site_value(a, w.sites[i]));
	mem_free(w.sites);
	return list;
}

static json_t *
do_site(void *owner, struct slice name)
{
	struct desk *a = owner;
	struct plan_site *plan =
	    plan_site_find(dispatch_plan(a->dispatch), name);

	return plan == NULL ? NULL : site_whole(a, plan);
}

static json_t *
do_suspend(void *owner, struct slice name, uint64_t seconds)
{
	struct desk *a = owner;

	dispatch_suspend(a->dispatch, name, seconds);
	return do_site(a, name);
}

static json_t *
do_resume(void *owner, struct slice name)
{
	struct desk *a = owner;

	return dispatch_resume(a->dispatch, name) ? do_site(a, name) : NULL;
}

/* --- status --- */

static json_t *
queue_value(struct desk *a)
{
	struct queue_counts c;
	uint64_t all;

	queue_store_counts(a->store, &c);
	all = c.messages[QUEUE_ACTIVE] + c.messages[QUEUE_DEFERRED] +
	    c.messages[QUEUE_HELD];
	return json_pack(
	    "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "messages", (json_int_t)all, "active",
	    (json_int_t)c.messages[QUEUE_ACTIVE], "deferred",
	    (json_int_t)c.messages[QUEUE_DEFERRED], "held",
	    (json_int_t)c.messages[QUEUE_HELD], "recipients",
	    (json_int_t)c.recipients, "octets", (json_int_t)c.octets,
	    "segments", (json_int_t)c.segments, "journal_octets",
	    (json_int_t)c.journal_octets, "damaged", (json_int_t)c.damaged,
	    "quarantined", (json_int_t)c.quarantined, "memory",
	    (json_int_t)c.memory);
}

static json_t *
counters_value(struct desk *a, bool rates)
{
	static const char *const names[TALLY_COUNT] = {
		[TALLY_RECEIVED] = "received",
		[TALLY_DELIVERED] = "delivered",
		[TALLY_DEFERRED] = "deferred",
		[TALLY_BOUNCED] = "bounced",
		[TALLY_EXPIRED] = "expired",
	};
	struct stats *s = dispatch_stats(a->dispatch);
	json_t *o = json_object();

	for (unsigned i = 0; i < TALLY_COUNT; i++) {
		uint64_t n = rates
		    ? stats_rate(s, (enum tally)i, loop_now(a->loop))
		    : s->totals[i];

		json_object_set_new(o, names[i], json_integer((json_int_t)n));
	}
	return o;
}

static json_t *
do_status(void *owner)
{
	struct desk *a = owner;
	const struct conf *conf = dispatch_conf(a->dispatch);
	struct crew *crew = dispatch_crew(a->dispatch);
	struct sites_walk w = { .desk = a };
	int64_t now = time_wall_ms();
	json_t *o = json_object();

	plan_each_site(dispatch_plan(a->dispatch), on_site, &w);
	mem_free(w.sites);
	json_object_set_new(o, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(o, "hostname",
	    value_text(slice_of(conf->hostname)));
	json_object_set_new(o, "started", value_time(a->started_ms));
	json_object_set_new(o, "uptime",
	    json_integer((now - a->started_ms) / SECOND));
	json_object_set_new(o, "recovering",
	    json_boolean(!queue_store_is_recovered(a->store)));
	json_object_set_new(o, "queue", queue_value(a));
	json_object_set_new(o, "rates", counters_value(a, true));
	json_object_set_new(o, "totals", counters_value(a, false));
	json_object_set_new(o, "sites",
	    json_pack("{s:I, s:I, s:I}", "open", w.states[SITE_OPEN],
		"backing_off", w.states[SITE_BACKING_OFF], "suspended",
		w.states[SITE_SUSPENDED]));
	json_object_set_new(o, "receivers", crew_receivers_value(crew));
	json_object_set_new(o, "deliverers", crew_deliverers_value(crew));
	json_object_set_new(o, "longest_turn_us",
	    json_integer(loop_longest_turn(a->loop, false).wall_us));
	if (a->master_status != NULL)
		json_object_update(o, a->master_status);
	return o;
}

static void
do_control(void *owner, uint64_t cookie, const char *verb,
    struct slice argument)
{
	struct desk *a = owner;

	channel_send_control_ask(a->master,
	    &(struct msg_control_ask){
		.cookie = cookie,
		.verb = slice_of(verb),
		.argument = argument,
	    });
}

const struct admin_ops *
desk_ops(void)
{
	static const struct admin_ops ops = {
		.next = do_next,
		.matches = do_matches,
		.message = do_message,
		.keys = do_keys,
		.content = do_content,
		.history = do_history,
		.act = do_act,
		.count = do_count,
		.status = do_status,
		.sites = do_sites,
		.site = do_site,
		.suspend = do_suspend,
		.resume = do_resume,
		.control = do_control,
	};

	return &ops;
}

struct desk *
desk_new(struct loop *loop, struct dispatch *dispatch, struct channel *master)
{
	struct desk *a = mem_zero(sizeof(*a));

	a->loop = loop;
	a->dispatch = dispatch;
	a->master = master;
	a->store = disk_store(dispatch_disk(dispatch));
	a->arena = arena_new(MATCH_ARENA_MAX);
	a->started_ms = time_wall_ms();
	return a;
}

void
desk_free(struct desk **place)
{
	if (*place == NULL)
		return;
	json_decref((*place)->master_status);
	arena_free(&(*place)->arena);
	mem_free(*place);
	*place = NULL;
}

void
desk_master_status(struct desk *a, struct slice json)
{
	json_t *o = json_loadb(json.p, json.n, 0, NULL);

	if (!json_is_object(o)) {
		log_warning("schedule bad-status octets=%zu", json.n);
		json_decref(o);
		return;
	}
	json_decref(a->master_status);
	a->master_status = o;
}
