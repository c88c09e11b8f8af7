/*
 * bench/bench_dkim.c - what a DKIM signature costs over OpenSSL's bare
 * EVP_DigestSign of the same octets, with each kind of key; and verifying.
 * One argument: octets of body (4096).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/time.h"
#include "verify/dkim_sign.h"
#include "verify/dkim_verify.h"

enum { ROUND_US = 20 * 1000, ROUNDS = 50, BYTES_MAX = 64 << 20 };

static const char header[] = "From: Somebody <somebody@b.example>\r\n"
			     "To: Somebody Else <else@c.example>\r\n"
			     "Subject: What a signature costs\r\n"
			     "Date: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
			     "Message-ID: <20261124030000.12345@b.example>\r\n"
			     "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: 8bit\r\n\r\n";

struct scene {
	struct dkim_signers *signers;
	struct buf message; /* header and body */
	EVP_PKEY *bare;
	struct dkim_library *library;
	struct answers *answers;
	struct buf signed_one;
};

typedef void act_fn(struct scene *);

static void
sign_bare(struct scene *s)
{
	unsigned char out[1024], hash[64];
	size_t n = sizeof(out);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const unsigned char *p = (const unsigned char *)s->message.p;
	bool rsa = EVP_PKEY_get_base_id(s->bare) == EVP_PKEY_RSA;
	unsigned size = 0;

	must(ctx != NULL);
	/* Ed25519 has no hash in front; DKIM signs a SHA-256 with it. */
	if (!rsa)
		must(EVP_Digest(p, s->message.n, hash, &size, EVP_sha256(),
			 NULL) == 1);
	must(EVP_DigestSignInit(ctx, NULL, rsa ? EVP_sha256() : NULL, NULL,
		 s->bare) == 1);
	must(EVP_DigestSign(ctx, out, &n, rsa ? p : hash,
		 rsa ? s->message.n : size) == 1);
	EVP_MD_CTX_free(ctx);
}

static void
sign(struct scene *s)
{
	struct slice text = buf_slice(&s->message);
	struct slice head = slice_head(text, sizeof(header) - 1);
	struct dkim_sign *one =
	    dkim_sign_new(dkim_signers_of_header(s->signers, head), head);

	buf_reset(&s->signed_one);
	dkim_sign_body(one, slice_skip(text, head.n));
	must(dkim_sign_end(one, 1700000000000, &s->signed_one) == 0);
	dkim_sign_free(&one);
}

static void
verify(struct scene *s)
{
	struct slice text = buf_slice(&s->message);
	struct dkim_verify *v = dkim_verify_new(s->library);
	struct buf head;

	buf_init(&head, BYTES_MAX);
	buf_add(&head, buf_slice(&s->signed_one));
	buf_add(&head, slice_head(text, sizeof(header) - 1));
	dkim_verify_header(v, buf_slice(&head));
	dkim_verify_body(v, slice_skip(text, sizeof(header) - 1));
	dkim_verify_end(v);
	must(dkim_verify_judge(v, s->answers));
	must(dkim_verify_signature(v, 0)->field.result == DKIM_RESULT_PASS);
	dkim_verify_free(&v);
	buf_done(&head);
}

/* Microseconds of a processor for a call, where that is less than *best. */
static void
measure(struct scene *s, act_fn *act, double *best)
{
	int64_t start = time_thread_us(), now = start;
	unsigned calls = 0;

	for (; now - start < ROUND_US; now = time_thread_us(), calls++)
		act(s);
	if ((double)(now - start) / calls < *best)
		*best = (double)(now - start) / calls;
}

static void
bench(enum dkim_key_type type, size_t octets)
{
	struct dkim_key *key = dkim_key_generate(type);
	struct scene s = { .signers = dkim_signers_new() };
	struct dns_record record = { 0 };
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.count = 1,
		.records = &record };
	struct buf pem, text;
	double bare = HUGE_VAL, ours = HUGE_VAL, verifying = HUGE_VAL;
	BIO *bio;

	buf_init(&pem, BYTES_MAX);
	buf_init(&text, BYTES_MAX);
	buf_init(&s.message, BYTES_MAX);
	buf_init(&s.signed_one, BYTES_MAX);
	dkim_key_write(key, &pem);
	dkim_key_record(key, &text);
	must(dkim_signers_add(s.signers, SLICE("b.example"), SLICE("s"),
	    buf_slice(&pem), NULL));
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	s.bare = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	buf_add(&s.message, SLICE(header));
	while (s.message.n < octets + sizeof(header))
		buf_add(&s.message,
		    SLICE("Some words of a text, as people write them, in "
			  "lines of seventy.\r\n"));
	s.library = dkim_library_new();
	s.answers = answers_new(4, BYTES_MAX);
	record.data = buf_slice(&text);
	answers_put(s.answers, SLICE("s._domainkey.b.example"), DNS_TXT,
	    &answer);
	/* In turn, so that what the machine does besides hits all of them. */
	for (unsigned round = 0; round < ROUNDS; round++) {
		measure(&s, sign_bare, &bare);
		measure(&s, sign, &ours);
		measure(&s, verify, &verifying);
	}
	(void)printf("%-14s body=%zu bare=%.1fus sign=%.1fus ratio=%.3f "
		     "verify=%.1fus\n",
	    dkim_key_algorithm(key), octets, bare, ours, ours / bare,
	    verifying);
	EVP_PKEY_free(s.bare);
	answers_free(&s.answers);
	dkim_library_free(&s.library);
	buf_done(&s.message);
	buf_done(&s.signed_one);
	buf_done(&text);
	buf_done(&pem);
	dkim_signers_free(&s.signers);
	dkim_key_free(&key);
}

int
main(int argc, char **argv)
{
	uint64_t octets = 4096;

	if (argc > 1 &&
	    !slice_to_u64(slice_of(argv[1]), BYTES_MAX / 2, &octets))
		return 2;
	bench(DKIM_KEY_RSA, (size_t)octets);
	bench(DKIM_KEY_ED25519, (size_t)octets);
	return 0;
}
