/*
 * deliver/oauth.h - access tokens for routes that log in by OAuth 2.
 *
 * Fetched when a job needs one, kept in memory, renewed ahead of their end.
 * Jobs that wait share one fetch; routes with the same client share a token.
 */
#ifndef DELIVER_OAUTH_H
#define DELIVER_OAUTH_H

#include <stdbool.h>

#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "deliver/tools.h"

struct oauth;
struct oauth_wait;

/* `token` is valid in the call; NULL: there is none, `why` says why. */
typedef void oauth_fn(const char *token, const char *why, void *arg);

/*
 * Refresh tokens that a server has replaced are kept elsewhere, for us and for
 * others of our kind, by a digest of what is configured. Each is used by one of
 * us at a time.
 */
struct oauth_keeper {
	/* oauth_told() answers it once it is our turn. */
	void (*ask)(struct slice client, void *arg);
	/* Ends our turn; empty: the token stays as it is. */
	void (*keep)(struct slice client, struct slice token, void *arg);
	void *arg;
};

/* Borrows the tools. Call before the sandbox. */
struct oauth *oauth_new(struct tools *, const struct oauth_keeper *) MUST_USE;
/* Empty: nothing is kept of that client. */
void oauth_told(struct oauth *, struct slice client, struct slice token);
/* It knows nothing of what was asked. */
void oauth_keeper_is_new(struct oauth *);
/* Nobody may be waiting any more. */
void oauth_free(struct oauth **);
/* Does that route log in by a token? */
bool oauth_is_for(const struct route_conf *);
/* The answer comes from the loop; the wait is gone then. */
struct oauth_wait *oauth_ask(struct oauth *, const struct route_conf *,
    oauth_fn *, void *arg) MUST_USE;
void oauth_cancel(struct oauth_wait **);
/* The next hop did not take that token: nobody else gets it. */
void oauth_reject(struct oauth *, const struct route_conf *, const char *token);
/* Forgets what no route of a new configuration uses. */
void oauth_configure(struct oauth *, const struct conf *);

#endif
