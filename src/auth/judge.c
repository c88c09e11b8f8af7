/*
 * auth/judge.c - see judge.h. Whose password it is, and what follows, is not
 * known here.
 */
#include "auth/judge.h"

#include <sys/queue.h>

#include <string.h>

#include "auth/password.h"
#include "auth/sasl_text.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "io/helper.h"

enum {
	THREADS = 4,
	WAITING_MAX = 512,
	SERVICE_MAX = 64,
	DUMMY_MAX = 384, /* CRYPT_OUTPUT_SIZE */
	CLIENT_MAX = 64,
};

struct job {
	LIST_ENTRY(job) link;
	struct judge *judge; /* borrowed; not for the thread */
	uint64_t ticket;
	bool by_pam;
	bool made_up; /* no password fits */
	char password[PASSWORD_MAX + 1];
	char hash[DUMMY_MAX];
	uint32_t iterations;
	char salt[SCRAM_TEXT_MAX + 1];
	char stored_key[SCRAM_TEXT_MAX + 1];
	char service[SERVICE_MAX];
	char login[LOGIN_MAX + 1];
	char client[CLIENT_MAX];
	enum auth_verdict verdict;
};

struct judge {
	struct helper *helper; /* owned */
	LIST_HEAD(, job) jobs;
	judge_fn *fn;
	void *arg;
	struct job dummy; /* hash or SCRAM keys, as the table has them */
};

/* In the thread. */
static void
work(void *arg)
{
	struct job *job = arg;
	const struct user_keys keys = {
		.hash = slice_of(job->hash),
		.scram = { .iterations = job->iterations,
		    .salt = slice_of(job->salt),
		    .stored_key = slice_of(job->stored_key),
		    .server_key = slice_of(job->stored_key) },
	};

	if (job->by_pam)
		job->verdict = password_ask_pam(job->service, job->login,
		    job->password, job->client);
	else if (password_fits(&keys, job->password) && !job->made_up)
		job->verdict = AUTH_OK;
	else
		job->verdict = AUTH_FAILED;
	explicit_bzero(job->password, sizeof(job->password));
}

static void
job_free(struct job *job)
{
	LIST_REMOVE(job, link);
	mem_free_secret(job, sizeof(*job));
}

static void
on_judged(void *arg)
{
	struct job *job = arg;
	struct judge *judge = job->judge;
	uint64_t ticket = job->ticket;
	enum auth_verdict verdict = job->verdict;

	job_free(job);
	judge->fn(ticket, verdict, judge->arg);
}

struct judge *
judge_new(struct loop *loop, judge_fn *fn, void *arg)
{
	struct judge *judge = mem_zero(sizeof(*judge));
	int rc =
	    password_dummy_hash(judge->dummy.hash, sizeof(judge->dummy.hash));

	if (rc != 0)
		log_warning("auth no-dummy-hash error=\"%s\"", err_text(rc));
	judge->helper = helper_new(loop, THREADS);
	judge->fn = fn;
	judge->arg = arg;
	LIST_INIT(&judge->jobs);
	return judge;
}

void
judge_free(struct judge **j)
{
	struct judge *judge = *j;
	struct job *job;

	if (judge == NULL)
		return;
	helper_free(&judge->helper);
	while ((job = LIST_FIRST(&judge->jobs)) != NULL)
		job_free(job);
	mem_free(judge);
	*j = NULL;
}

static void
copy_keys(struct job *job, const struct user_keys *keys)
{
	(void)slice_to_cstr(keys->hash, job->hash, sizeof(job->hash));
	job->iterations = keys->scram.iterations;
	if (job->iterations == 0)
		return;
	(void)slice_to_cstr(keys->scram.salt, job->salt, sizeof(job->salt));
	(void)slice_to_cstr(keys->scram.stored_key, job->stored_key,
	    sizeof(job->stored_key));
}

static struct job *
job_new(struct judge *judge, uint64_t ticket, const char *password)
{
	struct job *job;

	if (helper_pending(judge->helper) >= WAITING_MAX)
		return NULL;
	job = mem_zero(sizeof(*job));
	job->judge = judge;
	job->ticket = ticket;
	(void)slice_to_cstr(slice_of(password), job->password,
	    sizeof(job->password));
	LIST_INSERT_HEAD(&judge->jobs, job, link);
	return job;
}

int
judge_ask_keys(struct judge *judge, uint64_t ticket,
    const struct user_keys *keys, const char *password)
{
	struct job *job = job_new(judge, ticket, password);

	if (job == NULL)
		return ERR_LIMIT;
	job->made_up = keys == NULL;
	if (keys != NULL) {
		copy_keys(job, keys);
	} else {
		memcpy(job->hash, judge->dummy.hash, sizeof(job->hash));
		memcpy(job->salt, judge->dummy.salt, sizeof(job->salt));
		memcpy(job->stored_key, judge->dummy.stored_key,
		    sizeof(job->stored_key));
		job->iterations = judge->dummy.iterations;
	}
	helper_run(judge->helper, work, on_judged, job);
	return 0;
}

int
judge_ask_pam(struct judge *judge, uint64_t ticket, const char *service,
    struct slice login, const char *password, struct slice client)
{
	struct job *job = job_new(judge, ticket, password);

	if (job == NULL)
		return ERR_LIMIT;
	job->by_pam = true;
	(void)slice_to_cstr(slice_of(service), job->service,
	    sizeof(job->service));
	(void)slice_to_cstr(login, job->login, sizeof(job->login));
	(void)slice_to_cstr(client, job->client, sizeof(job->client));
	helper_run(judge->helper, work, on_judged, job);
	return 0;
}

void
judge_set_dummy(struct judge *judge, const struct user_keys *keys)
{
	memset(judge->dummy.hash, 0, sizeof(judge->dummy.hash));
	copy_keys(&judge->dummy, keys);
}
