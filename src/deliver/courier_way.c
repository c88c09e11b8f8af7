/*
 * deliver/courier_way.c - the courier's next stop, and the session to it: what
 * TLS it must have, from which address, and what is remembered of it.
 */
#include "deliver/courier_inside.h"

#include "base/time.h"
#include "deliver/dialogue.h"
#include "deliver/egress.h"
#include "deliver/tls_result.h"

enum { DEAD_FOR = 60 * SECOND };

/* The policy of the stop that is tried. */
static const struct tls_policy *
policy_of(const struct courier *c)
{
	must(c->stop < c->stop_count && c->stops[c->stop].policy != NULL);
	return &c->stops[c->stop].policy->policy;
}

void
courier_note_dialogue(struct courier *c, const struct session *s)
{
	struct slice said = smtp_client_dialogue(session_client(s));
	struct slice host = session_host(s), address = session_address(s);

	buf_addf(&c->dialogue, "* %.*s %.*s\n", SLICE_ARGS(host),
	    SLICE_ARGS(address));
	buf_add(&c->dialogue,
	    slice_head(said, c->dialogue.max - c->dialogue.n));
}

void
courier_note_session(struct courier *c, const struct session *s)
{
	struct job *j = c->job;

	j->host = job_keep(j, session_host(s), DNS_NAME_SIZE);
	j->address = job_keep(j, session_address(s), ADDRESS_TEXT_SIZE);
	j->tls = job_keep(j, session_tls(s), DNS_NAME_SIZE);
	j->policy = session_policy(s);
}

/* For TLSRPT: what this connection, or the lack of one, says of its host. */
void
courier_note_tls(struct courier *c, const struct session *s)
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

bool
courier_is_opportunistic(const struct courier *c)
{
	return policy_of(c)->need == TLS_NEED_OFFERED;
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

void
courier_stop_key(const struct stop *stop, char key[MEMORY_KEY_SIZE])
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
		    .lmtp = courier_is_lmtp(c),
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
	c->session = session_new(c->tools, &plan, courier_on_session, c);
}

/*
 * The stop in use is the one that answered; those that did not, or were slower
 * than the delay, are for a while the last to be asked.
 */
void
courier_end_race(struct courier *c, const struct session *s)
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
		courier_stop_key(&field[i], key);
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
	courier_note_tls(c, NULL);
	if (fate.kind == FATE_FAILED && c->failure.kind != FATE_NONE)
		return;
	c->failure = fate;
	c->trouble = fate.kind == FATE_FAILED ? TROUBLE_NONE : TROUBLE_DOMAIN;
}

void
courier_next_stop(struct courier *c)
{
	char key[MEMORY_KEY_SIZE];

	while (c->stop < c->stop_count && policy_of(c)->refusal != NULL) {
		note_refusal(c);
		c->stop++;
	}
	if (c->stop >= c->stop_count || c->sessions >= COURIER_SESSIONS_MAX) {
		courier_give_up(c);
		return;
	}
	courier_stop_key(&c->stops[c->stop], key);
	if (!c->in_plain && courier_is_opportunistic(c))
		c->in_plain = memory_has(c->tools->broken_tls, key,
		    loop_now(c->tools->loop));
	open_session(c);
}
