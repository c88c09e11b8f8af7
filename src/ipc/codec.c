/*
 * ipc/codec.c - the fields' bytes. It knows no message by name.
 */
#include "ipc/codec.h"

#include <string.h>

#include "base/log.h"

static void
put_raw(struct buf *b, const void *p, size_t n)
{
	buf_add(b, slice_from(p, n));
}

static bool
get_raw(struct ipc_reader *r, void *out, size_t n)
{
	if (r->rest.n < n)
		return false;
	memcpy(out, r->rest.p, n);
	r->rest = slice_skip(r->rest, n);
	return true;
}

void
ipc_encode(const struct ipc_kind *kind, unsigned type, const void *msg,
    struct buf *b)
{
	struct ipc_header header = { 0, (uint16_t)type, (uint16_t)kind->fds };
	size_t start = b->n;

	put_raw(b, &header, sizeof(header));
	kind->put(b, msg);
	must(!buf_failed(b) && b->n - start <= IPC_MESSAGE_MAX);
	header.length = (uint32_t)(b->n - start);
	memcpy(b->p + start, &header, sizeof(header));
}

bool
ipc_decode(const struct ipc_kind *kind, struct slice body, const int *fds,
    unsigned fd_count, void *msg)
{
	struct ipc_reader r = { body, fds, fd_count };

	return fd_count == kind->fds && kind->get(&r, msg) && r.rest.n == 0 &&
	    r.fds_left == 0;
}

void
ipc_print(const struct ipc_kind *kind, const void *msg, struct buf *b)
{
	buf_add_cstr(b, kind->name);
	kind->print(b, msg);
}

void
ipc_put_u32(struct buf *b, uint32_t value)
{
	put_raw(b, &value, sizeof(value));
}

void
ipc_put_u64(struct buf *b, uint64_t value)
{
	put_raw(b, &value, sizeof(value));
}

void
ipc_put_bytes(struct buf *b, struct slice s)
{
	must(s.n <= UINT32_MAX);
	ipc_put_u32(b, (uint32_t)s.n);
	buf_add(b, s);
}

void
ipc_put_text(struct buf *b, struct slice s)
{
	ipc_put_bytes(b, s);
}

/* A descriptor travels beside the bytes; none of them stands for it. */
void
ipc_put_fd(struct buf *b, int fd)
{
	(void)b;
	must(fd >= 0);
}

bool
ipc_get_u32(struct ipc_reader *r, uint32_t *out)
{
	return get_raw(r, out, sizeof(*out));
}

bool
ipc_get_u64(struct ipc_reader *r, uint64_t *out)
{
	return get_raw(r, out, sizeof(*out));
}

bool
ipc_get_bytes(struct ipc_reader *r, struct slice *out)
{
	uint32_t n;

	if (!ipc_get_u32(r, &n) || r->rest.n < n)
		return false;
	*out = slice_head(r->rest, n);
	r->rest = slice_skip(r->rest, n);
	return true;
}

bool
ipc_get_text(struct ipc_reader *r, struct slice *out)
{
	return ipc_get_bytes(r, out);
}

bool
ipc_get_fd(struct ipc_reader *r, int *out)
{
	if (r->fds_left == 0)
		return false;
	*out = *r->fds++;
	r->fds_left--;
	return true;
}

void
ipc_print_u32(struct buf *b, uint32_t value)
{
	buf_addf(b, "%lu", (unsigned long)value);
}

void
ipc_print_u64(struct buf *b, uint64_t value)
{
	buf_addf(b, "%llu", (unsigned long long)value);
}

void
ipc_print_text(struct buf *b, struct slice s)
{
	struct log_text quoted;

	buf_add_cstr(b, log_text(s, &quoted));
}

void
ipc_print_bytes(struct buf *b, struct slice s)
{
	buf_addf(b, "(%zu bytes)", s.n);
}

void
ipc_print_fd(struct buf *b, int fd)
{
	buf_addf(b, "fd:%d", fd);
}
