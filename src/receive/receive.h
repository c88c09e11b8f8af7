/*
 * receive/receive.h - the receiver process: accepts mail by SMTP, puts it on
 * disk, and tells the scheduler.
 */
#ifndef RECEIVE_RECEIVE_H
#define RECEIVE_RECEIVE_H

/* The process's main function: returns its exit code. */
int receive_main(unsigned number);

#endif
