/*
 * receive/do_etrn.c - ETRN (RFC 1985): try the mail of a site now.
 *
 * For trusted networks only; anybody else could make us knock on doors.
 */
#include "receive/verbs.h"

enum step
do_etrn(struct smtp_server *s, struct slice args)
{
	struct slice domain = args;

	if (!s->terms->is_trusted && s->login == NULL)
		return fail(s, "459 4.7.1 ETRN is not for you");
	if (domain.n > 0 && (domain.p[0] == '@' || domain.p[0] == '#'))
		domain = slice_skip(domain, 1);
	if (!domain_is_valid(domain, false))
		return fail(s, "501 5.5.4 ETRN takes a domain");
	s->host->flush_site(s->arg, domain);
	return say(s, "250 2.0.0 Queuing started");
}
