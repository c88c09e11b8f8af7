/*
 * mail/utf8.c - the table of well-formed sequences (RFC 3629, 4).
 */
#include "mail/utf8.h"

#include <stdint.h>
#include <string.h>

/* What may follow a first byte: the second byte's bounds, then plain tails. */
/* clang-format off */
static const struct {
	unsigned char first_low, first_high, second_low, second_high;
	size_t length;
} forms[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* no surrogates */
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 }, /* up to U+10FFFF */
};
/* clang-format on */

size_t
utf8_length(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first_low || p[0] > forms[i].first_high)
			continue;
		if (s.n < forms[i].length || p[1] < forms[i].second_low ||
		    p[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

bool
utf8_is_valid(struct slice s)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);

		if (n == 0)
			return false;
		s = slice_skip(s, n);
	}
	return true;
}

bool
utf8_is_ascii(struct slice s)
{
	uint64_t high = 0;

	/* Eight bytes at a time: headers of whole messages come here. */
	for (; s.n >= sizeof(high); s = slice_skip(s, sizeof(high))) {
		uint64_t word;

		memcpy(&word, s.p, sizeof(word));
		high |= word;
	}
	for (size_t i = 0; i < s.n; i++)
		high |= (unsigned char)s.p[i];
	return (high & 0x8080808080808080u) == 0;
}
