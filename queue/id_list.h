/*
 * queue/id_list.h - a list of ids, as names in a folder.
 */
#ifndef QUEUE_ID_LIST_H
#define QUEUE_ID_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "queue/vfs.h"

struct id_list {
	uint64_t *of; /* owned */
	size_t n;
	size_t size;
};
void id_list_add(struct id_list *, uint64_t id);
void id_list_done(struct id_list *);
/* The list must be sorted, as id_list_folder() leaves it. */
bool id_list_has(const struct id_list *, uint64_t id);
/* Adds the ids of all well-formed names in the folder. */
int id_list_folder(struct id_list *, struct vfs *, const char *folder) MUST_USE;

#endif
