/*
 * corpus/spf_suite.c - runs our SPF engine over a conformance suite, which
 * spf_suite.py has turned into lines. Prints what differs and a count. libspf2
 * goes over it too: it may differ from the suite where spf2_known.c says so,
 * and has to there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "mtactl/spf2.h"
#include "tests/corpus/spf2_known.h"
#include "verify/spf.h"

enum { FIELDS_MAX = 8, LINE_SIZE = 65536, ROWS_MAX = 4096, ALIASES_MAX = 10 };

struct row {
	char *name, *type;
	struct slice data;
};

static struct row rows[ROWS_MAX];
static size_t row_count;
static unsigned passed, failed, odd;

/* "\xHH" in place; the result may hold any byte. */
static struct slice
unescape(char *s)
{
	size_t n = 0;

	for (const char *p = s; *p != '\0'; n++) {
		if (p[0] == '\\' && p[1] == 'x') {
			char hex[3] = { p[2], p[3], '\0' };

			s[n] = (char)strtoul(hex, NULL, 16);
			p += 4;
		} else {
			s[n] = *p++;
		}
	}
	s[n] = '\0';
	return slice_from(s, n);
}

static void
clear(void)
{
	for (size_t i = 0; i < row_count; i++) {
		free(rows[i].name);
		free(rows[i].type);
	}
	row_count = 0;
}

static void
add_row(char **fields, size_t count)
{
	struct row *r = &rows[row_count++];
	char *all;

	must(row_count <= ROWS_MAX && count >= 3);
	r->name = strdup(fields[1]);
	/* Type and data in one piece of memory. */
	all =
	    malloc(strlen(fields[2]) + (count > 3 ? strlen(fields[3]) : 0) + 2);
	must(r->name != NULL && all != NULL);
	r->type = strcpy(all, fields[2]);
	all += strlen(all) + 1;
	*all = '\0';
	r->data = unescape(count > 3 ? strcpy(all, fields[3]) : all);
}

static const char *
type_name(enum dns_type type)
{
	return type == DNS_TXT ? "TXT"
	    : type == DNS_MX   ? "MX"
	    : type == DNS_PTR  ? "PTR"
	    : type == DNS_AAAA ? "AAAA"
			       : "A";
}

static struct slice
without_dot(struct slice s)
{
	return s.n > 0 && s.p[s.n - 1] == '.' ? slice_head(s, s.n - 1) : s;
}

static void
add_record(struct dns_answer *a, enum dns_type type, struct slice data)
{
	struct dns_record *r = &a->records[a->count];

	*r = (struct dns_record){ .data = data };
	if ((type == DNS_A || type == DNS_AAAA) && !ip_parse(data, &r->ip))
		return; /* the suite has addresses that are none */
	if (type == DNS_MX || type == DNS_PTR)
		r->data = without_dot(data);
	a->count++;
	a->outcome = DNS_FOUND;
}

/* As a resolver would answer: along the aliases. */
static void
answer(struct answers *answers, struct slice question, enum dns_type type)
{
	static struct dns_record records[ROWS_MAX];
	struct dns_answer a = { .outcome = DNS_NO_NAME, .records = records };
	struct slice name = question;
	bool times_out = false;

	for (int alias = 0; alias <= ALIASES_MAX; alias++) {
		struct slice next = SLICE_NONE;

		for (size_t i = 0; i < row_count; i++) {
			if (!slice_eq_nocase(without_dot(
						 slice_of(rows[i].name)),
				name))
				continue;
			if (a.outcome == DNS_NO_NAME)
				a.outcome = DNS_NO_DATA;
			if (strcmp(rows[i].type, "CNAME") == 0)
				next = without_dot(rows[i].data);
			else if (strcmp(rows[i].type, "TIMEOUT") == 0)
				times_out = true;
			else if (strcmp(rows[i].type, type_name(type)) == 0)
				add_record(&a, type, rows[i].data);
		}
		if (next.n == 0)
			break;
		name = next;
		times_out = times_out || alias == ALIASES_MAX;
	}
	if (times_out && a.count == 0)
		a.outcome = DNS_TEMPORARY;
	answers_put(answers, question, type, &a);
}

static void
answer_missing(struct answers *answers)
{
	struct slice name;
	enum dns_type type;

	must(answers_missing(answers, 0, &name, &type));
	while (answers_missing(answers, 0, &name, &type))
		answer(answers, name, type);
}

static void
check(const struct spf_query *q, struct spf_outcome *out)
{
	struct answers *answers = answers_new(2000, 4 << 20);

	for (;;) {
		spf_check(q, answers, out);
		if (out->result != SPF_AGAIN)
			break;
		answer_missing(answers);
	}
	answers_free(&answers);
}

/* What libspf2 says; "crash" if it has no verdict. */
static const char *
check_by_libspf2(const struct spf_query *q, struct spf_outcome *out)
{
	struct answers *answers = answers_new(2000, 4 << 20);
	bool done;

	while ((done = spf2_check(q, answers, out)) && out->result == SPF_AGAIN)
		answer_missing(answers);
	answers_free(&answers);
	return done ? spf_result_name(out->result) : "crash";
}

static bool
is_one_of(const char *result, struct slice list)
{
	while (list.n > 0)
		if (slice_is(slice_take_until(&list, ','), result))
			return true;
	return false;
}

static void
run_libspf2(const char *test, const char *results, const struct spf_query *q)
{
	struct spf_outcome out;
	const char *got = check_by_libspf2(q, &out);
	const struct spf2_known *known = spf2_known_find(test);

	if (known == NULL ? is_one_of(got, slice_of(results))
			  : strcmp(got, known->result) == 0)
		return;
	odd++;
	printf("%s: libspf2 says %s (%s), not %s\n", test, got, out.reason,
	    known != NULL ? known->result : results);
}

static void
run_test(char **f)
{
	struct spf_query q = { .helo = unescape(f[3]),
		.receiver = SLICE("receiver.example"),
		.wall_ms = 1700000000000 };
	struct slice sender = unescape(f[4]);
	struct slice wanted = unescape(f[6]);
	struct spf_outcome out;
	size_t at = slice_find_last(sender, '@');
	bool good;

	must(ip_parse(slice_of(f[2]), &q.client));
	q.local = at < sender.n ? slice_head(sender, at) : SLICE_NONE;
	q.domain = at < sender.n ? slice_skip(sender, at + 1) : sender;
	if (sender.n == 0)
		q.domain = q.helo;
	check(&q, &out);
	good = is_one_of(spf_result_name(out.result), slice_of(f[5])) &&
	    (slice_is(wanted, "*") || out.result != SPF_FAIL ||
		slice_is(wanted, out.explanation));
	passed += good;
	failed += !good;
	if (!good)
		printf("%s: %s (%s) \"%s\", not %s \"%.*s\"\n", f[1],
		    spf_result_name(out.result), out.reason, out.explanation,
		    f[5], SLICE_ARGS(wanted));
	run_libspf2(f[1], f[5], &q);
}

int
main(void)
{
	static char line[LINE_SIZE];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *fields[FIELDS_MAX] = { line };
		size_t count = 1;

		line[strcspn(line, "\n")] = '\0';
		for (char *p = line; *p != '\0'; p++)
			if (*p == '\t') {
				*p = '\0';
				must(count < FIELDS_MAX);
				fields[count++] = p + 1;
			}
		if (strcmp(fields[0], "scenario") == 0)
			clear();
		else if (strcmp(fields[0], "zone") == 0)
			add_row(fields, count);
		else if (strcmp(fields[0], "test") == 0 && count == 7)
			run_test(fields);
	}
	clear();
	printf("%u as the suite says, %u not\n", passed, failed);
	printf("libspf2: %u as it is known, %u not\n", passed + failed - odd,
	    odd);
	return failed == 0 && odd == 0 && passed > 0 ? EXIT_SUCCESS
						     : EXIT_FAILURE;
}
