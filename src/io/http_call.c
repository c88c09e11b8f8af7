/*
 * io/http_call.c - one HTTP request over a Unix socket, by libcurl.
 *
 * It blocks: for programs that have nothing else to do, like mtactl.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "io/http.h"

enum { CONNECT_SECONDS = 10, SILENT_SECONDS = 60, TARGET_MAX = 8192 };

static size_t
on_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct buf *answer = arg;

	buf_add(answer, slice_from(p, size * count));
	return buf_failed(answer) ? 0 : size * count;
}

/* curl does not always say why it could not connect. */
static int
connect_error(CURL *curl, const char *socket_path)
{
	long error = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (error != 0)
		return -(int)error;
	if (access(socket_path, F_OK) == -1)
		return -errno;
	return access(socket_path, W_OK) == -1 ? -errno : -ECONNREFUSED;
}

static int
set_up(CURL *curl, const char *socket_path, const char *method,
    const char *target, struct slice body, struct buf *answer)
{
	char url[TARGET_MAX];
	CURLcode rc = CURLE_OK;
	int n = snprintf(url, sizeof(url), "http://localhost%s", target);

	if (n < 0 || (size_t)n >= sizeof(url))
		return -ENAMETOOLONG;
#define SET(option, value)       \
	rc = rc != CURLE_OK ? rc \
			    : curl_easy_setopt(curl, CURLOPT_##option, value)
	SET(UNIX_SOCKET_PATH, socket_path);
	SET(URL, url);
	SET(PROXY, "");
	SET(NOSIGNAL, 1L);
	SET(CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	SET(LOW_SPEED_TIME, (long)SILENT_SECONDS);
	SET(LOW_SPEED_LIMIT, 1L);
	SET(WRITEFUNCTION, on_bytes);
	SET(WRITEDATA, answer);
	if (strcmp(method, "GET") == 0) {
		SET(HTTPGET, 1L);
	} else {
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		SET(POSTFIELDS, body.n == 0 ? "" : body.p);
		SET(CUSTOMREQUEST, method);
	}
#undef SET
	return rc == CURLE_OK ? 0 : -EINVAL;
}

int
http_call(const char *socket_path, const char *method, const char *target,
    struct slice body, int *code, struct buf *answer, struct why *why)
{
	CURL *curl = curl_easy_init();
	CURLcode result;
	long status = 0;
	int rc;

	if (curl == NULL)
		return -ENOMEM;
	rc = set_up(curl, socket_path, method, target, body, answer);
	if (rc != 0)
		goto out;
	result = curl_easy_perform(curl);
	if (result != CURLE_OK) {
		why_set(why, "%s: %s", socket_path, curl_easy_strerror(result));
		rc = result == CURLE_COULDNT_CONNECT
		    ? connect_error(curl, socket_path)
		    : result == CURLE_WRITE_ERROR        ? -EFBIG
		    : result == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT
							 : -EIO;
		goto out;
	}
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	*code = (int)status;
out:
	curl_easy_cleanup(curl);
	return rc;
}
