/*
 * verify/dkim_verify.h - are the DKIM signatures of a message good (RFC 6376,
 * 8301, 8463)?
 *
 * Fed while the message streams in, header section first; nothing of the body
 * is kept. Never waits: the keys' names go as questions into a set of answers,
 * and the verdict is a function of the message and that set. (The clock is read
 * by libopendkim for t= and x=, with five minutes of grace.)
 */
#ifndef VERIFY_DKIM_VERIFY_H
#define VERIFY_DKIM_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"
#include "dns/answers.h"
#include "verify/dkim_field.h"

enum {
	DKIM_SIGNATURES_MAX = 10, /* from the top; more are not looked at */
	/* Fields of the message times names in all h=: what eoh may cost */
	DKIM_COMPARISONS_MAX = 500 * 1000,
	DKIM_FIELDS_MAX = 4000,
};

struct dkim_library;
struct dkim_verify;

/* One a process, before its chroot: it reads files. NULL: it can't work. */
struct dkim_library *dkim_library_new(void) MUST_USE;
void dkim_library_free(struct dkim_library **);

struct dkim_signature {
	struct dkim_field field; /* its verdict: field.result, field.reason */
	bool testing;            /* the key says t=y */
	unsigned bits;           /* of the key; 0: unknown */
};

/* Borrows the library. As many at once as one likes. */
struct dkim_verify *dkim_verify_new(struct dkim_library *) MUST_USE;
void dkim_verify_free(struct dkim_verify **);

/* The whole header section, once; with or without the empty line behind it. */
void dkim_verify_header(struct dkim_verify *, struct slice header);
/* What follows the empty line, in runs of any size; then the end. */
void dkim_verify_body(struct dkim_verify *, struct slice run);
void dkim_verify_end(struct dkim_verify *);

/*
 * Asks the set for the keys, at any time behind the header section (so that
 * they come while the body does). True if no answer is missing.
 */
bool dkim_verify_ask(const struct dkim_verify *, struct answers *);
/* At the end. False: answers are missing; nothing has been judged then. */
bool dkim_verify_judge(struct dkim_verify *, struct answers *) MUST_USE;

/* The signatures that are looked at, in the order of the header section. */
size_t dkim_verify_count(const struct dkim_verify *);
/* Those beyond DKIM_SIGNATURES_MAX. */
size_t dkim_verify_ignored(const struct dkim_verify *);
/* Final once judged. */
const struct dkim_signature *dkim_verify_signature(const struct dkim_verify *,
    size_t index);

#endif
