/*
 * unit/check_arc.c - ValiMail's ARC test suite (arc_suite/), and what it lacks:
 * DNS trouble, who vouches, limits.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/unit/dns_table.h"
#include "verify/arc.h"

enum { KEYS_MAX = 16, FILE_MAX = 1 << 20, CASES = 170 };

static char *text;
static size_t text_size;

static void
setup(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tests/unit/arc_suite/cases.txt",
	    top != NULL ? top : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "no %s", path);
	text = mem_new(FILE_MAX);
	text_size = fread(text, 1, FILE_MAX, file);
	(void)fclose(file);
}

static void
teardown(void)
{
	mem_free(text);
}

struct scene {
	struct dns_row keys[KEYS_MAX + 1];
	size_t key_count;
	char *names[2 * KEYS_MAX];
	struct buf header;
	struct buf body;
};

static void
add_key(struct scene *s, struct slice line)
{
	struct slice name = slice_take_word(&line);

	ck_assert_uint_lt(s->key_count, KEYS_MAX);
	s->names[2 * s->key_count] = mem_cstr(name);
	s->names[2 * s->key_count + 1] = mem_cstr(slice_trim(line));
	s->keys[s->key_count] = (struct dns_row){ s->names[2 * s->key_count],
		DNS_TXT, s->names[2 * s->key_count + 1], DNS_FOUND };
	s->key_count++;
}

static void
drop_keys(struct scene *s)
{
	for (size_t i = 0; i < 2 * s->key_count; i++)
		mem_free(s->names[i]);
	s->key_count = 0;
	memset(s->keys, 0, sizeof(s->keys));
}

/* The keys of its group stand behind the tests; then the test by number. */
static bool
read_case(struct scene *s, int number, char name[64], char want[16])
{
	struct slice in = slice_from(text, text_size);
	struct slice line;
	bool in_case = false;
	bool in_body = false;
	bool found = false;
	int n = 0;

	memset(s, 0, sizeof(*s));
	buf_init(&s->header, 1 << 20);
	buf_init(&s->body, 1 << 20);
	while (slice_take_line(&in, &line)) {
		if (slice_is(line, "end")) {
			if (found)
				return true;
			drop_keys(s);
		} else if (slice_take_prefix(&line, "key ")) {
			add_key(s, line);
		} else if (slice_take_prefix(&line, "test ")) {
			in_case = n++ == number;
			if (!in_case)
				continue;
			found = true;
			ck_assert(
			    slice_to_cstr(slice_take_word(&line), name, 64));
			ck_assert(slice_to_cstr(slice_trim(line), want, 16));
		} else if (in_case && slice_take_char(&line, '|')) {
			struct buf *out = in_body ? &s->body : &s->header;

			buf_add(out, line);
			buf_add_cstr(out, "\r\n");
			in_body |= line.n == 0;
		}
	}
	return false;
}

static void
done(struct scene *s)
{
	drop_keys(s);
	buf_done(&s->header);
	buf_done(&s->body);
}

static struct arc_verdict
judge(struct scene *s, size_t piece, struct arc **arc)
{
	struct answers *answers = answers_new(200, 1 << 20);
	struct slice body = buf_slice(&s->body);
	struct arc_verdict v;

	*arc = arc_new();
	arc_header(*arc, buf_slice(&s->header));
	for (; body.n > 0; body = slice_skip(body, piece))
		arc_body(*arc, slice_head(body, piece));
	arc_body_end(*arc);
	for (arc_evaluate(*arc, answers, &v); v.result == ARC_AGAIN;
	     arc_evaluate(*arc, answers, &v))
		ck_assert(dns_table_fill(s->keys, answers));
	answers_free(&answers);
	return v;
}

/*
 * Where we know better: SHA-1 proves nothing any more (RFC 8301, 3.1), and a
 * seal that says the chain had failed makes it fail (RFC 8617, 5.2), of which
 * the suite expects nothing.
 */
static bool
is_known_to_fail(const char *name)
{
	static const char *const names[] = { "ams_fields_a_sha1",
		"as_fields_a_sha1", "cv_fail_i1_as_cv_fail",
		"cv_fail_i2_as2_fail", "cv_fail_i2_as1_fail" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

START_TEST(the_suite_gets_its_verdicts)
{
	static const char *const names[] = { "again", "none", "pass", "fail" };
	struct scene s;
	char name[64];
	char want[16];
	struct arc *arc;

	ck_assert(read_case(&s, _i, name, want));
	if (is_known_to_fail(name))
		(void)snprintf(want, sizeof(want), "fail");
	/* In whole, and byte by byte. */
	for (size_t piece = 1 << 20; piece > 0; piece = piece > 1 ? 1 : 0) {
		struct arc_verdict v = judge(&s, piece, &arc);

		ck_assert_msg(strcmp(names[v.result], want) == 0,
		    "%s: %s, not %s: %s", name, names[v.result], want,
		    v.reason);
		if (v.result == ARC_FAIL)
			ck_assert_str_ne(v.reason, "");
		arc_free(&arc);
	}
	done(&s);
}
END_TEST

START_TEST(the_suite_is_whole)
{
	struct scene s;
	char name[64];
	char want[16];

	ck_assert(!read_case(&s, CASES, name, want));
	done(&s);
}
END_TEST

/* Two sets, of example.org; the first message signature no longer holds. */
START_TEST(only_a_sealer_whose_message_is_unchanged_vouches)
{
	struct slice trusted[] = { SLICE("other.example"),
		SLICE("Example.ORG") };
	struct scene s;
	char name[64];
	char want[16];
	struct arc *arc;
	struct arc_verdict v;
	unsigned instance = 0;

	for (int i = 0;; i++) {
		ck_assert(read_case(&s, i, name, want));
		if (strcmp(name, "cv_pass_i2_1_ams1_invalid") == 0)
			break;
		done(&s);
	}
	v = judge(&s, 100, &arc);
	ck_assert_int_eq(v.result, ARC_PASS);
	ck_assert_uint_eq(v.instances, 2);
	ck_assert_uint_eq(v.oldest_pass, 2);
	ck_assert_str_eq(arc_sealer(arc, 2), "example.org");
	ck_assert(arc_is_vouched(arc, &v, trusted, 2, &instance));
	ck_assert_uint_eq(instance, 2);
	ck_assert(!arc_is_vouched(arc, &v, trusted, 1, &instance));
	arc_free(&arc);
	/* Trouble with the DNS can only take the excuse away. */
	s.keys[0].data = NULL;
	s.keys[0].outcome = DNS_TEMPORARY;
	for (size_t i = 1; i < s.key_count; i++)
		s.keys[i] = s.keys[0];
	v = judge(&s, 100, &arc);
	ck_assert_int_eq(v.result, ARC_FAIL);
	ck_assert(!arc_is_vouched(arc, &v, trusted, 2, &instance));
	arc_free(&arc);
	done(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("arc");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_suite_gets_its_verdicts, 0, CASES);
	tcase_add_test(tc, the_suite_is_whole);
	tcase_add_test(tc, only_a_sealer_whose_message_is_unchanged_vouches);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
