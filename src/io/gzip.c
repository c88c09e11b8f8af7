/*
 * io/gzip.c - zlib's deflate with a gzip header.
 */
#include "io/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/err.h"

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

int
gzip_pack(struct slice in, struct buf *out)
{
	z_stream z;
	size_t bound;
	char *to;
	int rc;

	memset(&z, 0, sizeof(z));
	must(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
		 MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
	bound = deflateBound(&z, in.n);
	if (bound > out->max - out->n)
		bound = out->max - out->n;
	to = buf_reserve(out, bound);
	must(to != NULL);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)bound;
	rc = deflate(&z, Z_FINISH);
	if (rc == Z_STREAM_END)
		buf_added(out, bound - z.avail_out);
	(void)deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : ERR_LIMIT;
}
