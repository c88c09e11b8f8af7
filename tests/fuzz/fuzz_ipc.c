/*
 * fuzz/fuzz_ipc.c - any bytes at all, as any message, into ipc/codec.c: what
 * decodes, encodes to the very same bytes; each descriptor is used once; what
 * does not decode does no harm.
 *
 * The first byte is the type, the second the number of descriptors.
 */
#include <stdint.h>
#include <string.h>

#include "ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_fd(int fd, void *arg)
{
	int *next = arg;

	must(fd == *next);
	(*next)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int fds[] = { 100, 101, 102, 103 };
	const struct ipc_kind *kind;
	struct ipc_header header;
	union msg_any msg;
	struct slice body;
	unsigned type, fd_count;
	struct buf again, text;
	int next = fds[0];

	if (size < 2 || size > IPC_MESSAGE_MAX - IPC_HEADER_SIZE)
		return 0;
	type = data[0] % MSG_COUNT;
	fd_count = data[1] % (IPC_FDS_MAX + 1);
	kind = &ipc_kinds[type];
	body = slice_from(data + 2, size - 2);
	if (!ipc_decode(kind, body, fds, fd_count, &msg))
		return 0;
	must(fd_count == kind->fds);
	kind->each_fd(&msg, check_fd, &next);
	must(next == fds[0] + (int)fd_count);
	buf_init(&again, IPC_MESSAGE_MAX);
	ipc_encode(kind, type, &msg, &again);
	memcpy(&header, again.p, sizeof(header));
	must(header.type == type && header.length == again.n);
	must(slice_eq(slice_skip(buf_slice(&again), IPC_HEADER_SIZE), body));
	buf_init(&text, 1 << 20);
	ipc_print(kind, &msg, &text);
	must(slice_starts(buf_slice(&text), kind->name));
	buf_done(&again);
	buf_done(&text);
	return 0;
}
