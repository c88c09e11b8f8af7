/*
 * conf/https_url.c - reads the few URLs that main.conf may name.
 */
#include "conf/https_url.h"

#include "base/ascii.h"
#include "mail/address.h"

enum { HTTPS_PORT = 443 };

/* What goes into a request line as it is. */
static bool
is_path(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_graphic(s.p[i]) || s.p[i] == '#')
			return false;
	return true;
}

bool
https_url_parse(struct slice s, struct https_url *out)
{
	struct https_url url = { .port = HTTPS_PORT };
	struct slice host, path;
	uint32_t port;
	size_t end;

	if (!slice_take_prefix_nocase(&s, "https://"))
		return false;
	end = slice_find(s, '/');
	host = slice_head(s, end);
	path = end < s.n ? slice_skip(s, end) : SLICE("/");
	end = slice_find(host, ':');
	if (end < host.n) {
		if (!slice_to_u32(slice_skip(host, end + 1), UINT16_MAX,
			&port) ||
		    port == 0)
			return false;
		url.port = (uint16_t)port;
		host = slice_head(host, end);
	}
	if (!domain_is_valid(host, false) || !is_path(path) ||
	    !slice_to_cstr(host, url.host, sizeof(url.host)) ||
	    !slice_to_cstr(path, url.path, sizeof(url.path)))
		return false;
	*out = url;
	return true;
}
