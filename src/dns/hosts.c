/*
 * dns/hosts.c - from a domain to the addresses that take its mail.
 */
#include "dns/hosts.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"

enum { PER_FAMILY_MAX = 25 };

/* The questions about one host; 0 when answered or not asked. */
struct host_query {
	struct hosts_search *search; /* borrowed: it contains us */
	uint64_t a, aaaa;
	bool temporary;
	bool bogus;
	bool insecure; /* some answer was not proved */
	bool answered;
	char canonical[DNS_NAME_SIZE];
	size_t ipv4_count, ipv6_count;
	struct ip ipv4[PER_FAMILY_MAX];
	struct ip ipv6[PER_FAMILY_MAX];
};

struct hosts_search {
	struct resolver *resolver; /* borrowed */
	struct loop *loop;         /* borrowed */
	struct hosts_policy policy;
	hosts_fn *fn;
	void *arg; /* borrowed */
	uint64_t mx;
	size_t waiting;   /* address questions under way */
	bool domain_gone; /* NXDOMAIN for the name itself */
	struct hosts hosts;
	struct host_query *queries; /* owned; one a host */
};

/* clang-format off */
static const char *const replies[] = {
	[HOSTS_FOUND] =	     "250 2.0.0 Found",
	[HOSTS_BAD_NAME] =   "550 5.1.2 This is no domain name",
	[HOSTS_NO_NAME] =    "550 5.1.2 The domain does not exist",
	[HOSTS_NO_MAIL] =    "550 5.1.2 The domain has no mail host",
	[HOSTS_NO_ADDRESS] = "550 5.4.4 The domain's mail hosts have no address",
	[HOSTS_NULL_MX] =    "556 5.1.10 The domain takes no mail (null MX)",
	[HOSTS_LOOP] =	     "554 5.4.6 The domain's mail host is this one: a loop",
	[HOSTS_BOGUS] =	     "451 4.7.5 DNSSEC validation failed for the domain",
	[HOSTS_TEMPORARY] =  "451 4.4.3 No answer from the DNS for the domain",
};
/* clang-format on */

static void
on_settled(void *arg)
{
	struct hosts_search *s = arg;

	s->fn(&s->hosts, s->arg);
	mem_free(s->queries);
	mem_free(s);
}

/* At the top of the stack, in a callback of the resolver. */
static void
settle(struct hosts_search *s, enum hosts_outcome outcome)
{
	s->hosts.outcome = outcome;
	if (outcome != HOSTS_FOUND)
		s->hosts.address_count = 0;
	on_settled(s);
}

static void
settle_later(struct hosts_search *s, enum hosts_outcome outcome)
{
	s->hosts.outcome = outcome;
	loop_post(s->loop, on_settled, s);
}

/*
 * RFC 5321, 5.1: if we are in the list, all hosts with our preference or a
 * worse one go. Returns false when that leaves nobody.
 */
static bool
drop_ourselves(struct hosts_search *s)
{
	const struct hosts_policy *policy = &s->policy;
	struct hosts *h = &s->hosts;
	size_t keep;

	for (keep = 0; keep < h->host_count; keep++) {
		const struct host_query *q = &s->queries[keep];
		bool own = policy->own_name != NULL &&
		    slice_is_nocase(slice_of(h->host[keep].name),
			policy->own_name);

		for (size_t i = 0; policy->is_own != NULL && i < q->ipv4_count;
		     i++)
			own = own || policy->is_own(&q->ipv4[i], policy->arg);
		for (size_t i = 0; policy->is_own != NULL && i < q->ipv6_count;
		     i++)
			own = own || policy->is_own(&q->ipv6[i], policy->arg);
		if (own)
			break;
	}
	if (keep == h->host_count)
		return true;
	for (size_t ours = keep; keep > 0 &&
	     h->host[keep - 1].preference == h->host[ours].preference;)
		keep--;
	h->host_count = keep;
	return keep > 0;
}

static void
add_address(struct hosts *h, size_t host, const struct ip *ip)
{
	if (h->address_count == HOSTS_ADDRESSES_MAX)
		return;
	h->address[h->address_count].ip = *ip;
	h->address[h->address_count].host = host;
	h->address_count++;
}

/* Host by host, the two families in turn, IPv6 first (RFC 8305, 4). */
static void
list_addresses(struct hosts_search *s)
{
	for (size_t host = 0; host < s->hosts.host_count; host++) {
		const struct host_query *q = &s->queries[host];

		s->hosts.host[host].secure = q->answered && !q->insecure;
		memcpy(s->hosts.host[host].canonical,
		    q->canonical[0] == '\0' ? s->hosts.host[host].name
					    : q->canonical,
		    DNS_NAME_SIZE);
		for (size_t i = 0; i < q->ipv4_count || i < q->ipv6_count;
		     i++) {
			if (i < q->ipv6_count)
				add_address(&s->hosts, host, &q->ipv6[i]);
			if (i < q->ipv4_count)
				add_address(&s->hosts, host, &q->ipv4[i]);
		}
	}
}

static enum hosts_outcome
why_nothing(const struct hosts_search *s)
{
	bool temporary = false, bogus = false;

	for (size_t host = 0; host < s->hosts.host_count; host++) {
		temporary = temporary || s->queries[host].temporary;
		bogus = bogus || s->queries[host].bogus;
	}
	if (temporary)
		return HOSTS_TEMPORARY;
	if (bogus)
		return HOSTS_BOGUS;
	if (s->hosts.by_mx)
		return HOSTS_NO_ADDRESS;
	return s->domain_gone ? HOSTS_NO_NAME : HOSTS_NO_MAIL;
}

static void
conclude(struct hosts_search *s)
{
	if (!drop_ourselves(s)) {
		settle(s, HOSTS_LOOP);
		return;
	}
	list_addresses(s);
	settle(s, s->hosts.address_count > 0 ? HOSTS_FOUND : why_nothing(s));
}

/*
 * An answer that is missing or false says nothing about its zone: were it to
 * make the host insecure, whoever drops packets could turn DANE off.
 */
static void
note_proof(struct host_query *q, const struct dns_answer *answer)
{
	if (answer->outcome == DNS_TEMPORARY || answer->outcome == DNS_BOGUS)
		return;
	q->answered = true;
	q->insecure = q->insecure || !answer->secure;
	if (answer->outcome == DNS_FOUND)
		(void)slice_to_cstr(answer->canonical, q->canonical,
		    sizeof(q->canonical));
}

static void
note_outcome(struct host_query *q, const struct dns_answer *answer)
{
	switch (answer->outcome) {
	case DNS_TEMPORARY:
		q->temporary = true;
		break;
	case DNS_BOGUS:
		q->bogus = true;
		break;
	case DNS_NO_NAME:
		q->search->domain_gone = true;
		break;
	case DNS_FOUND:
	case DNS_NO_DATA:
		break;
	}
	note_proof(q, answer);
}

static void
one_less(struct hosts_search *s)
{
	must(s->waiting > 0);
	if (--s->waiting == 0)
		conclude(s);
}

static void
keep_addresses(const struct dns_answer *answer, struct ip *to, size_t *count)
{
	for (size_t i = 0; i < answer->count && *count < PER_FAMILY_MAX; i++)
		to[(*count)++] = answer->records[i].ip;
}

static void
on_a(const struct dns_answer *answer, void *arg)
{
	struct host_query *q = arg;

	q->a = 0;
	note_outcome(q, answer);
	keep_addresses(answer, q->ipv4, &q->ipv4_count);
	one_less(q->search);
}

static void
on_aaaa(const struct dns_answer *answer, void *arg)
{
	struct host_query *q = arg;

	q->aaaa = 0;
	note_outcome(q, answer);
	keep_addresses(answer, q->ipv6, &q->ipv6_count);
	one_less(q->search);
}

/* All hosts at once: the cache knows most, and the slowest sets the pace. */
static void
ask_addresses(struct hosts_search *s)
{
	s->queries = mem_array(s->hosts.host_count, sizeof(*s->queries));
	for (size_t i = 0; i < s->hosts.host_count; i++) {
		struct host_query *q = &s->queries[i];
		struct slice name = slice_of(s->hosts.host[i].name);

		q->search = s;
		if (s->policy.ipv4) {
			q->a = resolver_ask(s->resolver, name, DNS_A, on_a, q);
			s->waiting++;
		}
		if (s->policy.ipv6) {
			q->aaaa = resolver_ask(s->resolver, name, DNS_AAAA,
			    on_aaaa, q);
			s->waiting++;
		}
	}
	must(s->waiting > 0);
}

static void
name_is_the_host(struct hosts_search *s)
{
	s->hosts.host_count = 1;
	s->hosts.host[0].preference = 0;
	memcpy(s->hosts.host[0].name, s->hosts.name, DNS_NAME_SIZE);
	ask_addresses(s);
}

static void
on_mx(const struct dns_answer *answer, void *arg)
{
	struct hosts_search *s = arg;
	bool null_mx = false;

	s->mx = 0;
	s->hosts.secure = answer->secure;
	if (answer->outcome == DNS_FOUND)
		(void)slice_to_cstr(answer->canonical, s->hosts.canonical,
		    sizeof(s->hosts.canonical));
	switch (answer->outcome) {
	case DNS_FOUND:
		s->hosts.by_mx = true;
		s->hosts.host_count =
		    hosts_order(answer, s->hosts.host, &null_mx);
		if (null_mx)
			settle(s, HOSTS_NULL_MX);
		else if (s->hosts.host_count == 0)
			settle(s, HOSTS_NO_ADDRESS);
		else
			ask_addresses(s);
		break;
	case DNS_NO_DATA:
		name_is_the_host(s);
		break;
	case DNS_NO_NAME:
		settle(s, HOSTS_NO_NAME);
		break;
	case DNS_BOGUS:
		settle(s, HOSTS_BOGUS);
		break;
	case DNS_TEMPORARY:
		settle(s, HOSTS_TEMPORARY);
		break;
	}
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321, 4.1.3). */
static bool
literal_parse(struct slice name, struct ip *ip)
{
	if (name.n < 2 || name.p[0] != '[' || name.p[name.n - 1] != ']')
		return false;
	name = slice_from(name.p + 1, name.n - 2);
	if (slice_take_prefix_nocase(&name, "IPv6:"))
		return ip_parse(name, ip) && ip->version == 6;
	return ip_parse(name, ip) && ip->version == 4;
}

static void
address_is_the_host(struct hosts_search *s, const struct ip *ip)
{
	bool own =
	    s->policy.is_own != NULL && s->policy.is_own(ip, s->policy.arg);
	bool usable = ip->version == 4 ? s->policy.ipv4 : s->policy.ipv6;

	s->hosts.host_count = 1;
	if (!own && usable)
		add_address(&s->hosts, 0, ip);
	settle_later(s,
	    own          ? HOSTS_LOOP
		: usable ? HOSTS_FOUND
			 : HOSTS_NO_ADDRESS);
}

static struct hosts_search *
search_new(struct resolver *resolver, struct loop *loop,
    const struct hosts_policy *policy, hosts_fn *fn, void *arg)
{
	struct hosts_search *s = mem_zero(sizeof(*s));

	must(policy->ipv4 || policy->ipv6);
	s->resolver = resolver;
	s->loop = loop;
	s->policy = *policy;
	s->fn = fn;
	s->arg = arg;
	return s;
}

struct hosts_search *
hosts_of_domain(struct resolver *resolver, struct loop *loop,
    struct slice domain, const struct hosts_policy *policy, hosts_fn *fn,
    void *arg)
{
	struct hosts_search *s = search_new(resolver, loop, policy, fn, arg);
	struct ip ip;

	if (literal_parse(domain, &ip))
		address_is_the_host(s, &ip);
	else if (!hosts_name_to_ascii(domain, s->hosts.name))
		settle_later(s, HOSTS_BAD_NAME);
	else
		s->mx = resolver_ask(resolver, slice_of(s->hosts.name), DNS_MX,
		    on_mx, s);
	return s;
}

struct hosts_search *
hosts_of_name(struct resolver *resolver, struct loop *loop, struct slice name,
    const struct hosts_policy *policy, hosts_fn *fn, void *arg)
{
	struct hosts_search *s = search_new(resolver, loop, policy, fn, arg);
	struct ip ip;

	if (literal_parse(name, &ip) || ip_parse(name, &ip))
		address_is_the_host(s, &ip);
	else if (!hosts_name_to_ascii(name, s->hosts.name))
		settle_later(s, HOSTS_BAD_NAME);
	else
		name_is_the_host(s);
	return s;
}

void
hosts_cancel(struct hosts_search **search)
{
	struct hosts_search *s = *search;

	if (s == NULL)
		return;
	resolver_cancel(s->resolver, s->mx);
	for (size_t i = 0; s->queries != NULL && i < s->hosts.host_count; i++) {
		resolver_cancel(s->resolver, s->queries[i].a);
		resolver_cancel(s->resolver, s->queries[i].aaaa);
	}
	loop_unpost(s->loop, s);
	mem_free(s->queries);
	mem_free(s);
	*search = NULL;
}

/* Letters, digits, "-", and "_", which is not allowed but seen. */
static bool
is_host_name(struct slice name)
{
	if (!dns_name_is_valid(name))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!ascii_is_alnum(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

bool
hosts_name_to_ascii(struct slice name, char out[DNS_NAME_SIZE])
{
	enum { TEXT_MAX = 1024 }; /* U-labels are longer in bytes */
	char text[TEXT_MAX];
	char *ascii = NULL;
	bool good;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (is_host_name(name)) {
		for (size_t i = 0; i < name.n; i++)
			out[i] = ascii_lower(name.p[i]);
		out[name.n] = '\0';
		return true;
	}
	if (!slice_to_cstr(name, text, sizeof(text)))
		return false;
	good = idn2_to_ascii_8z(text, &ascii,
		   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
	    is_host_name(slice_of(ascii)) &&
	    slice_to_cstr(slice_of(ascii), out, DNS_NAME_SIZE);
	idn2_free(ascii);
	return good;
}

size_t
hosts_order(const struct dns_answer *answer, struct host out[HOSTS_MAX],
    bool *null_mx)
{
	const struct dns_record *order[DNS_RECORDS_MAX];
	size_t n = 0, kept;

	*null_mx = false;
	for (size_t i = 0; i < answer->count && n < DNS_RECORDS_MAX; i++) {
		if (answer->records[i].data.n == 0)
			*null_mx = true;
		else if (is_host_name(answer->records[i].data))
			order[n++] = &answer->records[i];
	}
	*null_mx = *null_mx && n == 0;
	/* Shuffled first (Fisher and Yates), then sorted by insertion: stable.
	 */
	for (size_t i = n; i > 1; i--) {
		size_t j = arc4random_uniform((uint32_t)i);
		const struct dns_record *swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
	for (size_t i = 1; i < n; i++) {
		const struct dns_record *moving = order[i];
		size_t j = i;

		for (; j > 0 && order[j - 1]->preference > moving->preference;
		     j--)
			order[j] = order[j - 1];
		order[j] = moving;
	}
	kept = n < HOSTS_MAX ? n : HOSTS_MAX;
	for (size_t i = 0; i < kept; i++) {
		out[i] = (struct host){ .preference = order[i]->preference };
		(void)slice_to_cstr(order[i]->data, out[i].name,
		    sizeof(out[i].name));
	}
	return kept;
}

const char *
hosts_reply(enum hosts_outcome outcome)
{
	must((unsigned)outcome <= HOSTS_TEMPORARY);
	return replies[outcome];
}
