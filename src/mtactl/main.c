/*
 * mtactl/main.c - mtactl, the postmaster's tool: the table of its verbs.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "mtactl/verbs.h"

enum { ANY = 1000000 };

/* clang-format off */
static const struct verb verbs[] = {
	{ "status",    NULL,	  "",			0, 0,	0,			do_status,	  "uptime, processes, listeners, queue, rates" },
	{ "queue",     "list",	  "[FILTER] [--limit N]", 0, 0, OPT_FILTER | OPT_BIT(LIMIT), do_queue_list, "the messages, oldest first" },
	{ "queue",     "count",	  "[FILTER] [--by domain|sender|state|response]", 0, 0, OPT_FILTER | OPT_BIT(BY), do_queue_count, "how many there are" },
	{ "queue",     "show",	  "ID",			1, 1,	0,			do_queue_show,	  "envelope, recipients and their states, history" },
	{ "queue",     "cat",	  "ID",			1, 1,	0,			do_queue_cat,	  "the message as it will be sent" },
	{ "queue",     "flush",	  "[FILTER | ID...]",	0, ANY, OPT_FILTER | OPT_BIT(ALL), do_queue_flush,   "try now" },
	{ "queue",     "hold",	  "FILTER | ID... | --all", 0, ANY, OPT_FILTER | OPT_BIT(ALL), do_queue_hold, "keep back until released" },
	{ "queue",     "release", "FILTER | ID... | --all", 0, ANY, OPT_FILTER | OPT_BIT(ALL), do_queue_release, "let go what is held" },
	{ "queue",     "remove",  "FILTER | ID... | --all", 0, ANY, OPT_FILTER | OPT_BIT(ALL), do_queue_remove, "delete; nobody is told" },
	{ "queue",     "bounce",  "FILTER | ID... | --all", 0, ANY, OPT_FILTER | OPT_BIT(ALL), do_queue_bounce, "send back to the sender" },
	{ "site",      "list",	  "",			0, 0,	0,			do_site_list,	  "destinations: connections, window, rate, last error" },
	{ "site",      "show",	  "NAME",		1, 1,	0,			do_site_show,	  "one of them" },
	{ "site",      "suspend", "NAME [--for DURATION]", 1, 1, OPT_BIT(FOR),		do_site_suspend,  "send nothing there" },
	{ "site",      "resume",  "NAME",		1, 1,	0,			do_site_resume,	  "send again" },
	{ "reload",    NULL,	  "",			0, 0,	0,			do_reload,	  "read the configuration anew" },
	{ "stop",      NULL,	  "",			0, 0,	0,			do_stop,	  "end mtad" },
	{ "log-level", NULL,	  "error|warning|info|debug", 1, 1, 0,			do_log_level,	  "until the next reload" },
	{ "test",      NULL,	  "ADDRESS [--connect] | --spf IP SENDER [HELO]", 1, 3, OPT_BIT(CONNECT) | OPT_BIT(SPF), do_test, "how mail for it would go (dry run); how SPF comes out" },
	{ "user",      "add",	  "NAME",		1, 1,	0,			do_user_add,	  "a login in the file of auth.users; asks for the password" },
	{ "user",      "passwd",  "NAME",		1, 1,	0,			do_user_passwd,	  "a new password" },
	{ "user",      "remove",  "NAME",		1, 1,	0,			do_user_remove,	  "take a login away" },
	{ "user",      "list",	  "",			0, 0,	0,			do_user_list,	  "the logins" },
	{ "dkim",      "keygen",  "DOMAIN SELECTOR [--type rsa2048|ed25519] [-o PATH]", 2, 2, OPT_BIT(TYPE) | OPT_BIT(OUTPUT), do_dkim_keygen, "writes a key, prints the DNS record" },
	{ "dkim",      "check",	  "DOMAIN",		1, 1,	0,			do_dkim_check,	  "whether the DNS has the records of the keys" },
	{ "dkim",      "list",	  "",			0, 0,	0,			do_dkim_list,	  "the keys that sign" },
	{ "table",     "build",	  "FILE",		1, 1,	0,			do_table_build,	  "FILE.db, Berkeley DB, from the text FILE" },
	{ "table",     "get",	  "TABLE KEY",		2, 2,	0,			do_table_get,	  "what the table has for the key" },
	{ "spool",     "check",	  "[--repair]",		0, 0,	OPT_BIT(REPAIR),	do_spool_check,	  "every record of the queue; repairs it while mtad is stopped" },
	{ "config",    NULL,	  "--explain [SECTION | KEY]", 0, 1, OPT_BIT(EXPLAIN),	do_config,	  "every setting, its default and meaning" },
};

static const struct {
	const char *name;
	bool has_value;
	enum ctl_option option;
} options[] = {
	{ "from",     true,  OPT_FROM },
	{ "to",	      true,  OPT_TO },
	{ "state",    true,  OPT_STATE },
	{ "older",    true,  OPT_OLDER },
	{ "newer",    true,  OPT_NEWER },
	{ "site",     true,  OPT_SITE },
	{ "response", true,  OPT_RESPONSE },
	{ "limit",    true,  OPT_LIMIT },
	{ "by",	      true,  OPT_BY },
	{ "for",      true,  OPT_FOR },
	{ "type",     true,  OPT_TYPE },
	{ "output",   true,  OPT_OUTPUT },
	{ "all",      false, OPT_ALL },
	{ "explain",  false, OPT_EXPLAIN },
	{ "connect",  false, OPT_CONNECT },
	{ "spf",      false, OPT_SPF },
	{ "repair",   false, OPT_REPAIR },
};
/* clang-format on */

enum {
	VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]),
	NAMED_COUNT = sizeof(options) / sizeof(options[0]),
	FIRST_LONG = 256, /* beyond every letter */
	OPTION_JSON = FIRST_LONG + OPT_COUNT,
};

static void
show_verb(const struct verb *v, FILE *to)
{
	(void)fprintf(to, "  %s%s%s%s%s\n", v->name,
	    v->second == NULL ? "" : " ", v->second == NULL ? "" : v->second,
	    v->words[0] == '\0' ? "" : " ", v->words);
	(void)fprintf(to, "                        %s\n", v->what);
}

static void
show_help(void)
{
	(void)puts("usage: mtactl [-c FILE] [-s SOCKET] [--json] VERB ...\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		show_verb(&verbs[i], stdout);
	(void)puts(
	    "\nFILTER: --from ADDR|@DOMAIN  --to ADDR|@DOMAIN  "
	    "--state active|deferred|held\n"
	    "        --older DURATION  --newer DURATION  --site NAME  "
	    "--response TEXT\n\n"
	    "  -c FILE    configuration (" SYSCONFDIR "/mtad/main.conf)\n"
	    "  -s SOCKET  the control socket (runtime/control.sock)\n"
	    "  --json     print the answer as one JSON value\n"
	    "  -o PATH, --output PATH  where dkim keygen writes the key\n"
	    "  -h, --help; -V, --version\n\n"
	    "Exit status: 0 done, 1 it failed, 2 usage, 3 mtad is not running.");
}

/* "mtactl: BEFORE WORD AFTER", and where to look. */
static int
usage(const char *before, const char *word, const char *after)
{
	(void)ctl_fail("%s%s%s", before, word, after);
	(void)fputs("Try \"mtactl -h\".\n", stderr);
	return CTL_USAGE;
}

static bool
verb_is(const struct verb *v, size_t count, char *const *words)
{
	return count > 0 && strcmp(v->name, words[0]) == 0 &&
	    (v->second == NULL ||
		(count > 1 && strcmp(v->second, words[1]) == 0));
}

/* The verb is found; do the words and options fit it? */
static int
run_verb(const struct verb *v, struct ctl *ctl, char *const *words,
    size_t count)
{
	size_t skip = v->second == NULL ? 1 : 2;

	ctl->words = words + skip;
	ctl->word_count = count - skip;
	for (size_t i = 0; i < NAMED_COUNT; i++)
		if (ctl->options[options[i].option] != NULL &&
		    (v->options & 1u << options[i].option) == 0)
			return usage("--", options[i].name,
			    " has no place here");
	if (ctl->word_count < v->least || ctl->word_count > v->most) {
		(void)ctl_fail(ctl->word_count < v->least
			? "something is missing"
			: "too many words");
		(void)fputs("usage: mtactl\n", stderr);
		show_verb(v, stderr);
		return CTL_USAGE;
	}
	return v->run(ctl);
}

static int
find_and_run(struct ctl *ctl, char *const *words, size_t count)
{
	bool known = false;

	if (count == 0)
		return usage("a verb is missing", "", "");
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (verb_is(&verbs[i], count, words))
			return run_verb(&verbs[i], ctl, words, count);
		known = known || strcmp(verbs[i].name, words[0]) == 0;
	}
	if (!known)
		return usage("no verb \"", words[0], "\"");
	(void)ctl_fail("%s: what?", words[0]);
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, words[0]) == 0)
			show_verb(&verbs[i], stderr);
	return CTL_USAGE;
}

/* CTL_DONE to go on, CTL_FAILED to end well (help was shown), CTL_USAGE. */
static int
parse_options(struct ctl *ctl, int argc, char **argv)
{
	struct option longs[NAMED_COUNT + 4] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "json", no_argument, NULL, OPTION_JSON },
	};
	int c;

	for (size_t i = 0; i < NAMED_COUNT; i++)
		longs[i + 3] = (struct option){ options[i].name,
			options[i].has_value ? required_argument : no_argument,
			NULL, FIRST_LONG + (int)options[i].option };
	while ((c = getopt_long(argc, argv, "c:s:o:hV", longs, NULL)) != -1) {
		if (c == 'c')
			ctl->conf_path = optarg;
		else if (c == 's')
			ctl->socket = optarg;
		else if (c == 'o')
			ctl->options[OPT_OUTPUT] = optarg;
		else if (c == OPTION_JSON)
			ctl->json = true;
		else if (c >= FIRST_LONG)
			ctl->options[c - FIRST_LONG] =
			    optarg == NULL ? "" : optarg;
		else if (c == 'h')
			show_help();
		else if (c == 'V')
			(void)puts("mtactl " PACKAGE_VERSION);
		else
			return CTL_USAGE; /* getopt has said why */
		if (c == 'h' || c == 'V')
			return CTL_FAILED;
	}
	return CTL_DONE;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .conf_path = SYSCONFDIR "/mtad/main.conf" };
	static char name[] = "mtactl"; /* not the path, for getopt's errors */
	int rc;

	argv[0] = name;
	rc = parse_options(&ctl, argc, argv);
	if (rc == CTL_FAILED)
		rc = CTL_DONE;
	else if (rc == CTL_DONE)
		rc = find_and_run(&ctl, argv + optind, (size_t)(argc - optind));
	if (fflush(stdout) != 0 && rc == CTL_DONE)
		rc = ctl_fail("standard output: write failed");
	return rc;
}
