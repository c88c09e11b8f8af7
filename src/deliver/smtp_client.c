/*
 * deliver/smtp_client.c - the client's side of SMTP (RFC 5321) and LMTP
 * (RFC 2033): in which order what is said, and what the answers mean for each
 * recipient.
 *
 * The states stand in the order of the conversation. With PIPELINING the
 * commands of a transaction go out at once, and the states are merely passed
 * as their replies come; without, each state sends its command when entered.
 */
#include "deliver/smtp_client.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/time.h"
#include "deliver/dialogue.h"
#include "deliver/hop.h"
#include "smtp/reply.h"

enum {
	LINE_MAX_OCTETS = 4096,       /* of a reply; RFC 5321 says 512 */
	REPLY_KEPT = 1024,            /* of a reply's text, in a fate */
	REPLIES_KEPT = 4 * 1024,      /* of all of a message's together */
	OUTPUT_MAX = 4 * 1024 * 1024, /* ours: commands of one transaction */
	/*
	 * A message of up to this goes along with MAIL and RCPT: what is lost
	 * when all recipients are refused is less than a round trip's worth.
	 */
	SAME_FLIGHT_MAX = 64 * 1024,
};

enum client_state {
	ST_BANNER,
	ST_EHLO,
	ST_HELO,
	ST_STARTTLS,
	ST_TLS,
	ST_AUTH,
	ST_READY,
	ST_RSET,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_BODY,
	ST_OVER,
	ST_COUNT
};

/* A recipient in the transaction under way. */
enum rcpt_state {
	RCPT_OUT,   /* not in it, or not any more */
	RCPT_NAMED, /* its reply is to come */
	RCPT_ACCEPTED,
};

enum content_form { CONTENT_NONE, CONTENT_DATA, CONTENT_BDAT };

struct smtp_client {
	struct smtp_client_options options;
	enum client_state state;
	bool logged_in;
	bool login_refused;
	struct login_binding binding;
	bool busy;
	bool stale; /* the server may still be in a transaction: RSET first */
	bool fresh_wait;
	bool broke_tls;
	struct hop hop;
	struct reply reply;
	struct login *login; /* owned; during AUTH */
	struct buf out;
	struct dialogue dialogue;
	struct client_failure failure;
	bool failed;
	char failure_text[REPLY_KEPT];

	/* The transaction. */
	struct smtp_message message;
	uint8_t *rcpts; /* the message's arena: enum rcpt_state */
	size_t rcpt;    /* whose reply comes next */
	size_t accepted;
	bool in_flight;           /* all commands are sent already */
	bool mail_refused;        /* and what is said to RCPT does not count */
	struct hop_message needs; /* what `message` asks of the hop */
	enum content_form form;
	bool wants_content;
	uint64_t content_left;
	size_t replies_left; /* of REPLIES_KEPT */
	struct slice last_kept;
	struct data_encoder encoder;
	uint32_t transactions;
};

static enum step got_banner(struct smtp_client *);
static enum step got_ehlo(struct smtp_client *);
static enum step got_helo(struct smtp_client *);
static enum step got_starttls(struct smtp_client *);
static enum step got_auth(struct smtp_client *);
static enum step got_unasked(struct smtp_client *);
static enum step got_rset(struct smtp_client *);
static enum step got_mail(struct smtp_client *);
static enum step got_rcpt(struct smtp_client *);
static enum step got_data(struct smtp_client *);
static enum step got_body(struct smtp_client *);

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
	[ST_BANNER] =	{ "the greeting",	     5 * MINUTE,  got_banner },
	[ST_EHLO] =	{ "the reply to EHLO",	     5 * MINUTE,  got_ehlo },
	[ST_HELO] =	{ "the reply to HELO",	     5 * MINUTE,  got_helo },
	[ST_STARTTLS] =	{ "the reply to STARTTLS",   2 * MINUTE,  got_starttls },
	[ST_TLS] =	{ "the TLS handshake",	     2 * MINUTE,  got_unasked },
	[ST_AUTH] =	{ "the reply to AUTH",	     2 * MINUTE,  got_auth },
	[ST_READY] =	{ "the next message",	     0,		  got_unasked },
	[ST_RSET] =	{ "the reply to RSET",	     5 * MINUTE,  got_rset },
	[ST_MAIL] =	{ "the reply to MAIL",	     5 * MINUTE,  got_mail },
	[ST_RCPT] =	{ "the reply to RCPT",	     5 * MINUTE,  got_rcpt },
	[ST_DATA] =	{ "the reply to DATA",	     2 * MINUTE,  got_data },
	[ST_BODY] =	{ "the reply to the message", 10 * MINUTE, got_body },
	[ST_OVER] =	{ "the end",		     5 * SECOND,  got_unasked },
};
/* clang-format on */
enum { CONTENT_PATIENCE = 3 * MINUTE };

/* --- sending --- */

/* Begins a command; what is added to c->out up to end_command() is its line. */
static size_t
begin_command(struct smtp_client *c, const char *verb)
{
	size_t at = c->out.n;

	buf_add_cstr(&c->out, verb);
	return at;
}

static void
end_command(struct smtp_client *c, size_t at)
{
	dialogue_add(&c->dialogue, "> ", slice_skip(buf_slice(&c->out), at));
	buf_add_cstr(&c->out, "\r\n");
}

static void
command(struct smtp_client *c, const char *verb)
{
	end_command(c, begin_command(c, verb));
}

static bool
offers(const struct smtp_client *c, enum ehlo_extension extension)
{
	return hop_offers(&c->hop, extension);
}

static void
send_mail(struct smtp_client *c)
{
	size_t at = c->out.n;

	hop_write_mail(&c->hop, &c->needs, &c->out);
	end_command(c, at);
}

static void
send_rcpt(struct smtp_client *c, size_t i)
{
	size_t at = c->out.n;

	hop_write_rcpt(&c->hop, &c->message.envelope->recipients[i], &c->out);
	end_command(c, at);
}

static void
open_content(struct smtp_client *c, enum content_form form)
{
	c->form = form;
	c->wants_content = true;
	c->content_left = c->message.size;
}

static void
send_bdat(struct smtp_client *c)
{
	size_t at = begin_command(c, "BDAT ");

	buf_addf(&c->out, "%llu LAST", (unsigned long long)c->message.size);
	end_command(c, at);
	open_content(c, CONTENT_BDAT);
}

/* --- states --- */

/* The only place that assigns c->state. */
static enum step
enter(struct smtp_client *c, enum client_state next)
{
	c->state = next;
	c->fresh_wait = true;
	return next == ST_READY ? STEP_WAIT
	    : next == ST_OVER   ? STEP_CLOSE
	    : next == ST_TLS    ? STEP_TLS
				: STEP_MORE;
}

static struct slice
reply_text(const struct smtp_client *c)
{
	return slice_head(buf_slice(&c->reply.text), REPLY_KEPT);
}

/* --- fates --- */

/*
 * What is said again and again is kept once. Behind the limit a reply is cut
 * to its code: its status was read before.
 */
static struct slice
keep_text(struct smtp_client *c, struct slice text)
{
	struct slice kept;

	if (text.n > 0 && slice_eq(text, c->last_kept))
		return c->last_kept;
	if (text.n > c->replies_left)
		text = slice_head(text, 3);
	kept = arena_copy(c->message.arena, text);
	if (kept.p == NULL)
		return slice_of("(the reply is lost)");
	c->replies_left -= text.n < c->replies_left ? text.n : c->replies_left;
	c->last_kept = kept;
	return kept;
}

static bool
is_success(int code)
{
	return code >= 200 && code <= 299;
}

/* The fate that the reply just read stands for; kept as long as the message. */
static struct fate
judge(struct smtp_client *c)
{
	struct fate fate = fate_from_reply(c->reply.code, reply_text(c));

	fate.reply = keep_text(c, fate.reply);
	if (fate.kind == FATE_DELIVERED && !c->options.lmtp)
		fate.kind =
		    hop_passes_dsn(&c->hop) ? FATE_PASSED : FATE_RELAYED;
	return fate;
}

/* Those that are named or accepted, and have no fate. */
static void
settle(struct smtp_client *c, enum rcpt_state which, struct fate fate)
{
	for (size_t i = 0; i < c->message.envelope->recipient_count; i++)
		if (c->rcpts[i] == (uint8_t)which &&
		    c->message.fates[i].kind == FATE_NONE)
			c->message.fates[i] = fate;
}

/*
 * The message is with the server, but what it thinks of it is not known. What
 * went in the flight of MAIL and RCPT is there before their replies come.
 */
static bool
is_undecided(const struct smtp_client *c)
{
	if (c->message.envelope == NULL || c->wants_content)
		return false;
	if (c->state == ST_BODY)
		return c->accepted > 0;
	return c->in_flight && c->form == CONTENT_BDAT && !c->mail_refused &&
	    (c->state == ST_RSET || c->state == ST_MAIL || c->state == ST_RCPT);
}

/*
 * Whoever may have the message is put off, and not tried elsewhere: that would
 * be a second copy of it for sure (RFC 1047).
 */
static void
settle_undecided(struct smtp_client *c, struct fate fate)
{
	if (!is_undecided(c))
		return;
	fate.reply = keep_text(c, fate.reply);
	settle(c, RCPT_NAMED, fate);
	settle(c, RCPT_ACCEPTED, fate);
}

/* --- failures --- */

/* The session is over; whoever has no fate yet may be tried elsewhere. */
static enum step
fail(struct smtp_client *c, enum job_trouble trouble, unsigned subject,
    unsigned detail, struct slice text)
{
	struct slice kept;

	text = slice_head(text, sizeof(c->failure_text));
	memcpy(c->failure_text, text.p, text.n);
	kept = slice_from(c->failure_text, text.n);
	c->failed = true;
	c->failure.trouble = trouble;
	c->failure.fate = fate_ours(FATE_DEFERRED, subject, detail, kept);
	settle_undecided(c, c->failure.fate);
	dialogue_add(&c->dialogue, "* ", kept);
	return enter(c, ST_OVER);
}

static enum step
fail_while_waiting(struct smtp_client *c, const char *what)
{
	struct buf text;
	enum step step;

	buf_init(&text, REPLY_KEPT);
	c->broke_tls = c->state == ST_TLS;
	buf_addf(&text, "451 %s %s while waiting for %s",
	    c->broke_tls ? "4.7.5" : "4.4.2", what,
	    states[c->state].waiting_for);
	step = c->broke_tls
	    ? fail(c, TROUBLE_SITE, 7, 5, buf_slice(&text))
	    : fail(c, TROUBLE_CONNECTION, 4, 2, buf_slice(&text));
	buf_done(&text);
	return step;
}

/*
 * The server's reply ends the session. Even a 5yz is no verdict on a
 * recipient: it was said before anyone was named, or without reason.
 */
static enum step
fail_by_reply(struct smtp_client *c, enum job_trouble trouble)
{
	struct fate fate = fate_from_reply(c->reply.code, reply_text(c));
	enum step step;

	if (c->reply.code < 400)
		return fail_while_waiting(c, "A reply out of place came");
	step =
	    fail(c, trouble, fate.code.subject, fate.code.detail, fate.reply);
	c->failure.fate.smtp_code = fate.smtp_code;
	c->failure.fate.ours = false;
	return step;
}

static enum step
say_hello(struct smtp_client *c)
{
	size_t at = begin_command(c, c->options.lmtp ? "LHLO " : "EHLO ");

	ehlo_init(&c->hop.ehlo);
	buf_add_cstr(&c->out, c->options.helo);
	end_command(c, at);
	return enter(c, ST_EHLO);
}

static enum step
transaction_done(struct smtp_client *c)
{
	c->message = (struct smtp_message){ 0 };
	c->rcpts = NULL;
	c->wants_content = false;
	c->form = CONTENT_NONE;
	c->transactions++;
	/* RFC 9422: so many a session. */
	if (c->hop.ehlo.mail_max > 0 && c->transactions >= c->hop.ehlo.mail_max)
		return smtp_client_quit(c);
	return enter(c, ST_READY);
}

/* The index of the next one in that state, from `from` on; or the count. */
static size_t
next_rcpt(const struct smtp_client *c, size_t from, enum rcpt_state state)
{
	size_t n = c->message.envelope->recipient_count;

	while (from < n && c->rcpts[from] != (uint8_t)state)
		from++;
	return from;
}

static bool
has_rcpt(const struct smtp_client *c)
{
	return c->rcpt < c->message.envelope->recipient_count;
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

/* --- the conversation --- */

static enum step
got_banner(struct smtp_client *c)
{
	if (c->reply.code != 220)
		return fail_by_reply(c,
		    c->reply.code / 100 == 4 ? TROUBLE_BUSY : TROUBLE_SITE);
	return say_hello(c);
}

static struct login_means
login_means_of(const struct smtp_client *c)
{
	return (struct login_means){ .user = c->options.user,
		.password = c->options.password,
		.token = c->options.token,
		.host = c->options.host,
		.port = c->options.port,
		.binding = c->binding };
}

static enum step
start_auth(struct smtp_client *c)
{
	const struct login_means means = login_means_of(c);
	const char *const *mechanism = login_mechanisms(&means);
	size_t at;

	if (!c->hop.secured)
		return fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 The next hop offers no TLS, and the "
			     "password goes nowhere without"));
	while (
	    *mechanism != NULL && !ehlo_offers_auth(&c->hop.ehlo, *mechanism))
		mechanism++;
	if (*mechanism == NULL)
		return fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 The next hop offers no AUTH "
			     "mechanism that we have"));
	c->login = login_new(c->options.library, *mechanism, &means);
	if (c->login == NULL)
		return fail(c, TROUBLE_LOCAL, 7, 0,
		    slice_of("451 4.7.0 AUTH can't begin"));
	at = begin_command(c, "AUTH ");
	buf_add_cstr(&c->out, *mechanism);
	dialogue_add(&c->dialogue, "> ", slice_skip(buf_slice(&c->out), at));
	if (login_has_initial(c->login)) {
		buf_add_char(&c->out, ' ');
		if (login_answer(c->login, SLICE_NONE, &c->out) == LOGIN_FAILED)
			return fail(c, TROUBLE_LOCAL, 7, 0,
			    slice_of("451 4.7.0 AUTH can't begin"));
	}
	buf_add_cstr(&c->out, "\r\n");
	return enter(c, ST_AUTH);
}

/* Greeted, and secured if that is to be: log in, or be ready. */
static enum step
greeted(struct smtp_client *c)
{
	if (c->options.tls == CLIENT_TLS_REQUIRED && !c->hop.secured)
		return fail(c, TROUBLE_SITE, 7, 10,
		    slice_of("451 4.7.10 The next hop offers no TLS, which "
			     "our policy demands"));
	if (c->options.user != NULL && !c->logged_in)
		return start_auth(c);
	return enter(c, ST_READY);
}

static enum step
got_ehlo(struct smtp_client *c)
{
	int code = c->reply.code;

	if (is_success(code)) {
		if (!c->hop.secured && c->options.tls != CLIENT_TLS_NEVER &&
		    offers(c, EHLO_STARTTLS)) {
			command(c, "STARTTLS");
			return enter(c, ST_STARTTLS);
		}
		return greeted(c);
	}
	/* RFC 5321, 3.2: servers that know no EHLO are greeted with HELO. */
	if (code / 100 == 5 && !c->options.lmtp && !c->hop.secured) {
		size_t at = begin_command(c, "HELO ");

		ehlo_init(&c->hop.ehlo);
		buf_add_cstr(&c->out, c->options.helo);
		end_command(c, at);
		return enter(c, ST_HELO);
	}
	return fail_by_reply(c, code / 100 == 4 ? TROUBLE_BUSY : TROUBLE_SITE);
}

static enum step
got_helo(struct smtp_client *c)
{
	if (!is_success(c->reply.code))
		return fail_by_reply(c, TROUBLE_SITE);
	return greeted(c);
}

/* That nothing came behind the 220 in plain text, feed() has seen to. */
static enum step
got_starttls(struct smtp_client *c)
{
	if (c->reply.code == 220)
		return enter(c, ST_TLS);
	if (c->options.tls == CLIENT_TLS_REQUIRED)
		return fail_by_reply(c, TROUBLE_SITE);
	return greeted(c);
}

static enum step
got_auth(struct smtp_client *c)
{
	struct slice challenge = reply_text(c);
	enum login_progress progress;

	if (is_success(c->reply.code)) {
		if (!login_is_done(c->login))
			return fail(c, TROUBLE_SITE, 7, 0,
			    slice_of("451 4.7.0 The next hop did not prove "
				     "that it knows the password"));
		login_free(&c->login);
		c->logged_in = true;
		return enter(c, ST_READY);
	}
	if (c->reply.code != 334) {
		c->login_refused =
		    c->reply.code / 100 == 5 || login_was_refused(c->login);
		return fail_by_reply(c, TROUBLE_SITE);
	}
	(void)slice_take_prefix(&challenge, "334");
	progress = login_answer(c->login, challenge, &c->out);
	if (progress == LOGIN_FAILED) {
		buf_add_cstr(&c->out, "*\r\n");
		return fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 AUTH failed: the next hop's "
			     "challenge is wrong"));
	}
	dialogue_add(&c->dialogue, "> ", slice_of("(hidden)"));
	buf_add_cstr(&c->out, "\r\n");
	return enter(c, ST_AUTH);
}

/* A server that says goodbye (or anything) while nothing was asked. */
static enum step
got_unasked(struct smtp_client *c)
{
	return fail_by_reply(c, TROUBLE_CONNECTION);
}

static enum step
begin_mail(struct smtp_client *c)
{
	if (!c->in_flight)
		send_mail(c);
	return enter(c, ST_MAIL);
}

static enum step
got_rset(struct smtp_client *c)
{
	c->stale = false;
	return begin_mail(c);
}

static enum step
begin_rcpt(struct smtp_client *c)
{
	if (!c->in_flight)
		send_rcpt(c, c->rcpt);
	return enter(c, ST_RCPT);
}

static enum step
got_mail(struct smtp_client *c)
{
	if (!is_success(c->reply.code)) {
		settle(c, RCPT_NAMED, judge(c));
		if (!c->in_flight)
			return transaction_done(c);
		c->mail_refused = true;
		c->stale = true;
	}
	/* In flight, the replies to RCPT come in any case. */
	return begin_rcpt(c);
}

/*
 * All recipients are answered. In flight the server is at DATA or BDAT
 * already; else the message is offered if anybody takes it.
 */
static enum step
begin_data(struct smtp_client *c)
{
	if (c->in_flight && c->form == CONTENT_BDAT)
		return enter(c, ST_BODY);
	if (c->in_flight && !hop_takes_bdat(&c->hop))
		return enter(c, ST_DATA);
	/* A large message waits until somebody is known to take it. */
	if (c->accepted == 0) {
		c->stale = true;
		return transaction_done(c);
	}
	if (hop_takes_bdat(&c->hop)) {
		send_bdat(c);
		return enter(c, ST_BODY);
	}
	command(c, "DATA");
	return enter(c, ST_DATA);
}

/*
 * RFC 5321, 4.5.3.1.10: 452 (or, of old, 552) to one of many recipients says
 * that there were too many for one transaction. The next one takes the rest.
 */
static bool
says_enough(const struct smtp_client *c)
{
	struct status_code s = c->reply.status;

	return c->accepted > 0 &&
	    (c->reply.code == 452 || c->reply.code == 552) &&
	    (s.class == 0 || (s.subject == 5 && s.detail == 3));
}

static enum step
got_rcpt(struct smtp_client *c)
{
	bool accepted = !c->mail_refused && is_success(c->reply.code);

	must(c->rcpts[c->rcpt] == RCPT_NAMED);
	if (!accepted && !c->mail_refused && !says_enough(c))
		c->message.fates[c->rcpt] = judge(c);
	c->rcpts[c->rcpt] = accepted ? RCPT_ACCEPTED : RCPT_OUT;
	c->accepted += accepted ? 1 : 0;
	c->rcpt = next_rcpt(c, c->rcpt + 1, RCPT_NAMED);
	return has_rcpt(c) ? begin_rcpt(c) : begin_data(c);
}

static enum step
got_data(struct smtp_client *c)
{
	int code = c->reply.code;

	if (is_success(code) || (code / 100 == 3 && code != 354))
		return fail_by_reply(c, TROUBLE_CONNECTION);
	if (code != 354) {
		settle(c, RCPT_ACCEPTED, judge(c));
		c->stale = true;
		return transaction_done(c);
	}
	if (c->accepted > 0) {
		data_encoder_init(&c->encoder);
		open_content(c, CONTENT_DATA);
		return enter(c, ST_BODY);
	}
	/*
	 * RFC 2920, 3.1: a server that takes DATA without recipients gets an
	 * empty message, whose reply counts for nobody. In LMTP there would be
	 * no reply: one comes for each recipient (RFC 2033, 4.2).
	 */
	if (c->options.lmtp)
		return smtp_client_quit(c);
	command(c, ".");
	return enter(c, ST_BODY);
}

/*
 * The server did not wait for the end of the message. If it says no, so be it,
 * but the rest of the message can't be unsaid: the connection is lost.
 */
static enum step
got_early_reply(struct smtp_client *c)
{
	if (c->reply.code < 400)
		return fail_by_reply(c, TROUBLE_CONNECTION);
	settle(c, RCPT_ACCEPTED, judge(c));
	return enter(c, ST_OVER);
}

static enum step
got_body(struct smtp_client *c)
{
	if (c->wants_content)
		return got_early_reply(c);
	if (c->form == CONTENT_BDAT && !is_success(c->reply.code))
		c->stale = true;
	if (c->accepted == 0)
		return transaction_done(c);
	if (c->options.lmtp) {
		size_t i = next_rcpt(c, 0, RCPT_ACCEPTED);

		c->message.fates[i] = judge(c);
		c->rcpts[i] = RCPT_OUT;
		if (next_rcpt(c, i + 1, RCPT_ACCEPTED) <
		    c->message.envelope->recipient_count)
			return enter(c, ST_BODY);
	} else {
		settle(c, RCPT_ACCEPTED, judge(c));
	}
	return transaction_done(c);
}

/*
 * 421 may come at any moment. To a whole message it is an answer; else the
 * recipients may be tried elsewhere.
 */
static enum step
got_421(struct smtp_client *c)
{
	if (c->state == ST_BODY && is_undecided(c))
		settle(c, RCPT_ACCEPTED, judge(c));
	c->form = CONTENT_NONE; /* a message in flight is not taken */
	return fail_by_reply(c, TROUBLE_BUSY);
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

/* --- reading --- */

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
	step = progress == REPLY_WHOLE ? got_reply(c)
				       : fail_while_waiting(c, "Garbage came");
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
			step = fail_while_waiting(c, "An endless line came");
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
		step = fail_while_waiting(c, "Plain text came");
	if (c->state == ST_OVER) {
		*eaten = in.n;
		return STEP_CLOSE;
	}
	*eaten = in.n - rest.n;
	return step;
}

/* --- from outside --- */

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
	(void)enter(c, ST_BANNER);
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
	return c->state == ST_TLS ? say_hello(c) : STEP_MORE;
}

/* Names as many as one transaction takes; returns how many. */
static size_t
name_recipients(struct smtp_client *c)
{
	const struct smtp_message *m = &c->message;
	const struct envelope *e = m->envelope;
	size_t named = 0, most = c->hop.ehlo.rcpt_max;
	struct fate why;
	bool refused;

	c->needs = (struct hop_message){ .envelope = e,
		.size = m->size,
		.utf8_header = m->utf8_header,
		.utf8 = m->utf8_header || !hop_is_ascii(e->sender) };
	refused = hop_refuses_message(&c->hop, &c->needs, &why);
	for (size_t i = 0; i < e->recipient_count; i++) {
		struct slice address = e->recipients[i].address;

		if (m->fates[i].kind != FATE_NONE ||
		    (most > 0 && named == most))
			continue;
		if (refused || hop_refuses_recipient(&c->hop, address, &why)) {
			m->fates[i] = why;
			continue;
		}
		c->needs.utf8 = c->needs.utf8 || !hop_is_ascii(address);
		c->rcpts[i] = RCPT_NAMED;
		named++;
	}
	return named;
}

/* RFC 2920: the whole transaction, as far as it goes without an answer. */
static void
send_flight(struct smtp_client *c)
{
	if (c->stale)
		command(c, "RSET");
	send_mail(c);
	for (size_t i = 0; i < c->message.envelope->recipient_count; i++)
		if (c->rcpts[i] == RCPT_NAMED)
			send_rcpt(c, i);
	if (!hop_takes_bdat(&c->hop))
		command(c, "DATA");
	else if (c->message.size <= SAME_FLIGHT_MAX)
		send_bdat(c);
}

enum step
smtp_client_send(struct smtp_client *c, const struct smtp_message *message)
{
	must(c->state == ST_READY);
	c->message = *message;
	c->accepted = 0;
	c->busy = false;
	c->mail_refused = false;
	c->replies_left = REPLIES_KEPT;
	c->last_kept = SLICE_NONE;
	c->rcpts = arena_alloc(message->arena,
	    message->envelope->recipient_count, sizeof(*c->rcpts));
	if (c->rcpts == NULL)
		return fail(c, TROUBLE_LOCAL, 3, 0,
		    slice_of("451 4.3.0 Too many recipients in one job"));
	if (name_recipients(c) == 0) {
		c->message = (struct smtp_message){ 0 };
		c->rcpts = NULL;
		return STEP_WAIT;
	}
	c->rcpt = next_rcpt(c, 0, RCPT_NAMED);
	c->in_flight = offers(c, EHLO_PIPELINING);
	c->form = CONTENT_NONE;
	if (c->in_flight)
		send_flight(c);
	if (!c->stale)
		return begin_mail(c);
	if (!c->in_flight)
		command(c, "RSET");
	return enter(c, ST_RSET);
}

enum step
smtp_client_quit(struct smtp_client *c)
{
	if (c->state != ST_OVER)
		command(c, "QUIT");
	return enter(c, ST_OVER);
}

/*
 * A reply that was begun but not ended: its code is that of all its lines, so
 * that who heard "250-" knows that the message was taken.
 */
static void
settle_half_said(struct smtp_client *c)
{
	size_t i;

	if (c->state != ST_BODY || !is_undecided(c) || c->reply.lines == 0 ||
	    !is_success(c->reply.code))
		return;
	if (!c->options.lmtp) {
		settle(c, RCPT_ACCEPTED, judge(c));
		return;
	}
	i = next_rcpt(c, 0, RCPT_ACCEPTED);
	c->message.fates[i] = judge(c);
	c->rcpts[i] = RCPT_OUT;
}

void
smtp_client_lost(struct smtp_client *c, int rc)
{
	const char *what = rc == ERR_TIMEOUT ? "Time ran out"
	    : rc == ERR_TLS                  ? "TLS failed"
					     : "The connection was lost";

	if (c->state == ST_OVER)
		return;
	settle_half_said(c);
	(void)fail_while_waiting(c, what);
}

struct buf *
smtp_client_output(struct smtp_client *c)
{
	return &c->out;
}

bool
smtp_client_wants_content(const struct smtp_client *c, uint64_t *left)
{
	*left = c->content_left;
	return c->wants_content && c->state != ST_OVER;
}

bool
smtp_client_takes_raw(const struct smtp_client *c)
{
	return c->form == CONTENT_BDAT;
}

void
smtp_client_content_went(struct smtp_client *c, uint64_t octets)
{
	char text[64];
	struct slice said;

	must(c->wants_content && octets <= c->content_left);
	c->content_left -= octets;
	c->fresh_wait = true;
	if (c->content_left > 0)
		return;
	c->wants_content = false;
	(void)snprintf(text, sizeof(text), "(%llu octets)",
	    (unsigned long long)c->message.size);
	said = slice_of(text);
	dialogue_add(&c->dialogue, "> ", said);
}

void
smtp_client_content(struct smtp_client *c, struct slice piece,
    data_sink_fn *sink, void *arg)
{
	must(c->wants_content && piece.n <= c->content_left);
	if (c->form == CONTENT_DATA)
		data_encoder_feed(&c->encoder, piece, sink, arg);
	else if (piece.n > 0)
		sink(piece, arg);
	if (c->form == CONTENT_DATA && piece.n == c->content_left)
		data_encoder_end(&c->encoder, sink, arg);
	smtp_client_content_went(c, piece.n);
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
smtp_client_bind(struct smtp_client *c, const struct login_binding *binding)
{
	c->binding = *binding;
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
