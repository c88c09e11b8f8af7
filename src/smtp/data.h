/*
 * smtp/data.h - the content of DATA on the wire (RFC 5321, 4.5.2), both ways.
 *
 * Only CRLF "." CRLF ends the data. A bare CR or bare LF never ends a line, nor
 * the message; it is noted, and the caller refuses after the true end.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

struct data_decoder {
	int state;        /* private */
	int64_t lone_crs; /* private: CRs that no LF followed yet */
	bool bare_cr;
	bool bare_lf;
	bool nul;
	size_t line_length; /* of the line under way, CRLF not counted */
	size_t longest_line;
};

typedef void data_sink_fn(struct slice content, void *arg);

void data_decoder_init(struct data_decoder *);
/*
 * Eats wire bytes and gives the content, unstuffed, in runs as long as can be
 * (they point into `in`, or are single constants). Returns how many bytes were
 * eaten: all of them, or up to the end of data, and then *ended is true.
 */
size_t data_decoder_feed(struct data_decoder *, struct slice in,
    data_sink_fn *sink, void *arg, bool *ended) MUST_USE;

struct data_encoder {
	int state; /* private */
};

void data_encoder_init(struct data_encoder *);
/* Adds `content` with dots stuffed; runs are passed on as they are. */
void data_encoder_feed(struct data_encoder *, struct slice content,
    data_sink_fn *sink, void *arg);
/* CRLF if the last line had none, then "." CRLF. */
void data_encoder_end(struct data_encoder *, data_sink_fn *sink, void *arg);

#endif
