/*
 * auth/password.h - is it the password? By crypt(3), SCRAM keys or PAM. Each
 * takes 1 to 200 ms: for the helper's threads, which share nothing.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>

#include "auth/user_keys.h"
#include "base/must.h"
#include "ipc/messages.h"

/* By the hash if there is one, else by the SCRAM keys. */
bool password_fits(const struct user_keys *, const char *password) MUST_USE;
/* Authentication and account checks of the PAM service. */
enum auth_verdict password_ask_pam(const char *service, const char *login,
    const char *password, const char *client) MUST_USE;
/* A hash of crypt(3)'s preferred kind that no password fits. 0 or -errno. */
int password_dummy_hash(char *out, size_t size) MUST_USE;
/* In time that depends on n alone. */
bool bytes_are_equal(const void *, const void *, size_t n) MUST_USE;

#endif
