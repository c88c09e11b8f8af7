/*
 * smtp/data.c - dots taken away and put in, by whole runs: each line costs a
 * search for its LF, and nothing is copied. A stray CR is not searched for: the
 * input has more CRs then than line ends, and those are counted fast.
 */
#include "smtp/data.h"

#include <string.h>

/* Where the next byte stands. */
enum place {
	AT_LINE_START,
	IN_LINE,
	BEHIND_CR,     /* within a line, the CR already given */
	BEHIND_DOT,    /* the dot at a line's start, not given */
	BEHIND_DOT_CR, /* that and a CR, both not given */
};

void
data_decoder_init(struct data_decoder *d)
{
	*d = (struct data_decoder){ .state = AT_LINE_START };
}

/* Gives the sink what lies between `from` and `to`. */
static void
give(struct data_decoder *d, const char *from, const char *to,
    data_sink_fn *sink, void *arg)
{
	struct slice run = { from, (size_t)(to - from) };

	if (run.n == 0)
		return;
	if (!d->nul)
		d->nul = slice_has(run, '\0');
	sink(run, arg);
}

/* By a CRLF, whose CR was expected. */
static void
line_ended(struct data_decoder *d)
{
	d->lone_crs--;
	if (d->line_length > d->longest_line)
		d->longest_line = d->line_length;
	d->line_length = 0;
	d->state = AT_LINE_START;
}

/*
 * Goes from within a line to behind its CRLF, or behind a bare LF, or to the
 * end of the input.
 */
static const char *
pass_line(struct data_decoder *d, const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	const char *stop = lf != NULL ? lf : end;
	size_t n = (size_t)(stop - p);
	bool ends_with_cr = n > 0 && stop[-1] == '\r';

	d->line_length += n;
	if (lf == NULL) {
		d->state = ends_with_cr ? BEHIND_CR : IN_LINE;
		return end;
	}
	if (ends_with_cr) {
		d->line_length--;
		line_ended(d);
	} else {
		d->bare_lf = true;
		d->line_length++;
	}
	return lf + 1;
}

static size_t
eat(struct data_decoder *d, struct slice in, data_sink_fn *sink, void *arg,
    bool *ended)
{
	static const char cr = '\r';
	const char *end = in.p + in.n;
	const char *run = in.p; /* not given yet from here on */
	const char *p = in.p;

	*ended = false;
	while (p < end) {
		switch ((enum place)d->state) {
		case AT_LINE_START:
			d->state = IN_LINE;
			if (*p != '.')
				break;
			give(d, run, p, sink, arg);
			run = ++p;
			d->state = BEHIND_DOT;
			break;
		case IN_LINE:
			p = pass_line(d, p, end);
			break;
		case BEHIND_CR:
			d->state = IN_LINE;
			if (*p == '\n') {
				d->line_length--;
				line_ended(d);
				p++;
			}
			break;
		case BEHIND_DOT:
			d->state = IN_LINE;
			if (*p == '\r') {
				run = ++p;
				d->state = BEHIND_DOT_CR;
			}
			break;
		case BEHIND_DOT_CR:
			if (*p == '\n') {
				*ended = true;
				line_ended(d);
				return (size_t)(p + 1 - in.p);
			}
			/* An ordinary line that begins with a bare CR. */
			give(d, &cr, &cr + 1, sink, arg);
			d->line_length++;
			d->state = IN_LINE;
			break;
		}
	}
	give(d, run, p, sink, arg);
	return in.n;
}

size_t
data_decoder_feed(struct data_decoder *d, struct slice in, data_sink_fn *sink,
    void *arg, bool *ended)
{
	size_t eaten = eat(d, in, sink, arg, ended);
	bool awaits_lf = d->state == BEHIND_CR || d->state == BEHIND_DOT_CR;

	d->lone_crs += (int64_t)slice_count(slice_head(in, eaten), '\r');
	if (d->lone_crs > (awaits_lf ? 1 : 0))
		d->bare_cr = true;
	return eaten;
}

void
data_encoder_init(struct data_encoder *e)
{
	e->state = AT_LINE_START;
}

void
data_encoder_feed(struct data_encoder *e, struct slice in, data_sink_fn *sink,
    void *arg)
{
	const char *end = in.p + in.n;
	const char *run = in.p;
	const char *p = in.p;
	bool behind_cr = e->state == BEHIND_CR;

	if (in.n == 0)
		return;
	if (e->state == AT_LINE_START && *p == '.')
		sink(SLICE("."), arg);
	for (;;) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		bool crlf =
		    lf != NULL && (lf > in.p ? lf[-1] == '\r' : behind_cr);

		if (lf == NULL) {
			e->state = end[-1] == '\r' ? BEHIND_CR : IN_LINE;
			break;
		}
		p = lf + 1;
		if (p == end) {
			e->state = crlf ? AT_LINE_START : IN_LINE;
			break;
		}
		if (crlf && *p == '.') {
			/* The dot ends this run, and begins the next. */
			sink(slice_from(run, (size_t)(p + 1 - run)), arg);
			run = p;
		}
	}
	sink(slice_from(run, (size_t)(end - run)), arg);
}

void
data_encoder_end(struct data_encoder *e, data_sink_fn *sink, void *arg)
{
	if (e->state == AT_LINE_START)
		sink(SLICE(".\r\n"), arg);
	else
		sink(SLICE("\r\n.\r\n"), arg);
	e->state = AT_LINE_START;
}
