/*
 * receive/transaction.c - copies of what MAIL and RCPT said. No decision is
 * made here; the verbs make them.
 */
#include "receive/transaction.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"

enum { FIRST_CAPACITY = 4, PREFIX_MAX = 128 * 1024 };

struct transaction *
transaction_new(const struct smtp_terms *terms, const struct smtp_host *host,
    void *arg)
{
	struct transaction *t = mem_zero(sizeof(*t));

	t->arena = arena_new(TRANSACTION_MAX);
	content_init(&t->content, terms, host, arg);
	buf_init(&t->prefix, PREFIX_MAX);
	return t;
}

void
transaction_free(struct transaction **transaction)
{
	struct transaction *t = *transaction;

	if (t == NULL)
		return;
	content_done(&t->content);
	buf_done(&t->prefix);
	arena_free(&t->arena);
	mem_free(t);
	*transaction = NULL;
}

void
transaction_reset(struct transaction *t)
{
	content_abort(&t->content);
	buf_reset(&t->prefix);
	arena_reset(t->arena);
	t->envelope = (struct envelope){ 0 };
	t->capacity = 0;
	t->refused = 0;
}

bool
transaction_set_sender(struct transaction *t, const struct mail_args *args)
{
	struct envelope *e = &t->envelope;

	e->sender = arena_copy(t->arena, transaction_text(&args->sender));
	e->envid = arena_copy(t->arena, args->envid);
	e->require_tls = (args->given & PARAM_REQUIRETLS) != 0;
	/* RFC 8689, 5: what may travel encrypted only is not sent back. */
	e->ret = e->require_tls ? RET_HDRS : args->ret;
	e->body = args->body;
	e->smtputf8 = (args->given & PARAM_SMTPUTF8) != 0;
	return e->sender.p != NULL && e->envid.p != NULL;
}

static bool
is_known(const struct envelope *e, struct slice address)
{
	for (uint32_t i = 0; i < e->recipient_count; i++)
		if (slice_eq(e->recipients[i].address, address))
			return true;
	return false;
}

static bool
grow(struct transaction *t)
{
	struct envelope *e = &t->envelope;
	uint32_t capacity = t->capacity == 0 ? FIRST_CAPACITY : t->capacity * 2;
	struct recipient *more;

	more = arena_alloc(t->arena, capacity, sizeof(*more));
	if (more == NULL)
		return false;
	if (e->recipient_count > 0)
		memcpy(more, e->recipients, e->recipient_count * sizeof(*more));
	e->recipients = more;
	t->capacity = capacity;
	return true;
}

bool
transaction_add_recipient(struct transaction *t, const struct rcpt_args *args)
{
	struct envelope *e = &t->envelope;
	struct recipient r = { .notify = args->notify };

	r.address = arena_copy(t->arena, transaction_text(&args->recipient));
	if (r.address.p == NULL)
		return false;
	if (is_known(e, r.address))
		return true;
	r.orcpt = arena_copy(t->arena, args->orcpt);
	if (r.orcpt.p == NULL)
		return false;
	if (e->recipient_count == t->capacity && !grow(t))
		return false;
	e->recipients[e->recipient_count++] = r;
	return true;
}

struct slice
transaction_text(const struct address *a)
{
	if (a->domain.n == 0)
		return a->local;
	must(a->local.p < a->domain.p);
	return slice_from(a->local.p,
	    (size_t)(a->domain.p - a->local.p) + a->domain.n);
}
