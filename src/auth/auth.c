/*
 * auth/auth.c - the authenticator process: exchanges of all receivers, each
 * answered by the table of users, PAM or Dovecot. It does not log failures:
 * the receiver does, which knows the session.
 */
#include "auth/auth.h"

#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "auth/dovecot.h"
#include "auth/exchange.h"
#include "auth/failures.h"
#include "auth/judge.h"
#include "auth/offer.h"
#include "auth/verified.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "worker/worker.h"

enum {
	RECEIVERS_MAX = 256,
	CLIENT_MAX = 64,
	ITERATIONS_DEFAULT = 4096,
};

struct key {
	uint64_t id; /* the receiver's */
	uint64_t receiver;
};

/* One AUTH command of one client. */
struct session {
	UT_hash_handle hh;
	UT_hash_handle by_ticket;
	struct key key;
	uint64_t ticket;           /* ours, never used twice */
	struct exchange *exchange; /* owned; NULL when Dovecot has it */
	bool is_dovecots;
	char client[CLIENT_MAX];
};

struct auth {
	struct worker *worker;                    /* borrowed: worker_main() */
	struct conf *conf;                        /* borrowed: the worker */
	struct channel *receivers[RECEIVERS_MAX]; /* owned */
	struct session *sessions;                 /* by key */
	struct session *by_ticket;                /* the same */
	uint64_t last_ticket;
	struct failures *failures;     /* owned */
	struct verified *verified;     /* owned */
	struct judge *judge;           /* owned */
	struct dovecot *dovecot;       /* owned, or NULL */
	struct scram_library *library; /* owned */
	const struct table *sampled;   /* the table that dummy came from */
	uint32_t iterations;           /* of made-up SCRAM keys */
};

/* --- sessions --------------------------------------------------------------
 */

static struct session *
session_find(struct auth *a, const struct channel *c, uint64_t id)
{
	struct channel *const *slot = channel_tag(c);
	struct key key = { id, (uint64_t)(slot - a->receivers) };
	struct session *s;

	HASH_FIND(hh, a->sessions, &key, sizeof(key), s);
	return s;
}

/* A late answer finds nothing: normal, the client may have hung up. */
static struct session *
session_by_ticket(struct auth *a, uint64_t ticket)
{
	struct session *s;

	HASH_FIND(by_ticket, a->by_ticket, &ticket, sizeof(ticket), s);
	return s;
}

static struct session *
session_new(struct auth *a, const struct channel *c, uint64_t id,
    struct slice client)
{
	struct channel *const *slot = channel_tag(c);
	struct session *s = mem_zero(sizeof(*s));

	s->key = (struct key){ id, (uint64_t)(slot - a->receivers) };
	/* Dovecot's ids have 32 bits; 2^32 sessions on, theirs are over. */
	s->ticket = ++a->last_ticket & UINT32_MAX;
	(void)slice_to_cstr(client, s->client, sizeof(s->client));
	HASH_ADD(hh, a->sessions, key, sizeof(s->key), s);
	HASH_ADD(by_ticket, a->by_ticket, ticket, sizeof(s->ticket), s);
	return s;
}

static void
session_free(struct auth *a, struct session *s)
{
	HASH_DELETE(hh, a->sessions, s);
	HASH_DELETE(by_ticket, a->by_ticket, s);
	exchange_free(&s->exchange);
	mem_free(s);
}

static void
send_challenge(struct auth *a, const struct session *s, struct slice challenge)
{
	channel_send_auth_challenge(a->receivers[s->key.receiver],
	    &(struct msg_auth_challenge){ s->key.id, challenge });
}

/* The only end of a session that the receiver hears of. */
static void
finish(struct auth *a, struct session *s, enum auth_verdict verdict,
    struct slice login, struct slice additional)
{
	if (verdict == AUTH_FAILED)
		failures_add(a->failures, slice_of(s->client),
		    loop_now(worker_loop(a->worker)));
	channel_send_auth_done(a->receivers[s->key.receiver],
	    &(struct msg_auth_done){ .session = s->key.id,
		.verdict = (uint32_t)verdict,
		.login = login,
		.additional = additional });
	session_free(a, s);
}

static void
finish_without(struct auth *a, struct session *s, enum auth_verdict verdict)
{
	struct slice login =
	    s->exchange == NULL ? SLICE_NONE : exchange_login(s->exchange);

	finish(a, s, verdict, login, SLICE_NONE);
}

/* --- the table of users ----------------------------------------------------
 */

/* False, too, when what the table says is not understood. */
static bool
keys_of(struct auth *a, struct slice login, struct slice *value,
    struct user_keys *keys)
{
	struct log_text quoted;

	if (a->conf->auth.users == NULL ||
	    !table_get(a->conf->auth.users, login, value))
		return false;
	if (user_keys_parse(*value, keys))
		return true;
	log_error("auth malformed-user login=%s table=%s",
	    log_text(login, &quoted), table_where(a->conf->auth.users));
	return false;
}

static bool
lookup_scram(struct slice login, struct scram_keys *out, void *arg)
{
	struct user_keys keys;
	struct slice value;

	if (!keys_of(arg, login, &value, &keys) || keys.scram.iterations == 0)
		return false;
	*out = keys.scram;
	return true;
}

struct sample {
	struct user_keys keys;
	bool found;
};

static void
take_sample(struct slice key, struct slice value, void *arg)
{
	struct sample *sample = arg;

	(void)key;
	if (!sample->found)
		sample->found = user_keys_parse(value, &sample->keys);
}

/* What an unknown login meets is made like the first entry of the table. */
static void
sample_table(struct auth *a)
{
	const struct table *users = a->conf->auth.users;
	struct sample sample = { .found = false };

	if (users == NULL || users == a->sampled)
		return;
	a->sampled = users;
	table_each(users, take_sample, &sample);
	if (!sample.found)
		return;
	judge_set_dummy(a->judge, &sample.keys);
	if (sample.keys.scram.iterations != 0)
		a->iterations = sample.keys.scram.iterations;
}

/* --- judging a password ------------------------------------------------------
 */

static void
on_judged(uint64_t ticket, enum auth_verdict verdict, void *arg)
{
	struct auth *a = arg;
	struct session *s = session_by_ticket(a, ticket);
	struct user_keys keys;
	struct slice value;

	if (s == NULL || s->exchange == NULL)
		return;
	if (verdict == AUTH_OK &&
	    keys_of(a, exchange_login(s->exchange), &value, &keys))
		verified_add(a->verified, exchange_login(s->exchange), value,
		    exchange_password(s->exchange),
		    loop_now(worker_loop(a->worker)));
	finish_without(a, s, verdict);
}

static void
judge_by_table(struct auth *a, struct session *s)
{
	struct slice login = exchange_login(s->exchange);
	const char *password = exchange_password(s->exchange);
	struct user_keys keys;
	struct slice value;
	bool known = keys_of(a, login, &value, &keys);

	sample_table(a);
	if (known &&
	    verified_has(a->verified, login, value, password,
		loop_now(worker_loop(a->worker))))
		finish_without(a, s, AUTH_OK);
	else if (judge_ask_keys(a->judge, s->ticket, known ? &keys : NULL,
		     password) != 0)
		finish_without(a, s, AUTH_TEMPORARY);
}

static void
judge_by_dovecot(struct auth *a, struct session *s)
{
	struct slice login = exchange_login(s->exchange);
	const char *password = exchange_password(s->exchange);
	struct buf message;
	struct slice initial;

	buf_init(&message, 4096);
	buf_add_char(&message, '\0');
	buf_add(&message, login);
	buf_add_char(&message, '\0');
	buf_add_cstr(&message, password);
	initial = buf_slice(&message);
	s->is_dovecots = true;
	dovecot_start(a->dovecot, (uint32_t)s->ticket, slice_of("PLAIN"),
	    slice_of(s->client), &initial);
	buf_wipe(&message);
}

static void
judge_password(struct auth *a, struct session *s)
{
	switch (a->conf->auth.backend) {
	case AUTH_TABLE:
		judge_by_table(a, s);
		break;
	case AUTH_PAM:
		if (judge_ask_pam(a->judge, s->ticket, a->conf->auth.where,
			exchange_login(s->exchange),
			exchange_password(s->exchange),
			slice_of(s->client)) != 0)
			finish_without(a, s, AUTH_TEMPORARY);
		break;
	case AUTH_DOVECOT:
		judge_by_dovecot(a, s);
		break;
	case AUTH_NONE:
		finish_without(a, s, AUTH_TEMPORARY);
		break;
	}
}

/* --- Dovecot -----------------------------------------------------------------
 */

static void
on_dovecot_challenge(uint32_t id, struct slice challenge, void *arg)
{
	struct auth *a = arg;
	struct session *s = session_by_ticket(a, id);

	if (s == NULL || !s->is_dovecots)
		return;
	if (s->exchange == NULL)
		send_challenge(a, s, challenge);
	else /* to a PLAIN that was whole */
		finish_without(a, s, AUTH_TEMPORARY);
}

static void
on_dovecot_done(uint32_t id, enum auth_verdict verdict, struct slice login,
    struct slice additional, void *arg)
{
	struct auth *a = arg;
	struct session *s = session_by_ticket(a, id);

	if (s == NULL || !s->is_dovecots)
		return;
	if (login.n == 0 && s->exchange != NULL)
		login = exchange_login(s->exchange);
	if (verdict == AUTH_OK && login.n == 0)
		verdict = AUTH_TEMPORARY;
	finish(a, s, verdict, login, additional);
}

static void
on_dovecot_lost(void *arg)
{
	struct auth *a = arg;
	struct session *s, *next;

	HASH_ITER (hh, a->sessions, s, next)
		if (s->is_dovecots)
			finish_without(a, s, AUTH_TEMPORARY);
}

static const struct dovecot_events dovecot_events = {
	.challenge = on_dovecot_challenge,
	.done = on_dovecot_done,
	.lost = on_dovecot_lost,
};

/* --- what receivers say
 * -------------------------------------------------------- */

static void
act(struct auth *a, struct session *s, enum exchange_step step,
    const struct buf *out)
{
	switch (step) {
	case EXCHANGE_CHALLENGE:
		send_challenge(a, s, buf_slice(out));
		break;
	case EXCHANGE_JUDGE:
		judge_password(a, s);
		break;
	case EXCHANGE_DONE:
		finish(a, s, AUTH_OK, exchange_login(s->exchange),
		    buf_slice(out));
		break;
	case EXCHANGE_FAILED:
		finish_without(a, s, AUTH_FAILED);
		break;
	case EXCHANGE_MALFORMED:
		finish_without(a, s, AUTH_MALFORMED);
		break;
	}
}

static bool
is_configured(const struct auth *a, struct slice mechanism)
{
	const struct strings *list = &a->conf->auth.mechanisms;

	for (size_t i = 0; i < list->n; i++)
		if (slice_is_nocase(mechanism, list->v[i]))
			return true;
	return false;
}

static void
start_exchange(struct auth *a, struct session *s,
    const struct msg_auth_start *m, const struct slice *initial)
{
	struct buf out;

	sample_table(a);
	s->exchange = exchange_new(m->mechanism, m->binding,
	    &(struct exchange_keys){ .library = a->library,
		.lookup = lookup_scram,
		.arg = a,
		.iterations = a->iterations });
	if (s->exchange == NULL) {
		finish_without(a, s, AUTH_MALFORMED);
		return;
	}
	buf_init(&out, EXCHANGE_MESSAGE_MAX);
	act(a, s, exchange_start(s->exchange, initial, &out), &out);
	buf_done(&out);
}

static void
on_start(void *owner, struct channel *c, const void *msg)
{
	struct auth *a = owner;
	const struct msg_auth_start *m = msg;
	const struct slice *initial = m->has_initial != 0 ? &m->initial : NULL;
	const uint32_t limit = a->conf->limits.auth_failures;
	struct session *s = session_find(a, c, m->session);

	if (s != NULL)
		session_free(a, s);
	s = session_new(a, c, m->session, m->client);
	if (limit > 0 &&
	    failures_count(a->failures, m->client,
		loop_now(worker_loop(a->worker))) >= limit) {
		log_warning("auth limited client=%s failures=%u", s->client,
		    limit);
		finish_without(a, s, AUTH_TEMPORARY);
	} else if (!is_configured(a, m->mechanism) ||
	    !offer_is_possible(a->conf->auth.backend, m->mechanism)) {
		finish_without(a, s, AUTH_MALFORMED);
	} else if (a->conf->auth.backend == AUTH_DOVECOT &&
	    slice_starts_nocase(m->mechanism, "SCRAM-")) {
		s->is_dovecots = true;
		dovecot_start(a->dovecot, (uint32_t)s->ticket, m->mechanism,
		    m->client, initial);
	} else {
		start_exchange(a, s, m, initial);
	}
}

static void
on_response(void *owner, struct channel *c, const void *msg)
{
	struct auth *a = owner;
	const struct msg_auth_response *m = msg;
	struct session *s = session_find(a, c, m->session);
	struct buf out;

	if (s == NULL)
		return;
	if (s->is_dovecots) {
		if (s->exchange == NULL && m->response.n < 4096)
			dovecot_respond(a->dovecot, (uint32_t)s->ticket,
			    m->response);
		else
			finish_without(a, s, AUTH_MALFORMED);
		return;
	}
	buf_init(&out, EXCHANGE_MESSAGE_MAX);
	act(a, s, exchange_respond(s->exchange, m->response, &out), &out);
	buf_done(&out);
}

static void
on_cancel(void *owner, struct channel *c, const void *msg)
{
	struct auth *a = owner;
	const struct msg_auth_cancel *m = msg;
	struct session *s = session_find(a, c, m->session);

	if (s == NULL)
		return;
	if (s->is_dovecots)
		dovecot_cancel(a->dovecot, (uint32_t)s->ticket);
	session_free(a, s);
}

static void
forget_receiver(struct auth *a, size_t number)
{
	struct session *s, *next;

	HASH_ITER (hh, a->sessions, s, next)
		if (s->key.receiver == number)
			session_free(a, s);
	a->receivers[number] = NULL;
}

static void
on_receiver_closed(void *owner, struct channel *c, int rc)
{
	struct auth *a = owner;
	struct channel **slot = channel_tag(c);

	if (rc != 0)
		log_error("auth lost-receiver number=%zu error=\"%s\"",
		    (size_t)(slot - a->receivers), err_text(rc));
	forget_receiver(a, (size_t)(slot - a->receivers));
}

static const struct channel_handlers receiver_handlers = {
	.on = {
	    [MSG_auth_start] = on_start,
	    [MSG_auth_response] = on_response,
	    [MSG_auth_cancel] = on_cancel,
	},
	.closed = on_receiver_closed,
};

/* --- the worker's events
 * -------------------------------------------------------- */

static void
on_peer(enum role role, unsigned number, int fd, void *arg)
{
	struct auth *a = arg;
	struct channel *old;

	if (role != ROLE_RECEIVER || number >= RECEIVERS_MAX) {
		(void)close(fd);
		return;
	}
	old = a->receivers[number];
	if (old != NULL) {
		forget_receiver(a, number);
		channel_free(&old);
	}
	a->receivers[number] =
	    channel_new(worker_loop(a->worker), fd, &receiver_handlers, a);
	channel_set_tag(a->receivers[number], &a->receivers[number]);
}

/*
 * The secret behind made-up SCRAM salts outlives us in the state directory:
 * else a restart would tell unknown logins from known ones.
 */
static void
read_secret(const char *state, char secret[SCRAM_SECRET_SIZE])
{
	int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, "auth.secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd != -1 &&
	    read(fd, secret, SCRAM_SECRET_SIZE) == SCRAM_SECRET_SIZE)
		goto out;
	if (fd != -1)
		(void)close(fd);
	must(getrandom(secret, SCRAM_SECRET_SIZE, 0) == SCRAM_SECRET_SIZE);
	fd = openat(dir, "auth.secret",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1 ||
	    write(fd, secret, SCRAM_SECRET_SIZE) != SCRAM_SECRET_SIZE)
		log_warning("auth secret-not-kept directory=%s error=\"%s\"",
		    state, err_text(-errno));
out:
	if (fd != -1)
		(void)close(fd);
	if (dir != -1)
		(void)close(dir);
}

static enum worker_jail
jail_for(enum auth_backend backend)
{
	switch (backend) {
	case AUTH_PAM:
		return JAIL_NONE;
	case AUTH_DOVECOT:
		return JAIL_USER;
	case AUTH_NONE:
	case AUTH_TABLE:
		break;
	}
	return JAIL_CHROOT;
}

static int
on_worker_start(struct worker *w, struct conf *conf, void *arg)
{
	struct auth *a = arg;
	char secret[SCRAM_SECRET_SIZE];
	uint64_t seed;

	a->worker = w;
	a->conf = conf;
	worker_set_jail(w, jail_for(conf->auth.backend));
	read_secret(conf->state, secret);
	a->library = scram_library_new(secret);
	explicit_bzero(secret, sizeof(secret));
	if (a->library == NULL)
		return -ENOMEM;
	must(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	a->failures = failures_new(seed);
	a->verified = verified_new();
	a->judge = judge_new(worker_loop(w), on_judged, a);
	a->iterations = ITERATIONS_DEFAULT;
	if (conf->auth.backend == AUTH_DOVECOT)
		a->dovecot = dovecot_new(worker_loop(w), conf->auth.where,
		    &dovecot_events, a);
	return 0;
}

/* Another backend needs other rights: the master starts us again for it. */
static void
on_reconfigured(struct worker *w, struct conf *conf, void *arg)
{
	struct auth *a = arg;
	const struct auth_conf *old = &a->conf->auth;
	const struct auth_conf *new = &conf->auth;

	if (old->backend != new->backend ||
	    (new->backend == AUTH_DOVECOT &&strcmp(old->where, new->where) !=
		0)) {
		log_info("auth backend-changed");
		worker_exit(w, 0);
	} else if (a->dovecot != NULL) {
		dovecot_free(&a->dovecot);
		on_dovecot_lost(a);
		a->dovecot =
		    dovecot_new(worker_loop(w), new->where, &dovecot_events, a);
	}
	a->conf = conf;
}

static void
on_stop(int64_t grace_ms, void *arg)
{
	struct auth *a = arg;

	(void)grace_ms;
	worker_exit(a->worker, 0);
}

static void
on_end(void *arg)
{
	struct auth *a = arg;
	struct session *s, *next;

	HASH_ITER (hh, a->sessions, s, next)
		session_free(a, s);
	for (size_t i = 0; i < RECEIVERS_MAX; i++)
		channel_free(&a->receivers[i]);
	judge_free(&a->judge);
	dovecot_free(&a->dovecot);
	verified_free(&a->verified);
	failures_free(&a->failures);
	scram_library_free(&a->library);
}

static const struct worker_events worker_events = {
	.start = on_worker_start,
	.reconfigured = on_reconfigured,
	.peer = on_peer,
	.stop = on_stop,
	.end = on_end,
};

int
auth_main(unsigned number)
{
	static struct auth auth;

	return worker_main(ROLE_AUTHENTICATOR, number, JAIL_NONE,
	    &worker_events, &auth);
}
