/* unit/check_tlsrpt_text.c - where a domain wants its reports. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/buf.h"
#include "policy/tlsrpt_text.h"

/* clang-format off */
static const struct {
	const char *txt;
	bool ours;
	const char *to; /* "HOST PORT PATH" or the address; NULL: none */
} cases[] = {
	{ "v=TLSRPTv1;rua=mailto:reports@example.com", true, "reports@example.com" },
	{ "v=TLSRPTv1; rua=https://r.example.com/v1/tlsrpt", true, "r.example.com 443 /v1/tlsrpt" },
	{ "v=TLSRPTv1 ; x=y; rua=HTTPS://r.example:8443 ;", true, "r.example 8443 /" },
	{ "v=TLSRPTv1; rua=ftp://x/, mailto:a+b@c.d?x=y", true, "a+b@c.d" },
	{ "v=TLSRPTv1; rua=mailto:a@b,https://c/", true, "a@b" },
	{ "v=TLSRPTv1; rua=mailto:a%40b", true, NULL },
	{ "v=TLSRPTv1; rua=mailto:a@b\r\nBcc:x", true, NULL },
	{ "v=TLSRPTv1; rua=mailto:<a@b>", true, NULL },
	{ "v=TLSRPTv1; rua=mailto:a@b@c", true, NULL },
	{ "v=TLSRPTv1; rua=https://[::1]/", true, NULL },
	{ "v=TLSRPTv1; rua=https://user@host/", true, NULL },
	{ "v=TLSRPTv1; rua=https://host:0/", true, NULL },
	{ "v=TLSRPTv1; rua=https:///", true, NULL },
	{ "v=TLSRPTv1; rua=", true, NULL },
	{ "v=TLSRPTv1", true, NULL },
	{ "v=TLSRPTv2; rua=mailto:a@b", false, NULL },
	{ "rua=mailto:a@b; v=TLSRPTv1", false, NULL },
	{ "", false, NULL },
};
/* clang-format on */

START_TEST(the_first_address_that_we_can_serve)
{
	struct slice txt = slice_of(cases[_i].txt);
	struct buf to;
	struct rua rua;
	bool good = tlsrpt_parse(txt, &rua);

	ck_assert(tlsrpt_is_ours(txt) == cases[_i].ours);
	ck_assert(good == (cases[_i].to != NULL));
	if (!good)
		return;
	buf_init(&to, 1024);
	if (rua.kind == RUA_MAIL)
		buf_add(&to, rua.address);
	else
		buf_addf(&to, "%s %u %s", rua.host, (unsigned)rua.port,
		    rua.path);
	ck_assert_str_eq(buf_cstr(&to), cases[_i].to);
	buf_done(&to);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy/tlsrpt_text");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, the_first_address_that_we_can_serve, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
