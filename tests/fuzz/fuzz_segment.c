/*
 * fuzz/fuzz_segment.c - any bytes at all as a segment: the walk ends, moves
 * forward only, and what it gives can be read by its place.
 */
#include <stdint.h>

#include "queue/reader.h"
#include "queue/scan.h"
#include "queue/spool.h"
#include "tests/fuzz/fuzz_spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_record(struct vfs *vfs, struct scan *scan)
{
	const struct record *r = scan_record(scan);
	struct place place = { r->segment, r->offset, r->length };
	struct queue_reader *reader = queue_reader_new(vfs);
	struct queue_message m;
	int rc = queue_reader_open(reader, &place, &m);

	must(scan_envelope(scan).n == r->envelope_length);
	/* What lies under large/ is not here. */
	must(rc == ((r->flags & RECORD_LARGE) != 0 ? -ENOENT : 0));
	if (rc == 0) {
		must(m.id == r->id);
		must(queue_message_verify(reader, &m) == 0);
		queue_message_done(reader, &m);
	}
	queue_reader_free(&reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* "0000000000001": the number that the corpus has in it. */
	struct fuzz_spool spool =
	    fuzz_spool("segments/0000000000001", data, size);
	uint32_t last = SEGMENT_HEADER_SIZE;
	enum scan_step step;
	struct scan *scan;

	must(scan_open(&spool.vfs, 1, 0, &scan) == 0);
	scan_set_growing(scan, size % 2 == 0);
	while ((step = scan_next(scan)) != SCAN_END) {
		must(step != SCAN_FAILED);
		if (step != SCAN_RECORD)
			continue;
		must(scan_record(scan)->offset >= last);
		must(scan_record(scan)->segment == 1);
		last = scan_at(scan);
		must(last <= size);
		check_record(&spool.vfs, scan);
	}
	must(scan_at(scan) >= last);
	scan_free(&scan);
	return 0;
}
