/*
 * mtactl/verbs.h - what each verb does; main.c has the table of them.
 */
#ifndef MTACTL_VERBS_H
#define MTACTL_VERBS_H

#include "mtactl/ctl.h"

/* of the running mtad: control.c, queue.c, site.c */
int do_status(struct ctl *);
int do_reload(struct ctl *);
int do_stop(struct ctl *);
int do_log_level(struct ctl *);
int do_queue_list(struct ctl *);
int do_queue_count(struct ctl *);
int do_queue_show(struct ctl *);
int do_queue_cat(struct ctl *);
int do_queue_flush(struct ctl *);
int do_queue_hold(struct ctl *);
int do_queue_release(struct ctl *);
int do_queue_remove(struct ctl *);
int do_queue_bounce(struct ctl *);
int do_site_list(struct ctl *);
int do_site_show(struct ctl *);
int do_site_suspend(struct ctl *);
int do_site_resume(struct ctl *);

/* of the configuration alone: test.c, spf.c, user.c, dkim.c, tables.c,
 * spool.c, config.c */
int do_test(struct ctl *);
int do_test_spf(struct ctl *);
int do_user_add(struct ctl *);
int do_user_passwd(struct ctl *);
int do_user_remove(struct ctl *);
int do_user_list(struct ctl *);
int do_dkim_keygen(struct ctl *);
int do_dkim_check(struct ctl *);
int do_dkim_list(struct ctl *);
int do_table_build(struct ctl *);
int do_table_get(struct ctl *);
int do_spool_check(struct ctl *);
int do_config(struct ctl *);

#endif
