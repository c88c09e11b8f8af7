/*
 * fuzz/fuzz_data.c - any bytes at all, into smtp/data.c:
 * the content is the same however the wire is cut (its first two bytes say
 * where), and as a reader of single bytes has it; what is encoded decodes
 * again.
 */
#include <stdint.h>

#include "smtp/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct reading {
	struct buf content;
	struct data_decoder decoder;
	size_t eaten;
	bool ended;
};

static void
keep(struct slice s, void *arg)
{
	must(s.n > 0);
	buf_add(arg, s);
}

/* Feeds the wire in pieces of `step` bytes. */
static void
read_in_steps(struct reading *r, struct slice wire, size_t step)
{
	buf_init(&r->content, wire.n);
	data_decoder_init(&r->decoder);
	r->eaten = 0;
	r->ended = false;
	while (r->eaten < wire.n && !r->ended) {
		struct slice piece =
		    slice_head(slice_skip(wire, r->eaten), step);
		size_t n = data_decoder_feed(&r->decoder, piece, keep,
		    &r->content, &r->ended);

		must(n == piece.n || r->ended);
		r->eaten += n;
	}
	must(!buf_failed(&r->content));
}

/*
 * The same by the letter of RFC 5321, 4.5.2: up to CRLF "." CRLF, lines by CRLF
 * alone, a dot at the front of a line goes.
 */
static void
check_by_the_letter(const struct reading *r, struct slice wire)
{
	struct slice end = SLICE("\r\n.\r\n");
	size_t at = slice_starts(wire, ".\r\n") ? 0 : slice_find_str(wire, end);
	struct slice rest;
	struct buf content;

	must(r->ended == (at < wire.n));
	if (!r->ended)
		return;
	must(r->eaten == (at == 0 && wire.p[0] == '.' ? 3 : at + end.n));
	rest = slice_head(wire, r->eaten - 3);
	buf_init(&content, wire.n);
	while (rest.n > 0) {
		size_t n = slice_find_str(rest, SLICE("\r\n")) + 2;
		struct slice line = slice_head(rest, n);

		(void)slice_take_char(&line, '.');
		buf_add(&content, line);
		rest = slice_skip(rest, n);
	}
	must(slice_eq(buf_slice(&content), buf_slice(&r->content)));
	buf_done(&content);
}

static void
check_round_trip(struct slice content, size_t step)
{
	struct data_encoder encoder;
	struct slice rest = content;
	struct reading back;
	struct buf wire;

	buf_init(&wire, content.n * 2 + 5);
	data_encoder_init(&encoder);
	for (; rest.n > 0; rest = slice_skip(rest, step))
		data_encoder_feed(&encoder, slice_head(rest, step), keep,
		    &wire);
	data_encoder_end(&encoder, keep, &wire);
	must(!buf_failed(&wire));
	read_in_steps(&back, buf_slice(&wire), wire.n);
	must(back.ended && back.eaten == wire.n);
	must(
	    slice_eq(slice_head(buf_slice(&back.content), content.n), content));
	if (content.n == 0 || slice_ends_nocase(content, "\r\n"))
		must(back.content.n == content.n);
	else
		must(back.content.n == content.n + 2);
	buf_done(&wire);
	buf_done(&back.content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice wire = slice_from(data, size);
	struct reading whole, cut;
	size_t step;

	if (size < 2)
		return 0;
	step = (size_t)data[0] % 16 + 1;
	wire = slice_skip(wire, 1);
	read_in_steps(&whole, wire, wire.n);
	read_in_steps(&cut, wire, step);
	must(whole.ended == cut.ended && whole.eaten == cut.eaten);
	must(slice_eq(buf_slice(&whole.content), buf_slice(&cut.content)));
	must(whole.decoder.bare_cr == cut.decoder.bare_cr);
	must(whole.decoder.bare_lf == cut.decoder.bare_lf);
	must(whole.decoder.nul == cut.decoder.nul);
	must(whole.decoder.longest_line == cut.decoder.longest_line);
	check_by_the_letter(&whole, wire);
	check_round_trip(wire, step);
	buf_done(&whole.content);
	buf_done(&cut.content);
	return 0;
}
