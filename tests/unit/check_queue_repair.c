/*
 * unit/check_queue_repair.c - each kind of damage is found; a repair takes it
 * away at the price of what it hit, and of nothing else.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "queue/check.h"
#include "queue/journal.h"
#include "queue/repair.h"
#include "tests/unit/queue_filled.h"

enum { NOBODY = -1, VICTIM = 6, DONE = 3, LARGE = MESSAGES };

static uint64_t quarantined;

static void
ignore_text(const char *text, void *arg)
{
	(void)text;
	(void)arg;
}

static uint64_t
damaged(uint64_t *live)
{
	struct check_totals totals;

	ck_assert_int_eq(queue_check(spool.vfs, ignore_text, NULL, &totals), 0);
	*live = totals.live;
	quarantined = totals.quarantined;
	return totals.damaged;
}

/* --- kinds of damage --- */

static const char *
segment_name(void)
{
	static char name[VFS_NAME_MAX];

	spool_name("segments", places[VICTIM].segment, name);
	return name;
}

static const char *
journal_name(void)
{
	static char name[VFS_NAME_MAX];

	spool_name("journal", journal, name);
	return name;
}

static const char *
large_name(void)
{
	static char name[VFS_NAME_MAX];

	spool_name("large", ids[LARGE], name);
	return name;
}

static void
cut(const char *name, uint64_t size)
{
	int file = vfs_open(spool.vfs, name, VFS_WRITE);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(vfs_truncate(spool.vfs, file, size), 0);
	vfs_close(spool.vfs, &file);
}

static void
put_file(const char *name)
{
	int file = vfs_open(spool.vfs, name, VFS_CREATE);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(vfs_pwrite(spool.vfs, file, "notes", 5, 0), 0);
	vfs_close(spool.vfs, &file);
}

static void
hit_segment_header(void)
{
	flip(segment_name(), 3);
}

static void
hit_record_header(void)
{
	flip(segment_name(), places[VICTIM].offset + 30);
}

static void
hit_envelope(void)
{
	flip(segment_name(), places[VICTIM].offset + 80);
}

static void
hit_content(void)
{
	flip(segment_name(), places[VICTIM].offset + 2000);
}

static void
hit_done_record(void)
{
	flip(segment_name(), places[DONE].offset + 2000);
}

static void
hit_large(void)
{
	flip(large_name(), 1234567);
}

static void
cut_large(void)
{
	cut(large_name(), 1000);
}

static void
remove_large(void)
{
	ck_assert_int_eq(vfs_unlink(spool.vfs, large_name()), 0);
}

static void
hit_journal(void)
{
	flip(journal_name(), JOURNAL_FIRST + 90);
}

static void
hit_journal_headers(void)
{
	flip(journal_name(), 17);
	flip(journal_name(), JOURNAL_FIRST / 2 + 17);
}

static void
cut_journal(void)
{
	cut(journal_name(), JOURNAL_FIRST + 300);
}

/* Each octet in turn, of every record: see the loop. */
static uint64_t checkpoint_at;

static void
hit_checkpoint(void)
{
	flip(JOURNAL_CHECKPOINT, checkpoint_at);
}

static void
hit_checkpoint_headers(void)
{
	flip(JOURNAL_CHECKPOINT, 17);
	flip(JOURNAL_CHECKPOINT, JOURNAL_FIRST / 2 + 17);
}

static void
cut_checkpoint(void)
{
	cut(JOURNAL_CHECKPOINT, JOURNAL_FIRST + 500);
}

static void
lose_checkpoint(void)
{
	cut(JOURNAL_CHECKPOINT, 20);
}

static void
put_foreign(void)
{
	put_file("notes.txt");
	put_file("segments/notes.txt");
	put_file("large/notes.txt");
	put_file("journal/notes.txt");
	ck_assert_int_eq(vfs_mkdir(spool.vfs, "segments/folder"), 0);
}

static void
cut_segment(void)
{
	cut(segment_name(), places[VICTIM].offset + 100);
}

static void
remove_segment(void)
{
	ck_assert_int_eq(vfs_unlink(spool.vfs, segment_name()), 0);
}

/* Who is lost: one, none, or all from one on. */
struct kind {
	void (*hit)(void);
	uint64_t found; /* places that are told of, at least */
	int first;
	int last;
};

/* clang-format off */
static const struct kind kinds[] = {
	{ hit_segment_header,	  1, NOBODY, NOBODY },
	{ hit_record_header,	  1, VICTIM, VICTIM },
	{ hit_envelope,		  1, VICTIM, VICTIM },
	{ hit_content,		  1, VICTIM, VICTIM },
	{ hit_done_record,	  1, NOBODY, NOBODY },
	{ hit_large,		  1, LARGE,  LARGE },
	{ cut_large,		  1, LARGE,  LARGE },
	{ remove_large,		  1, LARGE,  LARGE },
	{ hit_journal,		  1, NOBODY, NOBODY },
	{ hit_journal_headers,	  1, NOBODY, NOBODY },
	{ cut_journal,		  1, NOBODY, NOBODY },
	{ hit_checkpoint_headers, 1, NOBODY, NOBODY },
	{ cut_checkpoint,	  1, NOBODY, NOBODY },
	{ lose_checkpoint,	  1, NOBODY, NOBODY },
	{ put_foreign,		  5, NOBODY, NOBODY },
	{ cut_segment,		  1, VICTIM, LARGE },
	{ remove_segment,	  1, 0,	     LARGE },
};
/* clang-format on */

static struct queue_store *
recovered(void)
{
	struct queue_hooks hooks = { NULL, NULL, NULL };
	struct queue_store *store;

	ck_assert_int_eq(queue_store_open(spool.vfs, &hooks, 1, &store), 0);
	while (!queue_store_is_recovered(store))
		(void)queue_store_step(store, 1);
	return store;
}

/* What was done may come back where the state was lost: twice, not never. */
static void
check_left(const struct kind *k)
{
	struct queue_store *store = recovered();

	for (int i = 0; i <= LARGE; i++) {
		bool is_lost = i >= k->first && i <= k->last;

		if (i == DONE)
			continue;
		if (is_lost)
			ck_assert_ptr_null(queue_store_find(store, ids[i]));
		else
			ck_assert_ptr_nonnull(queue_store_find(store, ids[i]));
	}
	queue_store_close(&store);
}

static void
check_repair(const struct kind *k)
{
	struct repair_totals totals = { 0 };
	uint64_t live;

	ck_assert_int_eq(queue_clear_foreign(spool.vfs, ignore_text, NULL,
			     &totals),
	    0);
	ck_assert_int_eq(queue_repair(spool.vfs, time_wall_ms(), ignore_text,
			     NULL, &totals),
	    0);
	ck_assert_uint_eq(damaged(&live), 0);
	check_left(k);
}

START_TEST(each_kind_of_damage_is_found_and_repaired)
{
	const struct kind *k = &kinds[_i];
	uint64_t live;

	k->hit();
	ck_assert_uint_ge(damaged(&live), k->found);
	check_repair(k);
	if (k->first == VICTIM || k->found > 1)
		ck_assert_uint_ge(quarantined, k->found);
}
END_TEST

/* Whatever octet it is, no message is lost by it. */
START_TEST(any_flipped_octet_of_the_checkpoint_loses_nothing)
{
	static const struct kind none = { NULL, 1, NOBODY, NOBODY };
	int file = vfs_open(spool.vfs, JOURNAL_CHECKPOINT, VFS_READ);
	uint64_t live;

	ck_assert_int_ge(file, 0);
	checkpoint_at = JOURNAL_FIRST + 43 * (uint64_t)_i;
	if (checkpoint_at >= (uint64_t)vfs_size(spool.vfs, file)) {
		vfs_close(spool.vfs, &file);
		return;
	}
	vfs_close(spool.vfs, &file);
	hit_checkpoint();
	ck_assert_uint_ge(damaged(&live), 1);
	check_repair(&none);
}
END_TEST

/* As mtad itself does: it holds what it cannot read, and goes on. */
START_TEST(a_damaged_record_that_is_only_scanned_goes_to_quarantine)
{
	struct queue_counts counts;
	struct queue_store *store;

	ck_assert_int_eq(vfs_unlink(spool.vfs, JOURNAL_CHECKPOINT), 0);
	ck_assert_int_eq(vfs_unlink(spool.vfs, journal_name()), 0);
	hit_content();
	store = recovered();
	queue_store_counts(store, &counts);
	ck_assert_uint_eq(counts.damaged, 1);
	ck_assert_uint_eq(counts.quarantined, 1);
	ck_assert_ptr_null(queue_store_find(store, ids[VICTIM]));
	ck_assert_ptr_nonnull(queue_store_find(store, ids[VICTIM + 1]));
	queue_store_close(&store);
}
END_TEST

START_TEST(a_repair_of_a_sound_spool_changes_nothing)
{
	static const struct kind none = { NULL, 0, NOBODY, NOBODY };
	struct repair_totals totals = { 0 };
	uint64_t live;

	ck_assert_int_eq(queue_clear_foreign(spool.vfs, ignore_text, NULL,
			     &totals),
	    0);
	ck_assert_int_eq(queue_repair(spool.vfs, time_wall_ms(), ignore_text,
			     NULL, &totals),
	    0);
	ck_assert_uint_eq(totals.lost, 0);
	ck_assert_uint_eq(totals.foreign, 0);
	ck_assert_uint_eq(totals.quarantined, 0);
	ck_assert_uint_eq(totals.mended, 0);
	ck_assert_uint_eq(damaged(&live), 0);
	ck_assert_uint_eq(live, MESSAGES);
	check_left(&none);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue_repair");
	TCase *tc = tcase_create("repair");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, each_kind_of_damage_is_found_and_repaired, 0,
	    sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_loop_test(tc,
	    any_flipped_octet_of_the_checkpoint_loses_nothing, 0, 48);
	tcase_add_test(tc,
	    a_damaged_record_that_is_only_scanned_goes_to_quarantine);
	tcase_add_test(tc, a_repair_of_a_sound_spool_changes_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
