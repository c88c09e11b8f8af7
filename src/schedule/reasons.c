/*
 * schedule/reasons.c - a hash by the site's name: at most as many as sites are
 * suspended at once. Kept over restarts by suspension.c.
 */
#include "schedule/reasons.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { REASON_WORDS_MAX = 400, REASON_RULE_MAX = 40 };

struct node {
	UT_hash_handle hh;
	struct reason reason;
	size_t site_length;
	char text[]; /* the site, the rule, the words */
};

struct reasons {
	struct node *nodes; /* owned: hash */
};

struct reasons *
reasons_new(void)
{
	return mem_zero(sizeof(struct reasons));
}

static struct node *
find(const struct reasons *r, struct slice site)
{
	struct node *node = NULL;

	if (r != NULL)
		HASH_FIND(hh, r->nodes, site.p, site.n, node);
	return node;
}

static void
drop(struct reasons *r, struct node *node)
{
	HASH_DEL(r->nodes, node);
	mem_free(node);
}

void
reasons_free(struct reasons **place)
{
	struct node *node, *next;

	if (*place == NULL)
		return;
	HASH_ITER (hh, (*place)->nodes, node, next) {
		drop(*place, node);
	}
	mem_free(*place);
	*place = NULL;
}

static struct slice
copy(char **to, struct slice from)
{
	char *begin = *to;

	if (from.n > 0)
		memcpy(begin, from.p, from.n);
	*to += from.n;
	return slice_from(begin, from.n);
}

void
reasons_put(struct reasons *r, struct slice site, const struct reason *reason)
{
	struct slice rule = slice_head(reason->rule, REASON_RULE_MAX);
	struct slice words = slice_head(reason->words, REASON_WORDS_MAX);
	struct node *node = mem_zero(sizeof(*node) + site.n + rule.n + words.n);
	char *to = node->text;

	node->site_length = copy(&to, site).n;
	node->reason.rule = copy(&to, rule);
	node->reason.words = copy(&to, words);
	node->reason.since_ms = reason->since_ms;
	reasons_drop(r, site);
	HASH_ADD_KEYPTR(hh, r->nodes, node->text, node->site_length, node);
}

void
reasons_drop(struct reasons *r, struct slice site)
{
	struct node *node = find(r, site);

	if (node != NULL)
		drop(r, node);
}

const struct reason *
reasons_of(const struct reasons *r, struct slice site)
{
	const struct node *node = find(r, site);

	return node == NULL ? NULL : &node->reason;
}
