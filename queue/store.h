/*
 * queue/store.h - the scheduler's side of the queue: what is live, in memory
 * and in the journal.
 *
 * Every operation changes the table at once and is written to the journal
 * with the next commit. Blocking work is handed out as struct queue_work, for
 * helper threads; the loop stays free. Entries are found by queue_found_fn or
 * queue_store_adopt() and live until queue_store_remove().
 */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include "base/arena.h"
#include "mail/envelope.h"
#include "mail/fate.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "queue/vfs.h"

struct queue_store;
struct queue_work;

/* A message of an earlier life, or one that its receiver could not announce. */
typedef void queue_found_fn(struct queue_entry *, void *arg);
/* `text` says what is wrong with which file; for the log. */
typedef void queue_damage_fn(const char *text, void *arg);

struct queue_hooks {
	queue_found_fn *found;
	queue_damage_fn *damage;
	void *arg;
};

/* Nothing is read yet but the names; queue_store_step() recovers. */
int queue_store_open(struct vfs *, const struct queue_hooks *, int64_t wall_ms,
    struct queue_store **out) MUST_USE;
/* What is not committed is lost: commit first. No work may be under way. */
void queue_store_close(struct queue_store **);

/*
 * A bounded slice (some milliseconds at most) of recovery, tail scans,
 * checkpoint or compaction. True: there is more, call again soon. Call it also
 * after each queue_store_finish() and now and then (each second).
 */
bool queue_store_step(struct queue_store *, int64_t wall_ms);
/* The whole queue is known: everything of earlier lives has been found. */
bool queue_store_is_recovered(const struct queue_store *);

/*
 * Blocking work, at most one piece of each lane at a time: run it by
 * queue_work_run() in any thread, then queue_store_finish() in the loop. The
 * lanes may run at once. NULL: nothing to do now.
 */
enum queue_lane { QUEUE_COMMIT, QUEUE_CHORE };
struct queue_work *queue_store_take(struct queue_store *, enum queue_lane,
    int64_t wall_ms);
void queue_work_run(struct queue_work *);
/* 0, or the error that the work met; the store deals with it by itself. */
int queue_store_finish(struct queue_store *, struct queue_work **);
/*
 * Each operation has a number; those up to queue_store_durable() are on disk.
 * After a recovery from journals that is 0 until the first checkpoint.
 */
uint64_t queue_store_sequence(const struct queue_store *);
uint64_t queue_store_durable(const struct queue_store *);
/* So much waits for a disk that takes nothing: start no more deliveries. */
bool queue_store_is_stuck(const struct queue_store *);
/* Asks for a checkpoint now (at a stop); else it comes by the journal's size.
 */
void queue_store_checkpoint(struct queue_store *);
bool queue_store_is_checkpointing(const struct queue_store *);
/* Compacts whatever is sparse, not only when much is wasted. */
void queue_store_compact(struct queue_store *);

/*
 * A receiver's MESSAGE_ADDED. `envelope` may be empty: then it is read. NULL
 * when the message is known already, was removed, is damaged, or will be found
 * by the recovery that still runs.
 */
struct queue_entry *queue_store_adopt(struct queue_store *, uint64_t id,
    const struct place *, struct slice envelope);
/*
 * SEGMENT_CLOSED: one that was written, or was given to be and comes back; and:
 * the process of this writer has ended.
 */
void queue_store_segment_closed(struct queue_store *, uint64_t segment);
void queue_store_writer_ended(struct queue_store *, uint8_t writer);
/* A segment to be sent as SEGMENT_FREE to a receiver. False: none now. */
bool queue_store_next_free_segment(struct queue_store *, uint64_t *out);

/* `attempts` is the recipient's new count. */
void queue_store_result(struct queue_store *, struct queue_entry *,
    uint32_t index, const struct fate *, struct slice host, uint16_t attempts);
void queue_store_defer(struct queue_store *, struct queue_entry *,
    int64_t next_ms);
/* Deferred, and its time has come: not journaled, for it stays due. */
void queue_store_activate(struct queue_store *, struct queue_entry *);
void queue_store_hold(struct queue_store *, struct queue_entry *);
void queue_store_release(struct queue_store *, struct queue_entry *);
void queue_store_set_warned(struct queue_store *, struct queue_entry *);
/*
 * Recipient `index` (or none: QUEUE_NO_RECIPIENT) becomes FATE_EXPANDED; the
 * new ones stand behind all others. 0, or ERR_LIMIT if that is too much.
 */
enum { QUEUE_RECIPIENTS_MAX = 100000 };
#define QUEUE_NO_RECIPIENT UINT32_MAX
int queue_store_expand(struct queue_store *, struct queue_entry *,
    uint32_t index, const struct recipient *, uint32_t count) MUST_USE;
/* Done with it, whatever its recipients' fates. Must not be pinned. */
void queue_store_remove(struct queue_store *, struct queue_entry **);
/* It cannot be read: what there is of it is copied to quarantine/. */
void queue_store_quarantine(struct queue_store *, const struct queue_entry *);
/* A job is under way with its place: compaction leaves it where it is. */
void queue_store_pin(struct queue_store *, struct queue_entry *);
void queue_store_unpin(struct queue_store *, struct queue_entry *);

struct queue_entry *queue_store_find(const struct queue_store *, uint64_t id);
/* In any order; *cursor is 0 at first. NULL at the end. Changes are fine. */
struct queue_entry *queue_store_each(const struct queue_store *,
    uint64_t *cursor);
struct place queue_store_place(const struct queue_store *,
    const struct queue_entry *);
/*
 * The envelope from disk, with expansions: as many recipients as the entry
 * has. 0, -errno, ERR_CORRUPT, or ERR_LIMIT when the arena is full.
 */
int queue_store_envelope(struct queue_store *, const struct queue_entry *,
    struct arena *, struct envelope *out) MUST_USE;
/* The text behind a number in an entry; QUEUE_NO_TEXT is "". */
struct slice queue_store_text(const struct queue_store *, uint32_t text);
/* QUEUE_NO_TEXT if no entry has it: for filters. Domains are lower case. */
uint32_t queue_store_find_text(const struct queue_store *, struct slice);

struct queue_counts {
	uint64_t messages[QUEUE_STATE_COUNT];
	uint64_t recipients; /* not yet done */
	uint64_t octets;
	uint64_t segments;
	uint64_t journal_octets;
	uint64_t damaged;     /* records lost since the store was opened */
	uint64_t quarantined; /* copies of such that were made */
	uint64_t memory;      /* octets of the table and its texts */
};
void queue_store_counts(const struct queue_store *, struct queue_counts *);

#endif
