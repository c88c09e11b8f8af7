/*
 * fuzz/fuzz_target.c - any bytes, into conf/target.c: what is taken can be
 * written, and what is written means the same.
 */
#include <stdint.h>

#include "conf/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target t, again;
	struct buf text;

	if (!target_parse(slice_from(data, size), &t, NULL))
		return 0;
	buf_init(&text, size + 100);
	target_write(&t, &text);
	must(!buf_failed(&text));
	must(target_parse(buf_slice(&text), &again, NULL));
	must(again.kind == t.kind && again.port == t.port);
	must(slice_eq(again.host, t.host) && slice_eq(again.path, t.path));
	must(ip_eq(&again.ip, &t.ip) && again.smtp_code == t.smtp_code);
	buf_done(&text);
	return 0;
}
