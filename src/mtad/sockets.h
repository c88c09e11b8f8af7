/*
 * mtad/sockets.h - all listening sockets: SMTP listeners, control.sock, HTTP.
 *
 * A set belongs to one configuration. A reload opens a new set, which takes
 * over what it shares with the old one, before the old one goes.
 */
#ifndef MTAD_SOCKETS_H
#define MTAD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/why.h"
#include "conf/conf.h"
#include "io/address.h"
#include "mtad/inherited.h"

struct bound {
	char *name;           /* owned: the listener's, "control" or "http" */
	bool is_schedulers;   /* control and http */
	int fd;               /* owned */
	struct ip ip;         /* as configured; version 0: control.sock */
	uint16_t wanted_port; /* as configured; 0: any */
	char text[ADDRESS_TEXT_SIZE + 96]; /* where it listens, for people */
	bool is_inherited;
};

struct sockets {
	struct bound *v; /* owned */
	size_t n;
};

/*
 * 0, or -errno and `why`, and then `old` and the world are as before. `old` may
 * be empty; its descriptors stay its own.
 */
int sockets_open(const struct conf *, const struct inherited *,
    const struct sockets *old, struct sockets *out, struct why *) MUST_USE;
void sockets_done(struct sockets *);
/* Are the sockets of that name the same in both, and at least one? */
bool sockets_are_same(const struct sockets *, const struct sockets *,
    const char *name);
bool sockets_have(const struct sockets *, const char *name);

#endif
