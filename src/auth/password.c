/*
 * auth/password.c - see password.h. It knows neither clients nor limits.
 */
#include "auth/password.h"

#include <crypt.h>
#include <errno.h>
#include <gsasl.h>
#include <security/pam_appl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"

enum { CONVERSATION_MAX = 8 };

bool
bytes_are_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char differs = 0;

	for (size_t i = 0; i < n; i++)
		differs |= (unsigned char)(x[i] ^ y[i]);
	return differs == 0;
}

static bool
hash_fits(struct slice hash, const char *password)
{
	struct crypt_data *data = mem_zero(sizeof(*data));
	char *wanted = mem_cstr(hash);
	const char *got = crypt_rn(password, wanted, data, sizeof(*data));
	/* A hash that crypt(3) does not know gives NULL, or "*0". */
	bool fits = got != NULL && got[0] != '*' && strlen(got) == hash.n &&
	    bytes_are_equal(got, wanted, hash.n);

	mem_free_secret(wanted, hash.n);
	mem_free_secret(data, sizeof(*data));
	return fits;
}

static bool
scram_fits(const struct scram_keys *keys, const char *password)
{
	char salted[SCRAM_KEY_SIZE], client[SCRAM_KEY_SIZE];
	char server[SCRAM_KEY_SIZE], stored[SCRAM_KEY_SIZE];
	struct buf salt, wanted;
	char *prepared = NULL;
	bool fits = false;

	buf_init(&salt, SCRAM_SALT_MAX);
	buf_init(&wanted, SCRAM_KEY_SIZE);
	/* RFC 5802, 2.2: the password is prepared, if it can be. */
	if (gsasl_saslprep(password, 0, &prepared, NULL) != GSASL_OK)
		prepared = NULL;
	if (base64_decode(keys->salt, &salt) &&
	    base64_decode(keys->stored_key, &wanted) &&
	    wanted.n == SCRAM_KEY_SIZE &&
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
		prepared != NULL ? prepared : password, keys->iterations,
		salt.p, salt.n, salted, client, server, stored) == GSASL_OK)
		fits = bytes_are_equal(stored, wanted.p, SCRAM_KEY_SIZE);
	if (prepared != NULL) {
		explicit_bzero(prepared, strlen(prepared));
		gsasl_free(prepared);
	}
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	buf_done(&salt);
	buf_done(&wanted);
	return fits;
}

bool
password_fits(const struct user_keys *keys, const char *password)
{
	if (keys->hash.n > 0)
		return hash_fits(keys->hash, password);
	return keys->scram.iterations > 0 && scram_fits(&keys->scram, password);
}

int
password_dummy_hash(char *out, size_t size)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data;
	const char *hash;
	int rc = 0;

	if (crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof(setting)) ==
	    NULL)
		return -errno;
	data = mem_zero(sizeof(*data));
	hash = crypt_rn("", setting, data, sizeof(*data));
	if (hash == NULL || strlen(hash) >= size)
		rc = -EINVAL;
	else
		(void)slice_to_cstr(slice_of(hash), out, size);
	mem_free(data);
	return rc;
}

struct answers {
	const char *login;
	const char *password;
};

static int
converse(int count, const struct pam_message **questions,
    struct pam_response **out, void *arg)
{
	const struct answers *answers = arg;
	struct pam_response *given;

	if (count <= 0 || count > CONVERSATION_MAX)
		return PAM_CONV_ERR;
	given = mem_array((size_t)count, sizeof(*given));
	for (int i = 0; i < count; i++) {
		const char *text = NULL;

		if (questions[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			text = answers->password;
		else if (questions[i]->msg_style == PAM_PROMPT_ECHO_ON)
			text = answers->login;
		if (text != NULL)
			given[i].resp = mem_cstr(slice_of(text));
	}
	*out = given; /* PAM frees it and its texts */
	return PAM_SUCCESS;
}

/* What PAM could not judge is temporary: a client must not drop its password.
 */
static enum auth_verdict
verdict_of(int rc)
{
	switch (rc) {
	case PAM_SUCCESS:
		return AUTH_OK;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_PERM_DENIED:
	case PAM_ACCT_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_CRED_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
		return AUTH_FAILED;
	default:
		return AUTH_TEMPORARY;
	}
}

enum auth_verdict
password_ask_pam(const char *service, const char *login, const char *password,
    const char *client)
{
	struct answers answers = { login, password };
	struct pam_conv talk = { converse, &answers };
	const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	pam_handle_t *pam = NULL;
	int rc = pam_start(service, login, &talk, &pam);

	if (rc != PAM_SUCCESS)
		return AUTH_TEMPORARY;
	if (client[0] != '\0')
		(void)pam_set_item(pam, PAM_RHOST, client);
	rc = pam_authenticate(pam, flags);
	if (rc == PAM_SUCCESS)
		rc = pam_acct_mgmt(pam, flags);
	(void)pam_end(pam, rc);
	return verdict_of(rc);
}
