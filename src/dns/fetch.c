/*
 * dns/fetch.c - one question to the resolver for each that is missing.
 */
#include "dns/fetch.h"

#include <sys/queue.h>

#include "base/alloc.h"

/* A question under way. */
struct errand {
	LIST_ENTRY(errand) link;
	struct fetch *fetch; /* borrowed */
	uint64_t id;         /* of the resolver; 0: answered */
	struct slice name;   /* borrowed: the set */
	enum dns_type type;
};

struct fetch {
	struct resolver *resolver; /* borrowed */
	struct loop *loop;         /* borrowed */
	struct answers *answers;   /* borrowed */
	fetch_fn *fn;
	void *arg;
	size_t pending;
	LIST_HEAD(, errand) errands; /* owned */
};

static void
end(struct fetch *f)
{
	struct errand *e;

	loop_unpost(f->loop, f);
	while ((e = LIST_FIRST(&f->errands)) != NULL) {
		resolver_cancel(f->resolver, e->id);
		LIST_REMOVE(e, link);
		mem_free(e);
	}
	mem_free(f);
}

static void
finish(void *arg)
{
	struct fetch *f = arg;
	fetch_fn *fn = f->fn;
	void *whose = f->arg;

	end(f);
	fn(whose);
}

static void
on_answer(const struct dns_answer *answer, void *arg)
{
	struct errand *e = arg;
	struct fetch *f = e->fetch;

	answers_put(f->answers, e->name, e->type, answer);
	e->id = 0;
	if (--f->pending == 0)
		finish(f);
}

struct fetch *
fetch_start(struct resolver *resolver, struct loop *loop,
    struct answers *answers, fetch_fn *fn, void *arg)
{
	struct fetch *f = mem_zero(sizeof(*f));
	struct slice name;
	enum dns_type type;

	f->resolver = resolver;
	f->loop = loop;
	f->answers = answers;
	f->fn = fn;
	f->arg = arg;
	while (answers_take_missing(answers, &name, &type)) {
		struct errand *e = mem_zero(sizeof(*e));

		e->fetch = f;
		e->name = name;
		e->type = type;
		e->id = resolver_ask(resolver, name, type, on_answer, e);
		LIST_INSERT_HEAD(&f->errands, e, link);
		f->pending++;
	}
	if (f->pending == 0)
		loop_post(loop, finish, f);
	return f;
}

void
fetch_cancel(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	if (f == NULL)
		return;
	end(f);
	*fetch = NULL;
}
