/*
 * queue/reader.h - reading messages by their place: deliverers and scheduler.
 *
 * Keeps a few segments open. Checks checksums of header and envelope always,
 * of the content when asked.
 */
#ifndef QUEUE_READER_H
#define QUEUE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "queue/place.h"
#include "queue/vfs.h"

struct queue_reader;

/* A run of the content in a file, for whoever reads it by descriptor. */
struct queue_part {
	int fd; /* borrowed; -1 under a simulated vfs */
	uint64_t offset;
	uint64_t length;
	bool is_constant; /* never overwritten: large/, no segment */
};

struct queue_message {
	uint64_t id;
	uint64_t size;       /* octets of content, in all parts */
	struct buf envelope; /* encoded */
	unsigned part_count; /* 1, or 2 when the rest lies in large/ */
	struct queue_part parts[2];
	struct queue_open *open; /* owned: what keeps the files open */
};

struct queue_reader *queue_reader_new(struct vfs *) MUST_USE;
void queue_reader_free(struct queue_reader **);
/* 0, -errno, or ERR_CORRUPT. On success queue_message_done() is owed. */
int queue_reader_open(struct queue_reader *, const struct place *,
    struct queue_message *out) MUST_USE;
void queue_message_done(struct queue_reader *, struct queue_message *);
/* Content bytes from `offset`; how many, 0 at the end, or -errno. */
int64_t queue_message_read(struct queue_reader *, const struct queue_message *,
    uint64_t offset, void *to, size_t n) MUST_USE;
/* Reads it all against its checksum: 0, ERR_CORRUPT or -errno. */
int queue_message_verify(struct queue_reader *,
    const struct queue_message *) MUST_USE;
/*
 * The same, a piece a call, from a proof of zeros on; `piece` is scratch.
 * -EAGAIN: good so far, and there is more.
 */
struct queue_proof {
	uint64_t octets; /* of content that were read */
	uint32_t crc;
};
int queue_message_prove(struct queue_reader *, const struct queue_message *,
    struct queue_proof *, char *piece, size_t size) MUST_USE;

#endif
