/*
 * receive/content.c - content runs through here in pieces as large as they
 * come; only the header section is looked at line by line.
 */
#include "receive/content.h"

#include <errno.h>

#include "conf/conf.h"

void
content_init(struct content *c, const struct limits_conf *limits,
    const struct smtp_host *host, void *arg)
{
	*c = (struct content){ .limits = limits, .host = host, .arg = arg };
	/* Two more, for the empty line that may have to be put in. */
	head_init(&c->head, limits->header_size + 2);
}

void
content_done(struct content *c)
{
	content_abort(c);
	head_done(&c->head);
}

static void
drop_draft(struct content *c)
{
	if (c->has_draft)
		c->host->draft_abort(c->arg);
	c->has_draft = false;
}

static void
reset(struct content *c)
{
	data_decoder_init(&c->decoder);
	c->check = (struct text_check){ 0 };
	head_reset(&c->head);
	c->octets = 0;
	c->has_draft = false;
	c->verdict = NULL;
}

void
content_abort(struct content *c)
{
	drop_draft(c);
	reset(c);
}

void
content_committed(struct content *c)
{
	c->has_draft = false;
}

int
content_begin(struct content *c, uint64_t *id, int64_t *arrived_ms)
{
	int rc;

	must(!c->has_draft);
	reset(c);
	rc = c->host->draft_begin(c->arg, id, arrived_ms);
	c->has_draft = rc == 0;
	return rc;
}

const char *
content_trouble(int rc)
{
	if (rc == -ENOSPC || rc == -EDQUOT)
		return "452 4.3.1 Insufficient system storage";
	return "451 4.3.0 Local error, please try again later";
}

/* The first thing that is wrong decides. */
static void
refuse(struct content *c, const char *reply)
{
	if (c->verdict == NULL)
		c->verdict = reply;
	drop_draft(c);
}

static void
add(struct content *c, struct slice run)
{
	int rc;

	if (run.n == 0 || c->verdict != NULL)
		return;
	rc = c->host->draft_add(c->arg, run);
	if (rc != 0)
		refuse(c, content_trouble(rc));
}

/* The header section is whole: judge it, pass it on. */
static void
pass_head(struct content *c)
{
	if (c->head.too_long)
		refuse(c, "552 5.3.4 Message header section is too large");
	else if (c->head.received > c->limits->received_hops)
		refuse(c, "554 5.4.6 Too many hops, this looks like a loop");
	else
		add(c, buf_slice(&c->head.bytes));
}

static void
take(struct content *c, struct slice run)
{
	if (c->verdict != NULL)
		return;
	if (run.n > c->limits->message_size - c->octets) {
		refuse(c, "552 5.3.4 Message is too large");
		return;
	}
	c->octets += run.n;
	if (!c->head.whole) {
		run = slice_skip(run, head_feed(&c->head, run));
		if (!c->head.whole && !c->head.too_long)
			return;
		c->head.whole = true;
		pass_head(c);
	}
	add(c, run);
}

static void
on_run(struct slice run, void *arg)
{
	take(arg, run);
}

size_t
content_feed_data(struct content *c, struct slice in, bool *ended)
{
	return data_decoder_feed(&c->decoder, in, on_run, c, ended);
}

void
content_feed_chunk(struct content *c, struct slice in)
{
	text_check_feed(&c->check, in);
	take(c, in);
}

/* Wrong line ends outrank all else: they may be an attack. */
static void
judge_line_ends(struct content *c)
{
	const char *reply = NULL;

	if (c->decoder.bare_cr || c->decoder.bare_lf || c->check.bare_cr ||
	    c->check.bare_lf)
		reply = "550 5.6.11 Bare CR or LF in the message; lines end "
			"with CR LF";
	else if (c->decoder.nul || c->check.nul)
		reply = "550 5.6.0 NUL byte in the message";
	if (reply == NULL)
		return;
	c->verdict = NULL;
	refuse(c, reply);
}

const char *
content_end(struct content *c)
{
	text_check_end(&c->check);
	judge_line_ends(c);
	if (c->verdict == NULL && !c->head.whole) {
		head_end(&c->head);
		pass_head(c);
	}
	return c->verdict;
}
