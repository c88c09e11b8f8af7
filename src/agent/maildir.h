/*
 * agent/maildir.h - one message into a maildir, durably, with the rights of
 * whoever runs it.
 */
#ifndef AGENT_MAILDIR_H
#define AGENT_MAILDIR_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

/* A run of the content in a file. */
struct maildir_part {
	int fd; /* borrowed */
	uint64_t offset;
	uint64_t length;
};

/*
 * Makes what is missing of the maildir (0700, parents too), writes `header` and
 * the parts to tmp/, syncs, moves it to new/ and syncs that. When it returns 0
 * the message is on disk; else nothing is left but perhaps directories. -errno,
 * and `why` names the path.
 */
int maildir_deliver(const char *path, struct slice header,
    const struct maildir_part *, unsigned part_count, struct why *) MUST_USE;

#endif
