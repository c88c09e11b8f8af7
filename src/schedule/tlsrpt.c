/*
 * schedule/tlsrpt.c - rows of the state database, all with a day in front:
 *
 *	DAY domain type "fail" result host address	how often
 *	DAY domain type "ok"				how often
 *	DAY domain type "policy"			its text
 *
 * with tabs between, so that a domain's rows lie together.
 */
#include "schedule/tlsrpt.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/report_day.h"

enum {
	FAILURES_MAX = 500, /* of one policy */
	NAMES_MAX = 1024,   /* two, with what stands around them */
};

/* --- rows --- */

static void
keep_policy(struct state *state, struct buf *key,
    const struct msg_tls_result *m)
{
	struct buf old;

	buf_add_cstr(key, "policy");
	buf_init(&old, STATE_VALUE_MAX);
	if (state_get(state, STATE_TLSRPT, buf_slice(key), &old) == -ENOENT &&
	    state_put(state, STATE_TLSRPT, buf_slice(key), m->policy) != 0)
		log_warning("schedule tlsrpt-policy-lost");
	buf_done(&old);
}

void
tlsrpt_count(struct state *state, const struct msg_tls_result *m,
    int64_t wall_ms)
{
	char day[REPORT_DAY_SIZE];
	struct buf key;
	size_t head;

	if (state == NULL)
		return;
	report_day_text(wall_ms, day);
	buf_init(&key, STATE_KEY_MAX);
	buf_addf(&key, "%s\t%.*s\t%.*s\t", day, SLICE_ARGS(m->domain),
	    SLICE_ARGS(m->type));
	head = key.n;
	if (m->result.n == 0)
		buf_add_cstr(&key, "ok");
	else
		buf_addf(&key, "fail\t%.*s\t%.*s\t%.*s", SLICE_ARGS(m->result),
		    SLICE_ARGS(m->host), SLICE_ARGS(m->address));
	if (buf_failed(&key) ||
	    state_count(state, STATE_TLSRPT, buf_slice(&key), 1) != 0)
		log_warning("schedule tlsrpt-count-lost");
	key.n = head;
	if (m->policy.n > 0 && !buf_failed(&key))
		keep_policy(state, &key, m);
	buf_done(&key);
}

/* --- whose turn it is --- */

struct turn {
	struct state *state;
	struct slice reporter;
	int64_t wall_ms;
	const char *day;
	struct buf *domain;
	bool found;
};

static bool
on_row_for_turn(struct slice key, struct slice value, void *arg)
{
	struct turn *t = arg;
	struct slice domain;

	(void)value;
	(void)slice_take_until(&key, '\t');
	domain = slice_take_until(&key, '\t');
	if (slice_eq(domain, buf_slice(t->domain)))
		return true;
	buf_reset(t->domain);
	buf_add(t->domain, domain);
	t->found = report_day_is_due(t->reporter, domain, t->wall_ms) &&
	    report_day_mark(t->state, "tlsrpt", t->day, domain) == '\0';
	return !t->found;
}

void
tlsrpt_purge(struct state *state, int64_t wall_ms)
{
	static const struct report_rows rows[] = {
		{ STATE_TLSRPT, "" },
		{ STATE_REPORTS, "tlsrpt\t" },
	};

	report_day_forget(state, rows, sizeof(rows) / sizeof(rows[0]), wall_ms);
}

bool
tlsrpt_next(struct state *state, struct slice reporter, int64_t wall_ms,
    struct buf *domain)
{
	char day[REPORT_DAY_SIZE], prefix[REPORT_DAY_SIZE + 1];
	struct turn turn = { state, reporter, wall_ms, day, domain, false };

	if (state == NULL)
		return false;
	report_day_text(wall_ms - DAY, day);
	memcpy(prefix, day, REPORT_DAY_SIZE - 1);
	memcpy(prefix + REPORT_DAY_SIZE - 1, "\t", 2);
	buf_reset(domain);
	report_day_walk(state, STATE_TLSRPT, slice_of(prefix), on_row_for_turn,
	    &turn);
	if (!turn.found)
		return false;
	return report_day_set_mark(state, "tlsrpt", day, buf_slice(domain),
	    '1');
}

/* --- the report --- */

struct building {
	struct slice domain;
	char type[32]; /* of the policy at work */
	json_t *policies;
	json_t *policy, *summary, *failures; /* borrowed: of the latest */
	json_int_t good, bad;
};

static json_t *
text_of(struct slice s)
{
	json_t *text = json_stringn(s.p, s.n);

	return text == NULL ? json_string("?") : text;
}

static void
set_sums(struct building *b)
{
	if (b->summary == NULL)
		return;
	(void)json_object_set_new(b->summary, "total-successful-session-count",
	    json_integer(b->good));
	(void)json_object_set_new(b->summary, "total-failure-session-count",
	    json_integer(b->bad));
}

static void
begin_policy(struct building *b, struct slice type)
{
	json_t *one = json_object();

	set_sums(b);
	(void)slice_to_cstr(type, b->type, sizeof(b->type));
	b->good = b->bad = 0;
	b->policy = json_object();
	b->summary = json_object();
	b->failures = json_array();
	(void)json_object_set_new(b->policy, "policy-type", text_of(type));
	(void)json_object_set_new(b->policy, "policy-domain",
	    text_of(b->domain));
	(void)json_object_set_new(one, "policy", b->policy);
	(void)json_object_set_new(one, "summary", b->summary);
	(void)json_object_set_new(one, "failure-details", b->failures);
	(void)json_array_append_new(b->policies, one);
}

static void
add_failure(struct building *b, struct slice rest, uint64_t count)
{
	struct slice result = slice_take_until(&rest, '\t');
	struct slice host = slice_take_until(&rest, '\t');
	json_t *one;

	b->bad += (json_int_t)count;
	if (json_array_size(b->failures) >= FAILURES_MAX)
		return;
	one = json_object();
	(void)json_object_set_new(one, "result-type", text_of(result));
	if (host.n > 0)
		(void)json_object_set_new(one, "receiving-mx-hostname",
		    text_of(host));
	if (rest.n > 0)
		(void)json_object_set_new(one, "receiving-ip", text_of(rest));
	(void)json_object_set_new(one, "failed-session-count",
	    json_integer((json_int_t)count));
	(void)json_array_append_new(b->failures, one);
}

static void
add_policy_text(struct building *b, struct slice text)
{
	json_t *lines = json_array(), *hosts = json_array();
	struct slice line;

	while (slice_take_line(&text, &line)) {
		if (line.n == 0)
			continue;
		(void)json_array_append_new(lines, text_of(line));
		if (slice_take_prefix(&line, "mx:"))
			(void)json_array_append_new(hosts,
			    text_of(slice_trim(line)));
	}
	(void)json_object_set_new(b->policy, "policy-string", lines);
	if (json_array_size(hosts) > 0)
		(void)json_object_set(b->policy, "mx-host", hosts);
	json_decref(hosts);
}

static bool
on_row_for_report(struct slice key, struct slice value, void *arg)
{
	struct building *b = arg;
	struct slice type, kind;

	(void)slice_take_until(&key, '\t');
	(void)slice_take_until(&key, '\t');
	type = slice_take_until(&key, '\t');
	kind = slice_take_until(&key, '\t');
	if (!slice_is(type, b->type))
		begin_policy(b, type);
	if (slice_is(kind, "ok"))
		b->good += (json_int_t)state_count_value(value);
	else if (slice_is(kind, "fail"))
		add_failure(b, key, state_count_value(value));
	else
		add_policy_text(b, value);
	return true;
}

static void set_text(json_t *object, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
set_text(json_t *object, const char *name, const char *format, ...)
{
	struct buf text;
	va_list list;

	buf_init(&text, 1024);
	va_start(list, format);
	buf_addv(&text, format, list);
	va_end(list);
	(void)json_object_set_new(object, name, text_of(buf_slice(&text)));
	buf_done(&text);
}

static json_t *
frame(const struct report_sender *sender, struct slice domain, const char *day)
{
	json_t *report = json_object(), *range = json_object();

	set_text(report, "organization-name", "%.*s",
	    SLICE_ARGS(sender->organization));
	set_text(range, "start-datetime", "%sT00:00:00Z", day);
	set_text(range, "end-datetime", "%sT23:59:59Z", day);
	(void)json_object_set_new(report, "date-range", range);
	set_text(report, "contact-info", "%.*s", SLICE_ARGS(sender->contact));
	set_text(report, "report-id", "%s.%.*s@%.*s", day, SLICE_ARGS(domain),
	    SLICE_ARGS(sender->organization));
	return report;
}

static int
on_json(const char *text, size_t n, void *arg)
{
	buf_add(arg, slice_from(text, n));
	return buf_failed(arg) ? -1 : 0;
}

int
tlsrpt_json(struct state *state, const struct report_sender *sender,
    struct slice domain, int64_t wall_ms, struct buf *json)
{
	struct building b = { .domain = domain, .policies = json_array() };
	char day[REPORT_DAY_SIZE];
	json_t *report;
	struct buf prefix;
	bool empty;
	int rc;

	report_day_text(wall_ms - DAY, day);
	buf_init(&prefix, STATE_KEY_MAX);
	buf_addf(&prefix, "%s\t%.*s\t", day, SLICE_ARGS(domain));
	report_day_walk(state, STATE_TLSRPT, buf_slice(&prefix),
	    on_row_for_report, &b);
	buf_done(&prefix);
	set_sums(&b);
	empty = json_array_size(b.policies) == 0;
	report = frame(sender, domain, day);
	(void)json_object_set_new(report, "policies", b.policies);
	rc = empty ? -ENOENT
		   : json_dump_callback(report, on_json, json, JSON_COMPACT);
	json_decref(report);
	return empty ? -ENOENT : rc != 0 || buf_failed(json) ? -EFBIG : 0;
}

/* --- the message --- */

void
tlsrpt_mail(const struct report_sender *sender, struct slice domain,
    struct slice recipient, struct slice gzip, int64_t wall_ms,
    struct buf *message)
{
	char day[REPORT_DAY_SIZE];
	struct report_mail m = { .sender = sender,
		.domain = domain,
		.recipient = recipient,
		.day = day,
		.kind = "tlsrpt",
		.multipart = "multipart/report; report-type=\"tlsrpt\"",
		.words = "TLS report",
		.media_type = "application/tlsrpt+gzip",
		.gzip = gzip };
	struct buf fields, file_name;

	report_day_text(wall_ms - DAY, day);
	buf_init(&fields, NAMES_MAX);
	buf_init(&file_name, NAMES_MAX);
	/* The very trouble that it reports must not keep it from arriving. */
	buf_addf(&fields,
	    "TLS-Report-Domain: %.*s\r\nTLS-Report-Submitter: %.*s\r\n"
	    "TLS-Required: No\r\n",
	    SLICE_ARGS(domain), SLICE_ARGS(sender->organization));
	buf_addf(&file_name, "%.*s!%.*s!%s.json.gz",
	    SLICE_ARGS(sender->organization), SLICE_ARGS(domain), day);
	m.fields = buf_slice(&fields);
	m.file_name = buf_slice(&file_name);
	report_mail_write(&m, wall_ms, message);
	buf_done(&fields);
	buf_done(&file_name);
}
