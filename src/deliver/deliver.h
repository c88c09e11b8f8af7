/*
 * deliver/deliver.h - the deliverer: carries messages to next hops and into
 * mailboxes, as the scheduler says.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

/* The process of that role and number; returns its exit code. */
int deliver_main(unsigned number);

#endif
