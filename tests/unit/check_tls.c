/* unit/check_tls.c - who is trusted, what is agreed on, what is resumed. */
#include "tests/unit/pair.h"

#include <sys/socket.h>

#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"

enum { PEM_MAX = 16 << 10 };

struct pem {
	struct buf certificate, key;
};

static struct tls_server *tls_server;
static struct tls_client *tls_client;
static struct pem one, two;
static struct tls_client_policy policy;

static void
make(struct pem *p, const char *hostname)
{
	buf_init(&p->certificate, PEM_MAX);
	buf_init(&p->key, PEM_MAX);
	ck_assert_int_eq(tls_self_signed(hostname, &p->certificate, &p->key),
	    0);
}

static struct tls_server_cert
cert(const struct pem *p, const char *name, int minimum)
{
	return (struct tls_server_cert){ name, buf_slice(&p->certificate),
		buf_slice(&p->key), minimum };
}

/* `trusted`: the client's CA store is the first certificate, else empty. */
static void
set_up(bool trusted)
{
	struct tls_server_cert certs[2];
	struct why why = { "" };
	char path[64];
	FILE *f;

	make(&one, "one.example");
	make(&two, "two.example");
	certs[0] = cert(&one, "default", 12);
	certs[1] = cert(&two, "two.example", 13);
	tls_server =
	    tls_server_new(certs, 2, slice_of("a seed of any length"), &why);
	if (tls_server == NULL)
		ck_abort_msg("%s", why.text);
	(void)snprintf(path, sizeof(path), "/tmp/check_tls.%d", (int)getpid());
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	if (trusted)
		ck_assert_uint_eq(fwrite(one.certificate.p, 1,
				      one.certificate.n, f),
		    one.certificate.n);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(setenv("SSL_CERT_FILE", path, 1), 0);
	tls_client = tls_client_new(&why);
	ck_assert_ptr_nonnull(tls_client);
	ck_assert_int_eq(unlink(path), 0);
	policy = (struct tls_client_policy){ .server_name = "one.example" };
}

static void
tear_down(void)
{
	tls_server_free(&tls_server);
	tls_client_free(&tls_client);
	buf_done(&one.certificate);
	buf_done(&one.key);
	buf_done(&two.certificate);
	buf_done(&two.key);
}

static void
stop_when_both_know(struct side *s)
{
	(void)s;
	if (client.secured > 0 && server.secured > 0) {
		client.then = server.then = NULL;
		loop_stop(loop);
	}
}

static void
stop_when_both_ended(struct side *s)
{
	(void)s;
	if (client.ended + (client.conn == NULL) > 0 &&
	    server.ended + (server.conn == NULL) > 0)
		loop_stop(loop);
}

static void
run_until_both_ended(void)
{
	client.then = server.then = stop_when_both_ended;
	stop_when_both_ended(NULL);
	pair_run();
}

static void
shake_hands(void)
{
	pair_open();
	pair_connect();
	client.then = server.then = stop_when_both_know;
	client.is_inside = true;
	conn_start_tls_server(server.conn, tls_server);
	conn_start_tls_client(client.conn, tls_client, &policy);
	client.is_inside = false;
	ck_assert(!conn_is_secured(client.conn));
	pair_run();
}

static void
stop_when_server_heard(struct side *s)
{
	if (s == &server && s->got.n > 0)
		loop_stop(loop);
}

static void
stop_when_client_heard(struct side *s)
{
	if (s == &client && s->got.n > 0)
		loop_stop(loop);
}

/* The client says something, the server answers, both say goodbye. */
static void
talk_and_leave(void)
{
	side_write(&client, "NOOP\r\n");
	server.then = stop_when_server_heard;
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "NOOP\r\n"));
	server.then = NULL;
	side_write(&server, "250 ok\r\n");
	client.then = stop_when_client_heard;
	pair_run();
	ck_assert(slice_is(buf_slice(&client.got), "250 ok\r\n"));
	conn_close_later(client.conn);
	client.conn = NULL;
	run_until_both_ended();
	ck_assert_int_eq(server.ended_rc, 0);
	pair_close();
}

static sem_t has_spoken;

/* A client that is so fast that its first words come with the handshake. */
static void *
speak_at_once(void *arg)
{
	const int *fd = arg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	char byte;

	must(SSL_set_fd(ssl, *fd) == 1 && SSL_connect(ssl) == 1);
	must(SSL_write(ssl, "EHLO c\r\n", 8) == 8);
	must(shutdown(*fd, SHUT_WR) == 0);
	must(sem_post(&has_spoken) == 0);
	(void)SSL_read(ssl, &byte, 1); /* to the end */
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return NULL;
}

static void
wait_for_words(void *arg)
{
	(void)arg;
	must(sem_wait(&has_spoken) == 0);
}

static void
secured_comes_first(struct side *s)
{
	ck_assert(s->secured == 1 || s->got.n == 0);
	if (s->got.n > 0)
		loop_stop(loop);
}

/*
 * The server's descriptor blocks, so that the whole handshake falls into the
 * call that begins it; the client's words wait before that turn has ended.
 */
START_TEST(that_it_is_secured_is_told_before_any_input)
{
	pthread_t thread;
	int fds[2];

	set_up(true);
	ck_assert_int_eq(sem_init(&has_spoken, 0, 0), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	loop = loop_new();
	server = (struct side){ .then = secured_comes_first };
	buf_init(&server.got, 1024);
	server.conn = conn_accept(loop, fds[0], &side_events, &server);
	ck_assert_int_eq(pthread_create(&thread, NULL, speak_at_once, &fds[1]),
	    0);
	conn_start_tls_server(server.conn, tls_server);
	conn_resume(server.conn);
	loop_post_last(loop, wait_for_words, &fds);
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "EHLO c\r\n"));
	conn_abort_later(server.conn);
	loop_free(&loop);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	buf_done(&server.got);
	tear_down();
}
END_TEST

START_TEST(an_unknown_server_is_encrypted_to_but_not_verified)
{
	struct tls_facts facts;

	set_up(false);
	shake_hands();
	ck_assert_int_eq(client.secured_rc, 0);
	ck_assert_int_eq(server.secured_rc, 0);
	ck_assert(conn_tls_facts(client.conn, &facts));
	ck_assert_str_eq(facts.version, "TLSv1.3");
	ck_assert_int_ge(facts.bits, 128);
	ck_assert(!facts.verified && !facts.resumed);
	ck_assert_str_ne(facts.verify_error, "");
	talk_and_leave();
	tear_down();
}
END_TEST

START_TEST(a_proof_that_is_demanded_and_missing_ends_the_handshake)
{
	set_up(false);
	policy.verify = TLS_VERIFY_NAME;
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	ck_assert(!conn_is_secured(client.conn));
	ck_assert_ptr_nonnull(
	    strstr(conn_tls_error(client.conn), "self-signed"));
	run_until_both_ended();
	ck_assert_int_eq(client.ended_rc, ERR_TLS);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(a_trusted_server_with_the_right_name_is_verified)
{
	struct tls_facts facts;

	set_up(true);
	policy.verify = TLS_VERIFY_NAME;
	shake_hands();
	ck_assert_int_eq(client.secured_rc, 0);
	ck_assert(conn_tls_facts(client.conn, &facts));
	ck_assert(facts.verified);
	ck_assert_str_eq(facts.verify_error, "");
	talk_and_leave();
	tear_down();
}
END_TEST

START_TEST(a_trusted_server_with_another_name_is_not)
{
	set_up(true);
	policy.verify = TLS_VERIFY_NAME;
	policy.server_name = "other.example";
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	ck_assert_ptr_nonnull(strstr(conn_tls_error(client.conn), "mismatch"));
	pair_close();
	tear_down();
}
END_TEST

START_TEST(the_name_asked_for_chooses_the_certificate)
{
	set_up(true);
	/* "two" is not in the CA store, so it is not the default one. */
	policy.verify = TLS_VERIFY_NAME;
	policy.server_name = "TWO.example";
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	ck_assert_ptr_nonnull(
	    strstr(conn_tls_error(client.conn), "self-signed"));
	pair_close();
	tear_down();
}
END_TEST

/* Both versions, and a server process that is not the one of before. */
START_TEST(a_session_is_resumed_where_the_seed_is_the_same)
{
	struct tls_server_cert certs[1];
	struct tls_facts facts;
	struct why why;

	set_up(true);
	policy.session_site = "site";
	policy.verify = TLS_VERIFY_NAME;
	shake_hands();
	ck_assert(conn_tls_facts(client.conn, &facts) && !facts.resumed);
	talk_and_leave();
	tls_server_free(&tls_server);
	certs[0] = cert(&one, "default", 12);
	tls_server =
	    tls_server_new(certs, 1, slice_of("a seed of any length"), &why);
	ck_assert_ptr_nonnull(tls_server);
	for (int i = 0; i < 3; i++) {
		shake_hands();
		ck_assert(conn_tls_facts(client.conn, &facts));
		ck_assert(facts.resumed && facts.verified);
		ck_assert(conn_tls_facts(server.conn, &facts));
		ck_assert(facts.resumed);
		talk_and_leave();
	}
	/* Another seed, another site: a full handshake. */
	policy.session_site = "another site";
	shake_hands();
	ck_assert(conn_tls_facts(client.conn, &facts) && !facts.resumed);
	talk_and_leave();
	policy.session_site = "site";
	tls_server_free(&tls_server);
	tls_server = tls_server_new(certs, 1, slice_of("another"), &why);
	ck_assert_ptr_nonnull(tls_server);
	shake_hands();
	ck_assert(conn_tls_facts(client.conn, &facts) && !facts.resumed);
	talk_and_leave();
	tear_down();
}
END_TEST

START_TEST(a_session_of_a_lax_policy_serves_no_strict_one)
{
	struct tls_facts facts;

	set_up(false);
	policy.session_site = "site";
	shake_hands();
	talk_and_leave();
	shake_hands();
	ck_assert(conn_tls_facts(client.conn, &facts) && facts.resumed);
	talk_and_leave();
	policy.verify = TLS_VERIFY_NAME;
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	pair_close();
	tear_down();
}
END_TEST

/* --- DANE --- */

static unsigned char der[PEM_MAX], digest[EVP_MAX_MD_SIZE];
static struct tls_tlsa tlsa;

/* The record that fits `one`: its key's digest, or all of its certificate. */
static void
make_tlsa(uint8_t usage, uint8_t selector, uint8_t matching)
{
	BIO *bio = BIO_new_mem_buf(one.certificate.p, (int)one.certificate.n);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	unsigned char *p = der;
	unsigned n = 0;
	int length;

	ck_assert_ptr_nonnull(cert);
	length = selector == 0
	    ? i2d_X509(cert, &p)
	    : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &p);
	ck_assert_int_gt(length, 0);
	tlsa = (struct tls_tlsa){ usage, selector, matching,
		slice_from((char *)der, (size_t)length) };
	if (matching != 0) {
		ck_assert_int_eq(EVP_Digest(der, (size_t)length, digest, &n,
				     matching == 1 ? EVP_sha256()
						   : EVP_sha512(),
				     NULL),
		    1);
		tlsa.data = slice_from((char *)digest, n);
	}
	policy.verify = TLS_VERIFY_DANE;
	policy.tlsa = &tlsa;
	policy.tlsa_count = 1;
	X509_free(cert);
	BIO_free(bio);
}

START_TEST(a_record_proves_what_no_ca_store_knows)
{
	static const uint8_t kinds[][3] = { { 3, 1, 1 }, { 3, 1, 2 },
		{ 3, 0, 1 }, { 3, 0, 0 }, { 3, 1, 0 } };
	const uint8_t *kind = kinds[_i];
	struct tls_facts facts;

	set_up(false);
	make_tlsa(kind[0], kind[1], kind[2]);
	ck_assert(tls_tlsa_is_usable(&tlsa));
	shake_hands();
	ck_assert_int_eq(client.secured_rc, 0);
	ck_assert(conn_tls_facts(client.conn, &facts) && facts.verified);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(a_record_that_does_not_fit_ends_the_handshake)
{
	set_up(true); /* that the CA store knows it does not help */
	make_tlsa(3, 1, 1);
	digest[7] ^= 1;
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(the_end_entity_may_have_any_name)
{
	set_up(false);
	policy.server_name = "three.example";
	make_tlsa(3, 1, 1);
	shake_hands();
	ck_assert_int_eq(client.secured_rc, 0);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(other_records_need_a_handshake_of_their_own)
{
	struct tls_facts facts;

	set_up(false);
	policy.session_site = "site";
	make_tlsa(3, 1, 1);
	shake_hands();
	talk_and_leave();
	shake_hands();
	ck_assert(conn_tls_facts(client.conn, &facts));
	ck_assert(facts.resumed && facts.verified);
	talk_and_leave();
	digest[0] ^= 1;
	shake_hands();
	ck_assert_int_eq(client.secured_rc, ERR_TLS);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(only_records_that_smtp_can_use_are_usable)
{
	set_up(false);
	make_tlsa(3, 1, 1);
	for (uint8_t usage = 0; usage < 5; usage++) {
		tlsa.usage = usage;
		ck_assert(
		    tls_tlsa_is_usable(&tlsa) == (usage == 2 || usage == 3));
	}
	tlsa.usage = 3;
	tlsa.selector = 2;
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	tlsa.selector = 0;
	tlsa.matching = 2; /* a digest too short for it */
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	tlsa.matching = 3;
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	tlsa.matching = 0; /* no certificate */
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	make_tlsa(3, 0, 0);
	tlsa.data.n--;
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	tlsa.data = SLICE_NONE;
	ck_assert(!tls_tlsa_is_usable(&tlsa));
	tear_down();
}
END_TEST

START_TEST(both_ends_export_the_same_binding)
{
	uint8_t a[32] = { 1 }, b[32] = { 2 };

	set_up(false);
	shake_hands();
	ck_assert(conn_tls_exporter(client.conn, a));
	ck_assert(conn_tls_exporter(server.conn, b));
	ck_assert_mem_eq(a, b, 32);
	talk_and_leave();
	tear_down();
}
END_TEST

enum { MUCH = 8 << 20 };

static void
stop_when_both_have_much(struct side *s)
{
	(void)s;
	if (server.got.n >= MUCH && client.got.n >= MUCH)
		loop_stop(loop);
}

START_TEST(much_goes_both_ways_at_once)
{
	set_up(false);
	shake_hands();
	conn_set_input_limit(server.conn, 5000);
	client.to_send = server.to_send = MUCH;
	client.then = server.then = stop_when_both_have_much;
	side_pump(&client);
	side_pump(&server);
	pair_run();
	ck_assert(is_pattern(buf_slice(&server.got)));
	ck_assert(is_pattern(buf_slice(&client.got)));
	ck_assert_uint_le(server.most_input, 5000);
	pair_close();
	tear_down();
}
END_TEST

static void
stop_at_much(struct side *s)
{
	if (s == &server && s->got.n >= MUCH)
		loop_stop(loop);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

START_TEST(decrypted_input_that_nobody_takes_stops_at_the_limit_and_goes_on)
{
	struct timer *t;

	set_up(false);
	shake_hands();
	server.leaves_input = true;
	client.to_send = MUCH;
	side_pump(&client);
	t = timer_new(loop, stop, NULL);
	timer_set(t, 300);
	pair_run();
	timer_free(&t);
	ck_assert_uint_eq(conn_input_size(server.conn), CONN_INPUT_LIMIT);
	server.leaves_input = false;
	buf_add(&server.got, conn_input(server.conn, 100));
	conn_consume(server.conn, 100);
	server.then = stop_at_much;
	pair_run();
	ck_assert(is_pattern(buf_slice(&server.got)));
	pair_close();
	tear_down();
}
END_TEST

static void
stop_when_server_knows(struct side *s)
{
	if (s == &server && s->secured > 0)
		loop_stop(loop);
}

START_TEST(plain_text_instead_of_a_handshake_is_an_error)
{
	set_up(false);
	pair_open();
	pair_connect();
	conn_start_tls_server(server.conn, tls_server);
	side_write(&client, "EHLO in the clear\r\n");
	server.then = stop_when_server_knows;
	pair_run();
	ck_assert_int_eq(server.secured_rc, ERR_TLS);
	ck_assert_str_ne(conn_tls_error(server.conn), "");
	pair_close();
	tear_down();
}
END_TEST

/* The go-ahead is sent in the clear, before the handshake. */
static void
start_when_told(struct side *s)
{
	if (s == &client && s->got.n > 0 && s->secured == 0 &&
	    conn_tls_error(s->conn)[0] == '\0' && s->to_send == 0) {
		s->to_send = 1;
		conn_start_tls_client(s->conn, tls_client, &policy);
	}
	stop_when_both_know(s);
}

START_TEST(what_is_written_before_starttls_goes_in_the_clear)
{
	set_up(false);
	pair_open();
	pair_connect();
	side_write(&server, "220 go ahead\r\n");
	conn_start_tls_server(server.conn, tls_server);
	client.then = server.then = start_when_told;
	pair_run();
	ck_assert(slice_is(buf_slice(&client.got), "220 go ahead\r\n"));
	ck_assert_int_eq(server.secured_rc, 0);
	ck_assert_int_eq(client.secured_rc, 0);
	pair_close();
	tear_down();
}
END_TEST

START_TEST(a_pair_is_judged_by_fit_and_by_form)
{
	struct tls_server_cert c;
	struct why why = { "" };

	set_up(false);
	c = cert(&one, "default", 12);
	ck_assert(tls_pair_is_good(&c, &why));
	c.key_pem = buf_slice(&two.key);
	ck_assert(!tls_pair_is_good(&c, &why));
	ck_assert_str_eq(why.text, "the key does not fit the certificate");
	ck_assert_ptr_null(tls_server_new(&c, 1, SLICE_NONE, &why));
	c.key_pem = slice_of("no key at all");
	ck_assert(!tls_pair_is_good(&c, &why));
	ck_assert(strncmp(why.text, "key: ", 5) == 0);
	c = cert(&one, "default", 12);
	c.certificate_pem = SLICE_NONE;
	ck_assert(!tls_pair_is_good(&c, &why));
	ck_assert(strncmp(why.text, "certificate: ", 13) == 0);
	tear_down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tc = tcase_create("tls");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, that_it_is_secured_is_told_before_any_input);
	tcase_add_test(tc, an_unknown_server_is_encrypted_to_but_not_verified);
	tcase_add_test(tc,
	    a_proof_that_is_demanded_and_missing_ends_the_handshake);
	tcase_add_test(tc, a_trusted_server_with_the_right_name_is_verified);
	tcase_add_test(tc, a_trusted_server_with_another_name_is_not);
	tcase_add_test(tc, the_name_asked_for_chooses_the_certificate);
	tcase_add_test(tc, a_session_is_resumed_where_the_seed_is_the_same);
	tcase_add_test(tc, a_session_of_a_lax_policy_serves_no_strict_one);
	tcase_add_loop_test(tc, a_record_proves_what_no_ca_store_knows, 0, 5);
	tcase_add_test(tc, a_record_that_does_not_fit_ends_the_handshake);
	tcase_add_test(tc, the_end_entity_may_have_any_name);
	tcase_add_test(tc, other_records_need_a_handshake_of_their_own);
	tcase_add_test(tc, only_records_that_smtp_can_use_are_usable);
	tcase_add_test(tc, both_ends_export_the_same_binding);
	tcase_add_test(tc, much_goes_both_ways_at_once);
	tcase_add_test(tc,
	    decrypted_input_that_nobody_takes_stops_at_the_limit_and_goes_on);
	tcase_add_test(tc, plain_text_instead_of_a_handshake_is_an_error);
	tcase_add_test(tc, what_is_written_before_starttls_goes_in_the_clear);
	tcase_add_test(tc, a_pair_is_judged_by_fit_and_by_form);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
