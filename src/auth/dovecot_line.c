/*
 * auth/dovecot_line.c - see dovecot_line.h. It does not talk; dovecot.c does.
 */
#include "auth/dovecot_line.h"

/* clang-format off */
static const struct {
	const char *name;
	enum dovecot_verb verb;
} verbs[] = {
	{ "VERSION", DOVECOT_VERSION },
	{ "DONE",    DOVECOT_DONE },
	{ "OK",	     DOVECOT_OK },
	{ "CONT",    DOVECOT_CONT },
	{ "FAIL",    DOVECOT_FAIL },
};

static const struct {
	char escaped, plain;
} escapes[] = {
	{ '0', '\0' }, { '1', '\001' }, { 't', '\t' }, { 'r', '\r' },
	{ 'n', '\n' },
};
/* clang-format on */

static enum dovecot_verb
verb_of(struct slice word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_is(word, verbs[i].name))
			return verbs[i].verb;
	return DOVECOT_OTHER;
}

static void
take_parameter(struct slice field, struct dovecot_line *line)
{
	if (slice_take_prefix(&field, "user="))
		line->user = field;
	else if (slice_take_prefix(&field, "resp="))
		line->resp = field;
	else if (slice_is(field, "temp") || slice_is(field, "code=temp_fail"))
		line->temporary = true;
}

void
dovecot_line_parse(struct slice in, struct dovecot_line *out)
{
	struct dovecot_line line = { .user = SLICE_NONE, .resp = SLICE_NONE };

	line.verb = verb_of(slice_take_until(&in, '\t'));
	if (line.verb != DOVECOT_OTHER && line.verb != DOVECOT_DONE &&
	    !slice_to_u32(slice_take_until(&in, '\t'), UINT32_MAX, &line.id))
		line.verb = DOVECOT_MALFORMED;
	else if (line.verb == DOVECOT_CONT)
		line.resp = slice_take_until(&in, '\t');
	else if (line.verb == DOVECOT_OK || line.verb == DOVECOT_FAIL)
		while (in.n > 0)
			take_parameter(slice_take_until(&in, '\t'), &line);
	*out = line;
}

void
dovecot_unescape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\001' && i + 1 < s.n) {
			c = s.p[++i];
			for (size_t j = 0;
			     j < sizeof(escapes) / sizeof(escapes[0]); j++)
				if (escapes[j].escaped == c) {
					c = escapes[j].plain;
					break;
				}
		}
		buf_add_char(out, c);
	}
}

void
dovecot_escape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t j = 0;

		while (j < sizeof(escapes) / sizeof(escapes[0]) &&
		    escapes[j].plain != s.p[i])
			j++;
		if (j < sizeof(escapes) / sizeof(escapes[0])) {
			buf_add_char(out, '\001');
			buf_add_char(out, escapes[j].escaped);
		} else {
			buf_add_char(out, s.p[i]);
		}
	}
}
