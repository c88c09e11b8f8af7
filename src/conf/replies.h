/*
 * conf/replies.h - replies.conf: what a reply of a next hop means, beyond its
 * code. Pure; the file is read by conf/type_file.c.
 *
 * A rule a line. The first that fits a reply counts. What is made of a text
 * points into it, so the text must live as long.
 */
#ifndef CONF_REPLIES_H
#define CONF_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "mail/fate.h"

enum {
	REPLIES_MAX = 1000,
	REPLIES_FILE_MAX = 256 * 1024,
	REPLIES_NAME_MAX = 40,
	REPLIES_PATTERN_MAX = 200,
	REPLIES_TEXT_SEEN = 1024, /* of a reply */
};

/* What it means for the message. */
enum reply_verdict {
	REPLY_AS_IT_IS,
	REPLY_PERMANENT,
	REPLY_TEMPORARY,
	REPLY_NEXT_MX
};
/* What it means for the mail to come; the later ones outweigh. */
enum reply_pace {
	PACE_AS_IT_IS,
	PACE_SLOW,
	PACE_REST_SOURCE,
	PACE_PAUSE,
	PACE_COUNT
};

struct reply_range {
	uint16_t from;
	uint16_t to;
};

struct reply_rule {
	struct slice name;
	struct slice mx;              /* a glob; empty: any host */
	struct slice text;            /* a glob; empty: any words */
	char code[4];                 /* "421", "4xx"; "": any */
	bool has_status;              /* else any */
	struct reply_range status[3]; /* class, subject, detail */
	enum reply_verdict verdict;
	enum reply_pace pace;
	int64_t pace_ms; /* of PACE_REST_SOURCE and PACE_PAUSE */
	unsigned line;
};

struct replies;

/* Called for each line that is wrong. */
typedef void replies_error_fn(unsigned line, const char *what, void *arg);

/* NULL after any error; all are reported. `error` may be NULL. */
struct replies *replies_parse(struct slice text, replies_error_fn *error,
    void *arg) MUST_USE;
void replies_free(struct replies **);
size_t replies_count(const struct replies *);
const struct reply_rule *replies_rule(const struct replies *, size_t index);
/*
 * The first rule for that reply of that host, or NULL. For replies that refuse
 * or put off (4yz, 5yz), as they came from a peer. `replies` may be NULL.
 */
const struct reply_rule *replies_match(const struct replies *,
    struct slice host, const struct fate *);
/* "pause", "rest-source", "slow"; for people. */
const char *reply_pace_name(enum reply_pace);

#endif
