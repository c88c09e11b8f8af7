/*
 * receive/services.h - what all sessions of a receiver use together.
 *
 * receive.c makes and owns all of it; a session borrows it.
 */
#ifndef RECEIVE_SERVICES_H
#define RECEIVE_SERVICES_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "ipc/channel.h"
#include "receive/commit.h"
#include "receive/counters.h"
#include "receive/dmarc_search.h"
#include "receive/inspection.h"
#include "receive/report.h"

struct session;

struct services {
	struct loop *loop;
	struct commit *commit;
	struct counters *counters;
	struct report *report;
	struct inspector *inspector;
	struct dmarc_searches *dmarc_searches;
	struct channel *scheduler;     /* NULL: away */
	struct channel *authenticator; /* NULL: away */
	struct buf out;                /* the replies of one call */
	struct buf envelope;           /* encoded, during one call */
	struct id_maker session_ids;
	LIST_HEAD(, session) sessions;
	struct session *by_id; /* those in an exchange with the authenticator */
	bool stopping;
	struct msg_receiver_stats stats;
	/* A session has ended; `arg` is receive.c's. */
	void (*session_ended)(void *arg);
	void *arg;
};

#endif
