/*
 * receive/do_rcpt.c - RCPT: one more recipient, or not.
 *
 *   "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
 *       [ SP Rcpt-parameters ]			(RFC 5321, 4.1.1.3)
 */
#include "receive/verbs.h"

/* Recipients refused per command error allowed: an old mailing list is no
 * attack, reading a directory of names is. */
enum { REFUSED_FACTOR = 10 };

static const char *
reply_for(enum command_error error)
{
	switch (error) {
	case COMMAND_OK:
		break;
	case COMMAND_SYNTAX:
		return "501 5.5.4 Syntax: RCPT TO:<address>";
	case COMMAND_BAD_ADDRESS:
		return "501 5.1.3 Bad recipient address";
	case COMMAND_LONG_ADDRESS:
		return "553 5.1.3 Recipient address is too long";
	case COMMAND_NEEDS_UTF8:
		return "553 5.6.7 This address needs SMTPUTF8";
	case COMMAND_BAD_PARAMETER:
		return "501 5.5.4 Bad parameter value";
	case COMMAND_UNKNOWN_PARAMETER:
		return "555 5.5.4 Unsupported parameter";
	}
	return NULL;
}

static enum step
refuse(struct smtp_server *s, const char *reply, const struct address *who)
{
	struct transaction *t = s->transaction;

	t->refused++;
	if (++s->refused > s->terms->limits->command_errors * REFUSED_FACTOR)
		return hang_up(s, "421 4.7.0 Too many refused recipients");
	return reject(s, "rcpt", reply, t->envelope.sender,
	    transaction_text(who));
}

enum step
do_rcpt(struct smtp_server *s, struct slice line)
{
	struct transaction *t = s->transaction;
	struct rcpt_args args = { 0 };
	struct refusal no = { "" };
	const char *reply;

	reply = reply_for(rcpt_args_parse(line, PARAM_NOTIFY | PARAM_ORCPT,
	    t->envelope.smtputf8, &args, NULL));
	if (reply != NULL) {
		t->refused++;
		return fail(s, reply);
	}
	if (t->envelope.recipient_count >= s->terms->limits->recipients)
		return reject(s, "rcpt", "452 4.5.3 Too many recipients",
		    t->envelope.sender, transaction_text(&args.recipient));
	if (!s->host->recipient(s->arg, &args.recipient, args.routed,
		slice_of(s->login), &no))
		return refuse(s, no.text, &args.recipient);
	if (!transaction_add_recipient(t, &args))
		return reject(s, "rcpt", "452 4.5.3 Too many recipients",
		    t->envelope.sender, transaction_text(&args.recipient));
	server_phase(s, PHASE_RCPTS);
	return say(s, "250 2.1.5 Ok");
}
