/*
 * receive/do_ehlo.c - EHLO and HELO: who speaks, and what we offer.
 *
 * The name is kept as it is for Received and the log; nothing is decided by
 * it.
 */
#include "receive/verbs.h"

#include "base/alloc.h"
#include "base/ascii.h"
#include "receive/promises.h"

/* Domain or address literal (RFC 5321, 4.1.1.1), read with a wide eye: any
 * graphic characters, since names with _ and worse are in daily use. */
static bool
is_name(struct slice s)
{
	if (s.n > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_graphic(s.p[i]))
			return false;
	return s.n > 0;
}

static bool
take_name(struct smtp_server *s, struct slice args, bool is_esmtp)
{
	if (!is_name(args))
		return false;
	mem_free(s->helo);
	s->helo = mem_cstr(args);
	s->is_esmtp = is_esmtp;
	/* RFC 5321, 4.1.4: as if RSET had come. */
	server_phase(s, PHASE_READY);
	return true;
}

enum step
do_helo(struct smtp_server *s, struct slice args)
{
	if (!take_name(s, args, false))
		return fail(s, "501 5.5.4 HELO takes one name");
	buf_addf(s->out, "250 %s\r\n", s->terms->hostname);
	return STEP_MORE;
}

/* PLUS is bound to the TLS channel, in a way that TLS 1.3 alone has. */
static bool
is_usable(const struct smtp_server *s, struct slice mechanism)
{
	return !slice_ends_nocase(mechanism, "-PLUS") ||
	    slice_starts(slice_of(s->tls), "TLSv1.3");
}

bool
server_offers_auth(const struct smtp_server *s)
{
	return s->terms->is_submission && server_is_secured(s) &&
	    s->terms->auth->backend != AUTH_NONE;
}

bool
server_has_mechanism(const struct smtp_server *s, struct slice name)
{
	const struct strings *m = &s->terms->auth->mechanisms;

	for (size_t i = 0; i < m->n; i++)
		if (slice_is_nocase(name, m->v[i]))
			return is_usable(s, name);
	return false;
}

static void
list_mechanisms(struct smtp_server *s)
{
	const struct strings *m = &s->terms->auth->mechanisms;

	buf_add_cstr(s->out, "250-AUTH");
	for (size_t i = 0; i < m->n; i++)
		if (is_usable(s, slice_of(m->v[i])))
			buf_addf(s->out, " %s", m->v[i]);
	buf_add_cstr(s->out, "\r\n");
}

enum step
do_ehlo(struct smtp_server *s, struct slice args)
{
	const struct limits_conf *limits = s->terms->limits;

	if (!take_name(s, args, true))
		return fail(s, "501 5.5.4 EHLO takes one name");
	buf_addf(s->out, "250-%s\r\n", s->terms->hostname);
	buf_addf(s->out, "250-SIZE %llu\r\n",
	    (unsigned long long)limits->message_size);
	if (s->terms->offers_tls && !server_is_secured(s))
		buf_add_cstr(s->out, "250-STARTTLS\r\n");
	/* RFC 8689, 3: under TLS alone. */
	if (server_is_secured(s))
		buf_add_cstr(s->out, "250-REQUIRETLS\r\n");
	if (server_offers_auth(s))
		list_mechanisms(s);
	if (s->terms->is_trusted)
		buf_add_cstr(s->out, "250-ETRN\r\n");
	promises_list(s->terms, s->host->wall_ms(s->arg), s->out);
	buf_add_cstr(s->out,
	    "250-PIPELINING\r\n"
	    "250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n"
	    "250-CHUNKING\r\n"
	    "250-DSN\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n");
	buf_addf(s->out, "250 LIMITS RCPTMAX=%u\r\n", limits->recipients);
	return STEP_MORE;
}
