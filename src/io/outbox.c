/*
 * io/outbox.c - see outbox.h. It writes nothing itself.
 */
#include "io/outbox.h"

void
outbox_init(struct outbox *out, size_t max, size_t low_mark)
{
	*out = (struct outbox){ .low_mark = low_mark };
	buf_init(&out->bytes, max);
}

void
outbox_done(struct outbox *out)
{
	buf_done(&out->bytes);
}

bool
outbox_add(struct outbox *out, struct slice s)
{
	/* What is sent is dropped when it is the greater part, not each time.
	 */
	if (out->sent > 0 && out->sent >= out->bytes.n - out->sent) {
		buf_drop(&out->bytes, out->sent);
		out->sent = 0;
	}
	buf_add(&out->bytes, s);
	if (outbox_view(out).n > out->low_mark)
		out->was_above = true;
	return !buf_failed(&out->bytes);
}

struct slice
outbox_view(const struct outbox *out)
{
	return slice_skip(buf_slice(&out->bytes), out->sent);
}

void
outbox_sent(struct outbox *out, size_t n)
{
	must(n <= out->bytes.n - out->sent);
	out->sent += n;
	if (out->sent == out->bytes.n)
		outbox_clear(out);
}

void
outbox_clear(struct outbox *out)
{
	size_t max = out->bytes.max;

	buf_done(&out->bytes);
	buf_init(&out->bytes, max);
	out->sent = 0;
}

bool
outbox_take_drained(struct outbox *out)
{
	if (!out->was_above || outbox_view(out).n > out->low_mark)
		return false;
	out->was_above = false;
	return true;
}
