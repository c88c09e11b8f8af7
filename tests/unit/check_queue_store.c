/*
 * unit/check_queue_store.c - what the scheduler's side knows, does, and still
 * knows after a restart.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "queue/reader.h"
#include "queue/store.h"
#include "queue/writer.h"
#include "tests/unit/queue_spool.h"

enum { NUMBER = 7, FOUND_MAX = 64 };

static struct test_spool spool;
static struct queue_writer *writer;
static struct queue_store *store;
static unsigned found_count;
static unsigned damage_count;
static struct place last_place;
static uint64_t last_closed;

static void
on_found(struct queue_entry *e, void *arg)
{
	(void)e;
	(void)arg;
	found_count++;
}

static void
on_damage(const char *text, void *arg)
{
	(void)text;
	(void)arg;
	damage_count++;
}

static void
open_store(void)
{
	struct queue_hooks hooks = { on_found, on_damage, NULL };

	found_count = 0;
	ck_assert_int_eq(queue_store_open(spool.vfs, &hooks, time_wall_ms(),
			     &store),
	    0);
	while (!queue_store_is_recovered(store))
		(void)queue_store_step(store, time_wall_ms());
}

static void
set_up(void)
{
	test_spool_init(&spool);
	damage_count = 0;
	last_closed = 0;
	ck_assert_int_eq(queue_writer_open(spool.vfs, NUMBER, &writer), 0);
	open_store();
}

static void
tear_down(void)
{
	queue_store_close(&store);
	queue_writer_close(&writer);
	test_spool_done(&spool);
}

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	struct queue_entry **entry = who;

	(void)arg;
	ck_assert_int_eq(rc, 0);
	last_place = *place;
	if (entry != NULL)
		*entry = queue_store_adopt(store, id, place, envelope);
}

static void
on_closed(uint64_t segment, void *arg)
{
	(void)arg;
	last_closed = segment;
}

static bool to_be_held; /* by the envelope of the next message */

/* A message from `sender` to `count` recipients in one of three domains. */
static uint64_t
add_message(const char *sender, uint32_t count, size_t size, bool adopt,
    struct queue_entry **entry)
{
	static const char *const to[] = { "a@One.Example", "b@two.example",
		"c@three.example" };
	uint64_t id = queue_writer_id(writer, time_wall_ms());
	struct queue_draft *draft = queue_draft_new(writer, id);
	struct recipient *rcpts = mem_array(count, sizeof(*rcpts));
	struct envelope envelope = { .id = id,
		.arrived_ms = id_wall_ms(id),
		.size = size,
		.sender = slice_of(sender),
		.hold = to_be_held,
		.recipient_count = count,
		.recipients = rcpts };
	struct queue_batch *batch;
	struct buf encoded;
	char *bytes = mem_new(size);

	for (uint32_t i = 0; i < count; i++)
		rcpts[i] = (struct recipient){ .address = slice_of(to[i % 3]) };
	buf_init(&encoded, 1 << 20);
	envelope_encode(&envelope, &encoded);
	memset(bytes, 'x', size);
	ck_assert_int_eq(queue_draft_add(draft, slice_from(bytes, size)), 0);
	queue_writer_submit(writer, &draft, SLICE_NONE, buf_slice(&encoded),
	    adopt ? entry : NULL);
	while ((batch = queue_writer_take(writer)) != NULL) {
		queue_batch_write(batch);
		queue_writer_finish(writer, &batch, on_written, on_closed,
		    NULL);
	}
	buf_done(&encoded);
	mem_free(bytes);
	mem_free(rcpts);
	return id;
}

static void
run_lane(enum queue_lane lane)
{
	struct queue_work *work;

	while ((work = queue_store_take(store, lane, time_wall_ms())) != NULL) {
		queue_work_run(work);
		ck_assert_int_eq(queue_store_finish(store, &work), 0);
	}
}

/* Everything that is to be done is done. */
static void
settle(void)
{
	for (int i = 0; i < 4; i++) {
		run_lane(QUEUE_COMMIT);
		while (queue_store_step(store, time_wall_ms()))
			;
		run_lane(QUEUE_CHORE);
	}
	ck_assert_uint_eq(queue_store_sequence(store),
	    queue_store_durable(store));
}

static void
restart(void)
{
	queue_store_close(&store);
	open_store();
}

static void
set_result(struct queue_entry *e, uint32_t index, enum fate_kind kind,
    const char *reply)
{
	struct fate fate = { kind, { 4, 7, 1 }, 450, slice_of(reply), false };

	queue_store_result(store, e, index, &fate, slice_of("mx.one.example"),
	    (uint16_t)(entry_recipient(e, index)->attempts + 1));
}

static uint64_t
total(void)
{
	struct queue_counts c;

	queue_store_counts(store, &c);
	return c.messages[QUEUE_ACTIVE] + c.messages[QUEUE_DEFERRED] +
	    c.messages[QUEUE_HELD];
}

static bool
is_domain(uint32_t text, const char *want)
{
	return slice_is(queue_store_text(store, text), want);
}

START_TEST(a_message_that_nobody_announced_is_found)
{
	uint64_t id = add_message("me@here.example", 2, 100, false, NULL);
	struct queue_entry *e;

	restart();
	ck_assert_uint_eq(found_count, 1);
	e = queue_store_find(store, id);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->state, QUEUE_ACTIVE);
	ck_assert_uint_eq(e->size, 100);
	ck_assert(is_domain(e->sender_domain, "here.example"));
	ck_assert(is_domain(entry_recipient(e, 0)->domain, "one.example"));
	ck_assert(is_domain(entry_recipient(e, 1)->domain, "two.example"));
}
END_TEST

START_TEST(adopting_twice_gives_one_entry)
{
	struct queue_entry *e = NULL;
	uint64_t id = add_message("", 1, 100, true, &e);

	ck_assert_ptr_nonnull(e);
	ck_assert((e->flags & ENTRY_NULL_SENDER) != 0);
	ck_assert_ptr_null(
	    queue_store_adopt(store, id, &last_place, SLICE_NONE));
	queue_store_remove(store, &e);
	ck_assert_ptr_null(
	    queue_store_adopt(store, id, &last_place, SLICE_NONE));
	ck_assert_uint_eq(total(), 0);
}
END_TEST

START_TEST(a_removed_message_does_not_come_back)
{
	struct queue_entry *e = NULL;

	(void)add_message("a@b", 1, 100, true, &e);
	queue_store_remove(store, &e);
	run_lane(QUEUE_COMMIT);
	restart();
	ck_assert_uint_eq(found_count, 0);
	queue_store_checkpoint(store);
	settle();
	restart();
	ck_assert_uint_eq(found_count, 0);
}
END_TEST

/* With a checkpoint before the restart (1), after it (2), or without (0). */
START_TEST(all_that_was_said_of_a_message_is_known_after_a_restart)
{
	struct queue_entry *e = NULL;
	uint64_t id = add_message("me@here.example", 3, 100, true, &e);
	struct recipient more[2] = {
		{ .address = slice_of("x@Alias.Example") },
		{ .address = slice_of("y@alias.example"),
		    .orcpt = slice_of("rfc822;z") },
	};
	struct arena *arena = arena_new(1 << 20);
	struct envelope envelope;
	struct queue_counts counts;

	set_result(e, 0, FATE_DEFERRED, "450 4.7.1 later");
	set_result(e, 0, FATE_DEFERRED, "450 4.7.1 later");
	set_result(e, 1, FATE_DELIVERED, "250 ok");
	ck_assert_int_eq(queue_store_expand(store, e, 2, more, 2), 0);
	queue_store_set_warned(store, e);
	queue_store_defer(store, e, 123456789);
	if (_i == 1)
		queue_store_checkpoint(store);
	settle();
	for (int round = 0; round < 3; round++) {
		struct queue_recipient *r;

		restart();
		ck_assert_uint_eq(found_count, 1);
		e = queue_store_find(store, id);
		ck_assert_ptr_nonnull(e);
		ck_assert_int_eq(e->state, QUEUE_DEFERRED);
		ck_assert_int_eq(e->next_ms, 123456789);
		ck_assert((e->flags & ENTRY_WARNED) != 0);
		ck_assert_uint_eq(e->recipient_count, 5);
		ck_assert_uint_eq(e->open_count, 3);
		r = entry_recipient(e, 0);
		ck_assert_int_eq(r->kind, FATE_DEFERRED);
		ck_assert_uint_eq(r->attempts, 2);
		ck_assert_uint_eq(r->smtp_code, 450);
		ck_assert_uint_eq(r->subject, 7);
		ck_assert(is_domain(r->reply, "450 4.7.1 later"));
		ck_assert(is_domain(r->host, "mx.one.example"));
		ck_assert_int_eq(entry_recipient(e, 1)->kind, FATE_DELIVERED);
		ck_assert_int_eq(entry_recipient(e, 2)->kind, FATE_EXPANDED);
		ck_assert(
		    is_domain(entry_recipient(e, 4)->domain, "alias.example"));
		ck_assert_int_eq(queue_store_envelope(store, e, arena,
				     &envelope),
		    0);
		ck_assert_uint_eq(envelope.recipient_count, 5);
		ck_assert(
		    slice_is(envelope.recipients[0].address, "a@One.Example"));
		ck_assert(slice_is(envelope.recipients[3].address,
		    "x@Alias.Example"));
		ck_assert(slice_is(envelope.recipients[4].orcpt, "rfc822;z"));
		queue_store_counts(store, &counts);
		ck_assert_uint_eq(counts.recipients, 3);
		ck_assert_uint_eq(counts.octets, 100);
		if (_i == 2) {
			queue_store_checkpoint(store);
			settle();
		}
	}
	ck_assert_uint_eq(damage_count, 0);
	arena_free(&arena);
}
END_TEST

START_TEST(a_held_message_stays_held_until_it_is_released)
{
	struct queue_entry *e = NULL;
	uint64_t id = add_message("a@b", 1, 100, true, &e);

	queue_store_hold(store, e);
	queue_store_defer(store, e, 5);
	settle();
	restart();
	e = queue_store_find(store, id);
	ck_assert_int_eq(e->state, QUEUE_HELD);
	queue_store_release(store, e);
	settle();
	restart();
	ck_assert_int_eq(queue_store_find(store, id)->state, QUEUE_ACTIVE);
}
END_TEST

START_TEST(a_message_is_held_if_its_envelope_says_so)
{
	struct queue_entry *e;
	uint64_t unannounced, announced;

	to_be_held = true;
	announced = add_message("a@b.example", 1, 100, true, &e);
	ck_assert_int_eq(e->state, QUEUE_HELD);
	queue_store_release(store, e);
	settle();
	unannounced = add_message("a@b.example", 1, 100, false, NULL);
	restart();
	to_be_held = false;
	ck_assert_int_eq(queue_store_find(store, announced)->state,
	    QUEUE_ACTIVE);
	ck_assert_int_eq(queue_store_find(store, unannounced)->state,
	    QUEUE_HELD);
}
END_TEST

START_TEST(texts_are_shared_and_go_with_the_last_message)
{
	struct queue_entry *e[10] = { 0 };
	uint32_t text;

	for (int i = 0; i < 10; i++) {
		(void)add_message("a@b.example", 1, 10, true, &e[i]);
		set_result(e[i], 0, FATE_DEFERRED, "450 all the same");
	}
	text = queue_store_find_text(store, slice_of("450 all the same"));
	ck_assert_uint_ne(text, QUEUE_NO_TEXT);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(entry_recipient(e[i], 0)->reply, text);
	for (int i = 0; i < 10; i++)
		queue_store_remove(store, &e[i]);
	ck_assert_uint_eq(queue_store_find_text(store,
			      slice_of("450 all the same")),
	    QUEUE_NO_TEXT);
}
END_TEST

START_TEST(a_large_message_takes_its_file_with_it)
{
	struct queue_entry *e = NULL;
	uint64_t id = add_message("a@b", 1, 3 << 20, true, &e);
	char name[VFS_NAME_MAX];

	ck_assert((e->flags & ENTRY_LARGE) != 0);
	spool_name("large", id, name);
	ck_assert_int_eq(faccessat(spool.folder, name, F_OK, 0), 0);
	settle();
	restart();
	e = queue_store_find(store, id);
	ck_assert((e->flags & ENTRY_LARGE) != 0);
	queue_store_remove(store, &e);
	ck_assert_int_eq(faccessat(spool.folder, name, F_OK, 0), 0);
	settle();
	ck_assert_int_eq(faccessat(spool.folder, name, F_OK, 0), -1);
}
END_TEST

START_TEST(an_empty_segment_is_given_back_and_a_sparse_one_compacted)
{
	struct queue_entry *e[4] = { 0 };
	uint64_t ids[4];
	uint64_t first;
	uint64_t free_one = 0;

	for (int i = 0; i < 4; i++)
		ids[i] = add_message("a@b", 1, 5000, true, &e[i]);
	first = last_place.segment;
	queue_store_defer(store, e[3], 99);
	for (int i = 0; i < 3; i++)
		queue_store_remove(store, &e[i]);
	queue_writer_roll(writer);
	(void)add_message("a@b", 1, 5000, true, &e[0]);
	ck_assert_uint_eq(last_closed, first);
	queue_store_segment_closed(store, first);
	settle();
	ck_assert(!queue_store_next_free_segment(store, &free_one));
	queue_store_pin(store, e[3]);
	queue_store_compact(store);
	settle();
	ck_assert(!queue_store_next_free_segment(store, &free_one));
	queue_store_unpin(store, e[3]);
	queue_store_compact(store);
	settle();
	ck_assert(queue_store_next_free_segment(store, &free_one));
	ck_assert_uint_eq(free_one, first);
	ck_assert_uint_ne(queue_store_place(store, e[3]).segment, first);
	queue_writer_recycle(writer, first);
	queue_writer_roll(writer);
	(void)add_message("a@b", 1, 5000, true, &e[1]);
	ck_assert_uint_eq(e[1]->size, 5000);
	for (int i = 0; i < 2; i++) {
		struct queue_message m;
		struct place place;
		struct queue_reader *reader = queue_reader_new(spool.vfs);

		restart();
		ck_assert_uint_eq(found_count, 3);
		place =
		    queue_store_place(store, queue_store_find(store, ids[3]));
		ck_assert_int_eq(queue_reader_open(reader, &place, &m), 0);
		ck_assert_int_eq(queue_message_verify(reader, &m), 0);
		ck_assert_uint_eq(m.id, ids[3]);
		queue_message_done(reader, &m);
		queue_reader_free(&reader);
		queue_store_checkpoint(store);
		settle();
	}
	ck_assert_uint_eq(damage_count, 0);
}
END_TEST

START_TEST(what_a_dead_receiver_wrote_last_is_found)
{
	struct queue_entry *e = NULL;

	(void)add_message("a@b", 1, 100, true, &e);
	(void)add_message("a@b", 1, 100, false, NULL);
	queue_writer_close(&writer);
	queue_store_writer_ended(store, NUMBER);
	ck_assert_int_eq(queue_writer_open(spool.vfs, NUMBER, &writer), 0);
	settle();
	ck_assert_uint_eq(found_count, 1);
	ck_assert_uint_eq(total(), 2);
}
END_TEST

START_TEST(a_deferred_message_costs_less_than_200_octets)
{
	enum { MANY = 20000 };
	struct queue_counts counts;
	char sender[64];

	for (int i = 0; i < MANY; i++) {
		struct place place = { 7777, 64 + (uint32_t)i * 72, 72 };
		struct recipient to = { .address = slice_of("a@one.example") };
		struct envelope envelope = { .size = 4096,
			.recipient_count = 1,
			.recipients = &to };
		struct queue_entry *e;
		struct buf encoded;
		char rcpt[64];

		(void)snprintf(sender, sizeof(sender), "u@d%d.example",
		    i % 500);
		(void)snprintf(rcpt, sizeof(rcpt), "u@e%d.example", i % 5000);
		envelope.sender = slice_of(sender);
		to.address = slice_of(rcpt);
		buf_init(&encoded, 4096);
		envelope_encode(&envelope, &encoded);
		e = queue_store_adopt(store,
		    queue_writer_id(writer, time_wall_ms()), &place,
		    buf_slice(&encoded));
		buf_done(&encoded);
		ck_assert_ptr_nonnull(e);
		set_result(e, 0, FATE_DEFERRED, "450 4.7.1 not now");
		queue_store_defer(store, e, 1);
	}
	queue_store_counts(store, &counts);
	(void)printf("%d deferred messages to 5000 domains: %.1f octets each, "
		     "an entry %zu\n",
	    MANY, (double)counts.memory / MANY, sizeof(struct queue_entry));
	ck_assert_uint_lt(counts.memory, (uint64_t)MANY * 200);
}
END_TEST

/* One octet flipped in the middle of the first, 20th, ... of the records. */
START_TEST(a_flipped_octet_in_a_checkpoint_costs_no_message)
{
	struct queue_entry *e[20] = { 0 };
	int64_t size;
	int file;
	char byte;

	for (int i = 0; i < 20; i++) {
		(void)add_message("a@b.example", 1, 100, true, &e[i]);
		queue_store_defer(store, e[i], 1000 + i);
	}
	queue_store_checkpoint(store);
	settle();
	queue_store_close(&store);
	file = vfs_open(spool.vfs, "journal/checkpoint", VFS_WRITE);
	ck_assert_int_ge(file, 0);
	size = vfs_size(spool.vfs, file);
	ck_assert_int_gt(size, 1000);
	size = size * (_i + 1) / 12;
	ck_assert_int_eq(vfs_pread(spool.vfs, file, &byte, 1, (uint64_t)size),
	    1);
	byte ^= 1;
	ck_assert_int_eq(vfs_pwrite(spool.vfs, file, &byte, 1, (uint64_t)size),
	    0);
	vfs_close(spool.vfs, &file);
	open_store();
	ck_assert_uint_ge(damage_count, 1);
	ck_assert_uint_ge(found_count, 19);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue_store");
	TCase *tc = tcase_create("store");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_message_that_nobody_announced_is_found);
	tcase_add_test(tc, adopting_twice_gives_one_entry);
	tcase_add_test(tc, a_removed_message_does_not_come_back);
	tcase_add_loop_test(tc,
	    all_that_was_said_of_a_message_is_known_after_a_restart, 0, 3);
	tcase_add_test(tc, a_held_message_stays_held_until_it_is_released);
	tcase_add_test(tc, a_message_is_held_if_its_envelope_says_so);
	tcase_add_test(tc, texts_are_shared_and_go_with_the_last_message);
	tcase_add_test(tc, a_large_message_takes_its_file_with_it);
	tcase_add_test(tc,
	    an_empty_segment_is_given_back_and_a_sparse_one_compacted);
	tcase_add_test(tc, what_a_dead_receiver_wrote_last_is_found);
	tcase_add_test(tc, a_deferred_message_costs_less_than_200_octets);
	tcase_add_loop_test(tc,
	    a_flipped_octet_in_a_checkpoint_costs_no_message, 0, 11);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
