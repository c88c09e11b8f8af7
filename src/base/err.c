/*
 * base/err.c - the names of machine trouble.
 */
#include "base/err.h"

#include <string.h>

const char *
err_text(int rc)
{
	const char *text;

	switch (rc) {
	case 0:
		return "success";
	case ERR_CORRUPT:
		return "corrupt data";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_CLOSED:
		return "connection closed";
	case ERR_PROTOCOL:
		return "protocol error";
	case ERR_TLS:
		return "TLS failed";
	case ERR_LIMIT:
		return "limit reached";
	case ERR_LIMBO:
		return "failed, but perhaps done";
	default:
		text = strerrordesc_np(rc < 0 ? -rc : rc);
		return text == NULL ? "unknown error" : text;
	}
}
