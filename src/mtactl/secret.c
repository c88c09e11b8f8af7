/*
 * mtactl/secret.c - asking for a password and deriving its keys.
 */
#include "mtactl/secret.h"

#include <crypt.h>
#include <gsasl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"

enum {
	/* More than RFC 7677 asks for, little enough for a phone. */
	ITERATIONS = 10000,
	SALT_SIZE = 16,
	KEY_SIZE = GSASL_HASH_SHA256_SIZE,
};

static bool
read_line(char out[SECRET_MAX + 1], struct why *why)
{
	char line[SECRET_MAX + 3];
	size_t n;

	if (fgets(line, sizeof(line), stdin) == NULL) {
		why_set(why, "no password was given");
		return false;
	}
	n = strcspn(line, "\r\n");
	if (n == 0 || n > SECRET_MAX) {
		why_set(why,
		    n == 0 ? "an empty password is none"
			   : "the password is too long");
		explicit_bzero(line, sizeof(line));
		return false;
	}
	memcpy(out, line, n);
	out[n] = '\0';
	explicit_bzero(line, sizeof(line));
	return true;
}

static bool
ask_once(const char *prompt, char out[SECRET_MAX + 1], struct why *why)
{
	struct termios before, silent;
	bool good;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return read_line(out, why); /* not a terminal */
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)fputs(prompt, stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	good = read_line(out, why);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	return good;
}

bool
secret_ask(char out[SECRET_MAX + 1], struct why *why)
{
	char again[SECRET_MAX + 1];
	bool same;

	if (!ask_once("Password: ", out, why))
		return false;
	if (isatty(STDIN_FILENO) != 1)
		return true;
	if (!ask_once("Once more: ", again, why))
		return false;
	same = strcmp(out, again) == 0;
	explicit_bzero(again, sizeof(again));
	if (!same)
		why_set(why, "the two are not the same");
	return same;
}

/* yescrypt, or what the system prefers to it. */
static bool
add_hash(const char *password, struct buf *out, struct why *why)
{
	struct crypt_data *data = mem_zero(sizeof(*data));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash = NULL;
	bool good;

	if (crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof(setting)) !=
	    NULL)
		hash = crypt_r(password, setting, data);
	good = hash != NULL && hash[0] != '*';
	if (good)
		buf_add_cstr(out, hash);
	else
		why_set(why, "crypt(3) fails");
	mem_free_secret(data, sizeof(*data));
	return good;
}

/* `prepared` by SASLprep, as a client prepares what it is given. */
static bool
add_scram(const char *prepared, struct buf *out, struct why *why)
{
	char salt[SALT_SIZE];
	char salted[KEY_SIZE], client[KEY_SIZE], server[KEY_SIZE],
	    stored[KEY_SIZE];

	if (getentropy(salt, sizeof(salt)) != 0 ||
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, prepared,
		ITERATIONS, salt, sizeof(salt), salted, client, server,
		stored) != GSASL_OK) {
		why_set(why, "the SCRAM keys can't be made");
		return false;
	}
	buf_addf(out, "SCRAM-SHA-256$%d:", ITERATIONS);
	base64_encode(slice_from(salt, sizeof(salt)), out);
	buf_add_char(out, '$');
	base64_encode(slice_from(stored, sizeof(stored)), out);
	buf_add_char(out, ':');
	base64_encode(slice_from(server, sizeof(server)), out);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	return true;
}

bool
secret_keys(const char *password, struct buf *out, struct why *why)
{
	char *prepared = NULL;
	bool good;

	if (gsasl_saslprep(password, 0, &prepared, NULL) != GSASL_OK) {
		why_set(why, "the password holds characters that SASL forbids");
		return false;
	}
	good = add_hash(password, out, why);
	if (good) {
		buf_add_char(out, ' ');
		good = add_scram(prepared, out, why);
	}
	explicit_bzero(prepared, strlen(prepared));
	gsasl_free(prepared);
	return good;
}
