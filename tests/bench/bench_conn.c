/*
 * bench/bench_conn.c - what a connection of io/ costs: round trips a second,
 * processor time of each, and the memory of an idle one.
 *
 * The server is in this process; the client is a child that does the least
 * possible. Usage: bench_conn [plain|tls] [SESSIONS [ROUND_TRIPS [IDLE]]]
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "io/conn.h"

enum { SESSIONS_MAX = 20000, PEM_MAX = 16 << 10 };

static const char command[] = "RCPT TO:<somebody@example.org>\r\n";

static struct loop *loop;
static struct tls_server *tls;
static unsigned open_now, opened, wanted;

static void
on_readable(struct conn *c, void *arg)
{
	struct slice in = conn_input(c, SIZE_MAX);

	(void)arg;
	while (in.n >= sizeof(command) - 1) {
		in = slice_skip(in, sizeof(command) - 1);
		conn_write(c, SLICE("250 2.1.5 ok\r\n"));
	}
	conn_consume(c, conn_input_size(c) - in.n);
	conn_set_timeout(c, 300 * SECOND);
}

static void
on_secured(struct conn *c, int rc, void *arg)
{
	(void)arg;
	must(rc == 0);
	conn_resume(c);
	if (++opened == wanted)
		loop_stop(loop);
}

static void
on_ended(struct conn *c, int rc, void *arg)
{
	(void)rc;
	(void)arg;
	conn_close_later(c);
	if (--open_now == 0)
		loop_stop(loop);
}

static const struct conn_events events = { .readable = on_readable,
	.secured = on_secured,
	.ended = on_ended };

static void
on_client(int fd, const struct conn_address *peer, void *arg)
{
	struct conn *c = conn_accept(loop, fd, &events, NULL);

	(void)arg;
	conn_set_peer(c, peer);
	conn_set_timeout(c, 300 * SECOND);
	open_now++;
	if (tls != NULL)
		conn_start_tls_server(c, tls);
	else
		on_secured(c, 0, NULL);
}

struct peer {
	int fd;
	SSL *ssl;
};

static void
peer_open(struct peer *p, const struct sockaddr_storage *to, SSL_CTX *ctx)
{
	p->fd = socket(to->ss_family, SOCK_STREAM, 0);
	must(p->fd != -1);
	must(connect(p->fd, (const struct sockaddr *)to, sizeof(*to)) == 0);
	p->ssl = NULL;
	if (ctx == NULL)
		return;
	p->ssl = SSL_new(ctx);
	must(SSL_set_fd(p->ssl, p->fd) == 1 && SSL_connect(p->ssl) == 1);
}

static void
peer_say(struct peer *p)
{
	const int n = (int)sizeof(command) - 1;

	if (p->ssl != NULL)
		must(SSL_write(p->ssl, command, n) == n);
	else
		must(write(p->fd, command, (size_t)n) == n);
}

static void
peer_hear(struct peer *p)
{
	char reply[64];

	if (p->ssl != NULL)
		must(SSL_read(p->ssl, reply, sizeof(reply)) > 0);
	else
		must(read(p->fd, reply, sizeof(reply)) > 0);
}

/* All sessions say something, then all answers are read; then they idle. */
static void
client(const struct sockaddr_storage *to, unsigned sessions, unsigned trips,
    bool use_tls, int go_fd)
{
	SSL_CTX *ctx = use_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	struct peer *peers = mem_array(sessions, sizeof(*peers));
	char byte;

	for (unsigned i = 0; i < sessions; i++)
		peer_open(&peers[i], to, ctx);
	must(read(go_fd, &byte, 1) == 1);
	for (unsigned t = 0; t < trips / sessions; t++) {
		for (unsigned i = 0; i < sessions; i++)
			peer_say(&peers[i]);
		for (unsigned i = 0; i < sessions; i++)
			peer_hear(&peers[i]);
	}
	_exit(0);
}

static int64_t
cpu_us(void)
{
	struct rusage ru;

	must(getrusage(RUSAGE_SELF, &ru) == 0);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * (int64_t)1000000 +
	    ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}

static long
resident_kib(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	long kib = 0;

	must(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	(void)fclose(f);
	return kib;
}

static void
run(const struct sockaddr_storage *to, unsigned sessions, unsigned trips)
{
	int64_t wall, cpu;
	long kib = resident_kib();
	int go[2];
	pid_t pid;

	must(pipe(go) == 0);
	opened = open_now = 0;
	wanted = sessions;
	pid = fork();
	must(pid != -1);
	if (pid == 0)
		client(to, sessions, trips, tls != NULL, go[0]);
	loop_run(loop);
	kib = resident_kib() - kib;
	wall = time_mono_us();
	cpu = cpu_us();
	must(write(go[1], "x", 1) == 1);
	loop_run(loop);
	wall = time_mono_us() - wall;
	cpu = cpu_us() - cpu;
	if (trips > 0)
		(void)printf("%u sessions, %u round trips: %.0f/s, %.2f us of"
			     " processor each\n",
		    sessions, trips, trips * 1e6 / (double)wall,
		    (double)cpu / trips);
	else
		(void)printf("%u idle sessions: %.0f bytes each\n", sessions,
		    (double)kib * 1024 / sessions);
	must(waitpid(pid, NULL, 0) == pid);
	(void)close(go[0]);
	(void)close(go[1]);
}

static struct tls_server *
make_tls(void)
{
	struct buf certificate, key;
	struct tls_server_cert cert = { .name = "default", .minimum = 12 };
	struct tls_server *server;
	struct why why;

	buf_init(&certificate, PEM_MAX);
	buf_init(&key, PEM_MAX);
	must(tls_self_signed("bench.example", &certificate, &key) == 0);
	cert.certificate_pem = buf_slice(&certificate);
	cert.key_pem = buf_slice(&key);
	server = tls_server_new(&cert, 1, SLICE_NONE, &why);
	must(server != NULL);
	buf_done(&certificate);
	buf_done(&key);
	return server;
}

static unsigned
argument(char **argv, int argc, int i, uint32_t otherwise)
{
	uint32_t n = otherwise;

	if (argc > i)
		must(slice_to_u32(slice_of(argv[i]), 100000000, &n));
	return n;
}

int
main(int argc, char **argv)
{
	const struct ip ip = { 4, { 127, 0, 0, 1 } };
	unsigned sessions = argument(argv, argc, 2, 50);
	unsigned trips = argument(argv, argc, 3, 500000);
	unsigned idle = argument(argv, argc, 4, 5000);
	struct rlimit files = { SESSIONS_MAX, SESSIONS_MAX };
	struct sockaddr_storage to;
	socklen_t size = sizeof(to);
	struct listener *listener;
	int fd;

	(void)setrlimit(RLIMIT_NOFILE, &files);
	must(sessions > 0 && sessions < SESSIONS_MAX && idle < SESSIONS_MAX);
	loop = loop_new();
	if (argc > 1 && strcmp(argv[1], "tls") == 0)
		tls = make_tls();
	fd = listener_bind(&ip, 0, 1000);
	must(fd >= 0 && getsockname(fd, (struct sockaddr *)&to, &size) == 0);
	listener = listener_new(loop, fd, on_client, NULL);
	run(&to, sessions, trips);
	if (idle > 0)
		run(&to, idle, 0);
	listener_free(&listener);
	tls_server_free(&tls);
	loop_free(&loop);
	return 0;
}
