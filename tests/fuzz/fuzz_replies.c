/*
 * fuzz/fuzz_replies.c - any bytes as replies.conf, and any as a reply: rules
 * keep within their bounds, and who fits does fit. Up to the first NUL it is
 * the file, the rest is the reply.
 */
#include <stdint.h>

#include "conf/glob.h"
#include "conf/replies.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
count(unsigned line, const char *what, void *arg)
{
	unsigned *errors = arg;

	must(line > 0 && what[0] != '\0');
	(*errors)++;
}

static void
check_rule(const struct reply_rule *rule)
{
	must(rule->name.n > 0 && rule->name.n <= REPLIES_NAME_MAX);
	must(rule->mx.n <= REPLIES_PATTERN_MAX);
	must(rule->text.n <= REPLIES_PATTERN_MAX);
	must(rule->verdict != REPLY_AS_IT_IS || rule->pace != PACE_AS_IT_IS);
	must((rule->pace_ms > 0) ==
	    (rule->pace == PACE_PAUSE || rule->pace == PACE_REST_SOURCE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice reply = slice_from(data, size);
	struct slice text = slice_take_until(&reply, '\0');
	struct fate fate = fate_from_reply(400 +
		(reply.n > 0 ? (unsigned char)reply.p[0] % 200 : 21),
	    reply);
	const struct reply_rule *rule;
	unsigned errors = 0;
	struct replies *r = replies_parse(text, count, &errors);

	must((r == NULL) == (errors > 0));
	if (r == NULL)
		return 0;
	for (size_t i = 0; i < replies_count(r); i++)
		check_rule(replies_rule(r, i));
	rule = replies_match(r, slice_head(reply, 64), &fate);
	if (rule != NULL) {
		must(rule->mx.n == 0 ||
		    glob_fits(rule->mx, slice_head(reply, 64)));
		must(rule->text.n == 0 ||
		    glob_fits(rule->text,
			slice_head(fate.reply, REPLIES_TEXT_SEEN)));
	}
	replies_free(&r);
	return 0;
}
