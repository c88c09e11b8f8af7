/*
 * unit/queue_spool.h - a spool in a temporary folder, for tests of queue/.
 */
#ifndef UNIT_QUEUE_SPOOL_H
#define UNIT_QUEUE_SPOOL_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/spool.h"
#include "queue/vfs.h"

struct test_spool {
	char path[64];
	int folder;
	struct vfs *vfs;
};

static inline void
test_spool_init(struct test_spool *s)
{
	(void)snprintf(s->path, sizeof(s->path), "/tmp/mtad-queue-XXXXXX");
	must(mkdtemp(s->path) != NULL);
	s->folder = open(s->path, O_RDONLY | O_DIRECTORY);
	must(s->folder != -1);
	s->vfs = vfs_disk_new(s->folder);
	must(queue_spool_create(s->vfs) == 0);
}

static inline int
test_spool_remove(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void
test_spool_done(struct test_spool *s)
{
	vfs_disk_free(&s->vfs);
	(void)close(s->folder);
	(void)nftw(s->path, test_spool_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
