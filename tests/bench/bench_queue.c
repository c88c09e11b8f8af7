/*
 * bench/bench_queue.c - durable messages of 4 KiB a second, by how many are
 * synced together; in fresh segments and in recycled ones.
 *
 *	bench_queue FOLDER [SECONDS]
 *
 * FOLDER is on the disk to be measured; what is made in it is removed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "mail/envelope.h"
#include "queue/spool.h"
#include "queue/writer.h"

enum { SIZE = 4096, CLOSED_MAX = 64 };

struct bench {
	struct vfs *vfs;
	struct queue_writer *writer;
	struct slice content;
	struct slice envelope;
	uint64_t written;
	uint64_t failed;
	uint64_t closed[CLOSED_MAX];
	unsigned closed_count;
	bool recycle;
};

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	struct bench *b = arg;

	(void)who;
	(void)id;
	(void)place;
	(void)envelope;
	if (rc == 0)
		b->written++;
	else
		b->failed++;
}

static void
on_closed(uint64_t segment, void *arg)
{
	struct bench *b = arg;

	if (b->recycle)
		queue_writer_recycle(b->writer, segment);
	else if (b->closed_count < CLOSED_MAX)
		b->closed[b->closed_count++] = segment;
}

static void
write_batch(struct bench *b, unsigned messages)
{
	struct queue_batch *batch;

	for (unsigned i = 0; i < messages; i++) {
		uint64_t id = queue_writer_id(b->writer, time_wall_ms());
		struct queue_draft *draft = queue_draft_new(b->writer, id);

		if (queue_draft_add(draft, b->content) != 0)
			b->failed++;
		queue_writer_submit(b->writer, &draft,
		    slice_of("Received: from a by b; now\r\n"), b->envelope,
		    NULL);
	}
	while ((batch = queue_writer_take(b->writer)) != NULL) {
		queue_batch_write(batch);
		queue_writer_finish(b->writer, &batch, on_written, on_closed,
		    b);
	}
}

static void
remove_closed(struct bench *b)
{
	char name[VFS_NAME_MAX];

	while (b->closed_count > 0) {
		spool_name("segments", b->closed[--b->closed_count], name);
		(void)vfs_unlink(b->vfs, name);
	}
}

static double
cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
measure(struct bench *b, unsigned batch, int64_t seconds)
{
	int64_t begin = time_mono_us();
	int64_t end = begin + seconds * 1000000;
	double cpu = cpu_seconds();
	double wall;

	b->written = 0;
	while (time_mono_us() < end) {
		write_batch(b, batch);
		remove_closed(b);
	}
	wall = (double)(time_mono_us() - begin) / 1e6;
	cpu = cpu_seconds() - cpu;
	(void)printf("%-9s %4u a sync: %8.0f messages/s  %6.1f us CPU each\n",
	    b->recycle ? "recycled" : "fresh", batch, (double)b->written / wall,
	    cpu / (double)b->written * 1e6);
}

static void
on_left(const char *name, void *arg)
{
	struct bench *b = arg;
	char path[VFS_NAME_MAX];

	(void)snprintf(path, sizeof(path), "segments/%.40s", name);
	(void)vfs_unlink(b->vfs, path);
}

int
main(int argc, char **argv)
{
	static const unsigned batches[] = { 1, 8, 64, 256 };
	static char content[SIZE];
	struct recipient to = { .address = slice_of("user@example.org") };
	struct envelope envelope = { .size = SIZE,
		.sender = slice_of("sender@example.com"),
		.service = slice_of("relay"),
		.client = slice_of("192.0.2.1"),
		.helo = slice_of("client.example.com"),
		.recipient_count = 1,
		.recipients = &to };
	struct bench b = { .content = { content, SIZE } };
	struct buf encoded;
	uint32_t seconds = 2;
	int folder = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (folder == -1 ||
	    (argc > 2 && !slice_to_u32(slice_of(argv[2]), 600, &seconds))) {
		(void)fprintf(stderr, "usage: bench_queue FOLDER [SECONDS]\n");
		return 2;
	}
	memset(content, 'x', sizeof(content));
	buf_init(&encoded, 4096);
	envelope_encode(&envelope, &encoded);
	b.envelope = buf_slice(&encoded);
	b.vfs = vfs_disk_new(folder);
	if (queue_spool_create(b.vfs) != 0 ||
	    queue_writer_open(b.vfs, 0, &b.writer) != 0) {
		(void)fprintf(stderr, "bench_queue: %s cannot be a spool\n",
		    argv[1]);
		return 1;
	}
	for (int recycle = 0; recycle < 2; recycle++) {
		b.recycle = recycle == 1;
		/* So that whole segments, once written, are there to recycle.
		 */
		for (int i = 0; b.recycle && i < 140; i++)
			write_batch(&b, 256);
		for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]);
		     i++)
			measure(&b, batches[i], seconds);
	}
	queue_writer_close(&b.writer);
	if (vfs_list(b.vfs, "segments", on_left, &b) != 0)
		b.failed++;
	vfs_disk_free(&b.vfs);
	buf_done(&encoded);
	(void)close(folder);
	return b.failed == 0 ? 0 : 1;
}
