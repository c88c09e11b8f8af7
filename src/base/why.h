/*
 * base/why.h - the reason of an error, in words for people.
 *
 * The last parameter of parsers whose errors people read; it may be NULL.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

enum { WHY_MAX = 512 };

struct why {
	char text[WHY_MAX];
};

/* A text that is too long is cut. */
void why_set(struct why *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
