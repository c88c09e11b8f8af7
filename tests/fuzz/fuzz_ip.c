/*
 * fuzz/fuzz_ip.c - any bytes at all, into base/ip.c and base/id.c:
 * what parses, writes itself so that it parses to the same.
 */
#include <stdint.h>

#include "base/id.h"
#include "base/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	char text[IP_TEXT_SIZE], id_is[ID_TEXT_SIZE];
	struct ip ip, again;
	struct ip_net net;
	uint64_t id, same;

	if (ip_parse(in, &ip)) {
		ip_text(&ip, text);
		must(ip_parse(slice_of(text), &again) && ip_eq(&ip, &again));
	}
	if (ip_net_parse(in, &net)) {
		must(net.bits <= (net.ip.version == 4 ? 32 : 128));
		must(ip_net_has(&net, &net.ip));
	}
	if (id_parse(in, &id)) {
		id_text(id, id_is);
		must(id_parse(slice_of(id_is), &same) && same == id);
	}
	return 0;
}
