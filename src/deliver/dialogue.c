/*
 * deliver/dialogue.c - lines that are kept, but not all for ever.
 */
#include "deliver/dialogue.h"

#include <string.h>

#include "base/ascii.h"

enum { KEPT_FRONT = 4096, KEPT_BACK = 4096, MARKS_MAX = 8 };

/* Whole lines go. */
static void
drop_middle(struct buf *d)
{
	static const char gap[] = "...\n";
	size_t front = KEPT_FRONT, back = d->n - KEPT_BACK;

	while (front > 0 && d->p[front - 1] != '\n')
		front--;
	while (back < d->n && d->p[back - 1] != '\n')
		back++;
	memcpy(d->p + front, gap, sizeof(gap) - 1);
	memmove(d->p + front + sizeof(gap) - 1, d->p + back, d->n - back);
	d->n = front + sizeof(gap) - 1 + (d->n - back);
}

void
dialogue_init(struct dialogue *d)
{
	buf_init(&d->text, DIALOGUE_MAX);
}

void
dialogue_done(struct dialogue *d)
{
	buf_done(&d->text);
}

void
dialogue_clear(struct dialogue *d)
{
	buf_reset(&d->text);
}

void
dialogue_add(struct dialogue *d, const char *who, struct slice line)
{
	char *room;

	line = slice_head(line, DIALOGUE_LINE_MAX);
	if (line.n + MARKS_MAX > d->text.max - d->text.n)
		drop_middle(&d->text);
	buf_add_cstr(&d->text, who);
	room = buf_reserve(&d->text, line.n + 1);
	if (room == NULL)
		return;
	for (size_t i = 0; i < line.n; i++)
		room[i] = ascii_is_control(line.p[i]) ? '?' : line.p[i];
	room[line.n] = '\n';
	buf_added(&d->text, line.n + 1);
}
