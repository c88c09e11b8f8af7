/*
 * base/crc32c.c - CRC-32C with SSE 4.2, else with a table.
 */
#include "base/crc32c.h"

#include <string.h>

/*
 * What four bits at the low end do to the rest (0x82f63b78, the polynomial
 * reflected). Constant: a table that is filled at its first use would be filled
 * by two threads at once.
 */
static const uint32_t by_nibble[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
	0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
	0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a,
	0xf36e6f75 };

uint32_t
crc32c_portable(uint32_t crc, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	crc = ~crc;
	while (n-- > 0) {
		crc ^= *p++;
		crc = crc >> 4 ^ by_nibble[crc & 15];
		crc = crc >> 4 ^ by_nibble[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
by_processor(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t wide = crc;

	for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
		p += sizeof(uint64_t);
	}
	crc = (uint32_t)wide;
	while (n-- > 0)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t n)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_processor(~crc, bytes, n);
#endif
	return crc32c_portable(crc, bytes, n);
}
