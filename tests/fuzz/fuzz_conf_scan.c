/*
 * fuzz/fuzz_conf_scan.c - any bytes, into conf/scan.c: what it hands on, it
 * finds good itself, and hands on as it is.
 */
#include <stdint.h>

#include "conf/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned
scan(struct slice text, struct buf *out)
{
	struct conf_errors errors = { 0 };
	struct scan s;

	scan_init(&s, &errors);
	scan_file(&s, "f", text, out);
	scan_done(&s);
	return errors.count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second, third;

	buf_init(&first, 4 * size + 1000);
	buf_init(&second, 8 * size + 2000);
	buf_init(&third, 16 * size + 4000);
	(void)scan(slice_from(data, size), &first);
	must(!buf_failed(&first));
	must(scan(buf_slice(&first), &second) == 0);
	must(scan(buf_slice(&second), &third) == 0);
	must(slice_eq(buf_slice(&second), buf_slice(&third)));
	buf_done(&first);
	buf_done(&second);
	buf_done(&third);
	return 0;
}
