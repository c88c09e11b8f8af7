"""The protocol, case by case: what a client says and what it must hear.

A case is a list of (what is sent, how the reply begins). Each runs on a
connection of its own."""

import os
import shutil
import tempfile

import pytest

import harness

EHLO = ("EHLO client.test", "250")
MAIL = ("MAIL FROM:<a@outside.test>", "250 2.1.0")
RCPT = ("RCPT TO:<alice@here.test>", "250 2.1.5")
DATA = ("DATA", "354")
LONG = "x" * 300

CASES = {
    # greeting and hello
    "helo": [("HELO client.test", "250")],
    "ehlo": [EHLO],
    "ehlo literal": [("EHLO [127.0.0.1]", "250")],
    "ehlo literal6": [("EHLO [IPv6:::1]", "250")],
    "ehlo again": [EHLO, EHLO],
    "ehlo lower case": [("ehlo client.test", "250")],
    "ehlo without a name": [("EHLO", "501 5.5.4")],
    "helo without a name": [("HELO", "501 5.5.4")],
    "ehlo after helo": [("HELO client.test", "250"), EHLO],
    "helo has no extensions": [("HELO client.test", "250 ")],
    # order
    "mail before hello": [("MAIL FROM:<a@b.test>", "503 5.5.1")],
    "rcpt before mail": [EHLO, ("RCPT TO:<alice@here.test>", "503 5.5.1")],
    "data before mail": [EHLO, ("DATA", "503 5.5.1")],
    "data before rcpt": [EHLO, MAIL, ("DATA", "50")],
    "mail twice": [EHLO, MAIL, ("MAIL FROM:<a@b.test>", "503 5.5.1")],
    "ehlo resets": [EHLO, MAIL, EHLO, ("RCPT TO:<alice@here.test>", "503 5.5.1")],
    "rset resets": [EHLO, MAIL, ("RSET", "250 2.0.0"),
                    ("RCPT TO:<alice@here.test>", "503 5.5.1")],
    "rset any time": [("RSET", "250 2.0.0")],
    "noop any time": [("NOOP", "250 2.0.0")],
    "noop with text": [("NOOP hello there", "250 2.0.0")],
    "noop keeps": [EHLO, MAIL, ("NOOP", "250"), RCPT],
    "quit": [("QUIT", "221 2.0.0")],
    "quit after mail": [EHLO, MAIL, ("QUIT", "221 2.0.0")],
    "help": [("HELP", "214")],
    "vrfy": [EHLO, ("VRFY alice", "252 2")],
    "vrfy without a name": [EHLO, ("VRFY", "501 5.5.4")],
    "unknown verb": [("FROBNICATE", "500 5.5.1")],
    "empty line": [("", "500 5.5")],
    "turn is not known": [EHLO, ("TURN", "50")],
    "rcpt keeps after a refusal": [EHLO, MAIL, ("RCPT TO:<x@outside.test>", "550 5.7.1"),
                                   RCPT],
    "data args": [EHLO, MAIL, RCPT, ("DATA now", "501 5.5.4")],
    "rset args": [EHLO, ("RSET now", "501 5.5.4")],
    "quit args": [("QUIT now", "501 5.5.4")],
    # MAIL
    "null sender": [EHLO, ("MAIL FROM:<>", "250 2.1.0")],
    "mail lower case": [EHLO, ("mail from:<a@b.test>", "250 2.1.0")],
    "mail with a space": [EHLO, ("MAIL FROM: <a@b.test>", "250 2.1.0")],
    "mail without brackets": [EHLO, ("MAIL FROM:a@b.test", "501 5.")],
    "mail without from": [EHLO, ("MAIL <a@b.test>", "501 5.5")],
    "mail without args": [EHLO, ("MAIL", "501 5.5.4")],
    "mail open bracket": [EHLO, ("MAIL FROM:<a@b.test", "501 5.1.7")],
    "mail two dots": [EHLO, ("MAIL FROM:<a..b@c.test>", "501 5.1.7")],
    "mail no domain": [EHLO, ("MAIL FROM:<a@>", "501 5.1.7")],
    "mail quoted": [EHLO, ('MAIL FROM:<"a b"@c.test>', "250 2.1.0")],
    "mail literal": [EHLO, ("MAIL FROM:<a@[192.0.2.1]>", "250 2.1.0")],
    "mail bad literal": [EHLO, ("MAIL FROM:<a@[300.0.2.1]>", "501 5.1.7")],
    "mail source route": [EHLO, ("MAIL FROM:<@x.test:a@b.test>", "2")],
    "mail long local part": [EHLO, (f"MAIL FROM:<{LONG}@b.test>", "5")],
    "mail long domain": [EHLO, (f"MAIL FROM:<a@{LONG}.test>", "5")],
    "mail underscore": [EHLO, ("MAIL FROM:<a_b@c.test>", "250 2.1.0")],
    "mail control": [EHLO, ("MAIL FROM:<a\x01b@c.test>", "50")],
    "mail utf8 without smtputf8": [EHLO, ("MAIL FROM:<jos\xe9@c.test>".encode(), "553 5.6.7")],
    "mail utf8": [EHLO, ("MAIL FROM:<jos\xe9@c.test> SMTPUTF8".encode(), "250 2.1.0")],
    "mail bad utf8": [EHLO, (b"MAIL FROM:<jos\xff@c.test> SMTPUTF8", "5")],
    # ESMTP parameters of MAIL
    "size": [EHLO, ("MAIL FROM:<a@b.test> SIZE=1000", "250 2.1.0")],
    "size zero": [EHLO, ("MAIL FROM:<a@b.test> SIZE=0", "250 2.1.0")],
    "size too large": [EHLO, ("MAIL FROM:<a@b.test> SIZE=999999999", "552 5.3.4")],
    "size huge": [EHLO, ("MAIL FROM:<a@b.test> SIZE=99999999999999999999", "55")],
    "size no number": [EHLO, ("MAIL FROM:<a@b.test> SIZE=many", "501 5.5.4")],
    "size empty": [EHLO, ("MAIL FROM:<a@b.test> SIZE=", "501 5.5.4")],
    "size twice": [EHLO, ("MAIL FROM:<a@b.test> SIZE=1 SIZE=2", "501 5.5.4")],
    "body 8bit": [EHLO, ("MAIL FROM:<a@b.test> BODY=8BITMIME", "250 2.1.0")],
    "body 7bit": [EHLO, ("MAIL FROM:<a@b.test> BODY=7BIT", "250 2.1.0")],
    "body lower case": [EHLO, ("MAIL FROM:<a@b.test> body=8bitmime", "250 2.1.0")],
    "body unknown": [EHLO, ("MAIL FROM:<a@b.test> BODY=9BIT", "501 5.5.4")],
    "body binary is not offered": [EHLO, ("MAIL FROM:<a@b.test> BODY=BINARYMIME", "5")],
    "ret full": [EHLO, ("MAIL FROM:<a@b.test> RET=FULL", "250 2.1.0")],
    "ret hdrs envid": [EHLO, ("MAIL FROM:<a@b.test> RET=HDRS ENVID=QQ+2B1", "250 2.1.0")],
    "ret unknown": [EHLO, ("MAIL FROM:<a@b.test> RET=SOME", "501 5.5.4")],
    "envid bad xtext": [EHLO, ("MAIL FROM:<a@b.test> ENVID=a+zz", "501 5.5.4")],
    "envid empty": [EHLO, ("MAIL FROM:<a@b.test> ENVID=", "501 5.5.4")],
    "unknown parameter": [EHLO, ("MAIL FROM:<a@b.test> COLOUR=RED", "555 5.5.4")],
    "parameter without a name": [EHLO, ("MAIL FROM:<a@b.test> =RED", "5")],
    "smtputf8 with value": [EHLO, ("MAIL FROM:<a@b.test> SMTPUTF8=1", "501 5.5.4")],
    "no space before parameter": [EHLO, ("MAIL FROM:<a@b.test>SIZE=1", "501 5.5")],
    # RCPT
    "rcpt": [EHLO, MAIL, RCPT],
    "rcpt twice": [EHLO, MAIL, RCPT, RCPT],
    "rcpt lower case": [EHLO, MAIL, ("rcpt to:<alice@here.test>", "250 2.1.5")],
    "rcpt null": [EHLO, MAIL, ("RCPT TO:<>", "5")],
    "rcpt no brackets": [EHLO, MAIL, ("RCPT TO:alice@here.test", "501 5.")],
    "rcpt no domain": [EHLO, MAIL, ("RCPT TO:<alice>", "5")],
    "rcpt no args": [EHLO, MAIL, ("RCPT", "501 5.5.4")],
    "rcpt two dots": [EHLO, MAIL, ("RCPT TO:<a..b@here.test>", "501 5.1.3")],
    "rcpt quoted": [EHLO, MAIL, ('RCPT TO:<"alice"@here.test>', "250 2.1.5")],
    "rcpt relay": [EHLO, MAIL, ("RCPT TO:<b@outside.test>", "550 5.7.1")],
    "rcpt postmaster": [EHLO, MAIL, ("RCPT TO:<postmaster>", "250 2.1.5")],
    "notify": [EHLO, MAIL, ("RCPT TO:<alice@here.test> NOTIFY=SUCCESS,FAILURE", "250 2.1.5")],
    "notify never": [EHLO, MAIL, ("RCPT TO:<alice@here.test> NOTIFY=NEVER", "250 2.1.5")],
    "notify never and more": [EHLO, MAIL, ("RCPT TO:<alice@here.test> NOTIFY=NEVER,DELAY", "501 5.5.4")],
    "notify unknown": [EHLO, MAIL, ("RCPT TO:<alice@here.test> NOTIFY=MAYBE", "501 5.5.4")],
    "notify empty": [EHLO, MAIL, ("RCPT TO:<alice@here.test> NOTIFY=", "501 5.5.4")],
    "orcpt": [EHLO, MAIL, ("RCPT TO:<alice@here.test> ORCPT=rfc822;Bob+2B1@x.test", "250 2.1.5")],
    "orcpt without type": [EHLO, MAIL, ("RCPT TO:<alice@here.test> ORCPT=Bob@x.test", "501 5.5.4")],
    "rcpt unknown parameter": [EHLO, MAIL, ("RCPT TO:<alice@here.test> COLOUR=RED", "555 5.5.4")],
    "rcpt utf8 without smtputf8": [EHLO, MAIL, ("RCPT TO:<jos\xe9@here.test>".encode(), "553 5.6.7")],
    # whole transactions
    "message": [EHLO, MAIL, RCPT, DATA, ("Subject: x\r\n\r\nhi\r\n.", "250 2.0.0")],
    "message by helo": [("HELO client.test", "250"), MAIL, RCPT, DATA, ("hi\r\n.", "250 2.0.0")],
    "empty message": [EHLO, MAIL, RCPT, DATA, (".", "250 2.0.0")],
    "two messages": [EHLO, MAIL, RCPT, DATA, ("a\r\n.", "250 2.0.0"), MAIL, RCPT, DATA,
                     ("b\r\n.", "250 2.0.0")],
    "mail after data": [EHLO, MAIL, RCPT, DATA, ("a\r\n.", "250 2.0.0"),
                        ("RCPT TO:<alice@here.test>", "503 5.5.1")],
    "dots": [EHLO, MAIL, RCPT, DATA, ("..\r\n...\r\n.", "250 2.0.0")],
    "long text line": [EHLO, MAIL, RCPT, DATA, ("x" * 5000 + "\r\n.", "250 2.0.0")],
    "eight bits": [EHLO, MAIL, RCPT, DATA, (b"gr\xfc\xdfe\r\n.", "250 2.0.0")],
    # smuggling: nothing but CRLF . CRLF ends a message
    "bare lf": [EHLO, MAIL, RCPT, DATA, (b"a\nb\r\n.", "550 5.6.11")],
    "bare cr": [EHLO, MAIL, RCPT, DATA, (b"a\rb\r\n.", "550 5.6.11")],
    "lf dot lf": [EHLO, MAIL, RCPT, DATA, (b"a\n.\nMAIL FROM:<x@y.test>\r\n.", "550 5.6.11")],
    "lf dot crlf": [EHLO, MAIL, RCPT, DATA, (b"a\n.\r\nMAIL FROM:<x@y.test>\r\n.", "550 5.6.11")],
    "crlf dot lf": [EHLO, MAIL, RCPT, DATA, (b"a\r\n.\nMAIL FROM:<x@y.test>\r\n.", "550 5.6.11")],
    "cr dot cr": [EHLO, MAIL, RCPT, DATA, (b"a\r.\rMAIL FROM:<x@y.test>\r\n.", "550 5.6.11")],
    "crlf dot cr": [EHLO, MAIL, RCPT, DATA, (b"a\r\n.\rMAIL FROM:<x@y.test>\r\n.", "550 5.6.11")],
    "cr dot crlf": [EHLO, MAIL, RCPT, DATA, (b"a\r.\r\nx\r\n.", "550 5.6.11")],
    "nul": [EHLO, MAIL, RCPT, DATA, (b"a\0b\r\n.", "5")],
    "after smuggling the session goes on": [
        EHLO, MAIL, RCPT, DATA, (b"a\n.\nb\r\n.", "550 5.6.11"), MAIL, RCPT, DATA,
        ("ok\r\n.", "250 2.0.0")],
    # CHUNKING
    "bdat": [EHLO, MAIL, RCPT, (b"BDAT 4 LAST\r\nhi\r\n", "250 2.0.0")],
    "bdat in two": [EHLO, MAIL, RCPT, (b"BDAT 4\r\nhi\r\n", "250 2.0.0"),
                    (b"BDAT 4 LAST\r\nyo\r\n", "250 2.0.0")],
    "bdat zero last": [EHLO, MAIL, RCPT, (b"BDAT 4\r\nhi\r\n", "250"),
                       ("BDAT 0 LAST", "250 2.0.0")],
    "bdat without rcpt": [EHLO, MAIL, (b"BDAT 4 LAST\r\nhi\r\n", "503 5.5.1"), ("NOOP", "250")],
    "bdat no number": [EHLO, MAIL, RCPT, ("BDAT many", "501 5.5.4")],
    "bdat no args": [EHLO, MAIL, RCPT, ("BDAT", "501 5.5.4")],
    "data after bdat": [EHLO, MAIL, RCPT, (b"BDAT 4\r\nhi\r\n", "250"), ("DATA", "503 5.5.1")],
    "mail after bdat": [EHLO, MAIL, RCPT, (b"BDAT 4\r\nhi\r\n", "250"),
                        ("MAIL FROM:<a@b.test>", "503 5.5.1")],
    "rset after bdat": [EHLO, MAIL, RCPT, (b"BDAT 4\r\nhi\r\n", "250"), ("RSET", "250"), MAIL],
    "bdat carries dots": [EHLO, MAIL, RCPT, (b"BDAT 7 LAST\r\na\r\n.\r\n.", "250 2.0.0")],
    # lines
    "long command": [("NOOP " + "x" * 20000, "500 5.5.2"), ("NOOP", "250")],
    "command with nul": [(b"NOOP \0", "50"), ("NOOP", "250")],
    "auth on relay": [EHLO, ("AUTH PLAIN AGEAYg==", "538 5.7.11")],
    "starttls args": [EHLO, ("STARTTLS now", "501 5.5.4")],
    "etrn from a stranger": [EHLO, ("ETRN here.test", "459 4.7.1")],
}


@pytest.fixture(scope="module")
def mtad(tmp_path_factory):
    folder = tempfile.mkdtemp(prefix="mtad-it-", dir="/tmp")
    os.chmod(folder, 0o755)
    m = harness.Mtad(folder + "/m", "limits { message_size = \"1MB\" command_errors = 5 }\n")
    m.start()
    yield m
    m.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", CASES)
def test_case(mtad, name):
    with mtad.talk() as t:
        assert t.reply().startswith("220 mx.here.test ESMTP")
        for i, (command, wanted) in enumerate(CASES[name]):
            raw = command if isinstance(command, bytes) else command.encode()
            t.send(raw if raw.startswith(b"BDAT ") and b"\r\n" in raw
                   else raw + b"\r\n")
            reply = t.reply()
            assert reply.startswith(wanted), f"step {i}: {command!r} -> {reply!r}"


def test_pipelined_commands_get_their_replies_in_order(mtad):
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.send("MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@here.test>\r\n"
               "RCPT TO:<x@outside.test>\r\nDATA\r\n")
        assert [t.reply()[:3] for _ in range(4)] == ["250", "250", "550", "354"]
        t.send("Subject: p\r\n\r\nhi\r\n.\r\nMAIL FROM:<>\r\nQUIT\r\n")
        assert [t.reply()[:3] for _ in range(3)] == ["250", "250", "221"]
        assert t.is_closed()


def test_ehlo_offers_what_is_done_and_nothing_else(mtad):
    with mtad.talk() as t:
        t.reply()
        words = {line[4:].split()[0] for line in
                 t.say("EHLO client.test").splitlines()[1:]}
        assert {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN",
                "ENHANCEDSTATUSCODES", "STARTTLS", "LIMITS"} <= words
        assert not words & {"AUTH", "BINARYMIME", "VRFY", "EXPN", "XCLIENT"}


def test_what_is_pipelined_behind_starttls_closes_the_connection(mtad):
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.send("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n")
        assert t.reply().startswith("554 ")
        assert t.is_closed()


def test_after_starttls_the_session_begins_anew(mtad):
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.say("MAIL FROM:<a@b.test>")
        t.say("RSET")
        t.starttls()
        assert t.say("MAIL FROM:<a@b.test>").startswith("503 5.5.1")
        assert "STARTTLS" not in t.say("EHLO client.test")
        assert t.say("STARTTLS").startswith("503 5.5.1")


def test_too_many_errors_end_the_session(mtad):
    with mtad.talk() as t:
        t.reply()
        replies = []
        for _ in range(12):
            t.send("BOGUS\r\n")
            replies.append(t.reply())
            if replies[-1].startswith("421"):
                break
        assert replies[-1].startswith("421 4.7.0")
        assert t.is_closed()


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on(mtad):
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.say("MAIL FROM:<a@b.test>")
        t.say("RCPT TO:<alice@here.test>")
        t.say("DATA")
        t.send(b"x" * 70 + b"\r\n")
        for _ in range(30):
            t.send((b"y" * 70 + b"\r\n") * 600)
        assert t.say(".").startswith("552 5.3.4")
        assert t.say("NOOP").startswith("250")
