/*
 * verify/spf_macro.h - macro strings of SPF records (RFC 7208, 7).
 *
 * Pure. Only %{p} needs the DNS: the caller's function answers it.
 */
#ifndef VERIFY_SPF_MACRO_H
#define VERIFY_SPF_MACRO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"

struct spf_macro_values {
	struct slice sender_local;  /* "postmaster" when there is none */
	struct slice sender_domain; /* %{o} */
	struct slice domain;        /* %{d}: the one under check now */
	struct slice helo;
	struct slice receiver; /* our name, for %{r} */
	struct ip client;
	int64_t wall_ms;
	/* %{p}; false: answers are missing. */
	bool (*validated)(void *arg, struct buf *out);
	void *arg;
};

/* *( macro-expand / macro-literal ); %{c}, %{r}, %{t} if `explains`. */
bool spf_macro_is_valid(struct slice, bool explains);
/* domain-spec: such a string that ends in a macro or in "." toplabel. */
bool spf_domain_spec_is_valid(struct slice);

enum spf_expansion { SPF_EXPANDED, SPF_EXPANDS_LATER, SPF_EXPANDS_NOT };

/*
 * Adds the expansion of a valid string. LATER: answers are missing. NOT: the
 * buf is full, or the string is not valid.
 */
enum spf_expansion spf_macro_expand(struct slice, bool explains,
    const struct spf_macro_values *, struct buf *out) MUST_USE;

#endif
