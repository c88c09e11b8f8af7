/*
 * mtad/children.h - the worker processes: started, handed what they need,
 * started again when they die, told to stop.
 */
#ifndef MTAD_CHILDREN_H
#define MTAD_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/must.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "ipc/channel.h"
#include "mtad/sockets.h"

struct children;

/* What every child is given its part of. Borrowed; the master keeps it true. */
struct handout {
	struct conf *conf;
	const struct sockets *sockets;
	uint32_t generation;
	int shared; /* the receivers' counters */
	int log;    /* log.target's file, or -1 */
	int events; /* log.events' file, or -1 */
	int lock;   /* of the spool: all hold it */
};

struct children_events {
	/* All of them are ready with the handout's generation. */
	void (*all_ready)(void *arg);
	/* One has started, become ready or died. */
	void (*changed)(void *arg);
	/* None is left, after children_stop(). */
	void (*all_gone)(void *arg);
	/* One ended with an error before the house had ever been ready. */
	void (*failed_early)(void *arg);
	/* For messages of the scheduler and the deliverers. */
	channel_fn *control_ask;
	channel_fn *agent_open;
};

/* One row for the status. */
struct child_view {
	enum role role;
	unsigned number;
	pid_t pid;          /* 0: it waits to be started again */
	const char *state;  /* "starting", "ready", "waiting", "stopping" */
	int64_t started_ms; /* wall */
	unsigned restarts;
};

struct children *children_new(struct loop *, const struct handout *,
    const struct children_events *, void *arg) MUST_USE;
void children_free(struct children **);
void children_start(struct children *);
/* One of ours? Then it is taken care of. `status` is waitpid(2)'s. */
bool children_reap(struct children *, pid_t, int status);

/* The handout has a new conf, and another generation. `old`: its sockets. */
void children_reconfigure(struct children *, const struct sockets *old);
/* Table `index` of the conf has a new image. */
void children_send_table(struct children *, uint32_t index);
void children_send_level(struct children *, enum log_level);
/* "log" or "events", opened anew. */
void children_send_file(struct children *, const char *name, int fd);
/* Those that take mail and carry it first; then the others. */
void children_stop(struct children *, int64_t grace_ms);
/* Whoever is still there. */
void children_kill(struct children *);
bool children_are_ready(const struct children *);

size_t children_count(const struct children *);
void children_view(const struct children *, size_t i, struct child_view *);
/* The scheduler's channel, or NULL while it is away. */
struct channel *children_scheduler(const struct children *);
/* The child at that channel, for log lines: "deliverer 1". */
const char *children_name(const struct channel *);

#endif
