/*
 * base/id.c - making, writing and reading ids.
 */
#include "base/id.h"

#include "base/ascii.h"

enum { COUNT_BITS = 14, MAKER_BITS = 8 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

uint64_t
id_next(struct id_maker *m, int64_t wall_ms)
{
	uint64_t now = wall_ms < 0 ? 0 : (uint64_t)wall_ms;

	if (now > m->last_ms) {
		m->last_ms = now;
		m->count = 0;
	} else if (++m->count == 1u << COUNT_BITS) {
		m->last_ms++; /* run ahead of the clock: never repeat */
		m->count = 0;
	}
	return m->last_ms << (COUNT_BITS + MAKER_BITS) |
	    (uint64_t)m->number << COUNT_BITS | m->count;
}

int64_t
id_wall_ms(uint64_t id)
{
	return (int64_t)(id >> (COUNT_BITS + MAKER_BITS));
}

void
id_text(uint64_t id, char out[ID_TEXT_SIZE])
{
	for (int i = ID_TEXT_LEN - 1; i >= 0; i--) {
		out[i] = alphabet[id & 31];
		id >>= 5;
	}
	out[ID_TEXT_LEN] = '\0';
}

static int
digit_value(char c)
{
	c = ascii_upper(c);
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	for (int i = 0; i < 32; i++)
		if (alphabet[i] == c)
			return i;
	return -1;
}

bool
id_parse(struct slice s, uint64_t *out)
{
	uint64_t id = 0;

	if (s.n != ID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int value = digit_value(s.p[i]);

		/* 13 digits are 65 bits: the first one has only four. */
		if (value < 0 || (i == 0 && value > 15))
			return false;
		id = id << 5 | (uint64_t)value;
	}
	*out = id;
	return true;
}
