/*
 * ipc/channel.h - typed messages over a Unix socket pair, with descriptors.
 *
 * What one turn of the loop sends goes out in one write at the turn's end. A
 * peer that sends anything malformed is closed. Handlers stand in a table
 * indexed by enum msg_type; a message without a handler is malformed.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include "io/loop.h"
#include "ipc/messages.h"

enum { CHANNEL_BACKLOG_MAX = 64 << 20 };

struct channel;
/*
 * `msg` is the decoded struct msg_NAME of the row: [MSG_master_go] = on_go is
 * given a const struct msg_master_go *. Descriptors in it are the handler's.
 */
typedef void channel_fn(void *owner, struct channel *, const void *msg);

struct channel_handlers {
	channel_fn *on[MSG_COUNT];
	/*
	 * The peer is gone (0), was malformed (ERR_PROTOCOL), or let more than
	 * CHANNEL_BACKLOG_MAX gather (ERR_LIMIT). The channel is freed after
	 * this returns: forget it. It comes from the loop, never from a send.
	 */
	void (*closed)(void *owner, struct channel *, int rc);
};

/* Two connected descriptors, close-on-exec. 0 or -errno. */
int channel_pair(int fds[2]) MUST_USE;
/* Takes the descriptor. `handlers` and `owner` are borrowed. */
struct channel *channel_new(struct loop *, int fd,
    const struct channel_handlers *, void *owner) MUST_USE;
/*
 * No handler is called any more, also when called from a handler. What was sent
 * is still written, for as long as the loop runs and the peer takes it.
 */
void channel_free(struct channel **);
/* Bytes that wait to be written: for back-pressure. */
size_t channel_backlog(const struct channel *);
/* Any pointer of the owner's, for telling channels apart. */
void channel_set_tag(struct channel *, void *tag);
void *channel_tag(const struct channel *);

/*
 * channel_send_NAME(channel, &(struct msg_NAME){ ... }) for each message;
 * descriptors in it are duplicated, the caller keeps its own.
 */
#define IPC_DECLARE_SEND(name, FIELDS) \
	void channel_send_##name(struct channel *, const struct msg_##name *);
IPC_MESSAGES(IPC_DECLARE_SEND)

#endif
