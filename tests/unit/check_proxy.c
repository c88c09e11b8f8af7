/* unit/check_proxy.c - PROXY headers of both versions, whole and in pieces. */
#include <string.h>

#include "tests/unit/run.h"

#include "receive/proxy.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(literal) (literal), sizeof(literal) - 1

/* clang-format off */
static const struct {
	const char *in;
	size_t n;
	enum proxy_progress want;
	const char *client;	/* NULL: the proxy's own */
	size_t length;
} cases[] = {
	{ BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 5000 25\r\nEHLO"), PROXY_WHOLE, "192.0.2.1", 43 },
	{ BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"), PROXY_WHOLE, "2001:db8::1", 40 },
	{ BYTES("PROXY UNKNOWN\r\n"), PROXY_WHOLE, NULL, 15 },
	{ BYTES("PROXY UNKNOWN ffff:f...f 65535 65535\r\n"), PROXY_WHOLE, NULL, 38 },
	{ BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 5000\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 5000 99999\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY TCP4 192.0.2 198.51.100.1 5000 25\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY TCP4 2001:db8::1 198.51.100.1 5000 25\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 5000 25 x\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY SPX a b 1 2\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("EHLO x\r\n"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES("PROXY TCP4 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES(V2 "\x21\x11\0\x0c" "\xc0\0\2\1" "\xc6\x33\x64\1" "\x13\x88\0\x19" "EHLO"), PROXY_WHOLE, "192.0.2.1", 28 },
	{ BYTES(V2 "\x21\x11\0\x0f" "\xc0\0\2\1" "\xc6\x33\x64\1" "\x13\x88\0\x19" "\4\0\0"), PROXY_WHOLE, "192.0.2.1", 31 },
	{ BYTES(V2 "\x21\x21\0\x24" "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2" "\0\1\0\2"), PROXY_WHOLE, "2001:db8::1", 52 },
	{ BYTES(V2 "\x21\x21\0\x24" "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1" "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2" "\0\1\0\2"), PROXY_WHOLE, "192.0.2.1", 52 },
	{ BYTES(V2 "\x20\0\0\0"), PROXY_WHOLE, NULL, 16 },
	{ BYTES(V2 "\x21\x31\0\0"), PROXY_WHOLE, NULL, 16 },
	{ BYTES(V2 "\x21\x11\0\x04" "\xc0\0\2\1"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES(V2 "\x11\x11\0\x0c"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES(V2 "\x22\x11\0\x0c"), PROXY_MALFORMED, NULL, 0 },
	{ BYTES(V2 "\x21\x11\xff\xff"), PROXY_MALFORMED, NULL, 0 },
};
/* clang-format on */

START_TEST(a_header_is_read_as_written)
{
	struct slice in = slice_from(cases[_i].in, cases[_i].n);
	struct proxy_header h = { 0 };
	char client[IP_TEXT_SIZE];

	ck_assert_int_eq(proxy_parse(in, &h), cases[_i].want);
	if (cases[_i].want != PROXY_WHOLE)
		return;
	ck_assert_uint_eq(h.length, cases[_i].length);
	ck_assert(h.has_client == (cases[_i].client != NULL));
	if (h.has_client) {
		ip_text(&h.client, client);
		ck_assert_str_eq(client, cases[_i].client);
	}
	for (size_t n = 0; n < h.length; n++)
		ck_assert_int_eq(proxy_parse(slice_head(in, n), &h),
		    PROXY_MORE);
}
END_TEST

START_TEST(the_port_is_the_clients)
{
	struct proxy_header h;

	ck_assert_int_eq(proxy_parse(slice_of("PROXY TCP4 192.0.2.1 "
					      "198.51.100.1 5000 25\r\n"),
			     &h),
	    PROXY_WHOLE);
	ck_assert_uint_eq(h.port, 5000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxy");
	TCase *tc = tcase_create("proxy");

	tcase_add_loop_test(tc, a_header_is_read_as_written, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, the_port_is_the_clients);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
