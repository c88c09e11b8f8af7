/*
 * deliver/client_greeting.c - the SMTP client's conversation until a message
 * may be sent: greeting, EHLO, STARTTLS, AUTH.
 */
#include "deliver/smtp_client_inside.h"

#include "deliver/login.h"

enum step
client_say_hello(struct smtp_client *c)
{
	size_t at =
	    client_begin_command(c, c->options.lmtp ? "LHLO " : "EHLO ");

	ehlo_init(&c->hop.ehlo);
	buf_add_cstr(&c->out, c->options.helo);
	client_end_command(c, at);
	return client_enter(c, ST_EHLO);
}

static struct login_means
login_means_of(const struct smtp_client *c)
{
	return (struct login_means){ .user = c->options.user,
		.password = c->options.password,
		.token = c->options.token,
		.host = c->options.host,
		.port = c->options.port,
		.binding = c->binding };
}

static enum step
start_auth(struct smtp_client *c)
{
	const struct login_means means = login_means_of(c);
	const char *const *mechanism = login_mechanisms(&means);
	size_t at;

	if (!c->hop.secured)
		return client_fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 The next hop offers no TLS, and the "
			     "password goes nowhere without"));
	while (
	    *mechanism != NULL && !ehlo_offers_auth(&c->hop.ehlo, *mechanism))
		mechanism++;
	if (*mechanism == NULL)
		return client_fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 The next hop offers no AUTH "
			     "mechanism that we have"));
	c->login = login_new(c->options.library, *mechanism, &means);
	if (c->login == NULL)
		return client_fail(c, TROUBLE_LOCAL, 7, 0,
		    slice_of("451 4.7.0 AUTH can't begin"));
	at = client_begin_command(c, "AUTH ");
	buf_add_cstr(&c->out, *mechanism);
	dialogue_add(&c->dialogue, "> ", slice_skip(buf_slice(&c->out), at));
	if (login_has_initial(c->login)) {
		buf_add_char(&c->out, ' ');
		if (login_answer(c->login, SLICE_NONE, &c->out) == LOGIN_FAILED)
			return client_fail(c, TROUBLE_LOCAL, 7, 0,
			    slice_of("451 4.7.0 AUTH can't begin"));
	}
	buf_add_cstr(&c->out, "\r\n");
	return client_enter(c, ST_AUTH);
}

/* Greeted, and secured if that is to be: log in, or be ready. */
static enum step
greeted(struct smtp_client *c)
{
	if (c->options.tls == CLIENT_TLS_REQUIRED && !c->hop.secured)
		return client_fail(c, TROUBLE_SITE, 7, 10,
		    slice_of("451 4.7.10 The next hop offers no TLS, which "
			     "our policy demands"));
	if (c->options.user != NULL && !c->logged_in)
		return start_auth(c);
	return client_enter(c, ST_READY);
}

enum step
got_banner(struct smtp_client *c)
{
	if (c->reply.code != 220)
		return client_fail_by_reply(c,
		    c->reply.code / 100 == 4 ? TROUBLE_BUSY : TROUBLE_SITE);
	return client_say_hello(c);
}

enum step
got_ehlo(struct smtp_client *c)
{
	int code = c->reply.code;

	if (client_is_success(code)) {
		if (!c->hop.secured && c->options.tls != CLIENT_TLS_NEVER &&
		    client_offers(c, EHLO_STARTTLS)) {
			client_command(c, "STARTTLS");
			return client_enter(c, ST_STARTTLS);
		}
		return greeted(c);
	}
	/* RFC 5321, 3.2: servers that know no EHLO are greeted with HELO. */
	if (code / 100 == 5 && !c->options.lmtp && !c->hop.secured) {
		size_t at = client_begin_command(c, "HELO ");

		ehlo_init(&c->hop.ehlo);
		buf_add_cstr(&c->out, c->options.helo);
		client_end_command(c, at);
		return client_enter(c, ST_HELO);
	}
	return client_fail_by_reply(c,
	    code / 100 == 4 ? TROUBLE_BUSY : TROUBLE_SITE);
}

enum step
got_helo(struct smtp_client *c)
{
	if (!client_is_success(c->reply.code))
		return client_fail_by_reply(c, TROUBLE_SITE);
	return greeted(c);
}

/* That nothing came behind the 220 in plain text, feed() has seen to. */
enum step
got_starttls(struct smtp_client *c)
{
	if (c->reply.code == 220)
		return client_enter(c, ST_TLS);
	if (c->options.tls == CLIENT_TLS_REQUIRED)
		return client_fail_by_reply(c, TROUBLE_SITE);
	return greeted(c);
}

enum step
got_auth(struct smtp_client *c)
{
	struct slice challenge = client_reply_text(c);
	enum login_progress progress;

	if (client_is_success(c->reply.code)) {
		if (!login_is_done(c->login))
			return client_fail(c, TROUBLE_SITE, 7, 0,
			    slice_of("451 4.7.0 The next hop did not prove "
				     "that it knows the password"));
		login_free(&c->login);
		c->logged_in = true;
		return client_enter(c, ST_READY);
	}
	if (c->reply.code != 334) {
		c->login_refused =
		    c->reply.code / 100 == 5 || login_was_refused(c->login);
		return client_fail_by_reply(c, TROUBLE_SITE);
	}
	(void)slice_take_prefix(&challenge, "334");
	progress = login_answer(c->login, challenge, &c->out);
	if (progress == LOGIN_FAILED) {
		buf_add_cstr(&c->out, "*\r\n");
		return client_fail(c, TROUBLE_SITE, 7, 0,
		    slice_of("451 4.7.0 AUTH failed: the next hop's "
			     "challenge is wrong"));
	}
	dialogue_add(&c->dialogue, "> ", slice_of("(hidden)"));
	buf_add_cstr(&c->out, "\r\n");
	return client_enter(c, ST_AUTH);
}
