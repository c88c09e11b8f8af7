/*
 * deliver/oauth.c - one fetch at a time for each client: the endpoint's
 * addresses, the POST, and whoever waits is told.
 *
 * A failed fetch is not repeated by itself: its jobs are put off, the next one
 * asks again. Tokens are in no log; secrets are wiped when they go.
 */
#include "deliver/oauth.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "conf/https_url.h"
#include "deliver/oauth_text.h"
#include "dns/hosts.h"
#include "io/hmac.h"

enum {
	FETCH_PATIENCE = 30 * SECOND,
	ASK_PATIENCE = MINUTE, /* others have their turn before */
	CLIENT_SIZE = 2 * HMAC_SIZE + 1,
	RENEW_BEFORE_MAX = 5 * MINUTE,
	RENEW_SHARE = 5, /* or with a fifth of its life left */
	USE_SHARE = 20,  /* in its last twentieth it is used no more */
	RENEW_AGAIN = 30 * SECOND,
	KEY_MAX = 64 * 1024,
	BODY_MAX = 64 * 1024,
	WHY_SIZE = 512,
};

struct grant {
	LIST_ENTRY(grant) in_all;
	struct oauth *all;        /* borrowed */
	char *key;                /* owned: all that is asked for, and secret */
	char client[CLIENT_SIZE]; /* a digest, for the keeper */
	struct https_url url;
	char *client_id; /* owned, as the next three */
	char *client_secret;
	char *refresh_token; /* the latest */
	char *scope;
	char *token; /* owned; NULL: none */
	int64_t renew_ms;
	int64_t ends_ms;
	bool fetching;
	struct timer *asked; /* owned; set while the keeper has not answered */
	bool has_turn;       /* it has; nobody else uses the refresh token */
	struct hosts_search *search; /* owned */
	struct https_call *call;     /* owned */
	LIST_HEAD(, oauth_wait) waits;
};

struct oauth_wait {
	LIST_ENTRY(oauth_wait) in_grant;
	struct grant *grant; /* borrowed */
	oauth_fn *fn;
	void *arg; /* borrowed */
};

struct oauth {
	struct tools *tools; /* borrowed */
	struct oauth_keeper keeper;
	LIST_HEAD(, grant) grants;
};

static void
free_secret(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	mem_free(*secret);
	*secret = NULL;
}

/* None: the refresh token stays as it is. */
static void
end_turn(struct grant *g, struct slice refresh_token)
{
	const struct oauth_keeper *k = &g->all->keeper;

	if (g->has_turn || refresh_token.n > 0)
		k->keep(slice_of(g->client), refresh_token, k->arg);
	g->has_turn = false;
}

static void
grant_free(struct grant *g)
{
	must(LIST_EMPTY(&g->waits));
	end_turn(g, SLICE_NONE);
	LIST_REMOVE(g, in_all);
	timer_free(&g->asked);
	hosts_cancel(&g->search);
	https_cancel(&g->call);
	free_secret(&g->key);
	free_secret(&g->client_secret);
	free_secret(&g->refresh_token);
	free_secret(&g->token);
	mem_free(g->client_id);
	mem_free(g->scope);
	mem_free(g);
}

static struct slice
secret_of(const struct blob *b)
{
	return b->n == 0 ? SLICE_NONE : slice_from(b->bytes, b->n);
}

static void
write_key(const struct route_conf *r, struct buf *key)
{
	buf_init(key, KEY_MAX);
	buf_addf(key, "%s\n%s\n%s\n", r->oauth_token_url, r->oauth_client_id,
	    r->oauth_scope);
	buf_add(key, secret_of(&r->oauth_client_secret));
	buf_add_char(key, '\n');
	buf_add(key, secret_of(&r->oauth_refresh_token));
}

static struct grant *
find(struct oauth *o, const struct route_conf *r)
{
	struct grant *g;
	struct buf key;

	write_key(r, &key);
	LIST_FOREACH (g, &o->grants, in_all)
		if (slice_is(buf_slice(&key), g->key))
			break;
	buf_wipe(&key);
	return g;
}

/* A new secret or scope is no reason to forget a token; a new token is. */
static void
write_client(const struct route_conf *r, char out[CLIENT_SIZE])
{
	unsigned char digest[HMAC_SIZE];
	struct buf key;

	buf_init(&key, KEY_MAX);
	buf_addf(&key, "%s\n%s\n", r->oauth_token_url, r->oauth_client_id);
	buf_add(&key, secret_of(&r->oauth_refresh_token));
	hmac_sha256(SLICE("oauth client"), buf_slice(&key), digest);
	buf_wipe(&key);
	for (size_t i = 0; i < HMAC_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void on_untold(void *);

static struct grant *
grant_new(struct oauth *o, const struct route_conf *r)
{
	struct grant *g = mem_zero(sizeof(*g));
	struct buf key;

	g->all = o;
	write_key(r, &key);
	g->key = mem_cstr(buf_slice(&key));
	write_client(r, g->client);
	g->asked = timer_new(o->tools->loop, on_untold, g);
	buf_wipe(&key);
	/* conf/ has checked it. */
	must(https_url_parse(slice_of(r->oauth_token_url), &g->url));
	g->client_id = mem_cstr(slice_of(r->oauth_client_id));
	g->client_secret = mem_cstr(secret_of(&r->oauth_client_secret));
	g->refresh_token = mem_cstr(secret_of(&r->oauth_refresh_token));
	g->scope = mem_cstr(slice_of(r->oauth_scope));
	LIST_INIT(&g->waits);
	LIST_INSERT_HEAD(&o->grants, g, in_all);
	return g;
}

/* --- the end of a fetch --- */

/* Who is told may ask again, or take others away. */
static void
tell_all(struct grant *g, const char *why)
{
	struct oauth_wait *w;

	while (!g->fetching && (w = LIST_FIRST(&g->waits)) != NULL) {
		LIST_REMOVE(w, in_grant);
		loop_unpost(g->all->tools->loop, w);
		w->fn(g->token, why, w->arg);
		mem_free(w);
	}
}

static void
fetch_failed(struct grant *g, const char *why)
{
	int64_t now = loop_now(g->all->tools->loop);
	struct log_text text;

	log_warning("deliver oauth-failed host=%s why=%s", g->url.host,
	    log_text(slice_of(why), &text));
	end_turn(g, SLICE_NONE);
	g->fetching = false;
	g->renew_ms = now + RENEW_AGAIN;
	if (now >= g->ends_ms)
		free_secret(&g->token);
	tell_all(g, why);
}

static void
set_refresh_token(struct grant *g, struct slice token)
{
	free_secret(&g->refresh_token);
	g->refresh_token = mem_cstr(token);
}

static void
take_token(struct grant *g, const struct oauth_answer *answer)
{
	int64_t life = (int64_t)answer->life_seconds * SECOND;
	int64_t before = life / RENEW_SHARE;
	int64_t now = loop_now(g->all->tools->loop);
	struct slice successor = SLICE_NONE;

	free_secret(&g->token);
	g->token = mem_cstr(slice_of(answer->access));
	/* RFC 6749, 6: a new one takes the place of the old. */
	if (answer->refresh[0] != '\0' && g->refresh_token[0] != '\0' &&
	    strcmp(answer->refresh, g->refresh_token) != 0) {
		successor = slice_of(answer->refresh);
		set_refresh_token(g, successor);
	}
	end_turn(g, successor);
	g->ends_ms = now + life - life / USE_SHARE;
	g->renew_ms = now + life -
	    (before < RENEW_BEFORE_MAX ? before : RENEW_BEFORE_MAX);
	log_info("deliver oauth-token host=%s seconds=%u", g->url.host,
	    answer->life_seconds);
	g->fetching = false;
	tell_all(g, "");
}

static void
on_answer(const struct https_answer *a, void *arg)
{
	struct grant *g = arg;
	struct oauth_answer answer = { .access = "" };
	enum oauth_answer_kind kind = OAUTH_NONSENSE;
	char why[WHY_SIZE];
	struct buf text;

	g->call = NULL;
	buf_init(&text, sizeof(why) - 1);
	if (a->rc == 0)
		kind = oauth_answer_parse(a->body, &answer);
	if (kind == OAUTH_TOKEN && a->status == 200) {
		take_token(g, &answer);
	} else {
		if (a->rc != 0)
			buf_add_cstr(&text, a->why);
		else if (kind == OAUTH_REFUSED)
			buf_addf(&text, "refused: %s", answer.error);
		else
			buf_addf(&text, "HTTP %ld, %s", a->status,
			    kind == OAUTH_TOKEN ? "and a token" : answer.error);
		(void)slice_to_cstr(buf_slice(&text), why, sizeof(why));
		fetch_failed(g, why);
	}
	buf_done(&text);
	explicit_bzero(&answer, sizeof(answer));
}

/* --- a fetch --- */

static void
post(struct grant *g, const struct ip *addresses, size_t count)
{
	const struct oauth_wish wish = {
		.refresh_token = slice_of(g->refresh_token),
		.client_id = slice_of(g->client_id),
		.client_secret = slice_of(g->client_secret),
		.scope = slice_of(g->scope),
	};
	struct https_request request = {
		.host = g->url.host,
		.path = g->url.path,
		.port = g->url.port,
		.addresses = addresses,
		.address_count = count,
		.content_type = "application/x-www-form-urlencoded",
		.answer_max = OAUTH_ANSWER_MAX,
		.timeout_ms = FETCH_PATIENCE,
	};
	struct buf body;

	buf_init(&body, BODY_MAX);
	oauth_write_request(&wish, &body);
	request.body = buf_slice(&body);
	g->call = https_start(g->all->tools->https, &request, on_answer, g);
	buf_wipe(&body);
}

static void
on_hosts(const struct hosts *hosts, void *arg)
{
	struct grant *g = arg;
	struct ip addresses[HTTPS_ADDRESSES_MAX];
	size_t n = 0;

	g->search = NULL;
	for (; n < hosts->address_count && n < HTTPS_ADDRESSES_MAX; n++)
		addresses[n] = hosts->address[n].ip;
	if (n == 0)
		fetch_failed(g, "its name leads to no address");
	else
		post(g, addresses, n);
}

static void
find_endpoint(struct grant *g)
{
	struct tools *t = g->all->tools;
	const struct hosts_policy policy = { .ipv4 = t->conf->delivery.ipv4,
		.ipv6 = t->conf->delivery.ipv6 };

	g->search = hosts_of_name(t->resolver, t->loop, slice_of(g->url.host),
	    &policy, on_hosts, g);
}

/* The scheduler is busy, or starts anew: with what we know, then. */
static void
on_untold(void *arg)
{
	find_endpoint(arg);
}

static void
ask_for_turn(struct grant *g)
{
	const struct oauth_keeper *k = &g->all->keeper;

	timer_set(g->asked, ASK_PATIENCE);
	k->ask(slice_of(g->client), k->arg);
}

/*
 * Another deliverer may have been given a new refresh token meanwhile, or is
 * about to be: there is one who uses it at a time.
 */
static void
fetch(struct grant *g)
{
	if (g->fetching)
		return;
	g->fetching = true;
	if (g->refresh_token[0] == '\0') {
		find_endpoint(g);
		return;
	}
	ask_for_turn(g);
}

void
oauth_keeper_is_new(struct oauth *o)
{
	struct grant *g;

	LIST_FOREACH (g, &o->grants, in_all) {
		g->has_turn = false;
		if (timer_is_set(g->asked))
			ask_for_turn(g);
	}
}

static struct grant *
who_asked(struct oauth *o, struct slice client)
{
	struct grant *g;

	LIST_FOREACH (g, &o->grants, in_all)
		if (slice_is(client, g->client) && timer_is_set(g->asked))
			break;
	return g;
}

void
oauth_told(struct oauth *o, struct slice client, struct slice token)
{
	struct grant *g = who_asked(o, client);

	if (g == NULL) { /* it is gone, or went without */
		o->keeper.keep(client, SLICE_NONE, o->keeper.arg);
		return;
	}
	timer_cancel(g->asked);
	g->has_turn = true;
	if (token.n > 0)
		set_refresh_token(g, token);
	find_endpoint(g);
}

/* --- from outside --- */

struct oauth *
oauth_new(struct tools *tools, const struct oauth_keeper *keeper)
{
	struct oauth *o = mem_zero(sizeof(*o));

	o->tools = tools;
	o->keeper = *keeper;
	LIST_INIT(&o->grants);
	/* Else jansson would open a file for it at the first answer. */
	json_object_seed(0);
	return o;
}

void
oauth_free(struct oauth **place)
{
	struct oauth *o = *place;

	if (o == NULL)
		return;
	while (!LIST_EMPTY(&o->grants))
		grant_free(LIST_FIRST(&o->grants));
	mem_free(o);
	*place = NULL;
}

bool
oauth_is_for(const struct route_conf *route)
{
	return route->user[0] != '\0' && route->oauth_token_url[0] != '\0';
}

/* The token was good when it was asked for, but may be refused since. */
static void
tell_one(void *arg)
{
	struct oauth_wait *w = arg;

	if (w->grant->token == NULL) {
		fetch(w->grant);
		return;
	}
	LIST_REMOVE(w, in_grant);
	w->fn(w->grant->token, "", w->arg);
	mem_free(w);
}

struct oauth_wait *
oauth_ask(struct oauth *o, const struct route_conf *route, oauth_fn *fn,
    void *arg)
{
	int64_t now = loop_now(o->tools->loop);
	struct oauth_wait *w = mem_zero(sizeof(*w));
	struct grant *g = find(o, route);

	if (g == NULL)
		g = grant_new(o, route);
	w->grant = g;
	w->fn = fn;
	w->arg = arg;
	LIST_INSERT_HEAD(&g->waits, w, in_grant);
	if (g->token == NULL || now >= g->renew_ms)
		fetch(g);
	if (g->token != NULL && now < g->ends_ms)
		loop_post(o->tools->loop, tell_one, w);
	return w;
}

void
oauth_cancel(struct oauth_wait **place)
{
	struct oauth_wait *w = *place;

	if (w == NULL)
		return;
	*place = NULL;
	LIST_REMOVE(w, in_grant);
	loop_unpost(w->grant->all->tools->loop, w);
	mem_free(w);
}

void
oauth_reject(struct oauth *o, const struct route_conf *route, const char *token)
{
	struct grant *g = find(o, route);

	if (g != NULL && g->token != NULL && strcmp(g->token, token) == 0)
		free_secret(&g->token);
}

static bool
is_used(struct oauth *o, const struct grant *g, const struct conf *conf)
{
	for (size_t i = 0; i < conf->route_count; i++)
		if (oauth_is_for(&conf->routes[i]) &&
		    find(o, &conf->routes[i]) == g)
			return true;
	return false;
}

void
oauth_configure(struct oauth *o, const struct conf *conf)
{
	struct grant *g;
	struct grant *next;

	for (g = LIST_FIRST(&o->grants); g != NULL; g = next) {
		next = LIST_NEXT(g, in_all);
		if (LIST_EMPTY(&g->waits) && !is_used(o, g, conf))
			grant_free(g);
	}
}
