/*
 * smtp/command.c - the arguments of MAIL and RCPT. Whether a value is wanted
 * (a size, a recipient) is the caller's to say; here it is only well-formed.
 */
#include "smtp/command.h"

#include "base/ascii.h"
#include "mail/utf8.h"

enum {
	SIZE_DIGITS_MAX = 20, /* RFC 1870, 4 */
	ENVID_MAX = 100,      /* RFC 3461, 4.4 */
	ORCPT_MAX = 500,      /* RFC 3461, 4.2 */
	AUTH_MAX = 500,       /* RFC 4954, 4 */
};

/* What a value is read into: one of the two. */
struct args {
	struct mail_args *mail;
	struct rcpt_args *rcpt;
	unsigned offered;
	bool utf8;
};

typedef bool value_fn(struct slice value, struct args *);

/* xchar = %d33-42 / %d44-60 / %d62-126 */
static bool
is_xchar(char c)
{
	return ascii_is_graphic(c) && c != '+' && c != '=';
}

static bool
is_upper_hex(char c)
{
	return ascii_hex_value(c) >= 0 && ascii_upper(c) == c;
}

/* xchar, or hexchar = "+" 2( 0-9 / A-F ); its octet, or -1. */
static int
take_xtext(struct slice *s)
{
	int octet = -1;

	if (s->n > 0 && is_xchar(s->p[0])) {
		octet = (unsigned char)s->p[0];
		*s = slice_skip(*s, 1);
	} else if (s->n > 2 && s->p[0] == '+' && is_upper_hex(s->p[1]) &&
	    is_upper_hex(s->p[2])) {
		octet =
		    ascii_hex_value(s->p[1]) * 16 + ascii_hex_value(s->p[2]);
		*s = slice_skip(*s, 3);
	}
	return octet;
}

/* xtext that decodes to printable ASCII and spaces. */
static bool
is_printable_xtext(struct slice s)
{
	while (s.n > 0) {
		int octet = take_xtext(&s);

		if (octet < ' ' || octet > '~')
			return false;
	}
	return true;
}

static bool
read_size(struct slice value, struct args *args)
{
	if (value.n > SIZE_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_is_digit(value.p[i]))
			return false;
	/* Twenty digits may be more than 64 bits: larger than any limit. */
	if (!slice_to_u64(value, UINT64_MAX, &args->mail->size))
		args->mail->size = UINT64_MAX;
	return true;
}

static bool
read_body(struct slice value, struct args *args)
{
	if (slice_is_nocase(value, "7BIT"))
		args->mail->body = BODY_7BIT;
	else if (slice_is_nocase(value, "8BITMIME"))
		args->mail->body = BODY_8BITMIME;
	else if (slice_is_nocase(value, "BINARYMIME") &&
	    (args->offered & PARAM_BINARYMIME) != 0)
		args->mail->body = BODY_BINARYMIME;
	else
		return false;
	return true;
}

static bool
read_ret(struct slice value, struct args *args)
{
	if (slice_is_nocase(value, "FULL"))
		args->mail->ret = RET_FULL;
	else if (slice_is_nocase(value, "HDRS"))
		args->mail->ret = RET_HDRS;
	else
		return false;
	return true;
}

static bool
read_envid(struct slice value, struct args *args)
{
	args->mail->envid = value;
	return value.n <= ENVID_MAX && is_printable_xtext(value);
}

static bool
read_auth(struct slice value, struct args *args)
{
	args->mail->auth = value;
	return value.n <= AUTH_MAX && is_printable_xtext(value);
}

static bool
read_hold_for(struct slice value, struct args *args)
{
	return timing_seconds(value, &args->mail->hold_seconds);
}

static bool
read_hold_until(struct slice value, struct args *args)
{
	return timing_date(value, &args->mail->hold_until_ms);
}

static bool
read_by(struct slice value, struct args *args)
{
	return timing_by(value, &args->mail->by);
}

static bool
read_priority(struct slice value, struct args *args)
{
	return timing_priority(value, &args->mail->priority);
}

/* "NEVER" / 1#( "SUCCESS" / "FAILURE" / "DELAY" ) */
static bool
read_notify(struct slice value, struct args *args)
{
	struct slice rest = value;
	uint8_t notify = 0;

	if (slice_is_nocase(value, "NEVER")) {
		args->rcpt->notify = NOTIFY_NEVER;
		return true;
	}
	if (value.n == 0 || value.p[value.n - 1] == ',')
		return false;
	while (rest.n > 0) {
		struct slice word = slice_take_until(&rest, ',');

		if (slice_is_nocase(word, "SUCCESS"))
			notify |= NOTIFY_SUCCESS;
		else if (slice_is_nocase(word, "FAILURE"))
			notify |= NOTIFY_FAILURE;
		else if (slice_is_nocase(word, "DELAY"))
			notify |= NOTIFY_DELAY;
		else
			return false;
	}
	args->rcpt->notify = notify;
	return true;
}

/*
 * addr-type ";" xtext; with the type "utf-8" and SMTPUTF8 also UTF-8 as it is
 * (RFC 6533, 3).
 */
static bool
read_orcpt(struct slice value, struct args *args)
{
	struct slice rest = value;
	struct slice type = slice_take_until(&rest, ';');
	bool raw_utf8 = args->utf8 && slice_is_nocase(type, "utf-8");

	if (value.n > ORCPT_MAX || type.n == 0 || rest.n == 0)
		return false;
	for (size_t i = 0; i < type.n; i++)
		if (!ascii_is_alnum(type.p[i]) && type.p[i] != '-')
			return false;
	args->rcpt->orcpt = value;
	while (rest.n > 0) {
		size_t n = utf8_length(rest);

		if (raw_utf8 && n > 1) {
			rest = slice_skip(rest, n);
		} else {
			int octet = take_xtext(&rest);

			if (octet < ' ' || octet > '~')
				return false;
		}
	}
	return true;
}

/* clang-format off */
static const struct parameter {
	const char *keyword;
	enum smtp_parameter bit;
	bool of_mail; /* else of RCPT */
	value_fn *read; /* NULL: it has no value */
} parameters[] = {
	{ "SIZE",	PARAM_SIZE,	  true,	 read_size },
	{ "BODY",	PARAM_BODY,	  true,	 read_body },
	{ "SMTPUTF8",	PARAM_SMTPUTF8,	  true,	 NULL },
	{ "RET",	PARAM_RET,	  true,	 read_ret },
	{ "ENVID",	PARAM_ENVID,	  true,	 read_envid },
	{ "AUTH",	PARAM_AUTH,	  true,	 read_auth },
	{ "REQUIRETLS",	PARAM_REQUIRETLS, true,	 NULL },
	{ "HOLDFOR",	PARAM_HOLDFOR,	  true,	 read_hold_for },
	{ "HOLDUNTIL",	PARAM_HOLDUNTIL,  true,	 read_hold_until },
	{ "BY",		PARAM_BY,	  true,	 read_by },
	{ "MT-PRIORITY", PARAM_PRIORITY,  true,	 read_priority },
	{ "NOTIFY",	PARAM_NOTIFY,	  false, read_notify },
	{ "ORCPT",	PARAM_ORCPT,	  false, read_orcpt },
};
/* clang-format on */

static const struct parameter *
parameter_find(struct slice keyword, const struct args *args)
{
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		const struct parameter *p = &parameters[i];

		if (p->of_mail == (args->mail != NULL) &&
		    (p->bit & args->offered) != 0 &&
		    slice_is_nocase(keyword, p->keyword))
			return p;
	}
	return NULL;
}

/* esmtp-keyword = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" ) */
static bool
take_keyword(struct slice *s, struct slice *out)
{
	size_t n = 0;

	while (
	    n < s->n && (ascii_is_alnum(s->p[n]) || (n > 0 && s->p[n] == '-')))
		n++;
	*out = slice_head(*s, n);
	*s = slice_skip(*s, n);
	return n > 0;
}

/* esmtp-value = 1*( %d33-60 / %d62-126 / UTF8-non-ascii ) */
static bool
take_value(struct slice *s, struct slice *out)
{
	struct slice from = *s;
	size_t n;

	while ((n = utf8_length(*s)) > 0 &&
	    (n > 1 || (ascii_is_graphic(s->p[0]) && s->p[0] != '=')))
		*s = slice_skip(*s, n);
	*out = slice_head(from, from.n - s->n);
	return out->n > 0;
}

static enum command_error
take_parameter(struct slice *s, struct args *args, unsigned *given,
    struct why *why)
{
	const struct parameter *p;
	struct slice keyword, value = SLICE_NONE;
	bool has_value;

	if (!take_keyword(s, &keyword)) {
		why_set(why, "a parameter's keyword is missing or malformed");
		return COMMAND_SYNTAX;
	}
	has_value = slice_take_char(s, '=');
	if ((has_value && !take_value(s, &value)) ||
	    (s->n > 0 && s->p[0] != ' ')) {
		why_set(why, "malformed value of %.*s", SLICE_ARGS(keyword));
		return COMMAND_SYNTAX;
	}
	p = parameter_find(keyword, args);
	if (p == NULL) {
		why_set(why, "unknown parameter %.*s",
		    SLICE_ARGS(slice_head(keyword, 40)));
		return COMMAND_UNKNOWN_PARAMETER;
	}
	if ((*given & p->bit) != 0) {
		why_set(why, "%s stands twice", p->keyword);
		return COMMAND_BAD_PARAMETER;
	}
	if (has_value != (p->read != NULL)) {
		why_set(why,
		    p->read != NULL ? "%s needs a value" : "%s has no value",
		    p->keyword);
		return COMMAND_BAD_PARAMETER;
	}
	if (p->read != NULL && !p->read(value, args)) {
		why_set(why, "bad value of %s", p->keyword);
		return COMMAND_BAD_PARAMETER;
	}
	*given |= p->bit;
	return COMMAND_OK;
}

/* *( SP parameter ), and spaces at the very end. */
static enum command_error
take_parameters(struct slice s, struct args *args, unsigned *given,
    struct why *why)
{
	enum command_error rc;

	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	while (s.n > 0) {
		if (!slice_take_char(&s, ' ')) {
			why_set(why, "no space behind the address");
			return COMMAND_SYNTAX;
		}
		rc = take_parameter(&s, args, given, why);
		if (rc != COMMAND_OK)
			return rc;
	}
	return COMMAND_OK;
}

/* ("FROM:" / "TO:") path. UTF-8 in it is judged later: SMTPUTF8 may follow. */
static enum command_error
take_address(struct slice *s, const char *word, struct address *address,
    bool *routed, struct why *why)
{
	if (!slice_take_prefix_nocase(s, word)) {
		why_set(why, "%s<address> expected", word);
		return COMMAND_SYNTAX;
	}
	while (slice_take_char(s, ' '))
		continue;
	if (s->n == 0 || s->p[0] != '<') {
		why_set(why, "an address stands in < and >");
		return COMMAND_SYNTAX;
	}
	switch (path_take(s, true, address, routed)) {
	case PARSE_OK:
		return COMMAND_OK;
	case PARSE_TOO_LONG:
		why_set(why, "the address is too long");
		return COMMAND_LONG_ADDRESS;
	case PARSE_UTF8:
		why_set(why, "the address is not valid UTF-8");
		return COMMAND_BAD_ADDRESS;
	case PARSE_SYNTAX:
		break;
	}
	why_set(why, "malformed address");
	return COMMAND_BAD_ADDRESS;
}

static enum command_error
check_utf8(struct slice path, bool utf8, struct why *why)
{
	if (utf8 || utf8_is_ascii(path))
		return COMMAND_OK;
	why_set(why, "an address in UTF-8 needs SMTPUTF8");
	return COMMAND_NEEDS_UTF8;
}

enum command_error
mail_args_parse(struct slice line, unsigned offered, struct mail_args *out,
    struct why *why)
{
	struct mail_args mail = { .envid = SLICE_NONE, .auth = SLICE_NONE };
	struct args args = { .mail = &mail, .offered = offered };
	struct slice s = line;
	enum command_error rc;

	rc = take_address(&s, "FROM:", &mail.sender, &mail.routed, why);
	if (rc == COMMAND_OK && mail.sender.domain.n == 0 &&
	    !address_is_null(&mail.sender)) {
		why_set(why, "the address has no domain");
		rc = COMMAND_BAD_ADDRESS;
	}
	if (rc == COMMAND_OK)
		rc = take_parameters(s, &args, &mail.given, why);
	if (rc == COMMAND_OK)
		rc = check_utf8(slice_head(line, line.n - s.n),
		    (mail.given & PARAM_SMTPUTF8) != 0, why);
	if (rc == COMMAND_OK)
		*out = mail;
	return rc;
}

enum command_error
rcpt_args_parse(struct slice line, unsigned offered, bool utf8,
    struct rcpt_args *out, struct why *why)
{
	struct rcpt_args rcpt = { .orcpt = SLICE_NONE };
	struct args args = { .rcpt = &rcpt, .offered = offered, .utf8 = utf8 };
	struct slice s = line;
	enum command_error rc;

	rc = take_address(&s, "TO:", &rcpt.recipient, &rcpt.routed, why);
	if (rc == COMMAND_OK)
		rc = check_utf8(slice_head(line, line.n - s.n), utf8, why);
	if (rc == COMMAND_OK && rcpt.recipient.domain.n == 0 &&
	    !slice_is_nocase(rcpt.recipient.local, "postmaster")) {
		why_set(why, "the address has no domain");
		rc = COMMAND_BAD_ADDRESS;
	}
	if (rc == COMMAND_OK)
		rc = take_parameters(s, &args, &rcpt.given, why);
	if (rc == COMMAND_OK)
		*out = rcpt;
	return rc;
}

bool
xtext_is_valid(struct slice s)
{
	while (s.n > 0)
		if (take_xtext(&s) < 0)
			return false;
	return true;
}

bool
xtext_decode(struct slice s, struct buf *out)
{
	if (!xtext_is_valid(s))
		return false;
	while (s.n > 0)
		buf_add_char(out, (char)take_xtext(&s));
	return true;
}

void
xtext_encode(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_xchar(s.p[i]))
			buf_add_char(out, s.p[i]);
		else
			buf_addf(out, "+%02X", (unsigned char)s.p[i]);
	}
}
