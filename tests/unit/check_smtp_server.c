/*
 * unit/check_smtp_server.c - SMTP dialogues with the engine: what a client
 * sends, and the codes of the replies, however its bytes are cut.
 */
#include "tests/unit/run.h"
#include "tests/unit/smtp_scene.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/err.h"

/* The beginning and the end of most dialogues. */
#define EHLO "EHLO c.example\r\n"
#define MAIL "MAIL FROM:<a@x.example>\r\n"
#define MINE "MAIL FROM:<alice@ours.example>\r\n"
#define RCPT "RCPT TO:<b@ours.example>\r\n"
#define DATA "DATA\r\n"
#define TEXT "Subject: t\r\n\r\nhello\r\n"
#define DOT ".\r\n"
#define QUIT "QUIT\r\n"
#define SEND EHLO MAIL RCPT DATA

#define TO_DATA "220,250,250 2.1.0,250 2.1.5,354"
#define BYE ",221 2.0.0"
#define TEN "xxxxxxxxxx"
#define FIFTY TEN TEN TEN TEN TEN
#define L500 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY
#define L2000 L500 L500 L500 L500
#define HOP "Received: by x\r\n"

/* clang-format off */
static const struct {
	const char *name;
	enum scene_kind kind;
	const char *say;
	const char *hear;	/* "code enhanced" of each reply */
	int messages;		/* answered 250 */
	const char *mail;	/* the content of the last one, if it matters */
} dialogues[] = {
	/* --- greeting, EHLO, HELO --- */
	{ "quit at once", SCENE_RELAY, QUIT, "220" BYE, 0, NULL },
	{ "ehlo", SCENE_RELAY, EHLO QUIT, "220,250" BYE, 0, NULL },
	{ "helo", SCENE_RELAY, "HELO c\r\n" QUIT, "220,250" BYE, 0, NULL },
	{ "case of verbs", SCENE_RELAY, "eHlO c\r\nquIT\r\n", "220,250" BYE, 0, NULL },
	{ "ehlo with a literal", SCENE_RELAY, "EHLO [192.0.2.7]\r\n", "220,250", 0, NULL },
	{ "ehlo with an underscore", SCENE_RELAY, "EHLO MY_PC\r\n", "220,250", 0, NULL },
	{ "ehlo without a name", SCENE_RELAY, "EHLO\r\n", "220,501 5.5.4", 0, NULL },
	{ "ehlo with spaces only", SCENE_RELAY, "EHLO  \r\n", "220,501 5.5.4", 0, NULL },
	{ "ehlo with two names", SCENE_RELAY, "EHLO a b\r\n", "220,501 5.5.4", 0, NULL },
	{ "ehlo with 8-bit", SCENE_RELAY, "EHLO \xc3\xbc\r\n", "220,501 5.5.4", 0, NULL },
	{ "helo without a name", SCENE_RELAY, "HELO\r\n", "220,501 5.5.4", 0, NULL },
	{ "a name of 256", SCENE_RELAY, "EHLO " FIFTY FIFTY FIFTY FIFTY FIFTY "xxxxxx\r\n", "220,501 5.5.4", 0, NULL },
	{ "ehlo twice", SCENE_RELAY, EHLO EHLO, "220,250,250", 0, NULL },
	{ "ehlo resets", SCENE_RELAY, EHLO MAIL EHLO RCPT, "220,250,250 2.1.0,250,503 5.5.1", 0, NULL },
	{ "unknown verb", SCENE_RELAY, "XYZZY\r\n", "220,500 5.5.1", 0, NULL },
	{ "empty line", SCENE_RELAY, "\r\n", "220,500 5.5.1", 0, NULL },
	{ "a verb that goes on", SCENE_RELAY, "QUITE\r\n", "220,500 5.5.1", 0, NULL },
	{ "leading space", SCENE_RELAY, " NOOP\r\n", "220,500 5.5.1", 0, NULL },

	/* --- simple verbs --- */
	{ "noop before ehlo", SCENE_RELAY, "NOOP\r\n", "220,250 2.0.0", 0, NULL },
	{ "noop with text", SCENE_RELAY, "NOOP hello there\r\n", "220,250 2.0.0", 0, NULL },
	{ "noop with trailing space", SCENE_RELAY, "NOOP \r\n", "220,250 2.0.0", 0, NULL },
	{ "rset before ehlo", SCENE_RELAY, "RSET\r\nMAIL FROM:<>\r\n", "220,250 2.0.0,503 5.5.1", 0, NULL },
	{ "rset with argument", SCENE_RELAY, EHLO "RSET x\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "rset ends the transaction", SCENE_RELAY, EHLO MAIL "RSET\r\n" RCPT, "220,250,250 2.1.0,250 2.0.0,503 5.5.1", 0, NULL },
	{ "quit with argument", SCENE_RELAY, "QUIT now\r\n", "220,501 5.5.4", 0, NULL },
	{ "vrfy says nothing", SCENE_RELAY, EHLO "VRFY root\r\nVRFY nobody\r\n", "220,250,252 2.5.2,252 2.5.2", 0, NULL },
	{ "vrfy without argument", SCENE_RELAY, EHLO "VRFY\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "expn", SCENE_RELAY, EHLO "EXPN staff\r\n", "220,250,502 5.5.1", 0, NULL },
	{ "help", SCENE_RELAY, "HELP\r\nHELP MAIL\r\n", "220,214 2.0.0,214 2.0.0", 0, NULL },
	{ "etrn of a stranger", SCENE_RELAY, EHLO "ETRN x.example\r\n", "220,250,459 4.7.1", 0, NULL },
	{ "etrn of a friend", SCENE_TRUSTED, EHLO "ETRN x.example\r\nETRN @x.example\r\n", "220,250,250 2.0.0,250 2.0.0", 0, NULL },
	{ "etrn of nonsense", SCENE_TRUSTED, EHLO "ETRN a b\r\nETRN\r\n", "220,250,501 5.5.4,501 5.5.4", 0, NULL },
	{ "etrn inside a transaction", SCENE_TRUSTED, EHLO MAIL "ETRN x.example\r\n", "220,250,250 2.1.0,503 5.5.1", 0, NULL },
	{ "http", SCENE_RELAY, "GET / HTTP/1.1\r\nHost: x\r\n" EHLO, "220,554 5.5.1", 0, NULL },
	{ "http post with mail in it", SCENE_RELAY, "POST / HTTP/1.1\r\n\r\n" SEND TEXT DOT, "220,554 5.5.1", 0, NULL },

	/* --- lines --- */
	{ "bare lf", SCENE_RELAY, "NOOP\nNOOP\r\n", "220,500 5.5.2", 0, NULL },
	{ "bare lf inside", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example>\nRCPT TO:<b@y>\r\nQUIT\r\n", "220,250,500 5.5.2", 0, NULL },
	{ "lf first", SCENE_RELAY, "\nNOOP\r\n", "220,500 5.5.2", 0, NULL },
	{ "bare cr inside", SCENE_RELAY, "NOOP a\rb\r\nNOOP\r\n", "220,500 5.5.2,250 2.0.0", 0, NULL },
	{ "cr cr lf", SCENE_RELAY, "NOOP\r\r\nNOOP\r\n", "220,500 5.5.2,250 2.0.0", 0, NULL },
	{ "escape", SCENE_RELAY, "NOOP \033[1m\r\n", "220,500 5.5.2", 0, NULL },
	{ "tab", SCENE_RELAY, EHLO "MAIL\tFROM:<a@x.example>\r\n", "220,250,500 5.5.1", 0, NULL },
	{ "2,048 octets are a line", SCENE_RELAY, "NOOP " L2000 TEN TEN TEN TEN "xxx\r\n", "220,250 2.0.0", 0, NULL },
	{ "2,049 are not", SCENE_RELAY, "NOOP " L2000 TEN TEN TEN TEN "xxxx\r\nNOOP\r\n", "220,500 5.5.2,250 2.0.0", 0, NULL },
	{ "far too long", SCENE_RELAY, "NOOP " L2000 L2000 L2000 L2000 "\r\nNOOP\r\n", "220,500 5.5.2,250 2.0.0", 0, NULL },
	{ "too long with a bare lf", SCENE_RELAY, "NOOP " L2000 L2000 "\nNOOP\r\n", "220,500 5.5.2", 0, NULL },
	{ "too long with a bare cr", SCENE_RELAY, "NOOP " L2000 "\r" L2000 "\r\nNOOP\r\n", "220,500 5.5.2,250 2.0.0", 0, NULL },

	/* --- sequence --- */
	{ "mail before ehlo", SCENE_RELAY, MAIL, "220,503 5.5.1", 0, NULL },
	{ "rcpt before mail", SCENE_RELAY, EHLO RCPT, "220,250,503 5.5.1", 0, NULL },
	{ "mail twice", SCENE_RELAY, EHLO MAIL MAIL, "220,250,250 2.1.0,503 5.5.1", 0, NULL },
	{ "data with argument", SCENE_RELAY, EHLO MAIL RCPT "DATA x\r\n", "220,250,250 2.1.0,250 2.1.5,501 5.5.4", 0, NULL },
	{ "starttls inside a transaction", SCENE_RELAY, EHLO MAIL "STARTTLS\r\n", "220,250,250 2.1.0,503 5.5.1", 0, NULL },
	{ "starttls with argument", SCENE_RELAY, EHLO "STARTTLS x\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "starttls under tls", SCENE_RELAY_TLS, EHLO "STARTTLS\r\n", "220,250,503 5.5.1", 0, NULL },
	{ "a second message", SCENE_RELAY, SEND TEXT DOT MAIL RCPT DATA TEXT DOT QUIT,
	  TO_DATA ",250 2.0.0,250 2.1.0,250 2.1.5,354,250 2.0.0" BYE, 2, NULL },
	{ "too many errors", SCENE_RELAY, "A\r\nB\r\nC\r\nD\r\nE\r\nF\r\nNOOP\r\n",
	  "220,500 5.5.1,500 5.5.1,500 5.5.1,500 5.5.1,500 5.5.1,421 4.7.0", 0, NULL },

	/* --- MAIL --- */
	{ "null sender", SCENE_RELAY, EHLO "MAIL FROM:<>\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "mail after helo", SCENE_RELAY, "HELO c\r\n" MAIL, "220,250,250 2.1.0", 0, NULL },
	{ "mail without argument", SCENE_RELAY, EHLO "MAIL\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "mail without from", SCENE_RELAY, EHLO "MAIL <a@x.example>\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "mail without brackets", SCENE_RELAY, EHLO "MAIL FROM:a@x.example\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "mail with a bad address", SCENE_RELAY, EHLO "MAIL FROM:<a b@x.example>\r\n", "220,250,501 5.1.7", 0, NULL },
	{ "mail with a quoted local part", SCENE_RELAY, EHLO "MAIL FROM:<\"a b\"@x.example>\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "mail with a source route", SCENE_RELAY, EHLO "MAIL FROM:<@r.example:a@x.example>\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "size announced", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> SIZE=4000\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "size too large", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> SIZE=4001\r\n", "220,250,552 5.3.4", 0, NULL },
	{ "size beyond reason", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> SIZE=99999999999999999999999\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "size negative", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> SIZE=-1\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "body=8bitmime", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> BODY=8BITMIME\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "body=binarymime", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> BODY=BINARYMIME\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "body=nonsense", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> BODY=9BIT\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "unknown parameter", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> FOO=1\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "a stranger's mail does not wait", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> HOLDFOR=60\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "a stranger has no deadline", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> BY=600;R\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "a stranger is not urgent", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> MT-PRIORITY=9\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "a relay's mail does not wait", SCENE_TRUSTED, EHLO "MAIL FROM:<a@x.example> HOLDFOR=60\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "a relay's deadline and priority", SCENE_TRUSTED, EHLO "MAIL FROM:<a@x.example> BY=600;R MT-PRIORITY=9\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "holdfor", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDFOR=86400\r\n", "220,250 2.1.0", 0, NULL },
	{ "holdfor nothing", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDFOR=0\r\n", "220,250 2.1.0", 0, NULL },
	{ "holdfor too long", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDFOR=86401\r\n", "220,501 5.5.4", 0, NULL },
	{ "holduntil", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDUNTIL=2026-11-25T03:00:00Z\r\n", "220,250 2.1.0", 0, NULL },
	{ "holduntil too late", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDUNTIL=2026-11-25T03:00:01Z\r\n", "220,501 5.5.4", 0, NULL },
	{ "holduntil in the past", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDUNTIL=2026-11-24T02:59:59Z\r\n", "220,501 5.5.4", 0, NULL },
	{ "holduntil nonsense", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDUNTIL=soon\r\n", "220,501 5.5.4", 0, NULL },
	{ "both holds", SCENE_USER, "MAIL FROM:<alice@x.example> HOLDFOR=60 HOLDUNTIL=2026-11-24T04:00:00Z\r\n", "220,501 5.5.4", 0, NULL },
	{ "by the least", SCENE_USER, "MAIL FROM:<alice@x.example> BY=60;R\r\n", "220,250 2.1.0", 0, NULL },
	{ "by less than the least", SCENE_USER, "MAIL FROM:<alice@x.example> BY=59;R\r\n", "220,555 5.5.4", 0, NULL },
	{ "by, only to be told", SCENE_USER, "MAIL FROM:<alice@x.example> BY=1;N\r\n", "220,250 2.1.0", 0, NULL },
	{ "by before the release", SCENE_USER, "MAIL FROM:<alice@x.example> BY=60;R HOLDFOR=60\r\n", "220,501 5.5.4", 0, NULL },
	{ "by after the release", SCENE_USER, "MAIL FROM:<alice@x.example> BY=61;R HOLDFOR=60\r\n", "220,250 2.1.0", 0, NULL },
	{ "requiretls without TLS", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> REQUIRETLS\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "utf8 without smtputf8", SCENE_RELAY, EHLO "MAIL FROM:<\xc3\xbc@x.example>\r\n", "220,250,553 5.6.7", 0, NULL },
	{ "utf8 with smtputf8", SCENE_RELAY, EHLO "MAIL FROM:<\xc3\xbc@x.example> SMTPUTF8\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "dsn parameters of mail", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> RET=HDRS ENVID=QQ+2B\r\n", "220,250,250 2.1.0", 0, NULL },
	{ "ret=nonsense", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> RET=SOME\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "auth= where auth is not offered", SCENE_RELAY, EHLO "MAIL FROM:<a@x.example> AUTH=<>\r\n", "220,250,555 5.5.4", 0, NULL },
	{ "auth= of a user", SCENE_USER, "MAIL FROM:<alice@x.example> AUTH=<>\r\n", "220,250 2.1.0", 0, NULL },
	{ "sender over its rate", SCENE_RELAY, EHLO "MAIL FROM:<limited@x.example>\r\n" RCPT, "220,250,450 4.7.1,503 5.5.1", 0, NULL },
	{ "a refusal with a line end in it", SCENE_RELAY, EHLO "MAIL FROM:<evil@x.example>\r\n", "220,250,451 4.3.0", 0, NULL },

	/* --- RCPT --- */
	{ "ours", SCENE_RELAY, EHLO MAIL RCPT, "220,250,250 2.1.0,250 2.1.5", 0, NULL },
	{ "postmaster alone", SCENE_RELAY, EHLO MAIL "RCPT TO:<Postmaster>\r\n", "220,250,250 2.1.0,250 2.1.5", 0, NULL },
	{ "another name alone", SCENE_RELAY, EHLO MAIL "RCPT TO:<root>\r\n", "220,250,250 2.1.0,501 5.1.3", 0, NULL },
	{ "relay denied", SCENE_RELAY, EHLO MAIL "RCPT TO:<b@else.example>\r\n", "220,250,250 2.1.0,550 5.7.1", 0, NULL },
	{ "relay denied under tls", SCENE_RELAY_TLS, EHLO MAIL "RCPT TO:<b@else.example>\r\n", "220,250,250 2.1.0,550 5.7.1", 0, NULL },
	{ "relay denied by source route", SCENE_RELAY, EHLO MAIL "RCPT TO:<@ours.example:b@else.example>\r\n", "220,250,250 2.1.0,550 5.7.1", 0, NULL },
	{ "relay granted to a friend", SCENE_TRUSTED, EHLO MAIL "RCPT TO:<b@else.example>\r\n", "220,250,250 2.1.0,250 2.1.5", 0, NULL },
	{ "unknown user", SCENE_RELAY, EHLO MAIL "RCPT TO:<nobody@ours.example>\r\n", "220,250,250 2.1.0,550 5.1.1", 0, NULL },
	{ "temporary refusal", SCENE_RELAY, EHLO MAIL "RCPT TO:<later@ours.example>\r\n", "220,250,250 2.1.0,450 4.2.1", 0, NULL },
	{ "rcpt without to", SCENE_RELAY, EHLO MAIL "RCPT <b@ours.example>\r\n", "220,250,250 2.1.0,501 5.5.4", 0, NULL },
	{ "rcpt to nobody", SCENE_RELAY, EHLO MAIL "RCPT TO:<>\r\n", "220,250,250 2.1.0,501 5.1.3", 0, NULL },
	{ "rcpt with junk behind", SCENE_RELAY, EHLO MAIL "RCPT TO:<b@ours.example>x\r\n", "220,250,250 2.1.0,501 5.5.4", 0, NULL },
	{ "dsn parameters of rcpt", SCENE_RELAY, EHLO MAIL "RCPT TO:<b@ours.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@x\r\n", "220,250,250 2.1.0,250 2.1.5", 0, NULL },
	{ "notify=never,success", SCENE_RELAY, EHLO MAIL "RCPT TO:<b@ours.example> NOTIFY=NEVER,SUCCESS\r\n", "220,250,250 2.1.0,501 5.5.4", 0, NULL },
	{ "unknown parameter of rcpt", SCENE_RELAY, EHLO MAIL "RCPT TO:<b@ours.example> SIZE=1\r\n", "220,250,250 2.1.0,555 5.5.4", 0, NULL },
	{ "utf8 recipient without smtputf8", SCENE_RELAY, EHLO MAIL "RCPT TO:<\xc3\xbc@ours.example>\r\n", "220,250,250 2.1.0,553 5.6.7", 0, NULL },
	{ "too many recipients", SCENE_RELAY, EHLO MAIL "RCPT TO:<b1@ours.example>\r\nRCPT TO:<b2@ours.example>\r\nRCPT TO:<b3@ours.example>\r\nRCPT TO:<b4@ours.example>\r\n" DATA TEXT DOT,
	  "220,250,250 2.1.0,250 2.1.5,250 2.1.5,250 2.1.5,452 4.5.3,354,250 2.0.0", 1, NULL },
	{ "the same recipient again and again", SCENE_RELAY, EHLO MAIL RCPT RCPT RCPT RCPT RCPT, "220,250,250 2.1.0,250 2.1.5,250 2.1.5,250 2.1.5,250 2.1.5,250 2.1.5", 0, NULL },

	/* --- DATA --- */
	{ "a message", SCENE_RELAY, SEND TEXT DOT QUIT, TO_DATA ",250 2.0.0" BYE, 1, TEXT },
	{ "an empty message", SCENE_RELAY, SEND DOT, TO_DATA ",250 2.0.0", 1, "" },
	{ "dots", SCENE_RELAY, SEND "A: b\r\n\r\n..\r\n..x\r\n...\r\n.x\r\n" DOT, TO_DATA ",250 2.0.0", 1, "A: b\r\n\r\n.\r\n.x\r\n..\r\nx\r\n" },
	{ "a body without a header", SCENE_RELAY, SEND "hello there\r\nmore\r\n" DOT, TO_DATA ",250 2.0.0", 1, "\r\nhello there\r\nmore\r\n" },
	{ "a body right behind the header", SCENE_RELAY, SEND "A: b\r\n c\r\nhello there\r\n" DOT, TO_DATA ",250 2.0.0", 1, "A: b\r\n c\r\n\r\nhello there\r\n" },
	{ "a body that begins with a space", SCENE_RELAY, SEND " hello\r\n" DOT, TO_DATA ",250 2.0.0", 1, "\r\n hello\r\n" },
	{ "a header alone", SCENE_RELAY, SEND "A: b\r\n" DOT, TO_DATA ",250 2.0.0", 1, "A: b\r\n" },
	{ "a line of 2,000 octets", SCENE_RELAY, SEND "A: b\r\n\r\n" L2000 "\r\n" DOT, TO_DATA ",250 2.0.0", 1, "A: b\r\n\r\n" L2000 "\r\n" },
	{ "8-bit without 8bitmime", SCENE_RELAY, SEND "A: \xff\r\n\r\n\xfe\r\n" DOT, TO_DATA ",250 2.0.0", 1, "A: \xff\r\n\r\n\xfe\r\n" },
	{ "lf . lf", SCENE_RELAY, SEND TEXT "\n.\n" MAIL "\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "lf . crlf", SCENE_RELAY, SEND TEXT "x\n.\r\n" MAIL "\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "crlf . lf", SCENE_RELAY, SEND TEXT ".\n" MAIL "\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "crlf . cr", SCENE_RELAY, SEND TEXT ".\rQUIT\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "cr . cr", SCENE_RELAY, SEND TEXT "\r.\r" MAIL "\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "crlf . cr cr lf", SCENE_RELAY, SEND TEXT ".\r\r\n" MAIL "\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "cr crlf . crlf", SCENE_RELAY, SEND "A: b\r\n\r\nx\r\r\n" DOT QUIT, TO_DATA ",550 5.6.11" BYE, 0, NULL },
	{ "a message of exactly the limit", SCENE_RELAY, SEND "A: b\r\n\r\n" L500 L500 L500 L500 L500 L500 L500 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY TEN TEN TEN TEN "\r\n" DOT, TO_DATA ",250 2.0.0", 1, NULL },
	{ "one octet more", SCENE_RELAY, SEND "A: b\r\n\r\n" L500 L500 L500 L500 L500 L500 L500 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY TEN TEN TEN TEN "x\r\n" DOT QUIT, TO_DATA ",552 5.3.4" BYE, 0, NULL },
	{ "too large with commands inside", SCENE_RELAY, SEND L2000 L2000 "\r\n" QUIT L2000 "\r\n" DOT QUIT, TO_DATA ",552 5.3.4" BYE, 0, NULL },
	{ "too large a header", SCENE_RELAY, SEND "A: " L500 "\r\n " L500 "\r\n\r\n" DOT, TO_DATA ",552 5.3.4", 0, NULL },
	{ "two hops", SCENE_RELAY, SEND HOP HOP "\r\n" DOT, TO_DATA ",250 2.0.0", 1, NULL },
	{ "three hops", SCENE_RELAY, SEND HOP HOP "RECEIVED : by y\r\n\r\n" DOT, TO_DATA ",554 5.4.6", 0, NULL },
	{ "three hops of which one is text", SCENE_RELAY, SEND HOP HOP "\r\n" HOP DOT, TO_DATA ",250 2.0.0", 1, NULL },
	{ "rcpt behind the message", SCENE_RELAY, SEND TEXT DOT RCPT, TO_DATA ",250 2.0.0,503 5.5.1", 1, NULL },
	{ "one good recipient of two", SCENE_RELAY, EHLO MAIL "RCPT TO:<nobody@ours.example>\r\n" RCPT DATA TEXT DOT,
	  "220,250,250 2.1.0,550 5.1.1,250 2.1.5,354,250 2.0.0", 1, NULL },

	/* --- BDAT --- */
	{ "one chunk", SCENE_RELAY, EHLO MAIL RCPT "BDAT 21 LAST\r\n" TEXT QUIT, "220,250,250 2.1.0,250 2.1.5,250 2.0.0" BYE, 1, TEXT },
	{ "two chunks", SCENE_RELAY, EHLO MAIL RCPT "BDAT 5\r\nSubjeBDAT 16 last\r\nct: t\r\n\r\nhello\r\n", "220,250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0", 1, TEXT },
	{ "bdat 0 last", SCENE_RELAY, EHLO MAIL RCPT "BDAT 21\r\n" TEXT "BDAT 0 LAST\r\n", "220,250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0", 1, TEXT },
	{ "nothing but bdat 0 last", SCENE_RELAY, EHLO MAIL RCPT "BDAT 0 LAST\r\n", "220,250,250 2.1.0,250 2.1.5,250 2.0.0", 1, "" },
	{ "a dot is no end", SCENE_RELAY, EHLO MAIL RCPT "BDAT 14 LAST\r\nA: b\r\n\r\nx\r\n.\r\n" "NOOP\r\n", "220,250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0", 1, "A: b\r\n\r\nx\r\n.\r\n" },
	{ "bdat before mail", SCENE_RELAY, EHLO "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "220,250,503 5.5.1,250 2.0.0", 0, NULL },
	{ "bdat before ehlo", SCENE_RELAY, "BDAT 6\r\nQUIT\r\nNOOP\r\n", "220,503 5.5.1,250 2.0.0", 0, NULL },
	{ "bdat before rcpt", SCENE_RELAY, EHLO MAIL "BDAT 6\r\nQUIT\r\nNOOP\r\n", "220,250,250 2.1.0,503 5.5.1,250 2.0.0", 0, NULL },
	{ "bdat with no good recipient", SCENE_RELAY, EHLO MAIL "RCPT TO:<nobody@ours.example>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n", "220,250,250 2.1.0,550 5.1.1,554 5.5.1,250 2.0.0", 0, NULL },
	{ "bdat without a size", SCENE_RELAY, EHLO MAIL RCPT "BDAT LAST\r\nNOOP\r\n", "220,250,250 2.1.0,250 2.1.5,501 5.5.4", 0, NULL },
	{ "bdat of nonsense before mail", SCENE_RELAY, EHLO "BDAT x\r\nNOOP\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "bdat with a hex size", SCENE_RELAY, EHLO MAIL RCPT "BDAT 0x10\r\nNOOP\r\n", "220,250,250 2.1.0,250 2.1.5,501 5.5.4", 0, NULL },
	{ "bdat with a negative size", SCENE_RELAY, EHLO MAIL RCPT "BDAT -1\r\nNOOP\r\n", "220,250,250 2.1.0,250 2.1.5,501 5.5.4", 0, NULL },
	{ "bdat with junk behind", SCENE_RELAY, EHLO MAIL RCPT "BDAT 1 LAST x\r\nxNOOP\r\n", "220,250,250 2.1.0,250 2.1.5,501 5.5.4", 0, NULL },
	{ "data between chunks", SCENE_RELAY, EHLO MAIL RCPT "BDAT 6\r\nA: b\r\nNOOP\r\nRSET\r\n" MAIL, "220,250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0,250 2.0.0,250 2.1.0", 0, NULL },
	{ "rcpt between chunks", SCENE_RELAY, EHLO MAIL RCPT "BDAT 6\r\nA: b\r\n" RCPT, "220,250,250 2.1.0,250 2.1.5,250 2.0.0,503 5.5.1", 0, NULL },
	{ "bare lf in a chunk", SCENE_RELAY, EHLO MAIL RCPT "BDAT 8 LAST\r\nA: b\n\nx\n" QUIT, "220,250,250 2.1.0,250 2.1.5,550 5.6.11" BYE, 0, NULL },
	{ "bare cr in a chunk", SCENE_RELAY, EHLO MAIL RCPT "BDAT 6 LAST\r\nA: b\r." QUIT, "220,250,250 2.1.0,250 2.1.5,550 5.6.11" BYE, 0, NULL },
	{ "crlf cut by two chunks", SCENE_RELAY, EHLO MAIL RCPT "BDAT 5\r\nA: b\rBDAT 1 LAST\r\n\n", "220,250,250 2.1.0,250 2.1.5,250 2.0.0,250 2.0.0", 1, "A: b\r\n" },
	{ "cr at the very end", SCENE_RELAY, EHLO MAIL RCPT "BDAT 5 LAST\r\nA: b\rNOOP\r\n", "220,250,250 2.1.0,250 2.1.5,550 5.6.11,250 2.0.0", 0, NULL },
	{ "smuggling by lf . crlf in a chunk", SCENE_RELAY, EHLO MAIL RCPT "BDAT 12 LAST\r\nA: b\r\n\r\n\n.\r\n" QUIT, "220,250,250 2.1.0,250 2.1.5,550 5.6.11" BYE, 0, NULL },
	{ "a chunk too large, and one more", SCENE_RELAY, EHLO MAIL RCPT "BDAT 4008\r\nA: b\r\n\r\n" L2000 L2000 "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	  "220,250,250 2.1.0,250 2.1.5,552 5.3.4,503 5.5.1,250 2.0.0", 0, NULL },
	{ "chunks without a line end", SCENE_RELAY, EHLO MAIL RCPT "BDAT 10 LAST\r\nA: b\r\n\r\nxy" QUIT, "220,250,250 2.1.0,250 2.1.5,250 2.0.0" BYE, 1, "A: b\r\n\r\nxy" },
	{ "a header without a line end", SCENE_RELAY, EHLO MAIL RCPT "BDAT 4 LAST\r\nA: b" QUIT, "220,250,250 2.1.0,250 2.1.5,250 2.0.0" BYE, 1, "A: b" },
	{ "a body without header or line end", SCENE_RELAY, EHLO MAIL RCPT "BDAT 2 LAST\r\nxy" QUIT, "220,250,250 2.1.0,250 2.1.5,250 2.0.0" BYE, 1, "\r\nxy" },

	/* --- submission --- */
	{ "mail before tls", SCENE_SUBMISSION, EHLO MAIL, "220,250,530 5.7.0", 0, NULL },
	{ "vrfy before tls", SCENE_SUBMISSION, EHLO "VRFY a\r\n", "220,250,530 5.7.0", 0, NULL },
	{ "bdat before tls", SCENE_SUBMISSION, EHLO "BDAT 6\r\nQUIT\r\nNOOP\r\n", "220,250,530 5.7.0,250 2.0.0", 0, NULL },
	{ "noop, rset, help before tls", SCENE_SUBMISSION, "NOOP\r\nRSET\r\nHELP\r\n" QUIT, "220,250 2.0.0,250 2.0.0,214 2.0.0" BYE, 0, NULL },
	{ "auth before tls", SCENE_SUBMISSION, EHLO "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "220,250,538 5.7.11", 0, NULL },
	{ "mail before auth", SCENE_SECURED, EHLO MAIL RCPT, "220,250,530 5.7.0,530 5.7.0", 0, NULL },
	{ "mail before ehlo and auth", SCENE_SECURED, MAIL, "220,530 5.7.0", 0, NULL },
	{ "a submitted message", SCENE_USER, MINE "RCPT TO:<b@else.example>\r\n" DATA TEXT DOT, "220,250 2.1.0,250 2.1.5,354,250 2.0.0", 1, TEXT },
	{ "not his address", SCENE_USER, MAIL, "220,553 5.7.1", 0, NULL },
	{ "null sender of a user", SCENE_USER, "MAIL FROM:<>\r\n", "220,250 2.1.0", 0, NULL },
	{ "auth survives rset and ehlo", SCENE_USER, "RSET\r\n" EHLO MINE, "220,250 2.0.0,250,250 2.1.0", 0, NULL },

	/* --- AUTH --- */
	{ "plain with a response", SCENE_SECURED, EHLO "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n" MINE, "220,250,235 2.7.0,250 2.1.0", 0, NULL },
	{ "plain without one", SCENE_SECURED, EHLO "AUTH plain\r\nAGFsaWNlAHNlY3JldA==\r\n", "220,250,334,235 2.7.0", 0, NULL },
	{ "login", SCENE_SECURED, EHLO "AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n", "220,250,334,334,235 2.7.0", 0, NULL },
	{ "login with a name", SCENE_SECURED, EHLO "AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n", "220,250,334,235 2.7.0", 0, NULL },
	{ "an empty response", SCENE_SECURED, EHLO "AUTH PLAIN =\r\n", "220,250,501 5.5.2", 0, NULL },
	{ "a wrong password", SCENE_SECURED, EHLO "AUTH PLAIN AGFsaWNlAHdyb25n\r\n" MINE, "220,250,535 5.7.8,530 5.7.0", 0, NULL },
	{ "two wrong, then a third", SCENE_SECURED, EHLO "AUTH PLAIN AGFsaWNlAHdyb25n\r\nAUTH PLAIN AGFsaWNlAHdyb25n\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "220,250,535 5.7.8,535 5.7.8,421 4.7.0", 0, NULL },
	{ "cancelled", SCENE_SECURED, EHLO "AUTH PLAIN\r\n*\r\nNOOP\r\n", "220,250,334,501 5.7.0,250 2.0.0", 0, NULL },
	{ "malformed initial base64", SCENE_SECURED, EHLO "AUTH PLAIN a*b\r\n", "220,250,501 5.5.2", 0, NULL },
	{ "malformed base64", SCENE_SECURED, EHLO "AUTH PLAIN\r\nAGF\r\nNOOP\r\n", "220,250,334,501 5.5.2,250 2.0.0", 0, NULL },
	{ "a response with a space", SCENE_SECURED, EHLO "AUTH LOGIN\r\nYWxp Y2U=\r\n", "220,250,334,501 5.5.2", 0, NULL },
	{ "a proof to take note of", SCENE_SECURED, EHLO "AUTH PROOF\r\n\r\n" MINE, "220,250,334,235 2.7.0,250 2.1.0", 0, NULL },
	{ "a proof that is not liked", SCENE_SECURED, EHLO "AUTH PROOF\r\n*\r\n" MINE, "220,250,334,501 5.7.0,530 5.7.0", 0, NULL },
	{ "the authenticator is away", SCENE_SECURED, EHLO "AUTH AWAY\r\nNOOP\r\n", "220,250,454 4.7.0,250 2.0.0", 0, NULL },
	{ "unknown mechanism", SCENE_SECURED, EHLO "AUTH ANONYMOUS\r\n", "220,250,504 5.5.4", 0, NULL },
	{ "auth without a mechanism", SCENE_SECURED, EHLO "AUTH\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "auth with three words", SCENE_SECURED, EHLO "AUTH PLAIN a b\r\n", "220,250,501 5.5.4", 0, NULL },
	{ "auth before ehlo", SCENE_SECURED, "AUTH PLAIN\r\n", "220,503 5.5.1", 0, NULL },
	{ "auth twice", SCENE_USER, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "220,503 5.5.1", 0, NULL },
	{ "auth inside a transaction", SCENE_USER, MINE "AUTH PLAIN\r\n", "220,250 2.1.0,503 5.5.1", 0, NULL },
	{ "auth on the relay", SCENE_RELAY, EHLO "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "220,250,538 5.7.11", 0, NULL },
	{ "auth on the relay under tls", SCENE_RELAY_TLS, EHLO "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "220,250,503 5.5.1", 0, NULL },
	{ "a long response", SCENE_SECURED, EHLO "AUTH PLAIN " L2000 L2000 "\r\n", "220,250,535 5.7.8", 0, NULL },
	{ "a response too long", SCENE_SECURED, EHLO "AUTH PLAIN\r\n" L2000 L2000 L2000 L2000 L2000 L2000 L2000 "\r\nNOOP\r\n", "220,250,334,500 5.5.6,250 2.0.0", 0, NULL },
	{ "an auth line too long", SCENE_SECURED, EHLO "AUTH PLAIN " L2000 L2000 L2000 L2000 L2000 L2000 L2000 "\r\nNOOP\r\n", "220,250,500 5.5.2,250 2.0.0", 0, NULL },
	{ "bare lf in an exchange", SCENE_SECURED, EHLO "AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\nNOOP\r\n", "220,250,334,500 5.5.2", 0, NULL },
};
/* clang-format on */

enum { DIALOGUES = sizeof(dialogues) / sizeof(dialogues[0]) };

/* "code" or "code x.y.z" of the last line of each reply, commas between. */
static void
summarise(struct slice replies, struct buf *out)
{
	struct slice line;

	while (slice_take_line(&replies, &line)) {
		struct slice rest = slice_skip(line, 4);
		struct slice word = slice_take_word(&rest);

		ck_assert_uint_ge(line.n, 4);
		if (line.p[3] == '-')
			continue;
		if (out->n > 0)
			buf_add_char(out, ',');
		buf_add(out, slice_head(line, 3));
		if (word.n >= 5 && ascii_is_digit(word.p[0]) &&
		    word.p[1] == '.') {
			buf_add_char(out, ' ');
			buf_add(out, word);
		}
	}
}

static void
check_outcome(const struct scene *s, int i, const char *how, size_t cut)
{
	struct buf heard;

	buf_init(&heard, 65536);
	summarise(buf_slice(&s->out), &heard);
	ck_assert_msg(slice_is(buf_slice(&heard), dialogues[i].hear),
	    "%s (%s %zu): heard \"%s\", not \"%s\"", dialogues[i].name, how,
	    cut, buf_cstr(&heard), dialogues[i].hear);
	ck_assert_msg(s->acknowledged == dialogues[i].messages,
	    "%s: %d messages", dialogues[i].name, s->acknowledged);
	if (dialogues[i].mail != NULL)
		ck_assert_msg(slice_is(buf_slice(&s->mail), dialogues[i].mail),
		    "%s (%s %zu): content \"%.*s\"", dialogues[i].name, how,
		    cut, SLICE_ARGS(buf_slice(&s->mail)));
	buf_done(&heard);
}

/* The engine sees the first `first` bytes, then ever `step` bytes more. */
static void
run(int i, size_t first, size_t more, bool slow, const char *how)
{
	struct slice all = slice_of(dialogues[i].say);
	struct scene s;
	enum step step = STEP_MORE;
	size_t eaten = 0, seen = first;

	scene_init(&s, dialogues[i].kind);
	s.slow = slow;
	while (step == STEP_MORE) {
		struct slice in = slice_head(all, seen);

		eaten += scene_feed(&s, slice_skip(in, eaten), &step);
		if (seen >= all.n)
			break;
		seen += more;
	}
	check_outcome(&s, i, how, first);
	scene_done(&s);
}

START_TEST(a_dialogue_goes_as_written)
{
	run(_i, SIZE_MAX, 0, false, "whole");
}
END_TEST

START_TEST(a_dialogue_is_the_same_byte_by_byte)
{
	run(_i, 1, 1, false, "bytes");
}
END_TEST

START_TEST(a_dialogue_is_the_same_when_checks_take_their_time)
{
	run(_i, SIZE_MAX, 0, true, "slow");
	run(_i, 1, 1, true, "slow bytes");
}
END_TEST

START_TEST(a_dialogue_is_the_same_cut_anywhere)
{
	size_t n = strlen(dialogues[_i].say);

	/* Long lines are filler: their inside is no new place. */
	for (size_t cut = 1; cut<n; cut += cut> 300 && n > 2500 ? 97 : 1)
		run(_i, cut, n, false, "cut at");
}
END_TEST

/* One call, and nobody answers what it asks. */
static enum step
feed_once(struct scene *s, struct slice in)
{
	enum step step;
	size_t n = smtp_server_feed(s->server, in, s->now, &step);

	ck_assert_uint_le(n, in.n);
	return step;
}

/* --- what depends on whether bytes wait behind a line --- */

static void
expect(struct scene *s, const char *say_now, const char *hear, enum step want)
{
	struct buf heard;
	enum step step;

	buf_init(&heard, 65536);
	(void)scene_feed(s, slice_of(say_now), &step);
	summarise(buf_slice(&s->out), &heard);
	ck_assert_str_eq(buf_cstr(&heard), hear);
	ck_assert_int_eq(step, want);
	buf_reset(&s->out);
	buf_done(&heard);
}

START_TEST(input_behind_starttls_ends_the_session)
{
	struct scene s;

	scene_init(&s, SCENE_SUBMISSION);
	expect(&s, EHLO "STARTTLS\r\n" MAIL, "220,250,554 5.5.1", STEP_CLOSE);
	expect(&s, EHLO, "", STEP_CLOSE);
	scene_done(&s);
}
END_TEST

START_TEST(a_single_byte_behind_starttls_ends_the_session)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO "STARTTLS\r\n\n", "220,250,554 5.5.1", STEP_CLOSE);
	scene_done(&s);
}
END_TEST

START_TEST(after_starttls_all_is_forgotten)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO "STARTTLS\r\n", "220,250,220 2.0.0", STEP_TLS);
	ck_assert_uint_eq(smtp_server_feed(s.server, slice_of(MAIL), s.now,
			      &step),
	    0);
	ck_assert_int_eq(step, STEP_TLS);
	smtp_server_secured(s.server, "TLSv1.3 X", s.now);
	ck_assert_uint_eq(smtp_server_helo(s.server).n, 0);
	expect(&s, MAIL EHLO, "503 5.5.1,250", STEP_MORE);
	ck_assert_str_eq(smtp_server_tls(s.server), "TLSv1.3 X");
	scene_done(&s);
}
END_TEST

START_TEST(requiretls_is_taken_under_tls)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO "STARTTLS\r\n", "220,250,220 2.0.0", STEP_TLS);
	smtp_server_secured(s.server, "TLSv1.3 X", s.now);
	expect(&s, EHLO "MAIL FROM:<a@x.example> REQUIRETLS RET=FULL\r\n",
	    "250,250 2.1.0", STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(starttls_is_502_where_it_is_not_offered)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	s.terms.offers_tls = false;
	expect(&s, EHLO "STARTTLS\r\n", "220,250,502 5.5.1", STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(content_behind_a_refused_data_is_never_read_as_commands)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO MAIL "RCPT TO:<nobody@ours.example>\r\n" DATA,
	    "220,250,250 2.1.0,550 5.1.1,554 5.5.1", STEP_MORE);
	expect(&s, "DATA\r\n" MAIL, "554 5.5.1", STEP_CLOSE);
	scene_done(&s);
	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO "DATA\r\n", "220,250,503 5.5.1", STEP_MORE);
	expect(&s, "DATA\r\n" MAIL, "503 5.5.1", STEP_CLOSE);
	scene_done(&s);
	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO MAIL "DATA\r\n", "220,250,250 2.1.0,503 5.5.1",
	    STEP_MORE);
	scene_done(&s);
}
END_TEST

/* --- trouble of ours --- */

START_TEST(a_disk_that_is_full_is_452_and_other_trouble_451)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	s.rc_begin = -28; /* ENOSPC */
	expect(&s, SEND, "220,250,250 2.1.0,250 2.1.5,452 4.3.1", STEP_MORE);
	s.rc_begin = 0;
	s.rc_add = -5; /* EIO */
	expect(&s, MAIL RCPT DATA TEXT DOT, "250 2.1.0,250 2.1.5,354,451 4.3.0",
	    STEP_MORE);
	s.rc_add = 0;
	s.rc_commit = -28;
	expect(&s, MAIL RCPT DATA TEXT DOT, "250 2.1.0,250 2.1.5,354,452 4.3.1",
	    STEP_MORE);
	s.rc_commit = -1001;
	expect(&s, MAIL RCPT DATA TEXT DOT, "250 2.1.0,250 2.1.5,354,451 4.3.0",
	    STEP_MORE);
	s.rc_begin = -28;
	expect(&s, MAIL RCPT "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n",
	    "250 2.1.0,250 2.1.5,452 4.3.1,503 5.5.1", STEP_MORE);
	ck_assert_int_eq(s.acknowledged, 0);
	s.rc_begin = s.rc_commit = 0;
	expect(&s, MAIL RCPT DATA TEXT DOT, "250 2.1.0,250 2.1.5,354,250 2.0.0",
	    STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(a_message_in_limbo_is_deferred_with_a_warning)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	s.rc_commit = ERR_LIMBO;
	expect(&s, SEND TEXT DOT, "220,250,250 2.1.0,250 2.1.5,354,451 4.3.0",
	    STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(auth_is_454_over_the_limit_of_a_client)
{
	struct scene s;

	scene_init(&s, SCENE_SECURED);
	s.auth_refused = true;
	expect(&s, EHLO "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
	    "220,250,454 4.7.0", STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(nul_is_refused_in_commands_and_content)
{
	static const char content[] = SEND "A: b\r\n\r\n\0\r\n" DOT;
	static const char chunk[] = EHLO MAIL RCPT "BDAT 3 LAST\r\na\0b";
	struct scene s;
	enum step step;
	struct buf heard;

	buf_init(&heard, 1000);
	scene_init(&s, SCENE_RELAY);
	(void)scene_feed(&s, slice_from(content, sizeof(content) - 1), &step);
	(void)scene_feed(&s, slice_from(chunk, sizeof(chunk) - 1), &step);
	(void)scene_feed(&s, slice_from("NOOP\0\r\n", 7), &step);
	summarise(buf_slice(&s.out), &heard);
	ck_assert_str_eq(buf_cstr(&heard),
	    TO_DATA ",550 5.6.0,250,250 2.1.0,250 2.1.5,550 5.6.0,500 5.5.2");
	buf_done(&heard);
	scene_done(&s);
}
END_TEST

/* --- time --- */

START_TEST(who_speaks_before_the_greeting_is_refused)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_RELAY);
	s.terms.greet_pause_ms = 2000;
	buf_reset(&s.out);
	ck_assert_int_eq(smtp_server_start(s.server, s.now), STEP_MORE);
	ck_assert_uint_eq(s.out.n, 0);
	step = feed_once(&s, slice_of("E"));
	ck_assert_int_eq(step, STEP_CLOSE);
	ck_assert(slice_starts(buf_slice(&s.out), "554 5.5.1"));
	scene_done(&s);
}
END_TEST

START_TEST(who_waits_is_greeted_after_the_pause)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	s.terms.greet_pause_ms = 2000;
	buf_reset(&s.out);
	ck_assert_int_eq(smtp_server_start(s.server, s.now), STEP_MORE);
	ck_assert_int_eq(smtp_server_deadline(s.server), s.now + 2000);
	ck_assert_int_eq(smtp_server_expire(s.server, s.now + 1999), STEP_MORE);
	ck_assert_uint_eq(s.out.n, 0);
	s.now += 2000;
	ck_assert_int_eq(smtp_server_expire(s.server, s.now), STEP_MORE);
	expect(&s, EHLO, "220,250", STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(a_line_that_drips_is_cut_off_at_command_timeout)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_RELAY);
	for (size_t i = 1; i < 100; i++) {
		s.now += 2900;
		ck_assert_int_gt(smtp_server_deadline(s.server), s.now);
		step = feed_once(&s, slice_head(slice_of(L500), i));
		ck_assert_int_eq(step, STEP_MORE);
	}
	s.now = 1000 + 300000;
	buf_reset(&s.out);
	ck_assert_int_eq(smtp_server_expire(s.server, s.now), STEP_CLOSE);
	ck_assert(slice_starts(buf_slice(&s.out), "421 4.4.2"));
	scene_done(&s);
}
END_TEST

/* Feeds `size` octets of content each `every` ms; the time until the end. */
static int64_t
lifetime_of_data(size_t size, int64_t every)
{
	struct scene s;
	enum step step;
	int64_t began;

	scene_init(&s, SCENE_RELAY);
	(void)scene_feed(&s, slice_of(SEND), &step);
	began = s.now;
	while (s.now - began < 10 * 3600000) {
		int64_t next = s.now + every;

		if (smtp_server_deadline(s.server) <= next) {
			s.now = smtp_server_deadline(s.server);
			ck_assert_int_eq(smtp_server_expire(s.server, s.now),
			    STEP_CLOSE);
			break;
		}
		s.now = next;
		step = feed_once(&s, slice_head(slice_of(L500), size));
	}
	scene_done(&s);
	return s.now - began;
}

START_TEST(content_that_drips_is_cut_off_at_data_timeout)
{
	int64_t t = lifetime_of_data(1, 60000);

	ck_assert_int_ge(t, 600000);
	ck_assert_int_lt(t, 601000);
	ck_assert_int_eq(lifetime_of_data(500, 400000), 300000);
	ck_assert_int_lt(lifetime_of_data(500, 1000), 1300000);
	/* 1,250 octets a second may go on and on. */
	ck_assert_int_ge(lifetime_of_data(500, 400), 10 * 3600000);
}
END_TEST

START_TEST(an_authenticator_that_is_silent_is_454)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_SECURED);
	(void)scene_feed(&s, slice_of(EHLO), &step);
	buf_reset(&s.out);
	step = feed_once(&s, slice_of("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"));
	ck_assert_int_eq(step, STEP_WAIT);
	s.now = smtp_server_deadline(s.server);
	ck_assert_int_eq(smtp_server_expire(s.server, s.now), STEP_MORE);
	ck_assert_int_eq(s.cancelled, 1);
	expect(&s, "NOOP\r\n", "454 4.7.0,250 2.0.0", STEP_MORE);
	scene_done(&s);
}
END_TEST

START_TEST(a_wrong_password_is_told_late_and_ever_later)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_SECURED);
	(void)scene_feed(&s, slice_of(EHLO), &step);
	buf_reset(&s.out);
	for (int i = 1; i <= 2; i++) {
		step =
		    feed_once(&s, slice_of("AUTH PLAIN AGFsaWNlAHdyb25n\r\n"));
		ck_assert_int_eq(step, STEP_WAIT);
		s.asked = ASKED_NOTHING;
		ck_assert_int_eq(smtp_server_auth_done(s.server, AUTH_FAILED,
				     SLICE_NONE, SLICE_NONE, s.now),
		    STEP_WAIT);
		ck_assert_uint_eq(s.out.n, 0);
		ck_assert_int_eq(smtp_server_deadline(s.server),
		    s.now + i * 1000);
		s.now += i * 1000;
		ck_assert_int_eq(smtp_server_expire(s.server, s.now),
		    STEP_MORE);
		expect(&s, "", "535 5.7.8", STEP_MORE);
	}
	ck_assert_int_eq(s.failed, 2);
	scene_done(&s);
}
END_TEST

START_TEST(a_session_of_nothing_but_noop_comes_to_an_end)
{
	struct scene s;
	enum step step = STEP_MORE;
	int i;

	scene_init(&s, SCENE_RELAY);
	for (i = 0; i < 1000 && step == STEP_MORE; i++)
		(void)scene_feed(&s, slice_of("NOOP\r\nX\r\n"), &step);
	ck_assert_int_eq(step, STEP_CLOSE);
	scene_done(&s);
	scene_init(&s, SCENE_RELAY);
	for (i = 0; i < 1000 && step != STEP_CLOSE; i++)
		(void)scene_feed(&s, slice_of("NOOP\r\n"), &step);
	scene_done(&s);
}
END_TEST

START_TEST(reading_a_directory_of_names_is_cut_off)
{
	struct scene s;
	enum step step;
	int i;

	scene_init(&s, SCENE_RELAY);
	(void)scene_feed(&s, slice_of(EHLO MAIL), &step);
	for (i = 0; i < 1000 && step == STEP_MORE; i++)
		(void)scene_feed(&s,
		    slice_of("RCPT TO:<nobody@ours.example>\r\n"), &step);
	ck_assert_int_eq(step, STEP_CLOSE);
	ck_assert_int_eq(i, 51);
	scene_done(&s);
}
END_TEST

START_TEST(stopping_lets_a_transaction_end_and_nothing_else)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	expect(&s, EHLO MAIL, "220,250,250 2.1.0", STEP_MORE);
	ck_assert(!smtp_server_stop(s.server, s.now));
	expect(&s, RCPT DATA TEXT DOT, "250 2.1.5,354,250 2.0.0", STEP_MORE);
	ck_assert(smtp_server_stop(s.server, s.now));
	expect(&s, "NOOP\r\n", "421 4.3.2", STEP_CLOSE);
	scene_done(&s);
}
END_TEST

/* --- what is offered, what is written --- */

static bool
offers(struct scene *s, const char *line)
{
	enum step step;
	struct slice what = slice_of(line);

	buf_reset(&s->out);
	(void)scene_feed(s, slice_of(EHLO), &step);
	return slice_find_str(buf_slice(&s->out), what) < s->out.n;
}

START_TEST(each_service_offers_what_it_should)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	ck_assert(offers(&s, "250-STARTTLS\r\n"));
	ck_assert(offers(&s, "250-SIZE 4000\r\n"));
	ck_assert(offers(&s, "250-PIPELINING\r\n"));
	ck_assert(offers(&s, "250-8BITMIME\r\n"));
	ck_assert(offers(&s, "250-SMTPUTF8\r\n"));
	ck_assert(offers(&s, "250-CHUNKING\r\n"));
	ck_assert(offers(&s, "250-DSN\r\n"));
	ck_assert(offers(&s, "250-ENHANCEDSTATUSCODES\r\n"));
	ck_assert(offers(&s, "LIMITS RCPTMAX=3\r\n"));
	ck_assert(!offers(&s, "AUTH"));
	ck_assert(!offers(&s, "ETRN"));
	ck_assert(!offers(&s, "REQUIRETLS"));
	ck_assert(!offers(&s, "BINARYMIME"));
	ck_assert(!offers(&s, "FUTURERELEASE"));
	ck_assert(!offers(&s, "DELIVERBY"));
	ck_assert(!offers(&s, "MT-PRIORITY"));
	scene_done(&s);
	scene_init(&s, SCENE_SUBMISSION);
	ck_assert(offers(&s, "250-STARTTLS\r\n"));
	ck_assert(!offers(&s, "AUTH"));
	scene_done(&s);
	scene_init(&s, SCENE_RELAY_TLS);
	ck_assert(!offers(&s, "STARTTLS"));
	ck_assert(!offers(&s, "AUTH"));
	scene_done(&s);
	scene_init(&s, SCENE_SECURED);
	ck_assert(offers(&s, "250-REQUIRETLS\r\n"));
	ck_assert(
	    offers(&s, "250-FUTURERELEASE 86400 2026-11-25T03:00:00Z\r\n"));
	ck_assert(offers(&s, "250-DELIVERBY 60\r\n"));
	ck_assert(offers(&s, "250-MT-PRIORITY\r\n"));
	s.limits.future_release_ms = 0;
	s.limits.deliver_by_ms = 0;
	ck_assert(!offers(&s, "FUTURERELEASE"));
	ck_assert(offers(&s, "250-DELIVERBY\r\n"));
	ck_assert(offers(&s, "250-AUTH PLAIN LOGIN PROOF AWAY PROOF-PLUS\r\n"));
	smtp_server_secured(s.server, "TLSv1.2 X", s.now);
	ck_assert(offers(&s, "250-AUTH PLAIN LOGIN PROOF AWAY\r\n"));
	scene_done(&s);
	scene_init(&s, SCENE_TRUSTED);
	ck_assert(offers(&s, "250-ETRN\r\n"));
	scene_done(&s);
}
END_TEST

START_TEST(without_helo_required_mail_may_come_first)
{
	struct scene s;

	scene_init(&s, SCENE_RELAY);
	s.terms.requires_helo = false;
	expect(&s, MAIL RCPT DATA TEXT DOT,
	    "220,250 2.1.0,250 2.1.5,354,250 2.0.0", STEP_MORE);
	scene_done(&s);
}
END_TEST

static bool
prefix_has(struct scene *s, const char *text)
{
	return slice_find_str(buf_slice(&s->prefix), slice_of(text)) <
	    s->prefix.n;
}

START_TEST(received_says_how_the_message_came)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_RELAY);
	(void)scene_feed(&s, slice_of(SEND TEXT DOT), &step);
	ck_assert(
	    slice_starts(buf_slice(&s.prefix), "Received: from c.example"));
	ck_assert(prefix_has(&s, "[192.0.2.7]"));
	ck_assert(prefix_has(&s, "by mx.ours.example"));
	ck_assert(prefix_has(&s, "with ESMTP id"));
	ck_assert(prefix_has(&s, "for <b@ours.example>"));
	ck_assert(!prefix_has(&s, "Date:"));
	(void)scene_feed(&s,
	    slice_of("HELO c\r\n" MAIL RCPT
		     "RCPT TO:<c@ours.example>\r\n" DATA TEXT DOT),
	    &step);
	ck_assert(prefix_has(&s, "with SMTP id"));
	ck_assert(!prefix_has(&s, "for <"));
	scene_done(&s);
	scene_init(&s, SCENE_USER);
	(void)scene_feed(&s, slice_of(MINE RCPT DATA TEXT DOT), &step);
	ck_assert(prefix_has(&s, "with ESMTPSA id"));
	ck_assert(prefix_has(&s, "TLSv1.3"));
	ck_assert(prefix_has(&s, "TLS_AES_256_GCM_SHA384"));
	scene_done(&s);
}
END_TEST

START_TEST(what_was_promised_stands_in_the_envelope)
{
	struct arena *arena = arena_new(65536);
	struct envelope e;
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_USER);
	(void)scene_feed(&s,
	    slice_of("MAIL FROM:<alice@x.example> HOLDFOR=60 BY=-5;NT "
		     "MT-PRIORITY=-4\r\n" RCPT DATA TEXT DOT),
	    &step);
	ck_assert_int_eq(envelope_decode(buf_slice(&s.envelope), arena, &e), 0);
	ck_assert_int_eq(e.release_ms, scene_wall_ms(&s) + 60000);
	ck_assert_int_eq(e.by, BY_NOTIFY);
	ck_assert_int_eq(e.by_ms, scene_wall_ms(&s) - 5000);
	ck_assert(e.by_trace && e.by_told);
	ck_assert_int_eq(e.priority, -4);
	ck_assert(prefix_has(&s, "for <b@ours.example> PRIORITY -4;"));
	/* The next message asks for nothing, and gets nothing. */
	(void)scene_feed(&s, slice_of(MINE RCPT DATA TEXT DOT), &step);
	arena_reset(arena);
	ck_assert_int_eq(envelope_decode(buf_slice(&s.envelope), arena, &e), 0);
	ck_assert_int_eq(e.release_ms, 0);
	ck_assert_int_eq(e.by, BY_NONE);
	ck_assert_int_eq(e.priority, 0);
	ck_assert(!prefix_has(&s, "PRIORITY"));
	scene_done(&s);
	arena_free(&arena);
}
END_TEST

START_TEST(submission_adds_date_and_message_id_where_they_are_missing)
{
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_USER);
	(void)scene_feed(&s, slice_of(MINE RCPT DATA TEXT DOT), &step);
	ck_assert(prefix_has(&s, "\r\nDate: "));
	ck_assert(prefix_has(&s, "\r\nMessage-ID: <"));
	(void)scene_feed(&s,
	    slice_of(MINE RCPT DATA "DATE: x\r\nmessage-id:y\r\n\r\n" DOT),
	    &step);
	ck_assert(!prefix_has(&s, "Date: "));
	ck_assert(!prefix_has(&s, "Message-ID"));
	(void)scene_feed(&s,
	    slice_of(MINE RCPT DATA "A: b\r\n\r\nDate: x\r\n" DOT), &step);
	ck_assert(prefix_has(&s, "\r\nDate: "));
	ck_assert_int_eq(s.acknowledged, 3);
	scene_done(&s);
}
END_TEST

START_TEST(what_was_found_stands_around_received)
{
	struct arena *arena = arena_new(65536);
	struct envelope e;
	struct scene s;
	enum step step;

	for (int slow = 0; slow < 2; slow++) {
		scene_init(&s, SCENE_USER);
		s.slow = slow == 1;
		s.findings =
		    (struct smtp_findings){ .above = SLICE("Above: a\r\n"),
			    .below = SLICE("Below: b\r\n"),
			    .verdicts = SLICE("spf=pass"),
			    .hold = true };
		(void)scene_feed(&s, slice_of(MINE RCPT DATA TEXT DOT), &step);
		ck_assert_int_eq(s.acknowledged, 1);
		ck_assert(slice_starts(buf_slice(&s.prefix),
		    "Above: a\r\nReceived: "));
		ck_assert(prefix_has(&s, "\r\nBelow: b\r\nDate: "));
		arena_reset(arena);
		ck_assert_int_eq(envelope_decode(buf_slice(&s.envelope), arena,
				     &e),
		    0);
		ck_assert(slice_is(e.verdicts, "spf=pass"));
		ck_assert(e.hold);
		/* The inspection saw Date and Message-ID of ours, and all. */
		ck_assert(slice_starts(buf_slice(&s.seen), "Date: "));
		ck_assert(slice_ends_nocase(buf_slice(&s.seen), TEXT));
		scene_done(&s);
	}
	arena_free(&arena);
}
END_TEST

START_TEST(a_message_may_be_refused_for_what_was_found)
{
	struct scene s;

	for (int slow = 0; slow < 2; slow++) {
		scene_init(&s, SCENE_RELAY);
		s.slow = slow == 1;
		s.findings.refusal = SLICE("550 5.7.1 Not from you");
		expect(&s, SEND TEXT DOT MAIL, TO_DATA ",550 5.7.1,250 2.1.0",
		    STEP_MORE);
		ck_assert_int_eq(s.committed, 0);
		ck_assert_int_eq(s.rejected, 1);
		scene_done(&s);
	}
}
END_TEST

/* clang-format off */
#define FORGED "Authentication-Results: mx.ours.example; spf=pass\r\n"
#define OTHERS "Authentication-Results: mx.else.example; spf=pass\r\n"
#define TAIL "Subject: t\r\n\r\nhello\r\n"
static const struct {
	enum scene_kind kind;
	const char *say;
	const char *kept;
} results[] = {
	{ SCENE_RELAY,	 FORGED TAIL,		TAIL },
	{ SCENE_RELAY,	 OTHERS FORGED TAIL,	OTHERS TAIL },
	{ SCENE_RELAY,	 "A: b\r\n" FORGED OTHERS FORGED TAIL, "A: b\r\n" OTHERS TAIL },
	{ SCENE_RELAY,	 "authentication-results:\r\n (c)\r\n MX.ours.EXAMPLE 1;none\r\n" TAIL, TAIL },
	{ SCENE_RELAY,	 TAIL,			TAIL },
	{ SCENE_RELAY,	 "\r\n" FORGED,		"\r\n" FORGED },
	{ SCENE_RELAY,	 FORGED "\r\n",		"\r\n" },
	{ SCENE_TRUSTED, FORGED TAIL,		FORGED TAIL },
	{ SCENE_USER,	 FORGED TAIL,		TAIL },
};
/* clang-format on */

START_TEST(results_in_our_name_are_taken_out)
{
	struct scene s;
	enum step step;
	char say[1024];

	scene_init(&s, results[_i].kind);
	(void)snprintf(say, sizeof(say), "%s%s%s",
	    results[_i].kind == SCENE_USER ? MINE RCPT DATA : SEND,
	    results[_i].say, DOT);
	(void)scene_feed(&s, slice_of(say), &step);
	ck_assert_int_eq(s.acknowledged, 1);
	ck_assert_msg(slice_is(buf_slice(&s.mail), results[_i].kept), "%.*s",
	    SLICE_ARGS(buf_slice(&s.mail)));
	scene_done(&s);
}
END_TEST

START_TEST(the_envelope_holds_what_was_said)
{
	struct arena *arena = arena_new(65536);
	struct envelope e;
	struct scene s;
	enum step step;

	scene_init(&s, SCENE_RELAY_TLS);
	(void)scene_feed(&s,
	    slice_of(
		EHLO "MAIL FROM:<\"a b\"@x.example> SIZE=100 RET=HDRS ENVID=Q1 "
		     "BODY=8BITMIME SMTPUTF8\r\n"
		     "RCPT TO:<b@ours.example> NOTIFY=SUCCESS,FAILURE "
		     "ORCPT=rfc822;z@ours.example\r\n"
		     "RCPT TO:<b@ours.example>\r\n"
		     "RCPT TO:<postmaster>\r\n" DATA TEXT DOT),
	    &step);
	ck_assert_int_eq(s.acknowledged, 1);
	ck_assert_int_eq(envelope_decode(buf_slice(&s.envelope), arena, &e), 0);
	ck_assert_uint_eq(e.id, 1);
	ck_assert_uint_eq(e.size, s.prefix.n + strlen(TEXT));
	ck_assert(slice_is(e.sender, "\"a b\"@x.example"));
	ck_assert(slice_is(e.envid, "Q1"));
	ck_assert_int_eq(e.ret, RET_HDRS);
	ck_assert_int_eq(e.body, BODY_8BITMIME);
	ck_assert(e.smtputf8);
	ck_assert(slice_is(e.service, "relay"));
	ck_assert(slice_is(e.helo, "c.example"));
	ck_assert(slice_is(e.client, "192.0.2.7"));
	ck_assert(slice_is(e.tls, "TLSv1.3 TLS_AES_256_GCM_SHA384"));
	ck_assert_uint_eq(e.recipient_count, 2);
	ck_assert(slice_is(e.recipients[0].address, "b@ours.example"));
	ck_assert(slice_is(e.recipients[0].orcpt, "rfc822;z@ours.example"));
	ck_assert_uint_eq(e.recipients[0].notify,
	    NOTIFY_SUCCESS | NOTIFY_FAILURE);
	ck_assert(slice_is(e.recipients[1].address, "postmaster"));
	arena_free(&arena);
	scene_done(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smtp_server");
	TCase *tc = tcase_create("smtp_server");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_dialogue_goes_as_written, 0, DIALOGUES);
	tcase_add_loop_test(tc, a_dialogue_is_the_same_byte_by_byte, 0,
	    DIALOGUES);
	tcase_add_loop_test(tc,
	    a_dialogue_is_the_same_when_checks_take_their_time, 0, DIALOGUES);
	tcase_add_loop_test(tc, a_dialogue_is_the_same_cut_anywhere, 0,
	    DIALOGUES);
	tcase_add_test(tc, input_behind_starttls_ends_the_session);
	tcase_add_test(tc, a_single_byte_behind_starttls_ends_the_session);
	tcase_add_test(tc, after_starttls_all_is_forgotten);
	tcase_add_test(tc, requiretls_is_taken_under_tls);
	tcase_add_test(tc, starttls_is_502_where_it_is_not_offered);
	tcase_add_test(tc,
	    content_behind_a_refused_data_is_never_read_as_commands);
	tcase_add_test(tc, a_disk_that_is_full_is_452_and_other_trouble_451);
	tcase_add_test(tc, a_message_in_limbo_is_deferred_with_a_warning);
	tcase_add_test(tc, auth_is_454_over_the_limit_of_a_client);
	tcase_add_test(tc, nul_is_refused_in_commands_and_content);
	tcase_add_test(tc, who_speaks_before_the_greeting_is_refused);
	tcase_add_test(tc, who_waits_is_greeted_after_the_pause);
	tcase_add_test(tc, a_line_that_drips_is_cut_off_at_command_timeout);
	tcase_add_test(tc, content_that_drips_is_cut_off_at_data_timeout);
	tcase_add_test(tc, an_authenticator_that_is_silent_is_454);
	tcase_add_test(tc, a_wrong_password_is_told_late_and_ever_later);
	tcase_add_test(tc, a_session_of_nothing_but_noop_comes_to_an_end);
	tcase_add_test(tc, reading_a_directory_of_names_is_cut_off);
	tcase_add_test(tc, stopping_lets_a_transaction_end_and_nothing_else);
	tcase_add_test(tc, each_service_offers_what_it_should);
	tcase_add_test(tc, without_helo_required_mail_may_come_first);
	tcase_add_test(tc, received_says_how_the_message_came);
	tcase_add_test(tc, what_was_promised_stands_in_the_envelope);
	tcase_add_test(tc,
	    submission_adds_date_and_message_id_where_they_are_missing);
	tcase_add_test(tc, the_envelope_holds_what_was_said);
	tcase_add_test(tc, what_was_found_stands_around_received);
	tcase_add_test(tc, a_message_may_be_refused_for_what_was_found);
	tcase_add_loop_test(tc, results_in_our_name_are_taken_out, 0,
	    (int)(sizeof(results) / sizeof(results[0])));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
