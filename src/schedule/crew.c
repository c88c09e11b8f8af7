/*
 * schedule/crew.c - channels, and the jobs that are out.
 */
#include "schedule/crew.h"
#include "schedule/dmarcrpt.h"
#include "schedule/kept.h"
#include "schedule/tlsrpt.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "ipc/channel.h"

enum {
	WORKERS_MAX = LANE_DELIVERERS_MAX,
	ENVELOPE_MAX = 60 << 10, /* of a message's 64 KiB */
};

struct job {
	UT_hash_handle hh;
	uint64_t id;
	struct load *load; /* borrowed: its round */
};

struct mate {
	struct channel *channel; /* owned; NULL: not there */
	unsigned jobs;
	struct msg_receiver_stats receiver;
	struct msg_deliverer_stats deliverer;
};

struct crew {
	struct state *state;                      /* borrowed; or NULL */
	const struct crew_report_events *reports; /* borrowed; or NULL */
	void *reports_arg;                        /* borrowed */
	struct kept *kept;                        /* owned */
	struct loop *loop;                        /* borrowed */
	const struct crew_events *events;
	void *arg;
	struct mate receivers[WORKERS_MAX];
	struct mate deliverers[WORKERS_MAX];
	struct job *jobs; /* owned: hash */
	uint64_t last_job;
	unsigned receiver_turn;
	struct buf envelope;          /* scratch */
	struct recipient *recipients; /* owned: scratch */
	uint32_t recipients_size;
};

static unsigned
number_of(const struct mate *mates, struct channel *channel)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (mates[i].channel == channel)
			return i;
	return WORKERS_MAX;
}

/* --- receivers --- */

static void
on_message_added(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	(void)channel;
	c->events->message_added(msg, c->arg);
}

static void
on_segment_closed(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;
	const struct msg_segment_closed *m = msg;

	(void)channel;
	c->events->segment_closed(m->segment, c->arg);
}

static void
on_site_flush(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;
	const struct msg_site_flush *m = msg;

	(void)channel;
	c->events->flush(m->domain, c->arg);
}

static void
on_receiver_stats(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;
	unsigned number = number_of(c->receivers, channel);

	if (number < WORKERS_MAX)
		c->receivers[number].receiver =
		    *(const struct msg_receiver_stats *)msg;
}

static void
on_receiver_closed(void *owner, struct channel *channel, int rc)
{
	struct crew *c = owner;
	unsigned number = number_of(c->receivers, channel);

	if (number == WORKERS_MAX)
		return; /* an old one that was replaced */
	log_info("schedule receiver-gone number=%u reason=\"%s\"", number,
	    rc == 0 ? "closed" : err_text(rc));
	c->receivers[number] = (struct mate){ 0 };
	c->events->receiver_gone(number, c->arg);
}

/* --- deliverers --- */

static void
job_forget(struct crew *c, struct job *job)
{
	HASH_DEL(c->jobs, job);
	job->load->job = 0;
	mem_free(job);
}

static void
on_job_done(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;
	const struct msg_job_done *m = msg;
	unsigned number = number_of(c->deliverers, channel);
	struct load *load;
	struct job *job;

	HASH_FIND(hh, c->jobs, &m->job, sizeof(m->job), job);
	if (job == NULL || job->load->deliverer != number) {
		log_debug("schedule late-answer job=%llu",
		    (unsigned long long)m->job);
		return;
	}
	load = job->load;
	c->deliverers[number].jobs--;
	job_forget(c, job);
	c->events->job_done(load, m, c->arg);
}

static void
on_deliverer_stats(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;
	unsigned number = number_of(c->deliverers, channel);

	if (number < WORKERS_MAX)
		c->deliverers[number].deliverer =
		    *(const struct msg_deliverer_stats *)msg;
}

static void
on_kept_ask(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	kept_ask(c->kept, channel, msg);
}

static void
on_kept_put(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	kept_put(c->kept, channel, msg);
}

static void
on_tls_result(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	(void)channel;
	tlsrpt_count(c->state, msg, time_wall_ms());
}

static void
on_tls_report_mail(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	(void)channel;
	if (c->reports != NULL)
		c->reports->tls_mail(msg, c->reports_arg);
}

static void
on_dmarc_result(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	(void)channel;
	dmarcrpt_count(c->state, msg, time_wall_ms());
}

static void
on_dmarc_rua_told(void *owner, struct channel *channel, const void *msg)
{
	struct crew *c = owner;

	(void)channel;
	if (c->reports != NULL)
		c->reports->dmarc_rua(msg, c->reports_arg);
}

static void
jobs_lost(struct crew *c, unsigned number)
{
	struct job *job;
	struct job *next;

	HASH_ITER (hh, c->jobs, job, next) {
		struct load *load = job->load;

		if (load->deliverer != number)
			continue;
		job_forget(c, job);
		c->events->job_lost(load, c->arg);
	}
}

static void
on_deliverer_closed(void *owner, struct channel *channel, int rc)
{
	struct crew *c = owner;
	unsigned number = number_of(c->deliverers, channel);

	if (number == WORKERS_MAX)
		return;
	log_info("schedule deliverer-gone number=%u jobs=%u reason=\"%s\"",
	    number, c->deliverers[number].jobs,
	    rc == 0 ? "closed" : err_text(rc));
	c->deliverers[number] = (struct mate){ 0 };
	kept_gone(c->kept, channel);
	jobs_lost(c, number);
}

static const struct channel_handlers receiver_handlers = {
	.on = {
	    [MSG_message_added] = on_message_added,
	    [MSG_segment_closed] = on_segment_closed,
	    [MSG_site_flush] = on_site_flush,
	    [MSG_receiver_stats] = on_receiver_stats,
	    [MSG_dmarc_result] = on_dmarc_result,
	    [MSG_dmarc_rua_told] = on_dmarc_rua_told,
	},
	.closed = on_receiver_closed,
};
static const struct channel_handlers deliverer_handlers = {
	.on = {
	    [MSG_job_done] = on_job_done,
	    [MSG_deliverer_stats] = on_deliverer_stats,
	    [MSG_kept_ask] = on_kept_ask,
	    [MSG_kept_put] = on_kept_put,
	    [MSG_tls_result] = on_tls_result,
	    [MSG_tls_report_mail] = on_tls_report_mail,
	},
	.closed = on_deliverer_closed,
};

/* --- the crew --- */

struct crew *
crew_new(struct loop *loop, const struct crew_events *events, void *arg)
{
	struct crew *c = mem_zero(sizeof(*c));

	c->loop = loop;
	c->kept = kept_new(loop);
	c->events = events;
	c->arg = arg;
	buf_init(&c->envelope, ENVELOPE_MAX);
	return c;
}

void
crew_set_state(struct crew *c, struct state *state)
{
	c->state = state;
	kept_set_state(c->kept, state);
}

void
crew_free(struct crew **place)
{
	struct crew *c = *place;

	if (c == NULL)
		return;
	must(c->jobs == NULL);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		channel_free(&c->receivers[i].channel);
		channel_free(&c->deliverers[i].channel);
	}
	kept_free(&c->kept);
	buf_done(&c->envelope);
	mem_free(c->recipients);
	mem_free(c);
	*place = NULL;
}

static void
deliverer_joins(struct crew *c, unsigned number, int fd)
{
	struct mate *mate = &c->deliverers[number];

	if (mate->channel != NULL) { /* its end was not noticed yet */
		kept_gone(c->kept, mate->channel);
		channel_free(&mate->channel);
		*mate = (struct mate){ 0 };
		jobs_lost(c, number);
	}
	mate->channel = channel_new(c->loop, fd, &deliverer_handlers, c);
}

static void
receiver_joins(struct crew *c, unsigned number, int fd)
{
	struct mate *mate = &c->receivers[number];

	if (mate->channel != NULL) {
		channel_free(&mate->channel);
		*mate = (struct mate){ 0 };
		c->events->receiver_gone(number, c->arg);
	}
	mate->channel = channel_new(c->loop, fd, &receiver_handlers, c);
}

void
crew_peer(struct crew *c, enum role role, unsigned number, int fd)
{
	if (number < WORKERS_MAX && role == ROLE_DELIVERER)
		deliverer_joins(c, number, fd);
	else if (number < WORKERS_MAX && role == ROLE_RECEIVER)
		receiver_joins(c, number, fd);
	else
		(void)close(fd);
}

static unsigned
mates_count(const struct mate *mates)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS_MAX; i++)
		n += mates[i].channel != NULL ? 1 : 0;
	return n;
}

unsigned
crew_deliverers(const struct crew *c)
{
	return mates_count(c->deliverers);
}

unsigned
crew_receivers(const struct crew *c)
{
	return mates_count(c->receivers);
}

static void
close_idle(struct crew *c, struct lane *lane)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (lane->idle[i] > 0 && c->deliverers[i].channel != NULL)
			channel_send_site_close(c->deliverers[i].channel,
			    &(struct msg_site_close){ .site = lane->name });
	lane_idle_clear(lane);
}

/*
 * To its hosts, an idle connection is one like any other. What a domain keeps
 * open counts against all of the site, so it gives way.
 */
static void
make_room(struct crew *c, struct site *site)
{
	struct plan_facts facts;
	uint32_t most;

	plan_site_facts(site->plan, &facts);
	most = facts.ceiling > 0 ? facts.window : facts.limits.connections;
	while (
	    site->idle_count > 0 && facts.under_way + site->idle_count > most)
		close_idle(c, TAILQ_FIRST(&site->idle));
}

/*
 * While other domains wait for the same hosts, no connection is kept for one
 * of which nothing waits.
 */
static uint32_t
messages_per_connection(const struct load *load)
{
	const struct site *site = load->lane->site;
	struct plan_facts facts;

	plan_site_facts(site->plan, &facts);
	return site->lane_count > 1 && load->lane->loads == 1 && facts.ready > 0
	    ? 1
	    : site->messages_per_connection;
}

static unsigned
pick_deliverer(struct crew *c, struct lane *lane, int64_t mono_ms)
{
	unsigned best = WORKERS_MAX;
	int idle;

	while ((idle = lane_idle_take(lane, mono_ms)) != -1)
		if (c->deliverers[idle].channel != NULL)
			return (unsigned)idle;
	make_room(c, lane->site);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (c->deliverers[i].channel != NULL &&
		    (best == WORKERS_MAX ||
			c->deliverers[i].jobs < c->deliverers[best].jobs))
			best = i;
	}
	must(best < WORKERS_MAX);
	return best;
}

/*
 * The load's share of the envelope, encoded; without what is told of the
 * client, which no deliverer asks for.
 */
static struct slice
share(struct crew *c, const struct load *load, const struct envelope *whole)
{
	struct envelope part = *whole;

	if (load->count > c->recipients_size) {
		c->recipients_size = load->count;
		c->recipients = mem_resize(c->recipients, c->recipients_size,
		    sizeof(*c->recipients));
	}
	for (uint32_t i = 0; i < load->count; i++) {
		must(load->recipients[i] < whole->recipient_count);
		c->recipients[i] = whole->recipients[load->recipients[i]];
	}
	part.helo = SLICE_NONE;
	part.tls = SLICE_NONE;
	part.verdicts = SLICE_NONE;
	part.recipients = c->recipients;
	part.recipient_count = load->count;
	buf_reset(&c->envelope);
	envelope_encode(&part, &c->envelope);
	must(!buf_failed(&c->envelope)); /* routing bounds it */
	return buf_slice(&c->envelope);
}

void
crew_send(struct crew *c, struct load *load, const struct place *place,
    const struct envelope *envelope, bool is_fresh, int64_t mono_ms)
{
	struct job *job = mem_zero(sizeof(*job));
	struct lane *lane = load->lane;
	struct mate *mate;

	job->id = ++c->last_job;
	job->load = load;
	HASH_ADD(hh, c->jobs, id, sizeof(job->id), job);
	load->job = job->id;
	load->deliverer = pick_deliverer(c, lane, mono_ms);
	mate = &c->deliverers[load->deliverer];
	mate->jobs++;
	channel_send_deliver_job(mate->channel,
	    &(struct msg_deliver_job){
		.job = job->id,
		.segment = place->segment,
		.offset = place->offset,
		.length = place->length,
		.is_fresh = is_fresh ? 1 : 0,
		.site = lane->name,
		.target = slice_of(lane->target),
		.route = slice_of(lane->route),
		.is_domain = lane->is_domain ? 1 : 0,
		.messages_per_connection = messages_per_connection(load),
		.mx =
		    load->was_moved ? MX_ANY : lane_mx_to_check(lane, mono_ms),
		.sources = load->source == NULL ? SLICE_NONE
						: slice_of(load->source->text),
		.envelope = share(c, load, envelope),
	    });
}

void
crew_abandon(struct crew *c)
{
	struct job *job;
	struct job *next;

	HASH_ITER (hh, c->jobs, job, next) {
		job_forget(c, job);
	}
}

/* In turns; there must be one. */
static struct channel *
next_receiver(struct crew *c)
{
	do
		c->receiver_turn = (c->receiver_turn + 1) % WORKERS_MAX;
	while (c->receivers[c->receiver_turn].channel == NULL);
	return c->receivers[c->receiver_turn].channel;
}

void
crew_free_segment(struct crew *c, uint64_t segment)
{
	channel_send_segment_free(next_receiver(c),
	    &(struct msg_segment_free){ .segment = segment });
}

void
crew_on_reports(struct crew *c, const struct crew_report_events *events,
    void *arg)
{
	c->reports = events;
	c->reports_arg = arg;
}

void
crew_ask_dmarc_rua(struct crew *c, struct slice domain, int64_t wall_ms)
{
	channel_send_dmarc_rua_ask(next_receiver(c),
	    &(struct msg_dmarc_rua_ask){ (uint64_t)wall_ms, domain });
}

void
crew_send_tls_report(struct crew *c, struct slice domain, struct slice report)
{
	unsigned i = 0;

	while (i < WORKERS_MAX && c->deliverers[i].channel == NULL)
		i++;
	must(i < WORKERS_MAX);
	channel_send_tls_report(c->deliverers[i].channel,
	    &(struct msg_tls_report){ .domain = domain, .report = report });
}

void
crew_close_site(struct crew *c, struct site *site)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&site->idle)) != NULL)
		close_idle(c, lane);
}

json_t *
crew_deliverers_value(const struct crew *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		const struct mate *m = &c->deliverers[i];

		if (m->channel != NULL)
			json_array_append_new(list,
			    json_pack("{s:i, s:I, s:I, s:i}", "number", (int)i,
				"connections",
				(json_int_t)m->deliverer.connections,
				"attempts", (json_int_t)m->deliverer.attempts,
				"jobs", (int)m->jobs));
	}
	return list;
}

json_t *
crew_receivers_value(const struct crew *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		const struct msg_receiver_stats *s = &c->receivers[i].receiver;

		if (c->receivers[i].channel != NULL)
			json_array_append_new(list,
			    json_pack(
				"{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				"number", (int)i, "sessions",
				(json_int_t)s->sessions, "connections",
				(json_int_t)s->connections, "messages",
				(json_int_t)s->messages, "octets",
				(json_int_t)s->octets, "rejected",
				(json_int_t)s->rejected, "auth_failed",
				(json_int_t)s->auth_failed, "longest_turn_us",
				(json_int_t)s->longest_turn_us,
				"longest_turn_cpu_us",
				(json_int_t)s->longest_turn_cpu_us));
	}
	return list;
}
