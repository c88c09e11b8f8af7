/*
 * deliver/courier.h - carries a job over the network: to the next hop's hosts,
 * one address after the other, until one takes the message or judges it.
 */
#ifndef DELIVER_COURIER_H
#define DELIVER_COURIER_H

#include <stdbool.h>

#include "deliver/job.h"

/*
 * For jobs with a remote target, whose message is open. Ends, always, with
 * job_done(), and every recipient has a fate.
 */
void courier_start(struct job *);
/* The job is about to be freed: drops what is under way. */
void courier_abandon(struct job *);

#endif
