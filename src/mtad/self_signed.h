/*
 * mtad/self_signed.h - a certificate for who has configured none.
 */
#ifndef MTAD_SELF_SIGNED_H
#define MTAD_SELF_SIGNED_H

#include "base/must.h"
#include "base/why.h"
#include "conf/conf.h"
#include "worker/identity.h"

/*
 * If a listener wants TLS and there is no tls section: one is put into conf,
 * with the certificate kept in the state directory, made when missing.
 */
int self_signed_add(struct conf *, const struct identity *,
    struct why *) MUST_USE;

#endif
