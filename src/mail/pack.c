/*
 * mail/pack.c - packing and taking apart. What the values mean is not known
 * here.
 */
#include "mail/pack.h"

enum { U64_PACKED_MAX = 10 };

void
pack_u64(struct buf *out, uint64_t value)
{
	char bytes[U64_PACKED_MAX];
	size_t n = 0;

	while (value > 127) {
		bytes[n++] = (char)(unsigned char)((value & 127) | 128);
		value >>= 7;
	}
	bytes[n++] = (char)value;
	buf_add(out, slice_from(bytes, n));
}

void
pack_bytes(struct buf *out, struct slice bytes)
{
	pack_u64(out, bytes.n);
	buf_add(out, bytes);
}

bool
pack_take_u64(struct slice *in, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < in->n && i < U64_PACKED_MAX; i++) {
		uint64_t bits = (unsigned char)in->p[i] & 127u;

		if (i == U64_PACKED_MAX - 1 && bits > 1)
			return false; /* over 64 bits */
		value |= bits << (7 * i);
		if (((unsigned char)in->p[i] & 128u) != 0)
			continue;
		if ((bits == 0 && i > 0) || value > max)
			return false;
		*in = slice_skip(*in, i + 1);
		*out = value;
		return true;
	}
	return false;
}

bool
pack_take_bytes(struct slice *in, struct slice *out)
{
	struct slice s = *in;
	uint64_t n;

	if (!pack_take_u64(&s, SIZE_MAX, &n) || n > s.n)
		return false;
	*out = slice_head(s, (size_t)n);
	*in = slice_skip(s, (size_t)n);
	return true;
}
