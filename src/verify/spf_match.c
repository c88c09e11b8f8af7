/*
 * verify/spf_match.c - the terms of SPF that ask the DNS about the client
 * (RFC 7208, 5.3 to 5.7), and the count of questions without an answer.
 */
#include "verify/spf_match.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "verify/reverse.h"

void
spf_match_reason(struct spf_matcher *m, const char *what, struct slice about)
{
	char text[SPF_REASON_SIZE];

	about = slice_head(about, SPF_REASON_SIZE / 2);
	(void)snprintf(text, sizeof(text), "%s%s%.*s", what,
	    about.n > 0 ? ": " : "", SLICE_ARGS(about));
	for (char *p = text; *p != '\0'; p++)
		if (!ascii_is_graphic(*p) && *p != ' ')
			*p = '?';
	memcpy(m->out->reason, text, sizeof(text));
}

enum dns_type
spf_match_address_type(const struct spf_matcher *m)
{
	return m->query->client.version == 6 ? DNS_AAAA : DNS_A;
}

/* YES: *answer has records. Counts the void ones. */
static enum spf_match
look_up(struct spf_matcher *m, struct slice name, enum dns_type type,
    const struct dns_answer **answer)
{
	*answer = answers_get(m->answers, name, type);
	if (*answer == NULL)
		return SPF_MATCH_AGAIN;
	switch ((*answer)->outcome) {
	case DNS_FOUND:
		return SPF_MATCH_YES;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		if (++m->voids <= SPF_VOIDS_MAX)
			return SPF_MATCH_NO;
		spf_match_reason(m, "too many questions without an answer",
		    name);
		return SPF_MATCH_PERMERROR;
	case DNS_BOGUS:
	case DNS_TEMPORARY:
		break;
	}
	spf_match_reason(m, "no answer from the DNS", name);
	return SPF_MATCH_TEMPERROR;
}

static bool
has_client(const struct spf_matcher *m, const struct dns_answer *answer,
    uint8_t bits)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct ip_net net = { answer->records[i].ip, bits };

		if (ip_net_has(&net, &m->query->client))
			return true;
	}
	return false;
}

static uint8_t
bits_of(const struct spf_matcher *m, const struct spf_term *term)
{
	return m->query->client.version == 6 ? term->bits6 : term->bits4;
}

/* Is `name` that domain, or below it? */
static bool
is_under(struct slice name, struct slice domain)
{
	if (name.n <= domain.n)
		return slice_eq_nocase(name, domain);
	return name.p[name.n - domain.n - 1] == '.' &&
	    slice_eq_nocase(slice_skip(name, name.n - domain.n), domain);
}

enum spf_match
spf_match_name(struct spf_matcher *m, struct slice domain, bool counts,
    struct slice *best)
{
	char reverse[DNS_NAME_SIZE];
	const struct dns_answer *names, *addresses;
	int rank = 0;
	bool again = false;

	reverse_arpa(&m->query->client, reverse);
	names = answers_get(m->answers, slice_of(reverse), DNS_PTR);
	if (names == NULL)
		return SPF_MATCH_AGAIN;
	if (counts &&
	    (names->outcome == DNS_NO_DATA || names->outcome == DNS_NO_NAME)) {
		enum spf_match found =
		    look_up(m, slice_of(reverse), DNS_PTR, &addresses);

		if (found != SPF_MATCH_NO)
			return found;
	}
	for (size_t i = 0; i < names->count && i < SPF_HOSTS_MAX; i++) {
		struct slice name = names->records[i].data;
		int this_rank = slice_eq_nocase(name, domain) ? 3
		    : is_under(name, domain)                  ? 2
							      : 1;

		addresses =
		    answers_get(m->answers, name, spf_match_address_type(m));
		again = again || addresses == NULL;
		if (addresses == NULL || this_rank <= rank ||
		    addresses->outcome != DNS_FOUND ||
		    !has_client(m, addresses,
			m->query->client.version == 6 ? 128 : 32))
			continue;
		rank = this_rank;
		*best = name;
	}
	if (again)
		return SPF_MATCH_AGAIN;
	return rank > 0 ? SPF_MATCH_YES : SPF_MATCH_NO;
}

enum spf_match
spf_match_a(struct spf_matcher *m, const struct spf_term *term,
    struct slice target)
{
	const struct dns_answer *answer;
	enum spf_match found =
	    look_up(m, target, spf_match_address_type(m), &answer);

	if (found != SPF_MATCH_YES)
		return found;
	return has_client(m, answer, bits_of(m, term)) ? SPF_MATCH_YES
						       : SPF_MATCH_NO;
}

enum spf_match
spf_match_mx(struct spf_matcher *m, const struct spf_term *term,
    struct slice target)
{
	const struct dns_answer *hosts;
	enum spf_match found = look_up(m, target, DNS_MX, &hosts);
	bool again = false;

	if (found != SPF_MATCH_YES)
		return found;
	if (hosts->count > SPF_HOSTS_MAX) {
		spf_match_reason(m, "more than ten MX hosts", target);
		return SPF_MATCH_PERMERROR;
	}
	for (size_t i = 0; i < hosts->count; i++)
		again |= hosts->records[i].data.n > 0 &&
		    answers_get(m->answers, hosts->records[i].data,
			spf_match_address_type(m)) == NULL;
	if (again)
		return SPF_MATCH_AGAIN;
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->records[i].data.n == 0)
			continue; /* a null MX */
		found = spf_match_a(m, term, hosts->records[i].data);
		if (found != SPF_MATCH_NO)
			return found;
	}
	return SPF_MATCH_NO;
}

enum spf_match
spf_match_ptr(struct spf_matcher *m, struct slice target)
{
	struct slice name = SLICE_NONE;
	enum spf_match found = spf_match_name(m, target, true, &name);

	if (found != SPF_MATCH_YES)
		return found;
	return is_under(name, target) ? SPF_MATCH_YES : SPF_MATCH_NO;
}

enum spf_match
spf_match_exists(struct spf_matcher *m, struct slice target)
{
	const struct dns_answer *answer;

	return look_up(m, target, DNS_A, &answer);
}
