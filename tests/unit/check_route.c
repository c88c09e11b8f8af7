/* unit/check_route.c - whose recipient it is, whether it exists, where it goes.
 */
#include "tests/unit/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "route/route.h"

static char folder[] = "/tmp/check_route.XXXXXX";
static struct conf *conf;

static const char *
path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* "@/" in a text stands for the test's folder. */
static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	for (; *text != '\0'; text++)
		if (text[0] == '@' && text[1] == '/')
			(void)fputs(folder, f);
		else
			(void)fputc(*text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void
show(const char *message, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", message);
}

static const char main_conf[] =
    "hostname = \"mx.ours.example\"\n"
    "postmaster = \"boss@ours.example\"\n"
    "user = \"root\"\n"
    "auth { users = \"file:@/users\" senders = \"file:@/senders\" }\n"
    "domain \"ours.example\" {\n"
    "  deliver = \"maildir:/var/mail/%{local}\"\n"
    "  mailboxes = \"file:@/mailboxes\"\n"
    "  aliases = \"file:@/aliases\" }\n"
    "domain \"open.example\" { deliver = \"mx\" }\n"
    "domain \"caught.example\" { deliver = \"mx\"\n"
    "  mailboxes = \"file:@/mailboxes\" catch_all = \"bob@ours.example\"\n"
    "  subaddress = \"\" }\n"
    "domain \"people.example\" { deliver = \"mx\" mailboxes = \"system\" }\n"
    "domain \"wild.example\" { deliver = \"mx\"\n"
    "  mailboxes = \"file:@/mailboxes\" aliases = \"file:@/aliases\" }\n"
    "route \"*\" { via = \"smtp:smart.example\" }\n"
    "route \"partner.example\" { via = \"mx\" }\n"
    "route \".partner.example\" { via = \"discard:\" }\n"
    "route \".b.partner.example\" { via = \"discard:\" }\n"
    "route \"Boss@Partner.example\" { via = \"discard:\" }\n"
    "shaping \"*\" { connections = 1 }\n"
    "shaping \"mx:*.google.com\" { connections = 2 }\n"
    "shaping \"mx:*\" { connections = 3 }\n"
    "shaping \".slow.example\" { connections = 4 }\n"
    "shaping \"a.slow.example\" { connections = 5 }\n";

static const char mailboxes[] = "bob@ours.example\n"
				"alice@ours.example\n"
				"odd%name@ours.example\n"
				"\"quoted name@ours.example\"\n"
				"carol\n"
				"box@wild.example\n";

static const char aliases[] =
    "info@ours.example: bob@ours.example, alice@ours.example\n"
    "sales: info\n"
    "bob: bob, archive@elsewhere.example\n"
    "alice: \\alice, \"a b\"@elsewhere.example\n"
    "ring1: ring2\n"
    "ring2: ring1\n"
    "halfring: ring1, carol\n"
    "command: \"|/bin/false\"\n"
    "broken: not an address\n"
    "empty:\n"
    "twice: carol, \\carol, Carol@ours.example\n"
    "@wild.example: bob@ours.example\n";

/* clang-format off */
static const struct {
	const char *address;
	bool final;
	enum route_kind kind;
	const char *detail;	/* route title, alias or reply */
} cases[] = {
	{ "bob+x@ours.example",		 true,	ROUTE_DOMAIN,	"" },
	{ "BOB@OURS.EXAMPLE",		 true,	ROUTE_DOMAIN,	"" },
	{ "bob@ours.example",		 false,	ROUTE_ALIAS,	"bob, archive@elsewhere.example" },
	{ "carol@ours.example",		 false,	ROUTE_DOMAIN,	"" },
	{ "carol+tag@ours.example",	 false,	ROUTE_DOMAIN,	"" },
	{ "info@ours.example",		 false,	ROUTE_ALIAS,	"bob@ours.example, alice@ours.example" },
	{ "info+x@ours.example",	 false,	ROUTE_ALIAS,	"bob@ours.example, alice@ours.example" },
	{ "info@ours.example",		 true,	ROUTE_REJECT,	"550 5.1.1 no such mailbox here" },
	{ "nobody@ours.example",	 false,	ROUTE_REJECT,	"550 5.1.1 no such mailbox here" },
	{ "empty@ours.example",		 false,	ROUTE_REJECT,	"550 5.1.1 no such mailbox here" },
	{ "\"quoted name\"@ours.example", false, ROUTE_DOMAIN,	"" },
	{ "\"carol\"@ours.example",	 false,	ROUTE_DOMAIN,	"" },

	{ "a%b.example@ours.example",	 false,	ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "b.example!a@ours.example",	 false,	ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "\"a@b.example\"@ours.example", false, ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "\"a@b.example\"@open.example", false, ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "a%b@caught.example",		 false,	ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "a%b@wild.example",		 false,	ROUTE_TRICK,	"550 5.7.1 relaying denied" },
	{ "odd%name@ours.example",	 false,	ROUTE_DOMAIN,	"" },
	{ "bob+a%b@ours.example",	 false,	ROUTE_TRICK,	"550 5.7.1 relaying denied" },

	{ "postmaster",			 false,	ROUTE_ALIAS,	"boss@ours.example" },
	{ "PostMaster",			 false,	ROUTE_ALIAS,	"boss@ours.example" },
	{ "somebody",			 false,	ROUTE_REJECT,	"550 5.1.3 a domain is missing" },
	{ "postmaster@ours.example",	 false,	ROUTE_ALIAS,	"boss@ours.example" },
	{ "boss@ours.example",		 false,	ROUTE_DOMAIN,	"" },
	{ "anyone@open.example",	 false,	ROUTE_DOMAIN,	"" },
	{ "nobody@caught.example",	 false,	ROUTE_ALIAS,	"bob@ours.example" },
	{ "carol+x@caught.example",	 false,	ROUTE_ALIAS,	"bob@ours.example" },
	{ "nobody@caught.example",	 true,	ROUTE_REJECT,	"550 5.1.1 no such mailbox here" },
	{ "root@people.example",	 false,	ROUTE_DOMAIN,	"0:0:/root" },
	{ "no-such-user@people.example", false,	ROUTE_REJECT,	"550 5.1.1 no such mailbox here" },
	{ "box@wild.example",		 false,	ROUTE_DOMAIN,	"" },
	{ "other@wild.example",		 false,	ROUTE_ALIAS,	"bob@ours.example" },

	{ "a@elsewhere.example",	 false,	ROUTE_RELAY,	"*" },
	{ "a@partner.example",		 false,	ROUTE_RELAY,	"partner.example" },
	{ "a@PARTNER.example",		 false,	ROUTE_RELAY,	"partner.example" },
	{ "boss@partner.example",	 false,	ROUTE_RELAY,	"boss@partner.example" },
	{ "a@x.partner.example",	 false,	ROUTE_RELAY,	".partner.example" },
	{ "a@x.b.partner.example",	 false,	ROUTE_RELAY,	".b.partner.example" },
	{ "a@x.y.b.partner.example",	 false,	ROUTE_RELAY,	".b.partner.example" },
	{ "a@notpartner.example",	 false,	ROUTE_RELAY,	"*" },
	{ "a@[192.0.2.1]",		 false,	ROUTE_RELAY,	"*" },
	{ "a%b@elsewhere.example",	 false,	ROUTE_RELAY,	"*" },
};
/* clang-format on */

static struct address
address_of(const char *text)
{
	struct address a;

	ck_assert_int_eq(address_parse(slice_of(text), true, &a), PARSE_OK);
	return a;
}

START_TEST(a_recipient_is_ours_or_goes_by_the_most_exact_route)
{
	struct address a = address_of(cases[_i].address);
	struct route_answer got;
	struct slice detail;

	route_recipient(conf, &a, cases[_i].final, &got);
	ck_assert_msg(got.kind == cases[_i].kind, "%s: %d (%s)",
	    cases[_i].address, (int)got.kind, got.because);
	detail = got.kind == ROUTE_RELAY ? slice_of(got.route->title)
	    : got.kind == ROUTE_ALIAS    ? got.value
	    : got.kind == ROUTE_DOMAIN   ? got.user
					 : got.reply;
	ck_assert_msg(slice_is(detail, cases[_i].detail), "%s: %.*s",
	    cases[_i].address, SLICE_ARGS(detail));
	ck_assert_str_ne(got.because, "");
}
END_TEST

/* clang-format off */
static const struct {
	const char *address;
	const char *want; /* what it leads to, or the error */
	int rc;
} expansions[] = {
	{ "info@ours.example",	   "bob@ours.example archive@elsewhere.example alice@ours.example \"a b\"@elsewhere.example ", 0 },
	{ "sales@ours.example",	   "bob@ours.example archive@elsewhere.example alice@ours.example \"a b\"@elsewhere.example ", 0 },
	{ "bob@ours.example",	   "bob@ours.example archive@elsewhere.example ", 0 },
	{ "carol@ours.example",	   "carol@ours.example ", 0 },
	{ "halfring@ours.example", "carol@ours.example ", 0 },
	{ "twice@ours.example",	   "carol@ours.example ", 0 },
	{ "x@wild.example",	   "bob@ours.example archive@elsewhere.example ", 0 },
	{ "a@elsewhere.example",   "a@elsewhere.example ", 0 },
	{ "ring1@ours.example",	   "aliases that lead to each other in a loop", -EINVAL },
	{ "command@ours.example",  "alias command@ours.example: \"|/bin/false\" is not available yet", -EINVAL },
	{ "broken@ours.example",   "alias broken@ours.example: not an address is no address", -EINVAL },
};
/* clang-format on */

START_TEST(an_alias_leads_to_its_ends)
{
	struct address a = address_of(expansions[_i].address);
	struct arena *arena = arena_new(1 << 20);
	struct expansion e = { 0 };
	struct why why = { "" };
	struct buf got;

	buf_init(&got, 4096);
	ck_assert_int_eq(route_expand(conf, &a, arena, &e, &why),
	    expansions[_i].rc);
	for (size_t i = 0; i < e.count; i++)
		buf_addf(&got, "%.*s ", SLICE_ARGS(e.addresses[i]));
	ck_assert_str_eq(expansions[_i].rc == 0 ? buf_cstr(&got) : why.text,
	    expansions[_i].want);
	buf_done(&got);
	arena_free(&arena);
}
END_TEST

START_TEST(a_full_arena_is_a_limit)
{
	struct address a = address_of("info@ours.example");
	struct arena *arena = arena_new(64);
	struct expansion e = { 0 };
	struct why why = { "" };

	ck_assert_int_eq(route_expand(conf, &a, arena, &e, &why), ERR_LIMIT);
	ck_assert_str_ne(why.text, "");
	arena_free(&arena);
}
END_TEST

/* clang-format off */
static const struct {
	const char *destination, *mx;
	unsigned connections;
} shapings[] = {
	{ "x.example",		"",			1 },
	{ "x.example",		"mx.x.example",		3 },
	{ "x.example",		"ASPMX.l.google.com",	2 },
	{ "b.slow.example",	"aspmx.l.google.com",	4 },
	{ "A.slow.example",	"aspmx.l.google.com",	5 },
	{ "slow.example",	"",			1 },
};
/* clang-format on */

START_TEST(the_most_exact_shaping_wins)
{
	ck_assert_uint_eq(route_shaping(conf,
			      slice_of(shapings[_i].destination),
			      slice_of(shapings[_i].mx))
			      ->connections,
	    shapings[_i].connections);
}
END_TEST

/* clang-format off */
static const struct {
	const char *login, *sender;
	bool own;
} senders[] = {
	{ "bob@ours.example",	"bob@ours.example",	true },
	{ "Bob@Ours.example",	"bob@ours.example",	true },
	{ "bob@ours.example",	"alice@ours.example",	false },
	{ "bob@ours.example",	"info@ours.example",	true },
	{ "bob@ours.example",	"sales@ours.example",	true },
	{ "bob@ours.example",	"any@open.example",	true },
	{ "bob@ours.example",	"any@x.open.example",	false },
	{ "carol",		"carol@ours.example",	true },
	{ "carol",		"bob@ours.example",	false },
	{ "carol",		"carol",		true },
	{ "mallory@ours.example", "bob@ours.example",	false },
	{ "bob@ours.example",	"",			true },
};
/* clang-format on */

START_TEST(a_sender_belongs_to_its_login)
{
	struct address a = { SLICE_NONE, SLICE_NONE };

	if (senders[_i].sender[0] != '\0')
		a = address_of(senders[_i].sender);
	ck_assert_int_eq(route_sender_is_own(&conf->auth,
			     slice_of(senders[_i].login), &a),
	    senders[_i].own);
}
END_TEST

static void
set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("mailboxes", mailboxes);
	write_file("aliases", aliases);
	write_file("users", "bob@ours.example:$6$x\n");
	write_file("senders",
	    "bob@ours.example: info@ours.example, @open.example\n"
	    "   sales@ours.example\n"
	    "carol: carol@ours.example\n");
	write_file("main.conf", main_conf);
	conf = conf_load(path_of("main.conf"), show, NULL);
	ck_assert_ptr_nonnull(conf);
}

static void
tear_down(void)
{
	static const char *const names[] = { "mailboxes", "aliases", "users",
		"senders", "main.conf" };

	conf_unref(&conf);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(folder);
}

int
main(void)
{
	Suite *suite = suite_create("route");
	TCase *tc = tcase_create("route");

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc,
	    a_recipient_is_ours_or_goes_by_the_most_exact_route, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, an_alias_leads_to_its_ends, 0,
	    sizeof(expansions) / sizeof(expansions[0]));
	tcase_add_test(tc, a_full_arena_is_a_limit);
	tcase_add_loop_test(tc, the_most_exact_shaping_wins, 0,
	    sizeof(shapings) / sizeof(shapings[0]));
	tcase_add_loop_test(tc, a_sender_belongs_to_its_login, 0,
	    sizeof(senders) / sizeof(senders[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
