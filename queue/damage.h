/*
 * queue/damage.h - telling of damage that was met on disk, and counting it.
 */
#ifndef QUEUE_DAMAGE_H
#define QUEUE_DAMAGE_H

#include <stdint.h>

struct damage {
	void (*tell)(const char *text, void *arg); /* may be NULL */
	void *arg;
	uint64_t count;
};

void damage_tell(struct damage *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
