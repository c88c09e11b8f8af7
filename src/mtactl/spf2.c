/*
 * mtactl/spf2.c - libspf2 in a forked child, over our set of answers.
 *
 * The child has no descriptor but a pipe, no user's rights, little memory and
 * time, and system calls for memory and that pipe alone. What it writes there
 * is as foreign as the records it has read. It asks no DNS: a question that the
 * set lacks is answered "try again" and told to the parent.
 */
#include "mtactl/spf2.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/nameser.h>
#include <netdb.h>

#include <spf2/spf.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/time.h"

enum {
	PATIENCE_MS = 5000,
	CPU_SECONDS = 2,
	MEMORY_BYTES = 256 << 20,
	REPORT_MAX = 65536, /* what a pipe holds: the child never waits */
	NAME_OCTETS_MAX = 1024,
	NOBODY = 65534,
};

/* --- the child: its rights --- */

static void
limit(int what, rlim_t most)
{
	const struct rlimit r = { most, most };

	if (setrlimit((__rlimit_resource_t)what, &r) != 0)
		_exit(1);
}

static void
allow_memory_alone(void)
{
#ifndef MTAD_ASAN
	static const int calls[] = { SCMP_SYS(write), SCMP_SYS(brk),
		SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise), SCMP_SYS(clock_gettime), SCMP_SYS(uname),
		SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
		SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group) };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (filter == NULL)
		_exit(1);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		(void)seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (seccomp_load(filter) != 0)
		_exit(1);
	seccomp_release(filter);
#endif
}

/* Descriptor 0 is the pipe then. */
static void
give_up_rights(int out)
{
	if (dup2(out, 0) != 0)
		_exit(1);
	closefrom(1);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
		setuid(NOBODY) != 0))
		_exit(1);
#ifndef MTAD_ASAN
	limit(RLIMIT_AS, MEMORY_BYTES);
#endif
	limit(RLIMIT_CPU, CPU_SECONDS);
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(1);
	allow_memory_alone();
}

/* --- the child: answers as libspf2 wants them --- */

static bool
type_from(ns_type from, enum dns_type *type)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR,
		DNS_TXT };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((int)types[i] == (int)from) {
			*type = types[i];
			return true;
		}
	return false;
}

static SPF_dns_stat_t
status_of(const struct dns_answer *answer)
{
	if (answer == NULL)
		return TRY_AGAIN;
	switch (answer->outcome) {
	case DNS_FOUND:
		return NETDB_SUCCESS;
	case DNS_NO_DATA:
		return NO_DATA;
	case DNS_NO_NAME:
		return HOST_NOT_FOUND;
	case DNS_BOGUS:
	case DNS_TEMPORARY:
		break;
	}
	return TRY_AGAIN;
}

static void
add_record(SPF_dns_rr_t *rr, enum dns_type type, const struct dns_record *r)
{
	bool is_text = type == DNS_TXT || type == DNS_MX || type == DNS_PTR;
	size_t size = is_text ? r->data.n + 1 : sizeof(struct in6_addr);
	SPF_dns_rr_data_t *to;

	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, size) != SPF_E_SUCCESS)
		_exit(1);
	to = rr->rr[rr->num_rr++];
	if (type == DNS_A) {
		memcpy(&to->a, r->ip.bytes, sizeof(to->a));
	} else if (type == DNS_AAAA) {
		memcpy(&to->aaaa, r->ip.bytes, sizeof(to->aaaa));
	} else {
		memcpy(to->txt, r->data.p, r->data.n);
		to->txt[r->data.n] = '\0';
	}
}

static SPF_dns_rr_t *
on_lookup(SPF_dns_server_t *server, const char *domain, ns_type asked,
    int should_cache)
{
	const struct dns_answer *answer;
	enum dns_type type;
	SPF_dns_rr_t *rr;

	(void)should_cache;
	if (!type_from(asked, &type) || strlen(domain) > NAME_OCTETS_MAX)
		return SPF_dns_rr_new_nxdomain(server, domain);
	answer = answers_get(server->hook, slice_of(domain), type);
	rr = SPF_dns_rr_new_init(server, domain, asked, 0, status_of(answer));
	if (rr == NULL)
		_exit(1);
	for (size_t i = 0; answer != NULL && i < answer->count; i++)
		add_record(rr, type, &answer->records[i]);
	return rr;
}

/* --- the child: its report --- */

static enum spf_result
result_from(SPF_result_t result)
{
	switch (result) {
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	case SPF_RESULT_NONE:
		return SPF_NONE;
	case SPF_RESULT_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_RESULT_PERMERROR:
	case SPF_RESULT_INVALID:
		break;
	}
	return SPF_PERMERROR;
}

/* One line: a letter and a text, in which control bytes become "?". */
static void
add_line(struct buf *report, char what, const char *text, size_t most)
{
	buf_add_char(report, what);
	for (size_t i = 0; text != NULL && text[i] != '\0' && i < most; i++)
		buf_add_char(report,
		    ascii_is_graphic(text[i]) || text[i] == ' ' ? text[i]
								: '?');
	buf_add_char(report, '\n');
}

static void
add_questions(struct buf *report, const struct answers *answers)
{
	struct slice name;
	enum dns_type type;

	for (size_t i = 0; answers_missing(answers, i, &name, &type); i++)
		buf_addf(report, "q%d %.*s\n", (int)type, SLICE_ARGS(name));
}

static void
add_verdict(struct buf *report, SPF_response_t *response)
{
	enum spf_result result = result_from(SPF_response_result(response));
	const char *reason = SPF_strreason(SPF_response_reason(response));

	if (SPF_response_messages(response) > 0)
		reason = SPF_error_message(SPF_response_message(response, 0));
	buf_addf(report, "r%d\n", (int)result);
	add_line(report, 'w', reason, SPF_REASON_SIZE - 1);
	if (result == SPF_FAIL)
		add_line(report, 'e', SPF_response_get_explanation(response),
		    SPF_EXPLANATION_SIZE - 1);
}

static void
set_query(const struct spf_query *query, SPF_server_t *server,
    SPF_request_t *request)
{
	struct buf text;
	struct in_addr ip4;
	struct in6_addr ip6;

	buf_init(&text, REPORT_MAX);
	buf_add(&text, query->receiver);
	(void)SPF_server_set_rec_dom(server, buf_cstr(&text));
	buf_reset(&text);
	buf_add(&text, query->helo);
	(void)SPF_request_set_helo_dom(request, buf_cstr(&text));
	buf_reset(&text);
	buf_add(&text, query->local.n > 0 ? query->local : SLICE("postmaster"));
	buf_add_char(&text, '@');
	buf_add(&text, query->domain);
	(void)SPF_request_set_env_from(request, buf_cstr(&text));
	buf_done(&text);
	memcpy(&ip4, query->client.bytes, sizeof(ip4));
	memcpy(&ip6, query->client.bytes, sizeof(ip6));
	if (query->client.version == 6)
		(void)SPF_request_set_ipv6(request, ip6);
	else
		(void)SPF_request_set_ipv4(request, ip4);
}

static _Noreturn void
think(const struct spf_query *query, struct answers *answers, int out)
{
	SPF_dns_server_t dns = { .lookup = on_lookup,
		.name = "answers",
		.hook = answers };
	SPF_response_t *response = NULL;
	SPF_request_t *request;
	SPF_server_t *server;
	struct slice all;
	struct buf report;

	give_up_rights(out);
	buf_init(&report, REPORT_MAX);
	server = SPF_server_new_dns(&dns, 0);
	if (server == NULL || (request = SPF_request_new(server)) == NULL)
		_exit(1);
	set_query(query, server, request);
	(void)SPF_request_query_mailfrom(request, &response);
	add_questions(&report, answers);
	if (response != NULL)
		add_verdict(&report, response);
	all = buf_slice(&report);
	_exit(write(0, all.p, all.n) == (ssize_t)all.n ? 0 : 1);
}

/* --- the parent --- */

/* All that comes, until the end or the end of our patience. */
static void
read_report(int in, struct buf *report)
{
	int64_t end = time_mono_ms() + PATIENCE_MS;
	struct pollfd p = { .fd = in, .events = POLLIN };

	for (;;) {
		int64_t left = end - time_mono_ms();
		char *to = buf_reserve(report, 4096);
		ssize_t n;

		if (left <= 0 || to == NULL)
			return;
		if (poll(&p, 1, (int)left) == -1 && errno == EINTR)
			continue;
		if (p.revents == 0 || (n = read(in, to, 4096)) <= 0)
			return;
		buf_added(report, (size_t)n);
	}
}

/* "q16 example.org": true if that really was missing. */
static bool
note_question(struct slice line, struct answers *answers)
{
	struct slice number = slice_take_until(&line, ' ');
	enum dns_type type;
	uint32_t value;

	return slice_to_u32(number, 255, &value) &&
	    type_from((ns_type)value, &type) &&
	    answers_get(answers, line, type) == NULL;
}

/* False: that is no report. */
static bool
take_report(struct slice report, struct answers *answers,
    struct spf_outcome *out)
{
	uint32_t result = SPF_AGAIN;
	bool asks = false;
	struct slice line;

	while (slice_take_line(&report, &line)) {
		if (slice_take_char(&line, 'q'))
			asks = note_question(line, answers) || asks;
		else if (slice_take_char(&line, 'w'))
			(void)slice_to_cstr(line, out->reason, SPF_REASON_SIZE);
		else if (slice_take_char(&line, 'e'))
			(void)slice_to_cstr(line, out->explanation,
			    SPF_EXPLANATION_SIZE);
		else if (!slice_take_char(&line, 'r') ||
		    !slice_to_u32(line, SPF_PERMERROR, &result))
			return false;
	}
	out->result = asks ? SPF_AGAIN : (enum spf_result)result;
	return asks || result != SPF_AGAIN;
}

/* True: it ended of itself, and well. */
static bool
bury(pid_t child, struct spf_outcome *out)
{
	int status = 0;

	(void)kill(child, SIGKILL); /* no harm to one that has ended */
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU))
		(void)snprintf(out->reason, SPF_REASON_SIZE,
		    "it took too long");
	else if (WIFSIGNALED(status))
		(void)snprintf(out->reason, SPF_REASON_SIZE,
		    "it crashed (signal %d)", WTERMSIG(status));
	else
		(void)snprintf(out->reason, SPF_REASON_SIZE, "it failed");
	return false;
}

static bool
fail(struct spf_outcome *out, const char *what)
{
	*out = (struct spf_outcome){ .result = SPF_TEMPERROR };
	(void)snprintf(out->reason, SPF_REASON_SIZE, "%s", what);
	return false;
}

bool
spf2_check(const struct spf_query *query, struct answers *answers,
    struct spf_outcome *out)
{
	struct buf report;
	int ends[2];
	pid_t child;
	bool done;

	*out = (struct spf_outcome){ .result = SPF_TEMPERROR };
	if (pipe(ends) != 0)
		return fail(out, "no pipe to it");
	if ((child = fork()) == 0)
		think(query, answers, ends[1]);
	(void)close(ends[1]);
	if (child == -1) {
		(void)close(ends[0]);
		return fail(out, "no process for it");
	}
	buf_init(&report, REPORT_MAX);
	read_report(ends[0], &report);
	(void)close(ends[0]);
	done = bury(child, out);
	if (done && !take_report(buf_slice(&report), answers, out))
		done = fail(out, "it failed");
	buf_done(&report);
	return done;
}
