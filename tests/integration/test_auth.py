"""Submission: TLS first, then AUTH, then mail as oneself."""

import base64
import smtplib

import pytest

import harness

PLAIN = base64.b64encode(b"\0alice@here.test\0secret").decode()
WRONG = base64.b64encode(b"\0alice@here.test\0wrong").decode()


@pytest.fixture
def mtad(stage):
    m = stage.mtad("limits { auth_failures = 100 }\n", start=False)
    m.add_user("alice@here.test", "secret")
    m.start()
    return m


def secured(mtad, name="submission"):
    t = mtad.talk(name)
    t.reply()
    if name != "submissions":
        t.say("EHLO client.test")
        t.starttls()
    return t


@pytest.mark.parametrize("name", ["submission", "submission-alt"])
def test_nothing_happens_before_tls(mtad, name):
    with mtad.talk(name) as t:
        t.reply()
        hello = t.say("EHLO client.test")
        assert "STARTTLS" in hello and "AUTH" not in hello
        assert t.say("NOOP").startswith("250")
        assert t.say("MAIL FROM:<alice@here.test>").startswith("530 5.7.0")
        assert t.say("VRFY alice").startswith("530 5.7.0")
        assert t.say("AUTH PLAIN " + PLAIN).startswith("538 5.7.11")
        assert t.say("QUIT").startswith("221")


@pytest.mark.parametrize("name", ["submissions", "submission", "submission-alt"])
def test_no_mail_before_auth(mtad, name):
    with secured(mtad, name) as t:
        hello = t.say("EHLO client.test")
        assert "AUTH " in hello and "PLAIN" in hello and "SCRAM-SHA-256" in hello
        assert t.say("MAIL FROM:<alice@here.test>").startswith("530 5.7.0")


def test_plain_in_all_its_forms(mtad):
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert t.say("AUTH PLAIN " + PLAIN).startswith("235 2.7.0")
        assert t.say("AUTH PLAIN " + PLAIN).startswith("503")
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert t.say("AUTH PLAIN").startswith("334")
        assert t.say(PLAIN).startswith("235 2.7.0")
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert t.say("auth plain").startswith("334")
        assert t.say("*").startswith("501 5.7.0")
        assert t.say("AUTH PLAIN !!!").startswith("501 5.5.2")
        assert t.say("AUTH FOO").startswith("504 5.5.4")
        assert t.say("AUTH").startswith("501 5.5.4")
        assert t.say("AUTH PLAIN " + PLAIN).startswith("235 2.7.0")


def test_login(mtad):
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert t.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
        assert t.say(base64.b64encode(b"alice@here.test").decode()) == "334 UGFzc3dvcmQ6"
        assert t.say(base64.b64encode(b"secret").decode()).startswith("235 2.7.0")


def test_a_wrong_password_and_an_unknown_login_are_told_the_same(mtad):
    with secured(mtad) as t:
        t.say("EHLO client.test")
        wrong = t.say("AUTH PLAIN " + WRONG)
        assert wrong.startswith("535 5.7.8")
        nobody = base64.b64encode(b"\0nobody@here.test\0secret").decode()
        assert t.say("AUTH PLAIN " + nobody) == wrong
        assert t.say("AUTH PLAIN " + WRONG).startswith(("421 4.7.0", "535 5.7.8"))
    assert "secret" not in mtad.log() and "wrong" not in mtad.log()
    assert len(mtad.events("auth_failed")) >= 2


def test_the_sender_must_be_ones_own(mtad):
    with secured(mtad) as t:
        t.say("EHLO client.test")
        t.say("AUTH PLAIN " + PLAIN)
        assert t.say("MAIL FROM:<bob@here.test>").startswith("553 5.7.1")
        assert t.say("MAIL FROM:<alice@here.test>").startswith("250 2.1.0")


def test_senders_gives_a_login_more_addresses(stage):
    table = stage.folder / "senders"
    table.write_text("alice@here.test: sales@here.test, @shop.test\n")
    m = stage.mtad("", start=False)
    m.write_conf(f'auth {{ users = "file:{m.users}" senders = "file:{table}" }}\n')
    m.add_user("alice@here.test", "secret")
    m.start()
    with secured(m) as t:
        t.say("EHLO client.test")
        t.say("AUTH PLAIN " + PLAIN)
        for sender, code in (("sales@here.test", "250"), ("x@shop.test", "250"),
                             ("alice@here.test", "250"), ("bob@here.test", "553")):
            assert t.say(f"MAIL FROM:<{sender}>").startswith(code), sender
            t.say("RSET")


def test_smtplib_sends_on_all_four_ports_and_mail_arrives(mtad):
    text = "From: alice@here.test\r\nTo: bob@here.test\r\nSubject: hi\r\n\r\nhello\r\n"
    for name in ("submissions", "submission", "submission-alt"):
        with mtad.smtp(name) as s:
            if name != "submissions":
                s.starttls(context=harness.lax_context())
            s.login("alice@here.test", "secret")
            s.sendmail("alice@here.test", ["bob@here.test"], text)
    with mtad.smtp("relay") as s:
        s.sendmail("alice@here.test", ["bob@here.test"], text)
    got = mtad.wait_mail("bob@here.test", 4)
    assert all(b"\nhello" in m for m in got)
    assert sum(b"ESMTPSA" in m for m in got) == 3
    submitted = [m for m in got if b"ESMTPSA" in m]
    for m in submitted:
        assert b"\nMessage-ID: <" in m and b"\nDate: " in m
        assert b"TLSv1.3" in m
        assert m.startswith(b"Return-Path: <alice@here.test>")


def test_pipelining_auth_guesses_is_slow_and_ends(mtad):
    with secured(mtad) as t:
        t.say("EHLO client.test")
        replies = []
        for _ in range(6):
            try:
                replies.append(t.say("AUTH PLAIN " + WRONG))
            except OSError:
                break
            if not replies[-1] or replies[-1].startswith("421"):
                break
        assert replies[-1].startswith("421 4.7.0") or replies[-1] == ""
        assert len(replies) <= 4


def test_tls_below_1_2_is_refused(mtad):
    import subprocess
    for flag, good in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{mtad.ports['submissions']}",
             flag, "-cipher", "ALL:@SECLEVEL=0"], input="QUIT\n",
            capture_output=True, text=True, timeout=30, check=False)
        assert ("Cipher is (NONE)" not in done.stdout and "New, TLS" in done.stdout) == good, flag


def test_sessions_are_resumed(mtad):
    import socket
    context = harness.lax_context()
    session = None
    for attempt in range(2):
        sock = socket.create_connection(("127.0.0.1", mtad.ports["submissions"]))
        with context.wrap_socket(sock, session=session) as tls:
            tls.recv(1000)
            tls.sendall(b"NOOP\r\n")
            tls.recv(1000)
            tls.sendall(b"QUIT\r\n")
            tls.recv(1000)
            assert tls.session_reused == (attempt == 1)
            session = tls.session
