/*
 * queue/quarantine.c - copying and moving to quarantine/. Does not judge what
 * is damaged.
 */
#include "queue/quarantine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "queue/spool.h"

enum {
	COPY_AT_ONCE = 256 << 10,
	PATH_SIZE = 512, /* of a foreign name, which may be a long one */
	SAME_NAME_MAX = 1000,
};

/* As far as the file goes: it may have been cut off. */
static int
copy(struct vfs *v, int from_file, uint64_t from, uint64_t to, int to_file)
{
	char *bytes = mem_new(COPY_AT_ONCE);
	uint64_t at = from;
	int rc = 0;

	while (rc == 0 && at < to) {
		size_t n =
		    to - at < COPY_AT_ONCE ? (size_t)(to - at) : COPY_AT_ONCE;
		int64_t got = vfs_pread(v, from_file, bytes, n, at);

		if (got <= 0) {
			rc = (int)got;
			break;
		}
		rc = vfs_pwrite(v, to_file, bytes, (size_t)got, at - from);
		at += (uint64_t)got;
	}
	mem_free(bytes);
	return rc != 0 ? rc : vfs_sync(v, to_file);
}

struct search {
	const char *name;
	bool is_found;
};

static void
on_name(const char *name, void *arg)
{
	struct search *s = arg;

	s->is_found = s->is_found || strcmp(name, s->name) == 0;
}

/* By its name alone: a foreign file need not be one that can be opened. */
static int
is_taken(struct vfs *v, const char *name, bool *taken)
{
	struct search s = { name + strlen("quarantine/"), false };
	int rc = vfs_list(v, "quarantine", on_name, &s);

	*taken = s.is_found;
	return rc;
}

/* Under its name it stands whole or not at all. */
static int
copy_to(struct vfs *v, int from_file, uint64_t from, uint64_t to,
    const char *name)
{
	char fresh[PATH_SIZE + sizeof(".new")];
	bool taken;
	int file;
	int rc = is_taken(v, name, &taken);

	if (rc != 0 || taken)
		return rc != 0 ? rc : QUARANTINE_THERE;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	(void)vfs_unlink(v, fresh);
	file = vfs_open(v, fresh, VFS_CREATE);
	if (file < 0)
		return file;
	rc = copy(v, from_file, from, to, file);
	vfs_close(v, &file);
	if (rc == 0)
		rc = vfs_rename(v, fresh, name);
	if (rc == 0)
		rc = vfs_sync_folder(v, "quarantine");
	if (rc == 0)
		return QUARANTINE_MADE;
	(void)vfs_unlink(v, fresh);
	return rc;
}

struct search_place {
	const char *text; /* "-SEGMENT-OFFSET" */
	bool is_found;
};

static void
on_place(const char *name, void *arg)
{
	struct search_place *s = arg;
	size_t n = strlen(name);
	size_t tail = strlen(s->text);

	s->is_found =
	    s->is_found || (n > tail && strcmp(name + n - tail, s->text) == 0);
}

int
quarantine_octets(struct vfs *v, uint64_t id, uint64_t segment, uint32_t from,
    uint32_t to)
{
	char from_name[VFS_NAME_MAX];
	char id_name[ID_TEXT_SIZE];
	char segment_name[ID_TEXT_SIZE];
	char name[VFS_NAME_MAX];
	char text[ID_TEXT_SIZE + 16];
	struct search_place there = { text, false };
	int file, rc;

	id_text(id, id_name);
	id_text(segment, segment_name);
	(void)snprintf(text, sizeof(text), "-%s-%08" PRIu32, segment_name,
	    from);
	rc = vfs_list(v, "quarantine", on_place, &there);
	if (rc != 0 || there.is_found)
		return rc != 0 ? rc : QUARANTINE_THERE;
	spool_name("segments", segment, from_name);
	file = vfs_open(v, from_name, VFS_READ);
	if (file < 0)
		return file;
	(void)snprintf(name, sizeof(name), "quarantine/%s%s",
	    id == 0 ? "unknown" : id_name, text);
	rc = copy_to(v, file, from, to, name);
	vfs_close(v, &file);
	return rc;
}

/* "quarantine/FOLDER-NAME" and what tells it from its like. */
static void
name_like(const char *name, uint64_t mark, char *out, size_t size)
{
	char *slash;

	(void)snprintf(out, size, "quarantine/%.255s-%" PRIu64, name, mark);
	slash = strchr(out + strlen("quarantine/"), '/');
	if (slash != NULL)
		*slash = '-';
}

int
quarantine_file(struct vfs *v, const char *from_name)
{
	char name[PATH_SIZE];
	int file = vfs_open(v, from_name, VFS_READ);
	int64_t size;
	int rc;

	if (file < 0)
		return file;
	size = vfs_size(v, file);
	if (size >= 0)
		name_like(from_name, (uint64_t)size, name, sizeof(name));
	rc = size < 0 ? (int)size : copy_to(v, file, 0, (uint64_t)size, name);
	vfs_close(v, &file);
	return rc;
}

int
quarantine_move(struct vfs *v, const char *from_name)
{
	char name[PATH_SIZE];
	bool taken = true;
	int rc = 0;

	for (uint64_t i = 1; rc == 0 && taken; i++) {
		if (i > SAME_NAME_MAX)
			return -EEXIST;
		name_like(from_name, i, name, sizeof(name));
		rc = is_taken(v, name, &taken);
	}
	if (rc == 0)
		rc = vfs_rename(v, from_name, name);
	if (rc == 0)
		rc = vfs_sync_folder(v, "quarantine");
	return rc != 0 ? rc : QUARANTINE_MADE;
}
