/*
 * verify/dmarc_rua.c - the record again, and one question for each host that
 * is not of the domain's organization.
 */
#include "verify/dmarc_rua.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "dns/hosts.h"

/* The host of a mailto, A-labels; false: none that mail could go to. */
static bool
host_of(const struct dmarc_uri *uri, char out[DNS_NAME_SIZE])
{
	struct slice address = slice_of(uri->address);

	return uri->is_mailto &&
	    hosts_name_to_ascii(slice_skip(address,
				    slice_find_last(address, '@') + 1),
		out);
}

static void
add(struct dmarc_rua *out, const struct dmarc_uri *uri)
{
	for (size_t i = 0; i < out->count; i++)
		if (slice_is_nocase(slice_of(uri->address),
			out->uri[i].address))
			return;
	if (out->count < DMARC_RUA_MAX)
		out->uri[out->count++] = *uri;
}

/*
 * What the other side's record puts in place of the address (RFC 9990, 4, step
 * 9). It must stay on its host: if any does not, nothing is sent at all.
 */
static void
add_override(struct slice list, struct slice host, struct dmarc_rua *out)
{
	struct dmarc_rua theirs = { .count = 0 };
	struct dmarc_uri uri;
	char other[DNS_NAME_SIZE];

	while (dmarc_uri_take(&list, &uri)) {
		if (!uri.is_mailto)
			continue;
		if (!host_of(&uri, other) || !slice_is(host, other))
			return;
		add(&theirs, &uri);
	}
	for (size_t i = 0; i < theirs.count; i++)
		add(out, &theirs.uri[i]);
}

/* The address is outside: has its host agreed? False: answers are missing. */
static bool
ask_outside(struct answers *answers, struct slice domain,
    const struct dmarc_uri *uri, struct slice host, struct dmarc_rua *out)
{
	char name[2 * DNS_NAME_SIZE + 32];
	const struct dns_answer *answer;
	bool has_agreed = false;
	int n = snprintf(name, sizeof(name), "%.*s._report._dmarc.%.*s",
	    SLICE_ARGS(domain), SLICE_ARGS(host));

	if (n > DNS_NAME_MAX)
		return true;
	answer = answers_get(answers, slice_from(name, (size_t)n), DNS_TXT);
	if (answer == NULL)
		return false;
	if (answer->outcome == DNS_BOGUS)
		return true;
	out->is_unsure |= answer->outcome == DNS_TEMPORARY;
	for (size_t i = 0; i < answer->count; i++) {
		struct dmarc_record record;

		if (!dmarc_record_parse(answer->records[i].data, &record))
			continue;
		if (record.rua.n > 0) {
			add_override(record.rua, host, out);
			return true;
		}
		has_agreed = true;
	}
	if (has_agreed)
		add(out, uri);
	return true;
}

/* False: answers are missing. */
static bool
consider(struct answers *answers, struct slice domain,
    const struct dmarc_uri *uri, struct slice organization,
    struct dmarc_rua *out)
{
	char host[DNS_NAME_SIZE], theirs[DNS_NAME_SIZE];
	enum dmarc_found found;

	if (!host_of(uri, host))
		return true;
	found = dmarc_organization(answers, slice_of(host), theirs);
	if (found == DMARC_FOUND_LATER)
		return false;
	if (found == DMARC_FOUND && slice_is(organization, theirs)) {
		add(out, uri);
		return true;
	}
	return ask_outside(answers, domain, uri, slice_of(host), out);
}

enum dmarc_found
dmarc_rua_find(struct answers *answers, struct slice domain,
    struct dmarc_rua *out)
{
	char name[DNS_NAME_SIZE], organization[DNS_NAME_SIZE];
	struct dmarc_rua rua = { .count = 0 };
	struct dmarc_record record;
	struct dmarc_uri uri;
	enum dmarc_found found;
	bool is_missing = false;

	*out = rua;
	/* Its walk asks for its own record first. */
	found = dmarc_organization(answers, domain, organization);
	if (found != DMARC_FOUND) {
		out->is_unsure = found == DMARC_FOUND_NONE &&
		    hosts_name_to_ascii(domain, name);
		return found;
	}
	if (!hosts_name_to_ascii(domain, name) ||
	    !dmarc_find_record(answers, slice_of(name), &record))
		return DMARC_FOUND_NONE;
	for (size_t seen = 0;
	     seen < DMARC_RUA_MAX && dmarc_uri_take(&record.rua, &uri); seen++)
		is_missing |= !consider(answers, slice_of(name), &uri,
		    slice_of(organization), &rua);
	if (is_missing)
		return DMARC_FOUND_LATER;
	*out = rua;
	return rua.count == 0 ? DMARC_FOUND_NONE : DMARC_FOUND;
}

void
dmarc_rua_write(const struct dmarc_rua *rua, struct buf *out)
{
	for (size_t i = 0; i < rua->count; i++)
		buf_addf(out, "%" PRIu64 " %s\n", rua->uri[i].size_max,
		    rua->uri[i].address);
}

static bool
is_address(struct slice s)
{
	struct address address;

	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_graphic(s.p[i]))
			return false;
	return address_parse(s, false, &address) == PARSE_OK &&
	    address.domain.n > 0;
}

bool
dmarc_rua_read(struct slice text, struct dmarc_rua *out)
{
	struct dmarc_rua rua = { .count = 0 };
	struct slice line;

	while (slice_take_line(&text, &line)) {
		struct dmarc_uri *uri = &rua.uri[rua.count % DMARC_RUA_MAX];

		if (rua.count == DMARC_RUA_MAX ||
		    !slice_to_u64(slice_take_until(&line, ' '), UINT64_MAX,
			&uri->size_max) ||
		    !is_address(line) ||
		    !slice_to_cstr(line, uri->address, sizeof(uri->address)))
			return false;
		uri->is_mailto = true;
		rua.count++;
	}
	*out = rua;
	return true;
}
