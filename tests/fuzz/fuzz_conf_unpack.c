/*
 * fuzz/fuzz_conf_unpack.c - any bytes, as a packed conf: refused, or whole
 * enough to be packed again.
 */
#include <stdint.h>
#include <unistd.h>

#include "base/must.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = conf_from_bytes(slice_from(data, size));
	struct conf *again;
	int fd;

	if (conf == NULL)
		return 0;
	fd = conf_pack(conf, ~0u);
	must(fd >= 0);
	again = conf_unpack(fd);
	must(again != NULL);
	must(again->domain_count == conf->domain_count);
	must(again->table_count == conf->table_count);
	conf_unref(&again);
	conf_unref(&conf);
	return 0;
}
