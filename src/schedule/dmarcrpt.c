/*
 * schedule/dmarcrpt.c - rows of the state database. In STATE_DMARC, with tabs
 * between:
 *
 *	DAY domain "left"	messages whose row had no room
 *	DAY domain "policy"	as it was seen last: dmarc_published_write()
 *	DAY domain "row" row	how many: dmarc_row_write()
 *
 * and in STATE_REPORTS what bounds these, and says whose turn it is:
 *
 *	"dmarc" DAY domain		'a': asked who is to have it, 's': sent
 *	"dmarc-domains" DAY		how many
 *	"dmarc-rows" DAY [ domain ]	how many
 *	"dmarc-turn" DAY domain		there is something to report: the wall
 *					milliseconds before which it does not go
 *
 * A kill between two writes makes a bound narrower by one, no more.
 */
#include "schedule/dmarcrpt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/report_day.h"
#include "verify/dmarc_xml.h"

enum { NAMES_MAX = 1024, ASK_AGAIN = HOUR };

/* --- counting --- */

static uint64_t
count_at(struct state *state, enum state_table table, struct slice key)
{
	struct buf value;
	uint64_t count = 0;

	buf_init(&value, STATE_VALUE_MAX);
	if (state_get(state, table, key, &value) == 0)
		count = state_count_value(buf_slice(&value));
	buf_done(&value);
	return count;
}

/* "KIND DAY [ DOMAIN ]" */
static void
report_key(const char *kind, const char *day, struct slice domain,
    struct buf *key)
{
	buf_init(key, STATE_KEY_MAX);
	buf_addf(key, "%s\t%s", kind, day);
	if (domain.n > 0)
		buf_addf(key, "\t%.*s", SLICE_ARGS(domain));
}

static uint64_t
bound_at(struct state *state, const char *kind, const char *day,
    struct slice domain)
{
	struct buf key;
	uint64_t count;

	report_key(kind, day, domain, &key);
	count = count_at(state, STATE_REPORTS, buf_slice(&key));
	buf_done(&key);
	return count;
}

static int
add_to_bound(struct state *state, const char *kind, const char *day,
    struct slice domain)
{
	struct buf key;
	int rc;

	report_key(kind, day, domain, &key);
	rc = state_count(state, STATE_REPORTS, buf_slice(&key), 1);
	buf_done(&key);
	return rc;
}

/* Is there room for one more row of the domain? Then it is taken. */
static bool
take_room(struct state *state, const char *day, struct slice domain)
{
	uint64_t rows = bound_at(state, "dmarc-rows", day, domain);

	if (rows >= DMARCRPT_ROWS_MAX ||
	    bound_at(state, "dmarc-rows", day, SLICE_NONE) >=
		DMARCRPT_ROWS_OF_ALL_MAX)
		return false;
	if (rows == 0 &&
	    (bound_at(state, "dmarc-domains", day, SLICE_NONE) >=
		    DMARCRPT_DOMAINS_MAX ||
		add_to_bound(state, "dmarc-domains", day, SLICE_NONE) != 0))
		return false;
	return add_to_bound(state, "dmarc-rows", day, SLICE_NONE) == 0 &&
	    add_to_bound(state, "dmarc-rows", day, domain) == 0;
}

static bool
is_row_there(struct state *state, struct slice key)
{
	return count_at(state, STATE_DMARC, key) > 0;
}

/* The policy seen last is the report's (RFC 9990, 3.1). */
static int
keep_policy(struct state *state, struct slice key, struct slice policy)
{
	struct buf old;
	int rc;

	buf_init(&old, STATE_VALUE_MAX);
	rc = state_get(state, STATE_DMARC, key, &old);
	if (rc == -ENOENT || (rc == 0 && !slice_eq(buf_slice(&old), policy)))
		rc = state_put(state, STATE_DMARC, key, policy);
	buf_done(&old);
	return rc;
}

/*
 * A report of somebody else's is a message like others, but is no reason to
 * report: else two hosts that have nothing more to say to each other would go
 * on telling so, a day each.
 */
static int
keep_turn(struct state *state, const char *day,
    const struct msg_dmarc_result *m)
{
	struct buf key, old;
	int rc;

	if (m->is_report != 0)
		return 0;
	report_key("dmarc-turn", day, m->domain, &key);
	buf_init(&old, STATE_VALUE_MAX);
	rc = state_get(state, STATE_REPORTS, buf_slice(&key), &old);
	if (rc == -ENOENT)
		rc = state_put(state, STATE_REPORTS, buf_slice(&key),
		    SLICE("0"));
	buf_done(&old);
	buf_done(&key);
	return rc;
}

static int
count(struct state *state, const char *day, const struct msg_dmarc_result *m)
{
	struct buf key;
	size_t head;
	int rc;

	buf_init(&key, STATE_KEY_MAX);
	buf_addf(&key, "%s\t%.*s\t", day, SLICE_ARGS(m->domain));
	head = key.n;
	buf_addf(&key, "row\t%.*s", SLICE_ARGS(m->row));
	if (buf_failed(&key)) {
		buf_done(&key);
		return ERR_LIMIT;
	}
	if (!is_row_there(state, buf_slice(&key)) &&
	    !take_room(state, day, m->domain)) {
		key.n = head;
		buf_add_cstr(&key, "left");
	}
	rc = state_count(state, STATE_DMARC, buf_slice(&key), 1);
	key.n = head;
	buf_add_cstr(&key, "policy");
	if (rc == 0)
		rc = keep_policy(state, buf_slice(&key), m->policy);
	if (rc == 0)
		rc = keep_turn(state, day, m);
	buf_done(&key);
	return rc;
}

/* It comes from another process: what it says of itself is looked at. */
static bool
is_sound(const struct msg_dmarc_result *m)
{
	struct dmarc_published policy;
	struct dmarc_row row;

	return dns_name_is_valid(m->domain) &&
	    dmarc_published_read(m->policy, &policy) &&
	    dmarc_row_read(m->row, &row);
}

void
dmarcrpt_count(struct state *state, const struct msg_dmarc_result *m,
    int64_t wall_ms)
{
	char day[REPORT_DAY_SIZE];
	int rc;

	if (state == NULL)
		return;
	report_day_text(wall_ms, day);
	rc = is_sound(m) ? count(state, day, m) : ERR_CORRUPT;
	if (rc != 0)
		log_warning("schedule dmarc-count-lost why=\"%s\"",
		    err_text(rc));
}

/* --- whose turn it is --- */

struct turn {
	struct slice reporter;
	int64_t wall_ms;
	struct buf *domain;
};

static bool
on_turn(struct slice key, struct slice value, void *arg)
{
	const struct turn *t = arg;
	struct slice domain = slice_skip(key, slice_find_last(key, '\t') + 1);
	uint64_t not_before = 0;

	if (!report_day_is_due(t->reporter, domain, t->wall_ms) ||
	    (slice_to_u64(value, UINT64_MAX, &not_before) &&
		not_before > (uint64_t)t->wall_ms))
		return true;
	buf_add(t->domain, domain);
	return false;
}

/* Takes the first turn that is due from its rows; false: there is none. */
static bool
take_turn(struct state *state, const char *day, struct turn *turn)
{
	struct buf prefix, key;
	int rc = -ENOENT;

	buf_reset(turn->domain);
	report_key("dmarc-turn", day, SLICE_NONE, &prefix);
	buf_add_char(&prefix, '\t');
	report_day_walk(state, STATE_REPORTS, buf_slice(&prefix), on_turn,
	    turn);
	buf_done(&prefix);
	if (turn->domain->n > 0 && !buf_failed(turn->domain)) {
		report_key("dmarc-turn", day, buf_slice(turn->domain), &key);
		rc = state_delete(state, STATE_REPORTS, buf_slice(&key));
		buf_done(&key);
	}
	return rc == 0;
}

void
dmarcrpt_purge(struct state *state, int64_t wall_ms)
{
	static const struct report_rows rows[] = {
		{ STATE_DMARC, "" },
		{ STATE_REPORTS, "dmarc\t" },
		{ STATE_REPORTS, "dmarc-domains\t" },
		{ STATE_REPORTS, "dmarc-rows\t" },
		{ STATE_REPORTS, "dmarc-turn\t" },
	};

	report_day_forget(state, rows, sizeof(rows) / sizeof(rows[0]), wall_ms);
}

/*
 * A turn that comes back, since the clock was put back over midnight, finds the
 * mark. Between taking it and the mark a kill loses a report, and sends none
 * twice.
 */
bool
dmarcrpt_next(struct state *state, struct slice reporter, int64_t wall_ms,
    struct buf *domain)
{
	char day[REPORT_DAY_SIZE];
	struct turn turn = { reporter, wall_ms, domain };

	if (state == NULL)
		return false;
	report_day_text(wall_ms - DAY, day);
	while (take_turn(state, day, &turn))
		if (report_day_mark(state, "dmarc", day, buf_slice(domain)) ==
		    '\0')
			return report_day_set_mark(state, "dmarc", day,
			    buf_slice(domain), 'a');
	return false;
}

/* Its day, if that is yesterday and nobody had the report yet. */
static bool
asked_day(struct state *state, struct slice domain, uint64_t asked_ms,
    int64_t wall_ms, char day[REPORT_DAY_SIZE])
{
	if (state == NULL || asked_ms > (uint64_t)wall_ms ||
	    (uint64_t)wall_ms - asked_ms >= (uint64_t)DAY)
		return false;
	report_day_text((int64_t)asked_ms - DAY, day);
	return report_day_mark(state, "dmarc", day, domain) == 'a';
}

void
dmarcrpt_again(struct state *state, struct slice domain, uint64_t asked_ms,
    int64_t wall_ms)
{
	char day[REPORT_DAY_SIZE], when[24];
	struct buf turn, mark;
	int rc;

	if (!asked_day(state, domain, asked_ms, wall_ms, day))
		return;
	(void)snprintf(when, sizeof(when), "%" PRId64, wall_ms + ASK_AGAIN);
	report_key("dmarc-turn", day, domain, &turn);
	report_key("dmarc", day, domain, &mark);
	/* The turn first: a kill between the two loses it, and sends none
	 * twice. */
	rc = state_put(state, STATE_REPORTS, buf_slice(&turn), slice_of(when));
	if (rc == 0)
		rc = state_delete(state, STATE_REPORTS, buf_slice(&mark));
	if (rc != 0)
		log_warning("schedule dmarc-report-lost domain=%.*s why=\"%s\"",
		    SLICE_ARGS(domain), err_text(rc));
	buf_done(&turn);
	buf_done(&mark);
}

bool
dmarcrpt_may_go(struct state *state, struct slice domain, uint64_t asked_ms,
    int64_t wall_ms)
{
	char day[REPORT_DAY_SIZE];

	return asked_day(state, domain, asked_ms, wall_ms, day) &&
	    report_day_set_mark(state, "dmarc", day, domain, 's');
}

/* --- the report --- */

struct building {
	struct dmarc_report_head head;
	struct buf *xml; /* borrowed */
	struct buf error;
	size_t rows;
};

static void
add_left(struct building *b, uint64_t left)
{
	buf_addf(&b->error,
	    "%" PRIu64 " messages are not in the records, of which there "
	    "were too many",
	    left);
	b->head.error = buf_slice(&b->error);
}

static void
add_row(struct building *b, struct slice text, uint64_t messages)
{
	struct dmarc_row row;

	if (!dmarc_row_read(text, &row) || messages == 0)
		return;
	if (b->rows++ == 0)
		dmarc_xml_begin(&b->head, b->xml);
	dmarc_xml_row(&row, messages, b->xml);
}

/* One that can't be read, after an update of mtad: as if nothing was asked. */
static void
read_policy(struct building *b, struct slice text)
{
	if (!dmarc_published_read(text, &b->head.published))
		b->head.published =
		    (struct dmarc_published){ .p = DMARC_POLICY_NONE };
}

/* In the order of the keys: what belongs to the head comes first. */
static bool
on_row(struct slice key, struct slice value, void *arg)
{
	struct building *b = arg;
	struct slice kind;

	(void)slice_take_until(&key, '\t');
	(void)slice_take_until(&key, '\t');
	kind = slice_take_until(&key, '\t');
	if (slice_is(kind, "left"))
		add_left(b, state_count_value(value));
	else if (slice_is(kind, "policy"))
		read_policy(b, value);
	else
		add_row(b, key, state_count_value(value));
	return !buf_failed(b->xml);
}

static int64_t
begin_of_day(int64_t wall_ms)
{
	return (wall_ms - wall_ms % DAY) / SECOND;
}

int
dmarcrpt_xml(struct state *state, const struct report_sender *sender,
    struct slice domain, int64_t asked_ms, struct buf *xml)
{
	struct building b = { .head = { .organization = sender->organization,
				  .email = sender->contact,
				  .domain = domain },
		.xml = xml };
	char day[REPORT_DAY_SIZE];
	struct buf prefix, id;

	report_day_text(asked_ms - DAY, day);
	buf_init(&prefix, STATE_KEY_MAX);
	buf_init(&id, NAMES_MAX);
	buf_init(&b.error, NAMES_MAX);
	buf_addf(&prefix, "%s\t%.*s\t", day, SLICE_ARGS(domain));
	report_mail_id(sender, domain, day, &id);
	b.head.report_id = buf_slice(&id);
	b.head.begin_s = begin_of_day(asked_ms - DAY);
	b.head.end_s = b.head.begin_s + DAY / SECOND - 1;
	report_day_walk(state, STATE_DMARC, buf_slice(&prefix), on_row, &b);
	dmarc_xml_end(xml);
	buf_done(&prefix);
	buf_done(&id);
	buf_done(&b.error);
	return b.rows == 0 ? -ENOENT : buf_failed(xml) ? -EFBIG : 0;
}

/* --- the message --- */

void
dmarcrpt_mail(const struct report_sender *sender, struct slice domain,
    struct slice recipient, struct slice gzip, int64_t asked_ms,
    struct buf *message)
{
	int64_t begin_s = begin_of_day(asked_ms - DAY);
	char day[REPORT_DAY_SIZE];
	struct report_mail m = { .sender = sender,
		.domain = domain,
		.recipient = recipient,
		.day = day,
		.kind = "dmarc",
		.multipart = "multipart/mixed",
		.words = "DMARC report",
		.media_type = "application/gzip",
		.gzip = gzip };
	struct buf file_name;

	report_day_text(asked_ms - DAY, day);
	buf_init(&file_name, NAMES_MAX);
	buf_addf(&file_name, "%.*s!%.*s!%" PRId64 "!%" PRId64 ".xml.gz",
	    SLICE_ARGS(sender->organization), SLICE_ARGS(domain), begin_s,
	    begin_s + DAY / SECOND - 1);
	m.file_name = buf_slice(&file_name);
	report_mail_write(&m, asked_ms, message);
	buf_done(&file_name);
}
