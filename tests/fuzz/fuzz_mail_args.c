/*
 * fuzz/fuzz_mail_args.c - any bytes at all, into smtp/command.c, MAIL:
 * what is taken is well-formed, and nothing else is touched.
 */
#include <stdint.h>

#include "mail/utf8.h"
#include "smtp/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = slice_from(data, size);
	struct mail_args args = { .given = 1u << 30 };
	struct why why = { "" };
	struct buf plain;
	enum command_error rc = mail_args_parse(line, PARAM_ALL, &args, &why);

	must((rc == COMMAND_OK) == (why.text[0] == '\0'));
	if (rc != COMMAND_OK) {
		must(args.given == 1u << 30);
		return 0;
	}
	must((args.given & (PARAM_NOTIFY | PARAM_ORCPT)) == 0);
	must((args.given & PARAM_SMTPUTF8) != 0 ||
	    address_is_ascii(&args.sender));
	must(address_is_null(&args.sender) || args.sender.domain.n > 0);
	must(((args.given & PARAM_ENVID) != 0) == (args.envid.n > 0));
	must(args.envid.n <= 100);
	must(args.hold_seconds <= TIMING_SECONDS_MAX);
	must(args.by.mode != BY_RETURN || args.by.seconds > 0);
	must(((args.given & PARAM_BY) != 0) == (args.by.mode != BY_NONE));
	must(args.priority >= PRIORITY_LOWEST &&
	    args.priority <= PRIORITY_HIGHEST);
	buf_init(&plain, size);
	must(xtext_decode(args.envid, &plain));
	must(xtext_decode(args.auth, &plain));
	for (size_t i = 0; i < plain.n; i++)
		must(plain.p[i] >= ' ' && plain.p[i] <= '~');
	buf_done(&plain);
	/* Not one more is taken than is offered. */
	must(args.given == 0 ||
	    mail_args_parse(line, 0, &args, NULL) == COMMAND_UNKNOWN_PARAMETER);
	return 0;
}
