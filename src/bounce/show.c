/*
 * bounce/show.c - small pieces of a report.
 */
#include "bounce/show.h"

#include "base/time.h"
#include "mail/header_writer.h"
#include "mail/utf8.h"

/* The number of the well-formed character of n bytes, more than one. */
static unsigned
code_point(const char *p, size_t n)
{
	unsigned c = (unsigned char)p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3fu);
	return c;
}

void
show_address(struct buf *out, struct slice s, bool utf8)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);

		if (n > 1 && !utf8) {
			buf_addf(out, "\\x{%X}", code_point(s.p, n));
		} else {
			if (n == 0)
				n = 1;
			header_add_safe(out, slice_head(s, n), utf8);
		}
		s = slice_skip(s, n);
	}
}

void
show_duration(struct buf *out, int64_t ms)
{
	int64_t minutes = ms / MINUTE > 0 ? ms / MINUTE : 1;

	if (ms >= 2 * DAY)
		buf_addf(out, "%lld days", (long long)(ms / DAY));
	else if (ms >= 2 * (int64_t)HOUR)
		buf_addf(out, "%lld hours", (long long)(ms / HOUR));
	else
		buf_addf(out, "%lld minute%s", (long long)minutes,
		    minutes == 1 ? "" : "s");
}

void
show_date_field(struct buf *out, const char *name, int64_t wall_ms)
{
	char date[TIME_RFC5322_SIZE];

	time_rfc5322(wall_ms, date);
	buf_addf(out, "%s: %s\r\n", name, date);
}
