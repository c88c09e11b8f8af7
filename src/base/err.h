/*
 * base/err.h - trouble with the machine: 0, -errno, or our codes below -1000.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_CORRUPT = -1001,  /* bytes on disk are not what was written */
	ERR_TIMEOUT = -1002,  /* it took too long */
	ERR_CLOSED = -1003,   /* the other side is gone */
	ERR_PROTOCOL = -1004, /* the other side does not speak as agreed */
	ERR_TLS = -1005,      /* the TLS handshake or layer failed */
	ERR_LIMIT = -1006,    /* a bound of ours was reached */
	ERR_LIMBO = -1007,    /* it failed, and may turn out to be done */
};

/* A static text, never NULL. `rc` is 0, -errno or an enum err. */
const char *err_text(int rc);

#endif
