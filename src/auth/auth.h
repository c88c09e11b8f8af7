/*
 * auth/auth.h - the authenticator: says who a client is.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/must.h"

/* The process's main function; its exit code. */
int auth_main(unsigned number) MUST_USE;

#endif
