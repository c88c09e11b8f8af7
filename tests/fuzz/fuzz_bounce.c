/*
 * fuzz/fuzz_bounce.c - any bytes at all, into bounce/:
 * whatever servers, senders and originals say, the report is lines of CRLF,
 * its header is ours, and its boundary is met four times.
 */
#include <stdint.h>

#include "bounce/bounce.h"
#include "mail/header.h"
#include "mail/utf8.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int64_t
read_original(uint64_t offset, char *bytes, size_t n, void *arg)
{
	const struct slice *original = arg;
	struct slice rest =
	    slice_head(slice_skip(*original, (size_t)offset), n);

	if (rest.n > 0)
		memcpy(bytes, rest.p, rest.n);
	return (int64_t)rest.n;
}

static void
keep(struct slice s, void *arg)
{
	buf_add(arg, s);
}

static unsigned
count_of(struct slice s, struct slice what)
{
	unsigned count = 0;
	size_t at;

	while ((at = slice_find_str(s, what)) < s.n) {
		count++;
		s = slice_skip(s, at + 1);
	}
	return count;
}

static void
check_report(const struct buf *report, const struct bounce_envelope *to)
{
	struct slice all = buf_slice(report);
	struct slice header = slice_head(all, header_length(all));
	struct slice boundary;
	struct header_field field;
	struct buf delimiter;

	must(header.n > 0);
	must(header_count(header, "To") == 1);
	must(header_count(header, "Subject") == 1);
	must(header_count(header, "Bcc") == 0);
	must(header_find(header, "Content-Type", &field));
	boundary = slice_skip(field.body,
	    slice_find_str(field.body, SLICE("boundary=\"")) + 10);
	boundary = slice_take_until(&boundary, '"');
	must(boundary.n > 10);
	/* Strangers' words may have it in them, but never begin a line. */
	buf_init(&delimiter, 100);
	buf_addf(&delimiter, "\r\n--%.*s", SLICE_ARGS(boundary));
	must(count_of(all, buf_slice(&delimiter)) == 4);
	buf_done(&delimiter);
	must(utf8_is_ascii(header) || to->smtputf8);
	must(to->body == BODY_8BITMIME || utf8_is_ascii(all));
}

/* Lines: reply, host, ORCPT's text, ENVID, original. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	uint8_t dice = size > 0 ? data[0] : 0;
	struct recipient recipient = { SLICE("bob@example.net"), SLICE_NONE,
		0 };
	struct envelope envelope = { .sender = SLICE("alice@example.org") };
	struct bounce_recipient fate = { .recipient = &recipient };
	struct slice original;
	struct bounce bounce = {
		.kind = (enum bounce_kind)(BOUNCE_FAILURE + dice % 4),
		.envelope = &envelope,
		.recipients = &fate,
		.count = 1,
		.hostname = SLICE("mx.example.org"),
		.postmaster = SLICE("postmaster@example.org"),
		.full_max = 4096,
		.read = read_original,
		.read_arg = &original,
	};
	struct bounce_envelope to;
	struct buf report;

	fate.fate = fate_from_reply(550 - 100 * (dice >> 7),
	    slice_take_until(&in, '\n'));
	fate.host = slice_head(slice_take_until(&in, '\n'), 255);
	recipient.orcpt = slice_head(slice_take_until(&in, '\n'), 500);
	recipient.address = slice_head(slice_take_until(&in, '\n'), 254);
	envelope.envid = slice_head(slice_take_until(&in, '\n'), 100);
	envelope.ret = (enum envelope_ret)(dice / 4 % 3);
	envelope.smtputf8 = (dice & 64) != 0;
	envelope.size = in.n;
	if (envelope.smtputf8 && (dice & 32) != 0)
		envelope.sender = SLICE("\xc3\xa1@example.org");
	original = in;
	buf_init(&report, size * 8 + 65536);
	must(bounce_write(&bounce, keep, &report, &to) == 0);
	must(!buf_failed(&report));
	check_report(&report, &to);
	buf_done(&report);
	return 0;
}
