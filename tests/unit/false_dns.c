/* unit/false_dns.c - answers questions out of a table. */
#include "tests/unit/false_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/ip.h"
#include "dns/packet.h"

enum { HEADER = 12, ANSWER_MAX = 4096 };

struct false_dns {
	const struct false_record *records;
	struct watch *watch;
	int fd;
	unsigned questions;
	char server[64];
};

static void
add_u16(struct buf *out, unsigned n)
{
	buf_add_char(out, (char)(n >> 8));
	buf_add_char(out, (char)n);
}

static void
add_name(struct buf *out, struct slice name)
{
	while (name.n > 0) {
		struct slice label = slice_take_until(&name, '.');

		if (label.n == 0)
			break;
		buf_add_char(out, (char)label.n);
		buf_add(out, label);
	}
	buf_add_char(out, '\0');
}

static unsigned
type_of(struct slice word)
{
	static const enum dns_type all[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT,
		DNS_CNAME };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (slice_is(word, dns_type_name(all[i])))
			return (unsigned)all[i];
	return 0;
}

static void
add_record(struct buf *out, struct slice name, unsigned type, struct slice data)
{
	struct buf rdata;
	struct ip ip;
	uint32_t preference;
	struct slice word;

	buf_init(&rdata, ANSWER_MAX);
	if (type == DNS_A || type == DNS_AAAA) {
		must(ip_parse(data, &ip));
		buf_add(&rdata, slice_from(ip.bytes, ip.version == 4 ? 4 : 16));
	} else if (type == DNS_MX) {
		word = slice_take_word(&data);
		must(slice_to_u32(word, UINT16_MAX, &preference));
		add_u16(&rdata, preference);
		add_name(&rdata, slice_trim(data));
	} else if (type == DNS_TXT) {
		buf_add_char(&rdata, (char)data.n);
		buf_add(&rdata, data);
	} else {
		add_name(&rdata, data);
	}
	add_name(out, name);
	add_u16(out, type);
	add_u16(out, 1);
	add_u16(out, 0);
	add_u16(out, 60);
	add_u16(out, (unsigned)rdata.n);
	buf_add(out, buf_slice(&rdata));
	buf_done(&rdata);
}

/* The question's name as text; 0 when it is malformed. */
static size_t
read_name(struct slice packet, char *name, size_t size, unsigned *type)
{
	size_t at = HEADER, n = 0;

	while (at < packet.n && packet.p[at] != 0) {
		size_t length = (unsigned char)packet.p[at];

		if (length > 63 || packet.n - at <= length + 4 ||
		    n + length + 2 > size)
			return 0;
		if (n > 0)
			name[n++] = '.';
		memcpy(name + n, packet.p + at + 1, length);
		n += length;
		at += length + 1;
	}
	if (packet.n - at < 5)
		return 0;
	name[n] = '\0';
	*type = (unsigned)(unsigned char)packet.p[at + 1] << 8 |
	    (unsigned char)packet.p[at + 2];
	return at + 5;
}

/* Adds what there is; true if the name exists. `said` is what is special. */
static bool
look_up(const struct false_dns *d, struct slice name, unsigned type,
    struct buf *out, unsigned *count, const char **special)
{
	bool known = false;

	for (const struct false_record *r = d->records; r->name != NULL; r++) {
		struct slice data = slice_of(r->data), word;
		unsigned rtype;

		if (!slice_is_nocase(name, r->name))
			continue;
		known = true;
		word = slice_take_word(&data);
		data = slice_trim(data);
		rtype = type_of(word);
		if (rtype == 0) {
			*special = r->data;
			return true;
		}
		if (rtype != type && rtype != DNS_CNAME)
			continue;
		add_record(out, name, rtype, data);
		++*count;
		if (rtype == DNS_CNAME && type != DNS_CNAME)
			(void)look_up(d, data, type, out, count, special);
	}
	return known;
}

static void
on_question(int fd, bool readable, bool writable, void *arg)
{
	struct false_dns *d = arg;
	struct sockaddr_in from;
	socklen_t from_n = sizeof(from);
	char bytes[1024], name[512];
	const char *special = NULL;
	unsigned type, count = 0, rcode = 0;
	struct buf answers, out;
	ssize_t n;
	size_t end;

	(void)readable;
	(void)writable;
	n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
	    &from_n);
	if (n < HEADER)
		return;
	d->questions++;
	end =
	    read_name(slice_from(bytes, (size_t)n), name, sizeof(name), &type);
	if (end == 0)
		return;
	buf_init(&answers, ANSWER_MAX);
	buf_init(&out, ANSWER_MAX);
	if (!look_up(d, slice_of(name), type, &answers, &count, &special))
		rcode = 3;
	if (special != NULL && strcmp(special, "SERVFAIL") == 0)
		rcode = 2;
	if (special == NULL || strcmp(special, "SILENCE") != 0) {
		buf_add(&out, slice_from(bytes, 2));
		add_u16(&out, 0x8180 | rcode);
		add_u16(&out, 1);
		add_u16(&out, count);
		add_u16(&out, 0);
		add_u16(&out, 0);
		buf_add(&out, slice_from(bytes + HEADER, end - HEADER));
		buf_add(&out, buf_slice(&answers));
		(void)sendto(fd, out.p, out.n, 0, (struct sockaddr *)&from,
		    from_n);
	}
	buf_done(&answers);
	buf_done(&out);
}

struct false_dns *
false_dns_new(struct loop *loop, const struct false_record *records)
{
	struct false_dns *d = mem_zero(sizeof(*d));
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);

	d->records = records;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(d->fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	must(getsockname(d->fd, (struct sockaddr *)&at, &n) == 0);
	(void)snprintf(d->server, sizeof(d->server), "127.0.0.1@%u",
	    (unsigned)ntohs(at.sin_port));
	d->watch = watch_new(loop, d->fd, on_question, d);
	watch_set(d->watch, true, false);
	return d;
}

void
false_dns_free(struct false_dns **dns)
{
	watch_free(&(*dns)->watch);
	(void)close((*dns)->fd);
	mem_free(*dns);
	*dns = NULL;
}

const char *
false_dns_server(const struct false_dns *d)
{
	return d->server;
}

unsigned
false_dns_questions(const struct false_dns *d)
{
	return d->questions;
}
