/*
 * unit/dkim_tool.c - our DKIM engines as a program, for tests that hold them
 * against other implementations: the message comes on standard input.
 *
 *   dkim_tool sign DOMAIN SELECTOR PEM [SELECTOR PEM...]  prints it, signed
 *   dkim_tool verify [NAME RECORD...]                     "result: reason"
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "dkim_scene.h"
#include "io/files.h"

enum { BYTES_MAX = 128 << 20, RUN = 65536 };

static int
sign(char **args, const char *domain, struct slice message)
{
	struct dkim_signers *signers = dkim_signers_new();
	struct buf pem, out;
	int rc;

	buf_init(&pem, BYTES_MAX);
	buf_init(&out, BYTES_MAX);
	for (; args[0] != NULL && args[1] != NULL; args += 2) {
		struct why why;

		buf_reset(&pem);
		if (file_read(args[1], &pem) != 0 ||
		    !dkim_signers_add(signers, slice_of(domain),
			slice_of(args[0]), buf_slice(&pem), &why)) {
			(void)fprintf(stderr, "%s\n", args[1]);
			return 1;
		}
	}
	rc = scene_sign_whole(dkim_signers_of_domain(signers, slice_of(domain)),
	    message, RUN, &out);
	if (rc == 0)
		rc = file_write_all(1, buf_slice(&out));
	buf_done(&out);
	buf_done(&pem);
	dkim_signers_free(&signers);
	return rc == 0 ? 0 : 1;
}

static int
verify(char **args, struct slice message)
{
	struct dkim_library *library = dkim_library_new();
	struct answers *answers = scene_answers();
	struct dkim_verify *v = scene_verify(library, message, RUN);
	enum dns_type type;
	struct slice name;

	for (; args[0] != NULL && args[1] != NULL; args += 2)
		scene_put_txt(answers, args[0], slice_of(args[1]));
	(void)dkim_verify_ask(v, answers);
	while (answers_missing(answers, 0, &name, &type)) {
		char text[DNS_NAME_SIZE];

		must(slice_to_cstr(name, text, sizeof(text)));
		scene_put_outcome(answers, text, DNS_NO_NAME);
	}
	must(dkim_verify_judge(v, answers));
	for (size_t i = 0; i < dkim_verify_count(v); i++) {
		const struct dkim_field *f =
		    &dkim_verify_signature(v, i)->field;

		(void)printf("%s: %s\n", dkim_result_name(f->result),
		    f->reason);
	}
	dkim_verify_free(&v);
	answers_free(&answers);
	dkim_library_free(&library);
	return 0;
}

int
main(int argc, char **argv)
{
	struct buf message;
	int rc = 2;

	buf_init(&message, BYTES_MAX);
	if (argc < 2 || file_read_rest(0, &message) != 0)
		return 2;
	if (strcmp(argv[1], "verify") == 0)
		rc = verify(argv + 2, buf_slice(&message));
	else if (argc > 4)
		rc = sign(argv + 3, argv[2], buf_slice(&message));
	buf_done(&message);
	return rc;
}
