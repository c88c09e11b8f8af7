/*
 * schedule/heed.h - what a job's answer says of the pace of the mail to come,
 * by replies.conf: sites that are paused, addresses that rest.
 */
#ifndef SCHEDULE_HEED_H
#define SCHEDULE_HEED_H

#include "ipc/messages.h"
#include "schedule/sources.h"
#include "schedule/suspension.h"

struct heeding {
	const struct suspensions *suspensions; /* borrowed */
	struct sources *sources;               /* borrowed */
};

/*
 * plan_done() of a job, of which the words are the site's; a window that is
 * cut by it is noted.
 */
enum plan_change heed_job_done(const struct heeding *, struct site *,
    struct plan_load *, enum job_trouble, struct slice words) MUST_USE;
/* `choice` is the job's, or NULL. "slow" was the trouble of the job already. */
void heed_answer(const struct heeding *, const struct lane *,
    const struct source_choice *choice, const struct msg_job_done *);

#endif
