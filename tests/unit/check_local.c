/*
 * unit/check_local.c - jobs for mailboxes: whose agent is asked for what, and
 * what becomes of agents that end.
 */
#include "tests/unit/run.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "deliver/agents.h"
#include "deliver/local.h"
#include "queue/writer.h"
#include "tests/unit/queue_spool.h"

#define MESSAGE "Subject: hello\r\n\r\nhello\r\n"

/* The master's and the agents' ends of the channels are ours. */
static struct test_spool spool;
static struct queue_writer *writer;
static struct place place;
static uint64_t message_id;
static struct tools tools;
static struct conf conf;
static struct domain_conf domain;
static struct agents *agents;
static struct channel *to_master, *master, *agent;
static struct job *done_job;
static unsigned opened, delivered;
static bool refuses;
static unsigned agent_dies_at; /* the delivery that it takes along */
static char users[256], log_of_agent[4096], content[256];

static void
add_line(char *text, size_t size, struct slice line)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, size - n, "%.*s\n", SLICE_ARGS(line));
}

static void
on_part(void *owner, struct channel *c, const void *msg)
{
	const struct msg_agent_part *m = msg;
	ssize_t n =
	    pread(m->file, content, sizeof(content) - 1, (off_t)m->offset);

	(void)owner;
	(void)c;
	ck_assert_uint_le(m->length, sizeof(content) - 1);
	ck_assert_int_ge(n, (ssize_t)m->length);
	content[m->length] = '\0';
	(void)close(m->file);
}

static void
on_deliver(void *owner, struct channel *c, const void *msg)
{
	const struct msg_agent_deliver *m = msg;

	(void)owner;
	if (++delivered == agent_dies_at) {
		channel_free(&agent);
		return;
	}
	add_line(log_of_agent, sizeof(log_of_agent), m->target);
	add_line(log_of_agent, sizeof(log_of_agent), m->header);
	channel_send_agent_delivered(c,
	    &(struct msg_agent_delivered){ .job = m->job,
		.smtp_code = 250,
		.reply = SLICE("250 2.1.5 kept") });
}

static void
on_agent_closed(void *owner, struct channel *c, int rc)
{
	(void)owner;
	(void)rc;
	if (agent == c)
		agent = NULL;
}

static const struct channel_handlers agent_handlers = {
	.on = { [MSG_agent_part] = on_part, [MSG_agent_deliver] = on_deliver },
	.closed = on_agent_closed,
};

static void
on_open(void *owner, struct channel *c, const void *msg)
{
	const struct msg_agent_open *m = msg;
	int fds[2];

	(void)owner;
	opened++;
	add_line(users, sizeof(users), m->user);
	if (refuses) {
		channel_send_agent_refused(c,
		    &(struct msg_agent_refused){ .cookie = m->cookie,
			.permanent = 1,
			.reason = SLICE("no such user") });
		return;
	}
	ck_assert_int_eq(channel_pair(fds), 0);
	channel_send_agent_opened(c,
	    &(struct msg_agent_opened){ .cookie = m->cookie,
		.channel = fds[1] });
	(void)close(fds[1]);
	agent = channel_new(tools.loop, fds[0], &agent_handlers, NULL);
}

static void
on_opened(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	agents_opened(agents, msg);
}

static void
on_refused(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	agents_refused(agents, msg);
}

static const struct channel_handlers master_handlers = {
	.on = { [MSG_agent_open] = on_open },
	.closed = on_agent_closed,
};
static const struct channel_handlers our_handlers = {
	.on = { [MSG_agent_opened] = on_opened,
	    [MSG_agent_refused] = on_refused },
	.closed = on_agent_closed,
};

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
set_up(void)
{
	static char name[] = "here.test";
	int fds[2];

	users[0] = log_of_agent[0] = content[0] = '\0';
	opened = delivered = agent_dies_at = 0;
	refuses = false;
	test_spool_init(&spool);
	ck_assert_int_eq(queue_writer_open(spool.vfs, 1, &writer), 0);
	keep_message();
	domain = (struct domain_conf){ .name = name, .subaddress = '+' };
	conf =
	    (struct conf){ .refs = 1, .domains = &domain, .domain_count = 1 };
	tools = (struct tools){ .loop = loop_new(), .conf = &conf };
	tools.reader = queue_reader_new(spool.vfs);
	ck_assert_int_eq(channel_pair(fds), 0);
	to_master = channel_new(tools.loop, fds[0], &our_handlers, NULL);
	master = channel_new(tools.loop, fds[1], &master_handlers, NULL);
	agents = agents_new(tools.loop, to_master);
}

static void
tear_down(void)
{
	job_free(&done_job);
	agents_free(&agents);
	if (agent != NULL)
		channel_free(&agent);
	channel_free(&to_master);
	channel_free(&master);
	loop_free(&tools.loop);
	queue_reader_free(&tools.reader);
	queue_writer_close(&writer);
	test_spool_done(&spool);
}

static void
on_done(struct job *j, void *arg)
{
	(void)arg;
	done_job = j;
	loop_stop(tools.loop);
}

static struct job *
make_job(const char *target, const char *recipients)
{
	struct recipient list[32];
	struct slice rest = slice_of(recipients);
	struct envelope envelope = { .id = message_id,
		.sender = SLICE("a@x.test"),
		.recipients = list };
	struct msg_deliver_job m = { .job = 7,
		.segment = place.segment,
		.offset = place.offset,
		.length = place.length,
		.site = SLICE("maildir:here.test"),
		.target = slice_of(target),
		.route = SLICE("here.test"),
		.is_domain = 1 };
	struct buf bytes;
	struct job *j;

	memset(list, 0, sizeof(list));
	while (rest.n > 0)
		list[envelope.recipient_count++].address =
		    slice_take_until(&rest, ' ');
	buf_init(&bytes, 65536);
	envelope_encode(&envelope, &bytes);
	m.envelope = buf_slice(&bytes);
	j = job_new(&tools, &m, on_done, NULL);
	buf_done(&bytes);
	ck_assert(!job_is_settled(j));
	return j;
}

static void
carry(const char *target, const char *recipients)
{
	struct job *j = make_job(target, recipients);

	job_free(&done_job);
	local_start(j, agents);
	ck_assert_ptr_null(done_job);
	loop_run(tools.loop);
	ck_assert_ptr_eq(done_job, j);
}

#define PATH "maildir:/m/%{domain}/%{user}"
#define TO_B                                              \
	"maildir:/m/here.test/b\nReturn-Path: <a@x.test>" \
	"\r\nDelivered-To: B+tag@here.test\r\n\n"

START_TEST(each_recipient_has_a_path_and_one_agent_serves_all)
{
	carry(PATH, "B+tag@here.test c@here.test");
	ck_assert_int_eq(done_job->fates[0].kind, FATE_DELIVERED);
	ck_assert_int_eq(done_job->fates[1].kind, FATE_DELIVERED);
	ck_assert_uint_eq(done_job->fates[0].code.detail, 5);
	ck_assert(slice_starts(slice_of(log_of_agent), TO_B));
	ck_assert_str_eq(content, MESSAGE);
	carry(PATH, "d@here.test");
	ck_assert_uint_eq(opened, 1);
	ck_assert_uint_eq(delivered, 3);
	ck_assert_str_eq(users, "\n");
}
END_TEST

START_TEST(a_name_that_could_leave_the_folder_is_no_mailbox)
{
	carry(PATH, "\"../x\"@here.test ..@here.test b@here.test");
	ck_assert_int_eq(done_job->fates[0].kind, FATE_FAILED);
	ck_assert_int_eq(done_job->fates[1].kind, FATE_FAILED);
	ck_assert_int_eq(done_job->fates[2].kind, FATE_DELIVERED);
	ck_assert_uint_eq(delivered, 1);
}
END_TEST

START_TEST(a_user_that_is_gone_is_a_failure)
{
	refuses = true;
	carry(PATH, "b@here.test c@here.test");
	ck_assert_int_eq(done_job->fates[0].kind, FATE_FAILED);
	ck_assert_int_eq(done_job->fates[1].kind, FATE_FAILED);
	ck_assert_int_eq(done_job->fates[0].smtp_code, 550);
}
END_TEST

START_TEST(what_an_agent_took_along_is_asked_of_the_next)
{
	agent_dies_at = 2;
	carry(PATH, "b@here.test c@here.test d@here.test");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(done_job->fates[i].kind, FATE_DELIVERED);
	ck_assert_uint_eq(opened, 2);
}
END_TEST

START_TEST(many_recipients_are_all_served)
{
	char all[1024] = "";

	for (int i = 0; i < 30; i++) {
		size_t n = strlen(all);

		(void)snprintf(all + n, sizeof(all) - n, "%su%d@here.test",
		    i > 0 ? " " : "", i);
	}
	carry(PATH, all);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(done_job->fates[i].kind, FATE_DELIVERED);
	ck_assert_uint_eq(delivered, 30);
}
END_TEST

START_TEST(other_kinds_of_mailbox_wait)
{
	carry("mbox:/m/b", "b@here.test");
	ck_assert_int_eq(done_job->fates[0].kind, FATE_DEFERRED);
	ck_assert_uint_eq(opened, 0);
}
END_TEST

START_TEST(a_job_that_is_abandoned_is_not_answered)
{
	struct job *j = make_job(PATH, "b@here.test c@here.test");

	local_start(j, agents);
	local_abandon(j);
	job_free(&j);
	carry(PATH, "d@here.test");
	ck_assert_uint_eq(delivered, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/local");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_recipient_has_a_path_and_one_agent_serves_all);
	tcase_add_test(tc, a_name_that_could_leave_the_folder_is_no_mailbox);
	tcase_add_test(tc, a_user_that_is_gone_is_a_failure);
	tcase_add_test(tc, what_an_agent_took_along_is_asked_of_the_next);
	tcase_add_test(tc, many_recipients_are_all_served);
	tcase_add_test(tc, other_kinds_of_mailbox_wait);
	tcase_add_test(tc, a_job_that_is_abandoned_is_not_answered);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
