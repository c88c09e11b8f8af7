/*
 * schedule/words.c - sentences made from a site's state: what holds its mail
 * up first, what it learned next. Of its addresses sources.c tells.
 */
#include "schedule/words.h"

#include <stdio.h>

#include "base/log.h"
#include "base/time.h"

enum { DATE_LENGTH = 10, TIME_AT = 11, TIME_LENGTH = 5 };

void
words_when(int64_t wall_ms, int64_t now_ms, char out[WORDS_WHEN_SIZE])
{
	char when[TIME_RFC3339_SIZE], now[TIME_RFC3339_SIZE];
	bool today;

	time_rfc3339(wall_ms, when);
	time_rfc3339(now_ms, now);
	today = slice_eq(slice_head(slice_of(when), DATE_LENGTH),
	    slice_head(slice_of(now), DATE_LENGTH));
	(void)snprintf(out, WORDS_WHEN_SIZE, "%.*s%s%.*s UTC",
	    today ? 0 : DATE_LENGTH, when, today ? "" : " ", TIME_LENGTH,
	    when + TIME_AT);
}

static void
write_mono(const struct site_words *w, int64_t mono_ms,
    char out[WORDS_WHEN_SIZE])
{
	words_when(w->wall_ms + mono_ms - w->mono_ms, w->wall_ms, out);
}

static void
tell_suspension(const struct site_words *w, struct buf *out)
{
	const struct plan_facts *f = w->facts;
	const struct reason *r = w->reason;
	char until[WORDS_WHEN_SIZE] = "it is resumed";
	char since[WORDS_WHEN_SIZE];

	if (f->until_ms != INT64_MAX)
		write_mono(w, f->until_ms, until);
	if (r == NULL) {
		buf_addf(out, "It is suspended by the postmaster until %s.\n",
		    until);
		return;
	}
	words_when(r->since_ms, w->wall_ms, since);
	buf_addf(out,
	    "It is suspended until %s by rule %.*s of replies.conf, since at "
	    "%s it said: %.*s\n",
	    until, SLICE_ARGS(r->rule), since, SLICE_ARGS(r->words));
}

static void
tell_rest(const struct site_words *w, struct buf *out)
{
	char until[WORDS_WHEN_SIZE];

	if (w->facts->until_ms <= w->mono_ms) {
		buf_addf(out,
		    "It rested after %u failures in a row; the next "
		    "message probes it.\n",
		    w->facts->failures);
		return;
	}
	write_mono(w, w->facts->until_ms, until);
	buf_addf(out,
	    "It rests until %s after %u failures in a row; one message probes "
	    "it then.\n",
	    until, w->facts->failures);
}

static void
tell_pace(const struct site_words *w, struct buf *out)
{
	const struct plan_facts *f = w->facts;
	const struct site *s = w->site;
	char when[WORDS_WHEN_SIZE];

	if (f->ready > 0 && f->under_way >= f->window)
		buf_addf(out,
		    "All of the %u connections that it may have now are busy; "
		    "a job takes %.1f s.\n",
		    f->window, f->job_seconds);
	else if (f->ready > 0 && f->limits.rate_per_second > 0)
		buf_addf(out,
		    "The rate limit of %.4g a minute (shaping) is reached.\n",
		    f->limits.rate_per_second * 60);
	if (f->window >= f->limits.connections)
		return;
	if (s == NULL || s->cut_ms == 0) {
		buf_addf(out, "Its window is at %u of %u connections.\n",
		    f->window, f->limits.connections);
		return;
	}
	words_when(s->cut_ms, w->wall_ms, when);
	buf_addf(out,
	    "Its window is at %u of %u connections, cut at %s when it said: "
	    "%s\n",
	    f->window, f->limits.connections, when, s->cut_reply);
}

static void
tell_backlog(const struct site_words *w, struct buf *out)
{
	uint64_t deferred = w->site == NULL ? 0 : w->site->deferred;

	if (w->facts->ready > 0)
		buf_addf(out, "%llu messages wait for their turn.\n",
		    (unsigned long long)w->facts->ready);
	if (deferred > 0)
		buf_addf(out, "%llu recipients were put off for later.\n",
		    (unsigned long long)deferred);
}

void
words_of_site(const struct site_words *w, struct buf *out)
{
	const struct site *s = w->site;
	size_t before = out->n;

	if (w->facts->state == SITE_SUSPENDED)
		tell_suspension(w, out);
	else if (w->facts->state == SITE_BACKING_OFF)
		tell_rest(w, out);
	else
		tell_pace(w, out);
	if (out->n == before)
		buf_add_cstr(out, "Nothing holds its mail up.\n");
	if (w->facts->ceiling > 0)
		buf_addf(out, "It did not take more than %u at once.\n",
		    w->facts->ceiling);
	tell_backlog(w, out);
	if (s != NULL && s->last_rule[0] != '\0')
		buf_addf(out,
		    "The last rule of replies.conf that fitted was %s.\n",
		    s->last_rule);
	if (s != NULL && s->last_error[0] != '\0')
		buf_addf(out, "Its last error was: %s\n", s->last_error);
}
