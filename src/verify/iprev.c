/*
 * verify/iprev.c - the PTR names of an address, and the addresses of these.
 */
#include "verify/iprev.h"

#include "verify/reverse.h"

static bool
has_address(const struct dns_answer *answer, const struct ip *ip)
{
	for (size_t i = 0; i < answer->count; i++)
		if (ip_eq(&answer->records[i].ip, ip))
			return true;
	return false;
}

static enum iprev_result
check_names(const struct ip *ip, const struct dns_answer *names,
    struct answers *answers, struct slice *name)
{
	enum dns_type type = ip->version == 4 ? DNS_A : DNS_AAAA;
	enum iprev_result result = IPREV_FAIL;

	for (size_t i = 0; i < names->count && i < IPREV_NAMES_MAX; i++) {
		struct slice this = names->records[i].data;
		const struct dns_answer *addresses =
		    answers_get(answers, this, type);

		if (addresses == NULL) {
			result = IPREV_AGAIN;
		} else if (has_address(addresses, ip) &&
		    result != IPREV_AGAIN && result != IPREV_PASS) {
			*name = this;
			result = IPREV_PASS;
		} else if (result == IPREV_FAIL &&
		    (addresses->outcome == DNS_TEMPORARY ||
			addresses->outcome == DNS_BOGUS)) {
			result = IPREV_TEMPERROR;
		}
	}
	return result;
}

enum iprev_result
iprev_check(const struct ip *ip, struct answers *answers, struct slice *name)
{
	const struct dns_answer *names;
	char reverse[DNS_NAME_SIZE];

	reverse_arpa(ip, reverse);
	names = answers_get(answers, slice_of(reverse), DNS_PTR);
	if (names == NULL)
		return IPREV_AGAIN;
	switch (names->outcome) {
	case DNS_FOUND:
		return check_names(ip, names, answers, name);
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return IPREV_PERMERROR;
	case DNS_BOGUS:
	case DNS_TEMPORARY:
		break;
	}
	return IPREV_TEMPERROR;
}
