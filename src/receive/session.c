/*
 * receive/session.c - a connection: events in, one call of the engine, its step
 * out. What the engine asks meanwhile is answered by session_host.c.
 */
#include "receive/session_inside.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "receive/proxy.h"

enum {
	SESSION_MAGIC = 0x5e551011,
	LINES_PER_WAKE = 64,
	OCTETS_PER_WAKE = 512 << 10,
	OUTPUT_HIGH = 64 << 10,
	PROXY_PATIENCE = 10 * SECOND,
	TLS_PATIENCE = 60 * SECOND,
};

struct session *
session_from(void *arg)
{
	struct session *s = arg;

	must(s->magic == SESSION_MAGIC);
	return s;
}

const struct report_session *
session_who(const struct session *s, struct who *w)
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

void
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

	log_debug("receive disconnected session=%s client=%s",
	    session_who(s, &w)->id, s->client);
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
void
session_resume(struct session *s, enum step step)
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
	report_rejected(s->services->report, session_who(s, &w),
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
	    &(struct inspection_events){ .informed = session_on_informed,
		.inspected = session_on_inspected,
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
	    session_who(s, &w)->id, s->client, s->listener->name);
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
		    session_who(s, &w)->id, s->client, conn_tls_error(c));
		return; /* the end follows */
	}
	must(conn_tls_facts(c, &facts));
	(void)snprintf(tls, sizeof(tls), "%s %s", facts.version, facts.cipher);
	smtp_server_secured(s->engine, tls, now);
	if (s->listener->tls == LISTENER_TLS_IMPLICIT)
		session_resume(s, smtp_server_start(s->engine, now));
	else
		session_resume(s, STEP_MORE);
}

static void
on_ended(struct conn *c, int rc, void *arg)
{
	struct session *s = session_from(arg);
	struct who w;

	if (rc != 0)
		log_debug("receive lost session=%s client=%s error=\"%s\"",
		    session_who(s, &w)->id, s->client, err_text(rc));
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
		session_resume(s, smtp_server_expire(s->engine, now));
	else
		reset_after(s, smtp_server_expire(s->engine, now));
}

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
	s->engine = smtp_server_new(&s->terms, &session_answers, s, &v->out);
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
