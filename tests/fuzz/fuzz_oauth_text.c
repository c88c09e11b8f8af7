/*
 * fuzz/fuzz_oauth_text.c - any bytes as a token endpoint's answer: a token has
 * a length and no octet that could end a line, and there is one or an error.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "deliver/oauth_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_visible(const char *text, size_t size)
{
	must(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		must(ascii_is_graphic(*text) || *text == ' ');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oauth_answer answer;
	enum oauth_answer_kind kind =
	    oauth_answer_parse((struct slice){ (const char *)data, size },
		&answer);

	must_be_visible(answer.access, sizeof(answer.access));
	must_be_visible(answer.refresh, sizeof(answer.refresh));
	must_be_visible(answer.error, sizeof(answer.error));
	must((kind == OAUTH_TOKEN) == (answer.access[0] != '\0'));
	must(strchr(answer.access, ' ') == NULL);
	if (kind == OAUTH_TOKEN)
		must(answer.error[0] == '\0' && answer.life_seconds > 0 &&
		    answer.life_seconds <= OAUTH_LIFE_MAX);
	else
		must(answer.refresh[0] == '\0' && answer.life_seconds == 0);
	return 0;
}
