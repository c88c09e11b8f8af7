/*
 * corpus/spf2_known.c - the table. libspf2 1.2.10 (Debian 12).
 */
#include "tests/corpus/spf2_known.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
#define ZERO "a prefix of 0 bits is an error to it"
#define OCTAL "it takes a prefix with leading zeros"
#define SPEC "it lets a malformed domain-spec just not match"
#define EMPTY "it takes an empty domain-spec"
#define NUL "it stops at a NUL in the record"
#define BYTES "it takes bytes that are not printable ASCII"
#define CHARSET "it takes a malformed modifier, or one written with a colon"
#define NAMES "it refuses names of modifiers with dot, dash or underscore"
#define MACRO "it takes a percent sign that begins no macro"
#define TWICE "it takes exp= or redirect= twice"
#define REDIRECT_ALL "redirect= before a mechanism is an error to it"
#define TIMEOUT "no answer to the first question is permanent to it"
#define PTR "trouble with PTR, or more than ten, is an error to it"
#define TERMS "it counts the terms of each record for itself"
#define VOIDS "it has no limit of questions without an answer"

static const struct spf2_known known[] = {
	{ "a-nxdomain", "permerror", ZERO },
	{ "a-cidr4-0", "permerror", ZERO },
	{ "a-cidr4-0-ip6", "permerror", ZERO },
	{ "a-cidr6-0-ip4", "permerror", ZERO },
	{ "a-cidr6-0-ip4mapped", "permerror", ZERO },
	{ "a-cidr6-0-ip6", "permerror", ZERO },
	{ "a-cidr6-0-nxdomain", "permerror", ZERO },
	{ "mx-nxdomain", "permerror", ZERO },
	{ "mx-cidr4-0", "permerror", ZERO },
	{ "mx-cidr4-0-ip6", "permerror", ZERO },
	{ "mx-cidr6-0-ip4", "permerror", ZERO },
	{ "mx-cidr6-0-ip4mapped", "permerror", ZERO },
	{ "mx-cidr6-0-ip6", "permerror", ZERO },
	{ "mx-cidr6-0-nxdomain", "permerror", ZERO },
	{ "cidr4-0", "permerror", ZERO },
	{ "cidr6-0-ip4", "permerror", ZERO },
	{ "cidr6-ip4", "permerror", ZERO },
	{ "cidr6-0", "permerror", ZERO },
	{ "cidr4-032", "pass", OCTAL },
	{ "invalid-domain", "fail", SPEC },
	{ "a-bad-domain", "neutral", SPEC },
	{ "a-numeric", "neutral", SPEC },
	{ "a-numeric-toplabel", "neutral", SPEC },
	{ "a-bad-toplabel", "neutral", SPEC },
	{ "a-only-toplabel", "neutral", SPEC },
	{ "a-only-toplabel-trailing-dot", "neutral", SPEC },
	{ "mx-bad-domain", "neutral", SPEC },
	{ "mx-numeric-top-label", "neutral", SPEC },
	{ "mx-bad-toplab", "neutral", SPEC },
	{ "exists-cidr", "neutral", SPEC },
	{ "ptr-empty-domain", "neutral", EMPTY },
	{ "a-empty-domain", "neutral", EMPTY },
	{ "mx-empty-domain", "fail", EMPTY },
	{ "exists-empty-domain", "neutral", EMPTY },
	{ "exp-empty-domain", "fail", EMPTY },
	{ "redirect-empty-domain", "neutral", EMPTY },
	{ "a-null", "pass", NUL },
	{ "mx-null", "pass", NUL },
	{ "non-ascii-policy", "fail", BYTES },
	{ "control-char-policy", "fail", BYTES },
	{ "redirect-is-modifier", "pass", CHARSET },
	{ "exp-syntax-error", "neutral", CHARSET },
	{ "unknown-modifier-syntax", "fail", CHARSET },
	{ "modifier-charset-good", "permerror", NAMES },
	{ "redirect-after-mechanisms2", "permerror", NAMES },
	{ "exp-only-macro-char", "fail", MACRO },
	{ "invalid-macro-char", "neutral", MACRO },
	{ "invalid-embedded-macro-char", "neutral", MACRO },
	{ "invalid-trailing-macro-char", "neutral", MACRO },
	{ "exp-twice", "fail", TWICE },
	{ "redirect-twice", "fail", TWICE },
	{ "redirect-after-mechanisms1", "permerror", REDIRECT_ALL },
	{ "txttimeout", "permerror", TIMEOUT },
	{ "nospftxttimeout", "permerror", TIMEOUT },
	{ "alltimeout", "permerror", TIMEOUT },
	{ "ptr-cname-loop", "temperror", PTR },
	{ "ptr-limit", "permerror", PTR },
	{ "include-over-limit", "pass", TERMS },
	{ "void-over-limit", "neutral", VOIDS },
	{ NULL, NULL, NULL },
};
/* clang-format on */

const struct spf2_known *
spf2_known_find(const char *test)
{
	for (const struct spf2_known *k = known; k->test != NULL; k++)
		if (strcmp(k->test, test) == 0)
			return k;
	return NULL;
}
