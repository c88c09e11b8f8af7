/*
 * deliver/heed.h - what replies.conf says of the replies that a job got.
 *
 * Pure. Verdicts change the job's fates here; what concerns the mail to come
 * is noted in the job, and is the scheduler's.
 */
#ifndef DELIVER_HEED_H
#define DELIVER_HEED_H

#include "base/must.h"
#include "conf/replies.h"
#include "deliver/job.h"

/* Whose reply it is; borrowed for the call. */
struct heed_from {
	const struct replies *rules; /* or NULL */
	struct slice host;
	struct slice address; /* its IP and port */
};

/*
 * A reply that ended a session before the message had a verdict: the fate may
 * become final, and where another host is worth asking is what is returned.
 */
enum heed_advice { HEED_AS_EVER, HEED_NEXT_MX, HEED_GIVE_UP };
enum heed_advice heed_failure(struct job *, const struct heed_from *,
    struct fate *) MUST_USE;
/*
 * The fates that came since the last call. True: some recipients are to go to
 * the next host; they have no fate again, and *last is what it was.
 */
bool heed_fates(struct job *, const struct heed_from *,
    struct fate *last) MUST_USE;
/* What the rules make of the trouble that the session saw. */
enum job_trouble heed_trouble(const struct job *, enum job_trouble) MUST_USE;

#endif
