/*
 * base/base64.c - base64 without a library, since base/ has none.
 */
#include "base/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct slice in, struct buf *out)
{
	while (in.n > 0) {
		size_t n = in.n < 3 ? in.n : 3;
		uint32_t v = 0;
		char four[4];

		for (size_t i = 0; i < 3; i++)
			v = v << 8 | (i < n ? (unsigned char)in.p[i] : 0u);
		for (size_t i = 0; i < 4; i++)
			four[i] =
			    i <= n ? alphabet[v >> (18 - 6 * i) & 63] : '=';
		buf_add(out, slice_from(four, sizeof(four)));
		in = slice_skip(in, n);
	}
}

static int
value_of(char c)
{
	for (int i = 0; i < 64; i++)
		if (alphabet[i] == c)
			return i;
	return -1;
}

bool
base64_decode(struct slice in, struct buf *out)
{
	size_t before = out->n;

	if (in.n % 4 != 0)
		return false;
	for (size_t at = 0; at < in.n; at += 4) {
		uint32_t v = 0;
		size_t n = 3;
		char three[3];

		/* Padding: one or two "=", in the last quantum only. */
		if (at + 4 == in.n && in.p[at + 3] == '=')
			n = in.p[at + 2] == '=' ? 1 : 2;
		for (size_t i = 0; i < 4; i++) {
			int value = i > n ? 0 : value_of(in.p[at + i]);

			if (value < 0)
				goto out;
			v = v << 6 | (uint32_t)value;
		}
		/* The bits that padding leaves over are zero (3.5). */
		if ((n == 1 && (v & 0xffff) != 0) ||
		    (n == 2 && (v & 0xff) != 0))
			goto out;
		for (size_t i = 0; i < n; i++)
			three[i] = (char)(v >> (16 - 8 * i) & 255);
		buf_add(out, slice_from(three, n));
	}
	return true;
out:
	out->n = before;
	return false;
}
