/*
 * bounce/advice.c - status codes (RFC 3463 and its registry) for people.
 *
 * The text says "that address" and "that server": the report names both.
 */
#include "bounce/advice.h"

#include "base/ascii.h"

enum { ANY = 0, ANY_DETAIL = 1000 };

/*
 * The first row that fits is taken. A class of ANY is 4 and 5 alike; the words
 * say what is true for both.
 */
/* clang-format off */
static const struct {
	unsigned class, subject, detail;
	const char *text;
} advices[] = {
	{ 5, 1, 1,
	    "There is no mailbox with that address. Please check the spelling "
	    "of the part before the @. If it is right, the mailbox may have "
	    "been closed: ask the recipient for the current address." },
	{ 4, 1, 1,
	    "That server cannot tell at the moment whether the address exists." },
	{ 5, 1, 2,
	    "The part behind the @ is not the name of a domain that receives "
	    "mail. Please check its spelling." },
	{ ANY, 1, 3,
	    "That server does not take the address for a well-formed one. "
	    "Please check it for typing errors and stray characters." },
	{ ANY, 1, 4,
	    "The address fits more than one mailbox of that server. Please use "
	    "the recipient's full address." },
	{ 5, 1, 6,
	    "The recipient has moved and left no new address. Please ask for "
	    "it in another way." },
	{ ANY, 1, 7,
	    "That server does not take your own address, the sender's, for a "
	    "well-formed one." },
	{ ANY, 1, 8,
	    "That server does not accept your own address, the sender's: it "
	    "could not find the domain of it. If the address is right, show "
	    "this report to your postmaster." },
	{ 5, 1, 10,
	    "The domain behind the @ receives no mail at all: its owner says "
	    "so. Please check the spelling, or reach the recipient in another "
	    "way." },
	{ ANY, 1, ANY_DETAIL,
	    "That server does not accept the address. Please check it." },

	{ ANY, 2, 1,
	    "The mailbox exists, but is closed to mail for now. Please reach "
	    "the recipient in another way." },
	{ ANY, 2, 2,
	    "The mailbox is full. Only the recipient can make room in it: if "
	    "the matter is urgent, call or write in another way." },
	{ ANY, 2, 3,
	    "The message is larger than that mailbox accepts. Send a shorter "
	    "one, or give a link in place of the attachment." },
	{ ANY, 2, 4,
	    "The address is a mailing list's, and the list could not be "
	    "expanded. Its owner must look into that." },
	{ ANY, 2, ANY_DETAIL,
	    "There is trouble with the mailbox itself. Only the recipient, or "
	    "the people who run that server, can help." },

	{ ANY, 3, 1,
	    "That server's disk is full." },
	{ ANY, 3, 4,
	    "The message is larger than that server accepts. Send a shorter "
	    "one, or give a link in place of the attachment." },
	{ ANY, 3, ANY_DETAIL,
	    "That server has trouble of its own, and takes no mail." },

	{ ANY, 4, 1,
	    "The recipient's mail server did not answer. It may be down, or "
	    "the network on the way to it." },
	{ ANY, 4, 2,
	    "The connection to the recipient's mail server broke before the "
	    "message was through." },
	{ ANY, 4, 3,
	    "The servers that know where the recipient's mail goes (DNS) did "
	    "not give an answer. They are in the care of the owner of that "
	    "domain." },
	{ ANY, 4, 4,
	    "No way to the recipient's mail server was found. Please check "
	    "the spelling of the part behind the @." },
	{ ANY, 4, 5,
	    "That server is overloaded and asks to try later." },
	{ ANY, 4, 6,
	    "The message went round in a circle between servers, which each "
	    "held another to be responsible. The people who run the "
	    "recipient's domain must mend its settings." },
	{ ANY, 4, 7,
	    "The message could not be handed over within the time allowed." },
	{ ANY, 4, ANY_DETAIL,
	    "The network, or the recipient's mail server, has trouble." },

	{ ANY, 5, 3,
	    "The message has more recipients than that server takes at once. "
	    "Send it to fewer at a time." },
	{ ANY, 5, ANY_DETAIL,
	    "That server and ours did not understand each other. Please show "
	    "this report to your postmaster." },

	{ ANY, 6, 7,
	    "An address of this message has letters beyond plain ASCII, and "
	    "that server cannot handle them. Ask the recipient for another "
	    "address, or send from an address in plain letters." },
	{ ANY, 6, 9,
	    "An address of this message has letters beyond plain ASCII, and "
	    "that server cannot handle them. Ask the recipient for another "
	    "address, or send from an address in plain letters." },
	{ ANY, 6, ANY_DETAIL,
	    "The message has a form that cannot be handed over to that "
	    "server. Sending it as plain text may help." },

	{ ANY, 7, 2,
	    "You may not send to that mailing list. Ask its owner to let you." },
	{ ANY, 7, 4,
	    "That server, or you, demand a security that the other side does "
	    "not offer. Show this report to your postmaster." },
	{ ANY, 7, 10,
	    "That connection could not be encrypted as is demanded. Show this "
	    "report to your postmaster." },
	{ ANY, 7, 20, "That server demands a valid DKIM signature, and the "
	    "message has none. Show this report to your postmaster." },
	{ ANY, 7, 23,
	    "The domain of your address does not allow our server to send "
	    "for it (SPF). Send through the server of your own provider, or "
	    "show this report to the postmaster of your domain." },
	{ ANY, 7, 24,
	    "The SPF record of your address's domain is faulty. Show this "
	    "report to the postmaster of that domain." },
	{ ANY, 7, 25,
	    "That server refuses ours for the lack of a reverse DNS name. "
	    "Show this report to your postmaster." },
	{ ANY, 7, 26,
	    "That server could not make sure that the message is from the "
	    "domain of your address. Show this report to your postmaster." },
	{ ANY, 7, 30,
	    "You asked that this message travel encrypted only (REQUIRETLS), "
	    "and that server does not promise it. Send it without that "
	    "option, or in another way." },
	{ ANY, 7, ANY_DETAIL,
	    "That server refuses the message by its rules, not for a wrong "
	    "address. What it said may tell the rule; else the recipient, or "
	    "your postmaster, can ask the people who run it." },

	{ 4, 0, ANY_DETAIL,
	    "There is trouble on the way that may pass." },
	{ 5, 0, ANY_DETAIL,
	    "That server refused the message for good. What it said is the "
	    "best hint to the reason." },
};

/*
 * Servers without enhanced codes (X.0.0), or with a poor one, still use words.
 * In lower case; the first that is found counts.
 */
static const struct {
	unsigned class;
	const char *words;
	unsigned subject, detail;
} hints[] = {
	{ 5, "user unknown",	    1, 1 },
	{ 5, "unknown user",	    1, 1 },
	{ 5, "no such user",	    1, 1 },
	{ 5, "no such recipient",   1, 1 },
	{ 5, "does not exist",	    1, 1 },
	{ 5, "doesn't exist",	    1, 1 },
	{ 5, "mailbox unavailable", 1, 1 },
	{ 5, "mailbox not found",   1, 1 },
	{ ANY, "mailbox full",	    2, 2 },
	{ ANY, "mailbox is full",   2, 2 },
	{ ANY, "over quota",	    2, 2 },
	{ ANY, "quota exceeded",    2, 2 },
	{ ANY, "too large",	    3, 4 },
	{ ANY, "too big",	    3, 4 },
};

static const char relay_denied[] =
    "That server says it does not handle mail for the domain behind the @. "
    "If the address is right, the domain's owner must mend its settings (MX "
    "records).";
static const char default_text[] = "There is trouble with this address.";
/* clang-format on */

static bool
has_words(struct slice reply, const char *words)
{
	struct slice what = slice_of(words);

	for (; reply.n >= what.n; reply = slice_skip(reply, 1))
		if (slice_starts_nocase(reply, words))
			return true;
	return false;
}

static const char *
find(unsigned class, unsigned subject, unsigned detail)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if ((advices[i].class == ANY || advices[i].class == class) &&
		    advices[i].subject == subject &&
		    (advices[i].detail == ANY_DETAIL ||
			advices[i].detail == detail))
			return advices[i].text;
	return default_text;
}

const char *
advice_for(const struct fate *f)
{
	unsigned class = f->code.class;

	if (class == 5 && !f->ours && has_words(f->reply, "relay") &&
	    (f->code.subject == 7 || f->code.subject == 0))
		return relay_denied;
	if (f->code.subject == 0 && !f->ours) {
		for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
			if ((hints[i].class == ANY ||
				hints[i].class == class) &&
			    has_words(f->reply, hints[i].words))
				return find(class, hints[i].subject,
				    hints[i].detail);
	}
	return find(class, f->code.subject, f->code.detail);
}
