/*
 * queue/mend.c - records of nothing: id 0, marked as copies by compaction, of
 * which no journal says that they are live.
 */
#include "queue/mend.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "queue/scan.h"
#include "queue/spool.h"

struct mend {
	struct vfs *vfs; /* borrowed */
	struct scan *scan;
	int file;
	uint64_t segment;
	uint64_t salt;
	bool header_is_bad;
	uint64_t count;
};

/* At most as long as a record may be; what is left is too short for one. */
static int
fill(struct mend *m, uint32_t from, uint32_t to)
{
	enum { MOST = RECORD_CONTENT_MAX };
	unsigned char *bytes = mem_zero(RECORD_HEADER_SIZE + MOST);
	int rc = 0;

	while (rc == 0 && to - from >= RECORD_HEADER_SIZE) {
		uint32_t n = to - from - RECORD_HEADER_SIZE;
		struct record r = { .flags = RECORD_MOVED,
			.segment = m->segment,
			.salt = m->salt,
			.offset = from,
			.batch = from };

		if (n > MOST)
			n = n - MOST < RECORD_HEADER_SIZE
			    ? MOST - RECORD_HEADER_SIZE
			    : MOST;
		r.content_length = n;
		r.content_crc = crc32c(0, bytes + RECORD_HEADER_SIZE, n);
		must(record_measure(&r));
		record_put(&r, SLICE_NONE, SLICE_NONE, bytes);
		rc = vfs_pwrite(m->vfs, m->file, bytes, RECORD_HEADER_SIZE + n,
		    from);
		from += RECORD_HEADER_SIZE + n;
	}
	mem_free(bytes);
	return rc;
}

/* Of no life: so nothing under large/ is taken for its leavings. */
static int
write_header(struct mend *m)
{
	const struct segment_header header = { m->segment, m->salt, 0 };
	unsigned char bytes[SEGMENT_HEADER_SIZE];

	segment_header_put(&header, bytes);
	return vfs_pwrite(m->vfs, m->file, bytes, sizeof(bytes), 0);
}

static int
open_file(struct mend *m)
{
	char name[VFS_NAME_MAX];

	if (m->file != -1)
		return 0;
	spool_name("segments", m->segment, name);
	m->file = vfs_open(m->vfs, name, VFS_WRITE);
	return m->file < 0 ? m->file : 0;
}

/* Each good record, and each place that is none. */
static int
step(struct mend *m, struct damage *damage)
{
	uint32_t from = scan_damage_from(m->scan);
	uint32_t to = scan_damage_to(m->scan);
	int rc = open_file(m);

	/* The record behind it, which has proved the damage, waits there. */
	m->salt = scan_record(m->scan)->salt;
	damage_keep_octets(damage, scan_damage_id(m->scan), m->segment, from,
	    to);
	if (rc == 0)
		rc = fill(m, from, to);
	m->count++;
	return rc;
}

static int
walk(struct mend *m, struct damage *damage)
{
	enum scan_step next;
	int rc = 0;

	while (rc == 0 && (next = scan_next(m->scan)) != SCAN_END) {
		if (next == SCAN_FAILED)
			return scan_error(m->scan);
		if (next == SCAN_RECORD)
			m->salt = scan_record(m->scan)->salt;
		else if (next == SCAN_DAMAGE && !scan_damage_is_torn(m->scan))
			rc = step(m, damage);
	}
	/* Without a record there is nothing whose salt it could tell. */
	if (rc == 0 && m->header_is_bad && m->salt != 0) {
		rc = open_file(m);
		if (rc == 0)
			rc = write_header(m);
		m->count++;
	}
	return rc;
}

int
mend_segment(struct vfs *vfs, uint64_t segment, struct damage *damage,
    uint64_t *mended)
{
	struct mend m = { .vfs = vfs, .segment = segment, .file = -1 };
	struct segment_header header;
	char name[VFS_NAME_MAX];
	int rc = scan_open(vfs, segment, 0, &m.scan);

	if (rc != 0)
		return rc;
	if (scan_has_header(m.scan, &header))
		m.salt = header.salt;
	m.header_is_bad = scan_header_is_bad(m.scan);
	rc = walk(&m, damage);
	if (rc == 0 && m.file >= 0)
		rc = vfs_sync(vfs, m.file);
	if (m.file >= 0)
		vfs_close(vfs, &m.file);
	scan_free(&m.scan);
	if (rc == 0 && m.count > 0) {
		spool_name("segments", segment, name);
		damage_tell(damage,
		    "%s: %" PRIu64 " damaged places were written over", name,
		    m.count);
	}
	*mended += m.count;
	return rc;
}
