/* unit/check_channel.c - messages and descriptors arrive whole and in order. */
#include "tests/unit/run.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "ipc/channel.h"

static struct loop *loop;
static struct channel *near, *far;
static int raw[2];
static int count;
static int closed_rc;
static bool was_closed;

static void
on_time_out(void *arg)
{
	(void)arg;
	ck_abort_msg("the test hangs");
}

static void
run(void)
{
	struct timer *t = timer_new(loop, on_time_out, NULL);

	timer_set(t, 10000);
	loop_run(loop);
	timer_free(&t);
}

static void
on_closed(void *owner, struct channel *c, int rc)
{
	(void)owner;
	if (c == near)
		near = NULL;
	if (c == far)
		far = NULL;
	was_closed = true;
	closed_rc = rc;
	loop_stop(loop);
}

static void
set_up(const struct channel_handlers *at_far)
{
	static const struct channel_handlers none = { .closed = on_closed };

	loop = loop_new();
	ck_assert_int_eq(channel_pair(raw), 0);
	near = channel_new(loop, raw[0], &none, NULL);
	far = channel_new(loop, raw[1], at_far, NULL);
	count = 0;
	was_closed = false;
}

static void
tear_down(void)
{
	channel_free(&near);
	channel_free(&far);
	loop_free(&loop);
}

static void
on_done(void *owner, struct channel *c, const void *msg)
{
	const struct msg_job_done *m = msg;

	(void)owner;
	ck_assert_ptr_eq(c, far);
	ck_assert_uint_eq(m->job, 0x1122334455667788);
	ck_assert(slice_eq(m->fates, slice_from("\0\1", 2)));
	ck_assert_uint_eq(m->trouble, 7);
	ck_assert(slice_is(m->host, "mx.example"));
	ck_assert_uint_eq(m->address.n, 0);
	ck_assert(slice_is(m->policy, "dane"));
	ck_assert(slice_is(m->dialogue, "> EHLO"));
	loop_stop(loop);
}

START_TEST(every_field_arrives_as_it_was_sent)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_job_done] = on_done },
		.closed = on_closed,
	};

	set_up(&handlers);
	channel_send_job_done(near,
	    &(struct msg_job_done){
		.job = 0x1122334455667788,
		.fates = slice_from("\0\1", 2),
		.trouble = 7,
		.host = slice_of("mx.example"),
		.address = SLICE_NONE,
		.tls = SLICE_NONE,
		.policy = slice_of("dane"),
		.dialogue = slice_of("> EHLO"),
	    });
	ck_assert_uint_gt(channel_backlog(near), 0);
	run();
	ck_assert(!was_closed);
	tear_down();
}
END_TEST

enum { MANY = 20000 };

static void
on_many(void *owner, struct channel *c, const void *msg)
{
	const struct msg_message_added *m = msg;

	(void)owner;
	(void)c;
	ck_assert_uint_eq(m->id, (uint64_t)count);
	ck_assert_uint_eq(m->envelope.n, (size_t)count % 4000);
	for (size_t i = 0; i < m->envelope.n; i++)
		if ((unsigned char)m->envelope.p[i] != (count & 0xff))
			ck_abort_msg("wrong byte");
	if (++count == MANY)
		loop_stop(loop);
}

START_TEST(more_than_the_socket_takes_waits_and_arrives_in_order)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_message_added] = on_many },
		.closed = on_closed,
	};
	char envelope[4000];

	set_up(&handlers);
	for (int i = 0; i < MANY; i++) {
		memset(envelope, i & 0xff, sizeof(envelope));
		channel_send_message_added(near,
		    &(struct msg_message_added){
			.id = (uint64_t)i,
			.envelope = slice_from(envelope, (size_t)i % 4000),
		    });
	}
	run();
	ck_assert_int_eq(count, MANY);
	ck_assert_uint_eq(channel_backlog(near), 0);
	tear_down();
}
END_TEST

enum { FDS = 500 };

/* Each descriptor is a pipe that holds its own number. */
static void
on_file(void *owner, struct channel *c, const void *msg)
{
	const struct msg_agent_part *m = msg;
	int number = -1;

	(void)owner;
	(void)c;
	ck_assert_uint_eq(m->job, (uint64_t)count);
	ck_assert_int_eq(fcntl(m->file, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq((int)read(m->file, &number, sizeof(number)),
	    (int)sizeof(number));
	ck_assert_int_eq(number, count);
	ck_assert_int_eq(close(m->file), 0);
	if (++count == FDS)
		loop_stop(loop);
}

static int
pipe_with(int number)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq((int)write(fds[1], &number, sizeof(number)),
	    (int)sizeof(number));
	ck_assert_int_eq(close(fds[1]), 0);
	return fds[0];
}

static void
on_filler(void *owner, struct channel *c, const void *msg)
{
	const struct msg_message_added *m = msg;

	(void)owner;
	(void)c;
	ck_assert_uint_eq(m->id, 42);
}

/* With fillers between, so that writes are cut anywhere. */
START_TEST(each_descriptor_arrives_with_its_own_message)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_agent_part] = on_file,
		    [MSG_message_added] = on_filler },
		.closed = on_closed,
	};
	char *filler = mem_zero(50000);

	set_up(&handlers);
	for (int i = 0; i < FDS; i++) {
		int fd = pipe_with(i);

		channel_send_agent_part(near,
		    &(struct msg_agent_part){ .job = (uint64_t)i, .file = fd });
		ck_assert_int_eq(close(fd), 0);
		if (i % 3 == 0)
			channel_send_message_added(near,
			    &(struct msg_message_added){
				.id = 42,
				.envelope = slice_from(filler,
				    (size_t)(i * 97) % 50000),
			    });
	}
	run();
	ck_assert_int_eq(count, FDS);
	ck_assert(!was_closed);
	mem_free(filler);
	tear_down();
}
END_TEST

START_TEST(a_message_without_a_handler_ends_the_channel)
{
	static const struct channel_handlers none = { .closed = on_closed };

	set_up(&none);
	channel_send_segment_free(near, &(struct msg_segment_free){ 1 });
	run();
	ck_assert(was_closed && far == NULL);
	ck_assert_int_eq(closed_rc, ERR_PROTOCOL);
	tear_down();
}
END_TEST

static void
on_never(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	(void)msg;
	ck_abort_msg("a malformed message was handed over");
}

/* clang-format off */
static const struct {
	const char *bytes;
	size_t n;
} malformed[] = {
	/* shorter than a header; longer than allowed */
	{ "\x07\0\0\0\x10\0\0\0",			8 },
	{ "\x01\0\x01\0\x10\0\0\0",			8 },
	/* no such type */
	{ "\x08\0\0\0\xff\0\0\0",			8 },
	/* segment_free (16): a byte too few, one too many, a descriptor */
	{ "\x0f\0\0\0\x10\0\0\0" "1234567",		15 },
	{ "\x11\0\0\0\x10\0\0\0" "123456789",		17 },
	{ "\x10\0\0\0\x10\0\x01\0" "12345678",		16 },
	/* site_flush (17): a slice that goes beyond the message */
	{ "\x0e\0\0\0\x11\0\0\0" "\x03\0\0\0" "ab",	14 },
	{ "\x0e\0\0\0\x11\0\0\0" "\xff\xff\xff\xff" "ab", 14 },
	/* master_file (6) without its descriptor */
	{ "\x0c\0\0\0\x06\0\0\0" "\0\0\0\0",		12 },
	{ "\x0c\0\0\0\x06\0\x01\0" "\0\0\0\0",		12 },
};
/* clang-format on */

START_TEST(a_malformed_message_ends_the_channel_and_is_not_handed_over)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_segment_free] = on_never,
		    [MSG_site_flush] = on_never,
		    [MSG_master_file] = on_never },
		.closed = on_closed,
	};

	ck_assert_int_eq(MSG_segment_free, 0x10);
	ck_assert_int_eq(MSG_site_flush, 0x11);
	ck_assert_int_eq(MSG_master_file, 6);
	set_up(&handlers);
	channel_free(&near);
	raw[0] = -1;
	channel_free(&far);
	ck_assert_int_eq(channel_pair(raw), 0);
	far = channel_new(loop, raw[1], &handlers, NULL);
	ck_assert_int_eq((int)write(raw[0], malformed[_i].bytes,
			     malformed[_i].n),
	    (int)malformed[_i].n);
	run();
	ck_assert(was_closed && far == NULL);
	ck_assert_int_eq(closed_rc, ERR_PROTOCOL);
	ck_assert_int_eq(close(raw[0]), 0);
	tear_down();
}
END_TEST

static void
on_flush(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	(void)msg;
	count++;
}

START_TEST(what_was_sent_before_free_still_arrives_then_the_end)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_site_flush] = on_flush },
		.closed = on_closed,
	};

	set_up(&handlers);
	for (int i = 0; i < 30000; i++)
		channel_send_site_flush(near,
		    &(struct msg_site_flush){ slice_of("example.org") });
	channel_free(&near);
	ck_assert_ptr_null(near);
	run();
	ck_assert_int_eq(count, 30000);
	ck_assert(was_closed);
	ck_assert_int_eq(closed_rc, 0);
	tear_down();
}
END_TEST

static void
on_flush_free(void *owner, struct channel *c, const void *msg)
{
	(void)owner;
	(void)c;
	(void)msg;
	count++;
	channel_free(&far);
}

START_TEST(a_handler_may_free_its_channel)
{
	static const struct channel_handlers handlers = {
		.on = { [MSG_site_flush] = on_flush_free },
		.closed = on_closed,
	};

	set_up(&handlers);
	for (int i = 0; i < 3; i++)
		channel_send_site_flush(near,
		    &(struct msg_site_flush){ slice_of("example.org") });
	run();
	ck_assert_int_eq(count, 1);
	ck_assert_ptr_null(near); /* it saw the end */
	tear_down();
}
END_TEST

START_TEST(a_printed_message_shows_text_and_hides_bytes)
{
	struct msg_auth_start m = {
		.session = 5,
		.mechanism = slice_of("PLAIN"),
		.has_initial = 1,
		.initial = slice_of("secret"),
		.binding = SLICE_NONE,
		.client = slice_of("192.0.2.1"),
	};
	struct buf b;

	buf_init(&b, 4096);
	ipc_print(&ipc_kinds[MSG_auth_start], &m, &b);
	ck_assert_str_eq(buf_cstr(&b),
	    "auth_start session=5 mechanism=\"PLAIN\" has_initial=1"
	    " initial=(6 bytes) binding=(0 bytes) client=\"192.0.2.1\"");
	buf_done(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tc = tcase_create("channel");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, every_field_arrives_as_it_was_sent);
	tcase_add_test(tc,
	    more_than_the_socket_takes_waits_and_arrives_in_order);
	tcase_add_test(tc, each_descriptor_arrives_with_its_own_message);
	tcase_add_test(tc, a_message_without_a_handler_ends_the_channel);
	tcase_add_loop_test(tc,
	    a_malformed_message_ends_the_channel_and_is_not_handed_over, 0,
	    sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_test(tc,
	    what_was_sent_before_free_still_arrives_then_the_end);
	tcase_add_test(tc, a_handler_may_free_its_channel);
	tcase_add_test(tc, a_printed_message_shows_text_and_hides_bytes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
