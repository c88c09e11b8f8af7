/*
 * unit/bounce_samples.h - originals and their fates, to write reports of.
 */
#ifndef UNIT_BOUNCE_SAMPLES_H
#define UNIT_BOUNCE_SAMPLES_H

#include <string.h>

#include "bounce/bounce.h"

#define SAMPLE_ARRIVED 1795489200000
#define SAMPLE_DAY ((int64_t)24 * 3600 * 1000)
#define SAMPLE_ALICE_UTF8 "\xc3\xa1lice@example.org"
#define SAMPLE_BOB_UTF8 \
	"b\xc3\xb6"     \
	"b@example.net"

struct sample {
	const char *name;
	enum bounce_kind kind;
	const char *sender, *envid;
	enum envelope_ret ret;
	bool smtputf8, expired;
	unsigned count; /* recipients: bob, carol, then the rest */
	const char *recipient, *orcpt, *host;
	enum fate_kind fate;
	const char *reply;
	bool ours;
	const char *content;
};

static const char sample_plain[] = "Received: from here\r\n"
				   "Message-ID: <one@example.org>\r\n"
				   "From: alice@example.org\r\n"
				   "Subject: Lunch\r\n on Friday?\r\n"
				   "\r\n"
				   "Shall we?\r\n"
				   ".\r\n";
static const char sample_eight_bit[] = "Subject: =?utf-8?q?=C3=BC?=\r\n"
				       "\r\n"
				       "gr\xc3\xbc\xc3\x9f dich\r\n";
static const char sample_utf8[] = "Subject: gr\xc3\xbc\xc3\x9f\r\n"
				  "From: " SAMPLE_ALICE_UTF8 "\r\n"
				  "\r\n"
				  "hello\r\n";

/* clang-format off */
static const struct sample samples[] = {
	{ "failure", BOUNCE_FAILURE, "alice@example.org", "QQ+2B1", RET_HDRS,
	    false, false, 1, "bob@example.net", "rfc822;b+2Bob@example.net",
	    "mx.example.net", FATE_FAILED,
	    "550 5.1.1 <bob@example.net>: no such user here", false,
	    sample_plain },
	{ "full", BOUNCE_FAILURE, "alice@example.org", "", RET_FULL,
	    false, false, 3, "bob@example.net", "", "mx.example.net",
	    FATE_FAILED, "552 5.2.2 mailbox full", false, sample_plain },
	{ "eight-bit", BOUNCE_FAILURE, "alice@example.org", "", RET_FULL,
	    false, false, 1, "bob@example.net", "", "mx.example.net",
	    FATE_FAILED, "552 5.3.4 too big", false, sample_eight_bit },
	{ "expired", BOUNCE_FAILURE, "alice@example.org", "", RET_NONE,
	    false, true, 1, "bob@example.net", "", "mx.example.net",
	    FATE_FAILED, "451 4.4.1 connection timed out", true,
	    sample_plain },
	{ "delay", BOUNCE_DELAY, "alice@example.org", "", RET_FULL,
	    false, false, 2, "bob@example.net", "", "",
	    FATE_DEFERRED, "451 4.4.1 connection refused", true,
	    sample_plain },
	{ "success", BOUNCE_SUCCESS, "alice@example.org", "", RET_NONE,
	    false, false, 1, "bob@example.net", "", "mx.example.net",
	    FATE_RELAYED, "250 2.0.0 ok", false, sample_plain },
	{ "mailbox", BOUNCE_SUCCESS, "alice@example.org", "", RET_NONE,
	    false, false, 1, "bob@example.net", "", "",
	    FATE_DELIVERED, "250 2.1.5 ok", true, sample_plain },
	{ "double", BOUNCE_DOUBLE, "", "", RET_NONE,
	    false, false, 1, "bob@example.net", "", "mx.example.net",
	    FATE_FAILED, "550 5.7.1 relay access denied", false,
	    sample_plain },
	{ "utf8", BOUNCE_FAILURE, SAMPLE_ALICE_UTF8, "", RET_FULL,
	    true, false, 1, SAMPLE_BOB_UTF8, "utf-8;b\\x{F6}b@example.net",
	    "mx.example.net", FATE_FAILED, "550 5.1.1 gr\xc3\xbc\xc3\x9f",
	    false, sample_utf8 },
	{ "utf8-to-ascii", BOUNCE_FAILURE, "alice@example.org", "", RET_HDRS,
	    true, false, 1, SAMPLE_BOB_UTF8, "utf-8;" SAMPLE_BOB_UTF8,
	    "mx.example.net", FATE_FAILED, "550 5.6.7 gr\xc3\xbc\xc3\x9f",
	    false, sample_utf8 },
	{ "hostile", BOUNCE_FAILURE, "alice@example.org", "", RET_HDRS,
	    false, false, 1, "\"a\\ b\"@example.net", "", "mx\r\nBcc: x",
	    FATE_FAILED, "550 5.1.1 a\r\n\r\n--report-0000000000007-0\r\n"
	    "Bcc: all\x1b[2J\xff", false,
	    "Subject: a\r\n b --report-0000000000007-0\r\n"
	    "Message-ID: <a b>\r\n\r\n" },
	{ "no-header", BOUNCE_FAILURE, "alice@example.org", "", RET_HDRS,
	    false, false, 50, "bob@example.net", "", "", FATE_FAILED, "",
	    false, "no field at all" },
};
/* clang-format on */

enum {
	SAMPLE_COUNT = sizeof(samples) / sizeof(samples[0]),
	SAMPLE_RECIPIENTS_MAX = 50,
};

/* Gives seven bytes at most, as disks and networks may. */
static int64_t
sample_read(uint64_t offset, char *bytes, size_t n, void *arg)
{
	struct slice rest = slice_skip(slice_of(arg), (size_t)offset);

	rest = slice_head(rest, n < 7 ? n : 7);
	if (rest.n > 0)
		memcpy(bytes, rest.p, rest.n);
	return (int64_t)rest.n;
}

/* Writes the report of a sample; what bounce_write() says. */
static int
sample_write(const struct sample *s, size_t full_max, bounce_read_fn *read,
    bounce_sink_fn *sink, void *arg, struct bounce_envelope *out)
{
	struct recipient recipients[SAMPLE_RECIPIENTS_MAX];
	struct bounce_recipient fates[SAMPLE_RECIPIENTS_MAX];
	char content[1024];
	struct envelope envelope = {
		.arrived_ms = SAMPLE_ARRIVED,
		.size = strlen(s->content),
		.sender = slice_of(s->sender),
		.envid = slice_of(s->envid),
		.ret = s->ret,
		.smtputf8 = s->smtputf8,
		.recipients = recipients,
		.recipient_count = s->count,
	};
	struct bounce bounce = {
		.kind = s->kind,
		.envelope = &envelope,
		.recipients = fates,
		.count = s->count,
		.hostname = SLICE("mx.example.org"),
		.postmaster = SLICE("postmaster@example.org"),
		.id = 7,
		.now_ms = SAMPLE_ARRIVED + 5 * SAMPLE_DAY,
		.expires_ms = SAMPLE_ARRIVED + 6 * SAMPLE_DAY,
		.full_max = full_max,
		.read = read,
		.read_arg = content,
	};

	must(slice_to_cstr(slice_of(s->content), content, sizeof(content)));
	for (unsigned i = 0; i < s->count; i++) {
		recipients[i] = (struct recipient){
			.address = i == 0 ? slice_of(s->recipient)
					  : SLICE("carol@example.com"),
			.orcpt = i == 0 ? slice_of(s->orcpt) : SLICE_NONE,
		};
		fates[i] = (struct bounce_recipient){
			.recipient = &recipients[i],
			.fate = fate_from_reply(0, SLICE_NONE),
			.host = slice_of(s->host),
			.last_attempt_ms = SAMPLE_ARRIVED + 4 * SAMPLE_DAY,
			.expired = s->expired,
		};
		if (s->reply[0] != '\0')
			fates[i].fate = fate_from_reply((s->reply[0] - '0') *
				    100 +
				(s->reply[1] - '0') * 10 + s->reply[2] - '0',
			    slice_of(s->reply));
		fates[i].fate.kind = s->fate;
		fates[i].fate.ours = s->ours;
	}
	return bounce_write(&bounce, sink, arg, out);
}

#endif
