/*
 * base/slice.c - looking into borrowed bytes. Allocates nothing.
 */
#include "base/slice.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

struct slice
slice_of(const char *cstring)
{
	if (cstring == NULL)
		return SLICE_NONE;
	return (struct slice){ cstring, strlen(cstring) };
}

struct slice
slice_from(const void *bytes, size_t n)
{
	return (struct slice){ bytes, n };
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
slice_is(struct slice s, const char *cstring)
{
	return slice_eq(s, slice_of(cstring));
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool
slice_is_nocase(struct slice s, const char *cstring)
{
	return slice_eq_nocase(s, slice_of(cstring));
}

bool
slice_starts_nocase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && slice_is_nocase(slice_head(s, n), prefix);
}

bool
slice_ends_nocase(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && slice_is_nocase(slice_skip(s, s.n - n), suffix);
}

bool
slice_starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && slice_is(slice_head(s, n), prefix);
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

size_t
slice_find(struct slice s, char c)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return at == NULL ? s.n : (size_t)(at - s.p);
}

size_t
slice_find_last(struct slice s, char c)
{
	const char *at = s.n == 0 ? NULL : memrchr(s.p, c, s.n);

	return at == NULL ? s.n : (size_t)(at - s.p);
}

size_t
slice_find_str(struct slice s, struct slice what)
{
	const char *at;

	if (what.n == 0)
		return 0;
	if (s.n < what.n)
		return s.n;
	at = memmem(s.p, s.n, what.p, what.n);
	return at == NULL ? s.n : (size_t)(at - s.p);
}

bool
slice_has(struct slice s, char c)
{
	return slice_find(s, c) < s.n;
}

/* By blocks whose count fits an octet: compilers make vectors of that. */
size_t
slice_count(struct slice s, char c)
{
	enum { BLOCK = 128 };
	size_t n = 0;

	for (; s.n >= BLOCK; s = slice_skip(s, BLOCK)) {
		uint8_t in_block = 0;

		for (size_t i = 0; i < BLOCK; i++)
			in_block = (uint8_t)(in_block + (s.p[i] == c));
		n += in_block;
	}
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

struct slice
slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.p, n < s.n ? n : s.n };
}

struct slice
slice_skip(struct slice s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct slice){ s.p + n, s.n - n };
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && ascii_is_space(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && ascii_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
slice_take_char(struct slice *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

bool
slice_take_prefix(struct slice *s, const char *prefix)
{
	if (!slice_starts(*s, prefix))
		return false;
	*s = slice_skip(*s, strlen(prefix));
	return true;
}

bool
slice_take_prefix_nocase(struct slice *s, const char *prefix)
{
	if (!slice_starts_nocase(*s, prefix))
		return false;
	*s = slice_skip(*s, strlen(prefix));
	return true;
}

struct slice
slice_take_until(struct slice *s, char c)
{
	size_t at = slice_find(*s, c);
	struct slice head = slice_head(*s, at);

	*s = slice_skip(*s, at + 1);
	return head;
}

struct slice
slice_take_word(struct slice *s)
{
	struct slice word;
	size_t n = 0;

	while (s->n > 0 && ascii_is_space(s->p[0]))
		*s = slice_skip(*s, 1);
	while (n < s->n && !ascii_is_space(s->p[n]))
		n++;
	word = slice_head(*s, n);
	*s = slice_skip(*s, n);
	return word;
}

bool
slice_take_line(struct slice *s, struct slice *line)
{
	if (s->n == 0)
		return false;
	*line = slice_take_until(s, '\n');
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool
slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]) ||
		    __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'),
			&value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

bool
slice_to_u32(struct slice s, uint32_t max, uint32_t *out)
{
	uint64_t wide;

	if (!slice_to_u64(s, max, &wide))
		return false;
	*out = (uint32_t)wide;
	return true;
}

bool
slice_to_cstr(struct slice s, char *buf, size_t size)
{
	if (s.n >= size || slice_has(s, '\0')) {
		if (size > 0)
			buf[0] = '\0';
		return false;
	}
	if (s.n > 0)
		memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}
