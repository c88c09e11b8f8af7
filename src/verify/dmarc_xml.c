/*
 * verify/dmarc_xml.c - elements in the order of the schema (and of RFC
 * 9990's tables, where the schema leaves it open).
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

/* What the record does not say has its default, RFC 9990, 3.1.1.5. */
static void
write_policy(const struct dmarc_report_head *head, struct buf *out)
{
	const struct dmarc_published *published = &head->published;
	enum dmarc_policy p = published->p != DMARC_POLICY_UNSET
	    ? published->p
	    : DMARC_POLICY_NONE;
	enum dmarc_policy sp =
	    published->sp != DMARC_POLICY_UNSET ? published->sp : p;

	buf_add_cstr(out, "<policy_published>\n");
	element(out, "domain", head->domain);
	element_of(out, "discovery_method", "treewalk");
	element_of(out, "p", dmarc_policy_name(p));
	element_of(out, "sp", dmarc_policy_name(sp));
	if (published->np != DMARC_POLICY_UNSET)
		element_of(out, "np", dmarc_policy_name(published->np));
	element_of(out, "adkim", published->adkim_strict ? "s" : "r");
	element_of(out, "aspf", published->aspf_strict ? "s" : "r");
	element_of(out, "testing", published->testing ? "y" : "n");
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
	    "</end></date_range>\n",
	    head->begin_s, head->end_s);
	if (head->error.n > 0)
		element(out, "error", head->error);
	element_of(out, "generator", "mtad");
	buf_add_cstr(out, "</report_metadata>\n");
	write_policy(head, out);
}

static void
write_reason(enum dmarc_override override, struct buf *out)
{
	static const struct {
		const char *type, *comment;
	} reasons[DMARC_OVERRIDES] = {
		[DMARC_OVERRIDE_ARC] = { "local_policy", "arc=pass" },
		[DMARC_OVERRIDE_OBSERVED] = { "local_policy",
		    "policies are not enforced here" },
		[DMARC_OVERRIDE_TEST] = { "policy_test_mode", NULL },
	};

	if (reasons[override].type == NULL)
		return;
	buf_add_cstr(out, "<reason>\n");
	element_of(out, "type", reasons[override].type);
	if (reasons[override].comment != NULL)
		element_of(out, "comment", reasons[override].comment);
	buf_add_cstr(out, "</reason>\n");
}

static void
write_evaluated(const struct dmarc_row *row, struct buf *out)
{
	static const char *const names[DMARC_DISPOSITIONS] = { "none", "pass",
		"quarantine", "reject" };

	buf_add_cstr(out, "<policy_evaluated>\n");
	element_of(out, "disposition", names[row->disposition]);
	element_of(out, "dkim", row->dkim_aligned ? "pass" : "fail");
	element_of(out, "spf", row->spf_aligned ? "pass" : "fail");
	write_reason(row->override, out);
	buf_add_cstr(out, "</policy_evaluated>\n");
}

/*
 * There is always one: MAIL FROM's, which a null sender has by HELO (RFC 7208,
 * 2.4). A row without a result says "none".
 */
static void
write_spf(const struct dmarc_row *row, struct buf *out)
{
	buf_add_cstr(out, "<spf>\n");
	element(out, "domain", row->spf_domain);
	element_of(out, "scope", "mfrom");
	element_of(out, "result",
	    row->spf == VERDICT_ABSENT || row->spf == VERDICT_POLICY
		? "none"
		: verdict_name(row->spf));
	buf_add_cstr(out, "</spf>\n");
}

/* RFC 8601, 2.7.1 has no softfail. */
static void
write_dkim(const struct dmarc_row_dkim *dkim, struct buf *out)
{
	buf_add_cstr(out, "<dkim>\n");
	element(out, "domain", dkim->domain);
	element(out, "selector", dkim->selector);
	element_of(out, "result",
	    dkim->result == VERDICT_ABSENT || dkim->result == VERDICT_SOFTFAIL
		? "none"
		: verdict_name(dkim->result));
	buf_add_cstr(out, "</dkim>\n");
}

void
dmarc_xml_row(const struct dmarc_row *row, uint64_t count, struct buf *out)
{
	char ip[IP_TEXT_SIZE];

	ip_text(&row->source, ip);
	buf_add_cstr(out, "<record>\n<row>\n");
	element_of(out, "source_ip", ip);
	buf_addf(out, "<count>%" PRIu64 "</count>\n", count);
	write_evaluated(row, out);
	buf_add_cstr(out, "</row>\n<identifiers>\n");
	element(out, "header_from", row->header_from);
	element(out, "envelope_from",
	    row->is_null_sender ? SLICE_NONE : row->spf_domain);
	buf_add_cstr(out, "</identifiers>\n<auth_results>\n");
	for (size_t i = 0; i < row->dkim_count; i++)
		write_dkim(&row->dkim[i], out);
	write_spf(row, out);
	buf_add_cstr(out, "</auth_results>\n</record>\n");
}

void
dmarc_xml_end(struct buf *out)
{
	buf_add_cstr(out, "</feedback>\n");
}
