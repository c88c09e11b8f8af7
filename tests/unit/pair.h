/*
 * unit/pair.h - two connections that talk to each other inside one loop.
 *
 * Each side collects what it reads and counts what it is told; a test sets what
 * else is to happen.
 */
#ifndef UNIT_PAIR_H
#define UNIT_PAIR_H

#include "tests/unit/run.h"

#include "base/buf.h"
#include "io/conn.h"

struct side {
	struct conn *conn;
	struct buf got;
	int connected, drained, secured, ended;
	int secured_rc, ended_rc;
	bool leaves_input;           /* does not consume */
	size_t most_input;           /* ever seen at once */
	void (*then)(struct side *); /* after each event, or NULL */
	size_t to_send;              /* pattern bytes that are left */
	size_t sent;
	bool closes_when_sent;
	bool is_inside; /* a call of the test's into conn.c */
};

extern struct loop *loop;
extern struct side client, server;

/* A listener on 127.0.0.1, the client connecting to it. */
void pair_open(void);
void pair_close(void);
/* Until loop_stop(), at most ten seconds. */
void pair_run(void);
/* `then` for both: stops when both sides are connected. */
void pair_connect(void);
void side_write(struct side *, const char *);
/* Sends a pattern as the output drains. */
void side_pump(struct side *);
bool is_pattern(struct slice);
extern const struct conn_events side_events;

#endif
