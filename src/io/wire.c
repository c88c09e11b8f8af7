/*
 * io/wire.c - see wire.h. It waits for nothing itself.
 */
#include "io/wire.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

void
wire_done(struct wire *w)
{
	tls_stream_free(&w->tls);
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
}

/* As much as there is, record by record. */
static ssize_t
read_tls(struct wire *w, char *to, size_t room)
{
	size_t got = 0;
	ssize_t n;

	w->read_wants_write = false;
	do {
		n = tls_stream_read(w->tls, to + got, room - got,
		    &w->read_wants_write);
		if (n > 0)
			got += (size_t)n;
	} while (n > 0 && got < room);
	/* An end that follows bytes is seen again by the next read. */
	w->has_more = n != -EAGAIN;
	return got > 0 ? (ssize_t)got : n;
}

ssize_t
wire_read(struct wire *w, char *to, size_t room)
{
	ssize_t n;

	if (w->secured)
		return read_tls(w, to, room);
	n = recv(w->fd, to, room, 0);
	return n == -1 ? -errno : n;
}

ssize_t
wire_write(struct wire *w, struct slice s)
{
	ssize_t n;

	w->blocked = w->write_wants_read = false;
	if (w->secured) {
		n = tls_stream_write(w->tls, s.p, s.n, &w->blocked);
		w->write_wants_read = n == -EAGAIN && !w->blocked;
		return n;
	}
	n = send(w->fd, s.p, s.n, MSG_NOSIGNAL);
	if (n != -1)
		return n;
	w->blocked = errno == EAGAIN;
	return -errno;
}

int64_t
wire_send_file(struct wire *w, int fd, uint64_t at, size_t n)
{
	off_t offset = (off_t)at;
	ssize_t sent;

	if (w->secured)
		return -ENOTSUP;
	w->blocked = false;
	sent = sendfile(w->fd, fd, &offset, n);
	if (sent != -1)
		return sent;
	w->blocked = errno == EAGAIN;
	return -errno;
}

int
wire_handshake(struct wire *w)
{
	int rc = tls_stream_handshake(w->tls, &w->read_wants_write);

	if (rc == -EAGAIN)
		return rc;
	w->read_wants_write = false;
	w->secured = rc == 0;
	/* Input may have come with the last flight of the handshake. */
	w->has_more = w->secured;
	return rc;
}
