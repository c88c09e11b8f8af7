/*
 * deliver/courier_hosts.c - from the courier's target to its stops: a token
 * where one is needed, hosts, their policies, the order of their addresses.
 */
#include "deliver/courier_inside.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/https_url.h"
#include "deliver/egress.h"
#include "deliver/mx_set.h"
#include "deliver/self.h"
#include "route/route.h"

enum {
	SUBMISSION_PORT = 587,
	SUBMISSIONS_PORT = 465,
	SMTP_PORT = 25,
};

static bool
is_dead(const struct stop *stop, void *arg)
{
	const struct courier *c = arg;
	char key[MEMORY_KEY_SIZE];

	courier_stop_key(stop, key);
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
	char text[COURIER_REPLY_SIZE];
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
	courier_give_up(c);
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
	courier_next_stop(c);
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
		courier_give_up_ours(c, TROUBLE_MOVED, 3, 0,
		    "451 4.3.0 Not tried yet");
		return;
	}
	c->stops =
	    arena_alloc(c->job->arena, hosts->address_count, sizeof(*c->stops));
	if (c->stops == NULL) {
		courier_give_up_ours(c, TROUBLE_LOCAL, 3, 0,
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
struct slice
courier_recipient_domain(const struct courier *c)
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
		domain = courier_recipient_domain(c);
	c->search = hosts_of_domain(c->tools->resolver, c->tools->loop, domain,
	    &policy, on_hosts, c);
}

uint16_t
courier_port(const struct courier *c)
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

bool
courier_is_lmtp(const struct courier *c)
{
	return c->job->target.kind == TARGET_LMTP ||
	    c->job->target.kind == TARGET_LMTP_UNIX;
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
	stop->host =
	    job_keep(c->job, c->job->target.path, COURIER_REPLY_SIZE).p;
	stop->address.path = stop->host;
	c->unix_policy.policy = tls_policy_decide(
	    &(struct tls_question){ .level = c->level, .lmtp = true });
	stop->policy = &c->unix_policy;
	c->stops = stop;
	c->stop_count = 1;
	courier_next_stop(c);
}

void
courier_drop_token(struct courier *c)
{
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	mem_free(c->token);
	c->token = NULL;
}

bool
courier_keep_token(struct courier *c, const char *token, const char *why)
{
	struct https_url url;
	char text[COURIER_REPLY_SIZE];

	c->wait = NULL;
	courier_drop_token(c);
	if (token != NULL) {
		c->token = mem_cstr(slice_of(token));
		return true;
	}
	must(https_url_parse(slice_of(c->route->oauth_token_url), &url));
	(void)snprintf(text, sizeof(text),
	    "451 4.7.0 No token to log in with from %s: %s", url.host, why);
	courier_give_up_ours(c, TROUBLE_DOMAIN, 7, 0, text);
	return false;
}

static void
on_token(const char *token, const char *why, void *arg)
{
	struct courier *c = arg;

	if (courier_keep_token(c, token, why))
		find_stops(c);
}

/* A fresh connection, to the first of the stops. */
void
courier_connect_anew(struct courier *c)
{
	c->stop = 0;
	c->stop_count = 0;
	c->in_plain = false;
	policy_search_free(&c->policies);
	/* RFC 8689, 4.1: REQUIRETLS outweighs the header field. */
	c->waives_tls = c->level == TLS_AUTO && !c->job->envelope.require_tls &&
	    !courier_is_lmtp(c) && job_waives_tls(c->job);
	if (c->route != NULL && oauth_is_for(c->route))
		c->wait = oauth_ask(c->tools->oauth, c->route, on_token, c);
	else
		find_stops(c);
}
