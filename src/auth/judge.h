/*
 * auth/judge.h - passwords judged by helper threads: against a table's keys,
 * or by PAM.
 */
#ifndef AUTH_JUDGE_H
#define AUTH_JUDGE_H

#include <stdint.h>

#include "auth/user_keys.h"
#include "base/must.h"
#include "io/loop.h"
#include "ipc/messages.h"

struct judge;

/* `ticket` is what judge_ask_...() was given. From the loop, posted. */
typedef void judge_fn(uint64_t ticket, enum auth_verdict, void *arg);

struct judge *judge_new(struct loop *, judge_fn *, void *arg) MUST_USE;
/* Waits for those under way; of the others nothing is heard. */
void judge_free(struct judge **);
/*
 * Copies what it is given. `keys` NULL: keys that no password fits, but that
 * take as long. ERR_LIMIT if too many wait already.
 */
int judge_ask_keys(struct judge *, uint64_t ticket,
    const struct user_keys *keys, const char *password) MUST_USE;
int judge_ask_pam(struct judge *, uint64_t ticket, const char *service,
    struct slice login, const char *password, struct slice client) MUST_USE;
/* What unknown logins are compared with: a value of the table itself. */
void judge_set_dummy(struct judge *, const struct user_keys *);

#endif
