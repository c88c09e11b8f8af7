/*
 * unit/check_conf.c - main.conf: what it means, each mistake with its place,
 * and the way to a worker and back.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "conf/conf.h"
#include "conf/replies.h"

static char folder[] = "/tmp/check_conf.XXXXXX";
static struct buf errors;

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

/* Without the folder's name, so that tests can compare. */
static void
note_error(const char *message, void *arg)
{
	struct slice rest = slice_of(message);

	(void)arg;
	while (rest.n > 0) {
		size_t at = slice_find_str(rest, slice_of(folder));

		buf_add(&errors, slice_head(rest, at));
		rest = slice_skip(rest, at);
		if (rest.n > 0) {
			buf_add_char(&errors, '@');
			rest = slice_skip(rest, strlen(folder));
		}
	}
	buf_add_char(&errors, '\n');
}

static struct conf *
try_load(const char *text)
{
	buf_reset(&errors);
	write_file("main.conf", text);
	return conf_load(path_of("main.conf"), note_error, NULL);
}

static struct conf *
load(const char *text)
{
	struct conf *conf = try_load(text);

	ck_assert_msg(conf != NULL, "%s", buf_cstr(&errors));
	return conf;
}

/* As root the default user must exist; it need not, for these tests. */
#define USER "user = \"root\"\n"

START_TEST(an_empty_file_has_all_the_defaults)
{
	struct conf *c = load(USER);

	ck_assert(strchr(c->hostname, '/') == NULL && c->hostname[0] != '\0');
	ck_assert(strncmp(c->postmaster, "postmaster@", 11) == 0);
	ck_assert_str_eq(c->spool, "/var/spool/mtad");
	ck_assert_uint_ge(c->receivers, 1);
	ck_assert_uint_eq(c->trusted_networks.n, 2);
	ck_assert_uint_eq(c->listener_count, 0);
	ck_assert_uint_eq(c->domain_count, 0);
	ck_assert_uint_eq(c->route_count, 1);
	ck_assert_str_eq(c->routes[0].title, "*");
	ck_assert_str_eq(c->routes[0].via.v[0], "mx");
	ck_assert_int_eq(c->routes[0].tls, TLS_AUTO);
	ck_assert_uint_eq(c->shaping_count, 1);
	ck_assert_uint_eq(c->shapings[0].connections, 20);
	ck_assert_uint_eq(c->limits.message_size, 50u << 20);
	ck_assert_int_eq(c->limits.command_timeout_ms, 5 * MINUTE);
	ck_assert_uint_eq(c->delivery.retry_count, 7);
	ck_assert_int_eq(c->delivery.retry_ms[6], 4 * HOUR);
	ck_assert_int_eq(c->delivery.expire_ms, 5 * DAY);
	ck_assert(c->delivery.ipv4 && c->delivery.ipv6);
	ck_assert_int_eq(c->auth.backend, AUTH_NONE);
	ck_assert_uint_eq(c->auth.mechanisms.n, 4);
	ck_assert(c->auth.match_sender && c->auth.users == NULL);
	ck_assert_int_eq(c->checks.dmarc, CHECK_ENFORCE);
	ck_assert(c->checks.helo_required);
	ck_assert_int_eq(c->log.level, LEVEL_INFO);
	ck_assert_str_eq(c->control_group, "mtad");
	conf_unref(&c);
}
END_TEST

static const char whole[] = USER
    "hostname = \"MX.example.org\" # comment\n"
    "trusted_networks = { \"10.0.0.0/8\", # with a comment\n"
    "   '::1' }\n"
    "include(\"conf.d/*.conf\")\n"
    "receivers = 2 deliverers = 3\n"
    "listener \"in\" { address = { \"127.0.0.1\", \"::1\" } port = 2525 }\n"
    "listener \"sub\" { port = 0 service = \"submission\" }\n"
    "tls \"mail.example.net\" { certificate = \"@/c\" key = \"@/k\" }\n"
    "tls \"default\" { certificate = \"@/c\" key = \"@/k\" minimum = \"1.3\" }\n"
    "auth { users = \"file:@/users\" match_sender = false }\n"
    "domain \"Zeta.example\" { deliver = \"lmtp:unix:/run/lmtp\" }\n"
    "domain \"alpha.example\" {\n"
    "  deliver = \"maildir:/var/%{local}\"\n"
    "  mailboxes = \"system\"\n"
    "  aliases = \"file:@/aliases\"\n"
    "  catch_all = \"all@alpha.example\"  subaddress = \"-\" }\n"
    "domain \"beta.example\" { deliver = \"discard:\" aliases = "
    "\"file:@/aliases\" }\n"
    "route \"partner.example\" {\n"
    "  via = { \"submission:a:587\", \"submission:b\" }\n"
    "  tls = \"verify\" user = \"me\" password = \"file:@/secret\"\n"
    "  source = { \"192.0.2.1\" } helo = \"out.example.org\" }\n"
    "delivery { retry = { \"1s\", \"1h30m\" } warn_after = 0 ip = \"ipv4\"\n"
    "  replies = \"@/replies\" }\n"
    "shaping \"mx:*.Google.com\" { rate = \"600/m\" connections = 10\n"
    "  warmup = { \"50/d\", \"100/d\" } since = \"2026-11-01\" }\n"
    "log { events = \"file:/var/log/e\" level = \"debug\" format = json }\n";

static void
write_whole(void)
{
	write_file("c", "CERT");
	write_file("k", "KEY");
	write_file("users", "me@alpha.example:$6$x\n");
	write_file("replies", "busy mx=*.a.test code=4xx slow\n");
	write_file("aliases", "root: me\n");
	write_file("secret", "pass word\nmore\n");
	(void)mkdir(path_of("conf.d"), 0700);
	write_file("conf.d/1.conf", "dns { timeout = \"2s\" }\n");
	write_file("conf.d/2.conf", "limits { client_rate = 7 }\n");
}

/* The same of the loaded one and of the one that a worker got. */
static void
must_be_whole(const struct conf *c, bool packed)
{
	const struct route_conf *r = &c->routes[1];

	ck_assert_str_eq(c->hostname, "mx.example.org");
	ck_assert_str_eq(c->postmaster, "postmaster@mx.example.org");
	ck_assert_uint_eq(c->trusted_networks.n, 2);
	ck_assert_uint_eq(c->trusted_networks.v[0].bits, 8);
	ck_assert_uint_eq(c->receivers, 2);
	ck_assert_uint_eq(c->deliverers, 3);
	ck_assert_uint_eq(c->listener_count, 2);
	ck_assert_uint_eq(c->listeners[0].addresses.n, 2);
	ck_assert(!c->listeners[0].require_tls);
	ck_assert(c->listeners[1].require_tls);
	ck_assert_int_eq(c->listeners[1].service, SERVICE_SUBMISSION);
	ck_assert_uint_eq(c->listeners[1].port, 0);
	ck_assert_str_eq(c->tls[0].name, "default");
	ck_assert_int_eq(c->tls[0].minimum, 13);
	ck_assert_str_eq(c->tls[1].name, "mail.example.net");
	ck_assert_int_eq(c->auth.backend, AUTH_TABLE);
	ck_assert(!c->auth.match_sender);
	ck_assert_uint_eq(c->domain_count, 3);
	ck_assert_str_eq(c->domains[0].name, "alpha.example");
	ck_assert_str_eq(c->domains[2].name, "zeta.example");
	ck_assert(c->domains[0].mailboxes_are_system);
	ck_assert_int_eq(c->domains[0].subaddress, '-');
	ck_assert_str_eq(c->domains[0].catch_all, "all@alpha.example");
	ck_assert(c->domains[0].aliases == c->domains[1].aliases);
	ck_assert_uint_eq(c->table_count, 3);
	ck_assert_uint_eq(c->route_count, 2);
	ck_assert_str_eq(r->title, "partner.example");
	ck_assert_uint_eq(r->via.n, 2);
	ck_assert_int_eq(r->tls, TLS_VERIFY);
	ck_assert_str_eq(r->helo, "out.example.org");
	ck_assert_uint_eq(c->delivery.retry_count, 2);
	ck_assert_int_eq(c->delivery.retry_ms[1], 90 * MINUTE);
	ck_assert_int_eq(c->delivery.warn_after_ms, 0);
	ck_assert(c->delivery.ipv4 && !c->delivery.ipv6);
	ck_assert_uint_eq(replies_count(c->delivery.replies.rules), 1);
	ck_assert_uint_eq(c->shapings[0].warmup_count, 2);
	ck_assert_uint_eq(c->shapings[0].warmup[1], 100);
	ck_assert_int_eq(c->shapings[0].since_ms, 20758 * DAY);
	ck_assert_uint_eq(c->shaping_count, 2);
	ck_assert_str_eq(c->shapings[0].title, "mx:*.google.com");
	ck_assert(c->shapings[0].rate_per_second > 9.99 &&
	    c->shapings[0].rate_per_second < 10.01);
	ck_assert_int_eq(c->dns.timeout_ms, 2 * SECOND);
	ck_assert_uint_eq(c->limits.client_rate, 7);
	ck_assert_str_eq(c->log.events, "/var/log/e");
	ck_assert_int_eq(c->log.form, LOG_FORM_JSON);
	if (packed)
		return;
	ck_assert_str_eq(r->password.bytes, "pass word");
	ck_assert_uint_eq(r->password.n, 9);
	ck_assert_str_eq(c->tls[0].key.bytes, "KEY");
	ck_assert_ptr_nonnull(c->auth.users);
}

START_TEST(a_file_with_everything_means_everything)
{
	struct conf *c;

	write_whole();
	c = load(whole);
	must_be_whole(c, false);
	conf_unref(&c);
}
END_TEST

static void
move_table(struct table **place, void *arg)
{
	struct conf *from = arg;
	static size_t at;

	ck_assert_ptr_null(*place);
	*place =
	    table_from_image(dup(table_image(from->tables[at].table)), "moved");
	ck_assert_ptr_nonnull(*place);
	at++;
}

START_TEST(a_worker_gets_the_same_without_the_secrets)
{
	struct slice value;
	struct conf *c, *w, *again;

	write_whole();
	c = load(whole);
	w = conf_unpack(conf_pack(c, 0));
	ck_assert_ptr_nonnull(w);
	must_be_whole(w, true);
	ck_assert_uint_eq(w->tls[0].key.n, 0);
	ck_assert_uint_eq(w->routes[1].password.n, 0);
	ck_assert_str_eq(w->tls[0].certificate.bytes, "CERT");
	ck_assert_ptr_null(w->auth.users);
	conf_each_table(w, move_table, c);
	ck_assert_ptr_nonnull(w->auth.users);
	ck_assert(table_get(w->domains[1].aliases, SLICE("root"), &value));
	ck_assert(slice_is(value, "me"));
	conf_unref(&w);

	w = conf_unpack(conf_pack(c, CONF_SECRET_TLS | CONF_SECRET_ROUTES));
	ck_assert_str_eq(w->tls[0].key.bytes, "KEY");
	ck_assert_str_eq(w->routes[1].password.bytes, "pass word");
	again = conf_ref(w);
	conf_unref(&w);
	ck_assert_ptr_null(w);
	ck_assert_str_eq(again->tls[0].key.bytes, "KEY");
	conf_unref(&again);
	conf_unref(&c);
}
END_TEST

/* The bytes of the TLS key must not be in what a deliverer gets. */
START_TEST(a_secret_is_not_even_in_the_bytes)
{
	struct conf *c;
	char bytes[16384];
	ssize_t n;
	int fd;

	write_whole();
	write_file("k", "VERYSECRETKEY");
	c = load(whole);
	fd = conf_pack(c, CONF_SECRET_ROUTES);
	n = pread(fd, bytes, sizeof(bytes), 0);
	ck_assert(n > 0 && n < (ssize_t)sizeof(bytes));
	ck_assert_ptr_null(memmem(bytes, (size_t)n, "VERYSECRET", 10));
	ck_assert_ptr_nonnull(memmem(bytes, (size_t)n, "pass word", 9));
	(void)close(fd);
	conf_unref(&c);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	const char *want; /* all errors, from the first on */
} bad[] = {
	{ "prot = 25\n",
	  "@/main.conf:2: unknown key \"prot\"" },
	{ "hostnam = \"a\"\n\nspol = \"b\"\n",
	  "@/main.conf:2: unknown key \"hostnam\"; did you mean \"hostname\"?\n"
	  "@/main.conf:4: unknown key \"spol\"; did you mean \"spool\"?\n" },
	{ "listner \"x\" { port = 1 }\nreceivers = 100\n",
	  "@/main.conf:2: unknown key \"listner\"; did you mean \"listener\"?\n"
	  "@/main.conf:3: receivers: \"100\" is not a number from 0 to 64\n" },
	{ "listener \"x\" { prot = 1 }\n",
	  "@/main.conf:2: unknown key \"prot\" in listener; did you mean \"port\"?\n" },
	{ "auth {\n  frobnicate = { 1, 2 }\n  max_failures = 3x\n}\n",
	  "@/main.conf:3: unknown key \"frobnicate\" in auth; accepted are users, mechanisms, max_failures, match_sender, senders\n"
	  "@/main.conf:4: max_failures: \"3x\" is not a number from 1 to 100\n" },
	{ "listener \"x\" { port = 70000\n  tls = \"maybe\" }\n",
	  "@/main.conf:2: port: \"70000\" is not a number from 0 to 65535\n"
	  "@/main.conf:3: tls: \"maybe\" is not none, starttls or implicit\n" },
	{ "limits { command_timeout = \"5 minutes\" message_size = \"5XB\" }\n",
	  "@/main.conf:2: message_size: \"5XB\" is not a size from 1 to 1GB, like \"50MB\"\n"
	  "@/main.conf:2: command_timeout: \"5 minutes\" is not a duration from 1s to 1h, like \"30s\" or \"1h30m\"\n" },
	{ "spool = \"/a\"\nspool = \"/b\"\n",
	  "@/main.conf:3: spool: stands in @/main.conf:2 already\n" },
	{ "limits {\n recipients = 100\n recipients = 200\n}\n",
	  "@/main.conf:4: recipients: stands in line 3 already\n" },
	{ "limits { }\nlimits { }\n",
	  "@/main.conf:3: section limits stands in @/main.conf:2 already\n" },
	{ "domain \"a.example\" { deliver = \"mx\" }\ndomain \"A.example\" { deliver = \"mx\" }\n",
	  "@/main.conf:3: section domain \"A.example\" stands in @/main.conf:2 already\n" },
	{ "limits {\n recipients = 100\n",
	  "@/main.conf:2: section limits begins here, and its closing brace is missing\n" },
	{ "limits { } }\n",
	  "@/main.conf:2: a closing brace too many\n" },
	{ "hostname = \"a\nspool = \"/b\"\n",
	  "@/main.conf:2: a quoted text begins here and does not end in its line\n" },
	{ "hostname \"a\"\n",
	  "@/main.conf:2: hostname: a \"=\" is missing\n" },
	{ "receivers =\n}\n",
	  "@/main.conf:2: receivers: a value is missing behind the \"=\"\n" },
	{ "receivers = { 1 }\n",
	  "@/main.conf:2: receivers: takes one value, not a list in braces\n" },
	{ "trusted_networks = { \"10.0.0.0/8\" \"::1\" }\n",
	  "@/main.conf:2: trusted_networks: a list is { \"a\", \"b\" }; a comma or the closing brace is missing\n" },
	{ "trusted_networks = { \"10.0.0.1/8\" }\n",
	  "@/main.conf:2: trusted_networks: \"10.0.0.1/8\" holds \"10.0.0.1/8\", which is no address or network" },
	{ "limits = 5\n",
	  "@/main.conf:2: limits: is a section: limits { ... }\n" },
	{ "listener { port = 1 }\n",
	  "@/main.conf:2: listener: a title is missing" },
	{ "limits \"x\" { }\n",
	  "@/main.conf:2: limits: takes no title\n" },
	{ "include conf.d\n",
	  "@/main.conf:2: unknown key \"include\"" },
	{ "domain \"a.example\" { }\n",
	  "@/main.conf:2: domain \"a.example\": deliver is missing: where its mail goes\n" },
	{ "domain \"a_b..example\" { deliver = \"mx\" }\n",
	  "@/main.conf:2: domain \"a_b..example\": the title is no domain name\n" },
	{ "domain \"a.example\" { deliver = \"smtp\" }\n",
	  "@/main.conf:2: deliver: \"smtp\" is wrong: \"smtp\" is none of mx, " },
	{ "domain \"a.example\" { deliver = \"submission:x\" }\n",
	  "@/main.conf:2: deliver: \"submission:x\" has no place here" },
	{ "domain \"a.example\" { deliver = \"pipe:/bin/cat\" }\n",
	  "@/main.conf:2: deliver: \"pipe:/bin/cat\" is not available yet\n" },
	{ "domain \"a.example\" { deliver = \"mx\" mailboxes = \"file:@/none\" }\n",
	  "@/main.conf:2: mailboxes: \"file:@/none\" can't be loaded: @/none: No such file or directory\n" },
	{ "domain \"a.example\" { deliver = \"mx\" aliases = \"file:@/broken\" }\n",
	  "@/main.conf:2: aliases: \"file:@/broken\" can't be loaded: @/broken:2: \"x y\": a key has no white space" },
	{ "route \"*\" { via = { } }\n",
	  "@/main.conf:2: via: { } is empty; at least one next hop is needed\n" },
	{ "route \"*\" { user = \"me\" }\n",
	  "@/main.conf:2: user: password is missing\n" },
	{ "route \"*\" { user = \"me\" oauth_token_url = \"http://a.test/\" }\n",
	  "@/main.conf:2: oauth_token_url: \"http://a.test/\" is no "
	  "https://HOST[:PORT]/PATH\n"
	  "@/main.conf:2: oauth_token_url: oauth_client_id is missing\n"
	  "@/main.conf:2: oauth_token_url: oauth_refresh_token or "
	  "oauth_client_secret is missing\n" },
	{ "route \"*\" { oauth_scope = \"all\" }\n",
	  "@/main.conf:2: oauth_scope: oauth_token_url is missing\n" },
	{ "route \"a b\" { via = \"mx\" }\n",
	  "@/main.conf:2: route \"a b\": the title is none of" },
	{ "route \"*\" { user = \"me\" password = \"hunter2\" }\n",
	  "@/main.conf:2: password: the value is not of the form \"file:/PATH\"\n" },
	{ "tls \"x.example\" { certificate = \"/nonexistent\" key = \"k\" }\n",
	  "@/main.conf:2: certificate: \"/nonexistent\" can't be read: No such file or directory\n"
	  "@/main.conf:2: key: \"k\" is no path from / on\n"
	  "@/main.conf:2: tls: the section \"default\" is missing\n" },
	{ "listener \"a\" { port = 25 }\nlistener \"b\" { address = \"127.0.0.1\" port = 25 }\n",
	  "@/main.conf:3: listener \"b\": port 25 of * is taken by listener \"a\"\n" },
	{ "listener \"a\" { service = \"submission\" tls = \"none\" }\n",
	  "@/main.conf:2: tls: \"none\" goes with require_tls = false alone" },
	{ "listener \"a\" { address = { \"localhost\" } }\n",
	  "@/main.conf:2: address: \"localhost\" is no IP address, and not \"*\"\n" },
	{ "delivery { retry = { } }\n",
	  "@/main.conf:2: retry: { } is empty; at least one duration is needed\n" },
	{ "shaping \"*\" { rate = \"fast\" }\n",
	  "@/main.conf:2: rate: \"fast\" is not a rate like" },
	{ "shaping \"*\" { warmup = { \"50/h\" } since = \"2026-11-31\" }\n",
	  "@/main.conf:2: warmup: \"50/h\" are not at most 366 numbers like \"50/d\"\n"
	  "@/main.conf:2: since: \"2026-11-31\" is no date" },
	{ "shaping \"*\" {\n warmup = { \"50/d\" }\n}\nshaping \"a.example\" {\n since = \"2026-11-01\" }\n",
	  "@/main.conf:3: warmup: since, its first day, is missing\n"
	  "@/main.conf:6: since: warmup, its steps, is missing\n" },
	{ "delivery { replies = \"@/none\" }\n",
	  "@/main.conf:2: replies: \"@/none\" can't be read: No such file or directory\n" },
	{ "delivery { replies = \"@/bad-replies\" }\n",
	  "@/bad-replies:2: a: it needs something to match, and an action\n"
	  "@/bad-replies:3: b: it needs something to match, and an action\n" },
	{ "checks { dnsbl = { \"zen.example=10.0.0.1\" } }\n",
	  "@/main.conf:2: dnsbl: \"zen.example=10.0.0.1\" is not of the form \"zen.example\" or \"list.example=127.0.0.2\"\n" },
	{ "checks { arc_trusted = { \"a b\" } }\n",
	  "@/main.conf:2: arc_trusted: \"a b\" is no domain name\n" },
	{ "checks { milters = { \"unix:/m\" } }\n",
	  "@/main.conf:2: milters: \"unix:/m\" is not available yet\n" },
	{ "http { listen = \"127.0.0.1:9825\" }\n",
	  "@/main.conf:2: listen: \"127.0.0.1:9825\" is not available yet\n" },
	{ "dkim \"a.example\" { keys = { } }\n",
	  "@/main.conf:2: keys: { } is empty; at least one key is needed\n" },
	{ "dkim \"a.example\" { keys = { \"s:@/nowhere\" } }\n",
	  "@/main.conf:2: keys: \"s:@/nowhere\" can't be read: No such file or directory\n" },
	{ "auth { mechanisms = { \"PLAIN\", \"NTLM\" } }\n",
	  "@/main.conf:2: mechanisms: \"NTLM\" is not PLAIN, LOGIN" },
	{ "dns { servers = { \"resolver\" } }\nlog { target = \"file:x\" }\n",
	  "@/main.conf:2: servers: \"resolver\" is not of the form" },
	{ "include(\"main.conf\")\n",
	  "@/main.conf:2: include: @/main.conf was included already\n" },
	{ "include(\"sub.conf\")\n",
	  "@/sub.conf:2: receivers: \"many\" is not a number from 0 to 64\n" },
	{ "receivers = 010x\n* = 4\n",
	  "@/main.conf:3: an unexpected \"*\"; texts with it stand in quotes\n" },
	{ "/* no end\n",
	  "@/main.conf:2: a comment begins here and does not end\n" },
};
/* clang-format on */

START_TEST(a_mistake_is_named_with_its_place)
{
	struct buf text;

	buf_init(&text, 10000);
	buf_addf(&text, "%s%s", USER, bad[_i].text);
	write_file("broken", "a: b\nx y\n");
	write_file("sub.conf", "\nreceivers = many\n");
	write_file("bad-replies", "# rules\na slow\nb code=4xx\n");
	write_file("c", "CERT");
	ck_assert_ptr_null(try_load(buf_cstr(&text)));
	ck_assert_msg(slice_starts(buf_slice(&errors), bad[_i].want),
	    "got:\n%s\nwant:\n%s", buf_cstr(&errors), bad[_i].want);
	buf_done(&text);
}
END_TEST

START_TEST(numbers_are_decimal_and_the_environment_is_left_alone)
{
	struct conf *c;

	ck_assert_int_eq(setenv("SECRET", "leaked", 1), 0);
	c = load(USER "receivers = 010\n"
		      "log { target = \"file:/a/${SECRET}/\\${SECRET}/b\" }\n");
	ck_assert_uint_eq(c->receivers, 10);
	ck_assert_str_eq(c->log.target, "file:/a/${SECRET}/${SECRET}/b");
	conf_unref(&c);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_an_error)
{
	buf_reset(&errors);
	ck_assert_ptr_null(
	    conf_load("/nonexistent/main.conf", note_error, NULL));
	ck_assert_str_eq(buf_cstr(&errors),
	    "/nonexistent/main.conf: No such file or directory\n");
}
END_TEST

START_TEST(the_top_level_can_be_had_without_the_rest)
{
	struct conf *c;

	write_file("main.conf",
	    "runtime = \"/run/other\"\n"
	    "tls \"default\" { certificate = \"/none\" "
	    "key = \"/none\" }\n");
	c = conf_load_top(path_of("main.conf"), note_error, NULL);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->runtime, "/run/other");
	ck_assert_uint_eq(c->tls_count, 0);
	conf_unref(&c);
}
END_TEST

START_TEST(bytes_that_are_no_packed_conf_are_refused)
{
	char bytes[16384];
	struct conf *c;
	ssize_t n;
	int fd;

	write_whole();
	c = load(whole);
	fd = conf_pack(c, CONF_SECRET_TLS);
	n = pread(fd, bytes, sizeof(bytes), 0);
	(void)close(fd);
	conf_unref(&c);
	for (ssize_t i = 0; i < n; i++)
		ck_assert_ptr_null(
		    conf_from_bytes(slice_from(bytes, (size_t)i)));
	for (ssize_t i = 0; i < n; i++) {
		bytes[i] ^= 0x41;
		c = conf_from_bytes(slice_from(bytes, (size_t)n));
		conf_unref(&c);
		bytes[i] ^= 0x41;
	}
	ck_assert_ptr_null(conf_unpack(dup(0)));
}
END_TEST

static void
make_folder(void)
{
	buf_init(&errors, 100000);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	static const char *const names[] = { "main.conf", "sub.conf", "broken",
		"c", "k", "users", "aliases", "secret", "conf.d/1.conf",
		"conf.d/2.conf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(path_of("conf.d"));
	(void)rmdir(folder);
	buf_done(&errors);
}

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");

	tcase_add_unchecked_fixture(tc, make_folder, remove_folder);
	tcase_add_test(tc, an_empty_file_has_all_the_defaults);
	tcase_add_test(tc, a_file_with_everything_means_everything);
	tcase_add_test(tc, a_worker_gets_the_same_without_the_secrets);
	tcase_add_test(tc, a_secret_is_not_even_in_the_bytes);
	tcase_add_loop_test(tc, a_mistake_is_named_with_its_place, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc,
	    numbers_are_decimal_and_the_environment_is_left_alone);
	tcase_add_test(tc, a_file_that_is_not_there_is_an_error);
	tcase_add_test(tc, the_top_level_can_be_had_without_the_rest);
	tcase_add_test(tc, bytes_that_are_no_packed_conf_are_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
