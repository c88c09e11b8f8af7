/*
 * receive/session_host.c - answers what a session's engine asks: of route/ and
 * the counters whether something is allowed, of queue/, the inspection and the
 * authenticator what becomes of it. Leads no connection.
 */
#include "receive/session_inside.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "receive/transaction.h"
#include "route/forward.h"
#include "route/route.h"

enum {
	RECIPIENT_MAX = 1024,
	ENVELOPE_IN_MESSAGE = 32 << 10, /* longer: the scheduler reads it */
	BINDING_SIZE = 32,
};

/* --- mail --- */

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
	if (commit_has_room(s->services->commit) != 0)
		return say_no(no, "452 4.3.1 Insufficient system storage");
	s->mail_since = loop_now(s->services->loop);
	s->has_null_sender = address_is_null(sender);
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
	struct buf back;
	enum srs_verdict verdict;

	buf_init(&back, RECIPIENT_MAX);
	verdict = forward_back(s->ground->conf, transaction_text(recipient),
	    time_wall_ms(), &back);
	buf_done(&back);
	/* It leads one reply back, to one address: that is what it is for. */
	if (verdict == SRS_GOOD)
		return s->has_null_sender ||
		    say_no(no, "550 5.7.1 Only reports go to this address");
	if (verdict != SRS_OTHER)
		return say_no(no, "550 5.1.1 No such address");
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

static int64_t
host_wall_ms(void *arg)
{
	(void)arg;
	return time_wall_ms();
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

void
session_on_informed(void *arg)
{
	struct session *s = session_from(arg);

	if (smtp_server_awaits_news(s->engine))
		session_resume(s,
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

void
session_on_inspected(void *arg)
{
	struct session *s = session_from(arg);

	if (smtp_server_awaits_findings(s->engine))
		session_resume(s,
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
		report_received(s->services->report, session_who(s, &w), e,
		    smtp_server_message_id(s->engine), now - s->mail_since);
		s->services->stats.messages++;
		s->services->stats.octets += e->size;
	} else {
		log_error("receive not-written session=%s error=\"%s\"",
		    session_who(s, &w)->id, err_text(rc));
	}
	if (s->conn == NULL)
		session_free(s);
	else
		session_resume(s, smtp_server_committed(s->engine, rc, now));
}

/* --- AUTH --- */

void
session_end_exchange(struct session *s)
{
	struct services *v = s->services;

	if (s->in_exchange)
		HASH_DELETE(hh, v->by_id, s);
	s->in_exchange = false;
}

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
	session_end_exchange(s);
}

static void
host_auth_failed(void *arg, struct slice login)
{
	struct session *s = session_from(arg);
	struct who w;

	s->services->stats.auth_failed++;
	report_auth_failed(s->services->report, session_who(s, &w), login);
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
		session_resume(s,
		    smtp_server_auth_challenge(s->engine, m->challenge,
			loop_now(v->loop)));
}

static void
auth_done(struct session *s, enum auth_verdict verdict, struct slice login,
    struct slice additional)
{
	int64_t now = loop_now(s->services->loop);

	session_end_exchange(s);
	if (smtp_server_awaits_auth(s->engine))
		session_resume(s,
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

/* --- the rest --- */

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
	report_rejected(s->services->report, session_who(s, &w), rejection);
}

const struct smtp_host session_answers = {
	.sender = host_sender,
	.informed = host_informed,
	.recipient = host_recipient,
	.wall_ms = host_wall_ms,
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
