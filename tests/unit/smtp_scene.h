/*
 * unit/smtp_scene.h - a host for receive/smtp_server.h without a world.
 *
 * It answers what the engine asks from a few fixed rules, keeps the last
 * message it was given, and lets time pass only when told. For the unit tests
 * and the fuzz target alike.
 *
 *   ours.example	our domain; nobody@ is unknown, later@ is 450
 *   limited@		a sender over its rate
 *   PLAIN, LOGIN	alice / secret;  PROOF: success with a proof;
 *   AWAY		the authenticator has trouble
 */
#ifndef UNIT_SMTP_SCENE_H
#define UNIT_SMTP_SCENE_H

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "receive/smtp_server.h"

enum scene_kind {
	SCENE_RELAY,      /* a stranger on port 25 */
	SCENE_TRUSTED,    /* a client of trusted_networks there */
	SCENE_SUBMISSION, /* port 587, still in plain text */
	SCENE_SECURED,    /* port 465 */
	SCENE_USER,       /* port 465, alice is logged in */
	SCENE_RELAY_TLS,  /* a stranger on port 25, after STARTTLS */
};

enum scene_question {
	ASKED_NOTHING,
	ASKED_COMMIT,
	ASKED_AUTH,
	ASKED_NEWS,
	ASKED_FINDINGS
};

struct scene {
	struct smtp_terms terms;
	struct limits_conf limits;
	struct auth_conf auth;
	struct smtp_server *server;
	struct buf out;
	int64_t now;
	enum scene_question asked;
	char mechanism[32];
	struct buf response; /* of the exchange */
	int rounds;
	int rc_begin, rc_add, rc_commit;
	bool auth_refused;
	bool slow; /* RCPT waits for news, and the end of data for findings */
	bool has_news;
	struct smtp_findings findings; /* what an inspection finds */
	struct buf seen;               /* by the inspection: head and body */
	bool has_draft;
	struct buf draft;
	struct buf prefix; /* of the last message */
	struct buf mail;   /* its content */
	struct buf envelope;
	int begun, committed, acknowledged, cancelled, failed, rejected;
	struct buf flushed;
};

static char *scene_mechanism_names[] = { (char[]){ "PLAIN" },
	(char[]){ "LOGIN" }, (char[]){ "PROOF" }, (char[]){ "AWAY" },
	(char[]){ "PROOF-PLUS" } };

static inline bool
scene_no(struct refusal *no, const char *text)
{
	(void)snprintf(no->text, sizeof(no->text), "%s", text);
	return false;
}

static inline bool
scene_sender(void *arg, const struct address *a, struct slice login,
    struct refusal *no)
{
	((struct scene *)arg)->has_news = false;
	if (slice_is(a->local, "limited"))
		return scene_no(no, "450 4.7.1 Too fast");
	if (slice_is(a->local, "evil"))
		return scene_no(no, "550 5.7.1 One\r\n250 2.0.0 Two");
	if (login.n > 0 && !address_is_null(a) && !slice_eq(a->local, login))
		return scene_no(no, "553 5.7.1 Not yours");
	return true;
}

static inline bool
scene_recipient(void *arg, const struct address *a, bool routed,
    struct slice login, struct refusal *no)
{
	const struct scene *s = arg;

	if (a->domain.n == 0)
		return true;
	if (!slice_is_nocase(a->domain, "ours.example") || routed)
		return login.n > 0 || s->terms.is_trusted ||
		    scene_no(no, "550 5.7.1 Relay access denied");
	if (slice_is(a->local, "nobody"))
		return scene_no(no, "550 5.1.1 No such user");
	if (slice_is(a->local, "later"))
		return scene_no(no, "450 4.2.1 Later");
	return true;
}

static inline bool
scene_informed(void *arg)
{
	struct scene *s = arg;

	if (!s->slow || s->has_news)
		return true;
	must(s->asked == ASKED_NOTHING);
	s->asked = ASKED_NEWS;
	return false;
}

static inline int64_t
scene_wall_ms(void *arg)
{
	(void)arg;
	return 1795489200000; /* 2026-11-24 03:00 UTC */
}

static inline int
scene_draft_begin(void *arg, uint64_t *id, int64_t *arrived_ms)
{
	struct scene *s = arg;

	must(!s->has_draft);
	if (s->rc_begin != 0)
		return s->rc_begin;
	s->has_draft = true;
	s->begun++;
	buf_reset(&s->draft);
	buf_reset(&s->seen);
	*id = (uint64_t)(unsigned)s->begun;
	*arrived_ms = scene_wall_ms(arg);
	return 0;
}

static inline int
scene_draft_add(void *arg, struct slice content)
{
	struct scene *s = arg;

	must(s->has_draft);
	buf_add(&s->draft, content);
	return s->rc_add;
}

static inline void
scene_draft_abort(void *arg)
{
	struct scene *s = arg;

	must(s->has_draft);
	s->has_draft = false;
}

static inline void
scene_head(void *arg, struct slice added, struct slice header)
{
	struct scene *s = arg;

	must(s->has_draft && s->seen.n == 0);
	buf_add(&s->seen, added);
	buf_add(&s->seen, header);
}

static inline void
scene_body(void *arg, struct slice run)
{
	struct scene *s = arg;

	must(s->has_draft && s->seen.n > 0 && run.n > 0);
	buf_add(&s->seen, run);
}

static inline bool
scene_inspect(void *arg, const struct envelope *e,
    struct smtp_findings *findings)
{
	struct scene *s = arg;

	must(s->has_draft && s->asked == ASKED_NOTHING);
	must(e->recipient_count > 0);
	*findings = s->findings;
	if (s->slow)
		s->asked = ASKED_FINDINGS;
	return !s->slow;
}

static inline void
scene_commit(void *arg, struct slice prefix, const struct envelope *e)
{
	struct scene *s = arg;

	must(s->has_draft && s->asked == ASKED_NOTHING);
	must(e->size == prefix.n + s->draft.n || s->draft.n > 0);
	s->has_draft = false;
	s->asked = ASKED_COMMIT;
	s->committed++;
	buf_reset(&s->prefix);
	buf_add(&s->prefix, prefix);
	buf_reset(&s->mail);
	buf_add(&s->mail, buf_slice(&s->draft));
	buf_reset(&s->envelope);
	envelope_encode(e, &s->envelope);
}

static inline bool
scene_auth_allowed(void *arg, struct refusal *no)
{
	const struct scene *s = arg;

	return !s->auth_refused || scene_no(no, "454 4.7.0 Too many failures");
}

static inline void
scene_auth_start(void *arg, struct slice mechanism, const struct slice *initial)
{
	struct scene *s = arg;

	must(s->asked == ASKED_NOTHING);
	s->asked = ASKED_AUTH;
	must(slice_to_cstr(mechanism, s->mechanism, sizeof(s->mechanism)));
	s->rounds = 0;
	buf_reset(&s->response);
	if (initial == NULL)
		return;
	s->rounds = 1;
	buf_add(&s->response, *initial);
}

static inline void
scene_auth_response(void *arg, struct slice response)
{
	struct scene *s = arg;

	must(s->asked == ASKED_NOTHING);
	s->asked = ASKED_AUTH;
	s->rounds++;
	if (s->rounds > 1)
		buf_add_char(&s->response, '\0');
	buf_add(&s->response, response);
}

static inline void
scene_auth_cancel(void *arg)
{
	struct scene *s = arg;

	s->asked = ASKED_NOTHING;
	s->cancelled++;
}

static inline void
scene_auth_failed(void *arg, struct slice login)
{
	(void)login;
	((struct scene *)arg)->failed++;
}

static inline void
scene_flush_site(void *arg, struct slice domain)
{
	struct scene *s = arg;

	buf_reset(&s->flushed);
	buf_add(&s->flushed, domain);
}

static inline void
scene_rejected(void *arg, const struct smtp_rejection *r)
{
	must(r->reply.n > 3 && slice_find(r->reply, '\n') == r->reply.n);
	((struct scene *)arg)->rejected++;
}

static const struct smtp_host scene_host = {
	.sender = scene_sender,
	.informed = scene_informed,
	.recipient = scene_recipient,
	.wall_ms = scene_wall_ms,
	.draft_begin = scene_draft_begin,
	.draft_add = scene_draft_add,
	.draft_abort = scene_draft_abort,
	.head = scene_head,
	.body = scene_body,
	.inspect = scene_inspect,
	.commit = scene_commit,
	.auth_allowed = scene_auth_allowed,
	.auth_start = scene_auth_start,
	.auth_response = scene_auth_response,
	.auth_cancel = scene_auth_cancel,
	.auth_failed = scene_auth_failed,
	.flush_site = scene_flush_site,
	.rejected = scene_rejected,
};

static inline enum step
scene_auth_answer(struct scene *s)
{
	const struct slice mechanism = slice_of(s->mechanism);
	struct slice all = buf_slice(&s->response);

	if (slice_is_nocase(mechanism, "AWAY"))
		return smtp_server_auth_done(s->server, AUTH_TEMPORARY,
		    SLICE_NONE, SLICE_NONE, s->now);
	if (slice_starts_nocase(mechanism, "PROOF"))
		return smtp_server_auth_done(s->server, AUTH_OK, SLICE("alice"),
		    SLICE("v=proof"), s->now);
	if (slice_is_nocase(mechanism, "LOGIN") && s->rounds < 2)
		return smtp_server_auth_challenge(s->server,
		    s->rounds == 0 ? SLICE("Username:") : SLICE("Password:"),
		    s->now);
	if (s->rounds == 0)
		return smtp_server_auth_challenge(s->server, SLICE_NONE,
		    s->now);
	if (slice_eq(all, SLICE("\0alice\0secret")) ||
	    slice_eq(all, SLICE("alice\0secret")))
		return smtp_server_auth_done(s->server, AUTH_OK, SLICE("alice"),
		    SLICE_NONE, s->now);
	return smtp_server_auth_done(s->server,
	    all.n == 0 ? AUTH_MALFORMED : AUTH_FAILED, SLICE_NONE, SLICE_NONE,
	    s->now);
}

/* Answers what was asked; lets the delay of a failure pass. */
static inline enum step
scene_resume(struct scene *s)
{
	enum scene_question asked = s->asked;

	s->asked = ASKED_NOTHING;
	if (asked == ASKED_COMMIT) {
		s->acknowledged += s->rc_commit == 0;
		return smtp_server_committed(s->server, s->rc_commit, s->now);
	}
	if (asked == ASKED_NEWS) {
		s->has_news = true;
		return smtp_server_informed(s->server, s->now);
	}
	if (asked == ASKED_FINDINGS)
		return smtp_server_inspected(s->server, &s->findings, s->now);
	if (asked == ASKED_AUTH)
		return scene_auth_answer(s);
	s->now = smtp_server_deadline(s->server);
	return smtp_server_expire(s->server, s->now);
}

/*
 * Feeds as a session does: what is not eaten stays. Returns the bytes eaten
 * and the last step.
 */
static inline size_t
scene_feed(struct scene *s, struct slice in, enum step *step)
{
	size_t before = in.n;

	*step = STEP_MORE;
	while (*step == STEP_MORE && in.n > 0) {
		size_t n = smtp_server_feed(s->server, in, s->now, step);
		bool waited = *step == STEP_WAIT;

		must(n <= in.n);
		in = slice_skip(in, n);
		while (*step == STEP_WAIT)
			*step = scene_resume(s);
		if (n == 0 && *step == STEP_MORE && !waited)
			break;
	}
	return before - in.n;
}

static inline void
scene_init(struct scene *s, enum scene_kind kind)
{
	enum step step;

	*s = (struct scene){ .now = 1000 };
	s->limits = (struct limits_conf){ .message_size = 4000,
		.recipients = 3,
		.header_size = 1000,
		.received_hops = 2,
		.future_release_ms = 86400000,
		.deliver_by_ms = 60000,
		.command_errors = 5,
		.command_timeout_ms = 300000,
		.data_timeout_ms = 600000 };
	s->auth = (struct auth_conf){ .backend = AUTH_TABLE,
		.mechanisms = { scene_mechanism_names, 5 },
		.max_failures = 2 };
	s->terms = (struct smtp_terms){ .hostname = "mx.ours.example",
		.limits = &s->limits,
		.auth = &s->auth,
		.service = "relay",
		.offers_tls = true,
		.requires_helo = true };
	must(ip_parse(SLICE("192.0.2.7"), &s->terms.client));
	s->terms.is_trusted = kind == SCENE_TRUSTED;
	if (kind == SCENE_SUBMISSION || kind == SCENE_SECURED ||
	    kind == SCENE_USER) {
		s->terms.is_submission = true;
		s->terms.service = "submission";
		s->terms.requires_tls = true;
	}
	buf_init(&s->out, 1 << 20);
	buf_init(&s->response, 65536);
	buf_init(&s->draft, 65536);
	buf_init(&s->seen, 65536);
	buf_init(&s->prefix, 65536);
	buf_init(&s->mail, 65536);
	buf_init(&s->envelope, 65536);
	buf_init(&s->flushed, 65536);
	s->server = smtp_server_new(&s->terms, &scene_host, s, &s->out);
	if (kind == SCENE_SECURED || kind == SCENE_USER ||
	    kind == SCENE_RELAY_TLS)
		smtp_server_secured(s->server, "TLSv1.3 TLS_AES_256_GCM_SHA384",
		    s->now);
	must(smtp_server_start(s->server, s->now) == STEP_MORE);
	if (kind != SCENE_USER)
		return;
	(void)scene_feed(s,
	    SLICE("EHLO c.example\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
	    &step);
	must(smtp_server_login(s->server).n > 0);
	buf_reset(&s->out);
	buf_add_cstr(&s->out, "220 logged in\r\n");
}

static inline void
scene_done(struct scene *s)
{
	smtp_server_free(&s->server);
	must(!s->has_draft);
	buf_done(&s->out);
	buf_done(&s->response);
	buf_done(&s->draft);
	buf_done(&s->seen);
	buf_done(&s->prefix);
	buf_done(&s->mail);
	buf_done(&s->envelope);
	buf_done(&s->flushed);
}

#endif
