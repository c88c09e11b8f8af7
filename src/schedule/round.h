/*
 * schedule/round.h - one go at delivering a message: all recipients that are
 * still open, grouped into loads by the site they go to.
 *
 * A round begins when a message arrives or its time has come, and ends when
 * each load is done. Values that dispatch/ owns; routing fills them.
 */
#ifndef SCHEDULE_ROUND_H
#define SCHEDULE_ROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "mail/envelope.h"
#include "mail/fate.h"
#include "queue/entry.h"
#include "schedule/plan.h"
#include "schedule/site.h"

struct round;

enum { LOAD_TRIED_MAX = 8 };

/* Recipients of one message for one site: what a job carries. */
struct load {
	struct plan_load plan; /* first: a load is found by it */
	struct round *round;   /* borrowed: its owner */
	struct site *site;     /* borrowed: the table */
	TAILQ_ENTRY(load) in_round;
	uint64_t job;       /* 0: none */
	unsigned deliverer; /* that has the job */
	bool was_put_back;  /* a deliverer died with it before */
	bool is_offered;    /* to the plan */
	uint8_t tried_count;
	uint16_t tried[LOAD_TRIED_MAX]; /* numbers of sites that failed it */
	uint32_t count;
	uint32_t size;
	uint32_t octets;      /* of its envelope, about */
	uint32_t *recipients; /* owned: indexes */
};

/* A final fate that somebody may have to be told of. */
struct note {
	STAILQ_ENTRY(note) link;
	uint32_t index;
	uint16_t attempts;
	bool is_pending; /* not journaled before its report is on disk */
	bool has_expired;
	struct fate fate; /* its reply points behind this struct */
	struct slice host;
	int64_t at_ms; /* wall; 0: no attempt */
	char text[];
};

/* What a postmaster wants done as soon as no job is under way. */
enum round_wish { WISH_NOTHING, WISH_REMOVE, WISH_BOUNCE };

TAILQ_HEAD(round_loads, load);
STAILQ_HEAD(round_notes, note);

struct round {
	TAILQ_ENTRY(round) link;   /* of those that end */
	struct queue_entry *entry; /* borrowed: the store */
	struct arena *arena;       /* owned; holds the envelope, or NULL */
	struct envelope *envelope; /* the arena's, or NULL: read it again */
	struct round_loads loads;  /* owned */
	struct round_notes notes;  /* owned */
	enum round_wish wish;
	bool has_originals;      /* original_count is known */
	uint32_t original_count; /* recipients before any expansion */
	unsigned reports;        /* under way to the disk */
	bool report_failed;
	bool is_ending;
};

enum { ROUND_ARENA_MAX = 32 << 20 };

struct round *round_new(struct queue_entry *) MUST_USE;
void round_free(struct round **);
/* Drops the envelope, to save memory. */
void round_forget_envelope(struct round *);
struct load *load_new(struct round *, struct site *);
void load_free(struct load **);
void load_add(struct load *, uint32_t index, uint32_t octets);
bool load_has_tried(const struct load *, uint16_t site);
/* May it go to yet another site? */
bool load_can_move(const struct load *);
/* It carries on for `from`: what that has tried, its own site too. */
void load_note_tried(struct load *, const struct load *from);
void round_note(struct round *, uint32_t index, const struct fate *,
    struct slice host, uint16_t attempts, int64_t at_ms, bool pending,
    bool expired);
/* Fair turns go by it: the login, else the sender's domain, else the client. */
struct slice round_sender_key(const struct envelope *);

#endif
