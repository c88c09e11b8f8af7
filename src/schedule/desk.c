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
#include "schedule/dates.h"
#include "schedule/routing.h"
#include "schedule/site_view.h"

enum {
	MATCH_ARENA_MAX = 64 << 20,
	READ_SIZE = 64 << 10,
};

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

/* The name is the lane's, or that of the site where it comes out. */
static bool
goes_by(const struct lane *lane, struct slice name)
{
	return slice_eq_nocase(lane->name, name) ||
	    slice_eq_nocase(lane->site->name, name);
}

/* What memory tells of a recipient. *sure is cleared when it can't. */
static bool
recipient_may_match(struct desk *a, const struct filter *f,
    const struct queue_recipient *r, uint32_t to_domain, bool *sure)
{
	const struct lane *lane =
	    lane_by_number(dispatch_lanes(a->dispatch), r->marks);

	if (f->to.n > 0 && r->domain != to_domain)
		return false;
	if (f->response.n > 0 &&
	    !filter_text_has(queue_store_text(a->store, r->reply), f->response))
		return false;
	if (f->site.n > 0 && lane == NULL)
		*sure = false; /* not routed since the start */
	return f->site.n == 0 || lane == NULL || goes_by(lane, f->site);
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
	const struct lane *lane = lane_by_number(dispatch_lanes(a->dispatch),
	    entry_recipient(e, index)->marks);

	if (lane != NULL)
		return lane->name;
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
		const struct lane *lane =
		    lane_by_number(dispatch_lanes(a->dispatch),
			entry_recipient(e, i)->marks);
		struct slice site =
		    f->site.n == 0 || (lane != NULL && goes_by(lane, f->site))
		    ? f->site
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
	bool waiting;

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
	m->expires_ms = dates_end(&conf->delivery, &m->envelope);
	waiting = e->state != QUEUE_HELD &&
	    dates_waits(e, &m->envelope, time_wall_ms());
	m->warned = (e->flags & ENTRY_WARNED) != 0;
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);
		bool waits = e->state == QUEUE_DEFERRED && recipient_is_open(r);

		m->recipients[i] = (struct admin_recipient){
			.state = waiting ? "waiting" : recipient_state(e, r),
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

static struct site_view
view_of(const struct desk *a)
{
	return (
	    struct site_view){ a->dispatch, time_wall_ms(), loop_now(a->loop) };
}

static json_t *
do_sites(void *owner)
{
	const struct site_view view = view_of(owner);

	return site_view_all(&view);
}

static json_t *
do_site(void *owner, struct slice name)
{
	struct desk *a = owner;
	const struct site_view view = view_of(a);
	struct plan_site *plan =
	    lane_table_find(dispatch_lanes(a->dispatch), name);

	return plan == NULL ? NULL : site_view_whole(&view, plan);
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

static void
count_state(struct plan_site *plan, void *arg)
{
	json_int_t *states = arg;
	struct plan_facts f;

	plan_site_facts(plan, &f);
	states[f.state]++;
}

static json_t *
do_status(void *owner)
{
	struct desk *a = owner;
	const struct conf *conf = dispatch_conf(a->dispatch);
	struct crew *crew = dispatch_crew(a->dispatch);
	json_int_t states[SITE_SUSPENDED + 1] = { 0 };
	int64_t now = time_wall_ms();
	json_t *o = json_object();

	plan_each_site(dispatch_plan(a->dispatch), count_state, states);
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
	    json_pack("{s:I, s:I, s:I}", "open", states[SITE_OPEN],
		"backing_off", states[SITE_BACKING_OFF], "suspended",
		states[SITE_SUSPENDED]));
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
