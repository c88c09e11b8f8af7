/*
 * mtad/settings.h - main.conf as the master takes it: what conf/ has read is
 * held against this machine (certificates, users, keys), and a reload against
 * what runs.
 */
#ifndef MTAD_SETTINGS_H
#define MTAD_SETTINGS_H

#include "base/buf.h"
#include "base/must.h"
#include "conf/conf.h"
#include "worker/identity.h"

enum { SETTINGS_ERRORS_MAX = 32 << 10 };

/* A whole and good conf, or NULL and the errors, a line each. */
struct conf *settings_load(const char *path, struct identity *user,
    struct buf *errors) MUST_USE;
/*
 * An error for all that can't change while workers have it open, or are as
 * many as they are.
 */
void settings_check_fixed(const struct conf *old, const struct conf *new,
    struct buf *errors);
/* To standard error, as every command does. */
void settings_print_errors(const struct buf *errors);
void settings_log_warnings(const struct conf *);
/* mtad -n: prints every error and warning; 0 or 1. */
int settings_check(const char *path) MUST_USE;

#endif
