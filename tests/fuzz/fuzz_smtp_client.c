/*
 * fuzz/fuzz_smtp_client.c - any server at all, for deliver/smtp_client.c.
 *
 * The first byte chooses how the client is set up, the second in what pieces
 * the rest is fed. Whatever is said, each recipient ends with a fate or free to
 * be tried elsewhere, and what is kept is bounded.
 */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "deliver/smtp_client.h"

enum { RCPTS = 3, SIZE = 10, DIALOGUE_BOUND = 16 * 1024, SENDS_MAX = 50 };

struct session {
	struct smtp_client *client;
	struct smtp_message message;
	int sends;
	bool over;
	uint64_t wire;
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
on_wire(struct slice piece, void *arg)
{
	struct session *s = arg;

	s->wire += piece.n;
}

static void
act(struct session *s, enum step step)
{
	for (;;) {
		uint64_t left;

		buf_reset(smtp_client_output(s->client));
		while (smtp_client_wants_content(s->client, &left))
			smtp_client_content(s->client,
			    slice_head(slice_of("a\r\n.\r\n.b\r\n"),
				left < 4 ? (size_t)left : 4),
			    on_wire, s);
		if (step == STEP_TLS) {
			step = smtp_client_secured(s->client, true);
		} else if (step == STEP_WAIT && s->sends++ < SENDS_MAX) {
			must(smtp_client_is_ready(s->client));
			step = smtp_client_send(s->client, &s->message);
			must(step != STEP_TLS);
		} else {
			s->over = step == STEP_CLOSE || step == STEP_WAIT;
			return;
		}
	}
}

static void
feed(struct session *s, struct slice in, size_t piece)
{
	size_t from = 0, to = 0;

	while (!s->over && (to < in.n || from < to)) {
		size_t eaten, had = to;
		enum step step;

		to = in.n - to < piece ? in.n : to + piece;
		step = smtp_client_feed(s->client,
		    slice_from(in.p + from, to - from), &eaten);
		must(eaten <= to - from);
		from += eaten;
		act(s, step);
		if (eaten == 0 && had == to)
			return;
	}
}

static bool
is_success(enum fate_kind kind)
{
	return kind == FATE_DELIVERED || kind == FATE_RELAYED ||
	    kind == FATE_PASSED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct recipient recipients[RCPTS];
	struct fate fates[RCPTS];
	struct envelope envelope = { .sender = SLICE("a@x"),
		.recipient_count = RCPTS,
		.recipients = recipients,
		.body = BODY_8BITMIME };
	struct smtp_client_options options = { .helo = "me" };
	struct session s = { 0 };
	const struct client_failure *failure;

	if (size < 2 || size > 65536)
		return 0;
	memset(fates, 0, sizeof(fates));
	recipients[0].address = SLICE("b@y");
	recipients[1].address = SLICE("c@y");
	recipients[1].notify = NOTIFY_NEVER;
	recipients[2].address = SLICE("\xc3\xbc@y");
	options.lmtp = (data[0] & 1) != 0;
	options.tls = (enum client_tls)((data[0] >> 1) % 3);
	if ((data[0] & 8) != 0) {
		options.user = "user";
		options.password = "pass";
		options.library = login_library_new();
	}
	s.message = (struct smtp_message){ .envelope = &envelope,
		.fates = fates,
		.arena = arena_new(65536),
		.size = SIZE,
		.utf8_header = (data[0] & 16) != 0 };
	s.client = smtp_client_new(&options);
	feed(&s, slice_from(data + 2, size - 2), 1u + data[1]);
	if (!s.over)
		smtp_client_lost(s.client, data[1] & 1 ? ERR_TIMEOUT : 0);
	failure = smtp_client_failure(s.client);
	if (failure != NULL) {
		must(failure->fate.kind == FATE_DEFERRED);
		must(failure->fate.reply.n > 0);
	}
	for (int i = 0; i < RCPTS; i++) {
		must(fates[i].kind == FATE_NONE || fates[i].reply.n > 0);
		must(fates[i].kind != FATE_EXPANDED);
		must(fates[i].kind != FATE_DELIVERED || options.lmtp);
		/* Success needs the whole content on the wire. */
		must(!is_success(fates[i].kind) || s.wire >= SIZE);
	}
	must(smtp_client_dialogue(s.client).n <= DIALOGUE_BOUND);
	smtp_client_free(&s.client);
	arena_free(&s.message.arena);
	login_library_free(&options.library);
	return 0;
}
