/*
 * verify/dnsbl.c - addresses turned round below a list's zone, and answers
 * that count. Names (RHSBL) are not looked up.
 */
#include "verify/dnsbl.h"

#include <stdio.h>

#include "base/ascii.h"
#include "verify/reverse.h"

enum { LOOPBACK_NET = 127 };

bool
dnsbl_list_parse(struct slice in, struct dnsbl_list *out)
{
	struct dnsbl_list list = { .zone =
				       slice_head(in, slice_find(in, '=')) };
	struct slice only = slice_skip(in, list.zone.n);

	if (!dns_name_is_valid(list.zone) || list.zone.n == 0)
		return false;
	if (slice_take_char(&only, '=') &&
	    (!ip_parse(only, &list.only) || list.only.version != 4 ||
		list.only.bytes[0] != LOOPBACK_NET))
		return false;
	*out = list;
	return true;
}

/* Other answers are those of a list that has died and been sold (2.1). */
static bool
counts(const struct dnsbl_list *list, const struct ip *answer)
{
	if (answer->version != 4 || answer->bytes[0] != LOOPBACK_NET)
		return false;
	return list->only.version == 0 || ip_eq(&list->only, answer);
}

static void
take_text(const struct dns_answer *answer, struct dnsbl_verdict *out)
{
	struct slice text;
	size_t n = 0;

	if (answer->count == 0)
		return;
	text = slice_head(answer->records[0].data, DNSBL_TEXT_SIZE - 1);
	for (; n < text.n; n++)
		out->text[n] = ascii_is_graphic(text.p[n]) ? text.p[n] : ' ';
	out->text[n] = '\0';
}

/* AGAIN while the address or, once it is listed, the text is to come. */
static enum dnsbl_result
ask(const struct ip *client, const struct dnsbl_list *list,
    struct answers *answers, struct dnsbl_verdict *out)
{
	char name[REVERSE_NAME_SIZE];
	const struct dns_answer *answer;
	const struct dns_answer *text;
	bool listed = false;

	if (!reverse_name(client, list->zone, name))
		return DNSBL_NOT_LISTED;
	answer = answers_get(answers, slice_of(name), DNS_A);
	if (answer == NULL)
		return DNSBL_AGAIN;
	for (size_t i = 0; i < answer->count; i++)
		listed |= counts(list, &answer->records[i].ip);
	if (!listed)
		return DNSBL_NOT_LISTED;
	text = answers_get(answers, slice_of(name), DNS_TXT);
	if (text == NULL)
		return DNSBL_AGAIN;
	take_text(text, out);
	return DNSBL_LISTED;
}

void
dnsbl_evaluate(const struct ip *client, const struct dnsbl_list *lists,
    size_t count, struct answers *answers, struct dnsbl_verdict *out)
{
	struct dnsbl_verdict v = { .result = DNSBL_NOT_LISTED };
	bool again = false;

	for (size_t i = 0; i < count; i++) {
		struct dnsbl_verdict one = { .list = i };

		one.result = ask(client, &lists[i], answers, &one);
		again |= one.result == DNSBL_AGAIN;
		if (one.result == DNSBL_LISTED && v.result != DNSBL_LISTED)
			v = one;
	}
	if (again)
		v.result = DNSBL_AGAIN;
	*out = v;
}

void
dnsbl_reply(const struct ip *client, const struct dnsbl_list *lists,
    const struct dnsbl_verdict *v, struct buf *out)
{
	char ip[IP_TEXT_SIZE];

	ip_text(client, ip);
	buf_addf(out, "%s is listed by %.*s", ip,
	    SLICE_ARGS(lists[v->list].zone));
	if (v->text[0] != '\0')
		buf_addf(out, ": %s", v->text);
}
