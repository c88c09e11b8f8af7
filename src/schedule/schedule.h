/*
 * schedule/schedule.h - the scheduler process.
 */
#ifndef SCHEDULE_SCHEDULE_H
#define SCHEDULE_SCHEDULE_H

/* Runs until the master stops it; returns the exit code of the process. */
int schedule_main(unsigned number);

#endif
