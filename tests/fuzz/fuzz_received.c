/*
 * fuzz/fuzz_received.c - any bytes at all, into mail/received.c:
 * whatever a client says, Received is one field, and ASCII unless SMTPUTF8.
 */
#include <stdint.h>

#include "mail/header.h"
#include "mail/received.h"
#include "mail/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct received r = { .esmtp = true, .client = { .version = 4 } };
	struct header_field field;
	struct slice rest;
	struct buf out;

	r.smtputf8 = size > 0 && (data[0] & 1) != 0;
	r.helo = slice_take_until(&in, '\n');
	r.client_name = slice_take_until(&in, '\n');
	r.recipient = slice_head(in, 254);
	r.hostname = SLICE("mx.example.org");
	r.tls = SLICE("TLSv1.3 TLS_AES_256_GCM_SHA384");
	buf_init(&out, 8192);
	received_write(&r, &out);
	must(!buf_failed(&out));
	rest = buf_slice(&out);
	must(header_take(&rest, &field) && rest.n == 0);
	must(slice_is(field.name, "Received"));
	must(utf8_is_valid(field.raw));
	must(r.smtputf8 || utf8_is_ascii(field.raw));
	must(!slice_has(field.raw, '\0'));
	buf_done(&out);
	return 0;
}
