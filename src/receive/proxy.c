/*
 * receive/proxy.c - parses what HAProxy's proxy-protocol.txt describes.
 * Unknown families and extensions are passed over, as it says.
 */
#include "receive/proxy.h"

#include <string.h>

enum { V1_MAX = 107, V2_FIXED = 16 };

static const char signature[12] = { '\r', '\n', '\r', '\n', '\0', '\r', '\n',
	'Q', 'U', 'I', 'T', '\n' };

/* "PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP port SP port CRLF,
 * or "PROXY UNKNOWN" and anything. */
static bool
parse_v1_line(struct slice line, struct proxy_header *out)
{
	struct slice family, source, destination, port, theirs;
	struct ip ip;
	uint32_t number;

	if (!slice_take_prefix(&line, "PROXY "))
		return false;
	family = slice_take_until(&line, ' ');
	if (slice_is(family, "UNKNOWN"))
		return true;
	source = slice_take_until(&line, ' ');
	destination = slice_take_until(&line, ' ');
	port = slice_take_until(&line, ' ');
	theirs = line;
	if (!slice_to_u32(theirs, UINT16_MAX, &number) ||
	    !slice_to_u32(port, UINT16_MAX, &number) ||
	    !ip_parse(destination, &ip) || !ip_parse(source, &ip))
		return false;
	if (!slice_is(family, "TCP4") && !slice_is(family, "TCP6"))
		return false;
	if (slice_is(family, "TCP4") && slice_has(source, ':'))
		return false;
	out->has_client = true;
	out->client = ip;
	out->port = (uint16_t)number;
	return true;
}

static enum proxy_progress
parse_v1(struct slice in, struct proxy_header *out)
{
	struct slice head = slice_head(in, V1_MAX);
	size_t end = slice_find_str(head, SLICE("\r\n"));

	if (end == head.n)
		return in.n < V1_MAX ? PROXY_MORE : PROXY_MALFORMED;
	*out = (struct proxy_header){ .length = end + 2 };
	return parse_v1_line(slice_head(in, end), out) ? PROXY_WHOLE
						       : PROXY_MALFORMED;
}

static uint16_t
get_u16(const char *p)
{
	return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

/* IPv4-mapped IPv6 is IPv4, as everywhere. */
static struct ip
ip_from_bytes(const char *p, size_t n)
{
	static const char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff',
		'\xff' };
	struct ip ip = { .version = 4 };

	if (n == 16 && memcmp(p, mapped, sizeof(mapped)) == 0) {
		p += sizeof(mapped);
		n = 4;
	}
	if (n == 16)
		ip.version = 6;
	memcpy(ip.bytes, p, n);
	return ip;
}

static enum proxy_progress
parse_v2(struct slice in, struct proxy_header *out)
{
	unsigned char command, family;
	size_t length;
	size_t ip_size;

	if (in.n < V2_FIXED)
		return PROXY_MORE;
	command = (unsigned char)in.p[12];
	family = (unsigned char)in.p[13];
	length = get_u16(in.p + 14);
	if (command >> 4 != 2 || (command & 15) > 1 ||
	    length > PROXY_HEADER_MAX - V2_FIXED)
		return PROXY_MALFORMED;
	if (in.n < V2_FIXED + length)
		return PROXY_MORE;
	*out = (struct proxy_header){ .length = V2_FIXED + length };
	if ((command & 15) == 0) /* LOCAL: a health check of the proxy's own */
		return PROXY_WHOLE;
	ip_size = family >> 4 == 1 ? 4 : family >> 4 == 2 ? 16 : 0;
	if (ip_size == 0)
		return PROXY_WHOLE;
	if (length < 2 * ip_size + 4)
		return PROXY_MALFORMED;
	out->has_client = true;
	out->client = ip_from_bytes(in.p + V2_FIXED, ip_size);
	out->port = get_u16(in.p + V2_FIXED + 2 * ip_size);
	return PROXY_WHOLE;
}

enum proxy_progress
proxy_parse(struct slice in, struct proxy_header *out)
{
	size_t n = in.n < sizeof(signature) ? in.n : sizeof(signature);

	if (n == 0)
		return PROXY_MORE;
	if (memcmp(in.p, signature, n) == 0)
		return n < sizeof(signature) ? PROXY_MORE : parse_v2(in, out);
	if (in.p[0] != 'P')
		return PROXY_MALFORMED;
	return parse_v1(in, out);
}
