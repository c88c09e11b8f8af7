/*
 * fuzz/fuzz_rcpt_args.c - any bytes at all, into smtp/command.c, RCPT:
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

	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct rcpt_args args = { .given = 1u << 30 };
		struct why why = { "" };
		enum command_error rc =
		    rcpt_args_parse(line, PARAM_ALL, utf8, &args, &why);

		must((rc == COMMAND_OK) == (why.text[0] == '\0'));
		if (rc != COMMAND_OK) {
			must(args.given == 1u << 30);
			continue;
		}
		must((args.given & ~(unsigned)(PARAM_NOTIFY | PARAM_ORCPT)) ==
		    0);
		must(!address_is_null(&args.recipient));
		must(utf8 || address_is_ascii(&args.recipient));
		must(utf8 || utf8_is_ascii(args.orcpt));
		must(args.notify < 16);
		must((args.notify & NOTIFY_NEVER) == 0 ||
		    args.notify == NOTIFY_NEVER);
		must(((args.given & PARAM_ORCPT) != 0) == (args.orcpt.n > 0));
		must(args.orcpt.n == 0 || slice_has(args.orcpt, ';'));
		for (size_t i = 0; i < args.orcpt.n; i++)
			must((unsigned char)args.orcpt.p[i] > ' ');
	}
	return 0;
}
