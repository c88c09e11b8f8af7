/*
 * queue/spool.c - folders, names and the lock of the spool.
 */
#include "queue/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *const folders[] = { "segments", "large", "journal",
	"quarantine" };

enum {
	FOLDERS = sizeof(folders) / sizeof(folders[0]),
	RESERVE_PARTS = 50, /* of the disk, one is left to the journal */
};
static const uint64_t reserve_max = 256 << 20;

int
queue_spool_create(struct vfs *v)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < FOLDERS; i++)
		rc = vfs_mkdir(v, folders[i]);
	return rc != 0 ? rc : vfs_sync_folder(v, ".");
}

bool
queue_spool_is_short(struct vfs *v, uint64_t wanted)
{
	uint64_t room = 0;
	uint64_t total = 0;
	uint64_t reserve;

	if (vfs_room(v, &room, &total) != 0)
		return false; /* the write itself will tell */
	reserve = total / RESERVE_PARTS;
	if (reserve > reserve_max)
		reserve = reserve_max;
	return room < reserve + wanted;
}

int
queue_lock(int folder)
{
	int rc;
	int fd = openat(folder, "lock",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	rc = -errno;
	(void)close(fd);
	return rc;
}

void
spool_name(const char *folder, uint64_t id, char out[VFS_NAME_MAX])
{
	char text[ID_TEXT_SIZE];

	id_text(id, text);
	(void)snprintf(out, VFS_NAME_MAX, "%s/%s", folder, text);
}

bool
spool_name_parse(const char *name, uint64_t *id)
{
	char again[ID_TEXT_SIZE];

	if (!id_parse(slice_of(name), id))
		return false;
	/* Only the spelling that we write: no lower case, no I for 1. */
	id_text(*id, again);
	return strcmp(name, again) == 0;
}
