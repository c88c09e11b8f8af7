/*
 * receive/dmarc_search.c - asks, looks again, asks for what follows from it. If
 * nobody is found, and the DNS was ill, that is told.
 */
#include "receive/dmarc_search.h"

#include <sys/queue.h>

#include "base/alloc.h"
#include "dns/fetch.h"
#include "verify/dmarc_rua.h"

enum {
	SEARCHES_MAX = 100,
	QUESTIONS_MAX = 100,
	ANSWERS_MAX = 1 << 20,
	ROUNDS_MAX = 5, /* it takes three */
};

struct search {
	LIST_ENTRY(search) in_all;
	struct dmarc_searches *all; /* borrowed */
	char domain[DNS_NAME_SIZE];
	uint64_t asked_ms;
	unsigned rounds;
	struct answers *answers; /* owned */
	struct fetch *fetch;     /* owned */
};

struct dmarc_searches {
	struct loop *loop;         /* borrowed */
	struct resolver *resolver; /* borrowed */
	dmarc_search_fn *told;
	void *arg; /* borrowed */
	size_t count;
	LIST_HEAD(, search) searches;
};

static void
drop(struct search *s)
{
	LIST_REMOVE(s, in_all);
	s->all->count--;
	fetch_cancel(&s->fetch);
	answers_free(&s->answers);
	mem_free(s);
}

static void
tell(struct search *s, const struct dmarc_rua *rua)
{
	struct msg_dmarc_rua_told m = { .asked_ms = s->asked_ms,
		.domain = slice_of(s->domain),
		.again = rua->count == 0 && rua->is_unsure };
	struct buf text;

	buf_init(&text, DMARC_RUA_TEXT_MAX);
	dmarc_rua_write(rua, &text);
	m.addresses = buf_slice(&text);
	s->all->told(&m, s->all->arg);
	buf_done(&text);
	drop(s);
}

static void on_fetched(void *);

static void
go_on(struct search *s)
{
	struct dmarc_rua rua = { .count = 0 };
	enum dmarc_found found =
	    dmarc_rua_find(s->answers, slice_of(s->domain), &rua);

	if (found == DMARC_FOUND_LATER && s->rounds++ < ROUNDS_MAX)
		s->fetch = fetch_start(s->all->resolver, s->all->loop,
		    s->answers, on_fetched, s);
	else
		tell(s, &rua);
}

static void
on_fetched(void *arg)
{
	struct search *s = arg;

	s->fetch = NULL;
	go_on(s);
}

struct dmarc_searches *
dmarc_searches_new(struct loop *loop, struct resolver *resolver,
    dmarc_search_fn *told, void *arg)
{
	struct dmarc_searches *all = mem_zero(sizeof(*all));

	all->loop = loop;
	all->resolver = resolver;
	all->told = told;
	all->arg = arg;
	LIST_INIT(&all->searches);
	return all;
}

void
dmarc_searches_free(struct dmarc_searches **searches)
{
	struct dmarc_searches *all = *searches;

	if (all == NULL)
		return;
	while (!LIST_EMPTY(&all->searches))
		drop(LIST_FIRST(&all->searches));
	mem_free(all);
	*searches = NULL;
}

void
dmarc_search(struct dmarc_searches *all, const struct msg_dmarc_rua_ask *m)
{
	struct search *s;

	if (all->count >= SEARCHES_MAX || m->domain.n >= DNS_NAME_SIZE)
		return;
	s = mem_zero(sizeof(*s));
	s->all = all;
	(void)slice_to_cstr(m->domain, s->domain, sizeof(s->domain));
	s->asked_ms = m->asked_ms;
	s->answers = answers_new(QUESTIONS_MAX, ANSWERS_MAX);
	LIST_INSERT_HEAD(&all->searches, s, in_all);
	all->count++;
	go_on(s);
}
