/*
 * mtad/inherited.c - see inherited.h. It does not bind what is missing.
 */
#include "mtad/inherited.h"

#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

void
inherited_take(struct inherited *in)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	*in = (struct inherited){ NULL, 0 };
	if (n <= 0)
		return;
	in->v = mem_array((size_t)n, sizeof(*in->v));
	in->n = (size_t)n;
	for (size_t i = 0; i < in->n; i++) {
		in->v[i].name = mem_cstr(slice_of(names[i]));
		in->v[i].fd = SD_LISTEN_FDS_START + (int)i;
		mem_free(names[i]);
	}
	mem_free(names);
}

void
inherited_done(struct inherited *in)
{
	for (size_t i = 0; i < in->n; i++) {
		(void)close(in->v[i].fd);
		mem_free(in->v[i].name);
	}
	mem_free(in->v);
	*in = (struct inherited){ NULL, 0 };
}

int
inherited_next(const struct inherited *in, const char *name, size_t *at)
{
	while (*at < in->n) {
		const struct inherited_fd *f = &in->v[(*at)++];

		if (strcmp(f->name, name) == 0)
			return f->fd;
	}
	return -1;
}
