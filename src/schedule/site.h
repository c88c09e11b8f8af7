/*
 * schedule/site.h - a next hop: how it is reached, its numbers, its idle
 * connections.
 *
 * Sites are known by a key (target and the route's policy), shown by a name,
 * and noted in a million entries by a number. The pace is the plan's.
 */
#ifndef SCHEDULE_SITE_H
#define SCHEDULE_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "schedule/plan.h"

enum {
	SITE_NUMBER_MAX = UINT16_MAX - 1,
	SITE_DELIVERERS_MAX = 64,
	SITE_ERROR_MAX = 512
};

struct load;

struct site {
	struct plan_site *plan; /* borrowed: the plan */
	struct slice name;      /* owned by the table */
	uint16_t number;        /* 0: none was left */
	bool is_domain;
	bool is_remote;
	bool has_others;   /* the route has more hops */
	bool is_waking;    /* its deferred mail is being looked for */
	char *key;         /* owned */
	char *target;      /* owned */
	char *route;       /* owned: the section's title */
	char *destination; /* owned: what shaping goes by */
	char *mx_host;     /* owned: that was last reached, or NULL */
	uint32_t messages_per_connection;
	uint32_t recipients_per_message;
	uint64_t deferred; /* recipients that were put off here */
	uint64_t delivered;
	uint64_t failed;
	int64_t last_success_ms; /* wall */
	int64_t used_ms;         /* monotonic */
	char last_error[SITE_ERROR_MAX];
	struct load *filling; /* borrowed: of the message being routed */
	int64_t idle_until_ms;
	uint16_t idle[SITE_DELIVERERS_MAX]; /* connections, by deliverer */
};

/* How a recipient is to be carried. */
struct site_want {
	struct slice target; /* as in DELIVER_JOB */
	struct slice name;
	struct slice policy; /* what else tells connections apart; or empty */
	struct slice route;
	struct slice destination;
	bool is_domain;
	bool is_remote;
	bool has_others; /* hops of the route */
};

struct site_table;

struct site_table *site_table_new(struct plan *) MUST_USE;
void site_table_free(struct site_table **);
struct site *site_get(struct site_table *, const struct conf *,
    const struct site_want *, int64_t mono_ms);
/* The same, if it is there; or NULL. */
struct site *site_peek(struct site_table *, const struct site_want *);
struct site *site_find(struct site_table *, struct slice name);
struct site *site_by_number(const struct site_table *, uint16_t number);
/* After a reload: limits anew. */
void site_table_shape(struct site_table *, const struct conf *,
    int64_t mono_ms);
/*
 * An MX host of the site was reached: shaping of a title "mx:PATTERN" may be
 * due from now on. Not for a site that is no MX set.
 */
void site_learn_mx(struct site_table *, struct site *, const struct conf *,
    struct slice host, int64_t mono_ms);
/* Forgets some that were not used for long. Call each second. */
void site_table_sweep(struct site_table *, int64_t mono_ms);
void site_each(struct site_table *, void (*each)(struct site *, void *arg),
    void *arg);
void site_set_error(struct site *, struct slice reply);

/* Connections that deliverers keep open after a job. */
void site_idle_add(struct site *, unsigned deliverer, int64_t until_ms);
/* The deliverer with one, which is taken; or -1. */
int site_idle_take(struct site *, int64_t now_ms);
void site_idle_forget(struct site_table *, unsigned deliverer);

#endif
