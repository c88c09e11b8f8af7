/*
 * unit/spf_duel.c - see there. Records are made of well-formed terms: what
 * libspf2 takes for a term is another matter, and the conformance suite's.
 */
#include "tests/unit/spf_duel.h"

#include <string.h>

#include "mtactl/spf2.h"

enum { DOMAINS = 8, TERMS_MAX = 7, RECORD_SIZE = 512, ROUNDS_MAX = 200 };

/* "#" is one of the domains. */
static const char *const terms[] = { "a", "a:#", "a:#/28", "a/24//64", "mx",
	"mx:#", "mx:#//96", "ptr", "ptr:#", "include:#", "include:#",
	"include:#", "exists:#", "exists:%{i}.#", "exists:%{l1r-}.#", "a:%{d}",
	"include:%{d2}", "exists:%{ir}.%{v}.%{d}", "ip4:192.0.2.7",
	"ip4:192.0.2.0/29", "ip4:203.0.113.0/24", "ip6:2001:db8::7",
	"ip6:2001:db8::/32", "ip6:2001:db8:1::/48", "x=%{s}" };
static const char *const last[] = { "", "", " all", " -all", " ~all", " ?all",
	" redirect=#", " -all exp=#" };

struct world {
	struct slice input;
	uint8_t seed;
	char records[DOMAINS][RECORD_SIZE]; /* "": none */
};

static uint8_t
take(struct world *w)
{
	uint8_t c;

	/* Beyond its end the input goes on, so that short ones say much. */
	if (w->input.n == 0)
		return w->seed = (uint8_t)(w->seed * 5 + 3);
	c = (uint8_t)w->input.p[0];
	w->input = slice_skip(w->input, 1);
	w->seed = (uint8_t)(w->seed + c);
	return c;
}

static void
add(struct world *w, struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '#')
			buf_addf(out, "n%d.test", take(w) % DOMAINS);
		else
			buf_add_char(out, *text);
}

static void
make_record(struct world *w, char record[RECORD_SIZE])
{
	static const char *const qualifiers[] = { "", "", "+", "-", "~", "?" };
	struct buf out;

	buf_init(&out, RECORD_SIZE - 1);
	buf_add(&out, SLICE("v=spf1"));
	for (int count = take(w) % (TERMS_MAX + 1); count > 0; count--) {
		const char *term =
		    terms[take(w) % (sizeof(terms) / sizeof(terms[0]))];

		buf_add_char(&out, ' ');
		if (!slice_has(slice_of(term), '='))
			buf_add_cstr(&out, qualifiers[take(w) % 6]);
		add(w, &out, term);
	}
	add(w, &out, last[take(w) % (sizeof(last) / sizeof(last[0]))]);
	(void)slice_to_cstr(buf_slice(&out), record, RECORD_SIZE);
	buf_done(&out);
}

/* n7 does not exist, n6 can't be asked, n5 has no record; all else has all. */
static void
answer(const struct world *w, struct answers *answers, struct slice name,
    enum dns_type type)
{
	static const char *const hosts[] = { "n0.test", "n1.test", "n2.test" };
	struct dns_record records[3] = { { 0 } };
	struct dns_answer a = { .outcome = DNS_FOUND,
		.count = 1,
		.records = records };
	size_t n =
	    name.n == 7 && name.p[0] == 'n' && slice_ends_nocase(name, ".test")
	    ? (size_t)(name.p[1] - '0')
	    : DOMAINS;

	if (type == DNS_PTR)
		n = 0; /* of the client */
	if (type == DNS_TXT && n < DOMAINS)
		records[0].data = slice_of(w->records[n]);
	if (type == DNS_A)
		records[0].ip =
		    (struct ip){ 4, { 192, 0, 2, (uint8_t)(n + 5) } };
	if (type == DNS_AAAA)
		records[0].ip = (struct ip){ 6,
			{ 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(n + 5) } };
	if (type == DNS_MX || type == DNS_PTR)
		for (a.count = 0; a.count < 1 + n % 3; a.count++)
			records[a.count].data =
			    slice_of(hosts[(n + a.count) % 3]);
	if (n >= 7)
		a.outcome = DNS_NO_NAME;
	else if (n == 6)
		a.outcome = DNS_TEMPORARY;
	else if (n == 5 && type == DNS_TXT)
		a.outcome = DNS_NO_DATA;
	if (a.outcome != DNS_FOUND)
		a.count = 0;
	answers_put(answers, name, type, &a);
}

static void
answer_missing(const struct world *w, struct answers *answers)
{
	struct slice name;
	enum dns_type type;

	while (answers_missing(answers, 0, &name, &type))
		answer(w, answers, name, type);
}

static bool
starts(const char *reason, const char *with)
{
	return slice_starts(slice_of(reason), with);
}

/* The table of what is known. NULL: this is none of it. */
static const char *
known_difference(const struct spf_duel *d)
{
	if (!d->they_judged)
		return NULL;
	if (starts(d->ours.reason, "too many questions without an answer"))
		return "it has no limit of questions without an answer";
	if (starts(d->ours.reason, "more than ten terms"))
		return "it counts the terms of each record for itself";
	return NULL;
}

/* One that many terms match, one that few do. */
static void
choose_client(uint8_t choice, struct ip *client)
{
	if (choice % 4 == 0)
		*client = (struct ip){ 6, { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
	else if (choice % 4 == 1)
		*client = (struct ip){ 4, { 198, 51, 100, 7 } };
	else
		*client = (struct ip){ 4, { 192, 0, 2, 7 } };
}

void
spf_duel_fight(struct slice input, struct buf *world, struct spf_duel *d)
{
	struct world w = { .input = input, .seed = 1 };
	struct answers *answers = answers_new(1000, 4 << 20);
	struct spf_query q = { .client = { 4, { 192, 0, 2, 7 } },
		.local = SLICE("me-tag"),
		.domain = SLICE("n0.test"),
		.helo = SLICE("n1.test"),
		.receiver = SLICE("mx.test") };
	int rounds = 0;

	choose_client(take(&w), &q.client);
	for (size_t i = 0; i < DOMAINS; i++) {
		make_record(&w, w.records[i]);
		buf_addf(world, "n%zu.test %s\n", i, w.records[i]);
	}
	*d = (struct spf_duel){ 0 };
	for (;;) {
		spf_check(&q, answers, &d->ours);
		if (d->ours.result != SPF_AGAIN)
			break;
		answer_missing(&w, answers);
	}
	while ((d->they_judged = spf2_check(&q, answers, &d->theirs)) &&
	    d->theirs.result == SPF_AGAIN) {
		must(++rounds < ROUNDS_MAX);
		answer_missing(&w, answers);
	}
	d->agree = d->they_judged && d->ours.result == d->theirs.result;
	d->known = d->agree ? NULL : known_difference(d);
	answers_free(&answers);
}
