/*
 * queue/store.c - the store's life: what is found, and who does what when.
 *
 * The parts: recover.h and tails.h find what there is, state.h holds it,
 * commits.h, checkpoint.h, mover.h and sweeper.h keep the disk in step. What
 * happens to single messages: operate.c; questions: ask.c.
 */
#include "queue/store_inside.h"

#include "base/alloc.h"
#include "base/time.h"
#include "queue/adopt.h"
#include "queue/map.h"
#include "queue/spool.h"
#include "queue/work.h"

enum {
	ANNOUNCED_A_STEP = 1000,
	CHECKPOINT_FILES = 8,
	CHECKPOINT_RETRY = 10 * SECOND,
	LOOK_EACH = 1 * SECOND,
};
static const uint64_t checkpoint_octets = 32 << 20;
/* Messages that were never tried leave no trace in a journal. */
static const uint64_t checkpoint_adopted = 1 << 30;
static const uint64_t stuck_octets = 64 << 20;

/*
 * What was read from journals may still be in memory alone, when their process
 * was killed before it could sync them, or a sync had failed: then nothing is
 * durable, and nothing may be freed, until a checkpoint holds it.
 */
static uint64_t
durable(const struct queue_store *s)
{
	return s->trusted ? commits_durable(s->commits) : 0;
}

static void
on_found(struct queue_entry *e, void *arg)
{
	struct queue_store *s = arg;

	e->flags |= ENTRY_ANNOUNCED;
	s->adopted_octets += e->length;
	if (s->hooks.found != NULL)
		s->hooks.found(e, s->hooks.arg);
}

static void
on_moved(struct queue_entry *e, const struct place *place, void *arg)
{
	struct queue_store *s = arg;
	struct change c = { .kind = CHANGE_MOVED,
		.id = e->id,
		.place = *place };

	store_describe(s, e);
	must(store_operate(s, &c));
}

int
queue_store_open(struct vfs *vfs, const struct queue_hooks *hooks,
    int64_t wall_ms, struct queue_store **out)
{
	struct queue_store *s = mem_zero(sizeof(*s));
	int rc;

	s->vfs = vfs;
	s->hooks = *hooks;
	s->damage = (struct damage){ .tell = hooks->damage,
		.arg = hooks->arg,
		.vfs = vfs };
	s->ids.number = QUEUE_WRITER_MOVER;
	state_init(&s->state);
	s->reader = queue_reader_new(vfs);
	s->arena = adopt_arena_new();
	buf_init(&s->list, CHANGE_SIZE_MAX);
	s->tails = tails_new(vfs, &s->state, &s->damage, on_found, s);
	tails_set_sync(s->tails);
	s->commits = commits_new(vfs, &s->ids);
	s->mover = mover_new(vfs, &s->state, &s->ids, on_moved, s);
	s->sweeper = sweeper_new(vfs, s->state.segments);
	rc = recovery_new(vfs, &s->state, &s->damage, s->reader, &s->recovery);
	if (rc != 0) {
		queue_store_close(&s);
		return rc;
	}
	s->ids.last_ms = (uint64_t)id_wall_ms(recovery_newest(s->recovery)) + 1;
	(void)id_next(&s->ids, wall_ms);
	*out = s;
	return 0;
}

void
queue_store_close(struct queue_store **store)
{
	struct queue_store *s = *store;

	if (s == NULL)
		return;
	must(!s->chore);
	recovery_free(&s->recovery);
	checkpoint_free(&s->checkpoint);
	tails_free(&s->tails);
	commits_free(&s->commits);
	mover_free(&s->mover);
	sweeper_free(&s->sweeper);
	queue_reader_free(&s->reader);
	arena_free(&s->arena);
	buf_done(&s->list);
	state_done(&s->state);
	mem_free(s);
	*store = NULL;
}

/* --- recovery --- */

/* A segment means that all earlier ones of its writer are closed. */
static void
close_older(struct queue_store *s, uint64_t number)
{
	struct segments *all = s->state.segments;

	for (uint32_t i = 0; i < segments_slots(all); i++) {
		struct segment *seg = segments_at(all, i);

		if (seg->number == 0 || seg->number >= number ||
		    seg->state != SEGMENT_GROWING ||
		    queue_writer_of(seg->number) != queue_writer_of(number))
			continue;
		/* Its last messages may not have been announced. */
		seg->state = SEGMENT_CLOSED;
		seg->wants_scan = true;
	}
}

static struct segment *
know_segment(struct queue_store *s, uint64_t number)
{
	struct segments *all = s->state.segments;

	if (segments_find(all, number) == MAP_NONE) {
		(void)segments_get(all, number);
		close_older(s, number);
	}
	return segments_at(all, segments_get(all, number));
}

/*
 * Segments that we have not heard of; what they hold is to be scanned. A disk
 * that does not list them is asked again by the next step.
 */
static void
find_new_segments(struct queue_store *s)
{
	struct id_list names = { 0 };
	struct segments *all = s->state.segments;
	int rc = id_list_folder(&names, s->vfs, "segments");

	s->unlisted = rc != 0;
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		uint64_t number = names.of[i];

		if (queue_writer_of(number) == QUEUE_WRITER_MOVER ||
		    segments_find(all, number) != MAP_NONE)
			continue;
		know_segment(s, number)->wants_scan = true;
	}
	id_list_done(&names);
}

static void
end_recovery(struct queue_store *s)
{
	commits_add_old(s->commits, recovery_journals(s->recovery));
	s->checkpoint_size = recovery_checkpoint_size(s->recovery);
	/* Receivers were at work while we read. */
	find_new_segments(s);
	/* Damage is told once, and then written over by what is known. */
	s->trusted =
	    recovery_journal_size(s->recovery) == 0 && s->damage.count == 0;
	if (recovery_lost_state(s->recovery))
		tails_take_copies(s->tails);
	s->checkpoint_wanted = !s->trusted;
	s->phase = PHASE_ANNOUNCE;
}

static void
announce(struct queue_store *s)
{
	for (unsigned n = 0; n < ANNOUNCED_A_STEP; n++) {
		struct queue_entry *e = live_each(s->state.live, &s->announced);

		if (e == NULL) {
			s->phase = PHASE_SCAN;
			return;
		}
		if ((e->flags & ENTRY_ANNOUNCED) == 0) {
			e->flags |= ENTRY_ANNOUNCED;
			if (s->hooks.found != NULL)
				s->hooks.found(e, s->hooks.arg);
		}
	}
}

/* Content whose message was never completed, or is done. */
static void
sweep_orphans(struct queue_store *s)
{
	const struct id_list *large = recovery_large(s->recovery);

	for (size_t i = 0; i < large->n; i++) {
		uint64_t id = large->of[i];

		if (live_find(s->state.live, id) == NULL &&
		    id < tails_life(s->tails, queue_writer_of(id)))
			sweeper_add_large(s->sweeper, id, 0);
	}
}

/* --- the disk in step --- */

static bool
wants_checkpoint(const struct queue_store *s)
{
	uint64_t limit = s->checkpoint_size > checkpoint_octets
	    ? s->checkpoint_size
	    : checkpoint_octets;

	if (s->phase != PHASE_RUN || s->checkpoint != NULL ||
	    s->wall_ms < s->checkpoint_at)
		return false;
	return s->checkpoint_wanted || commits_octets(s->commits) > limit ||
	    commits_files(s->commits) > CHECKPOINT_FILES ||
	    s->adopted_octets > checkpoint_adopted;
}

/* Only when each change is on its way to the old journal. */
static void
begin_checkpoint(struct queue_store *s)
{
	struct id_list old = { 0 };
	uint64_t first;

	if (commits_has_pending(s->commits) || !wants_checkpoint(s))
		return;
	first = commits_switch(s->commits, &old, s->wall_ms);
	s->checkpoint = checkpoint_new(s->vfs, &s->state, first, &old);
	s->checkpoint_wanted = false;
	s->adopted_octets = 0;
}

static void
end_checkpoint(struct queue_store *s)
{
	if (s->checkpoint == NULL || !checkpoint_is_done(s->checkpoint))
		return;
	if (checkpoint_error(s->checkpoint) != 0) {
		s->checkpoint_wanted = true;
		s->checkpoint_at = s->wall_ms + CHECKPOINT_RETRY;
	} else {
		s->checkpoint_size = checkpoint_size(s->checkpoint);
		s->trusted = true;
	}
	commits_add_old(s->commits, checkpoint_old_journals(s->checkpoint));
	checkpoint_free(&s->checkpoint);
}

bool
queue_store_step(struct queue_store *s, int64_t wall_ms)
{
	s->wall_ms = wall_ms;
	if (s->phase == PHASE_RECOVER) {
		if (!recovery_step(s->recovery))
			end_recovery(s);
		return true;
	}
	if (s->phase == PHASE_ANNOUNCE) {
		announce(s);
		return true;
	}
	if (s->unlisted)
		find_new_segments(s);
	if (s->unlisted)
		return false;
	if (tails_step(s->tails))
		return true;
	if (s->phase == PHASE_SCAN) {
		sweep_orphans(s);
		recovery_free(&s->recovery);
		s->phase = PHASE_RUN;
	}
	if (s->trusted)
		sweeper_look(s->sweeper, durable(s));
	return mover_step(s->mover, wall_ms);
}

bool
queue_store_is_recovered(const struct queue_store *s)
{
	return s->phase == PHASE_RUN;
}

static struct queue_work *
take_chore(struct queue_store *s)
{
	struct queue_work *work = NULL;

	if (s->chore || s->phase != PHASE_RUN)
		return NULL;
	begin_checkpoint(s);
	if (s->trusted)
		work = sweeper_take(s->sweeper, QUEUE_CHORE, durable(s));
	if (work == NULL && s->checkpoint != NULL)
		work = checkpoint_take(s->checkpoint, QUEUE_CHORE,
		    commits_sequence(s->commits), commits_durable(s->commits));
	if (work == NULL) {
		end_checkpoint(s);
		work = mover_take(s->mover, QUEUE_CHORE, s->wall_ms);
	}
	s->chore = work != NULL;
	return work;
}

struct queue_work *
queue_store_take(struct queue_store *s, enum queue_lane lane, int64_t wall_ms)
{
	struct queue_work *work;

	s->wall_ms = wall_ms;
	if (lane == QUEUE_CHORE)
		return take_chore(s);
	work = commits_take(s->commits, QUEUE_COMMIT, wall_ms);
	if (work != NULL)
		begin_checkpoint(s);
	return work;
}

void
queue_work_run(struct queue_work *work)
{
	work->run(work);
}

int
queue_store_finish(struct queue_store *s, struct queue_work **work)
{
	struct queue_work *w = *work;
	bool is_commit = w->lane == QUEUE_COMMIT;
	int rc = w->done(w, w->owner);

	*work = NULL;
	if (!is_commit) {
		s->chore = false;
		end_checkpoint(s);
		return rc;
	}
	if (rc != 0)
		s->checkpoint_wanted = true;
	else if (s->trusted)
		sweeper_look(s->sweeper, durable(s));
	return rc;
}

uint64_t
queue_store_sequence(const struct queue_store *s)
{
	return commits_sequence(s->commits);
}

uint64_t
queue_store_durable(const struct queue_store *s)
{
	return durable(s);
}

bool
queue_store_is_stuck(const struct queue_store *s)
{
	return commits_backlog(s->commits) > stuck_octets;
}

void
queue_store_checkpoint(struct queue_store *s)
{
	s->checkpoint_wanted = true;
}

bool
queue_store_is_checkpointing(const struct queue_store *s)
{
	return s->checkpoint_wanted || s->checkpoint != NULL;
}

void
queue_store_compact(struct queue_store *s)
{
	mover_urge(s->mover);
}

/* --- news of the receivers --- */

struct queue_entry *
queue_store_adopt(struct queue_store *s, uint64_t id, const struct place *p,
    struct slice envelope)
{
	struct queue_entry *e;
	struct segment *seg;

	/* The scan that follows will find it. */
	if (s->phase == PHASE_RECOVER || p->segment == 0)
		return NULL;
	seg = know_segment(s, p->segment);
	if (p->offset < seg->adopted_to ||
	    segment_skip_at(seg, p->offset) != 0 ||
	    live_find(s->state.live, id) != NULL)
		return NULL;
	if (p->offset > seg->adopted_to)
		seg->wants_scan = true;
	if (envelope.n > 0)
		e = adopt_envelope(&s->state, id, p, envelope, s->arena);
	else
		e = adopt_place(&s->state, s->reader, p, s->arena);
	if (e == NULL) {
		/* Let the scan say what is wrong with it. */
		know_segment(s, p->segment)->wants_scan = true;
		return NULL;
	}
	e->flags |= ENTRY_ANNOUNCED | ENTRY_FRESH;
	s->adopted_octets += e->length;
	return e;
}

void
queue_store_segment_closed(struct queue_store *s, uint64_t segment)
{
	struct segment *seg;

	if (s->phase == PHASE_RECOVER || segment == 0)
		return;
	seg = know_segment(s, segment);
	if (seg->state == SEGMENT_GIVEN)
		seg->state = SEGMENT_FREE;
	if (seg->state != SEGMENT_GROWING)
		return;
	/* All was announced, but perhaps to an earlier life of ours. */
	seg->state = SEGMENT_CLOSED;
	seg->wants_scan = true;
}

void
queue_store_writer_ended(struct queue_store *s, uint8_t writer)
{
	struct segments *all = s->state.segments;

	if (s->phase == PHASE_RECOVER)
		return;
	find_new_segments(s);
	for (uint32_t i = 0; i < segments_slots(all); i++) {
		struct segment *seg = segments_at(all, i);

		/* What it was given to take over, it has not; or it has, and
		 * then the name is gone: whoever tries it will see. */
		if (seg->state == SEGMENT_GIVEN)
			seg->state = SEGMENT_FREE;
		if (seg->number == 0 || seg->state != SEGMENT_GROWING ||
		    queue_writer_of(seg->number) != writer)
			continue;
		seg->wants_scan = true;
		/* The newest may be that of its next life already. */
		if (seg->number != segments_newest(all, writer))
			seg->state = SEGMENT_CLOSED;
	}
}

bool
queue_store_next_free_segment(struct queue_store *s, uint64_t *out)
{
	uint64_t number = s->phase == PHASE_RUN ? sweeper_give(s->sweeper) : 0;

	if (number == 0)
		return false;
	*out = number;
	return true;
}
