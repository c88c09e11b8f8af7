/*
 * schedule/report_day.c - keys with a day in them sort by day: what is old lies
 * in front.
 */
#include "schedule/report_day.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"

enum {
	PURGE_MAX = 200,        /* rows at once */
	SPREAD_OVER = 4 * HOUR, /* from midnight on */
};

void
report_day_text(int64_t wall_ms, char out[REPORT_DAY_SIZE])
{
	char text[TIME_RFC3339_SIZE];

	time_rfc3339(wall_ms, text);
	(void)slice_to_cstr(slice_head(slice_of(text), REPORT_DAY_SIZE - 1),
	    out, REPORT_DAY_SIZE);
}

bool
report_day_is_due(struct slice reporter, struct slice domain, int64_t wall_ms)
{
	uint32_t chance =
	    crc32c(crc32c(0, reporter.p, reporter.n), domain.p, domain.n);

	return wall_ms % DAY >= chance % SPREAD_OVER;
}

void
report_day_walk(struct state *state, enum state_table table,
    struct slice prefix, state_fn *fn, void *arg)
{
	int rc = state_each(state, table, prefix, fn, arg);

	if (rc != 0)
		log_warning("schedule report-rows-unread why=\"%s\"",
		    err_text(rc));
}

struct purge {
	struct slice prefix;
	const char *day; /* what is before it goes */
	struct buf keys; /* lines */
	size_t count;
};

static bool
on_row_for_purge(struct slice key, struct slice value, void *arg)
{
	struct purge *p = arg;
	struct slice rest = slice_skip(key, p->prefix.n);

	(void)value;
	if (p->count == PURGE_MAX ||
	    slice_cmp(slice_head(rest, REPORT_DAY_SIZE - 1),
		slice_of(p->day)) >= 0)
		return false;
	buf_add(&p->keys, key);
	buf_add_char(&p->keys, '\n');
	p->count++;
	return true;
}

static void
purge(struct state *state, const struct report_rows *rows, const char *day)
{
	struct purge p = { .prefix = slice_of(rows->prefix), .day = day };
	struct slice rest, key;

	buf_init(&p.keys, (size_t)PURGE_MAX * (STATE_KEY_MAX + 1));
	report_day_walk(state, rows->table, p.prefix, on_row_for_purge, &p);
	rest = buf_slice(&p.keys);
	while (slice_take_line(&rest, &key))
		if (state_delete(state, rows->table, key) != 0)
			break;
	buf_done(&p.keys);
}

void
report_day_forget(struct state *state, const struct report_rows *rows,
    size_t count, int64_t wall_ms)
{
	char day[REPORT_DAY_SIZE];

	report_day_text(wall_ms - DAY, day);
	for (size_t i = 0; state != NULL && i < count; i++)
		purge(state, &rows[i], day);
}

static void
mark_key(const char *kind, const char *day, struct slice domain,
    struct buf *key)
{
	buf_init(key, STATE_KEY_MAX);
	buf_addf(key, "%s\t%s\t%.*s", kind, day, SLICE_ARGS(domain));
}

/* What can't be read counts as marked: rather no report than two. */
char
report_day_mark(struct state *state, const char *kind, const char *day,
    struct slice domain)
{
	struct buf key, value;
	char mark = '?';
	int rc;

	mark_key(kind, day, domain, &key);
	buf_init(&value, STATE_VALUE_MAX);
	rc = state_get(state, STATE_REPORTS, buf_slice(&key), &value);
	if (rc != 0)
		mark = rc == -ENOENT ? '\0' : '?';
	else if (value.n == 1)
		mark = value.p[0];
	buf_done(&key);
	buf_done(&value);
	return mark;
}

bool
report_day_set_mark(struct state *state, const char *kind, const char *day,
    struct slice domain, char mark)
{
	struct buf key;
	bool done;

	mark_key(kind, day, domain, &key);
	done = !buf_failed(&key) &&
	    state_put(state, STATE_REPORTS, buf_slice(&key),
		slice_from(&mark, 1)) == 0;
	buf_done(&key);
	return done;
}
