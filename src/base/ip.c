/*
 * base/ip.c - reading, writing and comparing addresses. Looks nothing up.
 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

static size_t
ip_size(const struct ip *ip)
{
	return ip->version == 4 ? 4 : ip->version == 6 ? 16 : 0;
}

bool
ip_parse(struct slice s, struct ip *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[IP_TEXT_SIZE];
	struct ip ip = { 0 };

	if (!slice_to_cstr(s, text, sizeof(text)))
		return false;
	if (inet_pton(AF_INET, text, ip.bytes) == 1) {
		ip.version = 4;
	} else if (inet_pton(AF_INET6, text, ip.bytes) == 1) {
		ip.version = 6;
		if (memcmp(ip.bytes, mapped, sizeof(mapped)) == 0) {
			ip.version = 4;
			memmove(ip.bytes, ip.bytes + 12, 4);
			memset(ip.bytes + 4, 0, 12);
		}
	} else {
		return false;
	}
	*out = ip;
	return true;
}

void
ip_text(const struct ip *ip, char out[IP_TEXT_SIZE])
{
	if (ip->version == 0 ||
	    inet_ntop(ip->version == 4 ? AF_INET : AF_INET6, ip->bytes, out,
		IP_TEXT_SIZE) == NULL)
		(void)memcpy(out, "none", sizeof("none"));
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	return a->version == b->version &&
	    memcmp(a->bytes, b->bytes, ip_size(a)) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (ip->version == 4)
		return ip->bytes[0] == 127;
	return ip->version == 6 && memcmp(ip->bytes, one, sizeof(one)) == 0;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xff00u >> (bits % 8) & 0xff;

	if (memcmp(a, b, whole) != 0)
		return false;
	return mask == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

bool
ip_net_parse(struct slice s, struct ip_net *out)
{
	struct ip_net net;
	struct slice address = slice_take_until(&s, '/');
	uint32_t bits;
	static const uint8_t zero[16];
	uint8_t rest[16];

	if (!ip_parse(address, &net.ip))
		return false;
	bits = (uint32_t)ip_size(&net.ip) * 8;
	if (s.p != address.p + address.n && !slice_to_u32(s, bits, &bits))
		return false;
	net.bits = (uint8_t)bits;
	memcpy(rest, net.ip.bytes, sizeof(rest));
	for (unsigned i = 0; i < bits; i++)
		rest[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	if (memcmp(rest, zero, ip_size(&net.ip)) != 0)
		return false;
	*out = net;
	return true;
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
	return net->ip.version == ip->version && ip->version != 0 &&
	    (net->bits == 0 || same_bits(net->ip.bytes, ip->bytes, net->bits));
}
