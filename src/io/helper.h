/*
 * io/helper.h - a helper thread for what blocks: fdatasync, password hashes.
 *
 * It shares nothing with the loop but a job and its result: `work` runs in the
 * thread and may touch nothing but `job`; `done` runs in the loop, posted.
 * Jobs of one helper with one thread run in order.
 */
#ifndef IO_HELPER_H
#define IO_HELPER_H

#include "io/loop.h"

struct helper;
typedef void helper_fn(void *job);

struct helper *helper_new(struct loop *, unsigned threads) MUST_USE;
/* Waits for the jobs under way; the rest is dropped without `done`. */
void helper_free(struct helper **);
void helper_run(struct helper *, helper_fn *work, helper_fn *done, void *job);
unsigned helper_pending(const struct helper *);

#endif
