/*
 * deliver/self.h - who we are, so that no mail is carried to ourselves.
 *
 * Our name, and the addresses at which our own listeners take mail on the port
 * that MX hosts are spoken to at. What listens on another port is somebody
 * else, even on this machine.
 */
#ifndef DELIVER_SELF_H
#define DELIVER_SELF_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/must.h"
#include "conf/conf.h"

struct self;

/* Reads the machine's addresses: before the sandbox. */
struct self *self_new(const struct conf *) MUST_USE;
void self_free(struct self **);
/* After a reload: the machine's addresses stay as they were read. */
void self_update(struct self *, const struct conf *);
/* Is that us, on that port? */
bool self_listens_at(const struct self *, const struct ip *, uint16_t port);

#endif
