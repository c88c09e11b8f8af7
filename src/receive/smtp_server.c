/*
 * receive/smtp_server.c - lines, states, sequence and time of one session.
 *
 * What a single verb means stands in its own file. Nothing here reads a
 * socket, and no line ends at anything but CRLF.
 */
#include "receive/smtp_server.h"

#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/time.h"
#include "receive/verbs.h"

enum {
	IDLE_COMMANDS_MAX = 100, /* NOOP, RSET ... between two messages */
	DISCARD_MAX = 65536,     /* of a line that is too long */
	REFUSED_FACTOR = 10,     /* refused recipients for one error */
	CONTENT_RATE_MIN = 1,    /* octets per millisecond, see below */
	TLS_PATIENCE = 60 * SECOND,
	AUTH_PATIENCE = 30 * SECOND,
};

/* --- replies --- */

enum step
say(struct smtp_server *s, const char *reply)
{
	buf_add_cstr(s->out, reply);
	buf_add_cstr(s->out, "\r\n");
	return STEP_MORE;
}

enum step
hang_up(struct smtp_server *s, const char *reply)
{
	(void)say(s, reply);
	auth_abandon(s);
	server_phase(s, PHASE_HELLO);
	server_enter(s, STATE_CLOSED);
	return STEP_CLOSE;
}

enum step
fail(struct smtp_server *s, const char *reply)
{
	if (++s->errors > s->terms->limits->command_errors)
		return hang_up(s, "421 4.7.0 Too many errors");
	return say(s, reply);
}

/*
 * A reply that was made elsewhere, perhaps from configuration: one line of
 * printable characters that says no, or it is replaced.
 */
static const char *
checked(const char *reply)
{
	struct slice s = slice_of(reply);

	if (s.n < 4 || (s.p[0] != '4' && s.p[0] != '5') ||
	    !ascii_is_digit(s.p[1]) || !ascii_is_digit(s.p[2]) || s.p[3] != ' ')
		return "451 4.3.0 Local error, please try again later";
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_control(s.p[i]))
			return "451 4.3.0 Local error, please try again later";
	return reply;
}

enum step
reject(struct smtp_server *s, const char *stage, const char *reply,
    struct slice sender, struct slice recipient)
{
	reply = checked(reply);
	s->host->rejected(s->arg,
	    &(struct smtp_rejection){ .stage = stage,
		.reply = slice_of(reply),
		.sender = sender,
		.recipient = recipient });
	return say(s, reply);
}

/* --- states and their time --- */

/*
 * Content may take data_timeout, and beyond it as long as one octet per
 * millisecond has come on average; nothing at all for command_timeout ends it
 * in any case. So a slow line carries a large message, and a client that
 * dribbles is cut off.
 */
static int64_t
content_deadline(const struct smtp_server *s)
{
	int64_t overall = s->content_since + s->terms->limits->data_timeout_ms +
	    (int64_t)(s->content_octets / CONTENT_RATE_MIN);
	int64_t silence = s->now + s->terms->limits->command_timeout_ms;

	return overall < silence ? overall : silence;
}

static int64_t
patience(const struct smtp_server *s, enum state state)
{
	switch (state) {
	case STATE_PAUSE:
		return s->now + s->terms->greet_pause_ms;
	case STATE_COMMAND:
	case STATE_AUTH_LINE:
		return s->now + s->terms->limits->command_timeout_ms;
	case STATE_DATA:
	case STATE_CHUNK:
		return content_deadline(s);
	case STATE_TLS:
		return s->now + TLS_PATIENCE;
	case STATE_AUTH:
		return s->now + AUTH_PATIENCE;
	case STATE_AUTH_DELAY:
		/* Slower each time, so that guessing does not pay. */
		return s->now +
		    SECOND * (s->auth_failures < 3 ? s->auth_failures : 3);
	case STATE_NEWS: /* the host sees to it that these two end */
	case STATE_FINDINGS:
	case STATE_COMMIT: /* only the disk knows; no other answer is true */
	case STATE_CLOSED:
	case STATE_COUNT:
		break;
	}
	return INT64_MAX;
}

void
server_enter(struct smtp_server *s, enum state state)
{
	s->state = state;
	s->deadline = patience(s, state);
}

void
server_phase(struct smtp_server *s, enum phase phase)
{
	s->phase = phase;
	if (phase <= PHASE_READY && s->transaction != NULL)
		transaction_reset(s->transaction);
}

bool
server_is_secured(const struct smtp_server *s)
{
	return s->tls != NULL;
}

/* --- the commands --- */

static enum step
do_starttls(struct smtp_server *s, struct slice args)
{
	(void)args;
	if (server_is_secured(s))
		return fail(s, "503 5.5.1 TLS is already active");
	if (!s->terms->offers_tls)
		return fail(s, "502 5.5.1 STARTTLS is not available");
	/*
	 * Whatever stands behind it in plain text was written before TLS, by
	 * the client or by somebody between us; it must never be read after.
	 */
	if (s->more)
		return hang_up(s,
		    "554 5.5.1 Input behind STARTTLS, connection closed");
	(void)say(s, "220 2.0.0 Ready to start TLS");
	server_enter(s, STATE_TLS);
	return STEP_TLS;
}

static enum step
do_rset(struct smtp_server *s, struct slice args)
{
	(void)args;
	if (s->phase > PHASE_READY)
		server_phase(s, PHASE_READY);
	return say(s, "250 2.0.0 Ok");
}

static enum step
do_noop(struct smtp_server *s, struct slice args)
{
	(void)args;
	return say(s, "250 2.0.0 Ok");
}

/* Says nothing about who is here (RFC 5321, 7.3). */
static enum step
do_vrfy(struct smtp_server *s, struct slice args)
{
	(void)args;
	return say(s,
	    "252 2.5.2 Cannot verify, but will take mail and try to deliver");
}

static enum step
do_expn(struct smtp_server *s, struct slice args)
{
	(void)args;
	return fail(s, "502 5.5.1 EXPN is not available");
}

static enum step
do_help(struct smtp_server *s, struct slice args)
{
	(void)args;
	return say(s,
	    "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY "
	    "STARTTLS AUTH ETRN; see RFC 5321");
}

static enum step
do_quit(struct smtp_server *s, struct slice args)
{
	(void)args;
	return hang_up(s, "221 2.0.0 Bye");
}

/* A browser or proxy that was led here to speak SMTP for somebody. */
static enum step
do_http(struct smtp_server *s, struct slice args)
{
	(void)args;
	return hang_up(s, "554 5.5.1 This is SMTP");
}

#define IN(phase) (1u << PHASE_##phase)
#define IN_TRANSACTION (IN(SENDER) | IN(RCPTS) | IN(CHUNKS))
#define ANYTIME (IN(HELLO) | IN(READY) | IN_TRANSACTION)

enum rule {
	ARGS = 1,      /* needs arguments */
	BARE = 2,      /* takes none */
	OPEN = 4,      /* even before TLS and AUTH, where these are required */
	UNDER_TLS = 8, /* 538 in plain text */
	MAILS = 16,    /* takes part in carrying mail; others are counted */
	NEWS = 32,     /* waits until the host is informed */
};

struct command {
	const char *verb;
	unsigned phases;
	unsigned rules;
	verb_fn *run;
};

/*
 * All of the command sequencing (RFC 5321, 4.1.4). dispatch() enforces every
 * column, so no handler ever asks "may I run now?".
 */
/* clang-format off */
static const struct command commands[] = {
	/* verb	      when it may come		rules			handler */
	{ "MAIL",     IN(READY),		ARGS | MAILS,		do_mail },
	{ "RCPT",     IN(SENDER) | IN(RCPTS),	ARGS | MAILS | NEWS,	do_rcpt },
	{ "DATA",     IN(SENDER) | IN(RCPTS),	BARE | MAILS,		do_data },
	{ "BDAT",     IN_TRANSACTION,		ARGS | MAILS,		do_bdat },
	{ "EHLO",     ANYTIME,			ARGS | OPEN,		do_ehlo },
	{ "HELO",     ANYTIME,			ARGS | OPEN,		do_helo },
	{ "STARTTLS", IN(HELLO) | IN(READY),	BARE | OPEN | MAILS,	do_starttls },
	{ "AUTH",     IN(READY),		ARGS | OPEN | MAILS | UNDER_TLS, do_auth },
	{ "RSET",     ANYTIME,			BARE | OPEN,		do_rset },
	{ "NOOP",     ANYTIME,			OPEN,			do_noop },
	{ "QUIT",     ANYTIME,			BARE | OPEN,		do_quit },
	{ "HELP",     ANYTIME,			OPEN,			do_help },
	{ "VRFY",     ANYTIME,			ARGS,			do_vrfy },
	{ "EXPN",     ANYTIME,			ARGS,			do_expn },
	{ "ETRN",     IN(READY),		ARGS,			do_etrn },
	{ "GET",      ANYTIME,			OPEN,			do_http },
	{ "HEAD",     ANYTIME,			OPEN,			do_http },
	{ "POST",     ANYTIME,			OPEN,			do_http },
	{ "PUT",      ANYTIME,			OPEN,			do_http },
	{ "CONNECT",  ANYTIME,			OPEN,			do_http },
	{ "OPTIONS",  ANYTIME,			OPEN,			do_http },
};
/* clang-format on */

static const struct command *
command_find(struct slice verb)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_is_nocase(verb, commands[i].verb))
			return &commands[i];
	return NULL;
}

static enum phase
effective_phase(const struct smtp_server *s)
{
	if (s->phase == PHASE_HELLO && !s->terms->requires_helo)
		return PHASE_READY;
	return s->phase;
}

/* Why this command may not run now; NULL if it may. */
static const char *
objection(const struct smtp_server *s, const struct command *cmd,
    struct slice args)
{
	enum phase phase = effective_phase(s);

	if ((cmd->rules & UNDER_TLS) != 0 && !server_is_secured(s))
		return "538 5.7.11 Encryption required";
	if ((cmd->rules & OPEN) == 0 && s->terms->requires_tls &&
	    !server_is_secured(s))
		return "530 5.7.0 Must issue a STARTTLS command first";
	if ((cmd->rules & OPEN) == 0 && s->terms->is_submission &&
	    s->login == NULL)
		return "530 5.7.0 Authentication required";
	if ((cmd->phases & (1u << phase)) == 0)
		return phase == PHASE_HELLO
		    ? "503 5.5.1 Send EHLO or HELO first"
		    : "503 5.5.1 Bad sequence of commands";
	if ((cmd->rules & ARGS) != 0 && args.n == 0)
		return "501 5.5.4 Argument missing";
	if ((cmd->rules & BARE) != 0 && args.n != 0)
		return "501 5.5.4 No argument expected";
	return NULL;
}

static bool
has_control(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if (ascii_is_control(line.p[i]) && line.p[i] != '\t')
			return true;
	return false;
}

static enum step
dispatch(struct smtp_server *s, struct slice line)
{
	struct slice args = line;
	struct slice verb = slice_take_until(&args, ' ');
	const struct command *cmd = command_find(verb);
	const char *no;

	args = slice_trim(args);
	if (has_control(line))
		return fail(s, "500 5.5.2 Control characters in the command");
	if (cmd == NULL)
		return fail(s, "500 5.5.1 Command unrecognized");
	if ((cmd->rules & MAILS) == 0 &&
	    ++s->idle_commands > IDLE_COMMANDS_MAX && cmd->run != do_quit &&
	    ++s->errors > s->terms->limits->command_errors)
		return hang_up(s, "421 4.7.0 Too many errors");
	no = objection(s, cmd, args);
	if (no != NULL && cmd->run == do_bdat)
		return bdat_skip(s, args, no);
	/*
	 * Whoever sends content behind a DATA that is refused would have it
	 * read as commands.
	 */
	if (no != NULL && cmd->run == do_data && s->more)
		return hang_up(s, no);
	if (no != NULL)
		return fail(s, no);
	if ((cmd->rules & NEWS) != 0 && !s->host->informed(s->arg)) {
		server_enter(s, STATE_NEWS); /* the line is left for later */
		return STEP_WAIT;
	}
	return cmd->run(s, args);
}

/* --- lines --- */

static size_t
line_max(const struct smtp_server *s, struct slice in)
{
	if (s->state == STATE_AUTH_LINE || slice_starts_nocase(in, "AUTH "))
		return SMTP_AUTH_LINE_MAX;
	return SMTP_LINE_MAX;
}

/* More of a line that is too long, up to its end. */
static size_t
discard_line(struct smtp_server *s, struct slice in, enum step *step)
{
	size_t lf = slice_find(in, '\n');
	size_t n = lf;

	if (lf == in.n && in.p[in.n - 1] == '\r')
		n--; /* its LF may come next */
	s->discarded += n;
	if (s->discarded > DISCARD_MAX) {
		*step = hang_up(s, "421 4.7.0 Endless line");
		return in.n;
	}
	if (lf == in.n)
		return n;
	s->discarded = 0;
	if (lf == 0 || in.p[lf - 1] != '\r')
		*step = hang_up(s, "500 5.5.2 Lines end with CR LF");
	else if (s->state == STATE_AUTH_LINE) {
		auth_abandon(s);
		*step = fail(s, "500 5.5.6 Line is too long");
	} else
		*step = fail(s, "500 5.5.2 Line is too long");
	return lf + 1;
}

/*
 * A bare LF ends the session: were it taken for a line end, or skipped, what
 * stands behind it could be a command in one reading and text in another.
 */
static size_t
line_take(struct smtp_server *s, struct slice in, enum step *step)
{
	size_t max = line_max(s, in);
	size_t lf;
	struct slice line;

	if (s->discarded > 0)
		return discard_line(s, in, step);
	lf = slice_find(slice_head(in, max + 2), '\n');
	if (lf == max + 2) {
		s->discarded = max;
		return max;
	}
	if (lf >= in.n)
		return 0;
	if (lf == 0 || in.p[lf - 1] != '\r') {
		*step = hang_up(s, "500 5.5.2 Lines end with CR LF");
		return in.n;
	}
	line = slice_head(in, lf - 1);
	s->more = in.n > lf + 1;
	server_enter(s, s->state);
	if (s->state == STATE_AUTH_LINE)
		*step = auth_take_line(s, line);
	else
		*step = dispatch(s, line);
	return s->state == STATE_NEWS ? 0 : lf + 1;
}

size_t
smtp_server_feed(struct smtp_server *s, struct slice in, int64_t now,
    enum step *step)
{
	*step = STEP_MORE;
	s->now = now;
	if (in.n == 0)
		return 0;
	switch (s->state) {
	case STATE_PAUSE:
		*step = hang_up(s, "554 5.5.1 You speak before the greeting");
		return in.n;
	case STATE_COMMAND:
	case STATE_AUTH_LINE:
		return line_take(s, in, step);
	case STATE_DATA:
		return data_take(s, in, step);
	case STATE_CHUNK:
		return chunk_take(s, in, step);
	case STATE_TLS:
		*step = STEP_TLS;
		return 0;
	case STATE_AUTH:
	case STATE_AUTH_DELAY:
	case STATE_NEWS:
	case STATE_FINDINGS:
	case STATE_COMMIT:
		*step = STEP_WAIT;
		return 0;
	case STATE_CLOSED:
	case STATE_COUNT:
		break;
	}
	*step = STEP_CLOSE;
	return in.n;
}

/* --- life --- */

struct smtp_server *
smtp_server_new(const struct smtp_terms *terms, const struct smtp_host *host,
    void *arg, struct buf *out)
{
	struct smtp_server *s = mem_zero(sizeof(*s));

	s->terms = terms;
	s->host = host;
	s->arg = arg;
	s->out = out;
	s->state = STATE_TLS;
	s->deadline = INT64_MAX;
	return s;
}

void
smtp_server_free(struct smtp_server **server)
{
	struct smtp_server *s = *server;

	if (s == NULL)
		return;
	auth_abandon(s);
	transaction_free(&s->transaction);
	mem_free(s->helo);
	mem_free(s->login);
	mem_free(s->claim);
	mem_free(s->tls);
	mem_free(s);
	*server = NULL;
}

static enum step
greet(struct smtp_server *s)
{
	buf_addf(s->out, "220 %s ESMTP mtad\r\n", s->terms->hostname);
	server_enter(s, STATE_COMMAND);
	return STEP_MORE;
}

enum step
smtp_server_start(struct smtp_server *s, int64_t now)
{
	s->now = now;
	if (s->terms->greet_pause_ms == 0)
		return greet(s);
	server_enter(s, STATE_PAUSE);
	return STEP_MORE;
}

void
smtp_server_secured(struct smtp_server *s, const char *tls, int64_t now)
{
	s->now = now;
	mem_free(s->tls);
	s->tls = mem_cstr(slice_of(tls));
	/* RFC 3207, 4.2: nothing that was said before counts. */
	mem_free(s->helo);
	s->helo = NULL;
	server_phase(s, PHASE_HELLO);
	server_enter(s, STATE_COMMAND);
}

enum step
smtp_server_informed(struct smtp_server *s, int64_t now)
{
	must(s->state == STATE_NEWS);
	s->now = now;
	server_enter(s, STATE_COMMAND);
	return STEP_MORE;
}

bool
smtp_server_awaits_news(const struct smtp_server *s)
{
	return s->state == STATE_NEWS;
}

bool
smtp_server_awaits_findings(const struct smtp_server *s)
{
	return s->state == STATE_FINDINGS;
}

bool
smtp_server_awaits_auth(const struct smtp_server *s)
{
	return s->state == STATE_AUTH;
}

bool
smtp_server_is_delayed(const struct smtp_server *s)
{
	return s->state == STATE_AUTH_DELAY;
}

int64_t
smtp_server_deadline(const struct smtp_server *s)
{
	return s->deadline;
}

enum step
smtp_server_expire(struct smtp_server *s, int64_t now)
{
	s->now = now;
	if (now < s->deadline)
		return STEP_MORE;
	switch (s->state) {
	case STATE_PAUSE:
		return greet(s);
	case STATE_AUTH:
		auth_abandon(s);
		return say(s, "454 4.7.0 Temporary authentication failure");
	case STATE_AUTH_DELAY:
		return auth_tell_failure(s);
	case STATE_TLS:
		server_enter(s, STATE_CLOSED);
		return STEP_CLOSE;
	case STATE_COMMAND:
	case STATE_AUTH_LINE:
	case STATE_DATA:
	case STATE_CHUNK:
	case STATE_NEWS:
	case STATE_FINDINGS:
	case STATE_COMMIT:
	case STATE_CLOSED:
	case STATE_COUNT:
		break;
	}
	return hang_up(s, "421 4.4.2 Timeout, closing the connection");
}

bool
smtp_server_stop(struct smtp_server *s, int64_t now)
{
	s->now = now;
	if (smtp_server_is_busy(s))
		return false;
	if (s->state == STATE_TLS)
		server_enter(s, STATE_CLOSED);
	else if (s->state != STATE_CLOSED)
		(void)hang_up(s, "421 4.3.2 Service is shutting down");
	return true;
}

struct slice
smtp_server_helo(const struct smtp_server *s)
{
	return slice_of(s->helo);
}

struct slice
smtp_server_login(const struct smtp_server *s)
{
	return slice_of(s->login);
}

const char *
smtp_server_tls(const struct smtp_server *s)
{
	return s->tls == NULL ? "" : s->tls;
}

const struct envelope *
smtp_server_envelope(const struct smtp_server *s)
{
	must(s->state == STATE_COMMIT || s->state == STATE_FINDINGS);
	return &s->transaction->envelope;
}

struct slice
smtp_server_message_id(const struct smtp_server *s)
{
	must(s->state == STATE_COMMIT);
	return head_message_id(&s->transaction->content.head);
}

bool
smtp_server_is_busy(const struct smtp_server *s)
{
	return s->phase > PHASE_READY || s->state == STATE_COMMIT;
}
