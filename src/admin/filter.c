/*
 * admin/filter.c - names and values of a filter, and what they match.
 */
#include "admin/filter.h"

#include "base/ascii.h"
#include "base/time.h"

const char *const filter_names[] = { "state", "from", "to", "older", "newer",
	"site", "response", NULL };

static const char *const state_names[QUEUE_STATE_COUNT] = {
	[QUEUE_ACTIVE] = "active",
	[QUEUE_DEFERRED] = "deferred",
	[QUEUE_HELD] = "held",
};

bool
duration_parse(struct slice s, int64_t *ms)
{
	int64_t unit = SECOND;
	uint64_t n;

	if (s.n == 0)
		return false;
	if (!ascii_is_digit(s.p[s.n - 1])) {
		switch (s.p[--s.n]) {
		case 's':
			break;
		case 'm':
			unit = MINUTE;
			break;
		case 'h':
			unit = HOUR;
			break;
		case 'd':
			unit = DAY;
			break;
		case 'w':
			unit = 7 * DAY;
			break;
		default:
			return false;
		}
	}
	if (!slice_to_u64(s, (uint64_t)(INT64_MAX / unit), &n))
		return false;
	*ms = (int64_t)n * unit;
	return true;
}

static bool
set_state(struct filter *f, struct slice value, struct why *why)
{
	for (unsigned i = 0; i < QUEUE_STATE_COUNT; i++) {
		if (slice_is(value, state_names[i])) {
			f->has_state = true;
			f->state = (enum queue_state)i;
			return true;
		}
	}
	why_set(why, "state is active, deferred or held, not \"%.*s\"",
	    SLICE_ARGS(slice_head(value, 40)));
	return false;
}

static bool
set_address(struct slice *place, const char *name, struct slice value,
    struct why *why)
{
	if (slice_is(value, "<>") || slice_has(value, '@')) {
		*place = value;
		return true;
	}
	why_set(why, "%s is ADDRESS, @DOMAIN or <>, not \"%.*s\"", name,
	    SLICE_ARGS(slice_head(value, 80)));
	return false;
}

static bool
set_age(int64_t *place, const char *name, struct slice value, struct why *why)
{
	if (duration_parse(value, place) && *place > 0)
		return true;
	why_set(why, "%s is a duration like 90s, 5m, 4h, 2d, not \"%.*s\"",
	    name, SLICE_ARGS(slice_head(value, 40)));
	return false;
}

static bool
set_text(struct slice *place, const char *name, struct slice value,
    struct why *why)
{
	*place = value;
	if (value.n == 0)
		why_set(why, "%s is empty", name);
	return value.n > 0;
}

bool
filter_set(struct filter *f, struct slice name, struct slice value,
    struct why *why)
{
	if (slice_is(name, "state"))
		return set_state(f, value, why);
	if (slice_is(name, "from"))
		return set_address(&f->from, "from", value, why);
	if (slice_is(name, "to"))
		return set_address(&f->to, "to", value, why);
	if (slice_is(name, "older"))
		return set_age(&f->older_ms, "older", value, why);
	if (slice_is(name, "newer"))
		return set_age(&f->newer_ms, "newer", value, why);
	if (slice_is(name, "site"))
		return set_text(&f->site, "site", value, why);
	if (slice_is(name, "response"))
		return set_text(&f->response, "response", value, why);
	why_set(why, "there is no filter \"%.*s\"",
	    SLICE_ARGS(slice_head(name, 40)));
	return false;
}

bool
filter_is_empty(const struct filter *f)
{
	return !f->has_state && f->from.n == 0 && f->older_ms == 0 &&
	    f->newer_ms == 0 && !filter_asks_recipients(f);
}

bool
filter_asks_recipients(const struct filter *f)
{
	return f->to.n > 0 || f->site.n > 0 || f->response.n > 0;
}

static bool
asks_local_part(struct slice pattern)
{
	return pattern.n > 0 && pattern.p[0] != '@' && !slice_is(pattern, "<>");
}

bool
filter_asks_addresses(const struct filter *f)
{
	return asks_local_part(f->from) || asks_local_part(f->to);
}

bool
filter_has_state(const struct filter *f, enum queue_state state)
{
	return !f->has_state || f->state == state;
}

bool
filter_has_age(const struct filter *f, int64_t age_ms)
{
	return (f->older_ms == 0 || age_ms >= f->older_ms) &&
	    (f->newer_ms == 0 || age_ms < f->newer_ms);
}

struct slice
filter_domain(struct slice pattern)
{
	return slice_skip(pattern, slice_find_last(pattern, '@') + 1);
}

static bool
address_fits(struct slice pattern, struct slice address)
{
	if (pattern.n == 0)
		return true;
	if (slice_is(pattern, "<>"))
		return address.n == 0;
	if (pattern.p[0] != '@')
		return slice_eq_nocase(pattern, address);
	return slice_has(address, '@') &&
	    slice_eq_nocase(filter_domain(pattern), filter_domain(address));
}

bool
filter_has_sender(const struct filter *f, struct slice address)
{
	return address_fits(f->from, address);
}

bool
filter_text_has(struct slice text, struct slice part)
{
	for (; text.n >= part.n; text = slice_skip(text, 1)) {
		if (slice_eq_nocase(slice_head(text, part.n), part))
			return true;
		if (text.n == 0)
			break;
	}
	return false;
}

bool
filter_has_recipient(const struct filter *f, struct slice address,
    struct slice site, struct slice response)
{
	return address_fits(f->to, address) &&
	    (f->site.n == 0 || slice_eq_nocase(f->site, site)) &&
	    (f->response.n == 0 || filter_text_has(response, f->response));
}
