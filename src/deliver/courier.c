/*
 * deliver/courier.c - which connection a job goes over, and what is tried when
 * one fails: an idle session, else the hosts in order; for opportunistic TLS
 * that breaks, the same address in plain text. What is unclear is put off.
 *
 * Here is what follows from what sessions tell, and the end. Where the hosts
 * come from: courier_hosts.c; the way to the next of them: courier_way.c.
 */
#include "deliver/courier_inside.h"

#include "base/alloc.h"
#include "base/time.h"
#include "deliver/dialogue.h"
#include "deliver/heed.h"
#include "deliver/hop.h"
#include "deliver/pool.h"
#include "route/route.h"

enum { BROKEN_TLS_FOR = HOUR };

/* --- the end --- */

static void
courier_free(struct courier *c)
{
	hosts_cancel(&c->search);
	policy_search_free(&c->policies);
	oauth_cancel(&c->wait);
	courier_drop_token(c);
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
void
courier_give_up(struct courier *c)
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

void
courier_give_up_ours(struct courier *c, enum job_trouble trouble,
    unsigned subject, unsigned detail, const char *reply)
{
	c->trouble = trouble;
	c->failure = fate_ours(FATE_DEFERRED, subject, detail, slice_of(reply));
	courier_give_up(c);
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

	courier_note_dialogue(c, c->session);
	session_leave(&c->session);
	if (c->failure.kind == FATE_NONE) {
		c->failure = hop_without_tls();
		c->trouble = TROUBLE_NONE;
	}
	c->in_plain = false;
	while (c->stop < c->stop_count && c->stops[c->stop].host_index == host)
		c->stop++;
	/* Hosts that were not asked may yet have it. */
	if (c->stop < c->stop_count && c->sessions >= COURIER_SESSIONS_MAX)
		courier_give_up_ours(c, TROUBLE_NONE, 7, 30,
		    "451 4.7.30 The sender requires TLS all the way: more "
		    "hosts are left to ask");
	else
		courier_next_stop(c);
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
		courier_connect_anew(c);
		return;
	}
	c->stop++;
	courier_next_stop(c);
}

static void
on_ready(struct courier *c)
{
	bool busy = smtp_client_is_busy(session_client(c->session));

	courier_end_race(c, c->session);
	courier_note_session(c, c->session);
	if (!c->from_pool && !c->noted_tls)
		courier_note_tls(c, c->session);
	c->noted_tls = true;
	if (!job_is_settled(c->job) && c->job->envelope.require_tls &&
	    !c->from_pool &&
	    !smtp_client_keeps_tls(session_client(c->session))) {
		pass_by(c);
		return;
	}
	if (heeds(c, c->session)) {
		courier_note_dialogue(c, c->session);
		session_leave(&c->session);
		send_on(c, c->job->address);
		return;
	}
	if (!job_is_settled(c->job)) {
		session_send(c->session, &c->message, &c->job->message);
		return;
	}
	courier_note_dialogue(c, c->session);
	put_away(c);
	end_judged(c, busy);
}

static void
keep_failure(struct courier *c, const struct client_failure *failure,
    bool got_ready)
{
	c->failure = failure->fate;
	c->failure.reply =
	    job_keep(c->job, failure->fate.reply, COURIER_REPLY_SIZE);
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

	if (courier_keep_token(c, token, why))
		courier_next_stop(c);
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
		courier_give_up(c);
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
		courier_give_up(c);
		return;
	}
	courier_stop_key(&c->stops[c->stop], key);
	if (broke_tls && courier_is_opportunistic(c) && !c->in_plain) {
		memory_note(c->tools->broken_tls, key, now + BROKEN_TLS_FOR);
		c->in_plain = true;
		courier_next_stop(c);
		return;
	}
	/* To ask its other hosts would be to ask for more of the same. */
	if (c->trouble == TROUBLE_BUSY && got_ready) {
		courier_give_up(c);
		return;
	}
	c->in_plain = false;
	c->stop++;
	courier_next_stop(c);
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
	courier_end_race(c, s);
	courier_note_session(c, s);
	courier_note_dialogue(c, s);
	if (!got_ready)
		courier_note_tls(c, s);
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
		if (c->sessions < COURIER_SESSIONS_MAX)
			courier_connect_anew(c);
		else
			courier_give_up_ours(c, TROUBLE_NONE, 5, 3,
			    "451 4.5.3 The next hop takes few recipients at "
			    "once");
		return;
	}
	keep_failure(c, failure, got_ready);
	if (heeds_failure(c, s))
		return;
	/* An idle session may be closed in the moment that it is used. */
	if (c->from_pool && c->trouble != TROUBLE_LOCAL) {
		courier_connect_anew(c);
		return;
	}
	if (refused && renews_token(c))
		return;
	try_on(c, session_broke_tls(s), got_ready);
}

void
courier_on_session(struct session *session, enum session_event event, void *arg)
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
		buf_add(&key, courier_recipient_domain(c));
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
	c->port = courier_port(c);
	c->message = (struct smtp_message){ .envelope = &j->envelope,
		.wall_ms = time_wall_ms(),
		.fates = j->fates,
		.arena = j->arena,
		.size = j->message.size,
		.utf8_header = job_has_utf8_header(j) };
	/* The reload that made this job's route go was faster than the job. */
	if (!j->is_domain && c->route == NULL) {
		courier_give_up_ours(c, TROUBLE_LOCAL, 3, 5,
		    "451 4.3.5 The route is gone");
		return;
	}
	set_key(c);
	c->session = c->key.n == 0 ? NULL : pool_take(c->tools->pool, c->key);
	if (c->session == NULL) {
		courier_connect_anew(c);
		return;
	}
	c->from_pool = true;
	session_set_owner(c->session, courier_on_session, c);
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
	session_leave(&c->session);
	courier_free(c);
}
