/* unit/check_queue_writer.c - what a writer was given, a reader and a scan
 * find.
 */
#include "tests/unit/run.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/time.h"
#include "queue/reader.h"
#include "queue/scan.h"
#include "queue/writer.h"
#include "tests/unit/queue_spool.h"

enum { KEPT_MAX = 64 };

struct kept {
	unsigned count;
	unsigned closed;
	struct {
		uint64_t id;
		int rc;
		struct place place;
		uintptr_t who;
	} of[KEPT_MAX];
};

static struct test_spool spool;
static struct queue_writer *writer;
static struct queue_reader *reader;
static struct kept kept;

static void
set_up(void)
{
	test_spool_init(&spool);
	ck_assert_int_eq(queue_writer_open(spool.vfs, 3, &writer), 0);
	reader = queue_reader_new(spool.vfs);
	kept = (struct kept){ 0 };
}

static void
tear_down(void)
{
	queue_reader_free(&reader);
	queue_writer_close(&writer);
	test_spool_done(&spool);
}

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	ck_assert_ptr_eq(arg, &kept);
	ck_assert(slice_starts(envelope, "envelope"));
	ck_assert_uint_lt(kept.count, KEPT_MAX);
	kept.of[kept.count].id = id;
	kept.of[kept.count].rc = rc;
	kept.of[kept.count].who = (uintptr_t)who;
	if (rc == 0)
		kept.of[kept.count].place = *place;
	kept.count++;
}

static void
on_closed(uint64_t segment, void *arg)
{
	(void)segment;
	((struct kept *)arg)->closed++;
}

static void
commit(void)
{
	struct queue_batch *batch;

	while ((batch = queue_writer_take(writer)) != NULL) {
		ck_assert_ptr_null(queue_writer_take(writer));
		queue_batch_write(batch);
		queue_writer_finish(writer, &batch, on_written, on_closed,
		    &kept);
	}
}

/* Content that depends on its offset, so that a shift is seen. */
static void
fill(char *bytes, size_t n, size_t seed)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)('a' + (i * 7 + i / 251 + seed) % 26);
}

static void
submit(size_t n, size_t seed)
{
	struct queue_draft *draft;
	char *bytes = mem_new(n);

	fill(bytes, n, seed);
	draft =
	    queue_draft_new(writer, queue_writer_id(writer, time_wall_ms()));
	for (size_t at = 0; at < n;) {
		size_t piece = 1 + at % 9000 + seed % 50;

		if (piece > n - at)
			piece = n - at;
		ck_assert_int_eq(queue_draft_add(draft,
				     slice_from(bytes + at, piece)),
		    0);
		at += piece;
	}
	ck_assert_uint_eq(queue_draft_size(draft), n);
	queue_writer_submit(writer, &draft, slice_of("Received: here\r\n"),
	    slice_of("envelope of mine"), (void *)(uintptr_t)seed);
	ck_assert_ptr_null(draft);
	mem_free(bytes);
}

static void
expect(unsigned i, size_t n, size_t seed)
{
	struct queue_message m;
	char *want = mem_new(n + 16);
	char *got = mem_new(n + 17);

	memcpy(want, "Received: here\r\n", 16);
	fill(want + 16, n, seed);
	ck_assert_int_eq(queue_reader_open(reader, &kept.of[i].place, &m), 0);
	ck_assert_uint_eq(m.id, kept.of[i].id);
	ck_assert_uint_eq(m.size, n + 16);
	ck_assert(slice_is(buf_slice(&m.envelope), "envelope of mine"));
	ck_assert_int_eq(queue_message_read(reader, &m, 0, got, n + 17),
	    (int64_t)n + 16);
	ck_assert(memcmp(want, got, n + 16) == 0);
	ck_assert_int_eq(queue_message_verify(reader, &m), 0);
	if (n > 3) {
		ck_assert_int_eq(queue_message_read(reader, &m, 14, got, 5), 5);
		ck_assert(memcmp(want + 14, got, 5) == 0);
	}
	for (unsigned p = 0; p < m.part_count; p++)
		ck_assert_int_ge(m.parts[p].fd, 0);
	queue_message_done(reader, &m);
	mem_free(want);
	mem_free(got);
}

/* clang-format off */
static const size_t sizes[] = {
	0, 1, 7, 8, 100, 8175, 8176, 8177, 8192, 73000, 1000000,
	(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3000000,
};
/* clang-format on */

START_TEST(a_message_of_any_size_is_read_as_it_was_written)
{
	submit(sizes[_i], 5);
	submit(11, 6);
	commit();
	ck_assert_uint_eq(kept.count, 2);
	ck_assert_int_eq(kept.of[0].rc, 0);
	ck_assert_int_eq(kept.of[1].rc, 0);
	ck_assert_uint_eq(kept.of[1].who, 6);
	expect(0, sizes[_i], 5);
	expect(1, 11, 6);
}
END_TEST

/* Of 1 MiB each, and not more at once than stay in memory. */
static void
submit_some(unsigned i)
{
	submit(1 << 20, i);
	if (i % 16 == 15)
		commit();
}

START_TEST(a_full_segment_is_closed_and_the_next_one_goes_on)
{
	for (unsigned i = 0; i < 63; i++)
		submit_some(i);
	submit(1 << 20, 63);
	commit();
	ck_assert_uint_eq(kept.count, 64);
	ck_assert_uint_eq(kept.closed, 1);
	ck_assert_uint_ne(kept.of[0].place.segment, kept.of[63].place.segment);
	for (unsigned i = 0; i < 64; i++)
		expect(i, 1 << 20, i);
}
END_TEST

static unsigned
count_records(uint64_t segment, unsigned *damaged)
{
	struct scan *scan;
	enum scan_step step;
	unsigned n = 0;

	*damaged = 0;
	ck_assert_int_eq(scan_open(spool.vfs, segment, 0, &scan), 0);
	while ((step = scan_next(scan)) != SCAN_END) {
		ck_assert_int_ne(step, SCAN_FAILED);
		if (step == SCAN_RECORD) {
			ck_assert(slice_starts(scan_envelope(scan), "envel"));
			n++;
		} else if (step == SCAN_DAMAGE && !scan_damage_is_torn(scan)) {
			(*damaged)++;
		}
	}
	scan_free(&scan);
	return n;
}

static void
flip(const struct place *place, uint32_t at)
{
	char name[VFS_NAME_MAX];
	char byte;
	int file;

	spool_name("segments", place->segment, name);
	file = vfs_open(spool.vfs, name, VFS_WRITE);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(vfs_pread(spool.vfs, file, &byte, 1,
			     place->offset + at),
	    1);
	byte ^= 4;
	ck_assert_int_eq(vfs_pwrite(spool.vfs, file, &byte, 1,
			     place->offset + at),
	    0);
	vfs_close(spool.vfs, &file);
}

START_TEST(a_flipped_byte_costs_one_record_alone)
{
	/* clang-format off */
	static const uint32_t where[] = { 0, 4, 9, 17, 25, 36, 41, 56, 69, 75,
		90, 5000 };
	/* clang-format on */
	struct queue_message m;
	unsigned damaged;

	for (unsigned i = 0; i < 5; i++) {
		submit(20000, i);
		commit();
	}
	ck_assert_uint_eq(count_records(kept.of[0].place.segment, &damaged), 5);
	ck_assert_uint_eq(damaged, 0);
	flip(&kept.of[2].place, where[_i]);
	ck_assert_uint_eq(count_records(kept.of[0].place.segment, &damaged), 4);
	ck_assert_uint_eq(damaged, 1);
	if (where[_i] < 92) {
		ck_assert_int_eq(queue_reader_open(reader, &kept.of[2].place,
				     &m),
		    ERR_CORRUPT);
	} else {
		ck_assert_int_eq(queue_reader_open(reader, &kept.of[2].place,
				     &m),
		    0);
		ck_assert_int_eq(queue_message_verify(reader, &m), ERR_CORRUPT);
		queue_message_done(reader, &m);
	}
	expect(1, 20000, 1);
	expect(3, 20000, 3);
}
END_TEST

/* How often there was more; *rc: how it ended. */
static unsigned
prove(const struct queue_message *m, size_t size, int *rc)
{
	struct queue_proof proof = { 0 };
	char piece[32768];
	unsigned more = 0;

	while ((*rc = queue_message_prove(reader, m, &proof, piece, size)) ==
	    -EAGAIN)
		more++;
	return more;
}

START_TEST(a_message_is_proven_in_pieces_of_any_size)
{
	/* clang-format off */
	static const struct { size_t size; unsigned more; } pieces[] = {
		{ 1, 19999 }, { 7, 2857 }, { 4096, 4 }, { 10000, 1 },
		{ 19999, 1 }, { 20000, 0 }, { 20001, 0 }, { 32768, 0 },
	};
	/* clang-format on */
	struct queue_message good, bad, none;
	int rc;

	submit(20000, 0);
	submit(20000, 1);
	submit(0, 2);
	commit();
	flip(&kept.of[1].place, 20000);
	ck_assert_int_eq(queue_reader_open(reader, &kept.of[0].place, &good),
	    0);
	ck_assert_int_eq(queue_reader_open(reader, &kept.of[1].place, &bad), 0);
	ck_assert_int_eq(queue_reader_open(reader, &kept.of[2].place, &none),
	    0);
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		ck_assert_uint_eq(prove(&good, pieces[i].size, &rc),
		    pieces[i].more);
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(prove(&bad, pieces[i].size, &rc),
		    pieces[i].more);
		ck_assert_int_eq(rc, ERR_CORRUPT);
		ck_assert_uint_eq(prove(&none, pieces[i].size, &rc), 0);
		ck_assert_int_eq(rc, 0);
	}
	queue_message_done(reader, &good);
	queue_message_done(reader, &bad);
	queue_message_done(reader, &none);
}
END_TEST

START_TEST(old_bytes_of_a_recycled_segment_do_not_come_back)
{
	unsigned damaged;
	uint64_t old;

	for (unsigned i = 0; i < 64; i++)
		submit_some(i);
	commit();
	old = kept.of[0].place.segment;
	queue_writer_recycle(writer, old);
	kept = (struct kept){ 0 };
	for (unsigned i = 0; i < 63; i++)
		submit_some(i);
	commit();
	ck_assert_uint_eq(kept.closed, 1);
	ck_assert_uint_ne(kept.of[62].place.segment, old);
	ck_assert_uint_eq(count_records(kept.of[62].place.segment, &damaged),
	    1);
	ck_assert_uint_eq(damaged, 0);
	expect(62, 1 << 20, 62);
}
END_TEST

START_TEST(a_segment_that_is_yielded_is_closed_and_a_new_one_begun)
{
	submit(100, 1);
	commit();
	queue_writer_yield(writer, on_closed, &kept);
	queue_writer_yield(writer, on_closed, &kept);
	ck_assert_uint_eq(kept.closed, 1);
	submit(100, 2);
	commit();
	ck_assert_uint_eq(kept.closed, 1);
	ck_assert_uint_ne(kept.of[0].place.segment, kept.of[1].place.segment);
	expect(0, 100, 1);
	expect(1, 100, 2);
}
END_TEST

START_TEST(ids_go_on_behind_those_of_earlier_lives)
{
	uint64_t last = queue_writer_id(writer, time_wall_ms() + 1000000);
	struct queue_draft *draft = queue_draft_new(writer, last);

	queue_writer_submit(writer, &draft, SLICE_NONE, slice_of("envelope"),
	    NULL);
	commit();
	queue_writer_close(&writer);
	ck_assert_int_eq(queue_writer_open(spool.vfs, 3, &writer), 0);
	ck_assert_uint_gt(queue_writer_id(writer, 1000), last);
}
END_TEST

START_TEST(an_abandoned_large_draft_leaves_no_file)
{
	struct queue_draft *draft = queue_draft_new(writer, 77);
	char *bytes = mem_zero(2 << 20);
	char name[VFS_NAME_MAX];

	ck_assert_int_eq(queue_draft_add(draft, slice_from(bytes, 2 << 20)), 0);
	mem_free(bytes);
	spool_name("large", 77, name);
	ck_assert_int_eq(faccessat(spool.folder, name, F_OK, 0), 0);
	queue_draft_free(&draft);
	ck_assert_int_eq(faccessat(spool.folder, name, F_OK, 0), -1);
}
END_TEST

static bool
has_file(uint64_t id)
{
	char name[VFS_NAME_MAX];

	spool_name("large", id, name);
	return faccessat(spool.folder, name, F_OK, 0) == 0;
}

START_TEST(drafts_that_stay_unfinished_move_to_files)
{
	enum { COUNT = 60 };
	struct queue_draft *drafts[COUNT], *little;
	size_t n = 700 << 10;
	char *bytes = mem_zero(n);

	for (unsigned i = 0; i < COUNT; i++) {
		drafts[i] = queue_draft_new(writer, 100 + i);
		ck_assert_int_eq(queue_draft_add(drafts[i],
				     slice_from(bytes, n)),
		    0);
	}
	ck_assert(!has_file(100 + 0));
	ck_assert(has_file(100 + COUNT - 1));
	little = queue_draft_new(writer, 99);
	ck_assert_int_eq(queue_draft_add(little, slice_from(bytes, 4096)), 0);
	ck_assert(!has_file(99));
	queue_draft_free(&little);
	for (unsigned i = 0; i < COUNT; i++)
		queue_draft_free(&drafts[i]);
	/* There is room again. */
	little = queue_draft_new(writer, 99);
	ck_assert_int_eq(queue_draft_add(little, slice_from(bytes, n)), 0);
	ck_assert(!has_file(99));
	queue_draft_free(&little);
	mem_free(bytes);
}
END_TEST

START_TEST(a_second_lock_is_refused_until_the_first_is_gone)
{
	int first = queue_lock(spool.folder);
	int second;

	ck_assert_int_ge(first, 0);
	ck_assert_int_lt(queue_lock(spool.folder), 0);
	(void)close(first);
	second = queue_lock(spool.folder);
	ck_assert_int_ge(second, 0);
	(void)close(second);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue_writer");
	TCase *tc = tcase_create("writer");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_message_of_any_size_is_read_as_it_was_written,
	    0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, a_full_segment_is_closed_and_the_next_one_goes_on);
	tcase_add_loop_test(tc, a_flipped_byte_costs_one_record_alone, 0, 12);
	tcase_add_test(tc, a_message_is_proven_in_pieces_of_any_size);
	tcase_add_test(tc, old_bytes_of_a_recycled_segment_do_not_come_back);
	tcase_add_test(tc,
	    a_segment_that_is_yielded_is_closed_and_a_new_one_begun);
	tcase_add_test(tc, ids_go_on_behind_those_of_earlier_lives);
	tcase_add_test(tc, an_abandoned_large_draft_leaves_no_file);
	tcase_add_test(tc, drafts_that_stay_unfinished_move_to_files);
	tcase_add_test(tc, a_second_lock_is_refused_until_the_first_is_gone);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
