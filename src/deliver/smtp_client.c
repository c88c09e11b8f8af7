/*
 * deliver/smtp_client.c - the client's side of SMTP (RFC 5321) and LMTP
 * (RFC 2033): in which order what is said, and what the answers mean for each
 * recipient. Here are the states, reading, and the whole; what is said in them
 * stands in client_greeting.c and client_transaction.c.
 *
 * The states stand in the order of the conversation. With PIPELINING the
 * commands of a transaction go out at once, and the states are merely passed
 * as their replies come; without, each state sends its command when entered.
 */
#include "deliver/smtp_client_inside.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/time.h"
#include "deliver/login.h"

enum {
	LINE_MAX_OCTETS = 4096,       /* of a reply; RFC 5321 says 512 */
	OUTPUT_MAX = 4 * 1024 * 1024, /* ours: commands of one transaction */
	CONTENT_PATIENCE = 3 * MINUTE,
};

static enum step got_unasked(struct smtp_client *);

/*
 * What we are waiting for, how long we may wait (RFC 5321, 4.5.3.2; it gives
 * no figure for EHLO, STARTTLS, AUTH and RSET), who reads the reply, and what
 * the log says if it never comes.
 */
/* clang-format off */
static const struct {
	const char *waiting_for;
	int64_t patience;
	enum step (*got)(struct smtp_client *);
} states[ST_COUNT] = {
	[ST_BANNER] =   { "the greeting",             5 * MINUTE,  got_banner },
	[ST_EHLO] =     { "the reply to EHLO",        5 * MINUTE,  got_ehlo },
	[ST_HELO] =     { "the reply to HELO",        5 * MINUTE,  got_helo },
	[ST_STARTTLS] = { "the reply to STARTTLS",    2 * MINUTE,  got_starttls },
	[ST_TLS] =      { "the TLS handshake",        2 * MINUTE,  got_unasked },
	[ST_AUTH] =     { "the reply to AUTH",        2 * MINUTE,  got_auth },
	[ST_READY] =    { "the next message",         0,           got_unasked },
	[ST_RSET] =     { "the reply to RSET",        5 * MINUTE,  got_rset },
	[ST_MAIL] =     { "the reply to MAIL",        5 * MINUTE,  got_mail },
	[ST_RCPT] =     { "the reply to RCPT",        5 * MINUTE,  got_rcpt },
	[ST_DATA] =     { "the reply to DATA",        2 * MINUTE,  got_data },
	[ST_BODY] =     { "the reply to the message", 10 * MINUTE, got_body },
	[ST_OVER] =     { "the end",                  5 * SECOND,  got_unasked },
};
/* clang-format on */

size_t
client_begin_command(struct smtp_client *c, const char *verb)
{
	size_t at = c->out.n;

	buf_add_cstr(&c->out, verb);
	return at;
}

void
client_end_command(struct smtp_client *c, size_t at)
{
	dialogue_add(&c->dialogue, "> ", slice_skip(buf_slice(&c->out), at));
	buf_add_cstr(&c->out, "\r\n");
}

void
client_command(struct smtp_client *c, const char *verb)
{
	client_end_command(c, client_begin_command(c, verb));
}

bool
client_offers(const struct smtp_client *c, enum ehlo_extension extension)
{
	return hop_offers(&c->hop, extension);
}

enum step
client_enter(struct smtp_client *c, enum client_state next)
{
	c->state = next;
	c->fresh_wait = true;
	return next == ST_READY ? STEP_WAIT
	    : next == ST_OVER   ? STEP_CLOSE
	    : next == ST_TLS    ? STEP_TLS
				: STEP_MORE;
}

const char *
client_waits_for(const struct smtp_client *c)
{
	return states[c->state].waiting_for;
}

struct slice
client_reply_text(const struct smtp_client *c)
{
	return slice_head(buf_slice(&c->reply.text), CLIENT_REPLY_KEPT);
}

/* Codes by which a site says that it has too much to do. */
static bool
says_busy(const struct reply *reply)
{
	struct status_code s = reply->status;

	return reply->code == 421 ||
	    (s.class == 4 &&
		((s.subject == 3 && s.detail == 2) ||
		    (s.subject == 4 && s.detail == 5) ||
		    (s.subject == 7 && s.detail == 28)));
}

/* A server that says goodbye (or anything) while nothing was asked. */
static enum step
got_unasked(struct smtp_client *c)
{
	return client_fail_by_reply(c, TROUBLE_CONNECTION);
}

/*
 * 421 may come at any moment. To a whole message it is an answer; else the
 * recipients may be tried elsewhere.
 */
static enum step
got_421(struct smtp_client *c)
{
	if (c->state == ST_BODY && client_is_undecided(c))
		client_settle(c, RCPT_ACCEPTED, client_judge(c));
	c->form = CONTENT_NONE; /* a message in flight is not taken */
	return client_fail_by_reply(c, TROUBLE_BUSY);
}

static enum step
got_reply(struct smtp_client *c)
{
	if (says_busy(&c->reply))
		c->busy = true;
	if (c->reply.code == 421 && c->state != ST_READY)
		return got_421(c);
	return states[c->state].got(c);
}

static void
note_line(struct smtp_client *c, struct slice line)
{
	/* What AUTH is made of is nobody's business. */
	if (c->state == ST_AUTH && slice_starts(line, "334"))
		line = SLICE("334 (hidden)");
	dialogue_add(&c->dialogue, "< ", line);
}

static enum step
got_line(struct smtp_client *c, struct slice line)
{
	struct reply_line parsed;
	enum reply_progress progress;
	enum step step;

	note_line(c, line);
	if (c->state == ST_EHLO && c->reply.lines > 0 &&
	    reply_line_parse(line, &parsed))
		ehlo_add_line(&c->hop.ehlo, parsed.text);
	progress = reply_add_line(&c->reply, line);
	if (progress == REPLY_MORE)
		return STEP_MORE;
	step = progress == REPLY_WHOLE
	    ? got_reply(c)
	    : client_fail_while_waiting(c, "Garbage came");
	reply_reset(&c->reply);
	return step;
}

enum step
smtp_client_feed(struct smtp_client *c, struct slice in, size_t *eaten)
{
	struct slice rest = in;
	enum step step = STEP_MORE;

	while (step == STEP_MORE && rest.n > 0 && c->state != ST_OVER) {
		size_t end = slice_find(rest, '\n');
		struct slice line = slice_head(rest, end);

		if (line.n > LINE_MAX_OCTETS) {
			step = client_fail_while_waiting(c,
			    "An endless line came");
			break;
		}
		if (end == rest.n)
			break;
		rest = slice_skip(rest, end + 1);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		step = got_line(c, line);
	}
	/*
	 * RFC 3207, 4.2: what stands behind the reply to STARTTLS was put there
	 * by somebody who can't do TLS.
	 */
	if (step == STEP_TLS && rest.n > 0)
		step = client_fail_while_waiting(c, "Plain text came");
	if (c->state == ST_OVER) {
		*eaten = in.n;
		return STEP_CLOSE;
	}
	*eaten = in.n - rest.n;
	return step;
}

struct smtp_client *
smtp_client_new(const struct smtp_client_options *options)
{
	struct smtp_client *c = mem_zero(sizeof(*c));

	c->options = *options;
	c->hop.lmtp = options->lmtp;
	reply_init(&c->reply);
	ehlo_init(&c->hop.ehlo);
	buf_init(&c->out, OUTPUT_MAX);
	dialogue_init(&c->dialogue);
	(void)client_enter(c, ST_BANNER);
	return c;
}

void
smtp_client_free(struct smtp_client **client)
{
	struct smtp_client *c = *client;

	if (c == NULL)
		return;
	login_free(&c->login);
	reply_done(&c->reply);
	buf_done(&c->out);
	dialogue_done(&c->dialogue);
	mem_free(c);
	*client = NULL;
}

enum step
smtp_client_secured(struct smtp_client *c, bool verified)
{
	must(c->state == ST_TLS || c->state == ST_BANNER);
	c->hop.secured = true;
	c->hop.verified = verified;
	/* RFC 3207, 4.2: all that was learned before is forgotten. */
	return c->state == ST_TLS ? client_say_hello(c) : STEP_MORE;
}

enum step
smtp_client_quit(struct smtp_client *c)
{
	if (c->state != ST_OVER)
		client_command(c, "QUIT");
	return client_enter(c, ST_OVER);
}

void
smtp_client_lost(struct smtp_client *c, int rc)
{
	const char *what = rc == ERR_TIMEOUT ? "Time ran out"
	    : rc == ERR_TLS                  ? "TLS failed"
					     : "The connection was lost";

	if (c->state == ST_OVER)
		return;
	client_settle_half_said(c);
	(void)client_fail_while_waiting(c, what);
}

struct buf *
smtp_client_output(struct smtp_client *c)
{
	return &c->out;
}

bool
smtp_client_new_patience(struct smtp_client *c, int64_t *ms)
{
	if (!c->fresh_wait)
		return false;
	c->fresh_wait = false;
	*ms = c->wants_content ? (int64_t)CONTENT_PATIENCE
			       : states[c->state].patience;
	return true;
}

bool
smtp_client_is_ready(const struct smtp_client *c)
{
	return c->state == ST_READY;
}

bool
smtp_client_broke_tls(const struct smtp_client *c)
{
	return c->broke_tls;
}

const struct client_failure *
smtp_client_failure(const struct smtp_client *c)
{
	return c->failed ? &c->failure : NULL;
}

void
smtp_client_set_helo(struct smtp_client *c, const char *helo)
{
	must(c->state == ST_BANNER);
	c->options.helo = helo;
}

void
smtp_client_bind(struct smtp_client *c, const struct login_binding *binding)
{
	c->binding = *binding;
}

bool
smtp_client_keeps_tls(const struct smtp_client *c)
{
	return hop_keeps_tls(&c->hop);
}

bool
smtp_client_login_refused(const struct smtp_client *c)
{
	return c->login_refused;
}

bool
smtp_client_is_busy(const struct smtp_client *c)
{
	return c->busy;
}

struct slice
smtp_client_dialogue(const struct smtp_client *c)
{
	return buf_slice(&c->dialogue.text);
}

void
smtp_client_clear_dialogue(struct smtp_client *c)
{
	dialogue_clear(&c->dialogue);
}

void
smtp_client_note(struct smtp_client *c, struct slice text)
{
	dialogue_add(&c->dialogue, "* ", text);
}
