/*
 * deliver/local.h - jobs for mailboxes on this machine: "maildir:PATH".
 *
 * The path is made for each recipient; an agent with the rights of the
 * mailbox's user writes there. We have no such rights.
 */
#ifndef DELIVER_LOCAL_H
#define DELIVER_LOCAL_H

#include "deliver/agents.h"
#include "deliver/job.h"

/* For TARGET_MAILDIR, TARGET_MBOX, TARGET_PIPE; ends with job_done(). */
void local_start(struct job *, struct agents *);
void local_abandon(struct job *);

#endif
