/*
 * unit/check_smtp_client.c - dialogues with servers, good and bad: what the
 * client says, and what becomes of each recipient.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/time.h"
#include "deliver/smtp_client.h"

enum {
	LMTP = 1,
	TLS_OFFERED = 2,
	TLS_NEEDED = 4,
	LOGIN = 8,
	MIME8 = 16,
	UTF8_HEADER = 32,
	BINARY = 64,
	DSN = 128,
	AGAIN = 256,
	IMPLICIT = 512,
	REQUIRE_TLS = 1024,
	BY_R = 1 << 20,
	BY_N = 1 << 21,
	LARGE = 2048
};

/*
 * A dialogue: "< " is said by the server, "> " has to be said by the client,
 * "= " has to be its content on the wire, up to there. "! closed" and
 * "! timeout" end the connection. The recipients are given one a space.
 */
struct play {
	const char *title;
	unsigned how;
	const char *recipients;
	const char *lines;
	const char *fates; /* "250 delivered" each, one a comma */
	int trouble;       /* of the failure; -1: no failure */
};

#define HELLO "< 220 mx ready\n> EHLO me\n"
#define GREETED HELLO "< 250 mx\n"
#define PIPE HELLO "< 250-mx\n< 250 PIPELINING\n"
#define CHUNK HELLO "< 250-mx\n< 250-PIPELINING\n< 250 CHUNKING\n"
#define BODY "= a\\r\\n..b\\r\\n.\\r\\n\n"
#define RAW "= a\\r\\n.b\\r\\n\n"

/* clang-format off */
static const struct play plays[] = {
	{ "a plain server gets one command at a time", 0, "b@y",
	  GREETED
	  "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 250 ok\n> DATA\n"
	  "< 354 go\n" BODY "< 250 2.0.0 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "extensions are used as offered", MIME8 | DSN, "b@y",
	  HELLO "< 250-mx\n< 250-SIZE 1000\n< 250-8BITMIME\n< 250 DSN\n"
	  "> MAIL FROM:<a@x> SIZE=7 BODY=8BITMIME RET=HDRS ENVID=e1\n< 250 ok\n"
	  "> RCPT TO:<b@y> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y\n< 250 ok\n"
	  "> DATA\n< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 passed 2.0.0", -1 },
	{ "a server without 8BITMIME gets the message as it is", MIME8, "b@y",
	  GREETED
	  "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 250 ok\n> DATA\n"
	  "< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "who knows no EHLO is greeted with HELO", 0, "b@y",
	  "< 220 old\n> EHLO me\n< 502 what\n> HELO me\n< 250 hi\n"
	  "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 250 ok\n> DATA\n"
	  "< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "pipelined commands go out at once", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 550-5.1.1 no\n< 550 5.1.1 such user\n< 354 go\n"
	  BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0,550 failed 5.1.1", -1 },
	{ "DATA without recipients is an empty message that counts for nobody", 0,
	  "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 450 4.7.1 later\n< 354 go\n> .\n< 250 kept\n> QUIT\n",
	  "450 deferred 4.7.1", -1 },
	{ "DATA without recipients is refused", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 550 no\n< 503 no recipients\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "a refused sender refuses all, whatever is said to RCPT", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 550 5.7.1 not you\n< 503 first MAIL\n< 250 sure\n< 503 no\n> QUIT\n",
	  "550 failed 5.7.1,550 failed 5.7.1", -1 },
	{ "a sender refused without pipelining ends it there", 0, "b@y",
	  GREETED "> MAIL FROM:<a@x>\n< 451 4.3.0 later\n> QUIT\n",
	  "451 deferred 4.3.0", -1 },
	{ "chunks go in the same flight", 0, "b@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> BDAT 7 LAST\n" RAW
	  "< 250 ok\n< 250 ok\n< 250 7 octets\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "chunks that nobody takes are answered and forgotten", AGAIN, "b@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> BDAT 7 LAST\n" RAW
	  "< 250 ok\n< 550 5.1.1 no\n< 554 no valid recipients\n"
	  "> RSET\n> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> BDAT 7 LAST\n" RAW
	  "< 250 ok\n< 250 ok\n< 250 ok\n< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "a large message waits for its recipients", LARGE, "b@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n< 250 ok\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "a second message goes over the same connection", AGAIN, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 one\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 two\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "behind refused recipients RSET comes first", AGAIN, "b@y",
	  GREETED "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 550 no\n"
	  "> RSET\n< 250 ok\n> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n"
	  "< 250 ok\n> DATA\n< 354 go\n" BODY "< 250 two\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "too many recipients: the rest goes next", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 452 4.5.3 enough\n< 354 go\n" BODY "< 250 kept\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 too\n> QUIT\n",
	  "250 relayed 2.0.0,250 relayed 2.0.0", -1 },
	{ "a full mailbox is not too many", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 452 4.2.2 full\n< 354 go\n" BODY
	  "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0,452 deferred 4.2.2", -1 },
	{ "deadline and priority go on where they are kept", BY_R, "b@y",
	  HELLO "< 250-mx\n< 250-DELIVERBY 60\n< 250-DSN\n< 250 MT-PRIORITY\n"
	  "> MAIL FROM:<a@x> BY=120;R MT-PRIORITY=4\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> DATA\n< 354 go\n" BODY
	  "< 250 kept\n> QUIT\n",
	  "250 passed 2.0.0", -1 },
	{ "a server that is too slow gets no mail to be returned", BY_R, "b@y",
	  HELLO "< 250-mx\n< 250 DELIVERBY 121\n> QUIT\n",
	  "554 failed 5.4.7", -1 },
	{ "nor does one that keeps no deadline", BY_R, "b@y",
	  HELLO "< 250-mx\n< 250 DSN\n> QUIT\n", "554 failed 5.4.7", -1 },
	{ "mail to be told of is relayed to that, not passed on", BY_N, "b@y",
	  HELLO "< 250-mx\n< 250 DSN\n> MAIL FROM:<a@x>\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> DATA\n< 354 go\n" BODY
	  "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "LIMITS RCPTMAX splits the message", 0, "b@y c@y",
	  HELLO "< 250-mx\n< 250-PIPELINING\n< 250 LIMITS RCPTMAX=1\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 kept\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 too\n> QUIT\n",
	  "250 relayed 2.0.0,250 relayed 2.0.0", -1 },
	{ "LIMITS MAILMAX ends the session", 0, "b@y",
	  HELLO "< 250-mx\n< 250-PIPELINING\n< 250 LIMITS MAILMAX=1\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "DATA refused settles those accepted", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 550 no\n< 451 4.3.2 later\n> QUIT\n",
	  "451 deferred 4.3.2,550 failed 5.0.0", -1 },
	{ "the message refused settles those accepted", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 554 5.6.0 spam\n"
	  "> QUIT\n",
	  "554 failed 5.6.0,554 failed 5.6.0", -1 },
	{ "DATA answered with 250 is no delivery", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 250 what\n",
	  "none", TROUBLE_CONNECTION },

	/* STARTTLS. */
	{ "STARTTLS is taken when offered, and EHLO said again", TLS_OFFERED,
	  "b@y",
	  HELLO "< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n> EHLO me\n"
	  "< 250-mx\n< 250 SIZE 10\n> MAIL FROM:<a@x> SIZE=7\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> DATA\n< 354 go\n" BODY "< 250 k\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "what was offered in plain text is forgotten", TLS_OFFERED, "b@y",
	  HELLO "< 250-mx\n< 250-SIZE 1\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n"
	  "> EHLO me\n< 250 mx\n> MAIL FROM:<a@x>\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> DATA\n< 354 go\n" BODY "< 250 k\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "opportunistic TLS that is not available is done without", TLS_OFFERED,
	  "b@y",
	  HELLO "< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 454 not now\n"
	  "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 250 ok\n> DATA\n"
	  "< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0", -1 },
	{ "TLS that is needed and not offered sends nothing", TLS_NEEDED, "b@y",
	  GREETED, "none", TROUBLE_SITE },
	{ "TLS that is needed and refused sends nothing", TLS_NEEDED, "b@y",
	  HELLO "< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 454 not now\n",
	  "none", TROUBLE_SITE },
	{ "TLS is not tried where it is not wanted", 0, "b@y",
	  HELLO "< 250-mx\n< 250 STARTTLS\n> MAIL FROM:<a@x>\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "with implicit TLS the banner is read under TLS", IMPLICIT, "b@y",
	  HELLO "< 250-mx\n< 250 STARTTLS\n> MAIL FROM:<a@x>\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },

	/* AUTH. */
	{ "PLAIN in one step", LOGIN | IMPLICIT, "b@y",
	  HELLO "< 250-mx\n< 250 AUTH LOGIN PLAIN\n"
	  "> AUTH PLAIN AHVzZXIAcGFzcw==\n< 235 ok\n"
	  "> MAIL FROM:<a@x>\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "LOGIN in three", LOGIN | IMPLICIT, "b@y",
	  HELLO "< 250-mx\n< 250 AUTH LOGIN\n> AUTH LOGIN\n"
	  "< 334 VXNlcm5hbWU6\n> dXNlcg==\n< 334 UGFzc3dvcmQ6\n> cGFzcw==\n"
	  "< 235 ok\n> MAIL FROM:<a@x>\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "a wrong password puts off", LOGIN | IMPLICIT, "b@y",
	  HELLO "< 250-mx\n< 250 AUTH PLAIN\n> AUTH PLAIN AHVzZXIAcGFzcw==\n"
	  "< 535 5.7.8 wrong\n",
	  "none", TROUBLE_SITE },
	{ "no password goes out without TLS", LOGIN, "b@y",
	  HELLO "< 250-mx\n< 250 AUTH PLAIN\n", "none", TROUBLE_SITE },
	{ "no AUTH offered is trouble", LOGIN | IMPLICIT, "b@y",
	  GREETED, "none", TROUBLE_SITE },

	/* What a message needs. */
	{ "too large a message is not tried", 0, "b@y",
	  HELLO "< 250-mx\n< 250 SIZE 6\n> QUIT\n", "552 failed 5.3.4", -1 },
	{ "UTF-8 in the header needs SMTPUTF8", UTF8_HEADER, "b@y",
	  GREETED "> QUIT\n", "550 failed 5.6.7", -1 },
	{ "UTF-8 in an address needs SMTPUTF8, for that one", 0,
	  "b@y \xc3\xbc@y",
	  GREETED "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<b@y>\n< 250 ok\n"
	  "> DATA\n< 354 go\n" BODY "< 250 kept\n> QUIT\n",
	  "250 relayed 2.0.0,553 failed 5.6.7", -1 },
	{ "UTF-8 is announced where it is taken", 0, "\xc3\xbc@y",
	  HELLO "< 250-mx\n< 250 SMTPUTF8\n> MAIL FROM:<a@x> SMTPUTF8\n"
	  "< 250 ok\n> RCPT TO:<\xc3\xbc@y>\n< 550 no\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
	{ "a binary message needs BINARYMIME", BINARY, "b@y",
	  CHUNK "> QUIT\n", "554 failed 5.6.3", -1 },
	{ "REQUIRETLS needs TLS that is verified, and the word for it",
	  REQUIRE_TLS | TLS_OFFERED, "b@y",
	  HELLO "< 250-mx\n< 250 REQUIRETLS\n> QUIT\n",
	  "550 failed 5.7.30", -1 },
	{ "a line break in an address goes nowhere", 0, "b@y\rRSET c@y",
	  GREETED "> MAIL FROM:<a@x>\n< 250 ok\n> RCPT TO:<c@y>\n< 550 no\n"
	  "> QUIT\n",
	  "501 failed 5.1.3,550 failed 5.0.0", -1 },

	/* LMTP. */
	{ "LMTP answers for each recipient", LMTP, "b@y c@y d@y",
	  "< 220 lmtp\n> LHLO me\n< 250-mx\n< 250-CHUNKING\n< 250-DSN\n"
	  "< 250 PIPELINING\n"
	  "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> RCPT TO:<d@y>\n"
	  "> DATA\n< 250 ok\n< 250 ok\n< 550 5.1.1 no\n< 250 ok\n< 354 go\n" BODY
	  "< 250 2.1.5 b kept\n< 452 4.2.2 d is full\n> QUIT\n",
	  "250 delivered 2.1.5,550 failed 5.1.1,452 deferred 4.2.2", -1 },
	{ "LMTP knows no HELO", LMTP, "b@y",
	  "< 220 lmtp\n> LHLO me\n< 500 what\n", "none", TROUBLE_SITE },
	{ "LMTP that breaks off leaves the others undecided", LMTP, "b@y c@y",
	  "< 220 lmtp\n> LHLO me\n< 250 mx\n> MAIL FROM:<a@x>\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> RCPT TO:<c@y>\n< 250 ok\n> DATA\n< 354 go\n"
	  BODY "< 250 2.0.0 b kept\n! closed\n",
	  "250 delivered 2.0.0,451 deferred 4.4.2", TROUBLE_CONNECTION },

	/* Servers that break off. */
	{ "421 as greeting", 0, "b@y", "< 421 4.3.2 busy\n", "none",
	  TROUBLE_BUSY },
	{ "554 as greeting is no verdict on anyone", 0, "b@y",
	  "< 554 go away\n", "none", TROUBLE_SITE },
	{ "421 to EHLO", 0, "b@y", HELLO "< 421 busy\n", "none", TROUBLE_BUSY },
	{ "421 in the middle", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 550 5.1.1 no\n< 421 4.7.0 bye\n",
	  "550 failed 5.1.1,none", TROUBLE_BUSY },
	{ "421 to the message is its answer", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 421 4.3.2 later\n",
	  "421 deferred 4.3.2", TROUBLE_BUSY },
	{ "lost before the message: free to be tried elsewhere", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n! closed\n",
	  "none", TROUBLE_CONNECTION },
	{ "lost behind the message: nobody knows, later", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "! timeout\n",
	  "451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "garbage behind the message: nobody knows, later", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< what was that\n",
	  "451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "lines that disagree on the message: nobody knows, later", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 250-kept\n< 550 no\n",
	  "451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "a yes that breaks off is a yes", 0, "b@y c@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 250 ok\n< 354 go\n" BODY
	  "< 250-2.0.0 kept\n! timeout\n",
	  "250 relayed 2.0.0,250 relayed 2.0.0", TROUBLE_CONNECTION },
	{ "a no that breaks off is for later", 0, "b@y",
	  PIPE "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> DATA\n"
	  "< 250 ok\n< 250 ok\n< 354 go\n" BODY "< 550-5.7.1 no\n! closed\n",
	  "451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "in LMTP a yes that breaks off is for one", LMTP, "b@y c@y",
	  "< 220 lmtp\n> LHLO me\n< 250 mx\n> MAIL FROM:<a@x>\n< 250 ok\n"
	  "> RCPT TO:<b@y>\n< 250 ok\n> RCPT TO:<c@y>\n< 250 ok\n> DATA\n< 354 go\n"
	  BODY "< 250-2.0.0 b kept\n! closed\n",
	  "250 delivered 2.0.0,451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "lost with the message in flight: nobody knows, later", 0, "b@y c@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> RCPT TO:<c@y>\n"
	  "> BDAT 7 LAST\n" RAW "< 250 ok\n< 550 5.1.1 no\n! closed\n",
	  "550 failed 5.1.1,451 deferred 4.4.2", TROUBLE_CONNECTION },
	{ "421 with the message in flight: free to be tried elsewhere", 0, "b@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n> BDAT 7 LAST\n" RAW
	  "< 250 ok\n< 421 4.3.2 bye\n",
	  "none", TROUBLE_BUSY },
	{ "lost before a large message: free to be tried elsewhere", LARGE, "b@y",
	  CHUNK "> MAIL FROM:<a@x>\n> RCPT TO:<b@y>\n< 250 ok\n! closed\n",
	  "none", TROUBLE_CONNECTION },
	{ "no greeting in time", 0, "b@y", "! timeout\n", "none",
	  TROUBLE_CONNECTION },
	{ "garbage", 0, "b@y", HELLO "< HTTP/1.1 400 Bad Request\n", "none",
	  TROUBLE_CONNECTION },
	{ "lines that disagree", 0, "b@y", HELLO "< 250-mx\n< 550 no\n", "none",
	  TROUBLE_CONNECTION },
	{ "a code alone is a reply", 0, "b@y",
	  "< 220\n> EHLO me\n< 250\n> MAIL FROM:<a@x>\n< 550\n> QUIT\n",
	  "550 failed 5.0.0", -1 },
};
/* clang-format on */

/* What the client has said, and what it is given. */
struct stage {
	const struct play *play;
	struct smtp_client *client;
	struct login_library *library;
	struct envelope envelope;
	struct recipient recipients[8];
	struct fate fates[8];
	struct arena *arena;
	struct buf said;    /* by the client, not yet compared */
	struct buf heard;   /* by the client, not yet eaten */
	struct buf content; /* on the wire, not yet compared */
	struct slice body;
	uint64_t size;
	uint64_t given;
	int sent;
	bool over;
};

static void
on_wire(struct slice piece, void *arg)
{
	buf_add(arg, piece);
}

static void act(struct stage *, enum step);

static void
send_message(struct stage *s)
{
	struct smtp_message message = { .envelope = &s->envelope,
		.fates = s->fates,
		.arena = s->arena,
		.size = s->size,
		.utf8_header = (s->play->how & UTF8_HEADER) != 0 };

	s->given = 0;
	s->sent++;
	act(s, smtp_client_send(s->client, &message));
}

static bool
is_settled(const struct stage *s)
{
	for (size_t i = 0; i < s->envelope.recipient_count; i++)
		if (s->fates[i].kind == FATE_NONE)
			return false;
	return true;
}

static void
take_output(struct stage *s)
{
	struct buf *out = smtp_client_output(s->client);
	uint64_t left;

	buf_add(&s->said, buf_slice(out));
	buf_reset(out);
	while (smtp_client_wants_content(s->client, &left)) {
		size_t n = left < 3 ? (size_t)left : 3;

		ck_assert_uint_eq(left, s->size - s->given);
		smtp_client_content(s->client,
		    slice_head(slice_skip(s->body, s->given), n), on_wire,
		    &s->content);
		s->given += n;
	}
}

static void
act(struct stage *s, enum step step)
{
	take_output(s);
	if (step == STEP_TLS)
		act(s, smtp_client_secured(s->client, false));
	else if (step == STEP_CLOSE)
		s->over = true;
	else if (step == STEP_WAIT && s->sent == 0)
		send_message(s);
	else if (step == STEP_WAIT && (s->play->how & AGAIN) && s->sent == 1) {
		memset(s->fates, 0, sizeof(s->fates));
		send_message(s);
	} else if (step == STEP_WAIT && !is_settled(s))
		send_message(s);
	else if (step == STEP_WAIT)
		act(s, smtp_client_quit(s->client));
}

static void
hear(struct stage *s, struct slice bytes)
{
	size_t eaten;

	buf_add(&s->heard, bytes);
	do {
		enum step step;

		step =
		    smtp_client_feed(s->client, buf_slice(&s->heard), &eaten);
		buf_drop(&s->heard, eaten);
		act(s, step);
	} while (eaten > 0 && s->heard.n > 0 && !s->over);
}

static void
stage_init(struct stage *s, const struct play *play)
{
	struct smtp_client_options options = { .helo = "me" };
	struct slice names = slice_of(play->recipients);

	memset(s, 0, sizeof(*s));
	s->play = play;
	s->arena = arena_new(65536);
	buf_init(&s->said, 65536);
	buf_init(&s->heard, 65536);
	buf_init(&s->content, 65536);
	s->body = slice_of("a\r\n.b\r\n");
	s->size = (play->how & LARGE) ? 1 << 20 : s->body.n;
	options.lmtp = (play->how & LMTP) != 0;
	options.tls = (play->how & TLS_NEEDED) ? CLIENT_TLS_REQUIRED
	    : (play->how & TLS_OFFERED)        ? CLIENT_TLS_OFFERED
					       : CLIENT_TLS_NEVER;
	if (play->how & LOGIN) {
		options.user = "user";
		options.password = "pass";
		options.library = s->library = login_library_new();
	}
	s->client = smtp_client_new(&options);
	if (play->how & IMPLICIT)
		ck_assert_int_eq(smtp_client_secured(s->client, true),
		    STEP_MORE);
	s->envelope.sender = slice_of("a@x");
	s->envelope.recipients = s->recipients;
	s->envelope.body = (play->how & BINARY) ? BODY_BINARYMIME
	    : (play->how & MIME8)               ? BODY_8BITMIME
						: BODY_7BIT;
	s->envelope.require_tls = (play->how & REQUIRE_TLS) != 0;
	if (play->how & (BY_R | BY_N)) {
		s->envelope.by =
		    (play->how & BY_R) != 0 ? BY_RETURN : BY_NOTIFY;
		s->envelope.by_ms = 120 * SECOND; /* it is 0 now */
		s->envelope.priority = 4;
	}
	if (play->how & DSN) {
		s->envelope.ret = RET_HDRS;
		s->envelope.envid = slice_of("e1");
		s->recipients[0].notify = NOTIFY_SUCCESS | NOTIFY_FAILURE;
		s->recipients[0].orcpt = slice_of("rfc822;b@y");
	}
	while (names.n > 0)
		s->recipients[s->envelope.recipient_count++].address =
		    slice_take_until(&names, ' ');
}

static void
stage_done(struct stage *s)
{
	smtp_client_free(&s->client);
	login_library_free(&s->library);
	arena_free(&s->arena);
	buf_done(&s->said);
	buf_done(&s->heard);
	buf_done(&s->content);
}

/* "\r" and "\n" as two characters, as the plays write them. */
static void
escape(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\r')
			buf_add_cstr(out, "\\r");
		else if (in.p[i] == '\n')
			buf_add_cstr(out, "\\n");
		else
			buf_add_char(out, in.p[i]);
	}
}

static void
expect_said(struct stage *s, struct slice want)
{
	struct slice said = buf_slice(&s->said), line;
	struct buf got;

	if (!slice_take_line(&said, &line))
		line = slice_of("(nothing)");
	buf_init(&got, 65536);
	buf_add(&got, line);
	ck_assert_msg(slice_eq(line, want), "%s: said \"%s\", not \"%.*s\"",
	    s->play->title, buf_cstr(&got), SLICE_ARGS(want));
	buf_done(&got);
	buf_drop(&s->said, s->said.n - said.n);
}

static void
expect_content(struct stage *s, struct slice want)
{
	struct buf got;

	buf_init(&got, 65536);
	escape(buf_slice(&s->content), &got);
	ck_assert_msg(slice_eq(buf_slice(&got), want),
	    "%s: content \"%s\", not \"%.*s\"", s->play->title, buf_cstr(&got),
	    SLICE_ARGS(want));
	buf_done(&got);
	buf_reset(&s->content);
}

static void
say_line(struct stage *s, struct slice line, size_t step)
{
	char text[512];
	size_t n;

	(void)snprintf(text, sizeof(text), "%.*s\r\n", SLICE_ARGS(line));
	n = strlen(text);
	for (size_t at = 0; at < n; at += step)
		hear(s, slice_head(slice_from(text + at, n - at), step));
}

static void
expect_fates(struct stage *s)
{
	struct buf got;

	buf_init(&got, 4096);
	for (size_t i = 0; i < s->envelope.recipient_count; i++) {
		const struct fate *f = &s->fates[i];

		if (i > 0)
			buf_add_char(&got, ',');
		if (f->kind == FATE_NONE) {
			buf_add_cstr(&got, "none");
			continue;
		}
		buf_addf(&got, "%d %s %u.%u.%u", f->smtp_code,
		    fate_name(f->kind), f->code.class, f->code.subject,
		    f->code.detail);
		ck_assert_uint_gt(f->reply.n, 0);
	}
	ck_assert_msg(slice_is(buf_slice(&got), s->play->fates),
	    "%s: fates \"%s\", not \"%s\"", s->play->title, buf_cstr(&got),
	    s->play->fates);
	buf_done(&got);
}

static void
perform(const struct play *play, size_t step)
{
	struct stage s;
	struct slice lines = slice_of(play->lines), line;
	const struct client_failure *failure;

	stage_init(&s, play);
	while (lines.n > 0) {
		line = slice_take_until(&lines, '\n');
		if (slice_take_prefix(&line, "< "))
			say_line(&s, line, step);
		else if (slice_take_prefix(&line, "> "))
			expect_said(&s, line);
		else if (slice_take_prefix(&line, "= "))
			expect_content(&s, line);
		else if (slice_is(line, "! closed"))
			smtp_client_lost(s.client, 0);
		else if (slice_is(line, "! timeout"))
			smtp_client_lost(s.client, ERR_TIMEOUT);
		else
			ck_abort_msg("%s: bad line", play->title);
	}
	ck_assert_msg(s.said.n == 0, "%s: said more", play->title);
	failure = smtp_client_failure(s.client);
	ck_assert_int_eq(failure == NULL ? -1 : (int)failure->trouble,
	    play->trouble);
	if (failure != NULL) {
		ck_assert_int_eq(failure->fate.kind, FATE_DEFERRED);
		ck_assert_uint_eq(failure->fate.code.class, 4);
	}
	expect_fates(&s);
	/* The password is in no dialogue. */
	ck_assert_uint_eq(slice_find_str(smtp_client_dialogue(s.client),
			      slice_of("cGFzc")),
	    smtp_client_dialogue(s.client).n);
	stage_done(&s);
}

START_TEST(a_play_goes_as_written_in_whole_lines)
{
	perform(&plays[_i], 512);
}
END_TEST

START_TEST(a_play_goes_as_written_byte_by_byte)
{
	perform(&plays[_i], 1);
}
END_TEST

START_TEST(plain_text_behind_starttls_is_refused)
{
	static const struct play play = { "injection", TLS_OFFERED, "b@y", "",
		"none", TROUBLE_SITE };
	struct stage s;

	stage_init(&s, &play);
	hear(&s, slice_of("220 mx\r\n250-mx\r\n250 STARTTLS\r\n"));
	hear(&s, slice_of("220 go\r\n250 injected\r\n"));
	ck_assert(s.over);
	ck_assert_ptr_nonnull(smtp_client_failure(s.client));
	ck_assert(smtp_client_broke_tls(s.client));
	ck_assert_int_eq(s.sent, 0);
	stage_done(&s);
}
END_TEST

START_TEST(endless_replies_end_as_an_error_and_not_as_memory)
{
	static const struct play play = { "endless", 0, "b@y", "", "none",
		TROUBLE_CONNECTION };
	struct stage s;
	int lines = 0;

	stage_init(&s, &play);
	hear(&s, slice_of("220 mx\r\n"));
	for (; !s.over && lines < 100000; lines++)
		hear(&s, slice_of("250-and one more thing\r\n"));
	ck_assert(s.over);
	ck_assert_int_le(lines, 300);
	ck_assert_uint_le(smtp_client_dialogue(s.client).n, 16384);
	stage_done(&s);

	stage_init(&s, &play);
	for (lines = 0; !s.over && lines < 100000; lines++)
		hear(&s, slice_of("220"));
	ck_assert(s.over);
	ck_assert_int_le(lines, 2000);
	stage_done(&s);
}
END_TEST

START_TEST(of_many_long_replies_only_so_much_is_kept)
{
	static const struct play play = { "long replies", 0,
		"a@y b@y c@y d@y e@y f@y g@y h@y", "", "none", -1 };
	char reply[2048];
	size_t kept = 0;
	struct stage s;

	stage_init(&s, &play);
	hear(&s, slice_of("220 mx\r\n250-mx\r\n250 PIPELINING\r\n"));
	hear(&s, slice_of("250 ok\r\n"));
	for (int i = 0; i < 8; i++) {
		int n = snprintf(reply, sizeof(reply), "550 5.1.%d %01500d\r\n",
		    i + 1, i);

		hear(&s, slice_from(reply, (size_t)n));
	}
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(s.fates[i].kind, FATE_FAILED);
		ck_assert_uint_eq(s.fates[i].code.detail, i + 1);
		kept += s.fates[i].reply.n;
	}
	ck_assert_uint_gt(kept, 3000);
	ck_assert_uint_le(kept, 4200);
	stage_done(&s);
}
END_TEST

START_TEST(content_may_be_slow_and_an_early_no_is_heard)
{
	static const struct play play = { "early", 0, "b@y", "",
		"552 failed 5.3.4", -1 };
	struct stage s;
	struct smtp_message message;
	uint64_t left;
	int64_t ms;
	size_t eaten;
	struct slice in;

	stage_init(&s, &play);
	s.sent = 2; /* we do it by hand */
	message = (struct smtp_message){ .envelope = &s.envelope,
		.fates = s.fates,
		.arena = s.arena,
		.size = 7 };
	in = slice_of("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
	ck_assert_int_eq(smtp_client_feed(s.client, in, &eaten), STEP_WAIT);
	ck_assert_int_eq(smtp_client_send(s.client, &message), STEP_MORE);
	in = slice_of("250 ok\r\n250 ok\r\n354 go\r\n");
	ck_assert_int_eq(smtp_client_feed(s.client, in, &eaten), STEP_MORE);
	ck_assert(smtp_client_wants_content(s.client, &left));
	ck_assert_uint_eq(left, 7);
	ck_assert(smtp_client_new_patience(s.client, &ms));
	ck_assert_int_eq(ms, 180000);
	ck_assert(!smtp_client_new_patience(s.client, &ms));
	smtp_client_content(s.client, slice_of("a\r\n"), on_wire, &s.content);
	ck_assert(smtp_client_new_patience(s.client, &ms));
	in = slice_of("552 5.3.4 too much\r\n");
	ck_assert_int_eq(smtp_client_feed(s.client, in, &eaten), STEP_CLOSE);
	ck_assert(!smtp_client_wants_content(s.client, &left));
	expect_fates(&s);
	stage_done(&s);
}
END_TEST

START_TEST(every_wait_has_its_patience)
{
	static const struct play play = { "patience", 0, "b@y", "", "none",
		-1 };
	struct stage s;
	int64_t ms = 0;

	stage_init(&s, &play);
	ck_assert(smtp_client_new_patience(s.client, &ms));
	ck_assert_int_eq(ms, 300000);
	hear(&s, slice_of("220 mx\r\n"));
	ck_assert(smtp_client_new_patience(s.client, &ms));
	hear(&s, slice_of("250-mx\r\n"));
	/* Drip by drip a server gains no time. */
	ck_assert(!smtp_client_new_patience(s.client, &ms));
	stage_done(&s);
}
END_TEST

/* Plays the server of SCRAM-SHA-256 with the vectors of RFC 7677, 3. */
START_TEST(scram_is_preferred_and_a_server_that_lies_is_left)
{
	static const struct play play = { "scram", LOGIN | IMPLICIT, "b@y", "",
		"none", TROUBLE_SITE };
	struct stage s;
	struct slice said, line;
	struct buf first, reply;

	stage_init(&s, &play);
	hear(&s,
	    slice_of("220 mx\r\n250-mx\r\n250 AUTH PLAIN SCRAM-SHA-256\r\n"));
	said = buf_slice(&s.said);
	ck_assert(
	    slice_take_line(&said, &line) && slice_take_line(&said, &line));
	ck_assert(slice_take_prefix(&line, "AUTH SCRAM-SHA-256 "));
	buf_init(&first, 1024);
	buf_init(&reply, 1024);
	ck_assert(base64_decode(line, &first));
	line = buf_slice(&first);
	ck_assert(slice_take_prefix(&line, "n,,n=user,r="));
	buf_addf(&reply, "r=%.*sserver,s=c2FsdA==,i=4096", SLICE_ARGS(line));
	buf_reset(&first);
	buf_add_cstr(&first, "334 ");
	base64_encode(buf_slice(&reply), &first);
	buf_add_cstr(&first, "\r\n");
	hear(&s, buf_slice(&first));
	ck_assert(!s.over);
	/* It says yes without a proof. */
	hear(&s, slice_of("235 2.7.0 welcome\r\n"));
	ck_assert(s.over);
	ck_assert_ptr_nonnull(smtp_client_failure(s.client));
	buf_done(&first);
	buf_done(&reply);
	stage_done(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/smtp_client");
	TCase *tc = tcase_create("all");
	int count = (int)(sizeof(plays) / sizeof(plays[0]));

	tcase_add_loop_test(tc, a_play_goes_as_written_in_whole_lines, 0,
	    count);
	tcase_add_loop_test(tc, a_play_goes_as_written_byte_by_byte, 0, count);
	tcase_add_test(tc, plain_text_behind_starttls_is_refused);
	tcase_add_test(tc, endless_replies_end_as_an_error_and_not_as_memory);
	tcase_add_test(tc, of_many_long_replies_only_so_much_is_kept);
	tcase_add_test(tc, content_may_be_slow_and_an_early_no_is_heard);
	tcase_add_test(tc, every_wait_has_its_patience);
	tcase_add_test(tc, scram_is_preferred_and_a_server_that_lies_is_left);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
