/*
 * worker/log_target.h - where this process's log lines go: log.target.
 *
 * auto	     the journal, when standard error is it (then with priorities),
 *	     else standard error
 * file:PATH the master opens it and hands the descriptor to all
 */
#ifndef WORKER_LOG_TARGET_H
#define WORKER_LOG_TARGET_H

#include "conf/conf.h"

/*
 * `program` ("receiver 0") is borrowed and stands in each line. Opens what it
 * needs, so call it before a chroot. Lines for a file go to standard error
 * until log_target_file().
 */
void log_target_use(const struct log_conf *, const char *program);
/* Takes the descriptor, opened for appending; closes the one before. */
void log_target_file(int fd);
/* The path of "file:PATH", or NULL. */
const char *log_target_path(const struct log_conf *);

#endif
