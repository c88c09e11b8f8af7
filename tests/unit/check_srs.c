/* unit/check_srs.c - there and back; nothing but what we made leads back. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/time.h"
#include "mail/srs.h"

#define NOW ((int64_t)20782 * DAY)
#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* No hash for the world, but one that each octet and the secret change. */
static void
toy_hash(struct slice secret, struct slice text,
    unsigned char out[SRS_DIGEST_SIZE])
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < secret.n; i++)
		h = (h ^ (unsigned char)secret.p[i]) * 1099511628211u;
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	memset(out, 0, SRS_DIGEST_SIZE);
	memcpy(out, &h, sizeof(h));
}

static const struct srs ours = { SLICE("ours.example"), SLICE("now\nold\n"),
	toy_hash };
static const struct srs older = { SLICE("ours.example"), SLICE("old\n"),
	toy_hash };
static const struct srs others = { SLICE("ours.example"), SLICE("evil\n"),
	toy_hash };

static char text[1024];
static char back[1024];

static const char *
forward(const struct srs *srs, const char *sender)
{
	struct buf out;

	buf_init(&out, sizeof(text) - 1);
	text[0] = '\0';
	if (srs_forward(srs, slice_of(sender), NOW, &out))
		ck_assert(slice_to_cstr(buf_slice(&out), text, sizeof(text)));
	buf_done(&out);
	return text;
}

static enum srs_verdict
reverse(const char *recipient, int64_t now)
{
	struct buf out;
	enum srs_verdict verdict;

	buf_init(&out, sizeof(back) - 1);
	verdict = srs_reverse(&ours, slice_of(recipient), now, &out);
	ck_assert(slice_to_cstr(buf_slice(&out), back, sizeof(back)));
	ck_assert_int_eq(verdict == SRS_GOOD, out.n > 0);
	buf_done(&out);
	return verdict;
}

static const char *const senders[] = { "a@x.example", "A.b+c@X.example",
	"a=b=c@x.example", "\"a b\"@x.example", "\"a@b\"@x.example",
	"a-b@sub.x.example" };

START_TEST(what_we_made_leads_back)
{
	forward(&ours, senders[_i]);
	ck_assert(slice_ends_nocase(slice_of(text), "@ours.example"));
	ck_assert_int_eq(reverse(text, NOW), SRS_GOOD);
	ck_assert_str_eq(back, senders[_i]);
	for (char *p = text; *p != '@'; p++) /* as relays may fold it */
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	ck_assert_int_eq(reverse(text, NOW), SRS_GOOD);
}
END_TEST

START_TEST(a_changed_letter_is_a_forgery)
{
	size_t n = strlen(forward(&ours, "victim@x.example")) -
	    strlen("@ours.example");
	char changed[sizeof(text)];

	for (size_t i = 5; i < n; i++) {
		memcpy(changed, text, sizeof(text));
		changed[i] = changed[i] == 'q' ? 'z' : 'q';
		ck_assert_int_eq(reverse(changed, NOW), SRS_FORGED);
	}
	ck_assert_int_eq(reverse(forward(&others, "a@x.example"), NOW),
	    SRS_FORGED);
	ck_assert_int_eq(reverse("SRS0=@ours.example", NOW), SRS_FORGED);
	ck_assert_int_eq(reverse("SRS0===@ours.example", NOW), SRS_FORGED);
	ck_assert_int_eq(reverse("SRS1=x=y.example==z@ours.example", NOW),
	    SRS_FORGED);
}
END_TEST

START_TEST(an_old_secret_is_good_and_an_old_address_is_not)
{
	ck_assert_int_eq(reverse(forward(&older, "a@x.example"), NOW),
	    SRS_GOOD);
	forward(&ours, "a@x.example");
	ck_assert_int_eq(reverse(text, NOW + 21 * DAY), SRS_GOOD);
	ck_assert_int_eq(reverse(text, NOW + 22 * DAY), SRS_EXPIRED);
	ck_assert_int_eq(reverse(text, NOW - DAY), SRS_EXPIRED);
}
END_TEST

START_TEST(other_addresses_are_left_alone)
{
	ck_assert_int_eq(reverse("a@ours.example", NOW), SRS_OTHER);
	ck_assert_int_eq(reverse("SRS0@ours.example", NOW), SRS_OTHER);
	ck_assert_int_eq(reverse("SRS0=a=b=c=d@x.example", NOW), SRS_OTHER);
	ck_assert_int_eq(reverse("", NOW), SRS_OTHER);
	ck_assert_str_eq(forward(&ours, ""), "");
	ck_assert_str_eq(forward(&ours, "a@[192.0.2.1]"), "");
}
END_TEST

START_TEST(what_others_forwarded_goes_back_to_the_first_of_them)
{
	forward(&ours, "SRS0=h4sh=tt=x.example=a@first.example");
	ck_assert(slice_starts(slice_of(text), "SRS1="));
	ck_assert_int_eq(reverse(text, NOW), SRS_GOOD);
	ck_assert_str_eq(back, "SRS0=h4sh=tt=x.example=a@first.example");
	forward(&ours,
	    "SRS1=th3m=first.example==h4sh=tt=x.example=a@second.example");
	ck_assert_int_eq(reverse(text, NOW), SRS_GOOD);
	ck_assert_str_eq(back, "SRS0=h4sh=tt=x.example=a@first.example");
	/* A proof for one form is none for the other. */
	memcpy(text, "SRS0", 4);
	ck_assert_int_eq(reverse(text, NOW), SRS_FORGED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("srs");
	TCase *tc = tcase_create("srs");

	tcase_add_loop_test(tc, what_we_made_leads_back, 0, COUNT(senders));
	tcase_add_test(tc, a_changed_letter_is_a_forgery);
	tcase_add_test(tc, an_old_secret_is_good_and_an_old_address_is_not);
	tcase_add_test(tc, other_addresses_are_left_alone);
	tcase_add_test(tc,
	    what_others_forwarded_goes_back_to_the_first_of_them);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
