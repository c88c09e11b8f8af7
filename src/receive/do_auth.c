/*
 * receive/do_auth.c - AUTH (RFC 4954): carries the exchange between the client
 * and the authenticator, which alone knows mechanisms and passwords.
 *
 *   "AUTH" SP mechanism [ SP ( base64 / "=" ) ] CRLF
 *   *( "334" SP [ base64 ] CRLF  ( [ base64 ] / "*" ) CRLF )
 *
 * Nothing of an exchange is logged.
 */
#include "receive/verbs.h"

#include "base/alloc.h"
#include "base/base64.h"

/* What the client sent, decoded; wiped when done. */
static bool
decode(struct slice text, struct buf *out)
{
	buf_init(out, SMTP_AUTH_LINE_MAX);
	return base64_decode(text, out);
}

static void
forget(struct buf *secret)
{
	mem_free_secret(secret->p, secret->size);
	*secret = (struct buf){ 0 };
}

static const char *
objection(struct smtp_server *s, struct slice mechanism)
{
	if (!server_offers_auth(s))
		return "503 5.5.1 AUTH is not available here";
	if (s->login != NULL)
		return "503 5.5.1 Already authenticated";
	if (!server_has_mechanism(s, mechanism))
		return "504 5.5.4 Unknown mechanism";
	return NULL;
}

static enum step
start(struct smtp_server *s, struct slice mechanism, const struct slice *text)
{
	struct buf initial;
	struct slice decoded;

	if (text == NULL) {
		server_enter(s, STATE_AUTH);
		s->host->auth_start(s->arg, mechanism, NULL);
		return STEP_WAIT;
	}
	if (!decode(*text, &initial)) {
		forget(&initial);
		return fail(s, "501 5.5.2 Malformed base64");
	}
	decoded = buf_slice(&initial);
	server_enter(s, STATE_AUTH);
	s->host->auth_start(s->arg, mechanism, &decoded);
	forget(&initial);
	return STEP_WAIT;
}

enum step
do_auth(struct smtp_server *s, struct slice args)
{
	struct slice mechanism = slice_take_word(&args);
	struct slice initial = slice_take_word(&args);
	bool has_initial = initial.n > 0;
	struct refusal no = { "" };
	const char *reply = objection(s, mechanism);

	if (reply != NULL)
		return fail(s, reply);
	if (slice_trim(args).n > 0)
		return fail(s, "501 5.5.4 Syntax: AUTH mechanism [response]");
	if (s->auth_failures >= s->terms->auth->max_failures)
		return hang_up(s, "421 4.7.0 Too many failed authentications");
	if (!s->host->auth_allowed(s->arg, &no))
		return reject(s, "auth", no.text, SLICE_NONE, SLICE_NONE);
	if (slice_is(initial, "="))
		initial = SLICE_NONE;
	return start(s, mechanism, has_initial ? &initial : NULL);
}

enum step
smtp_server_auth_challenge(struct smtp_server *s, struct slice challenge,
    int64_t now)
{
	must(s->state == STATE_AUTH);
	s->now = now;
	buf_add_cstr(s->out, "334 ");
	base64_encode(challenge, s->out);
	buf_add_cstr(s->out, "\r\n");
	server_enter(s, STATE_AUTH_LINE);
	return STEP_MORE;
}

static enum step
succeed(struct smtp_server *s)
{
	s->login = s->claim;
	s->claim = NULL;
	server_enter(s, STATE_COMMAND);
	return say(s, "235 2.7.0 Authentication succeeded");
}

enum step
auth_tell_failure(struct smtp_server *s)
{
	server_enter(s, STATE_COMMAND);
	return reject(s, "auth", "535 5.7.8 Authentication failed", SLICE_NONE,
	    SLICE_NONE);
}

enum step
smtp_server_auth_done(struct smtp_server *s, enum auth_verdict verdict,
    struct slice login, struct slice additional, int64_t now)
{
	must(s->state == STATE_AUTH);
	s->now = now;
	switch (verdict) {
	case AUTH_OK:
		mem_free(s->claim);
		s->claim = mem_cstr(login);
		/* The proof to the client goes as one challenge more. */
		if (additional.n > 0)
			return smtp_server_auth_challenge(s, additional, now);
		return succeed(s);
	case AUTH_FAILED:
		s->auth_failures++;
		s->host->auth_failed(s->arg, login);
		server_enter(s, STATE_AUTH_DELAY);
		return STEP_WAIT;
	case AUTH_MALFORMED:
		server_enter(s, STATE_COMMAND);
		return fail(s, "501 5.5.2 Malformed authentication exchange");
	case AUTH_TEMPORARY:
		break;
	}
	server_enter(s, STATE_COMMAND);
	return reject(s, "auth", "454 4.7.0 Temporary authentication failure",
	    SLICE_NONE, SLICE_NONE);
}

void
auth_abandon(struct smtp_server *s)
{
	if (s->state == STATE_AUTH_LINE && s->claim == NULL)
		s->host->auth_cancel(s->arg);
	if (s->state == STATE_AUTH)
		s->host->auth_cancel(s->arg);
	mem_free(s->claim);
	s->claim = NULL;
	if (s->state == STATE_AUTH_LINE || s->state == STATE_AUTH)
		server_enter(s, STATE_COMMAND);
}

/* The exchange has succeeded; the client but takes note of our proof. */
static enum step
take_acknowledgement(struct smtp_server *s, struct slice line)
{
	if (line.n == 0)
		return succeed(s);
	auth_abandon(s);
	return fail(s, "501 5.7.0 Authentication cancelled");
}

enum step
auth_take_line(struct smtp_server *s, struct slice line)
{
	struct buf response;

	if (s->claim != NULL)
		return take_acknowledgement(s, line);
	if (slice_is(line, "*")) {
		auth_abandon(s);
		return fail(s, "501 5.7.0 Authentication cancelled");
	}
	if (!decode(line, &response)) {
		forget(&response);
		auth_abandon(s);
		return fail(s, "501 5.5.2 Malformed base64");
	}
	server_enter(s, STATE_AUTH);
	s->host->auth_response(s->arg, buf_slice(&response));
	forget(&response);
	return STEP_WAIT;
}
