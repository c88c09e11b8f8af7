/*
 * ipc/channel.c - messages over a stream socket, gathered and cut apart.
 *
 * Descriptors (SCM_RIGHTS) come in the order of the messages that hold them,
 * and never after the first byte of theirs: so the receiver keeps a queue of
 * them, and a whole message takes its own from the front. It knows no message
 * by name.
 */
#include "ipc/channel.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"

enum {
	/* At most one message's start of the last read may be unfinished. */
	INPUT_SIZE = 4 * IPC_MESSAGE_MAX,
	OUTPUT_MAX = 2 * CHANNEL_BACKLOG_MAX,
	OUTPUT_KEPT = 1 << 20, /* after a larger backlog memory is given back */
	FDS_PER_WRITE = 64,
	/* The sender attaches no more before the receiver is past the first. */
	FDS_WAITING_MAX = 2 * FDS_PER_WRITE,
};

struct channel {
	TAILQ_ENTRY(channel) link; /* in the kept list when it is leaving */
	struct loop *loop;         /* borrowed */
	struct watch *watch;       /* owned */
	const struct channel_handlers *handlers; /* borrowed: owner */
	void *owner;                             /* borrowed */
	void *tag;                               /* borrowed: owner */
	int fd;
	struct buf out;
	size_t written;       /* of out */
	uint64_t written_at;  /* where in the stream out.p[written] stands */
	struct buf out_fds;   /* struct out_fd, in order */
	uint64_t fds_sent_to; /* descriptors up to there have gone ahead */
	char *in;             /* owned */
	size_t in_n;
	int in_fds[FDS_WAITING_MAX];
	unsigned in_fds_n;
	bool flush_posted;
	bool blocked; /* the socket was full; the watch tells */
	bool deaf;    /* the peer takes nothing more */
	bool busy;    /* inside a handler */
	bool leaving; /* channel_free() was called */
	bool overflowed;
};
TAILQ_HEAD(channels, channel);

struct out_fd {
	uint64_t at; /* the stream's offset of its message */
	int fd;      /* owned */
};

int
channel_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		fds) == -1)
		return -errno;
	return 0;
}

static size_t
out_fds_count(const struct channel *c)
{
	return c->out_fds.n / sizeof(struct out_fd);
}

static struct out_fd
out_fd_at(const struct channel *c, size_t i)
{
	struct out_fd f;

	memcpy(&f, c->out_fds.p + i * sizeof(f), sizeof(f));
	return f;
}

static void
out_fds_drop(struct channel *c, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)close(out_fd_at(c, i).fd);
	buf_drop(&c->out_fds, count * sizeof(struct out_fd));
}

static void
destroy(struct channel *c)
{
	loop_unpost(c->loop, c);
	watch_free(&c->watch);
	(void)close(c->fd);
	out_fds_drop(c, out_fds_count(c));
	for (unsigned i = 0; i < c->in_fds_n; i++)
		(void)close(c->in_fds[i]);
	buf_done(&c->out);
	buf_done(&c->out_fds);
	mem_free(c->in);
	mem_free(c);
}

/* Those that are freed but have not written all yet; freed with the loop. */
static const char leaving_key;

static void *
leaving_new(struct loop *loop)
{
	struct channels *list = mem_zero(sizeof(*list));

	(void)loop;
	TAILQ_INIT(list);
	return list;
}

static void
leaving_free(void *arg)
{
	struct channels *list = arg;
	struct channel *c;

	while ((c = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, c, link);
		destroy(c);
	}
	mem_free(list);
}

static struct channels *
leaving_list(struct loop *loop)
{
	return loop_keep(loop, &leaving_key, leaving_new, leaving_free);
}

static void
leave(struct channel *c)
{
	TAILQ_REMOVE(leaving_list(c->loop), c, link);
	destroy(c);
}

/*
 * How much of the output goes in the next write, and how many descriptors with
 * it. After a write that took only a part, the rest goes without descriptors
 * first, so that the receiver never has to hold more than two writes' worth.
 */
static size_t
plan_write(const struct channel *c, unsigned *fd_count)
{
	size_t n = c->out.n - c->written;
	size_t count = out_fds_count(c);

	*fd_count = 0;
	if (c->written_at < c->fds_sent_to)
		return (size_t)(c->fds_sent_to - c->written_at);
	if (count > FDS_PER_WRITE) {
		n = (size_t)(out_fd_at(c, FDS_PER_WRITE).at - c->written_at);
		count = FDS_PER_WRITE;
		/* All of that many may belong to one spot: never write 0. */
		must(n > 0);
	}
	*fd_count = (unsigned)count;
	return n;
}

static ssize_t
write_some(struct channel *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_PER_WRITE)];
	} control = { 0 };
	struct iovec iov = { c->out.p + c->written, 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[FDS_PER_WRITE];
	unsigned fd_count;
	struct cmsghdr *cm;
	ssize_t n;

	iov.iov_len = plan_write(c, &fd_count);
	if (fd_count > 0) {
		for (unsigned i = 0; i < fd_count; i++)
			fds[i] = out_fd_at(c, i).fd;
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * fd_count);
	}
	n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
	if (n <= 0)
		return n == 0 ? 0 : -errno;
	if (fd_count > 0) {
		c->fds_sent_to = c->written_at + iov.iov_len;
		out_fds_drop(c, fd_count);
	}
	c->written += (size_t)n;
	c->written_at += (uint64_t)n;
	return n;
}

static void
forget_output(struct channel *c)
{
	c->written_at += c->out.n - c->written;
	c->written = 0;
	if (c->out.size > OUTPUT_KEPT) {
		buf_done(&c->out);
		buf_init(&c->out, OUTPUT_MAX);
	}
	buf_reset(&c->out);
	out_fds_drop(c, out_fds_count(c));
}

static void
flush(struct channel *c)
{
	ssize_t rc;

	c->blocked = false;
	while (c->written < c->out.n && !c->blocked && !c->deaf) {
		rc = write_some(c);
		if (rc == -EAGAIN)
			c->blocked = true;
		else if (rc < 0 && rc != -EINTR)
			c->deaf = true;
	}
	/* Our reader will see the end soon; until then there may be input. */
	if (c->deaf || c->written == c->out.n)
		forget_output(c);
	watch_set(c->watch, !c->leaving, c->blocked);
}

/* What was read is there; the descriptors with it join the queue. */
static int
take_fds(struct channel *c, struct msghdr *msg)
{
	int rc = (msg->msg_flags & MSG_CTRUNC) != 0 ? ERR_PROTOCOL : 0;
	struct cmsghdr *cm;
	size_t count;
	int fd;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(fd), sizeof(fd));
			if (c->in_fds_n < FDS_WAITING_MAX) {
				c->in_fds[c->in_fds_n++] = fd;
			} else {
				(void)close(fd);
				rc = ERR_PROTOCOL;
			}
		}
	}
	return rc;
}

/* Returns the number of bytes, 0 at the end, or a code. */
static ssize_t
read_some(struct channel *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_PER_WRITE)];
	} control;
	struct iovec iov = { c->in + c->in_n, INPUT_SIZE - c->in_n };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);

	if (n == -1)
		return errno == ECONNRESET ? 0 : -errno;
	c->in_n += (size_t)n;
	if (take_fds(c, &msg) != 0)
		return ERR_PROTOCOL;
	return n;
}

/* One whole message of `header`. Its descriptors become the handler's. */
static int
hand_over(struct channel *c, const struct ipc_header *header, const char *body)
{
	const struct ipc_kind *kind;
	channel_fn *handler;
	union msg_any msg;

	if (header->type >= MSG_COUNT || header->fds > c->in_fds_n)
		return ERR_PROTOCOL;
	kind = &ipc_kinds[header->type];
	handler = c->handlers->on[header->type];
	if (handler == NULL ||
	    !ipc_decode(kind,
		slice_from(body, header->length - IPC_HEADER_SIZE), c->in_fds,
		header->fds, &msg)) {
		log_error("ipc malformed message=%s length=%lu", kind->name,
		    (unsigned long)header->length);
		return ERR_PROTOCOL;
	}
	c->in_fds_n -= header->fds;
	memmove(c->in_fds, c->in_fds + header->fds,
	    c->in_fds_n * sizeof(c->in_fds[0]));
	handler(c->owner, c, &msg);
	return 0;
}

static int
take_messages(struct channel *c)
{
	struct ipc_header header;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && !c->leaving && c->in_n - at >= sizeof(header)) {
		memcpy(&header, c->in + at, sizeof(header));
		if (header.length < IPC_HEADER_SIZE ||
		    header.length > IPC_MESSAGE_MAX)
			return ERR_PROTOCOL;
		if (c->in_n - at < header.length)
			break;
		rc = hand_over(c, &header, c->in + at + IPC_HEADER_SIZE);
		at += header.length;
	}
	memmove(c->in, c->in + at, c->in_n - at);
	c->in_n -= at;
	return rc;
}

/* The end, seen from the loop: the owner is told unless it has left. */
static void
finish(struct channel *c, int rc)
{
	if (c->leaving) {
		leave(c);
		return;
	}
	if (c->handlers->closed != NULL)
		c->handlers->closed(c->owner, c, rc);
	if (c->leaving) /* the owner freed it, too: that is no mistake */
		TAILQ_REMOVE(leaving_list(c->loop), c, link);
	destroy(c);
}

static void
on_last(void *arg)
{
	struct channel *c = arg;

	c->flush_posted = false;
	if (!c->blocked)
		flush(c);
	if (c->leaving && c->out.n == 0)
		leave(c);
	else if (c->overflowed && !c->leaving)
		finish(c, ERR_LIMIT);
}

static void
on_socket(int fd, bool readable, bool writable, void *arg)
{
	struct channel *c = arg;
	ssize_t n;
	int rc;

	(void)fd;
	if (writable)
		flush(c);
	if (c->leaving) {
		if (c->out.n == 0)
			leave(c);
		return;
	}
	if (!readable)
		return;
	n = read_some(c);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		finish(c, (int)n);
		return;
	}
	rc = take_messages(c);
	if (!c->leaving && rc != 0)
		finish(c, rc);
}

struct channel *
channel_new(struct loop *loop, int fd, const struct channel_handlers *handlers,
    void *owner)
{
	struct channel *c = mem_zero(sizeof(*c));

	c->loop = loop;
	c->handlers = handlers;
	c->owner = owner;
	c->fd = fd;
	c->in = mem_new(INPUT_SIZE);
	buf_init(&c->out, OUTPUT_MAX);
	buf_init(&c->out_fds, CHANNEL_BACKLOG_MAX);
	/* It may be handed down from the master as a blocking one. */
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != -1);
	c->watch = watch_new(loop, fd, on_socket, c);
	watch_set(c->watch, true, false);
	return c;
}

static void
post_flush(struct channel *c)
{
	if (c->flush_posted)
		return;
	c->flush_posted = true;
	loop_post_last(c->loop, on_last, c);
}

void
channel_free(struct channel **cp)
{
	struct channel *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	must(!c->leaving);
	c->leaving = true;
	TAILQ_INSERT_TAIL(leaving_list(c->loop), c, link);
	watch_set(c->watch, false, c->blocked);
	post_flush(c);
}

size_t
channel_backlog(const struct channel *c)
{
	return c->out.n - c->written;
}

void
channel_set_tag(struct channel *c, void *tag)
{
	c->tag = tag;
}

void *
channel_tag(const struct channel *c)
{
	return c->tag;
}

static void
add_fd(int fd, void *arg)
{
	struct channel *c = arg;
	struct out_fd f = { c->written_at + (c->out.n - c->written), -1 };

	f.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	must(f.fd != -1);
	buf_add(&c->out_fds, slice_from(&f, sizeof(f)));
	must(!buf_failed(&c->out_fds));
}

static void
put(struct channel *c, enum msg_type type, const void *msg)
{
	if (c->deaf || c->overflowed)
		return;
	if (channel_backlog(c) > CHANNEL_BACKLOG_MAX) {
		c->overflowed = true;
		post_flush(c);
		return;
	}
	/* What is written makes room once it is the greater part. */
	if (c->written > c->out.n / 2) {
		buf_drop(&c->out, c->written);
		c->written = 0;
	}
	ipc_kinds[type].each_fd(msg, add_fd, c);
	ipc_encode(&ipc_kinds[type], type, msg, &c->out);
	if (!c->blocked)
		post_flush(c);
}

#define DEFINE_SEND(name, FIELDS)                   \
	void channel_send_##name(struct channel *c, \
	    const struct msg_##name *msg)           \
	{                                           \
		put(c, MSG_##name, msg);            \
	}
IPC_MESSAGES(DEFINE_SEND)
