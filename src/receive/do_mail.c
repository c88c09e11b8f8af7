/*
 * receive/do_mail.c - MAIL: a transaction begins.
 *
 *   "MAIL FROM:" Reverse-path [ SP Mail-parameters ]	(RFC 5321, 4.1.1.2)
 *
 * Whether this sender may send is the host's question; here its form, its
 * parameters and the announced size are judged.
 */
#include "receive/promises.h"
#include "receive/verbs.h"

enum {
	OFFERED =
	    PARAM_SIZE | PARAM_BODY | PARAM_SMTPUTF8 | PARAM_RET | PARAM_ENVID,
};

static const char *
reply_for(enum command_error error)
{
	switch (error) {
	case COMMAND_OK:
		break;
	case COMMAND_SYNTAX:
		return "501 5.5.4 Syntax: MAIL FROM:<address>";
	case COMMAND_BAD_ADDRESS:
		return "501 5.1.7 Bad sender address";
	case COMMAND_LONG_ADDRESS:
		return "553 5.1.7 Sender address is too long";
	case COMMAND_NEEDS_UTF8:
		return "553 5.6.7 This address needs SMTPUTF8";
	case COMMAND_BAD_PARAMETER:
		return "501 5.5.4 Bad parameter value";
	case COMMAND_UNKNOWN_PARAMETER:
		return "555 5.5.4 Unsupported parameter";
	}
	return NULL;
}

static const char *
objection(const struct smtp_server *s, const struct mail_args *args)
{
	if ((args->given & PARAM_SIZE) != 0 &&
	    args->size > s->terms->limits->message_size)
		return "552 5.3.4 Message is too large";
	return NULL;
}

enum step
do_mail(struct smtp_server *s, struct slice line)
{
	unsigned offered = OFFERED;
	struct mail_args args = { 0 };
	struct refusal no = { "" };
	int64_t wall_ms = s->host->wall_ms(s->arg);
	const char *reply;

	offered |= promises_offered(s->terms);
	if (server_offers_auth(s))
		offered |= PARAM_AUTH;
	if (server_is_secured(s))
		offered |= PARAM_REQUIRETLS;
	reply = reply_for(mail_args_parse(line, offered, &args, NULL));
	if (reply != NULL)
		return fail(s, reply);
	reply = objection(s, &args);
	if (reply != NULL)
		return reject(s, "mail", reply, transaction_text(&args.sender),
		    SLICE_NONE);
	if (!promises_can_be_kept(s->terms, &args, wall_ms, &no) ||
	    !s->host->sender(s->arg, &args.sender, slice_of(s->login), &no))
		return reject(s, "mail", no.text,
		    transaction_text(&args.sender), SLICE_NONE);
	if (s->transaction == NULL)
		s->transaction = transaction_new(s->terms, s->host, s->arg);
	if (!transaction_set_sender(s->transaction, &args)) {
		server_phase(s, PHASE_READY);
		return say(s, "452 4.3.0 Out of memory for this transaction");
	}
	promises_put(&args, wall_ms, &s->transaction->envelope);
	server_phase(s, PHASE_SENDER);
	return say(s, "250 2.1.0 Ok");
}
