/*
 * deliver/mx_set.c - host names, sorted; preferences do not count, as those
 * who share hosts may order them as they like.
 */
#include "deliver/mx_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "ipc/messages.h" /* MX_UNKNOWN */

/* FNV-1a. It need not withstand anybody: a domain chooses its hosts anyway. */
static uint64_t
digest_of(struct slice text)
{
	uint64_t digest = 14695981039346656037ULL;

	for (size_t i = 0; i < text.n; i++)
		digest = (digest ^ (unsigned char)text.p[i]) * 1099511628211ULL;
	return digest > MX_UNKNOWN ? digest : MX_UNKNOWN + 1;
}

static int
by_name(const void *x, const void *y)
{
	const char *const *a = x;
	const char *const *b = y;

	return strcasecmp(*a, *b);
}

uint64_t
mx_set_write(const struct hosts *hosts, struct buf *out)
{
	const char *names[HOSTS_MAX];
	size_t start = out->n;

	for (size_t i = 0; i < hosts->host_count; i++)
		names[i] = hosts->host[i].name;
	qsort(names, hosts->host_count, sizeof(names[0]), by_name);
	for (size_t i = 0; i < hosts->host_count; i++) {
		if (i > 0 && strcasecmp(names[i], names[i - 1]) == 0)
			continue;
		if (i > 0)
			buf_add_char(out, ' ');
		for (const char *p = names[i]; *p != '\0'; p++)
			buf_add_char(out, ascii_lower(*p));
	}
	return digest_of(slice_skip(buf_slice(out), start));
}

const char *
mx_set_best(const struct hosts *hosts)
{
	const struct host *best = &hosts->host[0];

	for (size_t i = 1; i < hosts->host_count; i++) {
		const struct host *h = &hosts->host[i];

		if (h->preference < best->preference ||
		    (h->preference == best->preference &&
			strcasecmp(h->name, best->name) < 0))
			best = h;
	}
	return best->name;
}
