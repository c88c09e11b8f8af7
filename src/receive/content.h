/*
 * receive/content.h - the bytes of one message on their way into its draft.
 *
 * From the first byte of DATA or BDAT to the end: size, header section, loops,
 * line ends. Results of checks that claim to be ours are taken out. Once
 * something is wrong the draft is given up, the rest is eaten without being
 * kept, and the verdict is told at the true end.
 */
#ifndef RECEIVE_CONTENT_H
#define RECEIVE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "receive/head.h"
#include "receive/smtp_host.h"
#include "receive/text_check.h"
#include "smtp/data.h"

struct smtp_terms;

struct content {
	const struct smtp_terms *terms; /* borrowed */
	const struct smtp_host *host;   /* borrowed */
	void *arg;
	struct data_decoder decoder; /* DATA */
	struct text_check check;     /* BDAT */
	struct head head;
	uint64_t octets; /* of content, as the sender made it */
	uint64_t kept;   /* of these, without fields that we took out */
	uint64_t id;
	int64_t arrived_ms;
	struct buf added; /* the fields that a submission lacked */
	bool has_draft;
	const char *verdict; /* a reply, NULL while all is well */
};

void content_init(struct content *, const struct smtp_terms *,
    const struct smtp_host *, void *arg);
void content_done(struct content *); /* a draft that is left is aborted */
/* 0 and the id and time of the message to come, or -errno. */
int content_begin(struct content *, uint64_t *id, int64_t *arrived_ms) MUST_USE;
/* Forgets all: the draft is aborted. */
void content_abort(struct content *);
/* commit() took the draft; nothing is left to abort. */
void content_committed(struct content *);

/* Wire bytes of DATA: as data_decoder_feed(). */
size_t content_feed_data(struct content *, struct slice in,
    bool *ended) MUST_USE;
void content_feed_chunk(struct content *, struct slice in);
/* All is there. NULL, or the reply that refuses it; then the draft is gone. */
const char *content_end(struct content *) MUST_USE;

/* The reply for trouble of ours: disk full, or anything else. */
const char *content_trouble(int rc);

#endif
