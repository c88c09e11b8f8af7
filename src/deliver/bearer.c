/*
 * deliver/bearer.c - OAUTHBEARER (RFC 7628) and XOAUTH2.
 */
#include "deliver/bearer.h"

/* saslname (RFC 5801, 4): "," and "=" are what a gs2 header is made of. */
static void
add_saslname(struct buf *out, struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == ',')
			buf_add_cstr(out, "=2C");
		else if (name.p[i] == '=')
			buf_add_cstr(out, "=3D");
		else
			buf_add_char(out, name.p[i]);
	}
}

/*
 * gs2-header kvsep *(key "=" value kvsep) kvsep, where kvsep is %x01. "n": no
 * channel binding.
 */
void
bearer_oauthbearer(const struct bearer *b, struct buf *out)
{
	buf_add_cstr(out, "n,a=");
	add_saslname(out, slice_of(b->user));
	buf_addf(out,
	    ",\001host=%s\001port=%u\001"
	    "auth=Bearer ",
	    b->host, (unsigned)b->port);
	buf_add_cstr(out, b->token);
	buf_add_cstr(out, "\001\001");
}

void
bearer_xoauth2(const struct bearer *b, struct buf *out)
{
	buf_add_cstr(out, "user=");
	buf_add_cstr(out, b->user);
	buf_add_cstr(out,
	    "\001"
	    "auth=Bearer ");
	buf_add_cstr(out, b->token);
	buf_add_cstr(out, "\001\001");
}

struct slice
bearer_farewell(bool oauthbearer)
{
	return oauthbearer ? SLICE("\001") : SLICE_NONE;
}
