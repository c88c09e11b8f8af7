/*
 * unit/check_dkim_hash.c - the canonical forms of RFC 6376, 3.4, hashed and
 * counted, however the bytes come.
 */
#include <check.h>
#include <string.h>

#include "run.h"
#include "verify/dkim_hash.h"
#include "verify/dkim_length.h"

static void
hash_text(const char *text, unsigned char out[DKIM_HASH_SIZE])
{
	struct dkim_hash *h = dkim_hash_new();

	dkim_hash_text(h, slice_of(text));
	dkim_hash_end(h, out);
	dkim_hash_free(&h);
}

/* clang-format off */
static const struct {
	const char *body, *relaxed, *simple;
} bodies[] = {
	/* RFC 6376, 3.4.5 and 3.4.6 */
	{ " C \r\nD \t E\r\n\r\n\r\n",	" C\r\nD E\r\n",	" C \r\nD \t E\r\n" },
	{ "",				"",			"\r\n" },
	{ "\r\n",			"",			"\r\n" },
	{ "\r\n\r\n",			"",			"\r\n" },
	{ " \r\n",			"",			" \r\n" },
	{ "a",				"a\r\n",		"a\r\n" },
	{ "a\r\n",			"a\r\n",		"a\r\n" },
	{ "a \t ",			"a\r\n",		"a \t \r\n" },
	{ "a\r\n\r\nb\r\n\r\n",		"a\r\n\r\nb\r\n",	"a\r\n\r\nb\r\n" },
	{ "a\r\n \r\nb",		"a\r\n\r\nb\r\n",	"a\r\n \r\nb\r\n" },
	{ "\t\ta\t\tb\r\n",		" a b\r\n",		"\t\ta\t\tb\r\n" },
	{ "a\rb\r\n",			"a\rb\r\n",		"a\rb\r\n" },
	{ "a\nb\r\n",			"a\nb\r\n",		"a\nb\r\n" },
	{ "\r\r\n",			"\r\r\n",		"\r\r\n" },
	{ " \r \r\n",			" \r\r\n",		" \r \r\n" },
	{ "\r\n\r\na b c  d",		"\r\n\r\na b c d\r\n",	"\r\n\r\na b c  d\r\n" },
};
/* clang-format on */

static void
check_body(struct dkim_hash *(*make)(void), const char *canonical, int i)
{
	struct slice body = slice_of(bodies[i].body);
	unsigned char want[DKIM_HASH_SIZE], got[DKIM_HASH_SIZE];

	hash_text(canonical, want);
	for (size_t run = 1; run <= body.n + 1; run++) {
		struct dkim_hash *h = make();

		for (struct slice s = body; s.n > 0; s = slice_skip(s, run))
			dkim_hash_body(h, slice_head(s, run));
		dkim_hash_end(h, got);
		dkim_hash_free(&h);
		ck_assert_mem_eq(got, want, sizeof(want));
	}
}

START_TEST(bodies_are_relaxed)
{
	check_body(dkim_hash_new, bodies[_i].relaxed, _i);
}
END_TEST

START_TEST(bodies_are_simple)
{
	check_body(dkim_hash_new_simple, bodies[_i].simple, _i);
}
END_TEST

START_TEST(bodies_are_counted)
{
	struct slice body = slice_of(bodies[_i].body);

	for (size_t run = 1; run <= body.n + 1; run++) {
		struct dkim_length l = { .cr = false };

		for (struct slice s = body; s.n > 0; s = slice_skip(s, run))
			dkim_length_add(&l, slice_head(s, run));
		ck_assert_uint_eq(dkim_length_relaxed(&l),
		    strlen(bodies[_i].relaxed));
		ck_assert_uint_eq(dkim_length_simple(&l),
		    strlen(bodies[_i].simple));
	}
}
END_TEST

START_TEST(fields_are_relaxed)
{
	static const struct {
		const char *field, *relaxed;
	} fields[] = {
		{ "A: X\r\n", "a:X" },
		{ "B : Y\t\r\n\tZ  \r\n", "b:Y Z" },
		{ "Subject:\r\n \r\n\tx\r\n", "subject:x" },
		{ "Empty:\r\n", "empty:" },
		{ "Empty: \t \r\n", "empty:" },
		{ "MiXed:a:b\r\n", "mixed:a:b" },
		{ "X: \xc3\xa4\xff\r\n", "x:\xc3\xa4\xff" },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		unsigned char want[DKIM_HASH_SIZE], got[DKIM_HASH_SIZE];
		struct slice text = slice_of(fields[i].field);
		struct dkim_hash *h = dkim_hash_new();
		struct header_field field;

		ck_assert(header_take(&text, &field));
		dkim_hash_field(h, &field);
		dkim_hash_end(h, got);
		dkim_hash_free(&h);
		hash_text(fields[i].relaxed, want);
		ck_assert_mem_eq(got, want, sizeof(want));
	}
}
END_TEST

START_TEST(a_copy_goes_its_own_way)
{
	unsigned char want[DKIM_HASH_SIZE], got[DKIM_HASH_SIZE];
	struct dkim_hash *a = dkim_hash_new(), *b;

	dkim_hash_text(a, SLICE("one "));
	b = dkim_hash_copy(a);
	dkim_hash_text(a, SLICE("two"));
	dkim_hash_text(b, SLICE("three"));
	dkim_hash_end(a, got);
	hash_text("one two", want);
	ck_assert_mem_eq(got, want, sizeof(want));
	dkim_hash_end(b, got);
	hash_text("one three", want);
	ck_assert_mem_eq(got, want, sizeof(want));
	dkim_hash_free(&a);
	dkim_hash_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_hash");
	TCase *t = tcase_create("dkim_hash");

	tcase_add_loop_test(t, bodies_are_relaxed, 0,
	    sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_loop_test(t, bodies_are_simple, 0,
	    sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_loop_test(t, bodies_are_counted, 0,
	    sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_test(t, fields_are_relaxed);
	tcase_add_test(t, a_copy_goes_its_own_way);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}
