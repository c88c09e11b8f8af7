/*
 * dns/answers.c - questions in the order in which they were asked, found by
 * name and type. It asks nobody.
 */
#include "dns/answers.h"

#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/hash.h"

/* A question as the hash sees it: no padding, all of it significant. */
struct question_key {
	uint16_t type;
	char name[DNS_NAME_SIZE]; /* lower case, zeros behind */
};

struct question {
	UT_hash_handle hh;
	struct question *next; /* in order */
	struct question_key key;
	size_t name_length;
	bool asked;
	bool answered;
	struct dns_answer answer;
};

struct answers {
	size_t questions_max;
	size_t count;
	bool closed;
	struct arena *arena; /* owned: questions and answers */
	struct question *by_key;
	struct question *first, *last;
};

/* No room for it, or no time. */
static const struct dns_answer too_much = { .outcome = DNS_TEMPORARY };
static const struct dns_answer no_such_name = { .outcome = DNS_NO_NAME,
	.rcode = 3 };

struct answers *
answers_new(size_t questions_max, size_t bytes_max)
{
	struct answers *a = mem_zero(sizeof(*a));

	a->questions_max = questions_max;
	a->arena = arena_new(bytes_max);
	return a;
}

void
answers_reset(struct answers *a)
{
	HASH_CLEAR(hh, a->by_key);
	a->first = NULL;
	a->last = NULL;
	a->count = 0;
	a->closed = false;
	arena_reset(a->arena);
}

void
answers_free(struct answers **answers)
{
	struct answers *a = *answers;

	if (a == NULL)
		return;
	HASH_CLEAR(hh, a->by_key);
	arena_free(&a->arena);
	mem_free(a);
	*answers = NULL;
}

/* False: such a name can't be in the DNS. */
static bool
key_from(struct slice name, enum dns_type type, struct question_key *out)
{
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (!dns_question_is_valid(name))
		return false;
	memset(out, 0, sizeof(*out));
	out->type = (uint16_t)type;
	for (size_t i = 0; i < name.n; i++)
		out->name[i] = ascii_lower(name.p[i]);
	return true;
}

static struct question *
find(const struct answers *a, const struct question_key *key)
{
	struct question *q;

	HASH_FIND(hh, a->by_key, key, sizeof(*key), q);
	return q;
}

/* NULL: the set is full. */
static struct question *
add(struct answers *a, const struct question_key *key)
{
	struct question *q;

	if (a->count >= a->questions_max ||
	    (q = arena_alloc(a->arena, 1, sizeof(*q))) == NULL)
		return NULL;
	q->key = *key;
	q->name_length = strlen(key->name);
	HASH_ADD(hh, a->by_key, key, sizeof(q->key), q);
	if (a->last == NULL)
		a->first = q;
	else
		a->last->next = q;
	a->last = q;
	a->count++;
	return q;
}

const struct dns_answer *
answers_get(struct answers *a, struct slice name, enum dns_type type)
{
	struct question_key key;
	struct question *q;

	if (!key_from(name, type, &key))
		return &no_such_name;
	q = find(a, &key);
	if (q == NULL)
		q = add(a, &key);
	if (q == NULL)
		return &too_much;
	if (q->answered)
		return &q->answer;
	return a->closed ? &too_much : NULL;
}

void
answers_close(struct answers *a)
{
	a->closed = true;
}

/* False: no room. */
static bool
copy(struct arena *arena, const struct dns_answer *from, struct dns_answer *to)
{
	*to = *from;
	to->canonical = arena_copy(arena, from->canonical);
	to->records = arena_alloc(arena, from->count, sizeof(*to->records));
	if (to->canonical.p == NULL || to->records == NULL)
		return false;
	for (size_t i = 0; i < from->count; i++) {
		to->records[i] = from->records[i];
		to->records[i].data = arena_copy(arena, from->records[i].data);
		if (to->records[i].data.p == NULL)
			return false;
	}
	return true;
}

void
answers_put(struct answers *a, struct slice name, enum dns_type type,
    const struct dns_answer *answer)
{
	struct question_key key;
	struct question *q;

	if (!key_from(name, type, &key))
		return;
	q = find(a, &key);
	if (q == NULL)
		q = add(a, &key);
	if (q == NULL)
		return;
	q->answered = true;
	if (!copy(a->arena, answer, &q->answer))
		q->answer = too_much;
}

static void
tell(const struct question *q, struct slice *name, enum dns_type *type)
{
	*name = slice_from(q->key.name, q->name_length);
	*type = (enum dns_type)q->key.type;
}

bool
answers_missing(const struct answers *a, size_t index, struct slice *name,
    enum dns_type *type)
{
	for (const struct question *q = a->first; q != NULL && !a->closed;
	     q = q->next) {
		if (q->answered || index-- > 0)
			continue;
		tell(q, name, type);
		return true;
	}
	return false;
}

static struct question *
first_unasked(const struct answers *a)
{
	struct question *q = a->closed ? NULL : a->first;

	while (q != NULL && (q->answered || q->asked))
		q = q->next;
	return q;
}

bool
answers_has_questions(const struct answers *a)
{
	return first_unasked(a) != NULL;
}

bool
answers_take_missing(struct answers *a, struct slice *name, enum dns_type *type)
{
	struct question *q = first_unasked(a);

	if (q == NULL)
		return false;
	q->asked = true;
	tell(q, name, type);
	return true;
}

bool
answers_nth(const struct answers *a, size_t index, struct slice *name,
    enum dns_type *type, const struct dns_answer **answer)
{
	const struct question *q = a->first;

	while (q != NULL && index-- > 0)
		q = q->next;
	if (q == NULL)
		return false;
	tell(q, name, type);
	*answer = q->answered ? &q->answer : NULL;
	return true;
}
