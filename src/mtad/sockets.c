/*
 * mtad/sockets.c - see sockets.h. It accepts nothing: workers do.
 */
#include "mtad/sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "io/conn.h"

enum {
	BACKLOG = 1024,
	ANY_PORT_TRIES = 16,
	CONTROL_MODE = 0660,
};

struct opening {
	const struct inherited *inherited;
	const struct sockets *old;
	struct sockets *out;
	struct why *why;
};

/* Where a socket really listens: port 0 is known only now. */
static uint16_t
describe(struct bound *b)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t size = sizeof(ss);
	struct conn_address self;

	if (getsockname(b->fd, (struct sockaddr *)&ss, &size) == -1)
		return 0;
	address_from_socket(&ss, &self);
	if (b->text[0] == '\0')
		address_text(&self, b->text);
	return self.port;
}

static struct bound *
append(struct sockets *set, const char *name, int fd)
{
	struct bound *b;

	set->v = mem_resize(set->v, set->n + 1, sizeof(*set->v));
	b = &set->v[set->n++];
	*b = (struct bound){ .name = mem_cstr(slice_of(name)), .fd = fd };
	return b;
}

static struct bound *
append_copy(struct opening *o, const struct bound *from, const char *name)
{
	struct bound *b;
	int fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);

	must(fd != -1);
	b = append(o->out, name, fd);
	b->is_schedulers = from->is_schedulers;
	b->ip = from->ip;
	b->wanted_port = from->wanted_port;
	b->is_inherited = from->is_inherited;
	memcpy(b->text, from->text, sizeof(b->text));
	return b;
}

/* One that the old set has: of this address and port, under any name. */
static const struct bound *
find_old(const struct opening *o, const char *name, const struct ip *ip,
    uint16_t port)
{
	for (size_t i = 0; i < o->old->n; i++) {
		const struct bound *b = &o->old->v[i];

		if (!b->is_inherited && ip_eq(&b->ip, ip) &&
		    b->wanted_port == port && b->ip.version != 0 &&
		    (port != 0 || strcmp(b->name, name) == 0))
			return b;
	}
	return NULL;
}

static int
bind_one(struct opening *o, const char *name, const struct ip *ip,
    uint16_t port, uint16_t wanted, struct bound **out)
{
	const struct bound *old = find_old(o, name, ip, wanted);
	int fd;

	if (old != NULL) {
		*out = append_copy(o, old, name);
		return 0;
	}
	fd = listener_bind(ip, port, BACKLOG);
	if (fd < 0)
		return fd;
	*out = append(o->out, name, fd);
	(*out)->ip = *ip;
	(*out)->wanted_port = wanted;
	return 0;
}

/* Forgets the sockets from `n` on. */
static void
cut(struct sockets *set, size_t n)
{
	while (set->n > n) {
		struct bound *b = &set->v[--set->n];

		(void)close(b->fd);
		mem_free(b->name);
	}
}

/* "*" is both families; a machine without IPv6 does with IPv4. */
static size_t
addresses_of(const char *text, struct ip out[2])
{
	if (strcmp(text, "*") != 0)
		return ip_parse(slice_of(text), &out[0]) ? 1 : 0;
	out[0] = (struct ip){ .version = 4 };
	out[1] = (struct ip){ .version = 6 };
	return 2;
}

static int
bind_address(struct opening *o, const char *name, const char *address,
    uint16_t wanted, uint16_t *port)
{
	struct ip ips[2];
	size_t n = addresses_of(address, ips);

	if (n == 0) {
		why_set(o->why, "listener \"%s\": %s is no address", name,
		    address);
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		struct bound *b;
		int rc = bind_one(o, name, &ips[i], *port, wanted, &b);

		if (i == 1 && (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL))
			continue;
		if (rc != 0) {
			why_set(o->why, "listener \"%s\": %s port %u: %s", name,
			    address, *port, err_text(rc));
			return rc;
		}
		*port = describe(b);
	}
	return 0;
}

/*
 * All addresses of a listener share a port. When any is wanted, the first
 * address picks it, and the others may find it taken: then once more.
 */
static int
bind_listener(struct opening *o, const struct listener_conf *l)
{
	const size_t before = o->out->n;
	int rc = 0;

	for (int try = 0; try < ANY_PORT_TRIES; try++) {
		uint16_t port = l->port;

		for (size_t i = 0; i < l->addresses.n && rc == 0; i++)
			rc = bind_address(o, l->name, l->addresses.v[i],
			    l->port, &port);
		if (rc != -EADDRINUSE || l->port != 0)
			break;
		cut(o->out, before);
		rc = try + 1 < ANY_PORT_TRIES ? 0 : rc;
	}
	return rc;
}

static bool
use_inherited(struct opening *o, const char *name)
{
	size_t at = 0;
	bool found = false;
	int fd;

	while ((fd = inherited_next(o->inherited, name, &at)) != -1) {
		struct bound from = { .fd = fd, .is_inherited = true };

		(void)describe(append_copy(o, &from, name));
		found = true;
	}
	return found;
}

/* --- control.sock ------------------------------------------------------------
 */

static bool
somebody_listens(const char *path)
{
	const struct conn_address to = { .path = path };
	struct sockaddr_storage ss;
	socklen_t size;
	int fd;
	bool yes;

	if (address_to_socket(&to, &ss, &size) != 0)
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	yes = connect(fd, (const struct sockaddr *)&ss, size) == 0;
	(void)close(fd);
	return yes;
}

/* Who is in the group may give orders; nobody else may. */
static void
give_to_group(const char *path, const char *group)
{
	const struct group *gr = getgrnam(group);

	if (gr == NULL)
		return; /* conf_each_warning() tells */
	if (chown(path, (uid_t)-1, gr->gr_gid) == -1)
		log_warning("control group-not-set group=%s error=\"%s\"",
		    group, err_text(-errno));
	else if (chmod(path, CONTROL_MODE) == -1)
		log_warning("control mode-not-set error=\"%s\"",
		    err_text(-errno));
}

static int
bind_control(struct opening *o, const struct conf *conf)
{
	struct bound *b;
	char path[sizeof(b->text)];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/control.sock", conf->runtime);
	for (size_t i = 0; i < o->old->n; i++)
		if (strcmp(o->old->v[i].text, path) == 0) {
			(void)append_copy(o, &o->old->v[i], "control");
			give_to_group(path, conf->control_group);
			return 0;
		}
	if (somebody_listens(path)) {
		why_set(o->why, "another mtad listens on %s", path);
		return -EADDRINUSE;
	}
	fd = listener_bind_unix(path, 0600);
	if (fd < 0) {
		why_set(o->why, "%s: %s", path, err_text(fd));
		return fd;
	}
	b = append(o->out, "control", fd);
	b->is_schedulers = true;
	memcpy(b->text, path, sizeof(path));
	give_to_group(path, conf->control_group);
	return 0;
}

/* "192.0.2.1:80" or "[2001:db8::1]:80". */
static int
bind_http(struct opening *o, const char *where)
{
	struct slice port_text = slice_of(where);
	size_t colon = slice_find_last(port_text, ':');
	struct slice host = slice_head(port_text, colon);
	struct bound *b;
	struct ip ip;
	uint32_t port;
	int rc;

	port_text = slice_skip(port_text, colon + 1);
	if (slice_take_char(&host, '['))
		host = slice_head(host, slice_find(host, ']'));
	if (!ip_parse(host, &ip) || !slice_to_u32(port_text, 65535, &port)) {
		why_set(o->why, "http.listen: %s is not ADDRESS:PORT", where);
		return -EINVAL;
	}
	rc = bind_one(o, "http", &ip, (uint16_t)port, (uint16_t)port, &b);
	if (rc != 0) {
		why_set(o->why, "http.listen: %s: %s", where, err_text(rc));
		return rc;
	}
	b->is_schedulers = true;
	(void)describe(b);
	return 0;
}

int
sockets_open(const struct conf *conf, const struct inherited *inherited,
    const struct sockets *old, struct sockets *out, struct why *why)
{
	struct sockets set = { NULL, 0 };
	struct opening o = { inherited, old, &set, why };
	int rc;

	/* First: who can reach a listener can also give orders. */
	rc = bind_control(&o, conf);
	for (size_t i = 0; i < conf->listener_count && rc == 0; i++)
		if (!use_inherited(&o, conf->listeners[i].name))
			rc = bind_listener(&o, &conf->listeners[i]);
	if (rc == 0 && conf->http_listen[0] != '\0')
		rc = bind_http(&o, conf->http_listen);
	if (rc == 0)
		*out = set;
	else
		sockets_done(&set);
	return rc;
}

void
sockets_done(struct sockets *set)
{
	cut(set, 0);
	mem_free(set->v);
	*set = (struct sockets){ NULL, 0 };
}

static size_t
count(const struct sockets *set, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += strcmp(set->v[i].name, name) == 0;
	return n;
}

bool
sockets_have(const struct sockets *set, const char *name)
{
	return count(set, name) > 0;
}

bool
sockets_are_same(const struct sockets *a, const struct sockets *b,
    const char *name)
{
	size_t same = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			same += strcmp(a->v[i].name, name) == 0 &&
			    strcmp(b->v[j].name, name) == 0 &&
			    strcmp(a->v[i].text, b->v[j].text) == 0;
	return same > 0 && same == count(a, name) && same == count(b, name);
}
