/*
 * io/listener.c - sockets that wait for clients.
 *
 * It accepts a few at each wake-up and more when many wait, so that the usual
 * single client costs no second system call that finds nobody.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "io/conn.h"

enum {
	ACCEPT_MAX = 8, /* at one wake-up: the other receivers want some, too */
	RETRY_MS = 200, /* when descriptors or memory are out */
};

struct listener {
	struct loop *loop;   /* borrowed */
	struct watch *watch; /* owned */
	struct timer *retry; /* owned */
	int fd;              /* owned */
	listener_fn *fn;
	void *arg;
	int budget;
	bool paused;
	bool *gone; /* set when it is freed inside its own callback */
};

/*
 * Out of descriptors: the client stays in the kernel's queue, and asking again
 * at once would be a busy loop.
 */
static void
rest_a_while(struct listener *l, int rc)
{
	log_error("io accept-failed error=\"%s\"", err_text(rc));
	watch_set(l->watch, false, false);
	timer_set(l->retry, RETRY_MS);
}

static void
on_retry(void *arg)
{
	struct listener *l = arg;

	if (!l->paused)
		watch_set(l->watch, true, false);
}

/* A client that went away while it waited is no trouble of ours. */
static bool
is_clients_trouble(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO ||
	    error == ENETDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void
on_client(int fd, bool readable, bool writable, void *arg)
{
	struct listener *l = arg;
	struct sockaddr_storage ss;
	struct conn_address peer;
	bool gone = false;
	socklen_t size;
	int client, i;

	(void)readable;
	(void)writable;
	l->gone = &gone;
	for (i = 0; i < l->budget && !l->paused; i++) {
		size = sizeof(ss);
		client = accept4(fd, (struct sockaddr *)&ss, &size,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client == -1 && errno == EAGAIN) {
			l->budget = l->budget > 1 ? l->budget / 2 : 1;
			break;
		}
		if (client == -1 && is_clients_trouble(errno))
			continue;
		if (client == -1) {
			rest_a_while(l, -errno);
			break;
		}
		address_from_socket(&ss, &peer);
		l->fn(client, &peer, l->arg);
		if (gone)
			return;
	}
	if (i == l->budget && l->budget < ACCEPT_MAX)
		l->budget *= 2;
	l->gone = NULL;
}

struct listener *
listener_new(struct loop *loop, int fd, listener_fn *fn, void *arg)
{
	struct listener *l = mem_zero(sizeof(*l));
	const int on = 1;

	/* Accepted sockets inherit it; it fails on Unix sockets. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* It may come from systemd as a blocking one. */
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != -1);
	l->loop = loop;
	l->fd = fd;
	l->fn = fn;
	l->arg = arg;
	l->budget = 1;
	l->watch = watch_new(loop, fd, on_client, l);
	l->retry = timer_new(loop, on_retry, l);
	watch_set(l->watch, true, false);
	return l;
}

void
listener_free(struct listener **lp)
{
	struct listener *l = *lp;

	if (l == NULL)
		return;
	if (l->gone != NULL)
		*l->gone = true;
	watch_free(&l->watch);
	timer_free(&l->retry);
	(void)close(l->fd);
	mem_free(l);
	*lp = NULL;
}

void
listener_pause(struct listener *l, bool paused)
{
	l->paused = paused;
	watch_set(l->watch, !paused, false);
}

static int
bind_and_listen(int fd, const struct conn_address *a, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t size;
	int rc = address_to_socket(a, &ss, &size);

	if (rc != 0)
		return rc;
	if (bind(fd, (struct sockaddr *)&ss, size) == -1 ||
	    listen(fd, backlog) == -1)
		return -errno;
	return 0;
}

int
listener_bind(const struct ip *ip, uint16_t port, int backlog)
{
	const struct conn_address a = { .ip = *ip, .port = port };
	const int on = 1;
	int fd, rc;

	must(ip->version == 4 || ip->version == 6);
	fd = socket(ip->version == 6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    (ip->version == 6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
		    -1))
		rc = -errno;
	else
		rc = bind_and_listen(fd, &a, backlog);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

int
listener_bind_unix(const char *path, unsigned mode)
{
	const struct conn_address a = { .path = path };
	mode_t old;
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	/* What a process before us left behind. */
	(void)unlink(path);
	old = umask(0777 & ~mode);
	rc = bind_and_listen(fd, &a, SOMAXCONN);
	(void)umask(old);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}
