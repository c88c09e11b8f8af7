/*
 * queue/salvage.c - guessing places of messages out of damaged octets.
 */
#include "queue/salvage.h"

#include "queue/adopt.h"
#include "queue/bytes.h"
#include "queue/record.h"

enum {
	/* Of a record of a checkpoint. */
	AT_KIND = 16,
	AT_ID = 8,
	AT_PLACE = CHANGE_HEADER_SIZE,
	PLACE_SIZE = 16,
	LOOK_AT = AT_PLACE + PLACE_SIZE,
	/* Beyond this it is not looked through any more. */
	DAMAGE_MAX = 1 << 20,
};

static bool
adopt(struct state *s, struct queue_reader *reader,
    const struct id_list *segments, const unsigned char *p, struct arena *arena)
{
	const struct place place = { get_u64(p), get_u32(p + 8),
		get_u32(p + 12) };

	/* Only what may be one is worth a file opened. */
	return place.offset % 8 == 0 && place.length % 8 == 0 &&
	    place.length >= RECORD_HEADER_SIZE &&
	    place.offset <= SEGMENT_SIZE &&
	    place.length <= SEGMENT_SIZE - place.offset &&
	    id_list_has(segments, place.segment) &&
	    adopt_place(s, reader, &place, arena) != NULL;
}

/* With each octet of the place replaced by each other in turn. */
static bool
adopt_like(struct state *s, struct queue_reader *reader,
    const struct id_list *segments, unsigned char *p, struct arena *arena)
{
	for (unsigned i = 0; i < PLACE_SIZE; i++) {
		unsigned char was = p[i];

		for (unsigned value = 0; value < 256; value++) {
			p[i] = (unsigned char)value;
			if (adopt(s, reader, segments, p, arena))
				return true;
		}
		p[i] = was;
	}
	return false;
}

/* Unless the record says that it is something else, which has places, too. */
static bool
may_be_message(const unsigned char *p)
{
	return get_u64(p + AT_ID) != 0 &&
	    (p[0] != 'J' || get_u16(p + AT_KIND) >= CHANGE_KINDS ||
		get_u16(p + AT_KIND) == CHANGE_MESSAGE);
}

bool
salvage(struct state *s, struct queue_reader *reader,
    const struct id_list *segments, struct journal_reader *file,
    struct arena *arena, unsigned *count)
{
	uint64_t from = journal_reader_from(file);
	uint64_t to = journal_reader_to(file);
	unsigned char p[LOOK_AT];

	*count = 0;
	for (uint64_t at = from; at < to && at - from < DAMAGE_MAX; at += 8)
		if (journal_reader_octets(file, at, p, sizeof(p)) &&
		    may_be_message(p) &&
		    adopt(s, reader, segments, p + AT_PLACE, arena))
			(*count)++;
	if (*count > 0 || !journal_reader_octets(file, from, p, sizeof(p)))
		return *count > 0;
	if (!may_be_message(p))
		return true;
	*count += adopt_like(s, reader, segments, p + AT_PLACE, arena);
	return *count > 0;
}
