/*
 * verify/dkim_signers.c - see dkim_signers.h. Where the keys come from is the
 * caller's business.
 */
#include "verify/dkim_signers.h"

#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "dns/hosts.h"
#include "mail/header.h"

struct dkim_signer {
	char *domain; /* owned */
	size_t count;
	struct dkim_signer_key key[DKIM_KEYS_MAX];
	UT_hash_handle hh;
};

struct dkim_signers {
	struct dkim_signer *by_domain; /* owned */
};

struct dkim_signers *
dkim_signers_new(void)
{
	return mem_zero(sizeof(struct dkim_signers));
}

static void
signer_free(struct dkim_signer *s)
{
	for (size_t i = 0; i < s->count; i++) {
		mem_free(s->key[i].selector);
		dkim_key_free(&s->key[i].key);
	}
	mem_free(s->domain);
	mem_free(s);
}

void
dkim_signers_free(struct dkim_signers **signers)
{
	struct dkim_signer *s, *next;

	if (*signers == NULL)
		return;
	HASH_ITER (hh, (*signers)->by_domain, s, next) {
		HASH_DEL((*signers)->by_domain, s);
		signer_free(s);
	}
	mem_free(*signers);
	*signers = NULL;
}

static struct dkim_signer *
find(const struct dkim_signers *signers, struct slice domain)
{
	struct dkim_signer *s;

	HASH_FIND(hh, signers->by_domain, domain.p, domain.n, s);
	return s;
}

static struct dkim_signer *
find_or_add(struct dkim_signers *signers, const char *domain)
{
	struct dkim_signer *s = find(signers, slice_of(domain));

	if (s != NULL)
		return s;
	s = mem_zero(sizeof(*s));
	s->domain = mem_cstr(slice_of(domain));
	HASH_ADD_KEYPTR(hh, signers->by_domain, s->domain, strlen(s->domain),
	    s);
	return s;
}

static bool
has_room(const struct dkim_signer *s, struct slice selector, struct why *why)
{
	if (s == NULL)
		return true;
	if (s->count == DKIM_KEYS_MAX) {
		why_set(why, "is one key too many; at most %d sign",
		    DKIM_KEYS_MAX);
		return false;
	}
	for (size_t i = 0; i < s->count; i++)
		if (slice_is_nocase(selector, s->key[i].selector)) {
			why_set(why, "has a selector that stands there twice");
			return false;
		}
	return true;
}

bool
dkim_signers_add(struct dkim_signers *signers, struct slice domain,
    struct slice selector, struct slice pem, struct why *why)
{
	char ascii[DNS_NAME_SIZE], name[DNS_NAME_SIZE];
	struct dkim_signer *s;
	struct dkim_key *key;

	if (!hosts_name_to_ascii(domain, ascii)) {
		why_set(why, "is for a domain that is no name");
		return false;
	}
	if (!dkim_selector_is_good(selector) ||
	    !dkim_record_name(selector, slice_of(ascii), name)) {
		why_set(why,
		    "has a bad selector; letters, digits and \"-\" "
		    "(and \".\" between) are good");
		return false;
	}
	if (!has_room(find(signers, slice_of(ascii)), selector, why))
		return false;
	if ((key = dkim_key_new(pem, why)) == NULL)
		return false;
	s = find_or_add(signers, ascii);
	s->key[s->count++] =
	    (struct dkim_signer_key){ mem_cstr(selector), key };
	return true;
}

const struct dkim_signer *
dkim_signers_of_domain(const struct dkim_signers *signers, struct slice domain)
{
	char ascii[DNS_NAME_SIZE];
	struct slice name;

	if (signers->by_domain == NULL || !hosts_name_to_ascii(domain, ascii))
		return NULL;
	for (name = slice_of(ascii); name.n > 0;
	     (void)slice_take_until(&name, '.')) {
		const struct dkim_signer *s = find(signers, name);

		if (s != NULL)
			return s;
	}
	return NULL;
}

/* --- the author's domain (RFC 5322, 3.4) --- */

struct mailbox_text {
	char text[DNS_NAME_SIZE + 2]; /* behind the last "@" */
	size_t n;
	bool has_at;
	bool in_quotes;
	bool in_angle;
	bool is_long;
	unsigned comments; /* open ones */
};

/* Quoted strings and comments hold any octet; nothing in them counts. */
static bool
is_inside(struct mailbox_text *m, char c)
{
	if (m->in_quotes) {
		m->in_quotes = c != '"';
		return true;
	}
	if (m->comments > 0) {
		m->comments += c == '(';
		m->comments -= c == ')';
		return true;
	}
	m->in_quotes = c == '"';
	m->comments = c == '(';
	return c == '"' || c == '(';
}

static void
start_again(struct mailbox_text *m)
{
	m->n = 0;
	m->has_at = false;
	m->is_long = false;
}

/* False: the mailbox ends here. */
static bool
take_char(struct mailbox_text *m, char c)
{
	switch (c) {
	case '<':
		m->in_angle = true;
		start_again(m);
		break;
	case ':': /* a group's name, or a source route, was before it */
		start_again(m);
		break;
	case '@':
		start_again(m);
		m->has_at = true;
		break;
	case '>':
	case ';':
		return false;
	case ',':
		return m->in_angle; /* within a source route */
	default:
		if (ascii_is_space(c) || !m->has_at)
			break;
		if (m->n == DNS_NAME_MAX)
			m->is_long = true;
		else
			m->text[m->n++] = c;
	}
	return true;
}

bool
dkim_author_domain(struct slice header, char out[DNS_NAME_SIZE])
{
	struct mailbox_text m = { .n = 0 };
	struct header_field from;

	if (!header_find(header, "From", &from))
		return false;
	for (size_t i = 0; i < from.body.n; i++) {
		char c = from.body.p[i];

		if (c == '\\' && (m.in_quotes || m.comments > 0))
			i++;
		else if (!is_inside(&m, c) && !take_char(&m, c))
			break;
	}
	return m.n > 0 && !m.is_long &&
	    slice_to_cstr(slice_from(m.text, m.n), out, DNS_NAME_SIZE);
}

const struct dkim_signer *
dkim_signers_of_header(const struct dkim_signers *signers, struct slice header)
{
	char domain[DNS_NAME_SIZE];

	if (!dkim_author_domain(header, domain))
		return NULL;
	return dkim_signers_of_domain(signers, slice_of(domain));
}

/* --- one of them --- */

const char *
dkim_signer_domain(const struct dkim_signer *s)
{
	return s->domain;
}

size_t
dkim_signer_count(const struct dkim_signer *s)
{
	return s->count;
}

const struct dkim_signer_key *
dkim_signer_key(const struct dkim_signer *s, size_t index)
{
	must(index < s->count);
	return &s->key[index];
}
