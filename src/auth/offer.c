/*
 * auth/offer.c - see offer.h. What main.conf allows is not known here.
 */
#include "auth/offer.h"

#include "base/alloc.h"

bool
offer_is_possible(enum auth_backend backend, struct slice mechanism)
{
	switch (backend) {
	case AUTH_TABLE:
		return true;
	case AUTH_PAM:
		return !slice_starts_nocase(mechanism, "SCRAM-");
	case AUTH_DOVECOT:
		return !slice_ends_nocase(mechanism, "-PLUS");
	case AUTH_NONE:
		break;
	}
	return false;
}

void
offer_prune(struct auth_conf *auth)
{
	size_t kept = 0;

	for (size_t i = 0; i < auth->mechanisms.n; i++) {
		char *name = auth->mechanisms.v[i];

		if (offer_is_possible(auth->backend, slice_of(name)))
			auth->mechanisms.v[kept++] = name;
		else
			mem_free(name);
	}
	auth->mechanisms.n = kept;
}
