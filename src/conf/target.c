/*
 * conf/target.c - reading and writing targets. Pure; nothing is looked up.
 */
#include "conf/target.h"

#include "base/ascii.h"

enum { HOST_MAX = 255, NO_PORT = 0 };

enum shape {
	SHAPE_NONE,      /* nothing behind the colon */
	SHAPE_HOST,      /* HOST[:PORT] */
	SHAPE_HOST_PORT, /* HOST:PORT */
	SHAPE_PATH,      /* an absolute path */
	SHAPE_COMMAND,
	SHAPE_REPLY,
};

/* clang-format off */
static const struct form {
	const char *prefix;
	enum target_kind kind;
	enum shape shape;
	uint16_t port;		/* when none is given */
	const char *want;
} forms[] = {
	/* "lmtp:unix:" stands before "lmtp:", of which it is a case. */
	{ "mx:",	  TARGET_MX,	      SHAPE_HOST,      NO_PORT, "mx:DOMAIN[:PORT]" },
	{ "smtp:",	  TARGET_SMTP,	      SHAPE_HOST,      25,	"smtp:HOST[:PORT]" },
	{ "submission:",  TARGET_SUBMISSION,  SHAPE_HOST,      587,	"submission:HOST[:PORT]" },
	{ "submissions:", TARGET_SUBMISSIONS, SHAPE_HOST,      465,	"submissions:HOST[:PORT]" },
	{ "lmtp:unix:",	  TARGET_LMTP_UNIX,   SHAPE_PATH,      0,	"lmtp:unix:/PATH" },
	{ "lmtp:",	  TARGET_LMTP,	      SHAPE_HOST_PORT, 0,	"lmtp:HOST:PORT" },
	{ "maildir:",	  TARGET_MAILDIR,     SHAPE_PATH,      0,	"maildir:/PATH" },
	{ "mbox:",	  TARGET_MBOX,	      SHAPE_PATH,      0,	"mbox:/PATH" },
	{ "pipe:",	  TARGET_PIPE,	      SHAPE_COMMAND,   0,	"pipe:/COMMAND" },
	{ "discard:",	  TARGET_DISCARD,     SHAPE_NONE,      0,	"discard:" },
	{ "error:",	  TARGET_ERROR,	      SHAPE_REPLY,     0,	"error:550 5.7.1 text" },
};
/* clang-format on */

enum { FORM_COUNT = sizeof(forms) / sizeof(forms[0]) };

static bool
host_is_name(struct slice host)
{
	bool alpha = false;

	if (host.n == 0 || host.n > HOST_MAX || host.p[0] == '.' ||
	    host.p[0] == '-')
		return false;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if (c == '.' && i + 1 < host.n && host.p[i + 1] == '.')
			return false;
		if (!ascii_is_alnum(c) && c != '-' && c != '.' && c != '_')
			return false;
		alpha = alpha || !(ascii_is_digit(c) || c == '.');
	}
	return alpha; /* else it looks like an address, but is none */
}

/* HOST[:PORT] or "[IPv6]"[:PORT] */
static bool
parse_host(struct slice s, struct target *t)
{
	uint32_t port;

	if (slice_take_char(&s, '[')) {
		size_t end = slice_find(s, ']');

		t->host = slice_head(s, end);
		if (end == s.n || !ip_parse(t->host, &t->ip))
			return false;
		s = slice_skip(s, end + 1);
	} else {
		t->host = slice_head(s, slice_find(s, ':'));
		s = slice_skip(s, t->host.n);
		if (!ip_parse(t->host, &t->ip) && !host_is_name(t->host))
			return false;
	}
	if (s.n == 0)
		return true;
	if (!slice_take_char(&s, ':') || !slice_to_u32(s, 65535, &port) ||
	    port == 0)
		return false;
	t->port = (uint16_t)port;
	return true;
}

/* "4yz" or "5yz", perhaps an enhanced code of the same class, a text. */
static bool
parse_reply(struct slice s, struct target *t)
{
	uint32_t code;

	t->reply = s;
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_control(s.p[i]))
			return false;
	if (s.n < 5 || s.n > 500 ||
	    !slice_to_u32(slice_head(s, 3), 599, &code) || code < 400 ||
	    s.p[3] != ' ')
		return false;
	t->smtp_code = (int)code;
	return true;
}

static bool
parse_form(const struct form *form, struct slice rest, struct target *t)
{
	t->kind = form->kind;
	t->port = form->port;
	switch (form->shape) {
	case SHAPE_NONE:
		return rest.n == 0;
	case SHAPE_HOST:
		/* An MX look-up is for names. */
		return parse_host(rest, t) &&
		    (t->kind != TARGET_MX || t->ip.version == 0);
	case SHAPE_HOST_PORT:
		return parse_host(rest, t) && t->port != 0;
	case SHAPE_PATH:
	case SHAPE_COMMAND:
		t->path = rest;
		return rest.n > 1 && rest.p[0] == '/' && !slice_has(rest, '\0');
	case SHAPE_REPLY:
		return parse_reply(rest, t);
	}
	return false;
}

bool
target_parse(struct slice s, struct target *out, struct why *why)
{
	struct target t = { .kind = TARGET_MX };

	if (slice_is(s, "mx")) {
		*out = t;
		return true;
	}
	for (size_t i = 0; i < FORM_COUNT; i++) {
		struct slice rest = s;

		if (!slice_take_prefix(&rest, forms[i].prefix))
			continue;
		if (parse_form(&forms[i], rest, &t)) {
			*out = t;
			return true;
		}
		why_set(why, "\"%.*s\" is not of the form \"%s\"",
		    SLICE_ARGS(slice_head(s, 200)), forms[i].want);
		return false;
	}
	why_set(why,
	    "\"%.*s\" is none of mx, mx:, smtp:, submission:, "
	    "submissions:, lmtp:, maildir:, mbox:, pipe:, discard:, "
	    "error:",
	    SLICE_ARGS(slice_head(s, 200)));
	return false;
}

static const struct form *
form_of(enum target_kind kind)
{
	for (size_t i = 0; i < FORM_COUNT; i++)
		if (forms[i].kind == kind)
			return &forms[i];
	must(false);
	return &forms[0];
}

void
target_write(const struct target *t, struct buf *out)
{
	const struct form *form = form_of(t->kind);
	bool bracketed = t->ip.version == 6;

	if (t->kind == TARGET_MX && t->host.n == 0) {
		buf_add_cstr(out, "mx");
		return;
	}
	buf_add_cstr(out, form->prefix);
	switch (form->shape) {
	case SHAPE_NONE:
		break;
	case SHAPE_HOST:
	case SHAPE_HOST_PORT:
		buf_addf(out, "%s%.*s%s", bracketed ? "[" : "",
		    SLICE_ARGS(t->host), bracketed ? "]" : "");
		if (t->port != 0)
			buf_addf(out, ":%u", t->port);
		break;
	case SHAPE_PATH:
	case SHAPE_COMMAND:
		buf_add(out, t->path);
		break;
	case SHAPE_REPLY:
		buf_add(out, t->reply);
		break;
	}
}

const char *
target_kind_name(enum target_kind kind)
{
	static const char *const names[] = {
		[TARGET_MX] = "mx",
		[TARGET_SMTP] = "smtp",
		[TARGET_SUBMISSION] = "submission",
		[TARGET_SUBMISSIONS] = "submissions",
		[TARGET_LMTP] = "lmtp",
		[TARGET_LMTP_UNIX] = "lmtp",
		[TARGET_MAILDIR] = "maildir",
		[TARGET_MBOX] = "mbox",
		[TARGET_PIPE] = "pipe",
		[TARGET_DISCARD] = "discard",
		[TARGET_ERROR] = "error",
	};

	return names[kind];
}

bool
target_is_remote(enum target_kind kind)
{
	return kind <= TARGET_LMTP_UNIX;
}
