/*
 * queue/bytes.h - numbers on disk: little-endian, of fixed width, unaligned.
 */
#ifndef QUEUE_BYTES_H
#define QUEUE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void
put_u16(unsigned char *p, uint16_t v)
{
	p[0] = (unsigned char)(v & 255);
	p[1] = (unsigned char)(v >> 8);
}

static inline void
put_u32(unsigned char *p, uint32_t v)
{
	put_u16(p, (uint16_t)(v & 0xffff));
	put_u16(p + 2, (uint16_t)(v >> 16));
}

static inline void
put_u64(unsigned char *p, uint64_t v)
{
	put_u32(p, (uint32_t)(v & 0xffffffff));
	put_u32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t
get_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
get_u32(const unsigned char *p)
{
	return (uint32_t)get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static inline uint64_t
get_u64(const unsigned char *p)
{
	return (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

/* Up to the next multiple of 8: where every record begins and ends. */
static inline uint64_t
round_up_8(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

#endif
