/*
 * schedule/lane.h - a way that mail goes: one domain, or one named host, by
 * one route; and the site where it comes out.
 *
 * Lanes are known by a key (target and the route's policy), shown by a name,
 * and noted in a million entries by a number. A lane whose MX hosts are not
 * known has a site of its own; the first job finds them out.
 */
#ifndef SCHEDULE_LANE_H
#define SCHEDULE_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "schedule/site.h"

enum { LANE_NUMBER_MAX = UINT16_MAX - 1, LANE_DELIVERERS_MAX = 64 };

struct load;

struct lane {
	TAILQ_ENTRY(lane) in_site;
	TAILQ_ENTRY(lane) in_idle; /* when it has idle connections */
	struct site *site;         /* borrowed: never NULL */
	struct slice name;         /* its own, behind the struct */
	uint16_t number;           /* 0: none was left */
	bool is_domain;
	bool is_remote;
	bool has_others;   /* the route has more hops */
	char *key;         /* owned */
	char *target;      /* owned */
	char *route;       /* owned: the section's title */
	char *destination; /* owned: what shaping goes by */
	uint64_t mx;       /* digest of its MX set, MX_ANY: it has none */
	int64_t moved_ms;
	uint64_t deferred;    /* recipients that were put off here */
	uint32_t loads;       /* of all rounds */
	int64_t used_ms;      /* monotonic */
	struct load *filling; /* borrowed: of the message being routed */
	int64_t idle_until_ms;
	uint32_t idle_count;
	uint16_t idle[LANE_DELIVERERS_MAX]; /* connections, by deliverer */
};

/* How a recipient is to be carried. */
struct lane_want {
	struct slice target; /* as in DELIVER_JOB */
	struct slice name;
	struct slice policy; /* what else tells connections apart; or empty */
	struct slice route;
	struct slice destination;
	bool is_domain;
	bool is_remote;
	bool has_others; /* hops of the route */
};

/* What a deliverer has found in DNS. */
struct lane_mx {
	uint64_t digest;
	struct slice hosts; /* blanks between; empty: nothing was found */
	struct slice best;
};

struct lane_table;

struct lane_table *lane_table_new(struct plan *) MUST_USE;
void lane_table_free(struct lane_table **);
struct lane *lane_get(struct lane_table *, const struct conf *,
    const struct lane_want *, int64_t mono_ms);
/* The same, if it is there; or NULL. */
struct lane *lane_peek(struct lane_table *, const struct lane_want *);
struct lane *lane_by_number(const struct lane_table *, uint16_t number);
/* The name of a site or a lane, or a domain that has a lane; or NULL. */
struct plan_site *lane_table_find(const struct lane_table *, struct slice name);
struct site_table *lane_table_sites(const struct lane_table *);
/* After a reload: limits anew, and MX sets are asked for again. */
void lane_table_shape(struct lane_table *, const struct conf *,
    int64_t mono_ms);
/*
 * It leads to the site of those hosts from now on; without hosts, to one of
 * its own. False: it did so before, or the postmaster has stopped it here.
 */
bool lane_move(struct lane_table *, struct lane *, const struct conf *,
    const struct lane_mx *, int64_t mono_ms);
/* For DELIVER_JOB: the set that a job is planned for; or MX_ANY, MX_UNKNOWN. */
uint64_t lane_mx_to_check(const struct lane *, int64_t mono_ms) MUST_USE;
/* A recipient of its is put off, or is not any more. */
void lane_count_deferred(struct lane *, bool more);
void lane_each(struct lane_table *, void (*each)(struct lane *, void *arg),
    void *arg);
/* Forgets some that were not used for long. Call each second. */
void lane_table_sweep(struct lane_table *, int64_t mono_ms);

/* Connections that deliverers keep open after a job. */
void lane_idle_add(struct lane *, unsigned deliverer, int64_t until_ms);
/* The deliverer with one, which is taken; or -1. */
int lane_idle_take(struct lane *, int64_t now_ms);
/* None is left, as far as we know. */
void lane_idle_clear(struct lane *);

#endif
