/*
 * unit/check_dispatch.c - the scheduler's parts together, on a real spool in
 * /tmp, with receivers and deliverers that are channels in this process.
 *
 * The false deliverer does as the recipient's local part says: ok, later,
 * never, dead (the site), hang (no answer), and after a number of attempts
 * "thrice" is delivered.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "conf/conf.h"
#include "ipc/channel.h"
#include "mail/address.h"
#include "queue/spool.h"
#include "schedule/dispatch.h"
#include "tests/unit/run.h"

enum { JOBS_MAX = 64, PATIENCE = 20 * SECOND };

struct job_seen {
	uint64_t job;
	char site[128];
	char target[128];
	char sender[128];
	char recipients[512]; /* separated by spaces */
	char service[16];
	unsigned deliverer;
};

static char folder[64];
static int spool = -1;
static struct loop *loop;
static struct conf *conf;
static struct dispatch *dispatch;
static struct vfs *vfs;
static struct queue_writer *writer;
static struct channel *receiver;
static struct channel *deliverers[4];
static struct job_seen jobs[JOBS_MAX];
static unsigned job_count;
static unsigned thrice;
static const char *dead_site; /* or NULL */
static unsigned freed_segments;
static bool quiet;

/* --- the false deliverer --- */

static enum job_trouble
fate_for(struct slice address, struct fate *fate)
{
	*fate = fate_ours(FATE_DELIVERED, 0, 0, SLICE("250 2.0.0 taken"));
	if (slice_starts(address, "later"))
		*fate = fate_ours(FATE_DEFERRED, 2, 0,
		    SLICE("450 4.2.0 come back"));
	if (slice_starts(address, "thrice") && ++thrice < 3)
		*fate = fate_ours(FATE_DEFERRED, 2, 0,
		    SLICE("450 4.2.0 greylisted"));
	if (slice_starts(address, "never"))
		*fate = fate_ours(FATE_FAILED, 1, 1,
		    SLICE("550 5.1.1 no such user"));
	if (slice_starts(address, "relayed"))
		fate->kind = FATE_RELAYED;
	if (slice_starts(address, "passed"))
		fate->kind = FATE_PASSED;
	if (!slice_starts(address, "dead"))
		return TROUBLE_NONE;
	*fate = fate_ours(FATE_DEFERRED, 4, 1, SLICE("451 4.4.1 no answer"));
	return TROUBLE_SITE;
}

static void
copy(char *to, size_t size, struct slice s)
{
	ck_assert(slice_to_cstr(s, to, size));
}

static void
on_job(void *owner, struct channel *channel, const void *msg)
{
	const struct msg_deliver_job *m = msg;
	struct job_seen *seen = &jobs[job_count % JOBS_MAX];
	struct arena *arena = arena_new(1 << 20);
	struct fate fates[64];
	struct envelope e;
	struct buf encoded;
	enum job_trouble trouble = TROUBLE_NONE;
	bool hangs = false;

	(void)owner;
	job_count++;
	ck_assert_int_eq(envelope_decode(m->envelope, arena, &e), 0);
	*seen = (struct job_seen){ .job = m->job };
	seen->deliverer = channel == deliverers[0] ? 0 : 1;
	copy(seen->site, sizeof(seen->site), m->site);
	copy(seen->target, sizeof(seen->target), m->target);
	copy(seen->sender, sizeof(seen->sender), e.sender);
	copy(seen->service, sizeof(seen->service), e.service);
	for (uint32_t i = 0; i < e.recipient_count; i++) {
		struct slice address = e.recipients[i].address;
		size_t n = strlen(seen->recipients);

		(void)snprintf(seen->recipients + n,
		    sizeof(seen->recipients) - n, "%s%.*s", n > 0 ? " " : "",
		    SLICE_ARGS(address));
		hangs |= slice_starts(address, "hang");
		if (fate_for(address, &fates[i]) == TROUBLE_SITE)
			trouble = TROUBLE_SITE;
	}
	if (dead_site != NULL && strcmp(seen->site, dead_site) == 0) {
		trouble = TROUBLE_SITE;
		for (uint32_t i = 0; i < e.recipient_count; i++)
			fates[i] = fate_ours(FATE_DEFERRED, 4, 1,
			    SLICE("451 4.4.1 connection refused"));
	}
	buf_init(&encoded, 1 << 16);
	fates_encode(fates, e.recipient_count, &encoded);
	if (!hangs)
		channel_send_job_done(channel,
		    &(struct msg_job_done){
			.job = m->job,
			.fates = buf_slice(&encoded),
			.trouble = trouble,
			.host = SLICE("mx.there.test"),
			.address = SLICE("192.0.2.1:25"),
			.tls = SLICE("TLSv1.3 X"),
			.policy = SLICE("opportunistic"),
			.dialogue = SLICE("S: 220 hello\n"),
		    });
	buf_done(&encoded);
	arena_free(&arena);
}

static void
on_site_close(void *owner, struct channel *channel, const void *msg)
{
	(void)owner;
	(void)channel;
	(void)msg;
}

static void
on_segment_free(void *owner, struct channel *channel, const void *msg)
{
	(void)owner;
	(void)channel;
	(void)msg;
	freed_segments++;
}

static void
on_closed(void *owner, struct channel *channel, int rc)
{
	(void)owner;
	(void)rc;
	if (channel == receiver)
		receiver = NULL;
	for (unsigned i = 0; i < 4; i++)
		if (channel == deliverers[i])
			deliverers[i] = NULL;
}

static const struct channel_handlers deliverer_side = {
	.on = { [MSG_deliver_job] = on_job, [MSG_site_close] = on_site_close },
	.closed = on_closed,
};
static const struct channel_handlers receiver_side = {
	.on = { [MSG_segment_free] = on_segment_free },
	.closed = on_closed,
};

static void
deliverer_comes(unsigned number)
{
	int fds[2];

	ck_assert_int_eq(channel_pair(fds), 0);
	deliverers[number] = channel_new(loop, fds[0], &deliverer_side, NULL);
	crew_peer(dispatch_crew(dispatch), ROLE_DELIVERER, number, fds[1]);
}

/* --- the world --- */

static void
on_conf_error(const char *message, void *arg)
{
	(void)arg;
	ck_abort_msg("%s", message);
}

static void
write_conf(const char *delivery)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/aliases", folder);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fputs("team: ok-one@here.test, ok-two@there.test\n"
		    "postmaster: ok-boss\n",
	    file);
	(void)fclose(file);
	(void)snprintf(path, sizeof(path), "%s/main.conf", folder);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(file,
	    "hostname = \"mx.here.test\"\n"
	    "postmaster = \"postmaster@here.test\"\n"
	    "user = \"%s\"\ncontrol { group = \"%s\" }\n"
	    "spool = \"%s/spool\"\nstate = \"%s\"\nruntime = \"%s\"\n"
	    "domain \"here.test\" {\n"
	    "  deliver = \"maildir:%s/mail/%%{local}\"\n"
	    "  aliases = \"file:%s/aliases\"\n}\n"
	    "route \"nowhere.test\" { via = \"discard:\" }\n"
	    "route \"error.test\" { via = \"error:550 5.7.1 not there\" }\n"
	    "route \"two.test\" { via = { \"smtp:a.hop\", \"smtp:b.hop\" }"
	    " balance = false }\n"
	    "route \"*\" { via = \"mx\" }\n"
	    "delivery { %s }\n"
	    "shaping \"*\" { connections = 3 recipients_per_message = 2 }\n",
	    getpwuid(geteuid())->pw_name, getgrgid(getegid())->gr_name, folder,
	    folder, folder, folder, folder, delivery);
	(void)fclose(file);
	conf = conf_load(path, on_conf_error, NULL);
	ck_assert_ptr_nonnull(conf);
}

static void
start(void)
{
	int fds[2];

	loop = loop_new();
	ck_assert_int_eq(dispatch_new(loop, spool, conf, &dispatch), 0);
	ck_assert_int_eq(channel_pair(fds), 0);
	receiver = channel_new(loop, fds[0], &receiver_side, NULL);
	crew_peer(dispatch_crew(dispatch), ROLE_RECEIVER, 0, fds[1]);
	deliverer_comes(0);
}

static void
stop(void)
{
	dispatch_free(&dispatch);
	channel_free(&receiver);
	for (unsigned i = 0; i < 4; i++)
		channel_free(&deliverers[i]);
	loop_free(&loop);
}

static void
setup_with(const char *delivery)
{
	char path[256];

	log_set_level(LEVEL_ERROR);
	job_count = 0;
	thrice = 0;
	dead_site = NULL;
	quiet = false;
	(void)snprintf(folder, sizeof(folder), "/tmp/check_dispatch_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/spool", folder);
	write_conf(delivery);
	(void)mkdir(path, 0700);
	spool = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(spool, 0);
	vfs = vfs_disk_new(spool);
	ck_assert_int_eq(queue_spool_create(vfs), 0);
	ck_assert_int_eq(queue_writer_open(vfs, 0, &writer), 0);
	start();
}

static void
setup(void)
{
	setup_with("retry = { \"1s\" } expire = \"1d\"");
}

static void
setup_short(void)
{
	setup_with("retry = { \"1s\" } expire = \"4s\" bounce_expire = \"2s\" "
		   "warn_after = \"1s\"");
}

static void
teardown(void)
{
	char command[300];

	stop();
	queue_writer_close(&writer);
	vfs_disk_free(&vfs);
	(void)close(spool);
	conf_unref(&conf);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* --- driving --- */

typedef bool when_fn(void);

static when_fn *awaited;
static int64_t deadline;
static struct timer *poll;

static void
on_poll(void *arg)
{
	(void)arg;
	if (awaited() || time_mono_ms() > deadline)
		loop_stop(loop);
	else
		timer_set(poll, 2);
}

static void
run_until(when_fn *when)
{
	awaited = when;
	deadline = time_mono_ms() + PATIENCE;
	poll = timer_new(loop, on_poll, NULL);
	timer_set(poll, 0);
	loop_run(loop);
	timer_free(&poll);
	ck_assert(when());
}

static struct queue_store *
store(void)
{
	return disk_store(dispatch_disk(dispatch));
}

static struct queue_counts
counts(void)
{
	struct queue_counts c;

	queue_store_counts(store(), &c);
	return c;
}

static bool
is_empty(void)
{
	struct queue_counts c = counts();

	return queue_store_is_recovered(store()) &&
	    c.messages[QUEUE_ACTIVE] + c.messages[QUEUE_DEFERRED] +
		c.messages[QUEUE_HELD] ==
	    0;
}

static bool
one_is_deferred(void)
{
	return counts().messages[QUEUE_DEFERRED] == 1;
}

static unsigned jobs_wanted;

static bool
jobs_have_come(void)
{
	return job_count >= jobs_wanted;
}

static void
run_until_jobs(unsigned n)
{
	jobs_wanted = n;
	run_until(jobs_have_come);
}

/* --- mail --- */

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	(void)arg;
	(void)who;
	ck_assert_int_eq(rc, 0);
	channel_send_message_added(receiver,
	    &(struct msg_message_added){
		.id = id,
		.segment = place->segment,
		.offset = place->offset,
		.length = place->length,
		.envelope = envelope,
	    });
}

static void
on_segment(uint64_t segment, void *arg)
{
	(void)segment;
	(void)arg;
}

/* Recipients are separated by spaces. */
static uint64_t
mail(const char *sender, const char *recipients, uint8_t notify)
{
	uint64_t id = queue_writer_id(writer, time_wall_ms());
	struct queue_draft *draft = queue_draft_new(writer, id);
	struct slice rest = slice_of(recipients);
	struct recipient list[16];
	struct envelope e = {
		.id = id,
		.arrived_ms = time_wall_ms(),
		.size = 24,
		.sender = slice_of(sender),
		.service = SLICE("relay"),
		.client = SLICE("192.0.2.9"),
		.recipients = list,
	};
	struct queue_batch *batch;
	struct buf encoded;

	while (rest.n > 0)
		list[e.recipient_count++] = (struct recipient){
			.address = slice_take_until(&rest, ' '),
			.notify = notify,
		};
	ck_assert_int_eq(queue_draft_add(draft,
			     SLICE("Subject: test\r\n\r\nhello\r\n")),
	    0);
	buf_init(&encoded, 1 << 16);
	envelope_encode(&e, &encoded);
	queue_writer_submit(writer, &draft, SLICE_NONE, buf_slice(&encoded),
	    NULL);
	batch = queue_writer_take(writer);
	queue_batch_write(batch);
	queue_writer_finish(writer, &batch, on_written, on_segment, NULL);
	buf_done(&encoded);
	return id;
}

static const struct job_seen *
job_of(const char *recipients)
{
	for (unsigned i = 0; i < job_count && i < JOBS_MAX; i++)
		if (strcmp(jobs[i].recipients, recipients) == 0)
			return &jobs[i];
	return NULL;
}

/* --- tests --- */

START_TEST(mail_goes_to_its_site_and_leaves_the_queue)
{
	const struct job_seen *job;

	(void)mail("a@far.test", "ok@There.test", 0);
	run_until_jobs(1);
	run_until(is_empty);
	job = job_of("ok@There.test");
	ck_assert_ptr_nonnull(job);
	ck_assert_str_eq(job->site, "mx:there.test");
	ck_assert_str_eq(job->target, "mx:there.test");
	ck_assert_uint_eq(job_count, 1);
}
END_TEST

START_TEST(recipients_are_grouped_by_site_and_split_by_shaping)
{
	(void)mail("a@far.test",
	    "ok1@one.test ok@here.test ok2@one.test ok3@one.test ok@two.test",
	    0);
	run_until_jobs(4);
	run_until(is_empty);
	ck_assert_uint_eq(job_count, 4);
	ck_assert_str_eq(job_of("ok1@one.test ok2@one.test")->site,
	    "mx:one.test");
	ck_assert_ptr_nonnull(job_of("ok3@one.test"));
	ck_assert_str_eq(job_of("ok@here.test")->site, "maildir:here.test");
	ck_assert_ptr_nonnull(job_of("ok@two.test"));
}
END_TEST

START_TEST(what_is_deferred_is_tried_again_until_it_is_taken)
{
	(void)mail("a@far.test", "thrice@there.test ok@there.test", 0);
	run_until(one_is_deferred);
	run_until_jobs(3);
	run_until(is_empty);
	ck_assert_uint_eq(thrice, 3);
	ck_assert_str_eq(jobs[1].recipients, "thrice@there.test");
}
END_TEST

START_TEST(a_failure_becomes_a_report_to_the_sender)
{
	const struct job_seen *report;

	(void)mail("a@far.test", "never@there.test ok@there.test", 0);
	run_until_jobs(2);
	run_until(is_empty);
	report = job_of("a@far.test");
	ck_assert_ptr_nonnull(report);
	ck_assert_str_eq(report->sender, "");
	ck_assert_str_eq(report->service, "dsn");
	ck_assert_uint_eq(job_count, 2);
}
END_TEST

START_TEST(a_failed_report_goes_to_the_postmaster_and_no_further)
{
	(void)mail("never@far.test", "never@there.test", 0);
	run_until_jobs(3);
	run_until(is_empty);
	ck_assert_ptr_nonnull(job_of("never@far.test"));
	ck_assert_ptr_nonnull(job_of("ok-boss@here.test"));
	ck_assert_uint_eq(job_count, 3);
}
END_TEST

START_TEST(nobody_hears_of_what_must_not_be_reported)
{
	(void)mail("a@far.test", "never@there.test", NOTIFY_NEVER);
	run_until_jobs(1);
	run_until(is_empty);
	ck_assert_uint_eq(job_count, 1);
}
END_TEST

START_TEST(success_is_reported_when_asked_for)
{
	(void)mail("a@far.test", "relayed@there.test",
	    NOTIFY_SUCCESS | NOTIFY_FAILURE);
	run_until_jobs(2);
	run_until(is_empty);
	ck_assert_ptr_nonnull(job_of("a@far.test"));
}
END_TEST

START_TEST(an_alias_is_replaced_by_its_addresses)
{
	(void)mail("a@far.test", "team@here.test", 0);
	run_until_jobs(2);
	run_until(is_empty);
	ck_assert_ptr_nonnull(job_of("ok-one@here.test"));
	ck_assert_ptr_nonnull(job_of("ok-two@there.test"));
	ck_assert_uint_eq(job_count, 2);
}
END_TEST

START_TEST(targets_of_no_site_are_settled_here)
{
	(void)mail("a@far.test", "x@nowhere.test", 0);
	(void)mail("b@far.test", "x@error.test", 0);
	run_until_jobs(1);
	run_until(is_empty);
	ck_assert_uint_eq(job_count, 1);
	ck_assert_ptr_nonnull(job_of("b@far.test"));
}
END_TEST

START_TEST(a_dead_site_is_tried_by_one_message)
{
	(void)mail("a@far.test", "dead1@there.test", 0);
	run_until_jobs(1);
	run_until(one_is_deferred);
	(void)mail("a@far.test", "dead2@there.test", 0);
	(void)mail("a@far.test", "ok@elsewhere.test", 0);
	run_until_jobs(2);
	ck_assert_str_eq(jobs[1].recipients, "ok@elsewhere.test");
	ck_assert_ptr_null(job_of("dead2@there.test"));
}
END_TEST

START_TEST(mail_of_a_dead_hop_goes_to_the_next_one_at_once)
{
	dead_site = "smtp:a.hop:25";
	(void)mail("a@far.test", "ok1@two.test ok2@two.test", 0);
	run_until_jobs(2);
	run_until(is_empty);
	ck_assert_str_eq(jobs[0].site, "smtp:a.hop:25");
	ck_assert_str_eq(jobs[1].site, "smtp:b.hop:25");
	ck_assert_str_eq(jobs[1].recipients, "ok1@two.test ok2@two.test");
	(void)mail("a@far.test", "ok3@two.test", 0);
	run_until_jobs(3);
	run_until(is_empty);
	ck_assert_str_eq(jobs[2].site, "smtp:b.hop:25");
}
END_TEST

START_TEST(mail_deferred_at_a_hop_that_dies_goes_to_the_next_one)
{
	(void)mail("a@far.test", "thrice@two.test", 0);
	run_until(one_is_deferred);
	ck_assert_str_eq(jobs[0].site, "smtp:a.hop:25");
	dead_site = "smtp:a.hop:25";
	run_until(is_empty);
	ck_assert_str_eq(jobs[job_count - 1].site, "smtp:b.hop:25");
}
END_TEST

START_TEST(what_no_hop_takes_waits_for_the_first_that_does)
{
	(void)mail("a@far.test", "dead@two.test", 0);
	run_until_jobs(2);
	run_until(one_is_deferred);
	ck_assert_str_eq(jobs[0].site, "smtp:a.hop:25");
	ck_assert_str_eq(jobs[1].site, "smtp:b.hop:25");
	run_until_jobs(4);
	run_until(one_is_deferred);
}
END_TEST

START_TEST(mail_that_waits_for_a_suspended_hop_goes_to_the_next_one)
{
	dispatch_suspend(dispatch, SLICE("smtp:a.hop:25"), 0);
	(void)mail("a@far.test", "ok@two.test", 0);
	run_until_jobs(1);
	run_until(is_empty);
	ck_assert_str_eq(jobs[0].site, "smtp:b.hop:25");
}
END_TEST

static bool
has_hanging_job(void)
{
	return job_count > 0;
}

START_TEST(jobs_of_a_dead_deliverer_go_to_another)
{
	(void)mail("a@far.test", "hang@there.test", 0);
	run_until(has_hanging_job);
	ck_assert_uint_eq(jobs[0].deliverer, 0);
	deliverer_comes(1);
	channel_free(&deliverers[0]);
	run_until_jobs(2);
	ck_assert_uint_eq(jobs[1].deliverer, 1);
	ck_assert_str_eq(jobs[1].recipients, "hang@there.test");
}
END_TEST

START_TEST(held_mail_waits_until_it_is_released)
{
	uint64_t id = mail("a@far.test", "later@there.test", 0);
	struct queue_entry *e;

	run_until(one_is_deferred);
	e = queue_store_find(store(), id);
	ck_assert(dispatch_act(dispatch, ADMIN_HOLD, e, SLICE("me")));
	ck_assert(!dispatch_act(dispatch, ADMIN_HOLD, e, SLICE("me")));
	ck_assert(!dispatch_act(dispatch, ADMIN_FLUSH, e, SLICE("me")));
	ck_assert_uint_eq(counts().messages[QUEUE_HELD], 1);
	job_count = 0;
	ck_assert(dispatch_act(dispatch, ADMIN_RELEASE, e, SLICE("me")));
	run_until_jobs(1);
	run_until(one_is_deferred);
	ck_assert(dispatch_act(dispatch, ADMIN_REMOVE, e, SLICE("me")));
	run_until(is_empty);
	ck_assert_ptr_null(job_of("a@far.test"));
}
END_TEST

START_TEST(mail_under_way_is_removed_when_its_job_ends)
{
	uint64_t id = mail("a@far.test", "hang@there.test", 0);
	struct queue_entry *e;

	run_until_jobs(1);
	e = queue_store_find(store(), id);
	ck_assert(dispatch_act(dispatch, ADMIN_REMOVE, e, SLICE("me")));
	ck_assert_ptr_nonnull(queue_store_find(store(), id));
	channel_free(&deliverers[0]);
	run_until(is_empty);
}
END_TEST

START_TEST(bounced_mail_returns_to_its_sender)
{
	uint64_t id = mail("a@far.test", "later@there.test", 0);

	run_until(one_is_deferred);
	ck_assert(dispatch_act(dispatch, ADMIN_BOUNCE,
	    queue_store_find(store(), id), SLICE("me")));
	run_until(is_empty);
	ck_assert_ptr_nonnull(job_of("a@far.test"));
}
END_TEST

START_TEST(a_suspended_site_gets_nothing_until_it_is_resumed)
{
	dispatch_suspend(dispatch, SLICE("mx:there.test"), 0);
	(void)mail("a@far.test", "ok@there.test", 0);
	run_until(one_is_deferred);
	ck_assert_uint_eq(job_count, 0);
	ck_assert(dispatch_resume(dispatch, SLICE("mx:there.test")));
	run_until_jobs(1);
	run_until(is_empty);
	ck_assert(!dispatch_resume(dispatch, SLICE("mx:other.test")));
}
END_TEST

static bool
is_recovered(void)
{
	return queue_store_is_recovered(store());
}

static void
on_quiet(void *arg)
{
	(void)arg;
	quiet = true;
}

static bool
is_quiet(void)
{
	return quiet;
}

START_TEST(a_restart_finds_what_was_there)
{
	uint64_t held;

	(void)mail("a@far.test",
	    "later@there.test ok@there.test passed@here.test never@here.test",
	    NOTIFY_NEVER);
	run_until(one_is_deferred);
	held = mail("a@far.test", "later@held.test", 0);
	run_until_jobs(3);
	ck_assert(dispatch_act(dispatch, ADMIN_HOLD,
	    queue_store_find(store(), held), SLICE("me")));
	dispatch_stop(dispatch, on_quiet, NULL);
	run_until(is_quiet);
	stop();
	job_count = 0;
	start();
	run_until(is_recovered);
	ck_assert_uint_eq(counts().messages[QUEUE_HELD], 1);
	run_until_jobs(2);
	ck_assert_str_eq(jobs[0].recipients, "later@there.test");
	ck_assert_str_eq(jobs[1].recipients, "later@there.test");
}
END_TEST

START_TEST(a_crash_repeats_what_was_under_way_alone)
{
	(void)mail("a@far.test", "hang@there.test", 0);
	run_until_jobs(1);
	stop(); /* nothing more is written */
	job_count = 0;
	start();
	run_until_jobs(1);
	ck_assert_str_eq(jobs[0].recipients, "hang@there.test");
}
END_TEST

START_TEST(a_late_message_warns_once_and_expires)
{
	unsigned reports = 0;

	(void)mail("a@far.test", "later@there.test", 0);
	run_until(one_is_deferred);
	run_until(is_empty);
	for (unsigned i = 0; i < job_count; i++)
		reports += strcmp(jobs[i].recipients, "a@far.test") == 0;
	ck_assert_uint_eq(reports, 2);
}
END_TEST

START_TEST(history_tells_of_each_attempt)
{
	uint64_t id = mail("a@far.test", "later@there.test", 0);
	json_t *list;
	json_t *last;

	run_until_jobs(2);
	list = history_of(dispatch_history(dispatch), id);
	ck_assert_uint_ge(json_array_size(list), 1);
	last = json_array_get(list, 0);
	ck_assert_str_eq(json_string_value(json_object_get(last, "reply")),
	    "450 4.2.0 come back");
	ck_assert_str_eq(json_string_value(json_object_get(last, "host")),
	    "mx.there.test");
	ck_assert_str_eq(json_string_value(json_object_get(last, "dialogue")),
	    "S: 220 hello\n");
	json_decref(list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dispatch");
	TCase *tc = tcase_create("dispatch");
	TCase *expiry = tcase_create("expiry");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, mail_goes_to_its_site_and_leaves_the_queue);
	tcase_add_test(tc, recipients_are_grouped_by_site_and_split_by_shaping);
	tcase_add_test(tc, what_is_deferred_is_tried_again_until_it_is_taken);
	tcase_add_test(tc, a_failure_becomes_a_report_to_the_sender);
	tcase_add_test(tc,
	    a_failed_report_goes_to_the_postmaster_and_no_further);
	tcase_add_test(tc, nobody_hears_of_what_must_not_be_reported);
	tcase_add_test(tc, success_is_reported_when_asked_for);
	tcase_add_test(tc, an_alias_is_replaced_by_its_addresses);
	tcase_add_test(tc, targets_of_no_site_are_settled_here);
	tcase_add_test(tc, a_dead_site_is_tried_by_one_message);
	tcase_add_test(tc, mail_of_a_dead_hop_goes_to_the_next_one_at_once);
	tcase_add_test(tc,
	    mail_deferred_at_a_hop_that_dies_goes_to_the_next_one);
	tcase_add_test(tc, what_no_hop_takes_waits_for_the_first_that_does);
	tcase_add_test(tc,
	    mail_that_waits_for_a_suspended_hop_goes_to_the_next_one);
	tcase_add_test(tc, jobs_of_a_dead_deliverer_go_to_another);
	tcase_add_test(tc, held_mail_waits_until_it_is_released);
	tcase_add_test(tc, mail_under_way_is_removed_when_its_job_ends);
	tcase_add_test(tc, bounced_mail_returns_to_its_sender);
	tcase_add_test(tc, a_suspended_site_gets_nothing_until_it_is_resumed);
	tcase_add_test(tc, a_restart_finds_what_was_there);
	tcase_add_test(tc, a_crash_repeats_what_was_under_way_alone);
	tcase_add_test(tc, history_tells_of_each_attempt);
	suite_add_tcase(suite, expiry);
	tcase_set_timeout(expiry, 60);
	tcase_add_checked_fixture(expiry, setup_short, teardown);
	tcase_add_test(expiry, a_late_message_warns_once_and_expires);
	return run_suite(suite);
}
