/*
 * deliver/tools.h - what a deliverer has, for all that works on its jobs.
 *
 * Made once by deliver.c; the conf and what follows from it are changed by a
 * reload. Whoever keeps pointers into a conf keeps the conf.
 */
#ifndef DELIVER_TOOLS_H
#define DELIVER_TOOLS_H

#include <sys/queue.h>

#include "conf/conf.h"
#include "deliver/login.h"
#include "deliver/memory.h"
#include "dns/resolver.h"
#include "io/https.h"
#include "io/loop.h"
#include "io/tls.h"
#include "ipc/messages.h"
#include "policy/sts.h"
#include "queue/reader.h"

struct oauth;
struct pool;
struct self;
struct session;

enum { CONTENT_BLOCK = 256 * 1024 };

struct tools {
	struct loop *loop;
	struct conf *conf;
	struct resolver *resolver;
	struct queue_reader *reader;
	struct tls_client *tls;
	struct https *https;
	struct sts *sts;
	struct login_library *logins;
	struct oauth *oauth; /* tokens to log in with */
	struct pool *pool;
	struct self *self;             /* our own names and addresses */
	struct memory *broken_tls;     /* addresses whose handshake fails */
	struct memory *dead_addresses; /* nobody answered there */
	/* Tells the scheduler of an attempt at TLS; or NULL. */
	void (*report)(const struct msg_tls_result *, void *arg);
	void *report_arg; /* borrowed */
	char *block;      /* CONTENT_BLOCK octets, for use within one call */
	/* Kept by the sessions. */
	LIST_HEAD(, session) sessions;
	uint64_t connections; /* open now */
	uint64_t attempts;    /* since start */
};

#endif
