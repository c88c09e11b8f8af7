/*
 * verify/dkim_length.h - how long a body is in its two canonical forms.
 *
 * For l= (RFC 6376, 3.4.5): libopendkim counts no further than that, so it
 * can't tell whether a body goes on behind what was signed.
 */
#ifndef VERIFY_DKIM_LENGTH_H
#define VERIFY_DKIM_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* All zero at the start. */
struct dkim_form {
	uint64_t octets;
	uint64_t lines; /* line ends that count only if something follows */
};
struct dkim_length {
	struct dkim_form simple;
	struct dkim_form relaxed;
	bool blank; /* white space that counts only if something follows */
	bool cr;
};

void dkim_length_add(struct dkim_length *, struct slice run);
/* Of the body so far; a missing last line end is counted as if it were there.
 */
uint64_t dkim_length_simple(const struct dkim_length *);
uint64_t dkim_length_relaxed(const struct dkim_length *);

#endif
