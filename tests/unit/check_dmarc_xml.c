/*
 * unit/check_dmarc_xml.c - a report in full, texts of strangers in it, and all
 * kinds of rows against the schema, by xmllint.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/dmarc_xml.h"

static const struct dmarc_report_head head = {
	.organization = { "mx.example.org", 14 },
	.email = { "dmarc@example.org", 17 },
	.report_id = { "2026-11-24.b.example@mx.example.org", 35 },
	.begin_s = 86400,
	.end_s = 172799,
	.domain = { "b.example", 9 },
	.published = { .p = DMARC_POLICY_REJECT, .np = DMARC_POLICY_NONE }
};

START_TEST(a_report_has_the_elements_of_the_schema)
{
	struct dmarc_row row = { .disposition = DMARC_DID_NONE,
		.override = DMARC_OVERRIDE_ARC,
		.spf_aligned = true,
		.header_from = SLICE("b.example"),
		.spf_domain = SLICE("b.example"),
		.spf = VERDICT_PASS,
		.dkim_count = 1,
		.dkim = { { VERDICT_FAIL, SLICE("b<1>&\x01"), SLICE("s1") } } };
	struct buf out;

	ck_assert(ip_parse(SLICE("192.0.2.1"), &row.source));
	buf_init(&out, 65536);
	dmarc_xml_begin(&head, &out);
	dmarc_xml_row(&row, 3, &out);
	dmarc_xml_end(&out);
	ck_assert_str_eq(buf_cstr(&out),
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
	    "<version>1.0</version>\n<report_metadata>\n"
	    "<org_name>mx.example.org</org_name>\n"
	    "<email>dmarc@example.org</email>\n"
	    "<report_id>2026-11-24.b.example@mx.example.org</report_id>\n"
	    "<date_range><begin>86400</begin><end>172799</end></date_range>\n"
	    "<generator>mtad</generator>\n"
	    "</report_metadata>\n<policy_published>\n"
	    "<domain>b.example</domain>\n"
	    "<discovery_method>treewalk</discovery_method>\n"
	    "<p>reject</p>\n<sp>reject</sp>\n<np>none</np>\n"
	    "<adkim>r</adkim>\n<aspf>r</aspf>\n"
	    "<testing>n</testing>\n</policy_published>\n"
	    "<record>\n<row>\n<source_ip>192.0.2.1</source_ip>\n"
	    "<count>3</count>\n<policy_evaluated>\n"
	    "<disposition>none</disposition>\n<dkim>fail</dkim>\n"
	    "<spf>pass</spf>\n<reason>\n<type>local_policy</type>\n"
	    "<comment>arc=pass</comment>\n</reason>\n</policy_evaluated>\n"
	    "</row>\n<identifiers>\n<header_from>b.example</header_from>\n"
	    "<envelope_from>b.example</envelope_from>\n</identifiers>\n"
	    "<auth_results>\n<dkim>\n<domain>b&lt;1&gt;&amp;?</domain>\n"
	    "<selector>s1</selector>\n<result>fail</result>\n</dkim>\n"
	    "<spf>\n<domain>b.example</domain>\n<scope>mfrom</scope>\n"
	    "<result>pass</result>\n</spf>\n</auth_results>\n</record>\n"
	    "</feedback>\n");
	buf_done(&out);
}
END_TEST

/* Every verdict of SPF and DKIM, every disposition and reason, once at least.
 */
static void
write_all_kinds(struct buf *out)
{
	static const char *const sources[] = { "192.0.2.1", "2001:db8::1",
		"::1", "2001:db8:1:2:3:4:5:6", "fe80::" };

	for (int i = 0; i < VERDICTS; i++) {
		enum verdict v = (enum verdict)i;
		struct dmarc_row row = { .disposition =
					     (enum dmarc_disposition)(i % 4),
			.override = (enum dmarc_override)(i % 4),
			.is_null_sender = i % 2 == 1,
			.header_from = SLICE("a.b.example"),
			.spf_domain = i == 0 ? SLICE_NONE : SLICE("mx.test"),
			.spf = v,
			.dkim_count = (size_t)i % 3,
			.dkim = { { v, SLICE("d.test"), SLICE("s") },
			    { v, SLICE("e.test"), SLICE("\xff") } } };

		ck_assert(ip_parse(slice_of(sources[i % 5]), &row.source));
		dmarc_xml_row(&row, (uint64_t)i + 1, out);
	}
}

/* What xmllint says of a report with those errors; 0: it is valid. */
static int
xmllint(struct slice error, bool with_rows)
{
	const char *top = getenv("top_srcdir");
	struct dmarc_report_head h = head;
	char path[64], command[512];
	struct buf out;
	FILE *f;
	int rc;

	h.error = error;
	buf_init(&out, 65536);
	dmarc_xml_begin(&h, &out);
	if (with_rows)
		write_all_kinds(&out);
	dmarc_xml_end(&out);
	(void)snprintf(path, sizeof(path), "/tmp/check_dmarc_xml.%d",
	    (int)getpid());
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(out.p, 1, out.n, f), out.n);
	ck_assert_int_eq(fclose(f), 0);
	buf_done(&out);
	(void)snprintf(command, sizeof(command),
	    "xmllint --noout --nonet "
	    "--schema %s/tests/unit/dmarc_report.xsd %s >&2",
	    top == NULL ? "." : top, path);
	rc = system(command);
	(void)unlink(path);
	return rc;
}

START_TEST(all_kinds_of_rows_are_valid)
{
	if (system("command -v xmllint >/dev/null") != 0) {
		(void)fprintf(stderr, "xmllint is not there: not tried\n");
		return;
	}
	ck_assert_int_eq(xmllint(SLICE_NONE, true), 0);
	ck_assert_int_eq(xmllint(SLICE("<&> too many rows"), true), 0);
	/* And the schema can tell: a report has a record. */
	ck_assert_int_ne(xmllint(SLICE_NONE, false), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dmarc_xml");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_report_has_the_elements_of_the_schema);
	tcase_add_test(tc, all_kinds_of_rows_are_valid);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
