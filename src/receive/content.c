/*
 * receive/content.c - content runs through here in pieces as large as they
 * come; only the header section is looked at line by line.
 */
#include "receive/content.h"

#include <errno.h>

#include "base/err.h"
#include "conf/conf.h"
#include "mail/header.h"
#include "receive/smtp_server.h"
#include "receive/trace.h"
#include "verify/auth_results.h"

enum { ADDED_MAX = 1024 };

void
content_init(struct content *c, const struct smtp_terms *terms,
    const struct smtp_host *host, void *arg)
{
	*c = (struct content){ .terms = terms, .host = host, .arg = arg };
	/* Two more, for the empty line that may have to be put in. */
	head_init(&c->head, terms->limits->header_size + 2);
	buf_init(&c->added, ADDED_MAX);
}

void
content_done(struct content *c)
{
	content_abort(c);
	head_done(&c->head);
	buf_done(&c->added);
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
	buf_reset(&c->added);
	c->octets = 0;
	c->kept = 0;
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
	if (rc == 0) {
		c->id = *id;
		c->arrived_ms = *arrived_ms;
	}
	return rc;
}

const char *
content_trouble(int rc)
{
	if (rc == -ENOSPC || rc == -EDQUOT)
		return "452 4.3.1 Insufficient system storage";
	/* The truth: a crash may bring back what could not be cut off. */
	if (rc == ERR_LIMBO)
		return "451 4.3.0 Local error, please try again later; the "
		       "message may arrive twice then";
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
	else
		c->kept += run.n;
}

/*
 * Authentication-Results that bear our name come from us alone; what is in
 * here already is a forgery, or was written by us before the message left
 * (RFC 8601, 5). Those who may relay are inside, and are believed.
 */
static bool
is_false_result(const struct content *c, const struct header_field *f)
{
	return slice_is_nocase(f->name, "authentication-results") &&
	    auth_results_claims(f, slice_of(c->terms->hostname));
}

static void
add_kept_fields(struct content *c)
{
	struct slice rest = buf_slice(&c->head.bytes);
	struct slice run = slice_head(rest, 0);
	struct header_field f;
	bool looks = c->head.has_results && !c->terms->is_trusted;

	while (looks && header_take(&rest, &f)) {
		if (is_false_result(c, &f)) {
			add(c, run);
			run = slice_head(rest, 0);
		} else {
			run.n += f.raw.n;
		}
	}
	run.n += rest.n;
	add(c, run);
}

/* The header section is whole: judge it, pass it on. */
static void
pass_head(struct content *c)
{
	if (c->head.too_long) {
		refuse(c, "552 5.3.4 Message header section is too large");
		return;
	}
	if (c->head.received > c->terms->limits->received_hops) {
		refuse(c, "554 5.4.6 Too many hops, this looks like a loop");
		return;
	}
	if (c->terms->is_submission)
		trace_missing_fields(&c->head, c->terms->hostname, c->id,
		    c->arrived_ms, &c->added);
	add_kept_fields(c);
	if (c->verdict == NULL)
		c->host->head(c->arg, buf_slice(&c->added),
		    buf_slice(&c->head.bytes));
}

static void
pass_body(struct content *c, struct slice run)
{
	add(c, run);
	if (run.n > 0 && c->verdict == NULL)
		c->host->body(c->arg, run);
}

static void
take(struct content *c, struct slice run)
{
	if (c->verdict != NULL)
		return;
	if (run.n > c->terms->limits->message_size - c->octets) {
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
	pass_body(c, run);
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
