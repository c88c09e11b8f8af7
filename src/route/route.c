/*
 * route/route.c - the decision for one recipient. Pure; it knows nothing of
 * who asks, so whether a client may relay is the receiver's to say.
 */
#include "route/route.h"

#include <fnmatch.h>
#include <string.h>

#include "base/ascii.h"
#include "base/must.h"

enum { KEY_MAX = 1024 };

/* Titles are sorted and in lower case; the slice may be neither. */
static int
title_cmp(struct slice key, const char *title)
{
	size_t n = strlen(title);

	for (size_t i = 0; i < key.n && i < n; i++) {
		unsigned char a = (unsigned char)ascii_lower(key.p[i]);
		unsigned char b = (unsigned char)title[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return (key.n > n) - (key.n < n);
}

const struct domain_conf *
route_domain(const struct conf *conf, struct slice name)
{
	size_t low = 0;
	size_t high = conf->domain_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = title_cmp(name, conf->domains[middle].name);

		if (order == 0)
			return &conf->domains[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct route_conf *
route_by_title(const struct conf *conf, struct slice title)
{
	size_t low = 0;
	size_t high = conf->route_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = title_cmp(title, conf->routes[middle].title);

		if (order == 0)
			return &conf->routes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* "sub.example.org" -> ".example.org" -> ".org": the next, longest first. */
static bool
next_parent(struct slice *domain)
{
	size_t from = domain->n > 0 && domain->p[0] == '.' ? 1 : 0;
	size_t dot = slice_find(slice_skip(*domain, from), '.') + from;

	if (dot >= domain->n)
		return false;
	*domain = slice_skip(*domain, dot);
	return true;
}

const struct route_conf *
route_for(const struct conf *conf, const struct address *a)
{
	const struct route_conf *r = NULL;
	struct slice parent = a->domain;
	char bytes[KEY_MAX];

	if (a->local.n < sizeof(bytes) &&
	    a->domain.n < sizeof(bytes) - a->local.n) {
		memcpy(bytes, a->local.p, a->local.n);
		bytes[a->local.n] = '@';
		memcpy(bytes + a->local.n + 1, a->domain.p, a->domain.n);
		r = route_by_title(conf,
		    slice_from(bytes, a->local.n + 1 + a->domain.n));
	}
	if (r == NULL)
		r = route_by_title(conf, a->domain);
	while (r == NULL && next_parent(&parent))
		r = route_by_title(conf, parent);
	if (r == NULL)
		r = route_by_title(conf, SLICE("*"));
	must(r != NULL); /* conf_load() makes sure of "*" */
	return r;
}

static void
refuse(struct route_answer *out, enum route_kind kind, struct slice reply,
    const char *because)
{
	out->kind = kind;
	out->reply = reply;
	out->because = because;
}

static void
alias_to(struct route_answer *out, struct slice value, const char *because)
{
	out->kind = ROUTE_ALIAS;
	out->value = value;
	out->because = because;
}

static void
accept_as(struct route_answer *out, const char *because)
{
	out->kind = ROUTE_DOMAIN;
	out->because = because;
}

/* Was it "@domain" that matched, rather than a key of the mailbox's own? */
static bool
is_wildcard(const struct table *t, struct slice domain, struct slice value)
{
	struct slice all;

	return table_get_address(t, SLICE_NONE, domain, '\0', &all) &&
	    all.p == value.p;
}

/* A key of the mailbox's own, with or without its tag. */
static bool
get_own(const struct table *t, const struct domain_conf *d, struct slice local,
    struct slice *value)
{
	return t != NULL &&
	    table_get_address(t, local, slice_of(d->name), d->subaddress,
		value) &&
	    !is_wildcard(t, slice_of(d->name), *value);
}

static bool
get_wildcard(const struct table *t, const struct domain_conf *d,
    struct slice *value)
{
	return t != NULL &&
	    table_get_address(t, SLICE_NONE, slice_of(d->name), '\0', value);
}

/* "a%b", "a!b", "a@b": once upon a time ways to say "and then relay to b". */
static bool
asks_to_relay(struct slice local)
{
	return slice_has(local, '@') || slice_has(local, '%') ||
	    slice_has(local, '!');
}

static bool
exists_literally(const struct domain_conf *d, struct slice local)
{
	struct domain_conf whole = *d;
	struct slice value;

	whole.subaddress = '\0';
	return get_own(d->mailboxes, &whole, local, &value) ||
	    get_own(d->aliases, &whole, local, &value);
}

static bool
is_postmaster(const struct conf *conf, const struct domain_conf *d,
    struct slice local)
{
	struct slice p = slice_of(conf->postmaster);
	struct slice name = slice_take_until(&p, '@');

	return slice_eq_nocase(local, name) && slice_is_nocase(p, d->name);
}

/*
 * An address of ours. From the most exact on: its alias, its mailbox, the
 * domain's alias, a domain that takes everything, postmaster (RFC 5321, 4.5.1
 * wants it everywhere), the catch-all.
 */
static void
route_ours(const struct conf *conf, struct slice local, bool final,
    struct route_answer *out)
{
	const struct domain_conf *d = out->domain;
	bool named = slice_is_nocase(local, "postmaster");
	struct slice value;

	if (asks_to_relay(local) && !exists_literally(d, local)) {
		refuse(out, ROUTE_TRICK, SLICE("550 5.7.1 relaying denied"),
		    "the local part asks for relaying, and no such mailbox");
	} else if (!final && get_own(d->aliases, d, local, &value) &&
	    value.n > 0) {
		alias_to(out, value, "an alias");
	} else if (d->mailboxes != NULL &&
	    table_get_address(d->mailboxes, local, slice_of(d->name),
		d->subaddress, &value)) {
		if (d->mailboxes_are_system)
			out->user = value;
		accept_as(out, "a mailbox");
	} else if (!final && get_wildcard(d->aliases, d, &value) &&
	    value.n > 0) {
		alias_to(out, value, "the domain's alias");
	} else if (d->mailboxes == NULL) {
		accept_as(out, "every address of the domain is accepted");
	} else if (is_postmaster(conf, d, local) || (named && final)) {
		accept_as(out, "postmaster");
	} else if (named) {
		alias_to(out, slice_of(conf->postmaster), "postmaster");
	} else if (!final && d->catch_all[0] != '\0') {
		alias_to(out, slice_of(d->catch_all), "catch_all");
	} else {
		refuse(out, ROUTE_REJECT,
		    SLICE("550 5.1.1 no such mailbox here"),
		    "neither in mailboxes nor in aliases");
	}
}

void
route_recipient(const struct conf *conf, const struct address *a, bool final,
    struct route_answer *out)
{
	struct buf unquoted;

	*out = (struct route_answer){ .value = SLICE_NONE,
		.user = SLICE_NONE,
		.reply = SLICE_NONE,
		.because = "" };
	if (a->domain.n == 0) {
		if (slice_is_nocase(a->local, "postmaster") && !final)
			alias_to(out, slice_of(conf->postmaster), "postmaster");
		else
			refuse(out, ROUTE_REJECT,
			    SLICE("550 5.1.3 a domain is missing"),
			    "only postmaster needs no domain");
		return;
	}
	out->domain = route_domain(conf, a->domain);
	if (out->domain == NULL) {
		out->kind = ROUTE_RELAY;
		out->route = route_for(conf, a);
		out->because = "no domain section, so by route";
		return;
	}
	if (a->local.n == 0 || a->local.p[0] != '"') {
		route_ours(conf, a->local, final, out);
		return;
	}
	buf_init(&unquoted, KEY_MAX);
	address_local_unquote(a, &unquoted);
	route_ours(conf, buf_slice(&unquoted), final, out);
	buf_done(&unquoted);
}

/* How exact a shaping title is for this; 0: it does not match. */
static size_t
shaping_match(const char *title, struct slice destination, const char *mx_host)
{
	struct slice t = slice_of(title);
	struct slice rest = t;

	if (slice_is(t, "*"))
		return 1;
	if (slice_take_prefix(&rest, "mx:"))
		return mx_host[0] != '\0' &&
			fnmatch(rest.p, mx_host, FNM_NOESCAPE | FNM_CASEFOLD) ==
			    0
		    ? 2 + rest.n
		    : 0;
	if (t.n > 0 && t.p[0] == '.')
		return slice_ends_nocase(destination, title) ? 10000 + t.n : 0;
	return slice_eq_nocase(t, destination) ? 20000 : 0;
}

const struct shaping_conf *
route_shaping(const struct conf *conf, struct slice destination,
    struct slice mx_host)
{
	const struct shaping_conf *best = NULL;
	size_t best_match = 0;
	char host[DOMAIN_MAX + 1];

	/* A name that is too long for DNS matches no pattern. */
	(void)slice_to_cstr(mx_host, host, sizeof(host));
	for (size_t i = 0; i < conf->shaping_count; i++) {
		size_t match =
		    shaping_match(conf->shapings[i].title, destination, host);

		if (match > best_match) {
			best = &conf->shapings[i];
			best_match = match;
		}
	}
	must(best != NULL); /* conf_load() makes sure of "*" */
	return best;
}

/* The next of a list with commas or white space between. */
static bool
next_of_list(struct slice *list, struct slice *out)
{
	while (list->n > 0) {
		size_t n = 0;

		while (n < list->n && list->p[n] != ',' &&
		    !ascii_is_space(list->p[n]))
			n++;
		*out = slice_head(*list, n);
		*list = slice_skip(*list, n + 1);
		if (out->n > 0)
			return true;
	}
	return false;
}

bool
route_sender_is_own(const struct auth_conf *auth, struct slice login,
    const struct address *sender)
{
	struct slice list, one;
	struct slice local = login;
	struct slice domain;
	size_t at = slice_find_last(login, '@');

	if (address_is_null(sender))
		return true;
	local = slice_head(login, at);
	domain = slice_skip(login, at + 1);
	if (slice_eq_nocase(local, sender->local) &&
	    slice_eq_nocase(domain, sender->domain))
		return true;
	if (auth->senders == NULL || !table_get(auth->senders, login, &list))
		return false;
	while (next_of_list(&list, &one)) {
		at = slice_find_last(one, '@');
		if (slice_eq_nocase(slice_skip(one, at + 1), sender->domain) &&
		    (at == 0 ||
			slice_eq_nocase(slice_head(one, at), sender->local)))
			return true;
	}
	return false;
}
