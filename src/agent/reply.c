/*
 * agent/reply.c - see reply.h. Trouble with files is never the sender's
 * fault, and mends: so no row is permanent.
 */
#include "agent/reply.h"

#include <errno.h>
#include <stddef.h>

/* clang-format off */
static const struct {
	int rc;
	struct agent_reply reply;
} rows[] = {
	{ 0,		{ 250, "250 2.0.0 Delivered to the mailbox" } },
	{ -EDQUOT,	{ 452, "452 4.2.2 The mailbox is full" } },
	{ -ENOSPC,	{ 452, "452 4.3.1 No space left for the mailbox" } },
	{ -EFBIG,	{ 452, "452 4.2.2 The message is too large for the mailbox" } },
	{ -EACCES,	{ 450, "450 4.3.0 No right to write to the mailbox" } },
	{ -EPERM,	{ 450, "450 4.3.0 No right to write to the mailbox" } },
	{ -EROFS,	{ 450, "450 4.3.0 The mailbox is on a read-only file system" } },
	{ -ENOTDIR,	{ 450, "450 4.3.5 The mailbox is not a directory" } },
	{ -ELOOP,	{ 450, "450 4.3.5 The mailbox is a symbolic link" } },
};
/* clang-format on */

struct agent_reply
agent_reply_for(int rc)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rc == rc)
			return rows[i].reply;
	return (struct agent_reply){ 450,
		"450 4.3.0 The mailbox could not be written" };
}
