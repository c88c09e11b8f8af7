/*
 * fuzz/fuzz_reply.c - any bytes at all, into smtp/reply.c and smtp/ehlo.c:
 * a server's lines, one a LF: what is collected is bounded and clean.
 */
#include <stdint.h>

#include "base/ascii.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_from(data, size);
	struct slice line;
	struct reply reply;
	struct ehlo ehlo;

	reply_init(&reply);
	ehlo_init(&ehlo);
	while (slice_take_line(&rest, &line)) {
		enum reply_progress progress = reply_add_line(&reply, line);
		struct reply_line parsed;

		if (progress != REPLY_MALFORMED) {
			must(reply_line_parse(line, &parsed));
			must(parsed.code == reply.code);
			must(parsed.last == (progress == REPLY_WHOLE));
			ehlo_add_line(&ehlo, parsed.text);
			must(slice_of(ehlo.auth).n < EHLO_AUTH_MAX);
		}
		must(reply.lines <= REPLY_LINES_MAX);
		must(reply.text.n <= REPLY_TEXT_MAX);
		must(!buf_failed(&reply.text));
		for (size_t i = 0; i < reply.text.n; i++)
			must(!ascii_is_control(reply.text.p[i]));
		if (progress == REPLY_WHOLE) {
			struct fate fate = reply_fate(&reply);

			must(fate.smtp_code == reply.code);
			must(reply.status.class == 0 ||
			    reply.status.class == reply.code / 100);
		}
		if (progress != REPLY_MORE)
			reply_reset(&reply);
	}
	reply_done(&reply);
	return 0;
}
