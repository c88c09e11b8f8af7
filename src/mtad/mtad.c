/*
 * mtad/mtad.c - the program: reads its arguments and becomes the master, or
 * the role that the master re-executed it for. Then argv[0] says which, so
 * that ps(1) shows "mtad: receiver 0" and nothing else.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "auth/auth.h"
#include "base/slice.h"
#include "deliver/deliver.h"
#include "mtad/master.h"
#include "mtad/settings.h"
#include "receive/receive.h"
#include "schedule/schedule.h"
#include "worker/worker.h"

enum { EXIT_USAGE = 2, NUMBER_MAX = 255 };

/* clang-format off */
static const struct {
	enum role role;
	int (*run)(unsigned number);
} roles[] = {
	{ ROLE_RECEIVER,      receive_main },
	{ ROLE_SCHEDULER,     schedule_main },
	{ ROLE_DELIVERER,     deliver_main },
	{ ROLE_AUTHENTICATOR, auth_main },
};

static const struct option options[] = {
	{ "help",    no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL,	     0,		  NULL, 0 },
};
/* clang-format on */

static const char usage[] =
    "usage: mtad [-nv] [-c FILE]\n"
    "  -c FILE   configuration (default " SYSCONFDIR "/mtad/main.conf)\n"
    "  -n        check the configuration and everything it names, and exit\n"
    "  -v        log level debug\n"
    "  -h, --help; -V, --version\n";

/* `title` is "receiver 0". */
static int
run_role(struct slice title)
{
	struct slice name = slice_take_word(&title);
	uint32_t number;

	if (slice_is(name, role_name(ROLE_AGENT)))
		return agent_main();
	if (!slice_to_u32(slice_trim(title), NUMBER_MAX, &number))
		return EXIT_USAGE;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (slice_is(name, role_name(roles[i].role)))
			return roles[i].run(number);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct slice title = slice_of(argc > 0 ? argv[0] : "");
	const char *conf = SYSCONFDIR "/mtad/main.conf";
	bool check = false, verbose = false;
	int c;

	if (slice_take_prefix(&title, "mtad: "))
		return run_role(title);
	if (argc > 0)
		argv[0] = (char[]){ "mtad" }; /* getopt's errors begin so */
	while ((c = getopt_long(argc, argv, "c:nvhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			conf = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			(void)puts("mtad " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "mtad: unexpected argument \"%s\"\n%s",
		    argv[optind], usage);
		return EXIT_USAGE;
	}
	return check ? settings_check(conf) : master_run(conf, verbose);
}
