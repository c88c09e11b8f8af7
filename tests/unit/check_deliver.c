/*
 * unit/check_deliver.c - the deliverer as a process of its own, locked in, with
 * this test as its master, scheduler, DNS and next hop.
 */
#include "tests/unit/run.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/time.h"
#include "deliver/deliver.h"
#include "ipc/channel.h"
#include "mail/envelope.h"
#include "mail/fate.h"
#include "queue/writer.h"
#include "tests/unit/false_dns.h"
#include "tests/unit/false_smtp.h"
#include "tests/unit/queue_spool.h"
#include "worker/worker.h"

#define MESSAGE "Subject: hello\r\n\r\nhello\r\n"

static const struct false_record records[] = {
	{ "site.test", "MX 10 one.test" },
	{ "one.test", "A 127.0.0.1" },
	{ NULL, NULL },
};

static struct test_spool spool;
static struct queue_writer *writer;
static struct place place;
static uint64_t message_id;
static struct loop *loop;
static struct false_dns *dns;
static struct false_smtp smtp;
static struct false_words words;
static struct channel *worker, *deliverer;
static pid_t pid;
static bool is_ready, is_gone;
static unsigned done_wanted;
static unsigned done, relayed, deferred;
static char last_host[64], last_tls[64], last_reply[256];

static void
on_written(void *who, uint64_t id, int rc, const struct place *at,
    struct slice envelope, void *arg)
{
	(void)who;
	(void)envelope;
	(void)arg;
	ck_assert_int_eq(rc, 0);
	message_id = id;
	place = *at;
}

static void
keep_message(void)
{
	uint64_t id = queue_writer_id(writer, time_wall_ms());
	struct queue_draft *draft = queue_draft_new(writer, id);
	struct queue_batch *batch;

	ck_assert_int_eq(queue_draft_add(draft, SLICE(MESSAGE)), 0);
	queue_writer_submit(writer, &draft, SLICE_NONE, SLICE("envelope"),
	    NULL);
	batch = queue_writer_take(writer);
	queue_batch_write(batch);
	queue_writer_finish(writer, &batch, on_written, NULL, NULL);
}

static void
on_worker_ready(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	(void)msg;
	is_ready = true;
	loop_stop(loop);
}

static void
on_job_done(void *owner, struct channel *c, const void *msg)
{
	const struct msg_job_done *m = msg;
	struct arena *arena = arena_new(65536);
	struct fate *fates;
	size_t n;

	(void)owner;
	(void)c;
	ck_assert_int_eq(fates_decode(m->fates, arena, &fates, &n), 0);
	for (size_t i = 0; i < n; i++) {
		relayed += fates[i].kind == FATE_RELAYED;
		deferred += fates[i].kind == FATE_DEFERRED;
		(void)slice_to_cstr(fates[i].reply, last_reply,
		    sizeof(last_reply));
	}
	(void)slice_to_cstr(m->host, last_host, sizeof(last_host));
	(void)slice_to_cstr(m->tls, last_tls, sizeof(last_tls));
	arena_free(&arena);
	if (++done == done_wanted)
		loop_stop(loop);
}

static void
on_nothing(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	(void)msg;
}

/* There is no policy that anyone has kept. */
static void
on_kept_ask(void *owner, struct channel *c, const void *msg)
{
	const struct msg_kept_ask *m = msg;
	const struct msg_kept_told told = { .kind = m->kind, .key = m->key };

	(void)owner;
	channel_send_kept_told(c, &told);
}

static void
on_closed(void *owner, struct channel *c, int rc)
{
	(void)owner;
	(void)rc;
	if (c == worker)
		worker = NULL;
	if (c == deliverer)
		deliverer = NULL;
	is_gone = worker == NULL && deliverer == NULL;
	if (is_gone)
		loop_stop(loop);
}

static const struct channel_handlers worker_handlers = {
	.on = { [MSG_worker_ready] = on_worker_ready },
	.closed = on_closed,
};
static const struct channel_handlers deliverer_handlers = {
	.on = { [MSG_job_done] = on_job_done,
	    [MSG_deliverer_stats] = on_nothing,
	    [MSG_kept_ask] = on_kept_ask,
	    [MSG_tls_result] = on_nothing },
	.closed = on_closed,
};

static void
on_too_late(void *arg)
{
	(void)arg;
	(void)kill(pid, SIGKILL);
	ck_abort_msg("nothing happens");
}

static void
run(void)
{
	struct timer *limit = timer_new(loop, on_too_late, NULL);

	timer_set(limit, 10000);
	loop_run(loop);
	timer_free(&limit);
}

static void
on_conf_error(const char *message, void *arg)
{
	(void)arg;
	ck_abort_msg("%s", message);
}

/* Our own user; for root, whom no worker stays, another one. */
static const char *
user_name(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return getuid() == 0 || pw == NULL ? "nobody" : pw->pw_name;
}

static struct conf *
make_conf(const char *delivery, const char *more_dns)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/main.conf", spool.path);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f,
	    "hostname = \"me.test\"\n"
	    "spool = \"%s\"\nstate = \"%s\"\nruntime = \"%s\"\n"
	    "user = \"%s\"\n"
	    "route \"*\" { via = \"mx\" }\n"
	    "delivery { mx_port = %u %s }\n"
	    "dns { servers = { \"%s\" } %s }\n"
	    "log { target = \"stderr\" level = \"warning\" }\n",
	    spool.path, spool.path, spool.path, user_name(),
	    (unsigned)smtp.port, delivery, false_dns_server(dns), more_dns);
	(void)fclose(f);
	return conf_load(path, on_conf_error, NULL);
}

static void
give_conf(const char *delivery, const char *more_dns)
{
	struct conf *conf = make_conf(delivery, more_dns);
	int bundle;

	ck_assert_ptr_nonnull(conf);
	bundle = conf_pack(conf, CONF_SECRET_ROUTES);
	ck_assert_int_ge(bundle, 0);
	channel_send_master_conf(worker,
	    &(struct msg_master_conf){ .bundle = bundle });
	(void)close(bundle);
	channel_send_master_go(worker,
	    &(struct msg_master_go){ .generation = 1 });
	conf_unref(&conf);
}

static void
start_process(void)
{
	int fds[2], peer[2];

	ck_assert_int_eq(channel_pair(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)dup2(fds[1], WORKER_MASTER_FD);
		_exit(deliver_main(0));
	}
	(void)close(fds[1]);
	worker = channel_new(loop, fds[0], &worker_handlers, NULL);
	give_conf("", "");
	ck_assert_int_eq(channel_pair(peer), 0);
	channel_send_master_peer(worker,
	    &(struct msg_master_peer){ .role = ROLE_SCHEDULER,
		.channel = peer[1] });
	(void)close(peer[1]);
	deliverer = channel_new(loop, peer[0], &deliverer_handlers, NULL);
	while (!is_ready)
		run();
}

static void
set_up(void)
{
	const struct passwd *pw = getpwnam(user_name());

	/* The spool is the user's. */
	ck_assert_ptr_nonnull(pw);
	ck_assert_int_eq(seteuid(pw->pw_uid), 0);
	test_spool_init(&spool);
	ck_assert_int_eq(queue_writer_open(spool.vfs, 1, &writer), 0);
	keep_message();
	ck_assert_int_eq(seteuid(getuid()), 0);
	is_ready = is_gone = false;
	done = relayed = deferred = 0;
	loop = loop_new();
	dns = false_dns_new(loop, records);
	words = (struct false_words){ 0 };
	false_smtp_init(&smtp, loop, 1, 0, &words);
	start_process();
}

static void
stop_process(void)
{
	int status;

	if (worker != NULL)
		channel_send_master_stop(worker,
		    &(struct msg_master_stop){ .grace_ms = 5000 });
	while (!is_gone)
		run();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "status %x", (unsigned)status);
}

static void
tear_down(void)
{
	stop_process();
	false_smtp_done(&smtp);
	false_dns_free(&dns);
	loop_free(&loop);
	queue_writer_close(&writer);
	test_spool_done(&spool);
}

static void
give_jobs(unsigned count)
{
	struct recipient recipient = { .address = SLICE("b@site.test") };
	struct envelope envelope = { .id = message_id,
		.sender = SLICE("a@x.test"),
		.recipient_count = 1,
		.recipients = &recipient };
	struct buf bytes;

	buf_init(&bytes, 65536);
	envelope_encode(&envelope, &bytes);
	for (unsigned i = 0; i < count; i++)
		channel_send_deliver_job(deliverer,
		    &(struct msg_deliver_job){ .job = i + 1,
			.segment = place.segment,
			.offset = place.offset,
			.length = place.length,
			.site = SLICE("mx:site.test"),
			.target = SLICE("mx:site.test"),
			.route = SLICE("*"),
			.messages_per_connection = 1000,
			.envelope = buf_slice(&bytes) });
	buf_done(&bytes);
	done_wanted = done + count;
}

START_TEST(a_locked_in_deliverer_delivers)
{
	give_jobs(1);
	run();
	ck_assert_uint_eq(relayed, 1);
	ck_assert_str_eq(last_host, "one.test");
	ck_assert_uint_eq(smtp.messages, 1);
	for (int i = 0; i < 20; i++) {
		give_jobs(5);
		run();
	}
	ck_assert_uint_eq(relayed, 101);
	ck_assert_uint_eq(smtp.messages, 101);
	ck_assert_uint_le(smtp.connections, 5);
}
END_TEST

START_TEST(a_reload_and_a_closed_site_leave_no_old_connection)
{
	give_jobs(1);
	run();
	channel_send_site_close(deliverer,
	    &(struct msg_site_close){ .site = SLICE("mx:site.test") });
	give_jobs(1);
	run();
	ck_assert_uint_eq(smtp.connections, 2);
	is_ready = false;
	give_conf("idle_timeout = \"1s\"", "");
	while (!is_ready)
		run();
	give_jobs(1);
	run();
	ck_assert_uint_eq(smtp.connections, 3);
	ck_assert_uint_eq(relayed, 3);
}
END_TEST

START_TEST(other_name_servers_need_a_new_process)
{
	give_jobs(1);
	run();
	give_conf("", "timeout = \"3s\"");
	while (!is_gone)
		run();
	ck_assert_uint_eq(relayed, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/deliver");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_locked_in_deliverer_delivers);
	tcase_add_test(tc, a_reload_and_a_closed_site_leave_no_old_connection);
	tcase_add_test(tc, other_name_servers_need_a_new_process);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
