/*
 * route/route.h - is this recipient ours, does it exist, where does it go?
 *
 * Pure functions of the configuration and its tables. The receiver asks at
 * RCPT, the scheduler when it adopts a message, mtactl for `test`. Answers
 * point into the conf, its tables and the address; they live as long as these.
 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/why.h"
#include "conf/conf.h"
#include "conf/target.h"
#include "mail/address.h"

enum route_kind {
	ROUTE_DOMAIN, /* ours and exists: goes to domain->deliver */
	ROUTE_ALIAS,  /* ours: replaced by the addresses in `value` */
	ROUTE_RELAY,  /* not ours: goes by route->via, for who may relay */
	ROUTE_REJECT, /* ours, and refused: `reply` */
	ROUTE_TRICK,  /* would have us relay by its local part: `reply` */
};

struct route_answer {
	enum route_kind kind;
	const struct domain_conf *domain; /* DOMAIN, ALIAS, REJECT, TRICK */
	const struct route_conf *route;   /* RELAY */
	struct slice value;               /* ALIAS: addresses */
	struct slice user;   /* DOMAIN: "UID:GID:HOME" of a system mailbox */
	struct slice reply;  /* "550 5.1.1 ..." */
	const char *because; /* for people: which rule decided */
};

/*
 * The address as SMTP gave it. One without a domain is <postmaster>, and
 * becomes an ALIAS of conf.postmaster. `final`: it came out of an alias, which
 * it must not go through again.
 */
void route_recipient(const struct conf *, const struct address *, bool final,
    struct route_answer *out);

/* The domain section of that name, or NULL. Case is ignored. */
const struct domain_conf *route_domain(const struct conf *, struct slice);
/* The most exact route: "user@domain", "domain", ".domain", "*". */
const struct route_conf *route_for(const struct conf *, const struct address *);
/* Sections by title, for what IPC names; or NULL. */
const struct route_conf *route_by_title(const struct conf *, struct slice);

enum { ROUTE_EXPANSION_MAX = 10000, ROUTE_DEPTH_MAX = 20 };

struct expansion {
	struct slice *addresses; /* the arena's; each once, route as `final` */
	size_t count;
};
/*
 * An ALIAS, followed to its ends. An alias that names itself keeps that
 * mailbox. 0; ERR_LIMIT (too many, too deep, or the arena is full); -EINVAL
 * (a loop, no address, a form that is not available): `why` has the words.
 */
int route_expand(const struct conf *, const struct address *, struct arena *,
    struct expansion *out, struct why *) MUST_USE;

/*
 * The shaping section for a destination domain and one of its MX hosts (may be
 * empty): "domain", ".domain", "mx:PATTERN" (the longest), "*"; never NULL.
 */
const struct shaping_conf *route_shaping(const struct conf *,
    struct slice destination, struct slice mx_host);

/*
 * May that login send as `sender`? It is the login itself, or the senders
 * table gives the login that address or its "@domain". Null senders may
 * always (RFC 8098 notifications).
 */
bool route_sender_is_own(const struct auth_conf *, struct slice login,
    const struct address *sender);

#endif
