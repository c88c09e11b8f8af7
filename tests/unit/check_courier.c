/*
 * unit/check_courier.c - jobs over real sockets: from the queue to servers that
 * behave, or do not.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "deliver/courier.h"
#include "deliver/pool.h"
#include "deliver/self.h"
#include "queue/writer.h"
#include "tests/unit/false_dns.h"
#include "tests/unit/false_smtp.h"
#include "tests/unit/queue_spool.h"

#define MESSAGE "Subject: hello\r\n\r\n.dot\r\nend\r\n"
#define ON_WIRE "Subject: hello\r\n\r\n..dot\r\nend\r\n.\r\n"

static const struct false_record records[] = {
	{ "site.test", "MX 10 one.test" },
	{ "site.test", "MX 20 two.test" },
	{ "one.test", "A 127.0.0.1" },
	{ "two.test", "A 127.0.0.2" },
	{ "null.test", "MX 0 ." },
	{ "empty.test", "TXT nothing" },
	{ "broken.test", "SERVFAIL" },
	{ "ours.test", "MX 10 me.test" },
	{ "me.test", "A 127.0.0.9" },
	{ "loop.test", "MX 10 other.test" },
	{ "other.test", "A 127.0.0.3" },
	{ NULL, NULL },
};

/* All that a courier needs, and two servers. */
static struct test_spool spool;
static struct queue_writer *writer;
static struct place place;
static uint64_t message_id;
static struct false_dns *dns;
static struct tools tools;
static struct conf conf;
static struct route_conf route;
static struct listener_conf listener;
static struct tls_server *tls_server;
static struct false_smtp one, two;
static struct false_words words_one, words_two;
static struct job *done_job;
static struct fate done_fates[8];
static char done_text[8][1024];

static void
on_written(void *who, uint64_t id, int rc, const struct place *at,
    struct slice envelope, void *arg)
{
	(void)who;
	(void)arg;
	(void)envelope;
	ck_assert_int_eq(rc, 0);
	message_id = id;
	place = *at;
}

static void
keep_message(struct slice content)
{
	uint64_t id = queue_writer_id(writer, time_wall_ms());
	struct queue_draft *draft = queue_draft_new(writer, id);
	struct envelope envelope = { .id = id, .sender = SLICE("a@x.test") };
	struct queue_batch *batch;
	struct buf bytes;

	buf_init(&bytes, 65536);
	envelope_encode(&envelope, &bytes);
	ck_assert_int_eq(queue_draft_add(draft, content), 0);
	queue_writer_submit(writer, &draft, SLICE_NONE, buf_slice(&bytes),
	    NULL);
	batch = queue_writer_take(writer);
	queue_batch_write(batch);
	queue_writer_finish(writer, &batch, on_written, NULL, NULL);
	buf_done(&bytes);
}

static void
start_tools(void)
{
	struct resolver_options options = { .timeout_ms = 5000 };
	const char *server;
	struct why why;

	dns = false_dns_new(tools.loop, records);
	server = false_dns_server(dns);
	options.servers = &server;
	options.server_count = 1;
	tools.conf = &conf;
	tools.resolver = resolver_new(tools.loop, &options, &why);
	tools.reader = queue_reader_new(spool.vfs);
	tools.tls = tls_client_new(&why);
	tools.logins = login_library_new();
	tools.pool = pool_new(tools.loop);
	tools.self = self_new(&conf);
	tools.broken_tls = memory_new(100);
	tools.dead_addresses = memory_new(100);
	tools.block = mem_new(CONTENT_BLOCK);
}

static void
set_up(void)
{
	static char title[] = "*", empty[] = "", name[] = "me.test",
		    own[] = "127.0.0.3";
	static char *own_address = own;
	struct buf certificate, key;
	struct tls_server_cert cert = { .name = "default", .minimum = 12 };
	struct why why;

	test_spool_init(&spool);
	ck_assert_int_eq(queue_writer_open(spool.vfs, 1, &writer), 0);
	keep_message(slice_of(MESSAGE));
	memset(&tools, 0, sizeof(tools));
	tools.loop = loop_new();
	words_one = words_two = (struct false_words){ 0 };
	false_smtp_init(&one, tools.loop, 1, 0, &words_one);
	false_smtp_init(&two, tools.loop, 2, one.port, &words_two);

	route = (struct route_conf){ .title = title,
		.user = empty,
		.helo = empty,
		.oauth_token_url = empty };
	listener = (struct listener_conf){ .port = one.port,
		.addresses = { &own_address, 1 } };
	conf = (struct conf){ .refs = 1,
		.hostname = name,
		.routes = &route,
		.route_count = 1,
		.listeners = &listener,
		.listener_count = 1,
		.delivery = { .mx_port = one.port,
		    .connect_timeout_ms = 3000,
		    .reply_timeout_ms = 10 * MINUTE,
		    .idle_timeout_ms = 5000,
		    .ipv4 = true,
		    .ipv6 = true } };
	start_tools();
	buf_init(&certificate, 65536);
	buf_init(&key, 65536);
	ck_assert_int_eq(tls_self_signed("one.test", &certificate, &key), 0);
	cert.certificate_pem = buf_slice(&certificate);
	cert.key_pem = buf_slice(&key);
	tls_server = tls_server_new(&cert, 1, SLICE("seed"), &why);
	ck_assert_ptr_nonnull(tls_server);
	one.tls = two.tls = tls_server;
	buf_done(&certificate);
	buf_done(&key);
	done_job = NULL;
}

static void
on_nothing(void *arg)
{
	loop_stop(arg);
}

/* Lets what is posted and on its way run. */
static void
let_run(int64_t ms)
{
	struct timer *timer = timer_new(tools.loop, on_nothing, tools.loop);

	timer_set(timer, ms);
	loop_run(tools.loop);
	timer_free(&timer);
}

static void
tear_down(void)
{
	job_free(&done_job);
	pool_free(&tools.pool);
	let_run(20);
	ck_assert_uint_eq(tools.connections, 0);
	false_smtp_done(&one);
	false_smtp_done(&two);
	let_run(5);
	resolver_free(&tools.resolver);
	false_dns_free(&dns);
	queue_reader_free(&tools.reader);
	tls_client_free(&tools.tls);
	tls_server_free(&tls_server);
	login_library_free(&tools.logins);
	self_free(&tools.self);
	memory_free(&tools.broken_tls);
	memory_free(&tools.dead_addresses);
	mem_free(tools.block);
	loop_free(&tools.loop);
	queue_writer_close(&writer);
	test_spool_done(&spool);
	ck_assert_uint_eq(conf.refs, 1);
}

static void
on_done(struct job *j, void *arg)
{
	(void)arg;
	done_job = j;
	loop_stop(tools.loop);
}

static void
on_too_late(void *arg)
{
	(void)arg;
	ck_abort_msg("the job does not end");
}

/* One job from here to there; its fates are in done_fates. */
static void
carry_to(const char *target, const char *recipients)
{
	struct recipient list[8];
	struct slice rest = slice_of(recipients);
	struct envelope envelope = { .id = message_id,
		.sender = SLICE("a@x.test"),
		.recipients = list };
	struct msg_deliver_job m = { .job = 7,
		.segment = place.segment,
		.offset = place.offset,
		.length = place.length,
		.site = slice_of(target),
		.target = slice_of(target),
		.route = SLICE("*"),
		.messages_per_connection = 100 };
	struct timer *limit = timer_new(tools.loop, on_too_late, NULL);
	struct buf bytes;
	struct job *j;

	memset(list, 0, sizeof(list));
	while (rest.n > 0)
		list[envelope.recipient_count++].address =
		    slice_take_until(&rest, ' ');
	buf_init(&bytes, 65536);
	envelope_encode(&envelope, &bytes);
	m.envelope = buf_slice(&bytes);
	job_free(&done_job);
	j = job_new(&tools, &m, on_done, NULL);
	buf_done(&bytes);
	timer_set(limit, 10000);
	if (job_is_settled(j))
		job_done(j);
	else
		courier_start(j);
	ck_assert_ptr_null(done_job);
	loop_run(tools.loop);
	timer_free(&limit);
	ck_assert_ptr_eq(done_job, j);
	for (uint32_t i = 0; i < envelope.recipient_count; i++) {
		done_fates[i] = j->fates[i];
		(void)slice_to_cstr(j->fates[i].reply, done_text[i],
		    sizeof(done_text[i]));
	}
}

static void
carry(void)
{
	carry_to("mx:site.test", "b@site.test");
}

static void
expect(size_t i, enum fate_kind kind, unsigned subject, unsigned detail)
{
	ck_assert_msg(done_fates[i].kind == kind &&
		done_fates[i].code.subject == subject &&
		done_fates[i].code.detail == detail,
	    "fate %d %u.%u, not %d %u.%u: %s", (int)done_fates[i].kind,
	    done_fates[i].code.subject, done_fates[i].code.detail, (int)kind,
	    subject, detail, done_text[i]);
	ck_assert_str_ne(done_text[i], "");
}

static bool
heard(const struct false_smtp *s, const char *text)
{
	struct slice all = buf_slice(&s->commands);

	return slice_find_str(all, slice_of(text)) < all.n;
}

static void
expect_wire(const struct false_smtp *s, const char *want)
{
	ck_assert(slice_is(buf_slice(&s->content), want));
}

START_TEST(mail_goes_to_the_best_host_and_reuses_the_connection)
{
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	expect_wire(&one, ON_WIRE);
	ck_assert(slice_is(done_job->host, "one.test"));
	ck_assert(slice_is(done_job->policy, "opportunistic"));
	ck_assert_int_eq(done_job->trouble, TROUBLE_NONE);
	ck_assert_uint_eq(pool_count(tools.pool), 1);
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(one.connections, 1);
	ck_assert_uint_eq(one.messages, 2);
	ck_assert_uint_eq(two.connections, 0);
	ck_assert(heard(&one, "EHLO me.test\n"));
}
END_TEST

START_TEST(a_host_that_does_not_answer_is_passed_over_and_remembered)
{
	listener_free(&one.listener);
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(two.messages, 1);
	ck_assert_uint_eq(tools.attempts, 2);
	pool_close_all(tools.pool);
	carry();
	ck_assert_uint_eq(two.messages, 2);
	ck_assert_uint_eq(tools.attempts, 3);
	one.listener = listener_new(tools.loop,
	    listener_bind(&(struct ip){ 4, { 127, 0, 0, 77 } }, 0, 1), NULL,
	    NULL);
}
END_TEST

START_TEST(a_greeting_that_refuses_leads_to_the_next_host)
{
	words_one.greeting = _i == 0 ? "554 go away" : "421 4.3.2 busy";
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(two.messages, 1);
}
END_TEST

START_TEST(when_all_hosts_refuse_the_mail_waits)
{
	words_one.greeting = words_two.greeting = "554 5.7.1 go away";
	carry();
	expect(0, FATE_DEFERRED, 7, 1);
	ck_assert_int_eq(done_job->trouble, TROUBLE_SITE);
	ck_assert_uint_gt(done_job->dialogue.n, 0);
}
END_TEST

START_TEST(recipients_are_judged_one_by_one)
{
	words_one.rcpt = "550 5.1.1 nobody";
	carry_to("mx:site.test", "b@site.test c@site.test");
	expect(0, FATE_FAILED, 1, 1);
	expect(1, FATE_FAILED, 1, 1);
	ck_assert_uint_eq(two.connections, 0);
}
END_TEST

START_TEST(a_site_that_is_busy_in_mid_session_is_left_alone)
{
	words_one.mail = "421 4.7.0 too much";
	carry();
	expect(0, FATE_DEFERRED, 7, 0);
	ck_assert_int_eq(done_job->trouble, TROUBLE_BUSY);
	ck_assert_uint_eq(two.connections, 0);
}
END_TEST

START_TEST(a_message_that_was_taken_without_a_word_is_not_sent_twice_at_once)
{
	words_one.trick = TRICK_CLOSE_AFTER_BODY;
	carry();
	expect(0, FATE_DEFERRED, 4, 2);
	ck_assert_int_eq(done_job->trouble, TROUBLE_CONNECTION);
	ck_assert_uint_eq(one.messages, 1);
	ck_assert_uint_eq(two.connections, 0);
}
END_TEST

START_TEST(an_idle_connection_that_breaks_is_replaced)
{
	words_one.trick = TRICK_CLOSE_WHEN_IDLE;
	carry();
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(one.connections, 2);
	ck_assert_uint_eq(one.messages, 2);
}
END_TEST

START_TEST(chunks_carry_the_message_as_it_is)
{
	words_one.ehlo = "250-false\n250-CHUNKING\n250 PIPELINING";
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	expect_wire(&one, MESSAGE);
	ck_assert(heard(&one, "BDAT 29 LAST\n"));
}
END_TEST

START_TEST(a_large_message_arrives_whole)
{
	enum { SIZE = 3 << 20 };
	struct buf big;

	buf_init(&big, SIZE);
	buf_add_cstr(&big, "Subject: big\r\n\r\n");
	while (big.n < SIZE - 100)
		buf_addf(&big, ".line at %zu\r\n", big.n);
	keep_message(buf_slice(&big));
	if (_i == 1)
		words_one.ehlo = "250-false\n250-CHUNKING\n250 PIPELINING";
	if (_i == 2)
		words_one.ehlo = "250-false\n250-STARTTLS\n250-CHUNKING\n"
				 "250 PIPELINING";
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	if (_i == 0)
		ck_assert_uint_gt(one.content.n, big.n);
	else
		ck_assert(slice_eq(buf_slice(&one.content), buf_slice(&big)));
	buf_done(&big);
}
END_TEST

#define STARTTLS "250-false\n250-STARTTLS\n250 PIPELINING"

START_TEST(tls_is_used_where_it_is_offered)
{
	words_one.ehlo = STARTTLS;
	words_one.ehlo_secured = "250 false";
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(one.tls_handshakes, 1);
	ck_assert(slice_starts(done_job->tls, "TLSv1."));
	expect_wire(&one, ON_WIRE);
}
END_TEST

START_TEST(tls_that_breaks_is_done_without_and_that_is_remembered)
{
	words_one.ehlo = STARTTLS;
	words_one.trick =
	    _i == 0 ? TRICK_CLOSE_AT_STARTTLS : TRICK_GARBAGE_AT_STARTTLS;
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(one.connections, 2);
	ck_assert_uint_eq(two.connections, 0);
	ck_assert_uint_eq(done_job->tls.n, 0);
	pool_close_all(tools.pool);
	carry();
	ck_assert_uint_eq(one.connections, 3);
	ck_assert_uint_eq(one.messages, 2);
}
END_TEST

START_TEST(tls_that_is_demanded_is_never_done_without)
{
	static const struct {
		enum tls_level level;
		const char *ehlo;
		enum false_trick trick;
		unsigned detail;
	} cases[] = {
		{ TLS_ENCRYPT, NULL, TRICK_NONE, 10 },
		{ TLS_ENCRYPT, STARTTLS, TRICK_CLOSE_AT_STARTTLS, 5 },
		{ TLS_ENCRYPT, STARTTLS, TRICK_GARBAGE_AT_STARTTLS, 5 },
		{ TLS_VERIFY, NULL, TRICK_NONE, 10 },
		{ TLS_VERIFY, STARTTLS, TRICK_NONE, 5 },
	};

	route.tls = cases[_i].level;
	words_one.ehlo = words_two.ehlo = cases[_i].ehlo;
	words_one.trick = words_two.trick = cases[_i].trick;
	carry();
	expect(0, FATE_DEFERRED, 7, cases[_i].detail);
	ck_assert_uint_eq(one.messages + two.messages, 0);
	ck_assert(!heard(&one, "MAIL"));
	ck_assert(!heard(&two, "MAIL"));
}
END_TEST

START_TEST(encryption_without_a_proof_is_enough_for_encrypt)
{
	route.tls = TLS_ENCRYPT;
	words_one.ehlo = STARTTLS;
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert_uint_eq(one.tls_handshakes, 1);
}
END_TEST

START_TEST(no_tls_is_no_tls)
{
	route.tls = TLS_NONE;
	words_one.ehlo = STARTTLS;
	carry();
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert(!heard(&one, "STARTTLS"));
}
END_TEST

START_TEST(submissions_begins_with_tls_and_logs_in)
{
	static char user[] = "user", password[] = "pass";
	char target[64];

	route.user = user;
	route.password = (struct blob){ .bytes = password, .n = 4 };
	words_one.trick = TRICK_IMPLICIT_TLS;
	words_one.ehlo = "250-false\n250 AUTH PLAIN";
	(void)snprintf(target, sizeof(target), "submissions:127.0.0.1:%u",
	    one.port);
	carry_to(target, "b@far.test");
	expect(0, FATE_RELAYED, 0, 0);
	ck_assert(heard(&one, "AUTH PLAIN AHVzZXIAcGFzcw==\n"));
	ck_assert_uint_eq(one.tls_handshakes, 1);
}
END_TEST

START_TEST(a_password_stays_here_without_tls)
{
	static char user[] = "user", password[] = "pass";
	char target[64];

	route.user = user;
	route.password = (struct blob){ .bytes = password, .n = 4 };
	words_one.ehlo = "250-false\n250 AUTH PLAIN";
	(void)snprintf(target, sizeof(target), "submission:127.0.0.1:%u",
	    one.port);
	carry_to(target, "b@far.test");
	expect(0, FATE_DEFERRED, 7, 0);
	ck_assert(!heard(&one, "AUTH"));
	ck_assert(!heard(&one, "MAIL"));
}
END_TEST

START_TEST(lmtp_goes_over_a_unix_socket)
{
	static const struct false_words words = { .ehlo =
						      "250-f\n250 PIPELINING" };
	struct false_smtp server;
	char path[128], target[160];

	(void)snprintf(path, sizeof(path), "%s/lmtp", spool.path);
	(void)snprintf(target, sizeof(target), "lmtp:unix:%s", path);
	false_smtp_init_unix(&server, tools.loop, path, &words);
	carry_to(target, "b@site.test");
	expect(0, FATE_DELIVERED, 0, 0);
	ck_assert(heard(&server, "LHLO me.test\n"));
	ck_assert(slice_is(done_job->policy, "none"));
	pool_close_all(tools.pool);
	let_run(20);
	false_smtp_done(&server);
	carry_to("lmtp:unix:/nowhere/lmtp", "b@site.test");
	expect(0, FATE_DEFERRED, 4, 1);
	ck_assert_int_eq(done_job->trouble, TROUBLE_SITE);
}
END_TEST

/* clang-format off */
static const struct {
	const char *target;
	enum fate_kind kind;
	unsigned subject, detail;
	enum job_trouble trouble;
} unreachable[] = {
	{ "mx:nobody.test",	FATE_FAILED,   1, 2,	TROUBLE_NONE },
	{ "mx:empty.test",	FATE_FAILED,   1, 2,	TROUBLE_NONE },
	{ "mx:null.test",	FATE_FAILED,   1, 10,	TROUBLE_NONE },
	{ "mx:ours.test",	FATE_FAILED,   4, 6,	TROUBLE_NONE },
	{ "mx:loop.test",	FATE_FAILED,   4, 6,	TROUBLE_NONE },
	{ "mx:broken.test",	FATE_DEFERRED, 4, 3,	TROUBLE_SITE },
	{ "smtp:nobody.test",	FATE_DEFERRED, 1, 2,	TROUBLE_SITE },
	{ "smtp:127.0.0.1:1",	FATE_DEFERRED, 4, 1,	TROUBLE_SITE },
};
/* clang-format on */

START_TEST(a_site_that_can_not_be_found_is_told_in_its_code)
{
	carry_to(unreachable[_i].target, "b@y.test");
	expect(0, unreachable[_i].kind, unreachable[_i].subject,
	    unreachable[_i].detail);
	ck_assert_int_eq(done_job->trouble, unreachable[_i].trouble);
}
END_TEST

START_TEST(a_connection_carries_so_many_messages_and_idles_so_long)
{
	conf.delivery.idle_timeout_ms = 200;
	carry();
	ck_assert_uint_eq(pool_count(tools.pool), 1);
	let_run(900);
	ck_assert_uint_eq(pool_count(tools.pool), 0);
	ck_assert_uint_eq(one.quits, 1);
	conf.delivery.idle_timeout_ms = 0;
	carry();
	let_run(20);
	ck_assert_uint_eq(one.quits, 2);
	ck_assert_uint_eq(one.connections, 2);
}
END_TEST

START_TEST(a_site_can_be_closed)
{
	carry();
	pool_close_site(tools.pool, SLICE("mx:other.test"));
	ck_assert_uint_eq(pool_count(tools.pool), 1);
	pool_close_site(tools.pool, SLICE("mx:site.test"));
	ck_assert_uint_eq(pool_count(tools.pool), 0);
	let_run(20);
	ck_assert_uint_eq(one.quits, 1);
}
END_TEST

START_TEST(a_message_that_is_not_there_waits_and_the_site_is_not_blamed)
{
	place.offset += 8;
	carry();
	expect(0, FATE_DEFERRED, 3, 0);
	ck_assert_int_eq(done_job->trouble, TROUBLE_LOCAL);
	ck_assert_uint_eq(one.connections, 0);
}
END_TEST

START_TEST(a_job_can_be_abandoned_at_any_time)
{
	struct recipient recipient = { .address = SLICE("b@site.test") };
	struct envelope envelope = { .id = message_id,
		.sender = SLICE("a@x.test"),
		.recipient_count = 1,
		.recipients = &recipient };
	struct msg_deliver_job m = { .job = 7,
		.segment = place.segment,
		.offset = place.offset,
		.length = place.length,
		.site = SLICE("s"),
		.target = SLICE("mx:site.test"),
		.route = SLICE("*"),
		.messages_per_connection = 1 };
	struct buf bytes;

	buf_init(&bytes, 65536);
	envelope_encode(&envelope, &bytes);
	m.envelope = buf_slice(&bytes);
	for (int64_t ms = 0; ms < 12; ms++) {
		struct job *j = job_new(&tools, &m, on_done, NULL);

		courier_start(j);
		if (ms > 0)
			let_run(ms - 1);
		if (done_job == NULL)
			courier_abandon(j);
		done_job = NULL;
		job_free(&j);
	}
	buf_done(&bytes);
}
END_TEST

START_TEST(an_answer_fits_a_message_whatever_was_said)
{
	char *long_reply = mem_new(9000);
	struct buf fates;
	struct msg_job_done m;

	memset(long_reply, 'x', 9000);
	memcpy(long_reply, "550 ", 4);
	for (int i = 500; i < 8999; i += 500)
		memcpy(long_reply + i, "\n550 ", 5);
	for (int i = 0; i < 8000; i += 500)
		long_reply[i + 3 + (i > 0)] = '-';
	long_reply[8999] = '\0';
	words_one.rcpt = long_reply;
	carry_to("mx:site.test", "b@y c@y d@y e@y f@y g@y h@y i@y");
	buf_init(&fates, 65536);
	m = job_answer(done_job, &fates);
	ck_assert(!buf_failed(&fates));
	ck_assert_uint_lt(m.fates.n + m.dialogue.n + m.host.n + m.address.n +
		m.tls.n + m.policy.n,
	    IPC_MESSAGE_MAX - 100);
	ck_assert_uint_gt(m.dialogue.n, 0);
	buf_done(&fates);
	mem_free(long_reply);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/courier");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc,
	    mail_goes_to_the_best_host_and_reuses_the_connection);
	tcase_add_test(tc,
	    a_host_that_does_not_answer_is_passed_over_and_remembered);
	tcase_add_loop_test(tc, a_greeting_that_refuses_leads_to_the_next_host,
	    0, 2);
	tcase_add_test(tc, when_all_hosts_refuse_the_mail_waits);
	tcase_add_test(tc, recipients_are_judged_one_by_one);
	tcase_add_test(tc, a_site_that_is_busy_in_mid_session_is_left_alone);
	tcase_add_test(tc,
	    a_message_that_was_taken_without_a_word_is_not_sent_twice_at_once);
	tcase_add_test(tc, an_idle_connection_that_breaks_is_replaced);
	tcase_add_test(tc, chunks_carry_the_message_as_it_is);
	tcase_add_loop_test(tc, a_large_message_arrives_whole, 0, 3);
	tcase_add_test(tc, tls_is_used_where_it_is_offered);
	tcase_add_loop_test(tc,
	    tls_that_breaks_is_done_without_and_that_is_remembered, 0, 2);
	tcase_add_loop_test(tc, tls_that_is_demanded_is_never_done_without, 0,
	    5);
	tcase_add_test(tc, encryption_without_a_proof_is_enough_for_encrypt);
	tcase_add_test(tc, no_tls_is_no_tls);
	tcase_add_test(tc, submissions_begins_with_tls_and_logs_in);
	tcase_add_test(tc, a_password_stays_here_without_tls);
	tcase_add_test(tc, lmtp_goes_over_a_unix_socket);
	tcase_add_loop_test(tc,
	    a_site_that_can_not_be_found_is_told_in_its_code, 0,
	    (int)(sizeof(unreachable) / sizeof(unreachable[0])));
	tcase_add_test(tc,
	    a_connection_carries_so_many_messages_and_idles_so_long);
	tcase_add_test(tc, a_site_can_be_closed);
	tcase_add_test(tc,
	    a_message_that_is_not_there_waits_and_the_site_is_not_blamed);
	tcase_add_test(tc, a_job_can_be_abandoned_at_any_time);
	tcase_add_test(tc, an_answer_fits_a_message_whatever_was_said);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
