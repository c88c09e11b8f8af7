/*
 * conf/scan.h - looks a file over before libconfuse reads it.
 *
 * libconfuse takes a missing closing brace, a repeated key, stray characters
 * and "${HOME}" in silence, gives up at the first unknown key, and stumbles
 * over comments in lists. The scan finds and names all of these; what it hands
 * on is without comments and without the statements that it refused.
 */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "conf/error.h"
#include "conf/schema.h"

/* Where a section begins, in the order of the text. */
struct scan_start {
	const struct conf_section *section;
	char *place;   /* "FILE:LINE" */
	char *title;   /* as written, without quotes */
	uint32_t hash; /* of the title, without case */
};

/* Lives over all files of a configuration. */
struct scan {
	struct conf_errors *errors; /* borrowed */
	struct scan_start *starts;
	size_t start_count;
	char **seen; /* by row of the top level: places */
	/* include(PATTERN), for the caller to act on. */
	void (*include)(const char *file, uint32_t line, struct slice pattern,
	    void *arg);
	void *arg;
};

void scan_init(struct scan *, struct conf_errors *);
void scan_done(struct scan *);
/* Adds to `out` what libconfuse shall read; each token keeps its line. */
void scan_file(struct scan *, const char *file, struct slice text,
    struct buf *out);

#endif
