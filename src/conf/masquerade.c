/*
 * conf/masquerade.c - domains against rules, without regard to case.
 */
#include "conf/masquerade.h"

#include "mail/address.h"

/* A domain name, not a literal. */
static bool
is_domain(struct slice s)
{
	return s.n > 0 && s.p[0] != '[' && domain_is_valid(s, true);
}

bool
masquerade_is_rule(struct slice rule)
{
	struct slice to = rule;
	struct slice from = slice_take_until(&to, '=');

	if (slice_find(rule, '=') == rule.n)
		return is_domain(rule);
	(void)slice_take_char(&from, '.');
	return is_domain(from) && is_domain(to);
}

static bool
is_below(struct slice domain, struct slice parent)
{
	return domain.n > parent.n + 1 &&
	    domain.p[domain.n - parent.n - 1] == '.' &&
	    slice_eq_nocase(slice_skip(domain, domain.n - parent.n), parent);
}

/* False: the rule says nothing of that domain. */
static bool
fits(struct slice rule, struct slice domain, struct slice *to)
{
	struct slice rest = rule;
	struct slice from = slice_take_until(&rest, '=');

	if (slice_find(rule, '=') == rule.n) {
		*to = rule;
		return is_below(domain, rule);
	}
	*to = rest;
	return slice_take_char(&from, '.') ? is_below(domain, from)
					   : slice_eq_nocase(domain, from);
}

struct slice
masquerade(const struct strings *rules, struct slice sender, struct buf *out)
{
	size_t at = slice_find_last(sender, '@');
	struct slice to;

	if (at == sender.n)
		return sender;
	for (size_t i = 0; i < rules->n; i++) {
		if (!fits(slice_of(rules->v[i]), slice_skip(sender, at + 1),
			&to))
			continue;
		buf_reset(out);
		buf_add(out, slice_head(sender, at + 1));
		buf_add(out, to);
		return buf_failed(out) ? sender : buf_slice(out);
	}
	return sender;
}
