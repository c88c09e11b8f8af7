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
/*
 * The instruction takes three cycles and a new one can begin in each: so long
 * inputs go through it in three lanes at once, which are joined by moving the
 * earlier ones over what follows them: a product with x^(8n - 33) modulo the
 * polynomial, both reflected. The 33 are what the reflected product and the
 * instruction, which takes it in, add.
 */
enum { LANE = 512 };
static const uint32_t over_one_lane = 0xdd7e3b0c;
static const uint32_t over_two_lanes = 0x170076fa;

typedef long long two_words __attribute__((vector_size(16)));

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

__attribute__((target("sse4.2,pclmul"))) static uint64_t
moved(uint64_t crc, uint32_t over)
{
	two_words a = { (long long)crc, 0 };
	two_words b = { over, 0 };
	two_words product = __builtin_ia32_pclmulqdq128(a, b, 0);

	return (uint64_t)product[0];
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t
by_three_lanes(uint32_t crc, const unsigned char *p, size_t n)
{
	for (; n >= 3 * LANE; n -= 3 * LANE) {
		uint64_t lane[3] = { crc, 0, 0 };
		uint64_t first;

		for (size_t i = 0; i < LANE; i += sizeof(uint64_t)) {
			uint64_t word[3];

			memcpy(&word[0], p + i, sizeof(uint64_t));
			memcpy(&word[1], p + i + LANE, sizeof(uint64_t));
			memcpy(&word[2], p + i + 2 * LANE, sizeof(uint64_t));
			lane[0] = __builtin_ia32_crc32di(lane[0], word[0]);
			lane[1] = __builtin_ia32_crc32di(lane[1], word[1]);
			lane[2] = __builtin_ia32_crc32di(lane[2], word[2]);
		}
		first = moved(lane[0], over_two_lanes) ^
		    moved(lane[1], over_one_lane);
		crc = (uint32_t)(__builtin_ia32_crc32di(0, first) ^ lane[2]);
		p += 3 * LANE;
	}
	return by_processor(crc, p, n);
}
#endif

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t n)
{
#if defined(__x86_64__)
	if (n >= 3 * LANE && __builtin_cpu_supports("sse4.2") &&
	    __builtin_cpu_supports("pclmul"))
		return ~by_three_lanes(~crc, bytes, n);
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_processor(~crc, bytes, n);
#endif
	return crc32c_portable(crc, bytes, n);
}
