/*
 * deliver/courier.c - which connection a job goes over, and what is tried when
 * one fails: an idle session, else the hosts in order; for opportunistic TLS
 * that breaks, the same address in plain text. What is unclear is put off.
 */
#include "deliver/courier.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "conf/https_url.h"
#include "deliver/dialogue.h"
#include "deliver/egress.h"
#include "deliver/heed.h"
#include "deliver/hop.h"
#include "deliver/mx_set.h"
#include "deliver/oauth.h"
#include "deliver/pool.h"
#include "deliver/self.h"
#include "deliver/session.h"
#include "deliver/stops.h"
#include "deliver/tls_result.h"
#include "dns/hosts.h"
#include "policy/search.h"
#include "route/route.h"

enum {
	SESSIONS_MAX = 8, /* of one job, one after the other */
	DEAD_FOR = 60 * SECOND,
	BROKEN_TLS_FOR = HOUR,
	REPLY_SIZE = 1024,
	SUBMISSION_PORT = 587,
	SUBMISSIONS_PORT = 465,
	SMTP_PORT = 25,
};

struct courier {
	struct job *job;                /* borrowed */
	struct tools *tools;            /* borrowed */
	struct conf *conf;              /* a reference */
	const struct route_conf *route; /* the conf's; NULL: a domain's */
	enum tls_level level;
	struct slice key; /* of idle sessions that fit */
	uint16_t port;
	struct hosts_search *search;    /* owned; or NULL */
	struct policy_search *policies; /* owned; or NULL */
	struct oauth_wait *wait;        /* owned; or NULL */
	char *token;                    /* owned: of OAuth 2; or NULL */
	bool renewed_token;             /* one was refused already */
	struct host_policy unix_policy; /* of a Unix socket */
	bool waives_tls;
	bool noted_tls;          /* of the session, for TLSRPT */
	struct session *session; /* owned; or NULL */
	bool from_pool;
	bool in_plain;      /* this stop's TLS is broken: without */
	struct stop *stops; /* the arena's */
	size_t stop_count;
	size_t stop;       /* that is tried, or is next */
	size_t field;      /* how many race with it; 0: settled */
	unsigned sessions; /* opened so far */
	struct smtp_message message;
	struct fate failure; /* the latest; FATE_NONE: none yet */
	struct slice avoid;  /* an address that is to be asked last; or empty */
	enum job_trouble trouble;
	struct buf dialogue;
};

static void on_session(struct session *, enum session_event, void *arg);

/* --- the end --- */

static void
note_dialogue(struct courier *c, const struct session *s)
{
	struct slice said = smtp_client_dialogue(session_client(s));
	struct slice host = session_host(s), address = session_address(s);

	buf_addf(&c->dialogue, "* %.*s %.*s\n", SLICE_ARGS(host),
	    SLICE_ARGS(address));
	buf_add(&c->dialogue,
	    slice_head(said, c->dialogue.max - c->dialogue.n));
}

static void
note_session(struct courier *c, const struct session *s)
{
	struct job *j = c->job;

	j->host = job_keep(j, session_host(s), DNS_NAME_SIZE);
	j->address = job_keep(j, session_address(s), ADDRESS_TEXT_SIZE);
	j->tls = job_keep(j, session_tls(s), DNS_NAME_SIZE);
	j->policy = session_policy(s);
}

/* For TLSRPT: what this connection, or the lack of one, says of its host. */
static void
note_tls(struct courier *c, const struct session *s)
{
	const struct stop *stop = &c->stops[c->stop];
	const struct client_failure *failure =
	    s == NULL ? NULL : session_failure(s);
	struct tls_attempt a = {
		.policy = stop->policy,
		.host = slice_of(stop->host),
		.refused = s == NULL,
	};

	if (c->policies == NULL || c->in_plain)
		return;
	a.domain = policy_search_domain(c->policies);
	a.sts = policy_search_sts(c->policies);
	if (s != NULL) {
		if (!session_is_connected(s))
			return;
		a.address = session_address(s);
		a.tls = session_tls(s);
		a.broke_tls = session_broke_tls(s);
	}
	if (failure != NULL)
		a.failure = failure->fate.reply;
	tls_result_note(c->tools, &a);
}

static void
drop_token(struct courier *c)
{
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	mem_free(c->token);
	c->token = NULL;
}

static void
courier_free(struct courier *c)
{
	hosts_cancel(&c->search);
	policy_search_free(&c->policies);
	oauth_cancel(&c->wait);
	drop_token(c);
	conf_unref(&c->conf);
	buf_done(&c->dialogue);
	mem_free(c);
}

static void
courier_end(struct courier *c)
{
	struct job *j = c->job;

	must(c->session == NULL && job_is_settled(j));
	j->trouble = heed_trouble(j, j->trouble);
	j->work = NULL;
	j->dialogue = job_keep(j, buf_slice(&c->dialogue), DIALOGUE_MAX);
	courier_free(c);
	job_done(j);
}

/* Nobody is left to try: what has no fate yet is put off. */
static void
give_up(struct courier *c)
{
	struct fate none = fate_ours(FATE_DEFERRED, 4, 1,
	    SLICE("451 4.4.1 No address could be tried"));

	c->job->trouble = c->trouble;
	if (c->failure.kind == FATE_NONE)
		c->job->trouble = TROUBLE_SITE;
	job_settle(c->job, c->failure.kind == FATE_NONE ? &none : &c->failure);
	courier_end(c);
}

/* The site has judged every recipient. */
static void
end_judged(struct courier *c, bool busy)
{
	c->job->trouble = busy ? TROUBLE_BUSY : TROUBLE_NONE;
	courier_end(c);
}

static void
give_up_ours(struct courier *c, enum job_trouble trouble, unsigned subject,
    unsigned detail, const char *reply)
{
	c->trouble = trouble;
	c->failure = fate_ours(FATE_DEFERRED, subject, detail, slice_of(reply));
	give_up(c);
}

/* --- sessions --- */

/* The policy of the stop that is tried. */
static const struct tls_policy *
policy_of(const struct courier *c)
{
	must(c->stop < c->stop_count && c->stops[c->stop].policy != NULL);
	return &c->stops[c->stop].policy->policy;
}

static bool
is_opportunistic(const struct courier *c)
{
	return policy_of(c)->need == TLS_NEED_OFFERED;
}

static bool
is_lmtp(const struct courier *c)
{
	return c->job->target.kind == TARGET_LMTP ||
	    c->job->target.kind == TARGET_LMTP_UNIX;
}

static enum client_tls
client_tls_of(const struct courier *c)
{
	switch (policy_of(c)->need) {
	case TLS_NEED_NEVER:
		return CLIENT_TLS_NEVER;
	case TLS_NEED_OFFERED:
		return c->in_plain ? CLIENT_TLS_NEVER : CLIENT_TLS_OFFERED;
	case TLS_NEED_ALWAYS:
		break;
	}
	return CLIENT_TLS_REQUIRED;
}

static void
stop_key(const struct stop *stop, char key[MEMORY_KEY_SIZE])
{
	if (stop->address.path == NULL)
		address_text(&stop->address, key);
	else
		(void)slice_to_cstr(slice_of(stop->address.path), key,
		    MEMORY_KEY_SIZE);
}

/* False: the route has no source address for that family. */
static bool
egress_for(const struct courier *c, const struct conn_address *to,
    struct egress *out)
{
	return egress_choose(c->conf, c->route,
	    to->path == NULL ? to->ip.version : 0, c->job->sources, c->job->id,
	    out);
}

/* The next stop, and those of its host that it races with. */
static void
plan_ways(struct courier *c, struct session_plan *plan)
{
	c->field = c->in_plain
	    ? 1
	    : stops_field(&c->stops[c->stop], c->stop_count - c->stop);
	plan->way_count = c->field;
	for (size_t i = 0; i < c->field; i++) {
		struct session_way *way = &plan->ways[i];

		way->address = c->stops[c->stop + i].address;
		must(egress_for(c, &way->address, &way->egress));
	}
}

static void
open_session(struct courier *c)
{
	const struct stop *stop = &c->stops[c->stop];
	struct session_plan plan = {
		.host = stop->host,
		.implicit_tls = c->job->target.kind == TARGET_SUBMISSIONS,
		.policy = stop->policy,
		.conf = c->conf,
		.client = {
		    .lmtp = is_lmtp(c),
		    .tls = client_tls_of(c),
		    .library = c->tools->logins,
		},
	};

	plan_ways(c, &plan);
	if (c->route != NULL && c->route->user[0] != '\0' &&
	    (c->token != NULL || c->route->password.n > 0)) {
		plan.client.user = c->route->user;
		plan.client.token = c->token;
		plan.client.host = stop->host;
		plan.client.port = c->port;
		if (c->token == NULL)
			plan.client.password = c->route->password.bytes;
	}
	c->sessions++;
	c->from_pool = false;
	c->noted_tls = false;
	c->session = session_new(c->tools, &plan, on_session, c);
}

/*
 * The stop in use is the one that answered; those that did not, or were slower
 * than the delay, are for a while the last to be asked.
 */
static void
end_race(struct courier *c, const struct session *s)
{
	struct stop *field;
	size_t winner = session_is_connected(s) ? session_way(s) : c->field;
	int64_t until = loop_now(c->tools->loop) + DEAD_FOR;
	unsigned failed = session_failed_ways(s);

	if (c->field == 0)
		return;
	field = &c->stops[c->stop];
	for (size_t i = 0; i < c->field; i++) {
		char key[MEMORY_KEY_SIZE];

		if (i >= winner && (failed & 1u << i) == 0)
			continue;
		stop_key(&field[i], key);
		memory_note(c->tools->dead_addresses, key, until);
	}
	c->stop += stops_settle(field, c->field, winner, failed);
	c->field = 0;
}

/* Its policy does not let us use that host. What is temporary outweighs. */
static void
note_refusal(struct courier *c)
{
	struct slice reply = slice_of(policy_of(c)->refusal);
	struct fate fate =
	    fate_from_reply(reply.p[0] == '5' ? 550 : 451, reply);

	fate.ours = true;
	buf_addf(&c->dialogue, "* %s %s\n", c->stops[c->stop].host, reply.p);
	c->job->policy = slice_of(policy_of(c)->name);
	note_tls(c, NULL);
	if (fate.kind == FATE_FAILED && c->failure.kind != FATE_NONE)
		return;
	c->failure = fate;
	c->trouble = fate.kind == FATE_FAILED ? TROUBLE_NONE : TROUBLE_DOMAIN;
}

static void
next_stop(struct courier *c)
{
	char key[MEMORY_KEY_SIZE];

	while (c->stop < c->stop_count && policy_of(c)->refusal != NULL) {
		note_refusal(c);
		c->stop++;
	}
	if (c->stop >= c->stop_count || c->sessions >= SESSIONS_MAX) {
		give_up(c);
		return;
	}
	stop_key(&c->stops[c->stop], key);
	if (!c->in_plain && is_opportunistic(c))
		c->in_plain = memory_has(c->tools->broken_tls, key,
		    loop_now(c->tools->loop));
	open_session(c);
}

/* --- from target to stops --- */

static bool
is_dead(const struct stop *stop, void *arg)
{
	const struct courier *c = arg;
	char key[MEMORY_KEY_SIZE];

	stop_key(stop, key);
	return slice_is(c->avoid, key) ||
	    memory_has(c->tools->dead_addresses, key, loop_now(c->tools->loop));
}

static void
settle_without_hosts(struct courier *c, enum hosts_outcome outcome)
{
	bool by_mx = c->job->target.kind == TARGET_MX;
	struct slice name = by_mx && c->job->target.host.n == 0
	    ? c->job->site
	    : c->job->target.host;
	struct slice words = slice_of(hosts_reply(outcome));
	struct status_code code = { 0 };
	char text[REPLY_SIZE];
	bool all_asked = c->conf->delivery.ipv4 && c->conf->delivery.ipv6;
	bool permanent = by_mx && words.p[0] == '5' &&
	    (all_asked || outcome != HOSTS_NO_ADDRESS) &&
	    (all_asked || outcome != HOSTS_NO_MAIL);

	words = slice_skip(words, 4);
	must(status_code_take(&words, &code));
	/* A next hop that the operator has named: he can mend it. */
	(void)snprintf(text, sizeof(text), "%.3s %u.%u.%u %.*s: %.*s",
	    permanent ? hosts_reply(outcome) : "451", permanent ? 5U : 4U,
	    (unsigned)code.subject, (unsigned)code.detail, SLICE_ARGS(words),
	    SLICE_ARGS(name));
	c->failure = fate_ours(permanent ? FATE_FAILED : FATE_DEFERRED,
	    code.subject, code.detail, slice_of(text));
	if (by_mx)
		c->job->mx_found = MX_UNKNOWN;
	c->trouble = permanent ? TROUBLE_NONE
	    : by_mx            ? TROUBLE_DOMAIN
			       : TROUBLE_SITE;
	give_up(c);
}

/*
 * The scheduler paces hosts, but only we know which they are. A job that was
 * planned for others goes back untried, before it takes up a connection that
 * nobody has counted.
 */
static bool
is_planned_for(struct courier *c, const struct hosts *hosts)
{
	struct job *j = c->job;
	struct buf names;

	if (j->target.kind != TARGET_MX)
		return true;
	buf_init(&names, MX_SET_TEXT_MAX);
	j->mx_found = mx_set_write(hosts, &names);
	if (j->mx != MX_ANY && j->mx != j->mx_found) {
		j->mx_hosts = job_keep(j, buf_slice(&names), MX_SET_TEXT_MAX);
		j->host =
		    job_keep(j, slice_of(mx_set_best(hosts)), DNS_NAME_SIZE);
	}
	buf_done(&names);
	return j->mx == MX_ANY || j->mx == j->mx_found;
}

static void
on_policies(const struct host_policy *policies, void *arg)
{
	struct courier *c = arg;

	for (size_t i = 0; i < c->stop_count; i++)
		c->stops[i].policy = &policies[c->stops[i].host_index];
	stops_by_family(c->stops, c->stop_count);
	stops_put_last(c->stops, c->stop_count, is_dead, c);
	next_stop(c);
}

static void
find_policies(struct courier *c, const struct hosts *hosts)
{
	const struct policy_sources sources = { c->tools->loop,
		c->tools->resolver, c->tools->sts };
	const struct policy_question question = {
		.level = c->level,
		.kind = c->job->target.kind,
		.port = c->port,
		.sender_requires = c->job->envelope.require_tls,
		.sender_waives = c->waives_tls,
	};

	c->policies = policy_find(&sources, hosts, &question, on_policies, c);
}

static void
on_hosts(const struct hosts *hosts, void *arg)
{
	struct courier *c = arg;
	struct egress egress;

	c->search = NULL;
	if (hosts->outcome != HOSTS_FOUND) {
		settle_without_hosts(c, hosts->outcome);
		return;
	}
	if (!is_planned_for(c, hosts)) {
		give_up_ours(c, TROUBLE_MOVED, 3, 0, "451 4.3.0 Not tried yet");
		return;
	}
	c->stops =
	    arena_alloc(c->job->arena, hosts->address_count, sizeof(*c->stops));
	if (c->stops == NULL) {
		give_up_ours(c, TROUBLE_LOCAL, 3, 0,
		    "451 4.3.0 The job is too large");
		return;
	}
	for (size_t i = 0; i < hosts->address_count; i++) {
		const struct host_address *a = &hosts->address[i];
		const char *name = hosts->host[a->host].name;
		char text[IP_TEXT_SIZE];

		if (!egress_choose(c->conf, c->route, a->ip.version,
			c->job->sources, c->job->id, &egress))
			continue;
		if (*name == '\0') {
			ip_text(&a->ip, text);
			name = text;
		}
		c->stops[c->stop_count++] = (struct stop){
			.address = { .ip = a->ip, .port = c->port },
			.host =
			    job_keep(c->job, slice_of(name), DNS_NAME_SIZE).p,
			.host_index = a->host,
		};
	}
	find_policies(c, hosts);
}

static bool
is_own_address(const struct ip *ip, void *arg)
{
	struct courier *c = arg;

	return self_listens_at(c->tools->self, ip, c->port);
}

/* All of a job's recipients have the first one's; empty: they have none. */
static struct slice
recipient_domain(const struct courier *c)
{
	struct address first;

	if (address_parse(c->job->envelope.recipients[0].address, true,
		&first) != PARSE_OK)
		return SLICE_NONE;
	return slice_head(first.domain, DNS_NAME_MAX);
}

static void
find_hosts(struct courier *c)
{
	const struct target *t = &c->job->target;
	struct hosts_policy policy = {
		.ipv4 = c->conf->delivery.ipv4,
		.ipv6 = c->conf->delivery.ipv6,
	};
	struct slice domain = t->host;

	if (t->kind != TARGET_MX) {
		c->search = hosts_of_name(c->tools->resolver, c->tools->loop,
		    t->host, &policy, on_hosts, c);
		return;
	}
	policy.own_name = c->conf->hostname;
	policy.is_own = is_own_address;
	policy.arg = c;
	if (domain.n == 0)
		domain = recipient_domain(c);
	c->search = hosts_of_domain(c->tools->resolver, c->tools->loop, domain,
	    &policy, on_hosts, c);
}

static uint16_t
port_of(const struct courier *c)
{
	const struct target *t = &c->job->target;

	if (t->port != 0)
		return t->port;
	switch (t->kind) {
	case TARGET_MX:
		return c->conf->delivery.mx_port;
	case TARGET_SUBMISSION:
		return SUBMISSION_PORT;
	case TARGET_SUBMISSIONS:
		return SUBMISSIONS_PORT;
	case TARGET_SMTP:
	case TARGET_LMTP:
	case TARGET_LMTP_UNIX:
	case TARGET_MAILDIR:
	case TARGET_MBOX:
	case TARGET_PIPE:
	case TARGET_DISCARD:
	case TARGET_ERROR:
		break;
	}
	return SMTP_PORT;
}

static void
find_stops(struct courier *c)
{
	struct stop *stop;

	if (c->job->target.kind != TARGET_LMTP_UNIX) {
		find_hosts(c);
		return;
	}
	stop = arena_alloc(c->job->arena, 1, sizeof(*stop));
	must(stop != NULL);
	stop->host = job_keep(c->job, c->job->target.path, REPLY_SIZE).p;
	stop->address.path = stop->host;
	c->unix_policy.policy = tls_policy_decide(
	    &(struct tls_question){ .level = c->level, .lmtp = true });
	stop->policy = &c->unix_policy;
	c->stops = stop;
	c->stop_count = 1;
	next_stop(c);
}

static bool
keep_token(struct courier *c, const char *token, const char *why)
{
	struct https_url url;
	char text[REPLY_SIZE];

	c->wait = NULL;
	drop_token(c);
	if (token != NULL) {
		c->token = mem_cstr(slice_of(token));
		return true;
	}
	must(https_url_parse(slice_of(c->route->oauth_token_url), &url));
	(void)snprintf(text, sizeof(text),
	    "451 4.7.0 No token to log in with from %s: %s", url.host, why);
	give_up_ours(c, TROUBLE_DOMAIN, 7, 0, text);
	return false;
}

static void
on_token(const char *token, const char *why, void *arg)
{
	struct courier *c = arg;

	if (keep_token(c, token, why))
		find_stops(c);
}

/* A fresh connection, to the first of the stops. */
static void
connect_anew(struct courier *c)
{
	c->stop = 0;
	c->stop_count = 0;
	c->in_plain = false;
	policy_search_free(&c->policies);
	/* RFC 8689, 4.1: REQUIRETLS outweighs the header field. */
	c->waives_tls = c->level == TLS_AUTO && !c->job->envelope.require_tls &&
	    !is_lmtp(c) && job_waives_tls(c->job);
	if (c->route != NULL && oauth_is_for(c->route))
		c->wait = oauth_ask(c->tools->oauth, c->route, on_token, c);
	else
		find_stops(c);
}

/* --- what sessions tell --- */

static void
put_away(struct courier *c)
{
	struct session *s = c->session;
	struct job *j = c->job;

	c->session = NULL;
	/* What was opened for one that waives TLS serves no other. */
	if (c->conf == c->tools->conf && !c->waives_tls &&
	    c->conf->delivery.idle_timeout_ms > 0 && c->tools->pool != NULL &&
	    session_messages(s) < j->messages_per_connection)
		pool_put(c->tools->pool, s, j->site, c->key,
		    c->conf->delivery.idle_timeout_ms);
	else
		session_leave(&s);
}

/*
 * RFC 8689, 4.2.1: the other hosts may have what this one lacks, and the
 * message fails only when none has. A trouble that may pass outweighs that.
 */
static void
pass_by(struct courier *c)
{
	size_t host = c->stops[c->stop].host_index;

	note_dialogue(c, c->session);
	session_leave(&c->session);
	if (c->failure.kind == FATE_NONE) {
		c->failure = hop_without_tls();
		c->trouble = TROUBLE_NONE;
	}
	c->in_plain = false;
	while (c->stop < c->stop_count && c->stops[c->stop].host_index == host)
		c->stop++;
	/* Hosts that were not asked may yet have it. */
	if (c->stop < c->stop_count && c->sessions >= SESSIONS_MAX)
		give_up_ours(c, TROUBLE_NONE, 7, 30,
		    "451 4.7.30 The sender requires TLS all the way: more "
		    "hosts are left to ask");
	else
		next_stop(c);
}

static struct heed_from
heed_from(const struct courier *c, const struct session *s)
{
	return (struct heed_from){ c->conf->delivery.replies.rules,
		session_host(s), session_address(s) };
}

/* What replies.conf makes of the replies; true: it goes to the next host. */
static bool
heeds(struct courier *c, const struct session *s)
{
	const struct heed_from from = heed_from(c, s);

	return heed_fates(c->job, &from, &c->failure);
}

/* Some are sent on; who that was is not known of an idle session's stops. */
static void
send_on(struct courier *c, struct slice address)
{
	c->trouble = TROUBLE_NONE;
	c->in_plain = false;
	if (c->from_pool) {
		c->avoid = job_keep(c->job, address, ADDRESS_TEXT_SIZE);
		connect_anew(c);
		return;
	}
	c->stop++;
	next_stop(c);
}

static void
on_ready(struct courier *c)
{
	bool busy = smtp_client_is_busy(session_client(c->session));

	end_race(c, c->session);
	note_session(c, c->session);
	if (!c->from_pool && !c->noted_tls)
		note_tls(c, c->session);
	c->noted_tls = true;
	if (!job_is_settled(c->job) && c->job->envelope.require_tls &&
	    !c->from_pool &&
	    !smtp_client_keeps_tls(session_client(c->session))) {
		pass_by(c);
		return;
	}
	if (heeds(c, c->session)) {
		note_dialogue(c, c->session);
		session_leave(&c->session);
		send_on(c, c->job->address);
		return;
	}
	if (!job_is_settled(c->job)) {
		session_send(c->session, &c->message, &c->job->message);
		return;
	}
	note_dialogue(c, c->session);
	put_away(c);
	end_judged(c, busy);
}

static void
keep_failure(struct courier *c, const struct client_failure *failure,
    bool got_ready)
{
	c->failure = failure->fate;
	c->failure.reply = job_keep(c->job, failure->fate.reply, REPLY_SIZE);
	c->trouble = failure->trouble;
	/* Who ends it before a word is said is no use as a host. */
	if (c->trouble == TROUBLE_CONNECTION && !got_ready)
		c->trouble = TROUBLE_SITE;
	/* Our policy's words, not the host's: others may take it as it is. */
	if (c->trouble == TROUBLE_SITE && c->failure.ours &&
	    c->failure.code.subject == 7)
		c->trouble = TROUBLE_DOMAIN;
}

static void
on_new_token(const char *token, const char *why, void *arg)
{
	struct courier *c = arg;

	if (keep_token(c, token, why))
		next_stop(c);
}

/* A token may be revoked before its end: the same stop, once, with another. */
static bool
renews_token(struct courier *c)
{
	if (c->token == NULL || c->renewed_token)
		return false;
	c->renewed_token = true;
	oauth_reject(c->tools->oauth, c->route, c->token);
	c->wait = oauth_ask(c->tools->oauth, c->route, on_new_token, c);
	return true;
}

/* replies.conf may know more of what ended the session. True: that is all. */
static bool
heeds_failure(struct courier *c, const struct session *s)
{
	const struct heed_from from = heed_from(c, s);

	switch (heed_failure(c->job, &from, &c->failure)) {
	case HEED_GIVE_UP:
		if (c->failure.kind == FATE_FAILED)
			c->trouble = TROUBLE_NONE;
		give_up(c);
		return true;
	case HEED_NEXT_MX:
		send_on(c, session_address(s));
		return true;
	case HEED_AS_EVER:
		break;
	}
	return false;
}

/* The session is gone and somebody has no fate: what now? */
static void
try_on(struct courier *c, bool broke_tls, bool got_ready)
{
	char key[MEMORY_KEY_SIZE];
	int64_t now = loop_now(c->tools->loop);

	if (c->trouble == TROUBLE_LOCAL) {
		give_up(c);
		return;
	}
	stop_key(&c->stops[c->stop], key);
	if (broke_tls && is_opportunistic(c) && !c->in_plain) {
		memory_note(c->tools->broken_tls, key, now + BROKEN_TLS_FOR);
		c->in_plain = true;
		next_stop(c);
		return;
	}
	/* To ask its other hosts would be to ask for more of the same. */
	if (c->trouble == TROUBLE_BUSY && got_ready) {
		give_up(c);
		return;
	}
	c->in_plain = false;
	c->stop++;
	next_stop(c);
}

static void
on_over(struct courier *c)
{
	struct session *s = c->session;
	const struct client_failure *failure = session_failure(s);
	bool busy = smtp_client_is_busy(session_client(s));
	bool got_ready = session_got_ready(s) || c->from_pool;
	bool refused = smtp_client_login_refused(session_client(s));

	c->session = NULL;
	end_race(c, s);
	note_session(c, s);
	note_dialogue(c, s);
	if (!got_ready)
		note_tls(c, s);
	if (heeds(c, s)) {
		send_on(c, session_address(s));
		return;
	}
	if (job_is_settled(c->job)) {
		if (failure != NULL) {
			c->job->trouble = failure->trouble;
			courier_end(c);
		} else {
			end_judged(c, busy);
		}
		return;
	}
	/* The server took its share and closed: the rest by the next one. */
	if (failure == NULL) {
		if (c->sessions < SESSIONS_MAX)
			connect_anew(c);
		else
			give_up_ours(c, TROUBLE_NONE, 5, 3,
			    "451 4.5.3 The next hop takes few recipients at "
			    "once");
		return;
	}
	keep_failure(c, failure, got_ready);
	if (heeds_failure(c, s))
		return;
	/* An idle session may be closed in the moment that it is used. */
	if (c->from_pool && c->trouble != TROUBLE_LOCAL) {
		connect_anew(c);
		return;
	}
	if (refused && renews_token(c))
		return;
	try_on(c, session_broke_tls(s), got_ready);
}

static void
on_session(struct session *session, enum session_event event, void *arg)
{
	struct courier *c = arg;

	must(c->session == session);
	switch (event) {
	case SESSION_READY:
		on_ready(c);
		break;
	case SESSION_OVER:
		on_over(c);
		break;
	}
}

/* --- from outside --- */

static void
set_key(struct courier *c)
{
	struct job *j = c->job;
	struct buf key;

	buf_init(&key,
	    j->site.n + j->target_text.n + j->route.n + j->sources.n +
		DNS_NAME_SIZE + 16);
	buf_addf(&key, "%c%c%.*s\n", j->is_domain ? 'd' : 'r',
	    j->envelope.require_tls ? 's' : '-', SLICE_ARGS(j->site));
	/* A site's domains may share hosts, but not their policies. */
	if (j->target.kind == TARGET_MX && j->target.host.n == 0) {
		buf_add(&key, recipient_domain(c));
		buf_add_char(&key, '\n');
	}
	buf_add(&key, j->target_text);
	buf_add_char(&key, '\n');
	buf_add(&key, j->route);
	if (j->sources.n > 0) {
		buf_add_char(&key, '\n');
		buf_add(&key, j->sources);
	}
	c->key = job_keep(j, buf_slice(&key), key.n);
	buf_done(&key);
}

void
courier_start(struct job *j)
{
	struct courier *c = mem_zero(sizeof(*c));

	must(target_is_remote(j->target.kind) && j->is_open);
	c->job = j;
	c->tools = j->tools;
	c->conf = conf_ref(j->tools->conf);
	j->work = c;
	buf_init(&c->dialogue, DIALOGUE_MAX);
	if (!j->is_domain)
		c->route = route_by_title(c->conf, j->route);
	c->level = c->route == NULL ? TLS_AUTO : c->route->tls;
	c->port = port_of(c);
	c->message = (struct smtp_message){ .envelope = &j->envelope,
		.wall_ms = time_wall_ms(),
		.fates = j->fates,
		.arena = j->arena,
		.size = j->message.size,
		.utf8_header = job_has_utf8_header(j) };
	/* The reload that made this job's route go was faster than the job. */
	if (!j->is_domain && c->route == NULL) {
		give_up_ours(c, TROUBLE_LOCAL, 3, 5,
		    "451 4.3.5 The route is gone");
		return;
	}
	set_key(c);
	c->session = c->key.n == 0 ? NULL : pool_take(c->tools->pool, c->key);
	if (c->session == NULL) {
		connect_anew(c);
		return;
	}
	c->from_pool = true;
	session_set_owner(c->session, on_session, c);
	session_begin_job(c->session);
	on_ready(c);
}

void
courier_abandon(struct job *j)
{
	struct courier *c = j->work;

	if (c == NULL)
		return;
	j->work = NULL;
	hosts_cancel(&c->search);
	session_leave(&c->session);
	policy_search_free(&c->policies);
	conf_unref(&c->conf);
	buf_done(&c->dialogue);
	mem_free(c);
}
