/* unit/check_envelope.c - an envelope comes back from its encoded form. */
#include "tests/unit/run.h"

#include "base/err.h"
#include "mail/envelope.h"
#include "mail/pack.h"

static struct recipient recipients[] = {
	{ SLICE("bob@example.net"), SLICE("rfc822;bob@example.net"),
	    NOTIFY_SUCCESS | NOTIFY_DELAY },
	{ SLICE("carol@example.com"), { "", 0 }, 0 },
	{ SLICE("postmaster"), { "", 0 }, NOTIFY_NEVER },
};

static const struct envelope whole = {
	.id = 0xfedcba9876543210,
	.arrived_ms = 1795489200123,
	.size = 4321,
	.sender = SLICE("alice@example.org"),
	.envid = SLICE("QQ+2B1"),
	.ret = RET_HDRS,
	.body = BODY_8BITMIME,
	.smtputf8 = true,
	.require_tls = true,
	.service = SLICE("submission"),
	.client = SLICE("192.0.2.1"),
	.helo = SLICE("[192.0.2.1]"),
	.login = SLICE("alice"),
	.tls = SLICE("TLSv1.3 TLS_AES_256_GCM_SHA384"),
	.verdicts = SLICE("spf=pass dkim=none"),
	.hold = true,
	.release_ms = 1795489300000,
	.by_ms = 1795489400000,
	.by = BY_RETURN,
	.by_trace = true,
	.by_told = true,
	.priority = PRIORITY_LOWEST,
	.recipient_count = 3,
	.recipients = recipients,
};

static const struct envelope least = {
	.sender = { "", 0 },
	.envid = { "", 0 },
	.service = { "", 0 },
	.client = { "", 0 },
	.helo = { "", 0 },
	.login = { "", 0 },
	.tls = { "", 0 },
	.verdicts = { "", 0 },
};

static void
assert_same(const struct envelope *a, const struct envelope *b)
{
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_int_eq(a->arrived_ms, b->arrived_ms);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert(slice_eq(a->sender, b->sender));
	ck_assert(slice_eq(a->envid, b->envid));
	ck_assert_int_eq(a->ret, b->ret);
	ck_assert_int_eq(a->body, b->body);
	ck_assert_int_eq(a->smtputf8, b->smtputf8);
	ck_assert_int_eq(a->require_tls, b->require_tls);
	ck_assert(slice_eq(a->service, b->service));
	ck_assert(slice_eq(a->client, b->client));
	ck_assert(slice_eq(a->helo, b->helo));
	ck_assert(slice_eq(a->login, b->login));
	ck_assert(slice_eq(a->tls, b->tls));
	ck_assert(slice_eq(a->verdicts, b->verdicts));
	ck_assert_int_eq(a->hold, b->hold);
	ck_assert_int_eq(a->release_ms, b->release_ms);
	ck_assert_int_eq(a->by_ms, b->by_ms);
	ck_assert_int_eq(a->by, b->by);
	ck_assert_int_eq(a->by_trace, b->by_trace);
	ck_assert_int_eq(a->by_told, b->by_told);
	ck_assert_int_eq(a->priority, b->priority);
	ck_assert_uint_eq(a->recipient_count, b->recipient_count);
	for (uint32_t i = 0; i < a->recipient_count; i++) {
		const struct recipient *x = &a->recipients[i];
		const struct recipient *y = &b->recipients[i];

		ck_assert(slice_eq(x->address, y->address));
		ck_assert(slice_eq(x->orcpt, y->orcpt));
		ck_assert_uint_eq(x->notify, y->notify);
	}
}

START_TEST(every_field_comes_back)
{
	const struct envelope *const all[] = { &whole, &least };
	struct arena *arena = arena_new(4096);
	struct envelope got;
	struct buf packed;

	buf_init(&packed, 4096);
	envelope_encode(all[_i], &packed);
	ck_assert_int_eq(envelope_decode(buf_slice(&packed), arena, &got), 0);
	assert_same(&got, all[_i]);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

START_TEST(what_an_older_mtad_does_not_know_is_skipped)
{
	struct arena *arena = arena_new(4096);
	struct envelope got;
	struct buf packed;

	buf_init(&packed, 4096);
	pack_u64(&packed, 1000);
	pack_bytes(&packed, SLICE("from the future"));
	envelope_encode(&whole, &packed);
	pack_u64(&packed, 99);
	pack_bytes(&packed, SLICE_NONE);
	ck_assert_int_eq(envelope_decode(buf_slice(&packed), arena, &got), 0);
	assert_same(&got, &whole);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

START_TEST(one_byte_less_is_corrupt_or_another_envelope)
{
	struct arena *arena = arena_new(1 << 20);
	struct envelope got;
	struct buf packed;
	unsigned corrupt = 0;

	buf_init(&packed, 4096);
	envelope_encode(&whole, &packed);
	for (size_t n = 0; n < packed.n; n++) {
		int rc = envelope_decode(slice_head(buf_slice(&packed), n),
		    arena, &got);

		ck_assert(
		    rc == ERR_CORRUPT || (rc == 0 && got.recipient_count < 3));
		corrupt += rc != 0;
	}
	ck_assert_uint_gt(corrupt, packed.n / 2);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

/* clang-format off */
static const struct {
	const char *why, *bytes;
	size_t n;
} corrupt[] = {
	{ "a field longer than the rest",   "\x04\x05" "abc", 5 },
	{ "no length",			    "\x04", 1 },
	{ "the id twice",		    "\x01\x01\x05\x01\x01\x05", 6 },
	{ "a number with bytes behind it",  "\x01\x02\x05\x05", 4 },
	{ "an empty number",		    "\x01\x00", 2 },
	{ "ret out of range",		    "\x06\x01\x03", 3 },
	{ "body out of range",		    "\x07\x01\x03", 3 },
	{ "a flag of 2",		    "\x08\x01\x02", 3 },
	{ "notify out of range",	    "\x10\x03\x10\x01" "a", 5 },
	{ "a recipient without an address", "\x10\x01\x00", 3 },
};
/* clang-format on */

START_TEST(malformed_bytes_are_corrupt)
{
	struct arena *arena = arena_new(4096);
	struct envelope got;

	ck_assert_msg(envelope_decode(slice_from(corrupt[_i].bytes,
					  corrupt[_i].n),
			  arena, &got) == ERR_CORRUPT,
	    "%s", corrupt[_i].why);
	arena_free(&arena);
}
END_TEST

START_TEST(more_recipients_than_the_arena_holds_are_a_limit)
{
	struct arena *arena = arena_new(64);
	struct envelope got;
	struct buf packed;

	buf_init(&packed, 4096);
	envelope_encode(&whole, &packed);
	ck_assert_int_eq(envelope_decode(buf_slice(&packed), arena, &got),
	    ERR_LIMIT);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("envelope");
	TCase *tc = tcase_create("envelope");

	tcase_add_loop_test(tc, every_field_comes_back, 0, 2);
	tcase_add_test(tc, what_an_older_mtad_does_not_know_is_skipped);
	tcase_add_test(tc, one_byte_less_is_corrupt_or_another_envelope);
	tcase_add_loop_test(tc, malformed_bytes_are_corrupt, 0,
	    sizeof(corrupt) / sizeof(corrupt[0]));
	tcase_add_test(tc, more_recipients_than_the_arena_holds_are_a_limit);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
