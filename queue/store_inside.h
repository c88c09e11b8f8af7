/*
 * queue/store_inside.h - what store.c, operate.c and ask.c share: the store.
 */
#ifndef QUEUE_STORE_INSIDE_H
#define QUEUE_STORE_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "queue/checkpoint.h"
#include "queue/commits.h"
#include "queue/damage.h"
#include "queue/mover.h"
#include "queue/reader.h"
#include "queue/recover.h"
#include "queue/state.h"
#include "queue/store.h"
#include "queue/sweeper.h"
#include "queue/tails.h"

enum phase {
	PHASE_RECOVER,  /* checkpoint and journals */
	PHASE_ANNOUNCE, /* what they told */
	PHASE_SCAN,     /* what they did not know */
	PHASE_RUN,
};

struct queue_store {
	struct vfs *vfs; /* borrowed */
	struct queue_hooks hooks;
	enum phase phase;
	struct state state;
	struct damage damage;
	struct queue_reader *reader; /* owned, as all below */
	struct arena *arena;
	struct buf list;
	struct id_maker ids;
	struct recovery *recovery;
	struct tails *tails;
	struct commits *commits;
	struct checkpoint *checkpoint;
	struct mover *mover;
	struct sweeper *sweeper;
	uint64_t announced; /* cursor */
	bool trusted;       /* all that was recovered is on disk */
	bool unlisted;      /* there may be segments that we do not know */
	bool checkpoint_wanted;
	int64_t checkpoint_at; /* not before this wall time */
	uint64_t checkpoint_size;
	uint64_t adopted_octets; /* since the last checkpoint */
	int64_t wall_ms;         /* when we were called last */
	bool chore;              /* one is under way */
};

/* Done at once, and written with the next commit. False: it made no sense. */
bool store_operate(struct queue_store *, const struct change *);
/* Before any change but its removal: a reader must be able to build it. */
void store_describe(struct queue_store *, struct queue_entry *);

#endif
