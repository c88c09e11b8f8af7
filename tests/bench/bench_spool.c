/*
 * bench/bench_spool.c - fills a spool with messages that wait, as mtad would
 * have left it, so that a benchmark need not send a million of them first.
 *
 *	bench_spool FOLDER MESSAGES DOMAINS [due]
 *
 * FOLDER is empty, or a spool of an mtad that does not run. The messages have
 * one recipient each, N@dN.bench.example, and were tried once: the next time
 * is in a day. With "due" none was tried yet, and each is due at once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "queue/spool.h"
#include "queue/store.h"
#include "queue/work.h"
#include "queue/writer.h"

enum { A_BATCH = 1024, DAY_MS = 86400000, WRITER = 200 };

struct bench {
	struct vfs *vfs;
	struct queue_store *store;
	struct fate fate;
	uint32_t wanted;
	uint32_t domains;
	uint64_t written;
	uint64_t deferred;
	uint64_t failed;
};

static const char content[] = "Subject: one of many\r\n\r\nA line.\r\n";

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	struct bench *b = arg;

	(void)who;
	(void)id;
	(void)place;
	(void)envelope;
	*(rc == 0 ? &b->written : &b->failed) += 1;
}

static void
on_closed(uint64_t segment, void *arg)
{
	(void)segment;
	(void)arg;
}

static void
write_message(struct bench *b, struct queue_writer *writer, uint32_t n)
{
	struct recipient to = { .notify = 0 };
	struct envelope envelope = { .size = sizeof(content) - 1,
		.sender = slice_of("sender@example.com"),
		.service = slice_of("relay"),
		.client = slice_of("192.0.2.1"),
		.helo = slice_of("client.example.com"),
		.recipient_count = 1,
		.recipients = &to };
	struct queue_draft *draft;
	struct buf encoded;
	char address[64];

	(void)snprintf(address, sizeof(address), "%u@d%u.bench.example",
	    (unsigned)n, (unsigned)(n % b->domains));
	to.address = slice_of(address);
	envelope.arrived_ms = time_wall_ms();
	envelope.id = queue_writer_id(writer, envelope.arrived_ms);
	buf_init(&encoded, 4096);
	envelope_encode(&envelope, &encoded);
	draft = queue_draft_new(writer, envelope.id);
	if (queue_draft_add(draft, slice_of(content)) != 0)
		b->failed++;
	queue_writer_submit(writer, &draft, SLICE_NONE, buf_slice(&encoded),
	    NULL);
	buf_done(&encoded);
}

static bool
write_all(struct bench *b)
{
	struct queue_writer *writer;
	struct queue_batch *batch;

	if (queue_writer_open(b->vfs, WRITER, &writer) != 0)
		return false;
	for (uint32_t n = 0; n < b->wanted;) {
		do
			write_message(b, writer, n);
		while (++n < b->wanted && n % A_BATCH != 0);
		while ((batch = queue_writer_take(writer)) != NULL) {
			queue_batch_write(batch);
			queue_writer_finish(writer, &batch, on_written,
			    on_closed, b);
		}
	}
	queue_writer_close(&writer);
	return b->failed == 0;
}

static void
on_found(struct queue_entry *entry, void *arg)
{
	struct bench *b = arg;

	if (entry->state != QUEUE_ACTIVE)
		return;
	queue_store_result(b->store, entry, 0, &b->fate,
	    slice_of("mx.bench.example"), 1);
	queue_store_defer(b->store, entry, time_wall_ms() + DAY_MS);
	b->deferred++;
}

static void
on_damage(const char *text, void *arg)
{
	struct bench *b = arg;

	(void)fprintf(stderr, "bench_spool: %s\n", text);
	b->failed++;
}

/* True if there was something to do. */
static bool
work(struct bench *b, enum queue_lane lane)
{
	struct queue_work *w = queue_store_take(b->store, lane, time_wall_ms());

	if (w == NULL)
		return false;
	queue_work_run(w);
	if (queue_store_finish(b->store, &w) != 0)
		b->failed++;
	return true;
}

static void
settle(struct bench *b)
{
	bool more;

	do {
		more = queue_store_step(b->store, time_wall_ms());
		more |= work(b, QUEUE_COMMIT);
		more |= work(b, QUEUE_CHORE);
	} while (
	    b->failed == 0 && (more || !queue_store_is_recovered(b->store)));
}

static bool
defer_all(struct bench *b)
{
	const struct queue_hooks hooks = { on_found, on_damage, b };

	b->fate = fate_ours(FATE_DEFERRED, 4, 1, SLICE("451 4.4.1 no answer"));
	if (queue_store_open(b->vfs, &hooks, time_wall_ms(), &b->store) != 0)
		return false;
	settle(b);
	queue_store_checkpoint(b->store);
	settle(b);
	queue_store_close(&b->store);
	return b->failed == 0 && b->deferred == b->written;
}

int
main(int argc, char **argv)
{
	struct bench b = { .failed = 0 };
	bool is_due = argc == 5 && strcmp(argv[4], "due") == 0;
	int folder = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	bool good;

	if (folder == -1 || argc < 4 || (argc == 5 && !is_due) || argc > 5 ||
	    !slice_to_u32(slice_of(argv[2]), 100000000, &b.wanted) ||
	    !slice_to_u32(slice_of(argv[3]), 100000000, &b.domains) ||
	    b.domains == 0) {
		(void)fprintf(stderr,
		    "usage: bench_spool FOLDER MESSAGES DOMAINS [due]\n");
		return 2;
	}
	b.vfs = vfs_disk_new(folder);
	good = queue_spool_create(b.vfs) == 0 && write_all(&b) &&
	    (is_due || defer_all(&b));
	vfs_disk_free(&b.vfs);
	(void)close(folder);
	if (!good)
		(void)fprintf(stderr, "bench_spool: it did not work\n");
	return good ? 0 : 1;
}
