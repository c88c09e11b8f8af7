/*
 * policy/tlsrpt_text.c - "v=TLSRPTv1; rua=URI,URI".
 */
#include "policy/tlsrpt_text.h"

#include "base/ascii.h"

bool
tlsrpt_is_ours(struct slice txt)
{
	struct slice version = slice_take_until(&txt, ';');

	return slice_is(slice_trim(version), "v=TLSRPTv1");
}

/* What goes into a header and a command as it is: no %, quotes, brackets. */
static bool
is_plain_address(struct slice s)
{
	size_t at = slice_find(s, '@');

	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '-' &&
		    s.p[i] != '_' && s.p[i] != '+' && s.p[i] != '=' && i != at)
			return false;
	return at > 0 && at + 1 < s.n && s.n <= 254;
}

static bool
https_parse(struct slice s, struct rua *out)
{
	size_t end = slice_find(s, '/');
	struct slice host = slice_head(s, end), path = slice_skip(s, end);
	uint32_t port = 443;

	if (slice_has(host, ':')) {
		struct slice name = slice_take_until(&host, ':');

		if (!slice_to_u32(host, UINT16_MAX, &port) || port == 0)
			return false;
		host = name;
	}
	for (size_t i = 0; i < path.n; i++)
		if (!ascii_is_graphic(path.p[i]))
			return false;
	for (size_t i = 0; i < host.n; i++)
		if (!ascii_is_alnum(host.p[i]) && host.p[i] != '-' &&
		    host.p[i] != '.')
			return false;
	if (!dns_name_is_valid(host) ||
	    !slice_to_cstr(host, out->host, sizeof(out->host)) ||
	    !slice_to_cstr(path.n == 0 ? SLICE("/") : path, out->path,
		sizeof(out->path)))
		return false;
	out->port = (uint16_t)port;
	return true;
}

static bool
uri_parse(struct slice uri, struct rua *out)
{
	*out = (struct rua){ 0 };
	if (slice_take_prefix_nocase(&uri, "mailto:")) {
		out->kind = RUA_MAIL;
		out->address = slice_take_until(&uri, '?');
		return is_plain_address(out->address);
	}
	out->kind = RUA_HTTPS;
	return slice_take_prefix_nocase(&uri, "https://") &&
	    https_parse(uri, out);
}

bool
tlsrpt_parse(struct slice txt, struct rua *out)
{
	struct rua rua;

	if (!tlsrpt_is_ours(txt))
		return false;
	(void)slice_take_until(&txt, ';');
	while (txt.n > 0) {
		struct slice field = slice_trim(slice_take_until(&txt, ';'));

		if (!slice_take_prefix(&field, "rua="))
			continue;
		while (field.n > 0)
			if (uri_parse(slice_trim(slice_take_until(&field, ',')),
				&rua)) {
				*out = rua;
				return true;
			}
		return false;
	}
	return false;
}
