/*
 * fuzz/fuzz_smtp_server.c - whole sessions of any bytes, in any pieces, with
 * any pauses and any trouble of ours.
 *
 * The first byte chooses the service and the trouble. Then come pieces: a
 * length byte and so many bytes; a length of 0 lets time pass instead. Laws:
 *  - 250 to content only for what was committed, one for each;
 *  - submission takes no sender before TLS and AUTH;
 *  - every line of a reply is "ddd" and a space or hyphen, printable: nothing
 *    that the client says can put a line of its own into a reply;
 *  - the end of a session is its last reply.
 */
#include <stdint.h>

#include "base/ascii.h"
#include "tests/unit/smtp_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int queued;

static void
check_replies(const struct buf *out)
{
	struct slice all = buf_slice(out);
	struct slice line;
	struct slice mark = SLICE("queued as");

	must(all.n == 0 || (all.n > 2 && all.p[all.n - 1] == '\n'));
	queued = 0;
	while (slice_take_line(&all, &line)) {
		must(line.n >= 4 && line.n < 600);
		must(ascii_is_digit(line.p[0]) && ascii_is_digit(line.p[1]) &&
		    ascii_is_digit(line.p[2]));
		must(line.p[3] == ' ' || line.p[3] == '-');
		for (size_t i = 0; i < line.n; i++)
			must(!ascii_is_control(line.p[i]));
		queued += slice_find_str(line, mark) < line.n;
	}
}

static void
check_laws(const struct scene *s)
{
	check_replies(&s->out);
	must(queued == s->acknowledged);
	must(s->acknowledged <= s->committed);
	if (s->terms.is_submission && smtp_server_is_busy(s->server)) {
		must(smtp_server_login(s->server).n > 0);
		must(smtp_server_tls(s->server)[0] != '\0');
	}
}

static enum step
let_time_pass(struct scene *s)
{
	int64_t deadline = smtp_server_deadline(s->server);

	if (deadline == INT64_MAX)
		return STEP_MORE;
	s->now = deadline;
	return smtp_server_expire(s->server, s->now);
}

static void
play(struct scene *s, struct slice script)
{
	enum step step = STEP_MORE;
	struct buf input;

	buf_init(&input, 1 << 20);
	while (script.n > 0 && step != STEP_CLOSE) {
		size_t n = (unsigned char)script.p[0];
		struct slice piece = slice_head(slice_skip(script, 1), n);

		script = slice_skip(script, 1 + piece.n);
		if (n == 0) {
			step = let_time_pass(s);
		} else {
			buf_add(&input, piece);
			buf_drop(&input,
			    scene_feed(s, buf_slice(&input), &step));
		}
		if (step == STEP_TLS) {
			/* What is there was sent in plain text: no session
			 * goes on with it. */
			buf_reset(&input);
			smtp_server_secured(s->server, "TLSv1.3 X", s->now);
			must(!smtp_server_is_busy(s->server));
			step = STEP_MORE;
		}
		check_laws(s);
		/* A line that waits is never longer than what feed must see. */
		must(input.n <= SMTP_INPUT_MIN || step == STEP_CLOSE);
	}
	buf_done(&input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene s;

	if (size == 0)
		return 0;
	scene_init(&s, (enum scene_kind)(data[0] % 6));
	s.rc_begin = (data[0] & 0x40) != 0 ? -28 : 0;
	s.rc_add = (data[0] & 0x80) != 0 ? -5 : 0;
	s.rc_commit = (data[0] & 0x20) != 0 ? -28 : 0;
	play(&s, slice_from(data + 1, size - 1));
	scene_done(&s);
	return 0;
}
