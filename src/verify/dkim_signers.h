/*
 * verify/dkim_signers.h - for which domains we sign, and with which keys.
 *
 * Made once from the configuration, then only read: keys are parsed here, not
 * for each message.
 */
#ifndef VERIFY_DKIM_SIGNERS_H
#define VERIFY_DKIM_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "dns/packet.h"
#include "verify/dkim_key.h"

enum { DKIM_KEYS_MAX = 8 }; /* of a domain; each makes a signature */

struct dkim_signer_key {
	char *selector;       /* owned */
	struct dkim_key *key; /* owned */
};

struct dkim_signers;
struct dkim_signer; /* one domain and its keys */

struct dkim_signers *dkim_signers_new(void) MUST_USE;
void dkim_signers_free(struct dkim_signers **);
/*
 * `domain` as A- or U-labels. False and `why` if one of the three is no good,
 * or the domain has such a selector, or DKIM_KEYS_MAX keys, already.
 */
bool dkim_signers_add(struct dkim_signers *, struct slice domain,
    struct slice selector, struct slice pem, struct why *) MUST_USE;

/*
 * Who signs for that domain: itself, or the nearest domain above it that is
 * configured. NULL: nobody.
 */
const struct dkim_signer *dkim_signers_of_domain(const struct dkim_signers *,
    struct slice domain);
/* The same for the domain of the (first) author of a message. */
const struct dkim_signer *dkim_signers_of_header(const struct dkim_signers *,
    struct slice header);
/* The author's domain as it is written; false without one. */
bool dkim_author_domain(struct slice header, char out[DNS_NAME_SIZE]) MUST_USE;

const char *dkim_signer_domain(const struct dkim_signer *); /* A-labels */
size_t dkim_signer_count(const struct dkim_signer *);
const struct dkim_signer_key *dkim_signer_key(const struct dkim_signer *,
    size_t index);

#endif
