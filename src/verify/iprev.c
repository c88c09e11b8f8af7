/*
 * verify/iprev.c - from the address to its names, and back.
 */
#include "verify/iprev.h"

#include "verify/reverse.h"

static bool
is_trouble(const struct dns_answer *answer)
{
	return answer->outcome == DNS_TEMPORARY || answer->outcome == DNS_BOGUS;
}

static bool
has_address(const struct dns_answer *answer, const struct ip *ip)
{
	for (size_t i = 0; i < answer->count; i++)
		if (ip_eq(&answer->records[i].ip, ip))
			return true;
	return false;
}

void
iprev_evaluate(const struct ip *client, struct answers *answers,
    struct iprev_verdict *out)
{
	enum dns_type type = client->version == 4 ? DNS_A : DNS_AAAA;
	char name[REVERSE_NAME_SIZE];
	const struct dns_answer *names;
	bool again = false;

	*out = (struct iprev_verdict){ .result = IPREV_PERMERROR };
	if (!reverse_arpa(client, name))
		return;
	names = answers_get(answers, slice_of(name), DNS_PTR);
	if (names == NULL)
		out->result = IPREV_AGAIN;
	else if (is_trouble(names))
		out->result = IPREV_TEMPERROR;
	else if (names->count > 0)
		out->result = IPREV_FAIL;
	for (size_t i = 0;
	     names != NULL && i < names->count && i < IPREV_NAMES_MAX; i++) {
		struct slice host = names->records[i].data;
		const struct dns_answer *found =
		    answers_get(answers, host, type);

		if (found == NULL) {
			again = true;
		} else if (has_address(found, client)) {
			if (out->result != IPREV_PASS)
				(void)slice_to_cstr(host, out->name,
				    sizeof(out->name));
			out->result = IPREV_PASS;
		} else if (is_trouble(found) && out->result == IPREV_FAIL) {
			out->result = IPREV_TEMPERROR;
		}
	}
	if (again)
		out->result = IPREV_AGAIN;
}
