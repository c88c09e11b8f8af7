/*
 * unit/queue_filled.h - a spool with messages in it, a checkpoint and a journal
 * behind that, for tests of what damage does. Each test's own, by its fixture.
 */
#ifndef UNIT_QUEUE_FILLED_H
#define UNIT_QUEUE_FILLED_H

#include <check.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "queue/store.h"
#include "queue/writer.h"
#include "tests/unit/queue_spool.h"

enum { MESSAGES = 12 };

static struct test_spool spool;
static struct place places[MESSAGES + 1];
static uint64_t ids[MESSAGES + 1];
static unsigned written;
static uint64_t journal;

static inline void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	(void)who;
	ck_assert_int_eq(rc, 0);
	places[written] = *place;
	ids[written++] = id;
	ck_assert_ptr_nonnull(queue_store_adopt(arg, id, place, envelope));
}

static inline void
on_closed(uint64_t segment, void *arg)
{
	(void)segment;
	(void)arg;
}

static inline void
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

static inline void
run_lane(struct queue_store *store, enum queue_lane lane)
{
	struct queue_work *work;

	while ((work = queue_store_take(store, lane, time_wall_ms())) != NULL) {
		queue_work_run(work);
		ck_assert_int_eq(queue_store_finish(store, &work), 0);
	}
}

static inline void
on_journal(const char *name, void *arg)
{
	(void)arg;
	(void)spool_name_parse(name, &journal);
}

/* Messages 0-11 and a large one; a checkpoint; then changes in a journal. */
static inline void
set_up(void)
{
	struct queue_hooks hooks = { NULL, NULL, NULL };
	struct queue_writer *w;
	struct queue_store *store;

	test_spool_init(&spool);
	written = 0;
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

static inline void
tear_down(void)
{
	test_spool_done(&spool);
}

static inline void
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

#endif
