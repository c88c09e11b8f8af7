/*
 * schedule/report_mail.c - names may be long, so each has a line of its own.
 */
#include "schedule/report_mail.h"

#include "base/base64.h"
#include "base/time.h"

enum { LINE_WIDTH = 76, ID_MAX = 1024 };

static void
add_base64(struct slice bytes, struct buf *out)
{
	struct slice rest;
	struct buf text;

	buf_init(&text, bytes.n * 2 + 4);
	base64_encode(bytes, &text);
	for (rest = buf_slice(&text); rest.n > 0;
	     rest = slice_skip(rest, LINE_WIDTH)) {
		buf_add(out, slice_head(rest, LINE_WIDTH));
		buf_add_cstr(out, "\r\n");
	}
	buf_done(&text);
}

void
report_mail_id(const struct report_sender *sender, struct slice domain,
    const char *day, struct buf *out)
{
	buf_addf(out, "%s.%.*s@%.*s", day, SLICE_ARGS(domain),
	    SLICE_ARGS(sender->organization));
}

static void
add_header(const struct report_mail *m, int64_t wall_ms, struct buf *out)
{
	char date[TIME_RFC5322_SIZE];
	struct slice organization = m->sender->organization;
	struct buf id;

	buf_init(&id, ID_MAX);
	report_mail_id(m->sender, m->domain, m->day, &id);
	time_rfc5322(wall_ms, date);
	buf_addf(out,
	    "From: <%.*s>\r\nTo: <%.*s>\r\nDate: %s\r\n"
	    "Subject: Report Domain: %.*s\r\n\tSubmitter: %.*s\r\n"
	    "\tReport-ID: <%.*s>\r\nMessage-ID: <%.*s>\r\n",
	    SLICE_ARGS(m->sender->contact), SLICE_ARGS(m->recipient), date,
	    SLICE_ARGS(m->domain), SLICE_ARGS(organization), (int)id.n, id.p,
	    (int)id.n, id.p);
	buf_add(out, m->fields);
	buf_addf(out,
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: %s;\r\n\tboundary=\"=_%s\"\r\n\r\n",
	    m->multipart, m->kind);
	buf_done(&id);
}

void
report_mail_write(const struct report_mail *m, int64_t wall_ms,
    struct buf *message)
{
	add_header(m, wall_ms, message);
	buf_addf(message,
	    "--=_%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
	    "This is the %s of %.*s\r\nabout %.*s on %s (UTC).\r\n\r\n"
	    "--=_%s\r\nContent-Type: %s\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment;\r\n"
	    "\tfilename=\"%.*s\"\r\n\r\n",
	    m->kind, m->words, SLICE_ARGS(m->sender->organization),
	    SLICE_ARGS(m->domain), m->day, m->kind, m->media_type,
	    SLICE_ARGS(m->file_name));
	add_base64(m->gzip, message);
	buf_addf(message, "--=_%s--\r\n", m->kind);
}
