/*
 * mtactl/ctl.h - one call of mtactl: what was asked, and what all verbs share.
 */
#ifndef MTACTL_CTL_H
#define MTACTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"

/* Exit codes. */
enum {
	CTL_DONE = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NOT_RUNNING = 3,
};

/* Options with a value come first; the rest are said or not. */
enum ctl_option {
	OPT_FROM,
	OPT_TO,
	OPT_STATE,
	OPT_OLDER,
	OPT_NEWER,
	OPT_SITE,
	OPT_RESPONSE,
	OPT_LIMIT,
	OPT_BY,
	OPT_FOR,
	OPT_TYPE,
	OPT_OUTPUT,
	OPT_ALL,
	OPT_EXPLAIN,
	OPT_CONNECT,
	OPT_SPF,
	OPT_REPAIR,
	OPT_COUNT,
};

#define OPT_BIT(o) (1u << OPT_##o)
#define OPT_FILTER                                                       \
	(OPT_BIT(FROM) | OPT_BIT(TO) | OPT_BIT(STATE) | OPT_BIT(OLDER) | \
	    OPT_BIT(NEWER) | OPT_BIT(SITE) | OPT_BIT(RESPONSE))

struct ctl {
	const char *conf_path;
	const char *socket; /* -s, or NULL */
	bool json;
	const char *options[OPT_COUNT]; /* the value, or NULL: not given */
	char *const *words;             /* behind the verb */
	size_t word_count;
};

/* A row of the table of verbs. */
struct verb {
	const char *name;   /* "queue" */
	const char *second; /* "list", or NULL */
	const char *words;  /* "ID...", for the help */
	size_t least;       /* words behind the verb */
	size_t most;
	unsigned options; /* OPT_BIT of those it takes */
	int (*run)(struct ctl *);
	const char *what;
};

/* "mtactl: ..." on standard error; CTL_FAILED. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The whole configuration, or NULL after its errors were shown. */
struct conf *ctl_conf(const struct ctl *) MUST_USE;
/* Terminals must not obey what came from outside: control bytes become "?". */
void ctl_print(struct slice);
/* A word padded to a width (0: none), and a space between columns. */
void ctl_column(struct slice, int width);
void ctl_end_row(void);

#endif
