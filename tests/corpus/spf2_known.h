/*
 * corpus/spf2_known.h - where libspf2 errs on the RFC 7208 test suite.
 */
#ifndef CORPUS_SPF2_KNOWN_H
#define CORPUS_SPF2_KNOWN_H

struct spf2_known {
	const char *test;
	const char *result; /* of libspf2, or "crash" */
	const char *why;
};

/* NULL: it gives the right verdict there. */
const struct spf2_known *spf2_known_find(const char *test);

#endif
