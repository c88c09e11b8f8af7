/*
 * conf/replies.c - a line of replies.conf is a name, what fits, what to do:
 *
 *   rule    = name 1*( BLANK match ) 1*( BLANK action )
 *   match   = "mx=" GLOB / "code=" CODE / "status=" STATUS / "text=" GLOB
 *   action  = "slow" / "pause=" TIME / "rest-source=" TIME /
 *             "permanent" / "temporary" / "next-mx"
 *
 * A value with blanks stands in double quotes. It decides nothing about how an
 * action is done: that is deliver/heed.c and schedule/heed.c.
 */
#include "conf/replies.h"

#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/time.h"
#include "conf/glob.h"
#include "conf/value.h"

#define PACE_LONGEST (30 * DAY)

struct replies {
	struct reply_rule *rules; /* owned */
	size_t count;
};

/* clang-format off */
static const struct action {
	const char *word;
	enum reply_verdict verdict;
	enum reply_pace pace;
	bool takes_time;
} actions[] = {
	{ "slow",	 REPLY_AS_IT_IS,  PACE_SLOW,	    false },
	{ "pause",	 REPLY_AS_IT_IS,  PACE_PAUSE,	    true },
	{ "rest-source", REPLY_AS_IT_IS,  PACE_REST_SOURCE, true },
	{ "permanent",	 REPLY_PERMANENT, PACE_AS_IT_IS,    false },
	{ "temporary",	 REPLY_TEMPORARY, PACE_AS_IT_IS,    false },
	{ "next-mx",	 REPLY_NEXT_MX,   PACE_AS_IT_IS,    false },
	{ NULL,		 REPLY_AS_IT_IS,  PACE_AS_IT_IS,    false },
};
/* clang-format on */

const char *
reply_pace_name(enum reply_pace pace)
{
	for (const struct action *a = actions; a->word != NULL; a++)
		if (a->pace == pace && pace != PACE_AS_IT_IS)
			return a->word;
	return "none";
}

/* --- words --- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* `key` or `key=value`, the value perhaps in quotes. */
static bool
take_word(struct slice *line, struct slice *key, struct slice *value,
    bool *has_value, struct why *why)
{
	size_t n = 0;

	while (line->n > 0 && is_blank(line->p[0]))
		*line = slice_skip(*line, 1);
	while (n < line->n && !is_blank(line->p[n]) && line->p[n] != '=')
		n++;
	*key = slice_head(*line, n);
	*line = slice_skip(*line, n);
	*value = SLICE_NONE;
	*has_value = slice_take_char(line, '=');
	if (!*has_value)
		return true;
	if (slice_take_char(line, '"')) {
		if (!slice_has(*line, '"')) {
			why_set(why, "a quote is not closed");
			return false;
		}
		*value = slice_take_until(line, '"');
		if (line->n > 0 && !is_blank(line->p[0])) {
			why_set(why, "no blank follows a closing quote");
			return false;
		}
		return true;
	}
	for (n = 0; n < line->n && !is_blank(line->p[n]); n++)
		;
	*value = slice_head(*line, n);
	*line = slice_skip(*line, n);
	return true;
}

static bool
is_name(struct slice s)
{
	if (s.n == 0 || s.n > REPLIES_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* --- what fits --- */

static bool
take_glob(struct slice value, struct slice *out, struct why *why)
{
	if (value.n == 0 || value.n > REPLIES_PATTERN_MAX) {
		why_set(why, "a pattern has from 1 to %d characters",
		    REPLIES_PATTERN_MAX);
		return false;
	}
	*out = value;
	return true;
}

static bool
take_code(struct slice value, char out[4], struct why *why)
{
	bool good = value.n == 3 && (value.p[0] == '4' || value.p[0] == '5');

	for (size_t i = 1; good && i < 3; i++)
		good = ascii_is_digit(value.p[i]) || value.p[i] == 'x';
	if (!good) {
		why_set(why,
		    "code=%.*s: not like 421, 45x or 5xx (4yz and 5yz alone)",
		    SLICE_ARGS(slice_head(value, REPLIES_NAME_MAX)));
		return false;
	}
	memcpy(out, value.p, 3);
	out[3] = '\0';
	return true;
}

/* "*", "28" or "500-699" */
static bool
take_range(struct slice s, struct reply_range *out)
{
	struct slice to = s;
	struct slice from = slice_take_until(&to, '-');
	uint32_t low, high;

	*out = (struct reply_range){ 0, 999 };
	if (slice_is(s, "*"))
		return true;
	if (!slice_to_u32(from, 999, &low))
		return false;
	high = low;
	if (slice_has(s, '-') && !slice_to_u32(to, 999, &high))
		return false;
	*out = (struct reply_range){ (uint16_t)low, (uint16_t)high };
	return low <= high;
}

static bool
take_status(struct slice value, struct reply_rule *rule, struct why *why)
{
	struct slice rest = value;
	bool good = true;

	for (size_t i = 0; i < 3; i++) {
		bool is_last = !slice_has(rest, '.');

		good = good && is_last == (i == 2) &&
		    take_range(slice_take_until(&rest, '.'), &rule->status[i]);
	}
	if (!good) {
		why_set(why,
		    "status=%.*s: not like 4.7.28, 4.7.* or "
		    "5.7.500-699",
		    SLICE_ARGS(slice_head(value, REPLIES_NAME_MAX)));
		return false;
	}
	rule->has_status = true;
	return true;
}

/* --- what to do --- */

static bool
take_time(struct slice value, int64_t *ms)
{
	return value_duration(value, ms) && *ms >= SECOND &&
	    *ms <= PACE_LONGEST;
}

static bool
take_action(const struct action *a, struct slice value, bool has_value,
    struct reply_rule *rule, struct why *why)
{
	if (has_value && !a->takes_time) {
		why_set(why, "%s: takes no value", a->word);
		return false;
	}
	if (a->takes_time && !take_time(value, &rule->pace_ms)) {
		why_set(why, "%s: needs a time from 1s to 30d: %s=30m", a->word,
		    a->word);
		return false;
	}
	if ((a->verdict != REPLY_AS_IT_IS && rule->verdict != REPLY_AS_IT_IS) ||
	    (a->pace != PACE_AS_IT_IS && rule->pace != PACE_AS_IT_IS)) {
		why_set(why,
		    "%s: one of slow, pause and rest-source, and one "
		    "of permanent, temporary and next-mx",
		    a->word);
		return false;
	}
	if (a->verdict != REPLY_AS_IT_IS)
		rule->verdict = a->verdict;
	if (a->pace != PACE_AS_IT_IS)
		rule->pace = a->pace;
	return true;
}

static const struct action *
action_of(struct slice key)
{
	for (const struct action *a = actions; a->word != NULL; a++)
		if (slice_is(key, a->word))
			return a;
	return NULL;
}

/* --- a line --- */

static bool
take_match(struct slice key, struct slice value, struct reply_rule *rule,
    struct why *why)
{
	if (slice_is(key, "mx") && rule->mx.n == 0)
		return take_glob(value, &rule->mx, why);
	if (slice_is(key, "text") && rule->text.n == 0)
		return take_glob(value, &rule->text, why);
	if (slice_is(key, "code") && rule->code[0] == '\0')
		return take_code(value, rule->code, why);
	if (slice_is(key, "status") && !rule->has_status)
		return take_status(value, rule, why);
	why_set(why,
	    "\"%.*s\" is neither mx=, code=, status=, text= (each "
	    "once) nor an action",
	    SLICE_ARGS(slice_head(key, REPLIES_NAME_MAX)));
	return false;
}

static bool
line_parse(struct slice line, struct reply_rule *rule, struct why *why)
{
	struct slice key, value;
	bool has_value;
	bool matches = false;

	if (!take_word(&line, &rule->name, &value, &has_value, why))
		return false;
	if (!is_name(rule->name) || has_value) {
		why_set(why,
		    "a rule begins with its name: letters, digits "
		    "and \"-\", at most %d",
		    REPLIES_NAME_MAX);
		return false;
	}
	while ((line = slice_trim(line)).n > 0) {
		const struct action *action;
		bool good;

		if (!take_word(&line, &key, &value, &has_value, why))
			return false;
		action = action_of(key);
		if (action != NULL) {
			good = take_action(action, value, has_value, rule, why);
		} else {
			good = take_match(key, value, rule, why);
			matches = true;
		}
		if (!good)
			return false;
	}
	if (matches &&
	    (rule->verdict != REPLY_AS_IT_IS || rule->pace != PACE_AS_IT_IS))
		return true;
	why_set(why, "%.*s: it needs something to match, and an action",
	    SLICE_ARGS(rule->name));
	return false;
}

static bool
is_taken(const struct replies *r, struct slice name)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_eq(r->rules[i].name, name))
			return true;
	return false;
}

/* --- the file --- */

struct replies *
replies_parse(struct slice text, replies_error_fn *error, void *arg)
{
	struct replies *r = mem_zero(sizeof(*r));
	unsigned line_number = 0, errors = 0;

	r->rules = mem_array(REPLIES_MAX, sizeof(*r->rules));
	while (text.n > 0) {
		struct slice line = slice_take_until(&text, '\n');
		struct reply_rule rule = { .line = ++line_number };
		struct why why = { "" };
		bool good;

		line = slice_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		good = line_parse(line, &rule, &why);
		if (good && is_taken(r, rule.name)) {
			why_set(&why, "%.*s: another rule has that name",
			    SLICE_ARGS(rule.name));
			good = false;
		}
		if (good && r->count == REPLIES_MAX) {
			why_set(&why, "more than %d rules", REPLIES_MAX);
			good = false;
		}
		if (good)
			r->rules[r->count++] = rule;
		else if (errors++ < REPLIES_MAX && error != NULL)
			error(line_number, why.text, arg);
	}
	r->rules = mem_resize(r->rules, r->count + 1, sizeof(*r->rules));
	if (errors > 0)
		replies_free(&r);
	return r;
}

void
replies_free(struct replies **place)
{
	if (*place == NULL)
		return;
	mem_free((*place)->rules);
	mem_free(*place);
	*place = NULL;
}

size_t
replies_count(const struct replies *r)
{
	return r == NULL ? 0 : r->count;
}

const struct reply_rule *
replies_rule(const struct replies *r, size_t index)
{
	must(index < r->count);
	return &r->rules[index];
}

/* --- a reply --- */

static bool
code_fits(const char *pattern, int code)
{
	const int digits[3] = { code / 100, code / 10 % 10, code % 10 };

	if (pattern[0] == '\0')
		return true;
	for (size_t i = 0; i < 3; i++)
		if (pattern[i] != 'x' && pattern[i] - '0' != digits[i])
			return false;
	return true;
}

static bool
range_has(const struct reply_range *range, unsigned value)
{
	return value >= range->from && value <= range->to;
}

static bool
status_fits(const struct reply_rule *rule, const struct status_code *code)
{
	return !rule->has_status ||
	    (range_has(&rule->status[0], code->class) &&
		range_has(&rule->status[1], code->subject) &&
		range_has(&rule->status[2], code->detail));
}

const struct reply_rule *
replies_match(const struct replies *r, struct slice host,
    const struct fate *fate)
{
	struct slice text = slice_head(fate->reply, REPLIES_TEXT_SEEN);

	if (r == NULL || fate->ours || fate->smtp_code < 400 ||
	    fate->smtp_code > 599)
		return NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct reply_rule *rule = &r->rules[i];

		if (code_fits(rule->code, fate->smtp_code) &&
		    status_fits(rule, &fate->code) &&
		    (rule->mx.n == 0 || glob_fits(rule->mx, host)) &&
		    (rule->text.n == 0 || glob_fits(rule->text, text)))
			return rule;
	}
	return NULL;
}
