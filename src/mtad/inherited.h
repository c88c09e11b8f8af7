/*
 * mtad/inherited.h - listening sockets that systemd made (sd_listen_fds(3)),
 * found by FileDescriptorName=, which is the listener's name.
 */
#ifndef MTAD_INHERITED_H
#define MTAD_INHERITED_H

#include <stddef.h>

#include "base/must.h"

struct inherited_fd {
	char *name; /* owned */
	int fd;
};

struct inherited {
	struct inherited_fd *v; /* owned */
	size_t n;
};

/* From the environment, which then no longer tells of them. */
void inherited_take(struct inherited *);
void inherited_done(struct inherited *);
/* The next one of that name from *at on, or -1. It stays ours. */
int inherited_next(const struct inherited *, const char *name,
    size_t *at) MUST_USE;

#endif
