/*
 * verify/dmarc_xml.c - elements in the order of the schema.
 */
#include "verify/dmarc_xml.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "mail/utf8.h"

static void
add_text(struct buf *out, struct slice s)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);

		if (n == 0 || (n == 1 && ascii_is_control(s.p[0])) ||
		    slice_starts(s, "\xef\xbf\xbe") ||
		    slice_starts(s, "\xef\xbf\xbf"))
			buf_add_char(out, '?');
		else if (s.p[0] == '<')
			buf_add_cstr(out, "&lt;");
		else if (s.p[0] == '>')
			buf_add_cstr(out, "&gt;");
		else if (s.p[0] == '&')
			buf_add_cstr(out, "&amp;");
		else
			buf_add(out, slice_head(s, n));
		s = slice_skip(s, n > 0 ? n : 1);
	}
}

static void
element(struct buf *out, const char *name, struct slice text)
{
	buf_addf(out, "<%s>", name);
	add_text(out, text);
	buf_addf(out, "</%s>\n", name);
}

static void
element_of(struct buf *out, const char *name, const char *text)
{
	element(out, name, slice_of(text));
}

static void
write_policy(const struct dmarc_report_head *head, struct buf *out)
{
	const struct dmarc_published *p = &head->published;

	buf_add_cstr(out, "<policy_published>\n");
	element(out, "domain", head->domain);
	element_of(out, "p",
	    dmarc_policy_name(
		p->p != DMARC_POLICY_UNSET ? p->p : DMARC_POLICY_NONE));
	if (p->sp != DMARC_POLICY_UNSET)
		element_of(out, "sp", dmarc_policy_name(p->sp));
	if (p->np != DMARC_POLICY_UNSET)
		element_of(out, "np", dmarc_policy_name(p->np));
	element_of(out, "adkim", p->adkim_strict ? "s" : "r");
	element_of(out, "aspf", p->aspf_strict ? "s" : "r");
	element_of(out, "discovery_method", "treewalk");
	element_of(out, "testing", p->testing ? "y" : "n");
	buf_add_cstr(out, "</policy_published>\n");
}

void
dmarc_xml_begin(const struct dmarc_report_head *head, struct buf *out)
{
	buf_add_cstr(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
	    "<version>1.0</version>\n<report_metadata>\n");
	element(out, "org_name", head->organization);
	element(out, "email", head->email);
	element(out, "report_id", head->report_id);
	buf_addf(out,
	    "<date_range><begin>%" PRId64 "</begin><end>%" PRId64
	    "</end></date_range>\n</report_metadata>\n",
	    head->begin_s, head->end_s);
	write_policy(head, out);
}

static void
write_evaluated(const struct dmarc_report_row *row, struct buf *out)
{
	buf_add_cstr(out, "<policy_evaluated>\n");
	element_of(out, "disposition",
	    row->disposition == DMARC_POLICY_UNSET
		? "pass"
		: dmarc_policy_name(row->disposition));
	element_of(out, "dkim", row->dkim_aligned ? "pass" : "fail");
	element_of(out, "spf", row->spf_aligned ? "pass" : "fail");
	if (row->override.n > 0) {
		buf_add_cstr(out, "<reason>\n<type>local_policy</type>\n");
		element(out, "comment", row->override);
		buf_add_cstr(out, "</reason>\n");
	}
	buf_add_cstr(out, "</policy_evaluated>\n");
}

static void
write_spf(const struct dmarc_report_row *row, struct buf *out)
{
	const struct verdict_spf *spf = &row->verdicts->spf;
	const char *scope = "mfrom";
	struct slice domain;

	if (spf->result == VERDICT_ABSENT) {
		spf = &row->verdicts->helo;
		scope = "helo";
	}
	if (spf->result == VERDICT_ABSENT)
		return;
	domain = spf->identity;
	if (slice_has(domain, '@'))
		domain = slice_skip(domain, slice_find_last(domain, '@') + 1);
	buf_add_cstr(out, "<spf>\n");
	element(out, "domain", domain);
	element_of(out, "scope", scope);
	element_of(out, "result", verdict_name(spf->result));
	buf_add_cstr(out, "</spf>\n");
}

void
dmarc_xml_row(const struct dmarc_report_row *row, struct buf *out)
{
	char ip[IP_TEXT_SIZE];

	ip_text(&row->source, ip);
	buf_add_cstr(out, "<record>\n<row>\n");
	element_of(out, "source_ip", ip);
	buf_addf(out, "<count>%" PRIu64 "</count>\n", row->count);
	write_evaluated(row, out);
	buf_add_cstr(out, "</row>\n<identifiers>\n");
	element(out, "header_from", row->header_from);
	element(out, "envelope_from", row->envelope_from);
	buf_add_cstr(out, "</identifiers>\n<auth_results>\n");
	for (size_t i = 0; i < row->verdicts->dkim_count; i++) {
		const struct verdict_dkim *dkim = &row->verdicts->dkim[i];

		buf_add_cstr(out, "<dkim>\n");
		element(out, "domain", dkim->domain);
		element(out, "selector", dkim->selector);
		element_of(out, "result", verdict_name(dkim->result));
		buf_add_cstr(out, "</dkim>\n");
	}
	write_spf(row, out);
	buf_add_cstr(out, "</auth_results>\n</record>\n");
}

void
dmarc_xml_end(struct buf *out)
{
	buf_add_cstr(out, "</feedback>\n");
}
