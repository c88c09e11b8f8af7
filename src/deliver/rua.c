/*
 * deliver/rua.c - the TXT record, the host's addresses, the POST.
 */
#include "deliver/rua.h"

#include <sys/queue.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "dns/hosts.h"
#include "policy/tlsrpt_text.h"

enum { POST_PATIENCE = MINUTE, ANSWER_MAX = 16 * 1024, SENDING_MAX = 100 };

struct sending {
	LIST_ENTRY(sending) in_all;
	struct rua_senders *all; /* borrowed */
	char domain[DNS_NAME_SIZE];
	char *report; /* owned */
	size_t report_n;
	struct rua rua;
	uint64_t txt;
	struct hosts_search *search; /* owned */
	struct https_call *call;     /* owned */
};

struct rua_senders {
	struct tools *tools; /* borrowed */
	rua_mail_fn *mail;
	void *arg; /* borrowed */
	size_t count;
	LIST_HEAD(, sending) sending;
};

static void
drop(struct sending *s)
{
	LIST_REMOVE(s, in_all);
	s->all->count--;
	resolver_cancel(s->all->tools->resolver, s->txt);
	hosts_cancel(&s->search);
	https_cancel(&s->call);
	mem_free(s->report);
	mem_free(s);
}

static void
on_posted(const struct https_answer *a, void *arg)
{
	struct sending *s = arg;
	struct log_text why;

	s->call = NULL;
	if (a->rc == 0 && a->status / 100 == 2)
		log_info("deliver tlsrpt-posted domain=%s host=%s", s->domain,
		    s->rua.host);
	else
		log_info("deliver tlsrpt-lost domain=%s host=%s status=%ld "
			 "why=%s",
		    s->domain, s->rua.host, a->status,
		    log_text(slice_of(a->rc == 0 ? "" : a->why), &why));
	drop(s);
}

static void
on_hosts(const struct hosts *hosts, void *arg)
{
	struct sending *s = arg;
	struct ip addresses[HTTPS_ADDRESSES_MAX];
	struct https_request request = {
		.host = s->rua.host,
		.path = s->rua.path,
		.port = s->rua.port,
		.addresses = addresses,
		.content_type = "application/tlsrpt+gzip",
		.body = slice_from(s->report, s->report_n),
		.answer_max = ANSWER_MAX,
		.timeout_ms = POST_PATIENCE,
	};

	s->search = NULL;
	while (request.address_count < hosts->address_count &&
	    request.address_count < HTTPS_ADDRESSES_MAX) {
		addresses[request.address_count] =
		    hosts->address[request.address_count].ip;
		request.address_count++;
	}
	if (request.address_count == 0) {
		log_info("deliver tlsrpt-lost domain=%s host=%s "
			 "why=\"no address\"",
		    s->domain, s->rua.host);
		drop(s);
		return;
	}
	s->call = https_start(s->all->tools->https, &request, on_posted, s);
}

static void
post(struct sending *s)
{
	struct tools *t = s->all->tools;
	struct hosts_policy policy = { .ipv4 = t->conf->delivery.ipv4,
		.ipv6 = t->conf->delivery.ipv6 };

	s->search = hosts_of_name(t->resolver, t->loop, slice_of(s->rua.host),
	    &policy, on_hosts, s);
}

/* RFC 8460, 3: exactly one record, or there is none. */
static void
on_txt(const struct dns_answer *answer, void *arg)
{
	struct sending *s = arg;
	const struct dns_record *ours = NULL;
	size_t count = 0;

	s->txt = 0;
	for (size_t i = 0; i < answer->count; i++)
		if (tlsrpt_is_ours(answer->records[i].data)) {
			ours = &answer->records[i];
			count++;
		}
	if (count != 1 || !tlsrpt_parse(ours->data, &s->rua)) {
		drop(s);
		return;
	}
	if (s->rua.kind == RUA_HTTPS) {
		post(s);
		return;
	}
	s->all->mail(slice_of(s->domain), s->rua.address, s->all->arg);
	drop(s);
}

struct rua_senders *
rua_senders_new(struct tools *tools, rua_mail_fn *mail, void *arg)
{
	struct rua_senders *all = mem_zero(sizeof(*all));

	all->tools = tools;
	all->mail = mail;
	all->arg = arg;
	LIST_INIT(&all->sending);
	return all;
}

void
rua_senders_free(struct rua_senders **senders)
{
	struct rua_senders *all = *senders;

	if (all == NULL)
		return;
	while (!LIST_EMPTY(&all->sending))
		drop(LIST_FIRST(&all->sending));
	mem_free(all);
	*senders = NULL;
}

void
rua_send(struct rua_senders *all, struct slice domain, struct slice report)
{
	struct sending *s;
	struct buf name;

	if (all->count >= SENDING_MAX || domain.n >= DNS_NAME_SIZE)
		return;
	s = mem_zero(sizeof(*s));
	s->all = all;
	(void)slice_to_cstr(domain, s->domain, sizeof(s->domain));
	s->report = mem_cstr(report);
	s->report_n = report.n;
	LIST_INSERT_HEAD(&all->sending, s, in_all);
	all->count++;
	buf_init(&name, DNS_NAME_SIZE + 16);
	buf_addf(&name, "_smtp._tls.%s", s->domain);
	s->txt = resolver_ask(all->tools->resolver, buf_slice(&name), DNS_TXT,
	    on_txt, s);
	buf_done(&name);
}
