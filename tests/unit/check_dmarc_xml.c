/* unit/check_dmarc_xml.c - a report in full, and texts of strangers in it. */
#include "tests/unit/run.h"

#include <string.h>

#include "verify/dmarc_xml.h"

START_TEST(a_report_has_the_elements_of_the_schema)
{
	struct dmarc_report_head head = { SLICE("mx.example.org"),
		SLICE("dmarc@example.org"), SLICE("id<1>&\x01"), 86400, 172799,
		SLICE("b.example"),
		{ .p = DMARC_POLICY_REJECT, .np = DMARC_POLICY_NONE } };
	struct verdicts v = { .spf = { VERDICT_PASS, SLICE("a@b.example"),
				  SLICE_NONE },
		.dkim_count = 1,
		.dkim = { { VERDICT_FAIL, SLICE("b.example"), SLICE_NONE,
		    SLICE("s1"), SLICE_NONE, SLICE_NONE, SLICE_NONE } } };
	struct dmarc_report_row row = { .count = 3,
		.spf_aligned = true,
		.override = SLICE("arc"),
		.header_from = SLICE("b.example"),
		.envelope_from = SLICE("b.example"),
		.verdicts = &v };
	struct buf out;

	ck_assert(ip_parse(SLICE("192.0.2.1"), &row.source));
	buf_init(&out, 65536);
	dmarc_xml_begin(&head, &out);
	dmarc_xml_row(&row, &out);
	dmarc_xml_end(&out);
	ck_assert_str_eq(buf_cstr(&out),
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
	    "<version>1.0</version>\n<report_metadata>\n"
	    "<org_name>mx.example.org</org_name>\n"
	    "<email>dmarc@example.org</email>\n"
	    "<report_id>id&lt;1&gt;&amp;?</report_id>\n"
	    "<date_range><begin>86400</begin><end>172799</end></date_range>\n"
	    "</report_metadata>\n<policy_published>\n"
	    "<domain>b.example</domain>\n<p>reject</p>\n<np>none</np>\n"
	    "<adkim>r</adkim>\n<aspf>r</aspf>\n"
	    "<discovery_method>treewalk</discovery_method>\n"
	    "<testing>n</testing>\n</policy_published>\n"
	    "<record>\n<row>\n<source_ip>192.0.2.1</source_ip>\n"
	    "<count>3</count>\n<policy_evaluated>\n"
	    "<disposition>pass</disposition>\n<dkim>fail</dkim>\n"
	    "<spf>pass</spf>\n<reason>\n<type>local_policy</type>\n"
	    "<comment>arc</comment>\n</reason>\n</policy_evaluated>\n"
	    "</row>\n<identifiers>\n<header_from>b.example</header_from>\n"
	    "<envelope_from>b.example</envelope_from>\n</identifiers>\n"
	    "<auth_results>\n<dkim>\n<domain>b.example</domain>\n"
	    "<selector>s1</selector>\n<result>fail</result>\n</dkim>\n"
	    "<spf>\n<domain>b.example</domain>\n<scope>mfrom</scope>\n"
	    "<result>pass</result>\n</spf>\n</auth_results>\n</record>\n"
	    "</feedback>\n");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dmarc_xml");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_report_has_the_elements_of_the_schema);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
