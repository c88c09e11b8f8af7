/* unit/check_dns_packet.c - DNS answers are read whole, or not at all. */
#include "tests/unit/run.h"

#include <string.h>

#include "dns/packet.h"

/* Packets are made of text: "#" and two hexadecimal digits is that byte. */
struct made {
	char bytes[4096];
	size_t n;
};

static unsigned
hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void
add(struct made *m, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (*text == '#') {
			m->bytes[m->n++] =
			    (char)(hex(text[1]) << 4 | hex(text[2]));
			text += 2;
		} else {
			m->bytes[m->n++] = *text;
		}
	}
}

/* A response to one question; the question's name lies at offset 12. */
static void
begin(struct made *m, const char *flags, unsigned answers, const char *name,
    unsigned type)
{
	m->n = 0;
	add(m, "#12#34");
	add(m, flags);
	add(m, "#00#01#00");
	m->bytes[m->n++] = (char)answers;
	add(m, "#00#00#00#00");
	add(m, name);
	add(m, "#00");
	m->bytes[m->n++] = (char)type;
	add(m, "#00#01");
}

static bool
parse(const struct made *m, enum dns_type type, struct arena *arena,
    struct dns_answer *out)
{
	return dns_packet_parse(slice_from(m->bytes, m->n), type, arena, out);
}

#define A_TEST "#01a#04test#00"
#define TTL_1H "#00#00#0e#10"
#define TTL_5 "#00#00#00#05"

START_TEST(an_mx_answer_gives_preferences_and_names_in_lower_case)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 2, A_TEST, DNS_MX);
	add(&m, "#c0#0c #00#0f#00#01" TTL_1H "#00#08#00#0a #03MxA #c0#0c");
	add(&m, "#c0#0c #00#0f#00#01" TTL_5 "#00#03#00#00 #00");
	ck_assert(parse(&m, DNS_MX, arena, &answer));
	ck_assert_int_eq(answer.outcome, DNS_FOUND);
	ck_assert_uint_eq(answer.count, 2);
	ck_assert_uint_eq(answer.ttl, 5);
	ck_assert_uint_eq(answer.records[0].preference, 10);
	ck_assert(slice_is(answer.records[0].data, "mxa.a.test"));
	ck_assert_uint_eq(answer.records[1].preference, 0);
	ck_assert(slice_is(answer.records[1].data, ""));
	ck_assert(slice_is(answer.canonical, "a.test"));
	arena_free(&arena);
}
END_TEST

START_TEST(aliases_are_followed_in_any_order)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;
	char text[IP_TEXT_SIZE];

	begin(&m, "#81#80", 4, A_TEST, DNS_A);
	/* c.test A, then b.test CNAME c.test, then a.test CNAME B.test. */
	add(&m, "#01c#04test#00 #00#01#00#01" TTL_1H "#00#04 #c0#00#02#01");
	add(&m, "#01b#04test#00 #00#05#00#01" TTL_5 "#00#08#01c#04test#00");
	add(&m, "#c0#0c #00#05#00#01" TTL_1H "#00#08#01B#04test#00");
	/* Somebody else's address is not taken. */
	add(&m, "#01z#04test#00 #00#01#00#01" TTL_1H "#00#04 #c0#00#02#09");
	ck_assert(parse(&m, DNS_A, arena, &answer));
	ck_assert_int_eq(answer.outcome, DNS_FOUND);
	ck_assert_uint_eq(answer.count, 1);
	ip_text(&answer.records[0].ip, text);
	ck_assert_str_eq(text, "192.0.2.1");
	ck_assert_uint_eq(answer.ttl, 5);
	ck_assert(slice_is(answer.canonical, "c.test"));
	arena_free(&arena);
}
END_TEST

START_TEST(a_circle_of_aliases_is_no_answer)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 1, A_TEST, DNS_A);
	add(&m, "#c0#0c #00#05#00#01" TTL_5 "#00#02#c0#0c");
	ck_assert(!parse(&m, DNS_A, arena, &answer));
	ck_assert_int_eq(answer.outcome, DNS_TEMPORARY);
	arena_free(&arena);
}
END_TEST

START_TEST(a_text_is_its_strings_joined)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 1, A_TEST, DNS_TXT);
	add(&m, "#c0#0c #00#10#00#01" TTL_5 "#00#0c #06v=spf1 #00 #04#20-a#ff");
	/* The rdata's length cuts the last string: the record vanishes. */
	ck_assert(parse(&m, DNS_TXT, arena, &answer));
	ck_assert_int_eq(answer.outcome, DNS_NO_DATA);
	begin(&m, "#81#80", 1, A_TEST, DNS_TXT);
	add(&m, "#c0#0c #00#10#00#01" TTL_5 "#00#0d #06v=spf1 #00 #04#20-a#ff");
	ck_assert(parse(&m, DNS_TXT, arena, &answer));
	ck_assert_uint_eq(answer.count, 1);
	ck_assert(slice_is(answer.records[0].data, "v=spf1 -a\xff"));
	arena_free(&arena);
}
END_TEST

START_TEST(a_tlsa_record_is_its_rdata)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 1, A_TEST, DNS_TLSA);
	add(&m, "#c0#0c #00#34#00#01" TTL_5 "#00#05 #03#01#01#ab#00");
	ck_assert(parse(&m, DNS_TLSA, arena, &answer));
	ck_assert_uint_eq(answer.count, 1);
	ck_assert_uint_eq(answer.records[0].data.n, 5);
	ck_assert_mem_eq(answer.records[0].data.p, "\3\1\1\xab\0", 5);
	arena_free(&arena);
}
END_TEST

/* clang-format off */
static const struct {
	const char *flags;
	enum dns_outcome outcome;
	unsigned rcode;
} empties[] = {
	{ "#81#80",	DNS_NO_DATA,	0 },
	{ "#81#83",	DNS_NO_NAME,	3 },
	{ "#81#82",	DNS_TEMPORARY,	2 },
	{ "#81#85",	DNS_TEMPORARY,	5 },
};

/* What follows the question of "a.test A", with one answer counted. */
static const char *const broken[] = {
	"",					/* nothing there */
	"#c0#0c #00#01#00#01#00#00#00",		/* cut in the TTL */
	"#c0#0c #00#01#00#01" TTL_5 "#00#04#01", /* cut in the rdata */
	"#c0#ff #00#01#00#01" TTL_5 "#00#00",	/* points behind the end */
	"#c0#1c #00#01#00#01" TTL_5 "#00#00",	/* points to itself */
	"#80#00 #00#01#00#01" TTL_5 "#00#00",	/* a reserved kind of label */
	"#3fabc",				/* a label longer than the packet */
};
/* clang-format on */

START_TEST(an_empty_answer_says_what_is_missing)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, empties[_i].flags, 0, A_TEST, DNS_A);
	ck_assert(parse(&m, DNS_A, arena, &answer));
	ck_assert_int_eq(answer.outcome, empties[_i].outcome);
	ck_assert_uint_eq(answer.rcode, empties[_i].rcode);
	ck_assert_uint_eq(answer.count, 0);
	arena_free(&arena);
}
END_TEST

START_TEST(a_broken_packet_is_no_answer)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 1, A_TEST, DNS_A);
	add(&m, broken[_i]);
	ck_assert(!parse(&m, DNS_A, arena, &answer));
	ck_assert_int_eq(answer.outcome, DNS_TEMPORARY);
	arena_free(&arena);
}
END_TEST

START_TEST(an_answer_to_another_question_is_none)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 0, A_TEST, DNS_A);
	ck_assert(!parse(&m, DNS_MX, arena, &answer));
	begin(&m, "#01#00", 0, A_TEST, DNS_A); /* a question, no response */
	ck_assert(!parse(&m, DNS_A, arena, &answer));
	begin(&m, "#83#80", 0, A_TEST, DNS_A); /* truncated */
	ck_assert(!parse(&m, DNS_A, arena, &answer));
	arena_free(&arena);
}
END_TEST

START_TEST(a_name_with_odd_bytes_makes_its_record_vanish)
{
	struct arena *arena = arena_new(DNS_ARENA_MAX);
	struct dns_answer answer;
	struct made m;

	begin(&m, "#81#80", 2, A_TEST, DNS_MX);
	add(&m, "#c0#0c #00#0f#00#01" TTL_5 "#00#08#00#0a #03a#00b #c0#0c");
	add(&m, "#c0#0c #00#0f#00#01" TTL_5 "#00#08#00#0a #03abc #c0#0c");
	ck_assert(parse(&m, DNS_MX, arena, &answer));
	ck_assert_uint_eq(answer.count, 1);
	ck_assert(slice_is(answer.records[0].data, "abc.a.test"));
	arena_free(&arena);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	bool valid;
} names[] = {
	{ "a.test",		true },
	{ "_25._tcp.mx.test",	true },
	{ "test",		true },
	{ "",			false },
	{ ".",			false },
	{ "a.test.",		false },
	{ "a..test",		false },
	{ ".test",		false },
	{ "a b.test",		false },
	{ "a\\.test",		false },
	{ "b\xc3\xbc.test",	false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test",
	  false }, /* a label of 64 */
};
/* clang-format on */

START_TEST(names_are_labels_of_1_to_63)
{
	ck_assert_int_eq(dns_question_is_valid(slice_of(names[_i].name)),
	    names[_i].valid || slice_is(slice_of(names[_i].name), "a b.test"));
	ck_assert_int_eq(dns_name_is_valid(slice_of(names[_i].name)),
	    names[_i].valid);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns/packet");
	TCase *tc = tcase_create("all");

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))
	tcase_add_test(tc,
	    an_mx_answer_gives_preferences_and_names_in_lower_case);
	tcase_add_test(tc, aliases_are_followed_in_any_order);
	tcase_add_test(tc, a_circle_of_aliases_is_no_answer);
	tcase_add_test(tc, a_text_is_its_strings_joined);
	tcase_add_test(tc, a_tlsa_record_is_its_rdata);
	tcase_add_loop_test(tc, an_empty_answer_says_what_is_missing, 0,
	    ROWS(empties));
	tcase_add_loop_test(tc, a_broken_packet_is_no_answer, 0, ROWS(broken));
	tcase_add_test(tc, an_answer_to_another_question_is_none);
	tcase_add_test(tc, a_name_with_odd_bytes_makes_its_record_vanish);
	tcase_add_loop_test(tc, names_are_labels_of_1_to_63, 0, ROWS(names));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
