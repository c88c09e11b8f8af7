/*
 * schedule/sources.h - which of a route's own addresses a job may use: not
 * those that rest at its site, nor those whose warm-up has no more for today.
 *
 * Counts and rests are kept in the state database. A choice holds a place in
 * the warm-up until sources_done(), so no day's number is ever exceeded.
 */
#ifndef SCHEDULE_SOURCES_H
#define SCHEDULE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "conf/conf.h"
#include "schedule/lane.h"
#include "state/state.h"

enum { SOURCE_FAMILIES = 2, SOURCE_WORDS_MAX = 160 };

struct sources;
struct source_use;

/* All zero: nothing chosen. */
struct source_choice {
	struct source_use *uses[SOURCE_FAMILIES];        /* borrowed, or NULL */
	char text[SOURCE_FAMILIES * (IP_TEXT_SIZE + 1)]; /* "" : any */
};

/* When no address may be used. */
struct source_wait {
	int64_t until_ms;             /* wall */
	char words[SOURCE_WORDS_MAX]; /* a reply: "451 4.3.2 ..." */
};

struct sources *sources_new(void) MUST_USE;
void sources_free(struct sources **);
/* Borrowed; reads what was kept. */
void sources_set_state(struct sources *, struct state *, int64_t wall_ms);

/* False: the mail has to wait; nothing is held then. */
bool sources_choose(struct sources *, const struct conf *, const struct lane *,
    int64_t wall_ms, struct source_choice *, struct source_wait *) MUST_USE;
/* It goes no further, or was done. `address`: of the host that took it. */
void sources_done(struct sources *, struct source_choice *,
    struct slice address, bool taken, int64_t wall_ms);
/*
 * The address that was chosen for hosts of that family rests at the lane's
 * site.
 * False: none was chosen.
 */
bool sources_rest(struct sources *, const struct lane *,
    const struct source_choice *, struct slice address, int64_t until_ms,
    struct slice rule, int64_t wall_ms) MUST_USE;
/* Sentences of the addresses that mail takes there, one a line. */
void sources_tell(struct sources *, const struct conf *, const struct lane *,
    int64_t wall_ms, struct buf *);
/* The postmaster resumes the site: so do its addresses. */
void sources_wake(struct sources *, struct slice site);

#endif
