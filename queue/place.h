/*
 * queue/place.h - where a message lies: segment, offset, length of its record.
 */
#ifndef QUEUE_PLACE_H
#define QUEUE_PLACE_H

#include <stdint.h>

struct place {
	uint64_t segment;
	uint32_t offset;
	uint32_t length; /* of the whole record, padding included */
};

#endif
