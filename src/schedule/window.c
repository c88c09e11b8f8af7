/*
 * schedule/window.c - additive increase, and a ceiling that is remembered.
 */
#include "schedule/window.h"

#include <math.h>

enum {
	WINDOW_START = 2,    /* before anything is known */
	PROBE_SLOWNESS = 64, /* growth at the ceiling is slower by this */
};

void
window_start(struct window *w, uint32_t most)
{
	w->size = fmin(WINDOW_START, most);
}

void
window_limit(struct window *w, uint32_t most)
{
	w->size = fmin(w->size, most);
}

uint32_t
window_jobs(const struct window *w)
{
	return (uint32_t)w->size;
}

/* A window that was not full proves nothing, so it does not grow. */
void
window_grow(struct window *w, uint32_t at_once, uint32_t most)
{
	double step = 1;

	if (at_once < (uint32_t)w->size)
		return;
	if (w->ceiling > 0 && w->size >= w->ceiling)
		step = 1 / (w->size * PROBE_SLOWNESS);
	else if (w->ceiling > 0)
		step = 1 / w->size;
	w->size = fmin(w->size + step, most);
	if (w->size >= w->ceiling + 2)
		w->ceiling = 0; /* it has more room now */
}

/*
 * A refusal where one was met before confirms what we know: stay right below.
 * Any other is news, and the window is halved.
 */
void
window_cut(struct window *w, uint32_t at_once, bool refused)
{
	uint32_t fits = at_once > 1 ? at_once - 1 : 1;
	bool confirms = refused && fits == w->ceiling;

	w->ceiling = fits;
	w->size = confirms ? fits : fmax(1, fmin(w->size, at_once) / 2);
}
