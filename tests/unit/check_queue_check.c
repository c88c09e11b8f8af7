/* unit/check_queue_check.c - the walk over a spool finds each kind of damage.
 */
#include "tests/unit/run.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/time.h"
#include "queue/check.h"
#include "queue/store.h"
#include "queue/writer.h"
#include "tests/unit/queue_spool.h"

enum { MESSAGES = 12 };

static struct test_spool spool;
static struct place places[MESSAGES + 1];
static uint64_t ids[MESSAGES + 1];
static unsigned written;
static char told[4096];
static uint64_t journal;

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	(void)who;
	ck_assert_int_eq(rc, 0);
	places[written] = *place;
	ids[written++] = id;
	ck_assert_ptr_nonnull(queue_store_adopt(arg, id, place, envelope));
}

static void
on_closed(uint64_t segment, void *arg)
{
	(void)segment;
	(void)arg;
}

static void
add(struct queue_writer *w, struct queue_store *store, size_t size)
{
	uint64_t id = queue_writer_id(w, time_wall_ms());
	struct queue_draft *draft = queue_draft_new(w, id);
	struct recipient to = { .address = slice_of("a@b.example") };
	struct envelope e = { .id = id,
		.size = size,
		.recipient_count = 1,
		.recipients = &to };
	char *bytes = mem_zero(size);
	struct queue_batch *batch;
	struct buf encoded;

	memset(bytes, 'y', size);
	ck_assert_int_eq(queue_draft_add(draft, slice_from(bytes, size)), 0);
	mem_free(bytes);
	buf_init(&encoded, 4096);
	envelope_encode(&e, &encoded);
	queue_writer_submit(w, &draft, slice_of("Received: x\r\n"),
	    buf_slice(&encoded), NULL);
	buf_done(&encoded);
	batch = queue_writer_take(w);
	queue_batch_write(batch);
	queue_writer_finish(w, &batch, on_written, on_closed, store);
}

static void
run_lane(struct queue_store *store, enum queue_lane lane)
{
	struct queue_work *work;

	while ((work = queue_store_take(store, lane, time_wall_ms())) != NULL) {
		queue_work_run(work);
		ck_assert_int_eq(queue_store_finish(store, &work), 0);
	}
}

static void
on_journal(const char *name, void *arg)
{
	(void)arg;
	(void)spool_name_parse(name, &journal);
}

/* Messages 0-11 and a large one; a checkpoint; then changes in a journal. */
static void
set_up(void)
{
	struct queue_hooks hooks = { NULL, NULL, NULL };
	struct queue_writer *w;
	struct queue_store *store;

	test_spool_init(&spool);
	written = 0;
	told[0] = '\0';
	ck_assert_int_eq(queue_writer_open(spool.vfs, 1, &w), 0);
	ck_assert_int_eq(queue_store_open(spool.vfs, &hooks, 1, &store), 0);
	while (!queue_store_is_recovered(store))
		(void)queue_store_step(store, 1);
	for (unsigned i = 0; i < MESSAGES; i++)
		add(w, store, 3000);
	add(w, store, 2 << 20);
	queue_store_checkpoint(store);
	run_lane(store, QUEUE_CHORE);
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct queue_entry *e = queue_store_find(store, ids[i]);

		if (i == 3)
			queue_store_remove(store, &e);
		else
			queue_store_defer(store, e, 1000);
		run_lane(store, QUEUE_COMMIT);
	}
	queue_store_close(&store);
	queue_writer_close(&w);
	journal = 0;
	ck_assert_int_eq(vfs_list(spool.vfs, "journal", on_journal, NULL), 0);
	ck_assert_uint_ne(journal, 0);
}

static void
tear_down(void)
{
	test_spool_done(&spool);
}

static void
on_told(const char *text, void *arg)
{
	(void)arg;
	ck_assert_uint_lt(strlen(told) + strlen(text) + 2, sizeof(told));
	(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n",
	    text);
}

static uint64_t
damaged(void)
{
	struct check_totals totals;

	told[0] = '\0';
	ck_assert_int_eq(queue_check(spool.vfs, on_told, NULL, &totals), 0);
	ck_assert_uint_eq(totals.journals, 1);
	return totals.damaged;
}

static void
flip(const char *name, uint64_t at)
{
	int file = vfs_open(spool.vfs, name, VFS_WRITE);
	char byte;

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(vfs_pread(spool.vfs, file, &byte, 1, at), 1);
	byte ^= 16;
	ck_assert_int_eq(vfs_pwrite(spool.vfs, file, &byte, 1, at), 0);
	vfs_close(spool.vfs, &file);
}

START_TEST(a_sound_spool_has_no_damage)
{
	struct check_totals totals;

	ck_assert_int_eq(queue_check(spool.vfs, on_told, NULL, &totals), 0);
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(totals.damaged, 0);
	ck_assert_uint_eq(totals.records, MESSAGES + 1);
	ck_assert_uint_eq(totals.live, MESSAGES);
	ck_assert_uint_eq(totals.large, 1);
	ck_assert_uint_eq(totals.orphans, 0);
}
END_TEST

/* Header, envelope, prefix, content: of live messages and of one that is done.
 */
START_TEST(a_flipped_octet_in_a_record_is_told_once_with_its_message)
{
	/* clang-format off */
	static const uint32_t where[] = { 1, 12, 30, 45, 70, 80, 100, 2000 };
	/* clang-format on */
	char name[VFS_NAME_MAX];
	char id[ID_TEXT_SIZE];

	spool_name("segments", places[6].segment, name);
	flip(name, places[6].offset + where[_i]);
	ck_assert_uint_eq(damaged(), 1);
	id_text(ids[6], id);
	ck_assert_ptr_nonnull(strstr(told, name));
	ck_assert_ptr_nonnull(strstr(told, id));
	flip(name, places[3].offset + where[_i]);
	ck_assert_uint_eq(damaged(), 2);
	ck_assert_ptr_nonnull(strstr(told, "no live message"));
}
END_TEST

START_TEST(a_flipped_octet_in_large_content_is_told)
{
	char name[VFS_NAME_MAX];

	spool_name("large", ids[MESSAGES], name);
	flip(name, 1234567);
	ck_assert_uint_eq(damaged(), 1);
}
END_TEST

START_TEST(a_flipped_octet_in_a_journal_or_checkpoint_is_told)
{
	char name[VFS_NAME_MAX];

	spool_name("journal", journal, name);
	flip(name, 128 + 90); /* in the second record of the first batch */
	ck_assert_uint_eq(damaged(), 1);
	ck_assert_ptr_nonnull(strstr(told, name));
	flip("journal/checkpoint", 128 + 200);
	ck_assert_uint_ge(damaged(), 2);
	ck_assert_ptr_nonnull(strstr(told, "journal/checkpoint"));
}
END_TEST

START_TEST(one_bad_header_of_a_journal_does_no_harm_two_are_told)
{
	flip("journal/checkpoint", 17);
	ck_assert_uint_eq(damaged(), 0);
	flip("journal/checkpoint", 64 + 17);
	ck_assert_uint_ge(damaged(), 1);
}
END_TEST

START_TEST(cut_missing_and_foreign_files_are_told)
{
	char name[VFS_NAME_MAX];
	char aside[VFS_NAME_MAX + 4];
	int file;

	spool_name("large", ids[MESSAGES], name);
	file = vfs_open(spool.vfs, name, VFS_WRITE);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(vfs_truncate(spool.vfs, file, 1000), 0);
	vfs_close(spool.vfs, &file);
	ck_assert_uint_eq(damaged(), 1);
	ck_assert_int_eq(vfs_unlink(spool.vfs, name), 0);
	ck_assert_uint_eq(damaged(), 1);
	file = vfs_open(spool.vfs, "segments/notes.txt", VFS_CREATE);
	ck_assert_int_ge(file, 0);
	vfs_close(spool.vfs, &file);
	ck_assert_uint_eq(damaged(), 2);
	ck_assert_ptr_nonnull(strstr(told, "notes.txt"));
	spool_name("segments", places[0].segment, name);
	(void)snprintf(aside, sizeof(aside), "%s", "lost");
	ck_assert_int_eq(vfs_rename(spool.vfs, name, aside), 0);
	ck_assert_uint_eq(damaged(), 2);
	ck_assert_ptr_nonnull(strstr(told, "is missing, with 12 messages"));
	ck_assert_int_eq(vfs_rename(spool.vfs, aside, name), 0);
	file = vfs_open(spool.vfs, name, VFS_WRITE);
	ck_assert_int_eq(vfs_truncate(spool.vfs, file, places[10].offset + 100),
	    0);
	vfs_close(spool.vfs, &file);
	ck_assert_uint_eq(damaged(), 1 + 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue_check");
	TCase *tc = tcase_create("check");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_sound_spool_has_no_damage);
	tcase_add_loop_test(tc,
	    a_flipped_octet_in_a_record_is_told_once_with_its_message, 0, 8);
	tcase_add_test(tc, a_flipped_octet_in_large_content_is_told);
	tcase_add_test(tc, a_flipped_octet_in_a_journal_or_checkpoint_is_told);
	tcase_add_test(tc,
	    one_bad_header_of_a_journal_does_no_harm_two_are_told);
	tcase_add_test(tc, cut_missing_and_foreign_files_are_told);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
