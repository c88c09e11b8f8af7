/*
 * queue/journal.h - files of change records: journals and checkpoints.
 *
 * Writing is for one thread at a time, the helper's. Reading goes record by
 * record, past damage to the next good one.
 */
#ifndef QUEUE_JOURNAL_H
#define QUEUE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "queue/change.h"
#include "queue/vfs.h"

#define JOURNAL_CHECKPOINT "journal/checkpoint"
#define JOURNAL_CHECKPOINT_NEW "journal/checkpoint.new"

/* The header stands twice: a damaged one would cost the whole file. */
enum { JOURNAL_HEADER_SIZE = 64, JOURNAL_FIRST = 2 * JOURNAL_HEADER_SIZE };

enum journal_type { JOURNAL_CHANGES, JOURNAL_STATE };

struct journal_header {
	enum journal_type type;
	uint64_t number; /* a journal's name; a checkpoint's first journal */
	uint64_t salt;
};

void journal_header_put(const struct journal_header *,
    unsigned char out[JOURNAL_HEADER_SIZE]);
bool journal_header_get(const unsigned char in[JOURNAL_HEADER_SIZE],
    struct journal_header *) MUST_USE;

struct journal_file {
	struct vfs *vfs; /* borrowed */
	struct journal_header header;
	int file; /* -1: none */
	uint64_t end;
	uint64_t written; /* zeros up to here at least */
};

void journal_file_init(struct journal_file *, struct vfs *);
void journal_file_close(struct journal_file *);
int journal_file_create(struct journal_file *, const char *name,
    const struct journal_header *) MUST_USE;
/* Seals the records for this file and appends them; not yet synced. */
int journal_file_append(struct journal_file *, struct buf *records) MUST_USE;
/* The same, with zeros ahead, synced: for journals. */
int journal_file_commit(struct journal_file *, struct buf *records) MUST_USE;

struct journal_reader;

enum journal_step {
	JOURNAL_RECORD, /* journal_reader_change() */
	JOURNAL_DAMAGE, /* from, to; and what it may have been */
	JOURNAL_AGAIN,  /* a bounded slice of work was done */
	JOURNAL_EOF,
	JOURNAL_FAILED, /* journal_reader_error() */
};

/* ERR_CORRUPT: it has no header, and nothing else that tells its salt. */
int journal_reader_open(struct vfs *, const char *name, enum journal_type,
    struct journal_reader **out) MUST_USE;
void journal_reader_free(struct journal_reader **);
const struct journal_header *journal_reader_header(
    const struct journal_reader *);
/* Both headers are bad; a checkpoint's number is known all the same. */
bool journal_reader_is_headless(const struct journal_reader *);
enum journal_step journal_reader_next(struct journal_reader *) MUST_USE;
/* Valid until the next call. */
const struct change *journal_reader_change(const struct journal_reader *);
/* What stands there, damaged or not. False: that much does not. */
bool journal_reader_octets(struct journal_reader *, uint64_t at,
    unsigned char *to, size_t n) MUST_USE;
uint64_t journal_reader_from(const struct journal_reader *);
uint64_t journal_reader_to(const struct journal_reader *);
/* After JOURNAL_EOF: it ends within a record, that begins at `lost`. */
bool journal_reader_is_torn(struct journal_reader *);
uint64_t journal_reader_lost(const struct journal_reader *);
int journal_reader_error(const struct journal_reader *);

#endif
