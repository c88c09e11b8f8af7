/* unit/check_https_url.c - the URLs that main.conf may name. */
#include "tests/unit/run.h"

#include "conf/https_url.h"

/* clang-format off */
static const struct {
	const char *in;
	const char *host, *path; /* NULL: it is none */
	uint16_t port;
} cases[] = {
	{ "https://a.test/token",	"a.test",	"/token",	443 },
	{ "HTTPS://a.test:8443/t?x=1&y",	"a.test",	"/t?x=1&y",	8443 },
	{ "https://a.test",		"a.test",	"/",		443 },
	{ "http://a.test/",		NULL,		NULL,		0 },
	{ "https://a.test:0/",		NULL,		NULL,		0 },
	{ "https://a.test:65536/",	NULL,		NULL,		0 },
	{ "https://a.test:/",		NULL,		NULL,		0 },
	{ "https://me@a.test/",		NULL,		NULL,		0 },
	{ "https://a.test/a b",		NULL,		NULL,		0 },
	{ "https://a.test/#x",		NULL,		NULL,		0 },
	{ "https:///x",			NULL,		NULL,		0 },
	{ "https://a..test/",		NULL,		NULL,		0 },
	{ "",				NULL,		NULL,		0 },
};
/* clang-format on */

START_TEST(urls_are_taken_whole_or_not_at_all)
{
	struct https_url url = { .port = 1 };
	bool good = https_url_parse(slice_of(cases[_i].in), &url);

	ck_assert_int_eq(good, cases[_i].host != NULL);
	if (!good) {
		ck_assert_uint_eq(url.port, 1);
		return;
	}
	ck_assert_str_eq(url.host, cases[_i].host);
	ck_assert_str_eq(url.path, cases[_i].path);
	ck_assert_uint_eq(url.port, cases[_i].port);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf/https_url");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, urls_are_taken_whole_or_not_at_all, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
