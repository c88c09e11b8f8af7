/* unit/check_data.c - where the data ends, what is content, what is noted. */
#include "tests/unit/run.h"

#include <string.h>

#include "smtp/data.h"

enum { CR = 1, LF = 2, NUL = 4 };

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	struct slice wire;
	struct slice content;
	size_t behind; /* bytes left after the end; or NOT_ENDED */
	unsigned noted;
	size_t longest;
} cases[] = {
#define NOT_ENDED SIZE_MAX
#define W(wire, content, behind, noted, longest) \
	{ { wire, sizeof(wire) - 1 }, { content, sizeof(content) - 1 }, \
	behind, noted, longest },
	W(".\r\n",		    "",			0, 0, 0)
	W("\r\n.\r\n",		    "\r\n",		0, 0, 0)
	W("a\r\n.\r\n",		    "a\r\n",		0, 0, 1)
	W("a\r\nbcd\r\n\r\n.\r\n",  "a\r\nbcd\r\n\r\n",	0, 0, 3)
	W("a\r\n.\r\nQUIT\r\n",	    "a\r\n",		6, 0, 1)
	W(".\r\n\0\r",		    "",			2, 0, 0)
	W("..\r\n.\r\n",	    ".\r\n",		0, 0, 1)
	W("...\r\n.\r\n",	    "..\r\n",		0, 0, 2)
	W(".a\r\n.\r\n",	    "a\r\n",		0, 0, 1)
	W("a\r\n..b\r\nc.d\r\n.\r\n", "a\r\n.b\r\nc.d\r\n", 0, 0, 3)
	W("a.\r\n.\r\n",	    "a.\r\n",		0, 0, 2)
	W("",			    "",			NOT_ENDED, 0, 0)
	W("a\r\n.\r",		    "a\r\n",		NOT_ENDED, 0, 1)
	W("a\r\n.",		    "a\r\n",		NOT_ENDED, 0, 1)
	W("a\r\n",		    "a\r\n",		NOT_ENDED, 0, 1)
	/* What must not end the data (smuggling), and is noted. */
	W("a\n.\n",		    "a\n.\n",		NOT_ENDED, LF, 0)
	W("a\n.\r\n",		    "a\n.\r\n",		NOT_ENDED, LF, 3)
	W("a\r.\r\n",		    "a\r.\r\n",		NOT_ENDED, CR, 3)
	W("a\r\n.\n",		    "a\r\n\n",		NOT_ENDED, LF, 1)
	W("a\r\n.\r",		    "a\r\n",		NOT_ENDED, 0, 1)
	W("a\r\n.\rb\r\n.\r\n",	    "a\r\n\rb\r\n",	0, CR, 2)
	W("a\r\n.\r\r\n.\r\n",	    "a\r\n\r\r\n",	0, CR, 1)
	W("a\r\r\n.\r\n",	    "a\r\r\n",		0, CR, 2)
	W("a\r\n\r.\r\n.\r\n",	    "a\r\n\r.\r\n",	0, CR, 2)
	W("\n.\r\n.\r\n",	    "\n.\r\n",		0, LF, 2)
	W("a\n\n.\r\nb\r\n.\r\n",   "a\n\n.\r\nb\r\n",	0, LF, 4)
	W("\r\n\n.\r\n",	    "\r\n\n.\r\n",	NOT_ENDED, LF, 2)
	W("a\rb\nc\0d\r\n.\r\n",    "a\rb\nc\0d\r\n",	0, CR | LF | NUL, 7)
	W("\0.\r\n.\r\n",	    "\0.\r\n",		0, NUL, 2)
	W(".\0\r\n.\r\n",	    "\0\r\n",		0, NUL, 1)
#undef W
};
/* clang-format on */

static void
keep(struct slice content, void *arg)
{
	ck_assert_uint_gt(content.n, 0);
	buf_add(arg, content);
}

/* One test of the table with the wire cut at `a` and at `b`. */
static void
check_cut(int i, size_t a, size_t b)
{
	struct slice wire = cases[i].wire;
	struct slice parts[3] = { slice_head(wire, a),
		slice_skip(slice_head(wire, b), a), slice_skip(wire, b) };
	struct data_decoder d;
	struct buf content;
	size_t eaten = 0;
	bool ended = false;

	buf_init(&content, 1000);
	data_decoder_init(&d);
	for (size_t k = 0; k < 3 && !ended; k++)
		eaten +=
		    data_decoder_feed(&d, parts[k], keep, &content, &ended);
	ck_assert_int_eq(ended, cases[i].behind != NOT_ENDED);
	ck_assert_uint_eq(eaten, ended ? wire.n - cases[i].behind : wire.n);
	ck_assert(slice_eq(buf_slice(&content), cases[i].content));
	ck_assert_int_eq(d.bare_cr, (cases[i].noted & CR) != 0);
	ck_assert_int_eq(d.bare_lf, (cases[i].noted & LF) != 0);
	ck_assert_int_eq(d.nul, (cases[i].noted & NUL) != 0);
	ck_assert_uint_eq(d.longest_line, cases[i].longest);
	buf_done(&content);
}

START_TEST(the_content_is_the_same_wherever_the_wire_is_cut)
{
	for (size_t a = 0; a <= cases[_i].wire.n; a++)
		for (size_t b = a; b <= cases[_i].wire.n; b++)
			check_cut(_i, a, b);
}
END_TEST

static void
count(struct slice content, void *arg)
{
	unsigned *calls = arg;

	(void)content;
	(*calls)++;
}

START_TEST(a_mail_without_dots_is_given_in_one_run)
{
	static char wire[70000];
	struct data_decoder d;
	struct data_encoder e;
	unsigned calls = 0;
	bool ended;

	for (size_t i = 0; i + 70 <= sizeof(wire); i += 70) {
		memset(wire + i, '.', 68);
		wire[i] = 'x';
		memcpy(wire + i + 68, "\r\n", 2);
	}
	data_decoder_init(&d);
	ck_assert_uint_eq(data_decoder_feed(&d, slice_from(wire, sizeof(wire)),
			      count, &calls, &ended),
	    sizeof(wire));
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(d.longest_line, 68);
	data_encoder_init(&e);
	data_encoder_feed(&e, slice_from(wire, sizeof(wire)), count, &calls);
	ck_assert_uint_eq(calls, 2);
}
END_TEST

/* clang-format off */
static const struct {
	const char *content, *wire;
} contents[] = {
	{ "",			".\r\n" },
	{ "a\r\n",		"a\r\n.\r\n" },
	{ "a",			"a\r\n.\r\n" },
	{ ".",			"..\r\n.\r\n" },
	{ ".\r\n",		"..\r\n.\r\n" },
	{ "..\r\n.\r\n",	"...\r\n..\r\n.\r\n" },
	{ "a\r\n.b\r\n..c",	"a\r\n..b\r\n...c\r\n.\r\n" },
	{ "a.b\r\n",		"a.b\r\n.\r\n" },
	{ "\r\n.\r\n",		"\r\n..\r\n.\r\n" },
	{ "a\n.\r\n",		"a\n.\r\n.\r\n" },
	{ "\n.\r\n",		"\n.\r\n.\r\n" },
	{ "a\r.\r\n",		"a\r.\r\n.\r\n" },
	{ "a\r",		"a\r\r\n.\r\n" },
	{ "a\n",		"a\n\r\n.\r\n" },
	{ "a\r\r\n.b\r\n",	"a\r\r\n..b\r\n.\r\n" },
};
/* clang-format on */

START_TEST(dots_are_stuffed_wherever_the_content_is_cut)
{
	struct slice content = slice_of(contents[_i].content);

	for (size_t a = 0; a <= content.n; a++) {
		for (size_t b = a; b <= content.n; b++) {
			struct data_encoder e;
			struct buf wire;

			buf_init(&wire, 1000);
			data_encoder_init(&e);
			data_encoder_feed(&e, slice_head(content, a), keep,
			    &wire);
			data_encoder_feed(&e,
			    slice_skip(slice_head(content, b), a), keep, &wire);
			data_encoder_feed(&e, slice_skip(content, b), keep,
			    &wire);
			data_encoder_end(&e, keep, &wire);
			ck_assert_str_eq(buf_cstr(&wire), contents[_i].wire);
			buf_done(&wire);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("data");
	TCase *tc = tcase_create("data");

	tcase_add_loop_test(tc,
	    the_content_is_the_same_wherever_the_wire_is_cut, 0, COUNT(cases));
	tcase_add_test(tc, a_mail_without_dots_is_given_in_one_run);
	tcase_add_loop_test(tc, dots_are_stuffed_wherever_the_content_is_cut, 0,
	    COUNT(contents));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
