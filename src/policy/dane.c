/*
 * policy/dane.c - asks for TLSA records at the name that the host's CNAMEs lead
 * to, then at the host's own.
 */
#include "policy/dane.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { QUESTION_SIZE = DNS_NAME_SIZE + 16, BASES_MAX = 2 };

struct dane_search {
	struct resolver *resolver; /* borrowed */
	struct loop *loop;         /* borrowed */
	struct arena *arena;       /* borrowed */
	const struct host *host;   /* borrowed */
	uint16_t port;
	dane_fn *fn;
	void *arg; /* borrowed */
	uint64_t question;
	size_t base, base_count; /* the one being asked for, of: */
	const char *bases[BASES_MAX];
	struct dane dane;
};

bool
dane_tlsa_parse(struct slice rdata, struct tls_tlsa *out)
{
	enum { HEAD = 3 };

	if (rdata.n < HEAD)
		return false;
	*out = (struct tls_tlsa){ (uint8_t)rdata.p[0], (uint8_t)rdata.p[1],
		(uint8_t)rdata.p[2], slice_skip(rdata, HEAD) };
	return true;
}

static void
keep_usable(const struct dns_answer *answer, struct arena *arena,
    struct dane *out)
{
	struct tls_tlsa *kept =
	    arena_alloc(arena, DANE_RECORDS_MAX, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0;
	     kept != NULL && i < answer->count && n < DANE_RECORDS_MAX; i++) {
		struct tls_tlsa t;

		if (!dane_tlsa_parse(answer->records[i].data, &t) ||
		    !tls_tlsa_is_usable(&t))
			continue;
		t.data = arena_copy(arena, t.data);
		if (t.data.p != NULL)
			kept[n++] = t;
		else
			kept = NULL;
	}
	/* No room for what binds: it is as if it had not come. */
	out->outcome = kept == NULL ? DANE_UNKNOWN
	    : n > 0                 ? DANE_USABLE
				    : DANE_UNUSABLE;
	out->tlsa = kept;
	out->tlsa_count = n;
}

void
dane_judge(const struct dns_answer *answer, struct arena *arena,
    struct dane *out)
{
	*out = (struct dane){ .outcome = DANE_ABSENT };
	switch (answer->outcome) {
	case DNS_FOUND:
		if (answer->secure)
			keep_usable(answer, arena, out);
		break;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		break;
	case DNS_BOGUS:
	case DNS_TEMPORARY:
		out->outcome = DANE_UNKNOWN;
		break;
	}
}

/* --- the search --- */

static void
on_settled(void *arg)
{
	struct dane_search *s = arg;
	struct dane dane = s->dane;
	dane_fn *fn = s->fn;
	void *fn_arg = s->arg;

	mem_free(s);
	fn(&dane, fn_arg);
}

static void ask(struct dane_search *);

static void
on_tlsa(const struct dns_answer *answer, void *arg)
{
	struct dane_search *s = arg;

	s->question = 0;
	dane_judge(answer, s->arena, &s->dane);
	s->dane.base = s->bases[s->base];
	if (s->dane.outcome == DANE_ABSENT && ++s->base < s->base_count)
		ask(s);
	else
		on_settled(s);
}

static void
ask(struct dane_search *s)
{
	char name[QUESTION_SIZE];

	(void)snprintf(name, sizeof(name), "_%u._tcp.%s", (unsigned)s->port,
	    s->bases[s->base]);
	s->question =
	    resolver_ask(s->resolver, slice_of(name), DNS_TLSA, on_tlsa, s);
}

/*
 * RFC 7672, 2.2.2: the alias leads out of what is signed, but is itself
 * signed: then the host's own name is one to ask at.
 */
static void
on_cname(const struct dns_answer *answer, void *arg)
{
	struct dane_search *s = arg;

	s->question = 0;
	if (answer->outcome == DNS_BOGUS || answer->outcome == DNS_TEMPORARY)
		s->dane.outcome = DANE_UNKNOWN;
	else if (answer->outcome == DNS_FOUND && answer->secure) {
		ask(s);
		return;
	}
	on_settled(s);
}

struct dane_search *
dane_find(struct resolver *resolver, struct loop *loop, struct arena *arena,
    const struct host *host, uint16_t port, dane_fn *fn, void *arg)
{
	struct dane_search *s = mem_zero(sizeof(*s));
	bool is_alias = strcmp(host->canonical, host->name) != 0;

	*s = (struct dane_search){ .resolver = resolver,
		.loop = loop,
		.arena = arena,
		.host = host,
		.port = port,
		.fn = fn,
		.arg = arg,
		.dane = { .outcome = DANE_UNSIGNED } };
	if (host->secure && is_alias)
		s->bases[s->base_count++] = host->canonical;
	s->bases[s->base_count++] = host->name;
	if (host->name[0] == '\0' || (!host->secure && !is_alias))
		loop_post(loop, on_settled, s);
	else if (host->secure)
		ask(s);
	else
		s->question = resolver_ask(resolver, slice_of(host->name),
		    DNS_CNAME, on_cname, s);
	return s;
}

void
dane_cancel(struct dane_search **search)
{
	struct dane_search *s = *search;

	if (s == NULL)
		return;
	resolver_cancel(s->resolver, s->question);
	loop_unpost(s->loop, s);
	mem_free(s);
	*search = NULL;
}
