/*
 * unit/dkim_scene.c - see dkim_scene.h.
 */
#include "dkim_scene.h"

#include <string.h>

#include "base/base64.h"
#include "mail/header.h"

enum { BYTES_MAX = 1 << 20, QUESTIONS = 32 };

const char scene_rsa_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC9wS68EwmKE/rc\n"
    "qsX90h8FvFcabzSV48CIjgCIS7yFmGopcESVPJDiTwvqfsU3a9AHyV/25O921DUS\n"
    "whUpa7LqWI1D1ywOKrtIs0ligdzTpDP/SeIvCnCvvTPLNUWnj7KLN/D9o5RRMUCR\n"
    "h0OQqwfEd5slpb5oRCpjnwId0+dj8k5+KRz4XFjwkRA4eWAXtdMKd0UGMuFIZvH/\n"
    "RfU7TZCxhT7YbfliOnGVlo+E92o0Gb6liL22ucCCndxw1ZblGRZ8e9HK9tH7qknp\n"
    "ElRRFkGgFSlMJFwWfF8wHeB64y1IjebWBv41DrygJ7iVJctzHYNre7we2QUqYeeW\n"
    "rXFGdQO9AgMBAAECggEAALyKg3ZLUgSCkXOOxAmJHCfSjLmdtERt3XFI/KTW4D8R\n"
    "KZ4UCLvZrde4GXzMrI8G3bWrvz9406oTyf2duGki1Zq/6mn9866ocX9tLagiPnNh\n"
    "Z55J08CUhXQ611Ve1QGgeWlBijsDmuxnDEEEx7+qMMDKOSJIuBM3H02pylb6+pEo\n"
    "HV1q8UV3rcsLvrY0XxwKHX4x6d6dYGO2K+PYqIZ4j6gcdAoR3HOg8zd8/EQcTwtP\n"
    "6dPL32qun4OE1FCrtfu+t+4n76dY330jbGX+3adHzHyZfNQY91fu4DrRqlm40I7f\n"
    "NJ75ORWGkIJRBMmMV8FzVQxAfKWBkJ1R/obTuEBMfwKBgQDlUt9xMUnMJmvgs3M0\n"
    "aKr1cJIiekXb/3blw/mfWVVRZ2VNy9qivpuzAWtPJCgOixA4cpeDoZfrvt2KK7P8\n"
    "BRO7pR/iO2LWb0NT1U0PlGb6rGvrXzvJUCIWJdMZqWS6k/KZXXkQ2tdHfKNPz5Ha\n"
    "MFB53lVqIQaZrqELE4P4UngUXwKBgQDT0/cAuwTYeoMuOGtMnPMFqFf+npVQoMbS\n"
    "5cSfC2ejXfqpEp/Z42/6R+kpNZrhukJuAVDe0gyfZRr9di1ryYWBAm0UJrnME4UB\n"
    "4eZqbbN8MOMAtO7RiMKqTEBZJi4jHiBr8GgbyoSRUTHBEI5X4OIEQKTkoO+x+q2Q\n"
    "E+XCvuW9YwKBgAjZbtfuX/upy+Xq5tox487+3hTIhSOdMxhgvKRCjUFL7SPYZwJ6\n"
    "uoVo25w9N/J/uUuEWIZy2Or2/ZOUZiimhYFrONTBF+pQdteoVoXwYxzvRGbb0PHO\n"
    "ztHt+bx2xfVROj5i1gYpe789dwvgZa92x9Q8GS20Qo3xqDNGOIR/ojSfAoGAQoqE\n"
    "PfOBuysJCDzq398xrCZMtgxE5VYL/vX0hO2FOdlswy25jy2V4G40fSB8rcnf0kSR\n"
    "jd03395X0yULcZ+VU4hakYj0tnmvP38h7W7Wgf2tYWx01Nd8Jxja4eZPefKdxqp3\n"
    "WbuNV0TFN1unC032UdWotrUjdqpDWU4Wz809x/cCgYEA2CZodWxoGBWa7z1mzw0F\n"
    "gX7oAzkypz6MlQJaHJlo09qG5oJ8uP7SGCrFwynBzucBDc4zQKlzIntzKjRP3+Q1\n"
    "dTrVOEV36QsiMy24AbmhR4W+X+6adjZvdJEP70AohYFBUQ2Y2293FXTw854e4oL9\n"
    "YgKOEspJTnowQNwJD4Jl6dA=\n"
    "-----END PRIVATE KEY-----\n";

const char scene_ed25519_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIH5IDoD8AB9QyGRyoEElwBlduruZJdPkPaWQs6P4jagd\n"
    "-----END PRIVATE KEY-----\n";

struct answers *
scene_answers(void)
{
	return answers_new(QUESTIONS, BYTES_MAX);
}

void
scene_put_txt(struct answers *answers, const char *name, struct slice text)
{
	struct dns_record record = { .ttl = 60, .data = text };
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.ttl = 60,
		.canonical = slice_of(name),
		.count = 1,
		.records = &record };

	answers_put(answers, slice_of(name), DNS_TXT, &answer);
}

void
scene_put_outcome(struct answers *answers, const char *name,
    enum dns_outcome outcome)
{
	struct dns_answer answer = { .outcome = outcome,
		.canonical = slice_of(name) };

	answers_put(answers, slice_of(name), DNS_TXT, &answer);
}

void
scene_put_key(struct answers *answers, const char *name, const char *pem,
    const char *tags)
{
	struct dkim_key *key = dkim_key_new(slice_of(pem), NULL);
	struct buf record, whole;

	must(key != NULL);
	buf_init(&record, BYTES_MAX);
	dkim_key_record(key, &record);
	buf_drop(&record, strlen("v=DKIM1;"));
	buf_init(&whole, BYTES_MAX);
	buf_addf(&whole, "v=DKIM1; %s%.*s", tags,
	    SLICE_ARGS(buf_slice(&record)));
	scene_put_txt(answers, name, buf_slice(&whole));
	buf_done(&whole);
	buf_done(&record);
	dkim_key_free(&key);
}

static void
split(struct slice message, struct slice *header, struct slice *body)
{
	size_t n = header_length(message);

	must(n > 0);
	*header = slice_head(message, n);
	*body = slice_skip(message, n);
}

struct dkim_verify *
scene_verify(struct dkim_library *library, struct slice message, size_t run)
{
	struct dkim_verify *v = dkim_verify_new(library);
	struct slice header, body;

	split(message, &header, &body);
	dkim_verify_header(v, header);
	for (; body.n > 0; body = slice_skip(body, run))
		dkim_verify_body(v, slice_head(body, run));
	dkim_verify_end(v);
	return v;
}

static void
add_hash(struct dkim_hash **hash, struct buf *out)
{
	unsigned char bytes[DKIM_HASH_SIZE];

	dkim_hash_end(*hash, bytes);
	dkim_hash_free(hash);
	base64_encode(slice_from(bytes, sizeof(bytes)), out);
}

static void
hash_named(struct dkim_hash *hash, struct slice header, const char *name)
{
	struct header_field field;

	if (!header_find(header, name, &field))
		return;
	dkim_hash_field(hash, &field);
	dkim_hash_text(hash, SLICE("\r\n"));
}

void
scene_sign(const char *tags, struct slice message, size_t wanted,
    struct buf *out)
{
	struct dkim_key *key = dkim_key_new(slice_of(scene_rsa_pem), NULL);
	struct dkim_hash *body_hash = dkim_hash_new(), *hash = dkim_hash_new();
	unsigned char bytes[DKIM_HASH_SIZE];
	struct header_field field = { .name = SLICE("DKIM-Signature") };
	struct slice header, body;
	struct buf text;

	split(message, &header, &body);
	dkim_hash_body(body_hash, slice_head(body, wanted));
	buf_init(&text, BYTES_MAX);
	buf_addf(&text,
	    "v=1; a=rsa-sha256; c=relaxed/relaxed; "
	    "h=From:Subject; %s bh=",
	    tags);
	add_hash(&body_hash, &text);
	buf_add_cstr(&text, "; b=");
	hash_named(hash, header, "From");
	hash_named(hash, header, "Subject");
	field.body = buf_slice(&text);
	dkim_hash_field(hash, &field);
	dkim_hash_end(hash, bytes);
	dkim_hash_free(&hash);
	dkim_key_sign(key, bytes, &text);
	buf_addf(out, "DKIM-Signature: %.*s\r\n", SLICE_ARGS(buf_slice(&text)));
	buf_add(out, message);
	buf_done(&text);
	dkim_key_free(&key);
}

int
scene_sign_whole(const struct dkim_signer *signer, struct slice message,
    size_t run, struct buf *out)
{
	enum { WHEN = 1700000000 };
	struct slice header, body;
	struct dkim_sign *s;
	int rc;

	split(message, &header, &body);
	s = dkim_sign_new(signer, header);
	for (; body.n > 0; body = slice_skip(body, run))
		dkim_sign_body(s, slice_head(body, run));
	rc = dkim_sign_end(s, (int64_t)WHEN * 1000, out);
	buf_add(out, message);
	dkim_sign_free(&s);
	return rc;
}
