/* unit/check_dmarc_record.c - what a policy record says, and when it is none.
 */
#include "tests/unit/run.h"

#include "verify/dmarc_record.h"

/* clang-format off */
static const struct {
	const char *txt;
	bool found;
	bool unusable;
	enum dmarc_policy p, sp, np;
	enum dmarc_psd psd;
	bool testing, adkim, aspf;
} cases[] = {
#define P_NO	DMARC_POLICY_UNSET
#define P_N	DMARC_POLICY_NONE
#define P_Q	DMARC_POLICY_QUARANTINE
#define P_R	DMARC_POLICY_REJECT
#define RUA	"rua=mailto:a@b.example"
	{ "v=DMARC1; p=none",		true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1;p=reject;",		true, false, P_R, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v = DMARC1 ; p = Quarantine ;", true, false, P_Q, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; sp=quarantine; np=none", true, false, P_R, P_Q, P_N, 0, 0, 0, 0 },
	{ "v=DMARC1; p=none; t=y; adkim=s; aspf=s", true, false, P_N, P_NO, P_NO, 0, 1, 1, 1 },
	{ "v=DMARC1; p=none; t=x; adkim=q; aspf=r", true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=none; psd=y",	true, false, P_N, P_NO, P_NO, DMARC_PSD_YES, 0, 0, 0 },
	{ "v=DMARC1; p=none; psd=n",	true, false, P_N, P_NO, P_NO, DMARC_PSD_NO, 0, 0, 0 },
	{ "v=DMARC1; p=none; psd=u; psd=y", true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; pct=0; rf=afrf; ri=1; x=y; ; junk", true, false, P_R, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1",			true, true, P_NO, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; psd=n;",		true, true, P_NO, P_NO, P_NO, DMARC_PSD_NO, 0, 0, 0 },
	{ "v=DMARC1; " RUA,		true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=foo",		true, true, P_NO, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=foo; " RUA,	true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; sp=foo; " RUA, true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; np=foo",	true, true, P_NO, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; p=none",	true, true, P_NO, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=reject; p=reject; " RUA, true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=DMARC1; p=; " RUA,		true, false, P_N, P_NO, P_NO, 0, 0, 0, 0 },
	{ "V=DMARC1; P=reject",		true, false, P_R, P_NO, P_NO, 0, 0, 0, 0 },
	{ "v=dmarc1; p=none",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "v=DMARC10; p=none",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "v=DMARC1 p=none",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ " v=DMARC1; p=none",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "p=none; v=DMARC1",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "vv=DMARC1; p=none",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "v=spf1 -all",		false, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "",				false, 0, 0, 0, 0, 0, 0, 0, 0 },
};

static const struct {
	const char *list;
	const char *address; /* of the first; "": not mailto; NULL: none */
	uint64_t size;
} uris[] = {
	{ "mailto:a@b.example",			"a@b.example", 0 },
	{ " MAILTO:a@b.example!10m ",		"a@b.example", 10 << 20 },
	{ "mailto:a@b.example!7",		"a@b.example", 7 },
	{ "mailto:a%21b@c.example?subject=x",	"a!b@c.example", 0 },
	{ "https://b.example/x",		"", 0 },
	{ "junk, mailto:a@b.example",		"a@b.example", 0 },
	{ "mailto:, mailto:a, mailto:a@b.example!1x, mailto:c@d.example", "c@d.example", 0 },
	{ "mailto:a@b.example!99999999999",	NULL, 0 },
	{ "mailto:a%0d%0ab@c.example",		NULL, 0 },
	{ "mailto:a%4",				NULL, 0 },
	{ "mailto:a b@c.example",		NULL, 0 },
	{ "",					NULL, 0 },
};
/* clang-format on */

START_TEST(a_record_is_read_by_its_abnf)
{
	struct dmarc_record r;

	ck_assert_int_eq(dmarc_record_parse(slice_of(cases[_i].txt), &r),
	    cases[_i].found);
	if (!cases[_i].found)
		return;
	ck_assert_int_eq(r.is_unusable, cases[_i].unusable);
	ck_assert_int_eq(r.p, cases[_i].p);
	ck_assert_int_eq(r.sp, cases[_i].sp);
	ck_assert_int_eq(r.np, cases[_i].np);
	ck_assert_int_eq(r.psd, cases[_i].psd);
	ck_assert_int_eq(r.testing, cases[_i].testing);
	ck_assert_int_eq(r.adkim_strict, cases[_i].adkim);
	ck_assert_int_eq(r.aspf_strict, cases[_i].aspf);
}
END_TEST

START_TEST(report_addresses_are_taken_one_by_one)
{
	struct slice list = slice_of(uris[_i].list);
	struct dmarc_uri uri;
	bool found = dmarc_uri_take(&list, &uri);

	ck_assert_int_eq(found, uris[_i].address != NULL);
	if (!found)
		return;
	ck_assert_int_eq(uri.is_mailto, uris[_i].address[0] != '\0');
	ck_assert_str_eq(uri.address, uris[_i].address);
	ck_assert_uint_eq(uri.size_max, uris[_i].size);
}
END_TEST

START_TEST(lists_and_options_are_kept_or_have_defaults)
{
	struct dmarc_record r;

	ck_assert(dmarc_record_parse(
	    SLICE(
		"v=DMARC1; p=none; rua= mailto:a@b.example,mailto:c@d.example "
		"; ruf=mailto:f@b.example; fo=d:s"),
	    &r));
	ck_assert(slice_is(r.rua, "mailto:a@b.example,mailto:c@d.example"));
	ck_assert(slice_is(r.ruf, "mailto:f@b.example"));
	ck_assert(slice_is(r.fo, "d:s"));
	ck_assert(dmarc_record_parse(SLICE("v=DMARC1; p=none; fo=2"), &r));
	ck_assert(slice_is(r.fo, "0"));
	ck_assert_uint_eq(r.rua.n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dmarc_record");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_record_is_read_by_its_abnf, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, report_addresses_are_taken_one_by_one, 0,
	    sizeof(uris) / sizeof(uris[0]));
	tcase_add_test(tc, lists_and_options_are_kept_or_have_defaults);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
