/*
 * io/inbox.c - see inbox.h. It reads nothing itself.
 */
#include "io/inbox.h"

#include <string.h>

#include "base/alloc.h"
#include "base/must.h"

void
inbox_init(struct inbox *in, size_t limit)
{
	*in = (struct inbox){ .p = "", .limit = limit };
}

void
inbox_done(struct inbox *in)
{
	mem_free(in->own);
	inbox_init(in, in->limit);
}

size_t
inbox_room(const struct inbox *in)
{
	return in->n < in->limit ? in->limit - in->n : 0;
}

void
inbox_gather(struct inbox *in, char *shared, size_t added)
{
	must(!in->is_shared);
	if (in->n > 0)
		memcpy(shared, in->p, in->n);
	mem_free(in->own);
	in->own = NULL;
	in->p = shared;
	in->n += added;
	in->is_shared = true;
}

void
inbox_settle(struct inbox *in)
{
	if (!in->is_shared)
		return;
	in->is_shared = false;
	if (in->n > 0) {
		in->own = mem_new(in->n);
		memcpy(in->own, in->p, in->n);
		in->p = in->own;
	}
}

struct slice
inbox_view(const struct inbox *in, size_t max)
{
	return slice_head(slice_from(in->n == 0 ? "" : in->p, in->n), max);
}

void
inbox_consume(struct inbox *in, size_t n)
{
	must(n <= in->n);
	in->p += n;
	in->n -= n;
	if (in->n == 0) {
		mem_free(in->own);
		in->own = NULL;
	}
}
