/*
 * queue/foreign.h - files in the spool that nobody of ours has put there.
 */
#ifndef QUEUE_FOREIGN_H
#define QUEUE_FOREIGN_H

#include "base/must.h"
#include "queue/vfs.h"

/*
 * Each by its name in the spool, "segments/notes.txt"; a folder is one. What
 * lies in quarantine/ and in folders of other programs is not looked at.
 */
int foreign_each(struct vfs *, vfs_name_fn *, void *arg) MUST_USE;

#endif
