/*
 * admin/ops.h - what admin/ asks of the scheduler, as functions that it gives.
 *
 * Each takes the scheduler's own pointer first. None blocks for longer than
 * some milliseconds; the ones that walk the queue do so in steps.
 */
#ifndef ADMIN_OPS_H
#define ADMIN_OPS_H

#include <jansson.h>

#include "admin/filter.h"
#include "base/arena.h"
#include "base/buf.h"
#include "mail/envelope.h"
#include "queue/place.h"

enum admin_step { ADMIN_FOUND, ADMIN_MORE, ADMIN_END };
enum admin_act {
	ADMIN_FLUSH,
	ADMIN_HOLD,
	ADMIN_RELEASE,
	ADMIN_REMOVE,
	ADMIN_BOUNCE,
	ADMIN_ACT_COUNT
};
enum admin_by { BY_NOTHING, BY_DOMAIN, BY_SENDER, BY_STATE, BY_RESPONSE };

struct admin_recipient {
	const char *state;
	struct slice site;
	struct slice response;
	uint32_t attempts;
	int64_t next_ms; /* 0: none */
};

struct admin_message {
	enum queue_state state;
	struct envelope envelope;
	struct admin_recipient *recipients; /* as many as the envelope's */
	struct place place;
	int64_t expires_ms;
	bool warned;
};

typedef void admin_key_fn(struct slice key, void *arg);

struct admin_ops {
	/*
	 * The next candidate: all of the filter that memory can tell holds.
	 * *sure: the rest holds too; else ask `matches`. Each entry looked at
	 * takes one from *left; at 0 it is ADMIN_MORE. *cursor is 0 at first.
	 */
	enum admin_step (*next)(void *owner, const struct filter *,
	    uint64_t *cursor, unsigned *left, uint64_t *id, bool *sure);
	bool (*matches)(void *owner, const struct filter *, uint64_t id);
	/* False: there is no such message (any more). */
	bool (*message)(void *owner, uint64_t id, struct arena *,
	    struct admin_message *out);
	/* The keys by which it is counted; nothing if it is gone. */
	void (*keys)(void *owner, uint64_t id, enum admin_by, admin_key_fn *,
	    void *arg);
	/* 0, -ENOENT, ERR_LIMIT when the buf is full, or another error. */
	int (*content)(void *owner, uint64_t id, struct buf *out);
	json_t *(*history)(void *owner, uint64_t id); /* an array, or NULL */
	/* False: there is none of that id, or it is done already. */
	bool (*act)(void *owner, enum admin_act, uint64_t id, struct slice by);
	/* How many are in that state. */
	uint64_t (*count)(void *owner, enum queue_state);

	json_t *(*status)(void *owner);
	json_t *(*sites)(void *owner);
	json_t *(*site)(void *owner, struct slice name); /* NULL: unknown */
	/* seconds 0: until resumed. Both answer with the site's object. */
	json_t *(*suspend)(void *owner, struct slice name, uint64_t seconds);
	json_t *(*resume)(void *owner, struct slice name); /* NULL: unknown */
	/* To the master; admin_answered() brings the answer. */
	void (*control)(void *owner, uint64_t cookie, const char *verb,
	    struct slice argument);
};

#endif
