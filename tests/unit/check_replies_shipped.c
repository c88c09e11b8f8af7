/*
 * unit/check_replies_shipped.c - what conf/replies.conf makes of replies like
 * those that providers publish. No rule of it stands there in vain.
 */
#include "tests/unit/run.h"
#include "tests/unit/source.h"

#include <stdio.h>

#include "conf/replies.h"

static const char gmail[] = "alt1.gmail-smtp-in.l.google.com";
static const char old_gmail[] = "aspmx2.googlemail.com";
static const char relay[] = "smtp-relay.gmail.com";
static const char hotmail[] = "hotmail-com.olc.protection.outlook.com";
static const char exchange[] = "example-org.mail.protection.outlook.com";
static const char dnssec[] = "example-org.o-v1.mx.microsoft";
static const char yahoo[] = "mta7.am0.yahoodns.net";
static const char icloud[] = "mx01.mail.icloud.com";
static const char comcast[] = "mx2h1.comcast.net";
static const char gmx[] = "mx00.emig.gmx.net";
static const char webde[] = "mx-ha02.web.de";
static const char other[] = "mx.example.net";

/* clang-format off */
static const struct {
	const char *host;
	int code;
	const char *reply;
	const char *rule; /* NULL: none */
} samples[] = {
	{ gmail, 421, "421 4.7.28 unusual rate of mail from your IP address",
	    "google-rate-address" },
	{ old_gmail, 421, "421 4.7.28 unusual rate of mail from your IP Netblock",
	    "google-rate-address2" },
	{ gmail, 421, "421 4.7.28 unusual rate of mail from your DKIM domain",
	    "google-rate-domain" },
	{ old_gmail, 421, "421 4.7.28 unusual rate of mail from your SPF domain",
	    "google-rate-domain2" },
	{ gmail, 421, "421 4.7.0 an unusual rate of unsolicited mail",
	    "google-unusual-rate" },
	{ gmail, 421, "421 4.7.26 neither SPF nor DKIM", "google-not-authentic" },
	{ gmail, 550, "550 5.7.26 neither SPF nor DKIM", NULL },
	{ gmail, 450, "450 4.2.1 The user is receiving mail too quickly",
	    "google-mailbox-rate" },
	{ gmail, 421, "421 4.4.5 Server busy", "google-busy" },
	{ relay, 550, "550 5.4.5 Daily user sending limit exceeded",
	    "google-relay-quota" },
	{ relay, 550, "550 5.7.1 Daily SMTP relay limit exceeded for user",
	    "google-relay-limit" },
	{ gmail, 550, "550 5.1.1 The account does not exist", NULL },
	{ hotmail, 421, "421 RP-001 (COL0) Rate limits exceeded", "outlook-rate" },
	{ hotmail, 421, "421 RP-003 (COL0) The limit of connections",
	    "outlook-connections" },
	{ hotmail, 451, "451 4.7.650 rate limited due to IP reputation",
	    "outlook-reputation" },
	{ hotmail, 550, "550 5.7.1 part of their network is listed (S3150)",
	    "outlook-listed" },
	{ hotmail, 550, "550 DY-001 (COL0) not sent", "outlook-unwanted" },
	{ hotmail, 550, "550 OU-002 (COL0) not sent", "outlook-policy" },
	{ hotmail, 550, "550 SC-001 (COL0) not sent", "outlook-blocked" },
	{ hotmail, 550, "550 5.5.0 mailbox unavailable (S2017062302)", NULL },
	{ exchange, 451, "451 4.7.500 Server busy", "exchange-throttled" },
	{ dnssec, 451, "451 4.7.500 Server busy", "exchange-throttled2" },
	{ exchange, 550, "550 5.7.606 banned sending IP", "exchange-banned" },
	{ dnssec, 550, "550 5.7.606 banned sending IP", "exchange-banned2" },
	{ exchange, 550, "550 5.7.511 banned sender", "exchange-support" },
	{ exchange, 421, "421 4.3.2 Service not available", "exchange-full" },
	{ yahoo, 421, "421 4.7.0 [TSS04] temporarily deferred", "yahoo-volume" },
	{ yahoo, 421, "421 4.7.1 [TS03] permanently deferred",
	    "yahoo-for-ever" },
	{ yahoo, 421, "421 4.7.0 [TS01] temporarily deferred",
	    "yahoo-complaints" },
	{ yahoo, 451, "451 4.7.1 [GL01] not now", "yahoo-greylisting" },
	{ yahoo, 421, "421 Max message per connection reached", "yahoo-enough" },
	{ yahoo, 451, "451 Resources temporarily unavailable", "yahoo-busy" },
	{ yahoo, 553, "553 5.7.1 [BL21] listed", "yahoo-listed" },
	{ yahoo, 554, "554 delivery error: no such account", NULL },
	{ icloud, 421, "421 4.7.1 too many from this address", "apple-rate" },
	{ icloud, 554, "554 5.7.1 your IP is blocked, see ip.proofpoint.com",
	    "apple-listed" },
	{ comcast, 421, "421 4.1.0 192.0.2.1 has sent too much RL000003",
	    "comcast-rate" },
	{ comcast, 421, "421 4.1.0 192.0.2.1 Throttled - try again later",
	    "comcast-throttled" },
	{ comcast, 554, "554 5.7.1 blocked: comcast.net/codes#BL000110",
	    "comcast-listed" },
	{ comcast, 421, "421 Too many sessions opened", "too-many-sessions" },
	{ gmx, 421, "421 Rate limit reached", "gmx-rate" },
	{ webde, 421, "421 Rate limit reached", "webde-rate" },
	{ gmx, 450, "450 Reject due to policy violations", "gmx-policy" },
	{ webde, 421, "421 Reject due to policy violations", "webde-policy" },
	{ gmx, 554, "554 gmx.net No SMTP service IP address is block listed.",
	    "gmx-listed" },
	{ webde, 554, "554 web.de No SMTP service IP address is block listed.",
	    "webde-listed" },
	{ gmx, 550, "550 mailbox unavailable", NULL },
	{ other, 421, "421 4.7.0 Error: too many connections from 192.0.2.1",
	    "too-many-connections" },
	{ other, 421, "421 Too many concurrent requests", "too-many-at-once" },
	{ other, 452, "452 4.3.2 Connection rate exceeded", "connection-rate" },
	{ other, 451, "451 4.7.1 Rate limited", "rate-limited" },
	{ other, 554, "554 5.7.1 Client host [192.0.2.1] blocked using a.example",
	    "on-block-list" },
	{ other, 450, "450 4.2.0 Greylisted", NULL },
};
/* clang-format on */

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static struct buf text;
static struct replies *shipped;

static void
complain(unsigned line, const char *what, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "conf/replies.conf:%u: %s\n", line, what);
}

static void
read_shipped(void)
{
	read_source("conf/replies.conf", &text);
	shipped = replies_parse(buf_slice(&text), complain, NULL);
	ck_assert_ptr_nonnull(shipped);
}

static void
drop_shipped(void)
{
	replies_free(&shipped);
	buf_done(&text);
}

static const struct reply_rule *
rule_for(unsigned sample)
{
	const struct fate fate = fate_from_reply(samples[sample].code,
	    slice_of(samples[sample].reply));

	return replies_match(shipped, slice_of(samples[sample].host), &fate);
}

START_TEST(what_providers_say_is_understood)
{
	const struct reply_rule *rule = rule_for((unsigned)_i);

	if (samples[_i].rule == NULL)
		ck_assert_ptr_null(rule);
	else
		ck_assert(
		    rule != NULL && slice_is(rule->name, samples[_i].rule));
}
END_TEST

START_TEST(each_rule_is_somebodys)
{
	for (size_t i = 0; i < replies_count(shipped); i++) {
		const struct reply_rule *rule = replies_rule(shipped, i);
		unsigned met = 0;

		for (unsigned s = 0; s < SAMPLES; s++)
			met += rule_for(s) == rule;
		ck_assert_msg(met > 0, "%.*s", SLICE_ARGS(rule->name));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("replies_shipped");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, read_shipped, drop_shipped);
	tcase_add_loop_test(tc, what_providers_say_is_understood, 0, SAMPLES);
	tcase_add_test(tc, each_rule_is_somebodys);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
