/*
 * verify/dnsbl.c - an A record in 127.0.0.0/8 means listed, a TXT record says
 * why. Answers outside of that network are a list that has died, or a resolver
 * that answers for names that do not exist.
 */
#include "verify/dnsbl.h"

#include <stdio.h>

#include "base/ascii.h"
#include "verify/reverse.h"

enum { TEXT_MAX = 160 };

struct list {
	struct slice zone;
	bool is_narrow;
	struct ip only;
};

static bool
parse(struct slice s, struct list *out)
{
	struct slice rest = s;

	*out = (struct list){ .zone = slice_take_until(&rest, '=') };
	out->is_narrow = out->zone.n < s.n;
	return dns_name_is_valid(out->zone) &&
	    (!out->is_narrow ||
		(ip_parse(rest, &out->only) && ip_is_loopback(&out->only) &&
		    out->only.version == 4));
}

bool
dnsbl_list_is_valid(struct slice s)
{
	struct list list;

	return parse(s, &list);
}

static bool
is_listed(const struct list *list, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct ip *ip = &answer->records[i].ip;

		if (list->is_narrow ? ip_eq(ip, &list->only)
				    : ip_is_loopback(ip) && ip->version == 4)
			return true;
	}
	return false;
}

static void
write_reply(const struct ip *client, const struct list *list,
    const struct dns_answer *texts, struct dnsbl_verdict *out)
{
	struct slice text = SLICE_NONE;
	char ip[IP_TEXT_SIZE];

	ip_text(client, ip);
	if (texts->count > 0)
		text = slice_head(texts->records[0].data, TEXT_MAX);
	(void)snprintf(out->reply, sizeof(out->reply),
	    "550 5.7.1 Client [%s] is listed by %.*s%s%.*s", ip,
	    (int)(list->zone.n < 100 ? list->zone.n : 100), list->zone.p,
	    text.n > 0 ? ": " : "", SLICE_ARGS(text));
	for (char *p = out->reply; *p != '\0'; p++)
		if (!ascii_is_graphic(*p) && *p != ' ')
			*p = '?';
	out->result = DNSBL_LISTED;
	out->zone = list->zone;
}

/* AGAIN: that list's answer, or its reason, is missing. */
static void
ask_list(const struct ip *client, const struct list *list, struct answers *a,
    struct dnsbl_verdict *out)
{
	const struct dns_answer *answer, *texts;
	char name[DNS_NAME_SIZE];

	out->result = DNSBL_CLEAR;
	if (!reverse_name(client, list->zone, name))
		return;
	answer = answers_get(a, slice_of(name), DNS_A);
	texts = answers_get(a, slice_of(name), DNS_TXT);
	if (answer == NULL)
		out->result = DNSBL_AGAIN;
	else if (!is_listed(list, answer))
		return;
	else if (texts == NULL)
		out->result = DNSBL_AGAIN;
	else
		write_reply(client, list, texts, out);
}

void
dnsbl_check(const struct ip *client, char *const *lists, size_t count,
    struct answers *answers, struct dnsbl_verdict *out)
{
	struct dnsbl_verdict found = { .result = DNSBL_CLEAR };

	for (size_t i = 0; i < count; i++) {
		struct dnsbl_verdict one = { .result = DNSBL_CLEAR };
		struct list list;

		if (parse(slice_of(lists[i]), &list))
			ask_list(client, &list, answers, &one);
		/* All are asked, and the first one's word counts. */
		if (found.result == DNSBL_CLEAR)
			found = one;
	}
	*out = found;
}
