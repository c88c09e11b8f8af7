/*
 * receive/promises.c - spans become dates, by the clock at MAIL.
 */
#include "receive/promises.h"

#include <stdio.h>

#include "base/time.h"
#include "smtp/timing.h"

/* RFC 4865, 3: an extension of submission. Mail of a relay does not wait. */
static bool
offers_release(const struct smtp_terms *t)
{
	return t->is_submission && t->limits->future_release_ms > 0;
}

static bool
is_friend(const struct smtp_terms *t)
{
	return t->is_submission || t->is_trusted;
}

unsigned
promises_offered(const struct smtp_terms *t)
{
	unsigned offered = 0;

	if (offers_release(t))
		offered |= PARAM_HOLDFOR | PARAM_HOLDUNTIL;
	if (is_friend(t))
		offered |= PARAM_BY | PARAM_PRIORITY;
	return offered;
}

void
promises_list(const struct smtp_terms *t, int64_t wall_ms, struct buf *out)
{
	char date[TIMING_DATE_SIZE];

	if (offers_release(t)) {
		timing_write_date(wall_ms + t->limits->future_release_ms, date);
		buf_addf(out, "250-FUTURERELEASE %lld %s\r\n",
		    (long long)(t->limits->future_release_ms / SECOND), date);
	}
	if (!is_friend(t))
		return;
	buf_add_cstr(out, "250-DELIVERBY");
	if (t->limits->deliver_by_ms > 0)
		buf_addf(out, " %lld",
		    (long long)(t->limits->deliver_by_ms / SECOND));
	buf_add_cstr(out, "\r\n250-MT-PRIORITY\r\n");
}

/* When it is to be released; 0: at once. */
static int64_t
release_of(const struct mail_args *a, int64_t wall_ms)
{
	if ((a->given & PARAM_HOLDFOR) != 0 && a->hold_seconds > 0)
		return wall_ms + (int64_t)a->hold_seconds * SECOND;
	return (a->given & PARAM_HOLDUNTIL) != 0 ? a->hold_until_ms : 0;
}

static int64_t
by_of(const struct mail_args *a, int64_t wall_ms)
{
	return wall_ms + (int64_t)a->by.seconds * SECOND;
}

bool
promises_can_be_kept(const struct smtp_terms *t, const struct mail_args *a,
    int64_t wall_ms, struct refusal *no)
{
	const struct limits_conf *limits = t->limits;
	const unsigned both = PARAM_HOLDFOR | PARAM_HOLDUNTIL;
	int64_t release = release_of(a, wall_ms);
	const char *reply = NULL;

	if ((a->given & both) == both)
		reply = "501 5.5.4 HOLDFOR and HOLDUNTIL exclude each other";
	else if ((a->given & PARAM_HOLDUNTIL) != 0 && release < wall_ms)
		reply = "501 5.5.4 HOLDUNTIL is in the past";
	else if (release - wall_ms > limits->future_release_ms)
		reply = "501 5.5.4 Held for too long: see EHLO for the most";
	else if (a->by.mode == BY_RETURN &&
	    (int64_t)a->by.seconds * SECOND < limits->deliver_by_ms)
		/* RFC 2852, 4: a time below the announced least. */
		reply = "555 5.5.4 BY is too short: see EHLO for the least";
	else if (a->by.mode == BY_RETURN && release >= by_of(a, wall_ms))
		reply = "501 5.5.4 Its time would be over before its release";
	if (reply != NULL)
		(void)snprintf(no->text, sizeof(no->text), "%s", reply);
	return reply == NULL;
}

void
promises_put(const struct mail_args *a, int64_t wall_ms, struct envelope *e)
{
	e->release_ms = release_of(a, wall_ms);
	e->priority = a->priority;
	e->by = a->by.mode;
	if (e->by == BY_NONE)
		return;
	e->by_ms = by_of(a, wall_ms);
	e->by_trace = a->by.trace;
	e->by_told = a->by.seconds <= 0;
}
