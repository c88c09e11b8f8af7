/*
 * fuzz/fuzz_dns_packet.c - any bytes at all, into dns/packet.c. The first byte
 * chooses the type that was asked for.
 */
#include <stdint.h>

#include "dns/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const enum dns_type types[] = { DNS_A, DNS_MX, DNS_TXT, DNS_AAAA,
	DNS_PTR, DNS_TLSA, DNS_NS, DNS_CNAME };

static bool
is_name(enum dns_type type)
{
	return type == DNS_MX || type == DNS_PTR || type == DNS_NS ||
	    type == DNS_CNAME;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer answer;
	struct arena *arena;
	enum dns_type type;
	bool whole;

	if (size == 0 || size > UINT16_MAX)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	arena = arena_new(DNS_ARENA_MAX);
	whole = dns_packet_parse(slice_from(data + 1, size - 1), type, arena,
	    &answer);
	must(whole || answer.outcome == DNS_TEMPORARY);
	must((answer.outcome == DNS_FOUND) == (answer.count > 0));
	must(answer.count <= DNS_RECORDS_MAX);
	must(answer.canonical.n <= DNS_NAME_MAX);
	for (size_t i = 0; i < answer.count; i++) {
		const struct dns_record *r = &answer.records[i];

		must(r->ttl >= answer.ttl);
		must(!is_name(type) || r->data.n == 0 ||
		    dns_name_is_valid(r->data));
		must((type == DNS_A) == (r->ip.version == 4));
		must((type == DNS_AAAA) == (r->ip.version == 6));
		must(r->data.n == 0 || r->data.p[r->data.n] == '\0');
	}
	arena_free(&arena);
	return 0;
}
