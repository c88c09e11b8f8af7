/*
 * io/tls_cert.h - PEM into a context of OpenSSL, for tls_server.c alone.
 */
#ifndef IO_TLS_CERT_H
#define IO_TLS_CERT_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/must.h"
#include "base/why.h"
#include "io/tls.h"

/* The chain and the key, which must fit together. */
bool tls_cert_load(SSL_CTX *, const struct tls_server_cert *,
    struct why *) MUST_USE;

#endif
