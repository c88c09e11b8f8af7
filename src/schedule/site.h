/*
 * schedule/site.h - hosts that take mail for one or many domains: one pace,
 * one state, one last error.
 *
 * A site is one lane's own, or shared by the lanes whose domains have the same
 * MX hosts (or whose hosts all fit one shaping "mx:PATTERN"). It is known by a
 * key then, and shown by the name of its best host. The pace is the plan's.
 */
#ifndef SCHEDULE_SITE_H
#define SCHEDULE_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "conf/replies.h"
#include "schedule/plan.h"

enum { SITE_ERROR_MAX = 512 };

struct lane;
TAILQ_HEAD(lane_list, lane);

struct site {
	TAILQ_ENTRY(site) link;
	struct plan_site *plan; /* borrowed: the plan */
	struct slice name;      /* borrowed: the plan */
	bool is_shared;         /* by who has the same key; may be but one */
	bool is_waking;         /* its deferred mail is being looked for */
	char *destination;      /* owned: what shaping goes by */
	char *mx_hosts;         /* owned: blanks between; or NULL */
	uint32_t lane_count;
	struct lane_list lanes;
	uint32_t idle_count;   /* connections that are kept open */
	struct lane_list idle; /* lanes that have some; longest first */
	uint32_t messages_per_connection;
	uint32_t recipients_per_message;
	uint64_t deferred; /* recipients that were put off here */
	uint64_t delivered;
	uint64_t failed;
	int64_t last_success_ms; /* wall */
	char last_error[SITE_ERROR_MAX];
	char last_rule[REPLIES_NAME_MAX + 1]; /* of replies.conf */
	int64_t cut_ms;  /* wall: its window was cut; 0: it was not */
	char *cut_reply; /* owned; with cut_ms: why */
};

struct site_kind {
	struct slice name;
	struct slice otherwise;   /* put behind a name that is taken */
	struct slice destination; /* a domain of its */
	struct slice mx_hosts;    /* or empty */
};

struct site_table;

struct site_table *site_table_new(struct plan *) MUST_USE;
/* There must be no lanes any more. */
void site_table_free(struct site_table **);
/* For one lane alone. */
struct site *site_own(struct site_table *, const struct conf *,
    const struct site_kind *, int64_t mono_ms);
/* The one whose MX hosts these are, or that a shaping makes of them. */
struct site *site_of_mx(struct site_table *, const struct conf *,
    const struct site_kind *, struct slice policy, int64_t mono_ms);
/* A lane comes; it leaves, and an empty site is swept away some time. */
void site_join(struct site_table *, struct site *, struct lane *);
void site_leave(struct site_table *, struct site *, struct lane *,
    int64_t mono_ms);
/* Neither suspended nor at rest. */
bool site_takes(const struct site *, int64_t mono_ms);
/* It is open, and nothing waits or is under way there. */
bool site_is_quiet(const struct site *);
/* After a reload: limits anew. */
void site_table_shape(struct site_table *, const struct conf *,
    int64_t mono_ms);
/* Forgets the empty ones that nothing waits at. Call each second. */
void site_table_sweep(struct site_table *);
void site_each(struct site_table *, void (*each)(struct site *, void *arg),
    void *arg);
/* The section that it goes by; never NULL. */
const struct shaping_conf *site_shaping(const struct conf *,
    const struct site *) MUST_USE;
void site_set_error(struct site *, struct slice reply);
void site_note_cut(struct site *, struct slice reply, int64_t wall_ms);

#endif
