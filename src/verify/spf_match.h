/*
 * verify/spf_match.h - does a term of SPF that asks the DNS match the client?
 *
 * Over a set of answers. It knows neither records nor the order of their terms:
 * a target is a name.
 */
#ifndef VERIFY_SPF_MATCH_H
#define VERIFY_SPF_MATCH_H

#include "dns/answers.h"
#include "verify/spf.h"
#include "verify/spf_record.h"

/* What became of a term, or of a question to the DNS. */
enum spf_match {
	SPF_MATCH_NO,
	SPF_MATCH_YES,
	SPF_MATCH_AGAIN,
	SPF_MATCH_TEMPERROR,
	SPF_MATCH_PERMERROR,
};

/* All borrowed. */
struct spf_matcher {
	const struct spf_query *query;
	struct answers *answers;
	struct spf_outcome *out; /* its reason is written */
	unsigned voids;          /* so far; more than SPF_VOIDS_MAX: an error */
};

/* "WHAT: ABOUT", or WHAT alone. */
void spf_match_reason(struct spf_matcher *, const char *what,
    struct slice about);
enum dns_type spf_match_address_type(const struct spf_matcher *);

enum spf_match spf_match_a(struct spf_matcher *, const struct spf_term *,
    struct slice target);
enum spf_match spf_match_mx(struct spf_matcher *, const struct spf_term *,
    struct slice target);
enum spf_match spf_match_ptr(struct spf_matcher *, struct slice target);
enum spf_match spf_match_exists(struct spf_matcher *, struct slice target);
/*
 * The names of the client that lead back to it (5.5), best first: `domain`
 * itself, one below it, any. NO: none; trouble with the DNS is no error here.
 */
enum spf_match spf_match_name(struct spf_matcher *, struct slice domain,
    bool counts, struct slice *best);

#endif
