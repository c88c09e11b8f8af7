/*
 * receive/session.c - events in, one call of the engine, its step out. Whether
 * something is allowed is decided by the engine, route/ and the counters.
 */
#include "receive/session.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "receive/proxy.h"
#include "receive/smtp_server.h"
#include "route/route.h"

enum {
	SESSION_MAGIC = 0x5e551011,
	LINES_PER_WAKE = 64,
	OCTETS_PER_WAKE = 512 << 10,
	OUTPUT_HIGH = 64 << 10,
	PROXY_PATIENCE = 10 * SECOND,
	TLS_PATIENCE = 60 * SECOND,
	ENVELOPE_IN_MESSAGE = 32 << 10, /* longer: the scheduler reads it */
	BINDING_SIZE = 32,
};

struct session {
	unsigned magic;
	bool is_counted; /* in the counters of connections */
	bool awaits_proxy;
	bool awaits_disk; /* session_on_written() will come */
	LIST_ENTRY(session) link;
	UT_hash_handle hh; /* in services.by_id */
	bool in_exchange;
	uint64_t id;
	struct services *services;
	struct ground *ground;                /* owned: a reference */
	const struct listener_conf *listener; /* borrowed: ground */
	struct conn *conn;                    /* owned; NULL after the end */
	struct timer *timer;                  /* owned */
	struct smtp_server *engine;           /* owned */
	struct smtp_terms terms;
	struct queue_draft *draft;     /* owned; NULL: none */
	struct inspection *inspection; /* owned; NULL: nothing to do */
	int64_t mail_since;
	char client[IP_TEXT_SIZE];
};

static struct session *
session_from(void *arg)
{
	struct session *s = arg;

	must(s->magic == SESSION_MAGIC);
	return s;
}

/* --- what the log sees --- */

struct who {
	char id[ID_TEXT_SIZE];
	struct report_session report;
};

static const struct report_session *
who(const struct session *s, struct who *w)
{
	id_text(s->id, w->id);
	w->report = (struct report_session){ .id = w->id,
		.client = s->client,
		.helo = smtp_server_helo(s->engine),
		.login = smtp_server_login(s->engine),
		.tls = smtp_server_tls(s->engine) };
	return &w->report;
}

/* --- the end --- */

static void
end_exchange(struct session *s)
{
	struct services *v = s->services;

	if (s->in_exchange)
		HASH_DELETE(hh, v->by_id, s);
	s->in_exchange = false;
}

static void
session_free(struct session *s)
{
	struct services *v = s->services;

	LIST_REMOVE(s, link);
	smtp_server_free(&s->engine);
	inspection_free(&s->inspection);
	must(!s->in_exchange && s->draft == NULL);
	timer_free(&s->timer);
	ground_unref(&s->ground);
	s->magic = 0;
	mem_free(s);
	v->stats.sessions--;
	v->session_ended(v->arg);
}

static void
uncount(struct session *s)
{
	struct counters *c = s->services->counters;

	if (!s->is_counted)
		return;
	s->is_counted = false;
	counters_down(c, counters_client(s->listener->name, &s->terms.client));
	counters_down(c,
	    counters_name("listener", slice_of(s->listener->name)));
}

/*
 * The connection is over. A message that is on the way to the disk is waited
 * for: it will be there, and its client, who may send it again, is not told.
 */
static void
session_end(struct session *s)
{
	struct who w;

	log_debug("receive disconnected session=%s client=%s", who(s, &w)->id,
	    s->client);
	s->conn = NULL;
	timer_cancel(s->timer);
	uncount(s);
	if (!s->awaits_disk)
		session_free(s);
}

static void
session_close(struct session *s)
{
	conn_close_later(s->conn);
	session_end(s);
}

static void
session_abort(struct session *s)
{
	conn_abort_later(s->conn);
	session_end(s);
}

/* --- steps --- */

static void
flush(struct session *s)
{
	struct buf *out = &s->services->out;

	if (out->n > 0 && s->conn != NULL)
		conn_write(s->conn, buf_slice(out));
	must(!buf_failed(out));
	buf_reset(out);
}

static void
arm(struct session *s)
{
	int64_t deadline = smtp_server_deadline(s->engine);
	int64_t now = loop_now(s->services->loop);

	if (deadline == INT64_MAX)
		timer_cancel(s->timer);
	else
		timer_set(s->timer, deadline > now ? deadline - now : 0);
}

static void
start_tls(struct session *s)
{
	/* The engine has looked already; after it nothing was read. */
	if (conn_input_size(s->conn) > 0) {
		session_abort(s);
		return;
	}
	conn_start_tls_server(s->conn, s->ground->tls);
}

/* What the engine wants next. False: the session may be gone. */
static bool
follow(struct session *s, enum step step)
{
	flush(s);
	if (s->conn == NULL)
		return false;
	if (step == STEP_MORE && s->services->stopping &&
	    smtp_server_stop(s->engine, loop_now(s->services->loop))) {
		flush(s);
		step = STEP_CLOSE;
	}
	if (step == STEP_CLOSE) {
		session_close(s);
		return false;
	}
	arm(s);
	if (step == STEP_TLS) {
		start_tls(s);
		return false;
	}
	if (step == STEP_WAIT)
		conn_pause(s->conn);
	return step == STEP_MORE;
}

/* An answer came: on with the input. */
static void
resume(struct session *s, enum step step)
{
	if (follow(s, step))
		conn_resume(s->conn);
}

static void
reset_after(struct session *s, enum step step)
{
	flush(s);
	if (step == STEP_CLOSE)
		session_close(s);
	else
		arm(s);
}

/*
 * There is input. One client takes so much of a turn and no more; then the
 * others come first.
 */
static void
feed(struct session *s)
{
	size_t octets = 0;

	for (int i = 0; i < LINES_PER_WAKE && octets < OCTETS_PER_WAKE; i++) {
		struct slice in = conn_input(s->conn, CONN_INPUT_LIMIT_MAX);
		enum step step;
		size_t n;

		if (in.n == 0)
			return;
		n = smtp_server_feed(s->engine, in, loop_now(s->services->loop),
		    &step);
		/* No command is so long: more content will come. */
		conn_set_input_limit(s->conn,
		    step == STEP_MORE && n > SMTP_INPUT_MIN
			? CONN_INPUT_LIMIT_MAX
			: CONN_INPUT_LIMIT);
		conn_consume(s->conn, n);
		octets += n;
		if (!follow(s, step) || n == 0)
			return;
		if (conn_output_size(s->conn) > OUTPUT_HIGH) {
			conn_pause(s->conn); /* on_drained() goes on */
			return;
		}
	}
	conn_pause(s->conn);
	conn_resume(s->conn);
}

/* --- the beginning --- */

static bool
is_over(struct counters *c, uint64_t key, uint32_t limit)
{
	return limit > 0 && counters_get(c, key) >= limit;
}

/* Within the limits of the listener? Counted then. */
static bool
admit(struct session *s)
{
	struct counters *c = s->services->counters;
	const struct listener_conf *l = s->listener;
	uint64_t client = counters_client(l->name, &s->terms.client);
	uint64_t all = counters_name("listener", slice_of(l->name));
	const char *reply = NULL;
	struct who w;

	if (is_over(c, client, l->max_connections_per_client))
		reply = "421 4.7.0 Too many connections from your address";
	else if (is_over(c, all, l->max_connections))
		reply = "421 4.3.2 Too many connections, try again later";
	if (reply == NULL) {
		counters_up(c, client);
		counters_up(c, all);
		s->is_counted = true;
		return true;
	}
	report_rejected(s->services->report, who(s, &w),
	    &(struct smtp_rejection){ .stage = "connect",
		.reply = slice_of(reply) });
	s->services->stats.rejected++;
	if (l->tls != LISTENER_TLS_IMPLICIT) {
		conn_write(s->conn, slice_of(reply));
		conn_write(s->conn, SLICE("\r\n"));
	}
	session_close(s);
	return false;
}

static void on_informed(void *arg);
static void on_inspected(void *arg);

/* Strangers' mail is checked; that of others may be signed. */
static void
start_inspection(struct session *s)
{
	bool is_exempt = s->terms.is_submission || s->terms.is_trusted;

	if (is_exempt && !s->terms.is_submission &&
	    s->ground->conf->dkim_count == 0)
		return;
	s->inspection = inspection_new(s->services->inspector, s->ground,
	    &s->terms.client, is_exempt,
	    &(struct inspection_events){ .informed = on_informed,
		.inspected = on_inspected,
		.arg = s });
}

/* The client's address is known, and it may come in. */
static void
welcome(struct session *s)
{
	const struct conf *conf = s->ground->conf;
	struct who w;

	ip_text(&s->terms.client, s->client);
	s->terms.is_trusted = s->listener->service == SERVICE_RELAY &&
	    ip_nets_have(&conf->trusted_networks, &s->terms.client);
	if (!admit(s))
		return;
	start_inspection(s);
	log_debug("receive connected session=%s client=%s listener=%s",
	    who(s, &w)->id, s->client, s->listener->name);
	if (s->listener->tls == LISTENER_TLS_IMPLICIT) {
		timer_set(s->timer, TLS_PATIENCE);
		start_tls(s);
		return;
	}
	if (follow(s,
		smtp_server_start(s->engine, loop_now(s->services->loop))))
		conn_resume(s->conn);
}

static void
take_proxy_header(struct session *s)
{
	struct slice in = conn_input(s->conn, PROXY_HEADER_MAX);
	struct proxy_header header;

	switch (proxy_parse(in, &header)) {
	case PROXY_MORE:
		return;
	case PROXY_MALFORMED:
		log_warning("receive bad-proxy-header client=%s listener=%s",
		    s->client, s->listener->name);
		session_abort(s);
		return;
	case PROXY_WHOLE:
		break;
	}
	conn_consume(s->conn, header.length);
	conn_pause(s->conn);
	s->awaits_proxy = false;
	if (header.has_client) {
		struct conn_address peer = { .ip = header.client,
			.port = header.port };

		s->terms.client = header.client;
		conn_set_peer(s->conn, &peer);
	}
	welcome(s);
}

/* --- events of the connection --- */

static void
on_readable(struct conn *c, void *arg)
{
	struct session *s = session_from(arg);

	(void)c;
	if (s->awaits_proxy)
		take_proxy_header(s);
	else
		feed(s);
}

static void
on_drained(struct conn *c, void *arg)
{
	(void)arg;
	conn_resume(c);
}

static void
on_secured(struct conn *c, int rc, void *arg)
{
	struct session *s = session_from(arg);
	int64_t now = loop_now(s->services->loop);
	struct tls_facts facts;
	char tls[128];
	struct who w;

	if (rc != 0) {
		log_info(
		    "receive tls-failed session=%s client=%s reason=\"%s\"",
		    who(s, &w)->id, s->client, conn_tls_error(c));
		return; /* the end follows */
	}
	must(conn_tls_facts(c, &facts));
	(void)snprintf(tls, sizeof(tls), "%s %s", facts.version, facts.cipher);
	smtp_server_secured(s->engine, tls, now);
	if (s->listener->tls == LISTENER_TLS_IMPLICIT)
		resume(s, smtp_server_start(s->engine, now));
	else
		resume(s, STEP_MORE);
}

static void
on_ended(struct conn *c, int rc, void *arg)
{
	struct session *s = session_from(arg);
	struct who w;

	if (rc != 0)
		log_debug("receive lost session=%s client=%s error=\"%s\"",
		    who(s, &w)->id, s->client, err_text(rc));
	conn_close_later(c);
	session_end(s);
}

static const struct conn_events events = {
	.readable = on_readable,
	.drained = on_drained,
	.secured = on_secured,
	.ended = on_ended,
};

/* A deadline of the engine's, or of what goes before it. */
static void
on_timer(void *arg)
{
	struct session *s = session_from(arg);
	int64_t now = loop_now(s->services->loop);
	bool was_waiting;

	if (s->awaits_proxy || smtp_server_deadline(s->engine) == INT64_MAX) {
		session_abort(s);
		return;
	}
	was_waiting = smtp_server_awaits_auth(s->engine) ||
	    smtp_server_is_delayed(s->engine);
	if (was_waiting)
		resume(s, smtp_server_expire(s->engine, now));
	else
		reset_after(s, smtp_server_expire(s->engine, now));
}

/* --- what the engine asks: mail --- */

static bool
say_no(struct refusal *no, const char *reply)
{
	(void)snprintf(no->text, sizeof(no->text), "%s", reply);
	return false;
}

static bool
host_sender(void *arg, const struct address *sender, struct slice login,
    struct refusal *no)
{
	struct session *s = session_from(arg);
	const struct conf *conf = s->ground->conf;
	uint32_t rate = conf->limits.client_rate;

	if (login.n > 0 && conf->auth.match_sender &&
	    !route_sender_is_own(&conf->auth, login, sender))
		return say_no(no, "553 5.7.1 Sender address is not yours");
	if (rate > 0 &&
	    !counters_take(s->services->counters,
		counters_client("rate", &s->terms.client), time_wall_ms(),
		MINUTE, rate))
		return say_no(no, "450 4.7.1 Too many messages, slow down");
	if (queue_writer_has_room(commit_writer(s->services->commit)) != 0)
		return say_no(no, "452 4.3.1 Insufficient system storage");
	s->mail_since = loop_now(s->services->loop);
	if (s->inspection != NULL)
		inspection_sender(s->inspection, sender,
		    smtp_server_helo(s->engine));
	return true;
}

static bool
may_go_there(struct session *s, const struct address *recipient, bool routed,
    bool may_relay, struct refusal *no)
{
	struct route_answer answer;

	/* A source route is read for friends, as RFC 5321 (C) says; strangers
	 * have used it for nothing but tricks for decades. */
	if (routed && !may_relay)
		return say_no(no, "550 5.7.1 Relay access denied");
	route_recipient(s->ground->conf, recipient, false, &answer);
	switch (answer.kind) {
	case ROUTE_DOMAIN:
	case ROUTE_ALIAS:
		return true;
	case ROUTE_RELAY:
		return may_relay || say_no(no, "550 5.7.1 Relay access denied");
	case ROUTE_REJECT:
	case ROUTE_TRICK:
		break;
	}
	if (!slice_to_cstr(answer.reply, no->text, sizeof(no->text)))
		return say_no(no, "550 5.7.1 Refused");
	return false;
}

static bool
host_recipient(void *arg, const struct address *recipient, bool routed,
    struct slice login, struct refusal *no)
{
	struct session *s = session_from(arg);
	uint32_t rate = s->ground->conf->limits.sender_rate;
	bool may_relay = s->terms.is_trusted || login.n > 0;
	const char *refusal =
	    s->inspection == NULL ? NULL : inspection_refusal(s->inspection);

	if (refusal != NULL)
		return say_no(no, refusal);
	if (!may_go_there(s, recipient, routed, may_relay, no))
		return false;
	if (login.n > 0 && rate > 0 &&
	    !counters_take(s->services->counters,
		counters_name("recipients", login), time_wall_ms(), HOUR, rate))
		return say_no(no,
		    "450 4.7.1 Too many recipients for this hour");
	return true;
}

static int
host_draft_begin(void *arg, uint64_t *id, int64_t *arrived_ms)
{
	struct session *s = session_from(arg);
	struct queue_writer *w = commit_writer(s->services->commit);

	must(s->draft == NULL);
	*arrived_ms = time_wall_ms();
	*id = queue_writer_id(w, *arrived_ms);
	s->draft = queue_draft_new(w, *id);
	return 0;
}

static int
host_draft_add(void *arg, struct slice content)
{
	return queue_draft_add(session_from(arg)->draft, content);
}

static void
host_draft_abort(void *arg)
{
	struct session *s = session_from(arg);

	queue_draft_free(&s->draft);
	if (s->inspection != NULL)
		inspection_abort(s->inspection);
}

static bool
host_informed(void *arg)
{
	struct session *s = session_from(arg);

	return s->inspection == NULL || inspection_is_informed(s->inspection);
}

static void
on_informed(void *arg)
{
	struct session *s = session_from(arg);

	if (smtp_server_awaits_news(s->engine))
		resume(s,
		    smtp_server_informed(s->engine,
			loop_now(s->services->loop)));
}

static void
host_head(void *arg, struct slice added, struct slice header)
{
	struct session *s = session_from(arg);

	if (s->inspection != NULL)
		inspection_head(s->inspection, smtp_server_login(s->engine),
		    added, header);
}

static void
host_body(void *arg, struct slice run)
{
	struct session *s = session_from(arg);

	if (s->inspection != NULL)
		inspection_body(s->inspection, run);
}

static bool
host_inspect(void *arg, const struct envelope *e,
    struct smtp_findings *findings)
{
	struct session *s = session_from(arg);

	return s->inspection == NULL ||
	    inspection_end(s->inspection, e->smtputf8, findings);
}

static void
on_inspected(void *arg)
{
	struct session *s = session_from(arg);

	if (smtp_server_awaits_findings(s->engine))
		resume(s,
		    smtp_server_inspected(s->engine,
			inspection_findings(s->inspection),
			loop_now(s->services->loop)));
}

static void
host_commit(void *arg, struct slice prefix, const struct envelope *e)
{
	struct session *s = session_from(arg);
	struct buf *encoded = &s->services->envelope;

	buf_reset(encoded);
	envelope_encode(e, encoded);
	must(!buf_failed(encoded));
	s->awaits_disk = true;
	commit_submit(s->services->commit, &s->draft, prefix,
	    buf_slice(encoded), s);
}

/* The scheduler hears of it with the client, at the latest. */
static void
tell_scheduler(struct session *s, uint64_t id, const struct place *place,
    struct slice envelope)
{
	struct channel *scheduler = s->services->scheduler;

	if (scheduler == NULL)
		return; /* it finds it when it comes back */
	if (envelope.n > ENVELOPE_IN_MESSAGE)
		envelope = SLICE_NONE;
	channel_send_message_added(scheduler,
	    &(struct msg_message_added){ .id = id,
		.segment = place->segment,
		.offset = place->offset,
		.length = place->length,
		.envelope = envelope });
}

void
session_on_written(struct session *s, int rc, const struct place *place,
    struct slice envelope)
{
	const struct envelope *e = smtp_server_envelope(s->engine);
	int64_t now = loop_now(s->services->loop);
	struct who w;

	s->awaits_disk = false;
	if (rc == 0) {
		tell_scheduler(s, e->id, place, envelope);
		report_received(s->services->report, who(s, &w), e,
		    smtp_server_message_id(s->engine), now - s->mail_since);
		s->services->stats.messages++;
		s->services->stats.octets += e->size;
	} else {
		log_error("receive not-written session=%s error=\"%s\"",
		    who(s, &w)->id, err_text(rc));
	}
	if (s->conn == NULL)
		session_free(s);
	else
		resume(s, smtp_server_committed(s->engine, rc, now));
}

/* --- what the engine asks: AUTH --- */

static bool
host_auth_allowed(void *arg, struct refusal *no)
{
	if (session_from(arg)->services->authenticator == NULL)
		return say_no(no, "454 4.7.0 Temporary authentication failure");
	return true;
}

static void
host_auth_start(void *arg, struct slice mechanism, const struct slice *initial)
{
	struct session *s = session_from(arg);
	struct services *v = s->services;
	uint8_t binding[BINDING_SIZE];
	bool bound = conn_tls_exporter(s->conn, binding);

	HASH_ADD(hh, v->by_id, id, sizeof(s->id), s);
	s->in_exchange = true;
	channel_send_auth_start(v->authenticator,
	    &(struct msg_auth_start){ .session = s->id,
		.mechanism = mechanism,
		.has_initial = initial != NULL,
		.initial = initial == NULL ? SLICE_NONE : *initial,
		.binding = slice_from(binding, bound ? sizeof(binding) : 0),
		.client = slice_of(s->client) });
}

static void
host_auth_response(void *arg, struct slice response)
{
	struct session *s = session_from(arg);

	/* Gone since the challenge: the deadline of the engine answers. */
	if (s->services->authenticator == NULL || !s->in_exchange)
		return;
	channel_send_auth_response(s->services->authenticator,
	    &(struct msg_auth_response){ .session = s->id,
		.response = response });
}

static void
host_auth_cancel(void *arg)
{
	struct session *s = session_from(arg);

	if (s->in_exchange && s->services->authenticator != NULL)
		channel_send_auth_cancel(s->services->authenticator,
		    &(struct msg_auth_cancel){ .session = s->id });
	end_exchange(s);
}

static void
host_auth_failed(void *arg, struct slice login)
{
	struct session *s = session_from(arg);
	struct who w;

	s->services->stats.auth_failed++;
	report_auth_failed(s->services->report, who(s, &w), login);
}

static struct session *
session_find(struct services *v, uint64_t id)
{
	struct session *s;

	HASH_FIND(hh, v->by_id, &id, sizeof(id), s);
	return s;
}

void
session_on_challenge(struct services *v, const struct msg_auth_challenge *m)
{
	struct session *s = session_find(v, m->session);

	if (s != NULL && smtp_server_awaits_auth(s->engine))
		resume(s,
		    smtp_server_auth_challenge(s->engine, m->challenge,
			loop_now(v->loop)));
}

static void
auth_done(struct session *s, enum auth_verdict verdict, struct slice login,
    struct slice additional)
{
	int64_t now = loop_now(s->services->loop);

	end_exchange(s);
	if (smtp_server_awaits_auth(s->engine))
		resume(s,
		    smtp_server_auth_done(s->engine, verdict, login, additional,
			now));
}

void
session_on_auth_done(struct services *v, const struct msg_auth_done *m)
{
	struct session *s = session_find(v, m->session);

	if (s == NULL)
		return;
	auth_done(s,
	    m->verdict <= AUTH_MALFORMED ? (enum auth_verdict)m->verdict
					 : AUTH_TEMPORARY,
	    m->login, m->additional);
}

void
session_on_authenticator_gone(struct services *v)
{
	struct session *s, *next;

	HASH_ITER (hh, v->by_id, s, next)
		auth_done(s, AUTH_TEMPORARY, SLICE_NONE, SLICE_NONE);
}

/* --- what the engine asks: the rest --- */

static void
host_flush_site(void *arg, struct slice domain)
{
	struct session *s = session_from(arg);

	if (s->services->scheduler != NULL)
		channel_send_site_flush(s->services->scheduler,
		    &(struct msg_site_flush){ .domain = domain });
}

static void
host_rejected(void *arg, const struct smtp_rejection *rejection)
{
	struct session *s = session_from(arg);
	struct who w;

	s->services->stats.rejected++;
	report_rejected(s->services->report, who(s, &w), rejection);
}

static const struct smtp_host host = {
	.sender = host_sender,
	.informed = host_informed,
	.recipient = host_recipient,
	.draft_begin = host_draft_begin,
	.draft_add = host_draft_add,
	.draft_abort = host_draft_abort,
	.head = host_head,
	.body = host_body,
	.inspect = host_inspect,
	.commit = host_commit,
	.auth_allowed = host_auth_allowed,
	.auth_start = host_auth_start,
	.auth_response = host_auth_response,
	.auth_cancel = host_auth_cancel,
	.auth_failed = host_auth_failed,
	.flush_site = host_flush_site,
	.rejected = host_rejected,
};

/* --- life --- */

static void
set_terms(struct session *s, const struct conn_address *peer)
{
	const struct conf *conf = s->ground->conf;
	const struct listener_conf *l = s->listener;

	s->terms = (struct smtp_terms){ .hostname = conf->hostname,
		.limits = &conf->limits,
		.auth = &conf->auth,
		.client = peer->ip,
		.service = l->service == SERVICE_RELAY ? "relay" : "submission",
		.is_submission = l->service == SERVICE_SUBMISSION,
		.offers_tls = l->tls == LISTENER_TLS_STARTTLS,
		.requires_tls = l->require_tls,
		.requires_helo = l->service == SERVICE_SUBMISSION ||
		    conf->checks.helo_required,
		.greet_pause_ms = l->greet_pause_ms };
	ip_text(&peer->ip, s->client);
}

void
session_begin(struct services *v, struct ground *ground,
    const struct listener_conf *listener, int fd,
    const struct conn_address *peer)
{
	struct session *s = mem_zero(sizeof(*s));

	s->magic = SESSION_MAGIC;
	s->services = v;
	s->ground = ground_ref(ground);
	s->listener = listener;
	s->id = id_next(&v->session_ids, time_wall_ms());
	set_terms(s, peer);
	s->engine = smtp_server_new(&s->terms, &host, s, &v->out);
	s->timer = timer_new(v->loop, on_timer, s);
	s->conn = conn_accept(v->loop, fd, &events, s);
	conn_set_peer(s->conn, peer);
	LIST_INSERT_HEAD(&v->sessions, s, link);
	v->stats.sessions++;
	v->stats.connections++;
	s->awaits_proxy = ip_nets_have(&listener->proxy_protocol, &peer->ip);
	if (!s->awaits_proxy) {
		welcome(s);
		return;
	}
	timer_set(s->timer, PROXY_PATIENCE);
	conn_resume(s->conn);
}

void
session_stop_all(struct services *v)
{
	int64_t now = loop_now(v->loop);
	struct session *next;

	for (struct session *s = LIST_FIRST(&v->sessions); s != NULL;
	     s = next) {
		next = LIST_NEXT(s, link);
		if (s->conn == NULL || !smtp_server_stop(s->engine, now))
			continue;
		flush(s);
		session_close(s);
	}
}

void
session_free_all(struct services *v)
{
	struct session *s;

	while ((s = LIST_FIRST(&v->sessions)) != NULL) {
		s->awaits_disk = false;
		if (s->conn != NULL)
			session_abort(s);
		else
			session_free(s);
	}
}
