/*
 * queue/id_list.c - gathering ids, and finding them again.
 */
#include "queue/id_list.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "queue/spool.h"

void
id_list_add(struct id_list *l, uint64_t id)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->of = mem_resize(l->of, l->size, sizeof(*l->of));
	}
	l->of[l->n++] = id;
}

void
id_list_done(struct id_list *l)
{
	mem_free(l->of);
	*l = (struct id_list){ 0 };
}

static void
on_name(const char *name, void *arg)
{
	uint64_t id;

	if (spool_name_parse(name, &id) && id != 0)
		id_list_add(arg, id);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool
id_list_has(const struct id_list *l, uint64_t id)
{
	return l->n > 0 &&
	    bsearch(&id, l->of, l->n, sizeof(*l->of), by_number) != NULL;
}

int
id_list_folder(struct id_list *l, struct vfs *vfs, const char *folder)
{
	int rc = vfs_list(vfs, folder, on_name, l);

	if (rc == 0 && l->n > 0)
		qsort(l->of, l->n, sizeof(*l->of), by_number);
	return rc;
}
