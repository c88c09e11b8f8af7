/*
 * queue/foreign.c - which names the spool may hold. By name alone: what a file
 * of ours holds is for others to say.
 */
#include "queue/foreign.h"

#include <stdio.h>
#include <string.h>

#include "queue/spool.h"

enum { PATH_SIZE = 512 };

struct walk {
	const char *folder;
	vfs_name_fn *each;
	void *arg;
};

/* maildrop: what sendmail could not hand over; lost+found: the disk's own. */
static const char *const tops[] = { "lock", "segments", "large", "journal",
	"quarantine", "maildrop", "lost+found" };

static bool
is_ours(const char *folder, const char *name)
{
	uint64_t id;

	if (strcmp(folder, ".") == 0) {
		for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
			if (strcmp(name, tops[i]) == 0)
				return true;
		return false;
	}
	if (spool_name_parse(name, &id) && id != 0)
		return true;
	return strcmp(folder, "journal") == 0 &&
	    (strcmp(name, "checkpoint") == 0 ||
		strcmp(name, "checkpoint.new") == 0);
}

static void
on_name(const char *name, void *arg)
{
	const struct walk *w = arg;
	char path[PATH_SIZE];

	if (is_ours(w->folder, name))
		return;
	(void)snprintf(path, sizeof(path), "%s%s%s",
	    strcmp(w->folder, ".") == 0 ? "" : w->folder,
	    strcmp(w->folder, ".") == 0 ? "" : "/", name);
	w->each(path, w->arg);
}

int
foreign_each(struct vfs *v, vfs_name_fn *each, void *arg)
{
	static const char *const folders[] = { ".", "segments", "large",
		"journal" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(folders) / sizeof(folders[0]);
	     i++) {
		struct walk w = { folders[i], each, arg };

		rc = vfs_list(v, folders[i], on_name, &w);
	}
	return rc;
}
