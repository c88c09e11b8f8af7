/*
 * schedule/report_mail.h - the message that carries a report about a domain:
 * fields, a few words for people, the packed report (RFC 8460, 5.3; RFC 9990,
 * 3.5.2).
 */
#ifndef SCHEDULE_REPORT_MAIL_H
#define SCHEDULE_REPORT_MAIL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Who reports. All borrowed. */
struct report_sender {
	struct slice organization; /* our host's name */
	struct slice contact;      /* an address; empty: no reports are sent */
};

struct report_mail {
	const struct report_sender *sender;
	struct slice domain; /* whom it is about */
	struct slice recipient;
	const char *day;
	const char *kind;       /* "tlsrpt": for the boundary */
	const char *multipart;  /* Content-Type of the whole */
	struct slice fields;    /* more of the header, CRLF each; or empty */
	const char *words;      /* "TLS report": for people */
	const char *media_type; /* of the packed report */
	struct slice file_name;
	struct slice gzip;
};

/* "DAY.DOMAIN@ORGANIZATION": the same in the report and the fields. */
void report_mail_id(const struct report_sender *, struct slice domain,
    const char *day, struct buf *);
void report_mail_write(const struct report_mail *, int64_t wall_ms,
    struct buf *message);

#endif
