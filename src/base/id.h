/*
 * base/id.h - 64-bit ids, time-ordered, as 13 characters of base32.
 *
 * The alphabet is Crockford's, upper case; reading ignores case and takes
 * I and L for 1 and O for 0.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { ID_TEXT_LEN = 13, ID_TEXT_SIZE = ID_TEXT_LEN + 1 };

/*
 * Makes ids that are unique among makers with different numbers, and over
 * restarts: 42 bits of wall milliseconds, 8 bits of maker, 14 bits of count.
 * A clock that steps back does not repeat an id within one life of a maker.
 */
struct id_maker {
	uint64_t last_ms;
	uint32_t count;
	uint8_t number;
};

uint64_t id_next(struct id_maker *, int64_t wall_ms);
int64_t id_wall_ms(uint64_t id);
void id_text(uint64_t id, char out[ID_TEXT_SIZE]);
bool id_parse(struct slice, uint64_t *out);

#endif
