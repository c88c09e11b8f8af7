/*
 * sim/queue_sim.c - the queue's promise, at every operation on the disk.
 *
 * A life of accepting, delivering, deferring, holding, expanding, removing,
 * checkpoints, compaction and recycling runs on a simulated disk. Before each
 * operation that changes the disk the machine crashes, in several ways; what
 * comes up again is compared with what was promised. Some of those second
 * lives crash again while they recover. Then the same life meets errors, at
 * each of its operations in turn.
 *
 *	queue_sim [LIVES [FIRST-SEED [WAYS]]]
 *	queue_sim error SEED KIND AT
 *
 * A failure prints the command that plays that life again.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/id.h"
#include "queue/reader.h"
#include "queue/spool.h"
#include "queue/store.h"
#include "queue/writer.h"
#include "tests/sim/sim_disk.h"

enum {
	MESSAGES_MAX = 400,
	SNAPSHOTS_MAX = 24,
	ACTIONS = 100,
	BURST = 30, /* operations that fail, one after the other */
	READS_APART = 7,
	WAYS = 3,
	LARGE = (1 << 20) + 4000,
	RECEIVER = 2,
};

/* Without arguments: seconds on one core. */
#ifdef MTAD_ASAN
enum { LIVES = 5, FAILING = 1, OPS_APART = 7, POINTS_MIN = 4000 };
#else
enum { LIVES = 18, FAILING = 2, OPS_APART = 1, POINTS_MIN = 20000 };
#endif

/* What the disk does wrong, at one operation or from it on. */
enum fault {
	FAULT_ONCE,
	FAULT_FULL,
	FAULT_BURST,
	FAULT_FULL_FOR_LONG,
	FAULT_SHORT_WRITES,
	FAULT_READ,
	FAULT_COUNT,
};

/* What a recovered entry may look like. */
struct snapshot {
	uint64_t sequence; /* durable from there on */
	uint8_t state;
	bool warned;
	uint16_t attempts;
	uint32_t recipients;
	int64_t next_ms;
};

enum promise {
	PROMISED_NOTHING,
	PROMISED_TO_KEEP,
	REFUSED,
	IN_LIMBO, /* refused by a failing disk: "it may come twice" */
	FORGOTTEN,
};

struct message {
	uint64_t id;
	uint64_t seed;
	size_t size;
	uint32_t recipients;
	char *bytes; /* owned, made when first needed */
	enum promise promise;
	uint64_t removed; /* sequence, 0: not */
	bool adopted;
	struct snapshot snapshots[SNAPSHOTS_MAX];
	unsigned snapshot_count;
};

struct visit {
	unsigned damage;
	char text[256];
};

struct world {
	uint64_t seed;
	uint64_t random;
	unsigned ways;  /* to crash, at an operation */
	unsigned every; /* one operation of so many */
	bool has_errors;
	struct sim_disk *disk;
	struct queue_writer *writer;
	struct queue_store *store;
	struct visit visit; /* as long as the store */
	struct message messages[MESSAGES_MAX];
	unsigned count;
	int64_t wall_ms;
	uint64_t crash_points;
	uint64_t refused;
	uint64_t in_limbo;
	enum fault fault;
	uint64_t fault_at;
	const char *action;
};

static void
ignore_found(struct queue_entry *e, void *arg)
{
	(void)e;
	(void)arg;
}

static void
note_damage(const char *text, void *arg)
{
	struct visit *v = arg;

	v->damage++;
	(void)slice_to_cstr(slice_head(slice_of(text), sizeof(v->text) - 1),
	    v->text, sizeof(v->text));
}

_Noreturn static void
broken(const struct world *w, uint64_t id, const char *what)
{
	char text[ID_TEXT_SIZE];

	id_text(id, text);
	(void)printf("PROMISE BROKEN: %s (message %s, during %s, at operation "
		     "%llu, a %s); play it again: queue_sim ",
	    what, text, w->action, (unsigned long long)sim_disk_ops(w->disk),
	    sim_disk_op_name(w->disk));
	if (w->has_errors)
		(void)printf("error %llu %u %llu\n",
		    (unsigned long long)w->seed, (unsigned)w->fault,
		    (unsigned long long)w->fault_at);
	else
		(void)printf("1 %llu %u\n", (unsigned long long)w->seed,
		    w->ways);
	exit(1);
}

/* --- content --- */

static const char *
content_of(struct message *m)
{
	uint64_t random = m->seed;
	char *bytes;

	if (m->bytes != NULL)
		return m->bytes;
	bytes = m->bytes = mem_new(m->size + 1);

	for (size_t i = 0; i < m->size; i++) {
		if (i % 8 == 0)
			(void)sim_random(&random);
		bytes[i] = (char)(random >> i % 8 * 8 & 255);
	}
	return bytes;
}

static void
encode_envelope(const struct message *m, struct buf *out)
{
	struct recipient to[3] = {
		{ .address = slice_of("one@a.example") },
		{ .address = slice_of("two@b.example") },
		{ .address = slice_of("three@c.example") },
	};
	struct envelope e = { .id = m->id,
		.arrived_ms = id_wall_ms(m->id),
		.size = m->size,
		.sender = slice_of(m->seed % 5 == 0 ? "" : "me@here.example"),
		.recipient_count = m->recipients,
		.recipients = to };

	envelope_encode(&e, out);
}

/* --- what is found after a crash --- */

static struct message *
message_of(struct world *w, uint64_t id)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->messages[i].id == id)
			return &w->messages[i];
	return NULL;
}

static void
check_bytes(struct world *w, struct queue_reader *reader, struct message *m,
    const struct place *place)
{
	struct queue_message found;
	const char *want = content_of(m);
	char *got = mem_new(m->size + 1);

	if (queue_reader_open(reader, place, &found) != 0)
		broken(w, m->id, "it cannot be opened");
	if (found.id != m->id || found.size != m->size ||
	    queue_message_verify(reader, &found) != 0 ||
	    queue_message_read(reader, &found, 0, got, m->size + 1) !=
		(int64_t)m->size ||
	    memcmp(want, got, m->size) != 0)
		broken(w, m->id, "its content differs");
	queue_message_done(reader, &found);
	mem_free(got);
}

static void
check_envelope(struct world *w, struct queue_store *store,
    const struct queue_entry *e, struct arena *arena)
{
	struct envelope envelope;

	arena_reset(arena);
	if (queue_store_envelope(store, e, arena, &envelope) != 0)
		broken(w, e->id, "its envelope cannot be read");
	if (!slice_is(envelope.recipients[0].address, "one@a.example"))
		broken(w, e->id, "its envelope differs");
}

static unsigned
first_snapshot(const struct message *m, uint64_t durable)
{
	unsigned first = 0;

	while (first + 1 < m->snapshot_count &&
	    m->snapshots[first + 1].sequence <= durable)
		first++;
	return first;
}

/* Put off in that step, of which a hold before it may be lost. */
static bool
was_put_off(const struct queue_entry *e, const struct snapshot *s)
{
	return e->state == QUEUE_DEFERRED && s->next_ms != 0 &&
	    e->next_ms == s->next_ms;
}

/*
 * Each property is as it was last durably, or as it became since. A batch of
 * changes that a crash tore may have lost some, and kept those behind them.
 */
static void
check_snapshot(struct world *w, const struct message *m, struct queue_entry *e,
    uint64_t durable)
{
	unsigned good = 0;

	for (unsigned i = first_snapshot(m, durable); i < m->snapshot_count;
	     i++) {
		const struct snapshot *s = &m->snapshots[i];

		good |= (unsigned)(e->state == s->state || was_put_off(e, s));
		good |= (unsigned)(e->next_ms == s->next_ms) << 1;
		good |=
		    (unsigned)(entry_recipient(e, 0)->attempts == s->attempts)
		    << 2;
		good |=
		    (unsigned)(((e->flags & ENTRY_WARNED) != 0) == s->warned)
		    << 3;
		good |= (unsigned)(e->recipient_count == s->recipients) << 4;
	}
	if (good != 31)
		broken(w, m->id, "its state is none that it was in");
}

static void
check_counts(struct world *w, struct queue_store *store, uint64_t found)
{
	struct queue_counts c;
	uint64_t open = 0;
	uint64_t cursor = 0;
	struct queue_entry *e;

	queue_store_counts(store, &c);
	while ((e = queue_store_each(store, &cursor)) != NULL)
		for (uint32_t i = 0; i < e->recipient_count; i++)
			open += recipient_is_open(entry_recipient(e, i));
	if (c.messages[0] + c.messages[1] + c.messages[2] != found ||
	    c.recipients != open)
		broken(w, 0, "the counts disagree");
}

static void
check_store(struct world *w, struct queue_store *store, struct vfs *vfs,
    uint64_t durable)
{
	struct queue_reader *reader = queue_reader_new(vfs);
	struct arena *arena = arena_new(1 << 20);
	struct queue_entry *e;
	uint64_t cursor = 0;
	uint64_t found = 0;

	while ((e = queue_store_each(store, &cursor)) != NULL) {
		struct message *m = message_of(w, e->id);
		struct place place = queue_store_place(store, e);

		found++;
		if (m == NULL)
			broken(w, e->id, "nobody ever sent it");
		if (m->promise == FORGOTTEN ||
		    (m->removed != 0 && m->removed <= durable))
			broken(w, e->id, "it was done, and came back");
		if (m->promise == REFUSED)
			broken(w, e->id, "it was refused, and came");
		/* It may be read now, and be gone after the next crash. */
		if (m->promise == IN_LIMBO)
			continue;
		check_bytes(w, reader, m, &place);
		check_envelope(w, store, e, arena);
		check_snapshot(w, m, e, durable);
	}
	for (unsigned i = 0; i < w->count; i++) {
		const struct message *m = &w->messages[i];

		if (m->promise == PROMISED_TO_KEEP && m->removed == 0 &&
		    queue_store_find(store, m->id) == NULL)
			broken(w, m->id, "it was acknowledged, and is lost");
	}
	check_counts(w, store, found);
	arena_free(&arena);
	queue_reader_free(&reader);
}

static struct queue_store *
open_store(struct world *w, struct vfs *vfs, struct visit *visit)
{
	struct queue_hooks hooks = { ignore_found, note_damage, visit };
	struct queue_store *store;

	*visit = (struct visit){ 0 };
	/* A disk that fails to read once: the master starts it again. */
	for (int i = 0; i < 2; i++)
		if (queue_store_open(vfs, &hooks, w->wall_ms, &store) == 0)
			return store;
	broken(w, 0, "the spool cannot be opened");
}

static void
recover(struct world *w, struct queue_store *store)
{
	for (int i = 0; !queue_store_is_recovered(store); i++) {
		(void)queue_store_step(store, w->wall_ms);
		if (i > 100000)
			broken(w, 0, "the recovery does not end");
	}
}

static int
run_lane(struct queue_store *store, enum queue_lane lane, int64_t wall_ms)
{
	struct queue_work *work;
	int rc = 0;

	while (rc == 0 &&
	    (work = queue_store_take(store, lane, wall_ms)) != NULL) {
		queue_work_run(work);
		rc = queue_store_finish(store, &work);
	}
	return rc;
}

struct second_life {
	struct world *world;
	uint64_t durable;
	uint64_t crash_at;
	uint64_t seed;
};

static void come_up(struct world *w, struct sim_disk *disk, uint64_t durable,
    bool again);

static void
on_second_op(struct sim_disk *disk, void *arg)
{
	struct second_life *life = arg;
	struct sim_disk *third;

	if (sim_disk_ops(disk) != life->crash_at)
		return;
	third = sim_disk_after_crash(disk, life->seed);
	come_up(life->world, third, life->durable, false);
	sim_disk_free(&third);
	life->world->crash_points++;
}

/* The machine comes up: everything is to be as promised. */
static void
come_up(struct world *w, struct sim_disk *disk, uint64_t durable, bool again)
{
	struct vfs *vfs = sim_disk_vfs(disk);
	struct second_life life = { w, durable, sim_below(&w->random, 24),
		sim_random(&w->random) };
	struct queue_writer *writer;
	struct queue_store *store;
	struct visit visit;

	if (again)
		sim_disk_watch(disk, on_second_op, &life);
	if (queue_writer_open(vfs, RECEIVER, &writer) != 0)
		broken(w, 0, "the receiver does not start");
	store = open_store(w, vfs, &visit);
	recover(w, store);
	if (visit.damage > 0)
		broken(w, 0, visit.text);
	check_store(w, store, vfs, durable);
	if (again) {
		/* It goes on living: crash in what it writes now. */
		queue_store_checkpoint(store);
		for (int i = 0; i < 3; i++) {
			(void)run_lane(store, QUEUE_COMMIT, w->wall_ms);
			(void)run_lane(store, QUEUE_CHORE, w->wall_ms);
			while (queue_store_step(store, w->wall_ms))
				;
		}
	}
	queue_store_close(&store);
	queue_writer_close(&writer);
	if (again) {
		store = open_store(w, vfs, &visit);
		recover(w, store);
		check_store(w, store, vfs, durable);
		queue_store_close(&store);
	}
}

static uint64_t
durable_now(const struct world *w)
{
	return w->store == NULL ? 0 : queue_store_durable(w->store);
}

static void
on_op(struct sim_disk *disk, void *arg)
{
	struct world *w = arg;

	/* Zeros ahead are written in many pieces, all alike. */
	if (strcmp(sim_disk_op_name(disk), "write zeros") == 0 &&
	    sim_below(&w->random, 16) != 0)
		return;
	if (sim_below(&w->random, w->every) != 0)
		return;
	for (unsigned i = 0; i < w->ways; i++) {
		struct sim_disk *after =
		    sim_disk_after_crash(disk, sim_random(&w->random));

		come_up(w, after, durable_now(w),
		    sim_below(&w->random, 4) == 0);
		sim_disk_free(&after);
		w->crash_points++;
	}
}

/* --- a life --- */

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	struct world *w = arg;
	struct message *m = message_of(w, id);

	(void)who;
	must(m != NULL);
	if (rc != 0) {
		m->promise = rc == ERR_LIMBO ? IN_LIMBO : REFUSED;
		*(rc == ERR_LIMBO ? &w->in_limbo : &w->refused) += 1;
		return;
	}
	m->promise = PROMISED_TO_KEEP;
	/* Sometimes the news is lost; then a scan must find it. */
	if (sim_below(&w->random, 6) != 0)
		m->adopted =
		    queue_store_adopt(w->store, id, place,
			sim_below(&w->random, 3) == 0 ? SLICE_NONE
						      : envelope) != NULL;
}

static void
on_closed(uint64_t segment, void *arg)
{
	struct world *w = arg;

	queue_store_segment_closed(w->store, segment);
}

static void
add_snapshot(struct world *w, struct message *m)
{
	struct queue_entry *e = queue_store_find(w->store, m->id);
	struct snapshot *s;

	must(e != NULL);
	if (m->snapshot_count == SNAPSHOTS_MAX)
		return;
	s = &m->snapshots[m->snapshot_count++];
	*s = (struct snapshot){ .sequence = queue_store_sequence(w->store),
		.state = e->state,
		.warned = (e->flags & ENTRY_WARNED) != 0,
		.attempts = entry_recipient(e, 0)->attempts,
		.recipients = e->recipient_count,
		.next_ms = e->next_ms };
}

static void
commit_messages(struct world *w)
{
	struct queue_batch *batch;

	while ((batch = queue_writer_take(w->writer)) != NULL) {
		queue_batch_write(batch);
		queue_writer_finish(w->writer, &batch, on_written, on_closed,
		    w);
	}
}

static void
accept_one(struct world *w)
{
	struct queue_draft *draft;
	struct buf envelope;
	struct message *m;
	const char *bytes;
	int rc;

	if (w->count == MESSAGES_MAX)
		return;
	m = &w->messages[w->count++];
	*m = (struct message){ .id = queue_writer_id(w->writer, w->wall_ms),
		.seed = sim_random(&w->random),
		.recipients = 1 + (uint32_t)sim_below(&w->random, 3) };
	m->size = sim_below(&w->random, 40) == 0
	    ? LARGE
	    : (size_t)sim_below(&w->random,
		  sim_below(&w->random, 6) == 0 ? 20000 : 1500);
	m->snapshots[0] = (struct snapshot){ .state = QUEUE_ACTIVE,
		.recipients = m->recipients };
	m->snapshot_count = 1;
	bytes = content_of(m);
	draft = queue_draft_new(w->writer, m->id);
	rc = queue_draft_add(draft, slice_from(bytes, m->size / 2));
	if (rc == 0)
		rc = queue_draft_add(draft,
		    slice_from(bytes + m->size / 2, m->size - m->size / 2));
	if (rc != 0) {
		m->promise = REFUSED;
		w->refused++;
		queue_draft_free(&draft);
		return;
	}
	buf_init(&envelope, 4096);
	encode_envelope(m, &envelope);
	queue_writer_submit(w->writer, &draft, SLICE_NONE, buf_slice(&envelope),
	    NULL);
	buf_done(&envelope);
}

static void
accept_some(struct world *w)
{
	for (uint64_t n = 1 + sim_below(&w->random, 4); n > 0; n--)
		accept_one(w);
	commit_messages(w);
}

/* One that is live, or NULL. */
static struct message *
any_message(struct world *w, struct queue_entry **entry)
{
	for (int tries = 0; tries < 20 && w->count > 0; tries++) {
		struct message *m =
		    &w->messages[sim_below(&w->random, w->count)];

		*entry = queue_store_find(w->store, m->id);
		if (*entry != NULL && (*entry)->recipient_count < 40 &&
		    m->snapshot_count < SNAPSHOTS_MAX - 4)
			return m;
	}
	return NULL;
}

static void
deliver_some(struct world *w)
{
	struct queue_entry *e;

	for (uint64_t n = 1 + sim_below(&w->random, 5); n > 0; n--) {
		struct message *m = any_message(w, &e);

		if (m == NULL)
			return;
		queue_store_remove(w->store, &e);
		m->removed = queue_store_sequence(w->store);
	}
}

static void
try_one(struct world *w)
{
	struct queue_entry *e;
	struct message *m = any_message(w, &e);
	struct fate fate = { FATE_DEFERRED, { 4, 2, 1 }, 451,
		slice_of("451 4.2.1 not now"), false };

	if (m == NULL)
		return;
	queue_store_result(w->store, e, 0, &fate, slice_of("mx.a.example"),
	    (uint16_t)(entry_recipient(e, 0)->attempts + 1));
	add_snapshot(w, m);
	queue_store_defer(w->store, e, w->wall_ms + 60000);
	add_snapshot(w, m);
}

static void
change_one(struct world *w)
{
	struct recipient more = { .address = slice_of("more@d.example") };
	struct queue_entry *e;
	struct message *m = any_message(w, &e);

	if (m == NULL)
		return;
	switch (sim_below(&w->random, 4)) {
	case 0:
		queue_store_hold(w->store, e);
		break;
	case 1:
		queue_store_release(w->store, e);
		break;
	case 2:
		queue_store_set_warned(w->store, e);
		break;
	default:
		if (queue_store_expand(w->store, e, e->recipient_count - 1,
			&more, 1) != 0)
			broken(w, e->id, "it cannot be expanded");
		break;
	}
	add_snapshot(w, m);
}

/* To those that may be found, numbered as in the next life. */
static void
reduce_snapshots(struct message *m, uint64_t durable)
{
	unsigned first = first_snapshot(m, durable);

	m->snapshot_count -= first;
	memmove(&m->snapshots[0], &m->snapshots[first],
	    m->snapshot_count * sizeof(m->snapshots[0]));
	m->snapshots[0].sequence = 0;
	for (unsigned i = 1; i < m->snapshot_count; i++)
		m->snapshots[i].sequence = 1;
}

static void
restart_store(struct world *w)
{
	uint64_t durable = durable_now(w);

	queue_store_close(&w->store);
	w->store = open_store(w, sim_disk_vfs(w->disk), &w->visit);
	recover(w, w->store);
	check_store(w, w->store, sim_disk_vfs(w->disk), durable);
	for (unsigned i = 0; i < w->count; i++) {
		struct message *m = &w->messages[i];
		struct queue_entry *e = queue_store_find(w->store, m->id);

		if (m->promise == PROMISED_TO_KEEP && e == NULL &&
		    m->removed != 0 && m->removed <= durable)
			m->promise = FORGOTTEN;
		/* Durable as soon as anything is, in this life. */
		m->removed = e == NULL ? 1 : 0;
		reduce_snapshots(m, durable);
		if (e != NULL)
			add_snapshot(w, m);
	}
}

static void
restart_writer(struct world *w)
{
	struct queue_writer *next;

	queue_writer_close(&w->writer);
	queue_store_writer_ended(w->store, RECEIVER);
	/* The disk may refuse now: then the master tries again. */
	while (queue_writer_open(sim_disk_vfs(w->disk), RECEIVER, &next) != 0)
		;
	w->writer = next;
}

static void
recycle(struct world *w)
{
	uint64_t segment;

	queue_writer_roll(w->writer);
	queue_store_compact(w->store);
	if (queue_store_next_free_segment(w->store, &segment))
		queue_writer_recycle(w->writer, segment);
}

static void
yield(struct world *w)
{
	queue_writer_yield(w->writer, on_closed, w);
}

struct action {
	const char *name;
	void (*act)(struct world *);
	unsigned weight;
};

static void
commit_changes(struct world *w)
{
	(void)run_lane(w->store, QUEUE_COMMIT, w->wall_ms);
}

static void
do_chores(struct world *w)
{
	for (int i = 0; i < 1000 && queue_store_step(w->store, w->wall_ms); i++)
		;
	(void)run_lane(w->store, QUEUE_CHORE, w->wall_ms);
}

static void
checkpoint(struct world *w)
{
	queue_store_checkpoint(w->store);
	/* At once, or when all scans are done. */
	if (sim_below(&w->random, 2) == 0)
		(void)run_lane(w->store, QUEUE_CHORE, w->wall_ms);
	else
		do_chores(w);
}

/* clang-format off */
static const struct action actions[] = {
	{ "accepting",	  accept_some,	  24 },
	{ "delivering",	  deliver_some,	  22 },
	{ "trying",	  try_one,	  12 },
	{ "changing",	  change_one,	  12 },
	{ "committing",	  commit_changes, 20 },
	{ "chores",	  do_chores,	  14 },
	{ "checkpointing", checkpoint,	  4 },
	{ "recycling",	  recycle,	  10 },
	{ "yielding",	  yield,	  4 },
	{ "a restart of the scheduler", restart_store, 1 },
	{ "a restart of the receiver",	restart_writer, 2 },
};
/* clang-format on */

static void
act(struct world *w)
{
	enum { KINDS = sizeof(actions) / sizeof(actions[0]) };
	unsigned total = 0;
	uint64_t dice;

	for (unsigned i = 0; i < KINDS; i++)
		total += actions[i].weight;
	dice = sim_below(&w->random, total);
	for (unsigned i = 0; i < KINDS; i++) {
		if (dice < actions[i].weight) {
			w->action = actions[i].name;
			actions[i].act(w);
			return;
		}
		dice -= actions[i].weight;
	}
}

static struct world *
world_new(uint64_t seed, unsigned ways)
{
	struct world *w = mem_zero(sizeof(*w));

	w->seed = seed;
	w->random = seed;
	w->ways = ways;
	w->every = 1;
	w->wall_ms = 1800000000000;
	w->action = "the start";
	w->disk = sim_disk_new(seed);
	if (queue_writer_open(sim_disk_vfs(w->disk), RECEIVER, &w->writer) != 0)
		broken(w, 0, "the receiver does not start");
	w->store = open_store(w, sim_disk_vfs(w->disk), &w->visit);
	recover(w, w->store);
	return w;
}

static void
world_free(struct world **world)
{
	struct world *w = *world;

	sim_disk_watch(w->disk, NULL, NULL);
	queue_writer_close(&w->writer);
	queue_store_close(&w->store);
	sim_disk_free(&w->disk);
	for (unsigned i = 0; i < w->count; i++)
		mem_free(w->messages[i].bytes);
	mem_free(w);
	*world = NULL;
}

static void
live(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		w->wall_ms += (int64_t)sim_below(&w->random, 5000);
		act(w);
	}
}

/* Mail is taken again by itself, and everything is in order. */
static void
check_recovered_service(struct world *w)
{
	sim_disk_fail(w->disk, 0, 0, 0);
	w->action = "the end";
	w->wall_ms += 60000;
	accept_some(w);
	if (w->messages[w->count - 1].promise != PROMISED_TO_KEEP &&
	    w->count < MESSAGES_MAX)
		broken(w, w->messages[w->count - 1].id,
		    "mail is refused though the disk is well again");
	for (int i = 0; i < 3; i++) {
		w->wall_ms += 60000;
		do_chores(w);
		commit_changes(w);
	}
	if (queue_store_durable(w->store) != queue_store_sequence(w->store))
		broken(w, 0, "changes stay undurable");
	restart_writer(w);
	restart_store(w);
}

static uint64_t
crash_everywhere(uint64_t seed, unsigned ways, uint64_t *ops)
{
	struct world *w = world_new(seed, ways);
	uint64_t points;

	sim_disk_watch(w->disk, on_op, w);
	live(w, ACTIONS);
	sim_disk_watch(w->disk, NULL, NULL);
	check_recovered_service(w);
	points = w->crash_points;
	*ops += sim_disk_ops(w->disk);
	world_free(&w);
	return points;
}

static void
set_fault(struct world *w, enum fault fault, uint64_t at)
{
	w->fault = fault;
	w->fault_at = at;
	switch (fault) {
	case FAULT_ONCE:
		sim_disk_fail(w->disk, at, 1, EIO);
		break;
	case FAULT_FULL:
		sim_disk_fail(w->disk, at, 1, ENOSPC);
		break;
	case FAULT_BURST:
		sim_disk_fail(w->disk, at, BURST, EIO);
		break;
	case FAULT_FULL_FOR_LONG:
		sim_disk_fail(w->disk, at, BURST, ENOSPC);
		break;
	case FAULT_SHORT_WRITES:
		sim_disk_shorten_writes(w->disk);
		break;
	case FAULT_READ:
		sim_disk_fail_read(w->disk, at);
		break;
	case FAULT_COUNT:
		break;
	}
}

/* What all lives together have met. */
struct tally {
	uint64_t lives;
	uint64_t ops;
	uint64_t points; /* crashes */
	uint64_t faults;
	uint64_t refused;
	uint64_t in_limbo;
};

/* A life of this seed with that fault; and it crashes, now and then. */
static void
fail_at(uint64_t seed, enum fault fault, uint64_t at, struct tally *t)
{
	struct world *w = world_new(seed, 1);

	w->has_errors = true;
	w->every = 16;
	set_fault(w, fault, at);
	sim_disk_watch(w->disk, on_op, w);
	live(w, ACTIONS);
	sim_disk_watch(w->disk, NULL, NULL);
	check_recovered_service(w);
	t->points += w->crash_points;
	t->refused += w->refused;
	t->in_limbo += w->in_limbo;
	t->faults++;
	world_free(&w);
}

/* Every operation of one life fails in turn, in one of the ways. */
static void
fail_everywhere(uint64_t seed, struct tally *t)
{
	struct world *w = world_new(seed, 1);
	uint64_t first = sim_disk_ops(w->disk) + 1;
	uint64_t first_read = sim_disk_reads(w->disk) + 1;
	uint64_t ops, reads;

	live(w, ACTIONS);
	ops = sim_disk_ops(w->disk);
	reads = sim_disk_reads(w->disk);
	world_free(&w);
	for (uint64_t at = first; at <= ops; at += OPS_APART)
		fail_at(seed, (enum fault)((at + seed) % FAULT_SHORT_WRITES),
		    at, t);
	for (uint64_t at = first_read + seed % READS_APART; at <= reads;
	     at += READS_APART)
		fail_at(seed, FAULT_READ, at, t);
	fail_at(seed, FAULT_SHORT_WRITES, 0, t);
}

static uint64_t
number(const char *text, uint64_t otherwise)
{
	uint64_t value = otherwise;

	if (text != NULL && !slice_to_u64(slice_of(text), UINT64_MAX, &value))
		(void)fprintf(stderr, "queue_sim: not a number: %s\n", text);
	return value;
}

/* "error SEED KIND AT": one of the lives of fail_everywhere(). */
static int
play_again(char **words, struct tally *t)
{
	uint64_t fault = number(words[1], FAULT_COUNT);

	if (fault >= FAULT_COUNT)
		return 2;
	fail_at(number(words[0], 1), (enum fault)fault, number(words[2], 0), t);
	(void)printf("queue_sim: every promise kept\n");
	return 0;
}

int
main(int argc, char **argv)
{
	bool error = argc == 5 && strcmp(argv[1], "error") == 0;
	uint64_t lives = number(argc > 1 && !error ? argv[1] : NULL, LIVES);
	uint64_t first = number(argc > 2 ? argv[2] : NULL, 1);
	unsigned ways = (unsigned)number(argc > 3 ? argv[3] : NULL, WAYS);
	uint64_t failing = argc == 1 ? FAILING : lives / 8;
	struct tally t = { 0 };

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	/* Every life reads with large windows: keep their memory. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 28);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 29);
	if (error)
		return play_again(argv + 2, &t);
	for (uint64_t i = 0; i < lives; i++, t.lives++)
		t.points += crash_everywhere(first + i, ways, &t.ops);
	for (uint64_t i = 0; i < failing; i++)
		fail_everywhere((first + i) * 1000, &t);
	(void)printf("queue_sim: %llu lives of %llu operations in all; %llu "
		     "crashes; %llu lives with disk errors, at operations "
		     "of %llu (%llu messages refused, none of them found "
		     "later; %llu told that they may be): every promise "
		     "kept\n",
	    (unsigned long long)t.lives, (unsigned long long)t.ops,
	    (unsigned long long)t.points, (unsigned long long)t.faults,
	    (unsigned long long)failing, (unsigned long long)t.refused,
	    (unsigned long long)t.in_limbo);
	if (argc == 1 && t.points < POINTS_MIN) {
		(void)printf("queue_sim: too few crashes\n");
		return 1;
	}
	return 0;
}
