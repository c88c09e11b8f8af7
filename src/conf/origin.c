/*
 * conf/origin.c - reads a route's source. Whether the address is ours, only
 * bind(2) says.
 */
#include "conf/origin.h"

#include "base/slice.h"
#include "mail/address.h"

bool
origin_parse(const char *text, struct ip *ip, const char **name)
{
	struct slice rest = slice_of(text);
	size_t end = slice_find(rest, '=');
	struct ip got;

	if (!ip_parse(slice_head(rest, end), &got) ||
	    (end < rest.n &&
		!domain_is_valid(slice_skip(rest, end + 1), false)))
		return false;
	*ip = got;
	if (end < rest.n && name != NULL)
		*name = text + end + 1;
	return true;
}
