/*
 * ipc/messages.c - the encoders, decoders and printers of every message, made
 * from the lists of fields.
 */
#include "ipc/messages.h"

#define PUT_FIELD(type, name) ipc_put_##type(b, m->name);
#define GET_FIELD(type, name) &&ipc_get_##type(r, &m->name)
#define PRINT_FIELD(type, name)         \
	buf_add_cstr(b, " " #name "="); \
	ipc_print_##type(b, m->name);

#define IS_FD_u32 0
#define IS_FD_u64 0
#define IS_FD_text 0
#define IS_FD_bytes 0
#define IS_FD_fd 1
#define COUNT_FD(type, name) +IS_FD_##type

#define EACH_FD_u32(value) (void)(value)
#define EACH_FD_u64(value) (void)(value)
#define EACH_FD_text(value) (void)(value)
#define EACH_FD_bytes(value) (void)(value)
#define EACH_FD_fd(value) each(value, arg)
#define EACH_FD(type, name) EACH_FD_##type(m->name);

#define DEFINE(name, FIELDS)                                     \
	static void put_##name(struct buf *b, const void *msg)   \
	{                                                        \
		const struct msg_##name *m = msg;                \
                                                                 \
		FIELDS(PUT_FIELD)                                \
	}                                                        \
	static bool get_##name(struct ipc_reader *r, void *msg)  \
	{                                                        \
		struct msg_##name *m = msg;                      \
                                                                 \
		return true FIELDS(GET_FIELD);                   \
	}                                                        \
	static void print_##name(struct buf *b, const void *msg) \
	{                                                        \
		const struct msg_##name *m = msg;                \
                                                                 \
		FIELDS(PRINT_FIELD)                              \
	}                                                        \
	static void each_fd_##name(const void *msg,              \
	    void (*each)(int fd, void *arg), void *arg)          \
	{                                                        \
		const struct msg_##name *m = msg;                \
                                                                 \
		(void)each;                                      \
		(void)arg;                                       \
		FIELDS(EACH_FD)                                  \
	}                                                        \
	_Static_assert((0 FIELDS(COUNT_FD)) <= IPC_FDS_MAX,      \
	    "too many descriptors in one message");

#define ROW(name, FIELDS)                                                      \
	[MSG_##name] = { #name, sizeof(struct msg_##name), 0 FIELDS(COUNT_FD), \
		put_##name, get_##name, print_##name, each_fd_##name },

IPC_MESSAGES(DEFINE)

const struct ipc_kind ipc_kinds[MSG_COUNT] = { IPC_MESSAGES(ROW) };
