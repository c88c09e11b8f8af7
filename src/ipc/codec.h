/*
 * ipc/codec.h - from a list of fields to a struct and its bytes, and back.
 *
 * A message on the wire: its length, its type, its descriptor count, then the
 * fields in order, numbers in the machine's byte order (both ends are the same
 * program), slices with their length before them. Decoding is total and exact:
 * a byte too few or too many, or a descriptor missing, and it is malformed.
 */
#ifndef IPC_CODEC_H
#define IPC_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum {
	IPC_MESSAGE_MAX = 64 << 10, /* with its header */
	IPC_HEADER_SIZE = 8,
	IPC_FDS_MAX = 4, /* in one message */
};

struct ipc_header {
	uint32_t length; /* with the header */
	uint16_t type;
	uint16_t fds;
};

/* What is left of a message, and of its descriptors. */
struct ipc_reader {
	struct slice rest;
	const int *fds;
	unsigned fds_left;
};

/* One kind of message, for code that treats all alike. */
struct ipc_kind {
	const char *name;
	size_t size; /* of its struct */
	unsigned fds;
	void (*put)(struct buf *, const void *msg);
	bool (*get)(struct ipc_reader *, void *msg);
	void (*print)(struct buf *, const void *msg);
	/* Calls for each descriptor in the message, in order. */
	void (*each_fd)(const void *msg, void (*each)(int fd, void *arg),
	    void *arg);
};

/*
 * Adds the message, header and all. The caller's buf has room for it; a message
 * over IPC_MESSAGE_MAX is a bug of the sender, who bounds what goes in.
 */
void ipc_encode(const struct ipc_kind *, unsigned type, const void *msg,
    struct buf *);
/*
 * `body` is what stands behind the header, `fds` its descriptors, which
 * become the message's. `msg` has the kind's size. False: malformed.
 */
bool ipc_decode(const struct ipc_kind *, struct slice body, const int *fds,
    unsigned fd_count, void *msg) MUST_USE;
/* "name field=value ...", bytes as their length alone: for traces. */
void ipc_print(const struct ipc_kind *, const void *msg, struct buf *);

/* The types of fields. */
#define IPC_CTYPE_u32 uint32_t
#define IPC_CTYPE_u64 uint64_t
#define IPC_CTYPE_text struct slice
#define IPC_CTYPE_bytes struct slice
#define IPC_CTYPE_fd int

void ipc_put_u32(struct buf *, uint32_t);
void ipc_put_u64(struct buf *, uint64_t);
void ipc_put_text(struct buf *, struct slice);
void ipc_put_bytes(struct buf *, struct slice);
void ipc_put_fd(struct buf *, int);
bool ipc_get_u32(struct ipc_reader *, uint32_t *);
bool ipc_get_u64(struct ipc_reader *, uint64_t *);
bool ipc_get_text(struct ipc_reader *, struct slice *);
bool ipc_get_bytes(struct ipc_reader *, struct slice *);
bool ipc_get_fd(struct ipc_reader *, int *);
void ipc_print_u32(struct buf *, uint32_t);
void ipc_print_u64(struct buf *, uint64_t);
void ipc_print_text(struct buf *, struct slice);
void ipc_print_bytes(struct buf *, struct slice);
void ipc_print_fd(struct buf *, int);

/* What messages.h makes of its list M(name, FIELDS). */
#define IPC_FIELD(type, name) IPC_CTYPE_##type name;
#define IPC_STRUCT(name, FIELDS)  \
	struct msg_##name {       \
		FIELDS(IPC_FIELD) \
	};
#define IPC_ENUM(name, FIELDS) MSG_##name,
#define IPC_MEMBER(name, FIELDS) struct msg_##name name;

#endif
