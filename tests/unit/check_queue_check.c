/* unit/check_queue_check.c - the walk over a spool finds each kind of damage.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "queue/check.h"
#include "tests/unit/queue_filled.h"

static char told[4096];

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
	(void)snprintf(aside, sizeof(aside), "%s", "quarantine/lost");
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
