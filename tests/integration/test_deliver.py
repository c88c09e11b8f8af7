"""Carrying on: MX, fall-backs, TLS levels, what the next hop says."""

import email
import os
import re
import time

import pytest

import harness

OUT = ("x@outside.test",)


def send(mtad, recipients, text="Subject: t\r\n\r\nhi\r\n", sender="a@here.test",
         options=(), rcpt_options=()):
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail(sender, list(recipients), text, options, rcpt_options)


def relay(stage, sink, more="", route="", **kw):
    """A mtad whose only way out is that sink, by smtp:."""
    return stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" {route} }}\n'
                      + more, **kw)


FAST = 'delivery { retry = { "1s" } %s }\n'


def test_a_message_reaches_the_next_hop_byte_for_byte(stage):
    sink = stage.sink()
    mtad = relay(stage, sink)
    text = ("From: a@here.test\r\nSubject: dots\r\n\r\n.\r\n..\r\n.x\r\n"
            + "long " * 500 + "\r\n\r\nend\r\n")
    send(mtad, OUT, text)
    message = sink.wait()[0]
    head, got = message["content"].split(b"From: a@here.test\r\n", 1)
    assert got == text.encode().split(b"\r\n", 1)[1]
    assert head.startswith(b"Received: from client.test (") and b"ESMTP id" in head
    assert message["sender"].startswith("FROM:<a@here.test>")
    assert message["helo"] == "mx.here.test"
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    delivered = mtad.events("delivered")
    assert delivered[0]["recipient"] == "x@outside.test"
    assert delivered[0]["reply"].startswith("250")


def test_chunking_carries_the_same_bytes(stage):
    sink = stage.sink(extensions=harness.Sink.EXTENSIONS + ("CHUNKING",))
    mtad = relay(stage, sink)
    text = "Subject: c\r\n\r\n.\r\n..\r\nno end"
    send(mtad, OUT, text)
    content = sink.wait()[0]["content"]
    assert content.endswith(b"Subject: c\r\n\r\n.\r\n..\r\nno end\r\n")
    assert any(c.startswith("BDAT") for c in sink.commands)


@pytest.mark.parametrize("more", [(), ("CHUNKING",)])
def test_a_large_message_streams_through(stage, more):
    sink = stage.sink(extensions=harness.Sink.EXTENSIONS + more)
    mtad = relay(stage, sink)
    body = "".join(f"line {i:08d} {'z' * 60}\r\n" for i in range(100000))
    send(mtad, OUT, "Subject: large\r\n\r\n" + body)
    assert sink.wait()[0]["content"].endswith(body.encode())
    assert any(c.startswith("BDAT") for c in sink.commands) == bool(more)


def test_a_large_message_that_waited_is_whole(stage):
    """It is read against its checksum first, a piece a turn."""
    sink = stage.sink(script={"MAIL": "451 4.3.0 not now"})
    mtad = relay(stage, sink, FAST % "")
    body = "".join(f"line {i:08d} {'z' * 60}\r\n" for i in range(300000))
    send(mtad, OUT, "Subject: large\r\n\r\n" + body)
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    del sink.script["MAIL"]
    assert sink.wait()[0]["content"].endswith(body.encode())
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)


def test_several_recipients_share_a_transaction(stage):
    sink = stage.sink()
    mtad = relay(stage, sink)
    send(mtad, [f"u{i}@outside.test" for i in range(25)])
    message = sink.wait()[0]
    assert len(message["rcpts"]) == 25
    time.sleep(0.3)
    assert len(sink.messages) == 1


def test_some_recipients_refused_and_some_deferred(stage):
    first = {"tries": 0}

    def rcpt(_, argument):
        if "bad" in argument:
            return "550 5.1.1 no such user here"
        if "later" in argument:
            first["tries"] += 1
            if first["tries"] == 1:
                return "451 4.2.1 mailbox busy"
        return "250 2.1.5 ok"
    sink = stage.sink(script={"RCPT": rcpt})
    mtad = relay(stage, sink, FAST % "")
    send(mtad, ["good@o.test", "bad@o.test", "later@o.test"], sender="a@here.test")
    sink.wait(2)
    assert sink.messages[0]["rcpts"] == ["TO:<good@o.test>"]
    assert sink.messages[1]["rcpts"] == ["TO:<later@o.test>"]
    bounce = mtad.wait_mail("a@here.test")[0]
    assert b"bad@o.test" in bounce and b"no such user here" in bounce
    assert b"good@o.test" not in bounce and b"later@o.test" not in bounce


def test_mx_in_order_of_preference_with_the_next_host_on_failure(stage):
    port = harness.free_port("127.0.0.1")
    dns = stage.nsd({"o.test": "@ MX 10 dead\n@ MX 20 good\n@ MX 30 never\n"
                               "dead A 127.0.1.1\ngood A 127.0.1.2\nnever A 127.0.1.3\n"})
    good = stage.sink("127.0.1.2", port)
    never = stage.sink("127.0.1.3", port)
    mtad = stage.mtad(f"delivery {{ mx_port = {port} }}\n" + dns.conf)
    send(mtad, ["x@o.test"])
    good.wait()
    assert not never.messages
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert "good.o.test" in event["host"]


def test_a_domain_without_mx_is_its_own_host(stage):
    port = harness.free_port()
    dns = stage.nsd({"o.test": "@ A 127.0.1.2\n"})
    sink = stage.sink("127.0.1.2", port)
    mtad = stage.mtad(f"delivery {{ mx_port = {port} }}\n" + dns.conf)
    send(mtad, ["x@o.test"])
    sink.wait()


@pytest.mark.parametrize("records, domain, code", [
    ("@ MX 0 .\n", "o.test", "5.1.10"),
    ("@ A 127.0.1.2\n", "nothere.o.test", "5.1.2"),
    ("@ MX 10 mx.here.test.\n", "o.test", "5.4.6"),
])
def test_what_dns_says_never_can_be_bounces_at_once(stage, records, domain, code):
    dns = stage.nsd({"o.test": records, "here.test": "mx A 127.0.0.1\n"})
    mtad = stage.mtad(dns.conf)
    send(mtad, [f"x@{domain}"])
    bounce = mtad.wait_mail("a@here.test")[0].decode()
    assert re.search(rf"^Status: {re.escape(code)}", bounce, re.M), bounce


def test_dns_that_does_not_answer_defers(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'dns {{ servers = {{ "127.0.0.1@{port}" }} timeout = "2s" }}\n')
    send(mtad, ["x@o.test"])
    entry = harness.wait_for("a deferred message",
                             lambda: mtad.queue("--state", "deferred"))[0]
    assert entry["recipients"][0]["state"] == "deferred"
    assert "4.4.3" in entry["recipients"][0]["response"]


def test_a_refused_connection_is_retried_until_the_host_is_there(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n' + FAST % "")
    send(mtad, OUT)
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    sink = stage.sink(port=port)
    sink.wait()


def test_a_dead_host_delays_nobody_else(stage):
    dead = harness.free_port()
    sink = stage.sink()
    mtad = stage.mtad(f'route "dead.test" {{ via = "smtp:127.0.0.1:{dead}" }}\n'
                      f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n')
    for i in range(50):
        send(mtad, [f"x{i}@dead.test"])
    send(mtad, ["y@alive.test"])
    sink.wait()
    assert mtad.queue_count("--state", "deferred") == 50 or \
        harness.wait_for("50 deferred",
                         lambda: mtad.queue_count("--state", "deferred") == 50)


class TestTls:
    @pytest.fixture
    def cert(self, folder):
        return harness.make_certificate(folder, "sink.test")

    def test_opportunistic_uses_tls_where_offered(self, stage, cert):
        sink = stage.sink(certificate=cert)
        mtad = relay(stage, sink)
        send(mtad, OUT)
        assert sink.wait()[0]["tls"] == "TLSv1.3"
        event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
        assert "TLSv1.3" in event["tls"]

    def test_opportunistic_falls_back_on_a_fresh_connection(self, stage, cert):
        sink = stage.sink(certificate=cert, script={"STARTTLS": b"220 go\r\ngarbage"})
        mtad = relay(stage, sink, FAST % "")
        send(mtad, OUT)
        assert sink.wait()[0]["tls"] is False

    def test_none_never_asks(self, stage, cert):
        sink = stage.sink(certificate=cert)
        mtad = relay(stage, sink, route='tls = "none"')
        send(mtad, OUT)
        assert sink.wait()[0]["tls"] is False

    @pytest.mark.parametrize("level", ["encrypt", "verify"])
    def test_a_demand_is_never_undercut(self, stage, level):
        sink = stage.sink()
        mtad = relay(stage, sink, FAST % "", route=f'tls = "{level}"')
        send(mtad, OUT)
        harness.wait_for("two tries", lambda: len(mtad.events("deferred")) >= 2)
        assert not sink.messages
        assert not any(c.startswith("MAIL") for c in sink.commands)

    def test_encrypt_takes_any_certificate(self, stage, cert):
        sink = stage.sink(certificate=cert)
        mtad = relay(stage, sink, route='tls = "encrypt"')
        send(mtad, OUT)
        assert sink.wait()[0]["tls"]

    def test_verify_refuses_a_self_signed_certificate(self, stage, cert):
        sink = stage.sink(certificate=cert)
        mtad = relay(stage, sink, FAST % "", route='tls = "verify"')
        send(mtad, OUT)
        harness.wait_for("two tries", lambda: len(mtad.events("deferred")) >= 2)
        assert not sink.messages

    def test_submissions_with_auth_to_the_next_hop(self, stage, cert):
        sink = stage.sink(certificate=cert, implicit=True,
                          extensions=harness.Sink.EXTENSIONS + ("AUTH PLAIN",),
                          script={"AUTH": "235 2.7.0 ok"})
        secret = stage.folder / "secret"
        secret.write_text("hop password\n")
        mtad = stage.mtad(
            f'route "*" {{ via = "submissions:127.0.0.1:{sink.port}" tls = "encrypt"\n'
            f'  user = "relay" password = "file:{secret}" }}\n')
        send(mtad, OUT)
        sink.wait()
        import base64
        token = base64.b64encode(b"\0relay\0hop password").decode()
        assert f"AUTH PLAIN {token}" in sink.commands
        assert "hop password" not in mtad.log() and token not in mtad.log()

    def test_a_password_never_goes_out_in_the_clear(self, stage):
        sink = stage.sink(extensions=harness.Sink.EXTENSIONS + ("AUTH PLAIN LOGIN",))
        secret = stage.folder / "secret"
        secret.write_text("hop password\n")
        mtad = stage.mtad(
            f'route "*" {{ via = "submission:127.0.0.1:{sink.port}"\n'
            f'  user = "relay" password = "file:{secret}" }}\n' + FAST % "")
        send(mtad, OUT)
        harness.wait_for("a deferral", lambda: mtad.events("deferred"))
        assert not any(c.startswith("AUTH") for c in sink.commands)


@pytest.mark.parametrize("script", [
    {"BANNER": "421 4.3.2 not now"},
    {"BANNER": "554 5.3.2 go away"},
    {"EHLO": "421 4.3.2 closing"},
    {"MAIL": "451 4.3.0 no"},
    {"RCPT": "451 4.3.0 no"},
    {"DATA": "451 4.3.0 no"},
    {"BODY": "451 4.3.0 no"},
    {"BODY": None},
    {"BANNER": None},
    {"MAIL": None},
    {"MAIL": b"this is no reply\r\n"},
    {"MAIL": b"250-" + b"x" * 200000},
    {"MAIL": b"250-more\r\n" * 5000},
    {"RCPT": "421 4.3.2 closing"},
], ids=lambda script: str(script)[:40])
def test_trouble_of_the_next_hop_is_temporary(stage, script):
    state = {"first": True}

    def once(reply, default):
        def answer(*_):
            if state["first"]:
                state["first"] = False
                return reply
            return default
        return answer
    verb, reply = next(iter(script.items()))
    default = {"BANNER": "220 ok", "EHLO": "250 sink.test", "DATA": "354 go",
               "BODY": "250 2.0.0 ok"}.get(verb, "250 2.1.0 ok")
    sink = stage.sink(script={verb: once(reply, default)})
    mtad = relay(stage, sink, FAST % "")
    send(mtad, OUT)
    sink.wait()
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert not mtad.events("bounced")


def test_helo_where_ehlo_is_unknown(stage):
    sink = stage.sink(script={"EHLO": "500 5.5.1 what?"})
    mtad = relay(stage, sink)
    send(mtad, OUT)
    sink.wait()
    assert any(c.startswith("HELO") for c in sink.commands)


def test_connections_are_used_again(stage):
    sink = stage.sink()
    mtad = relay(stage, sink, 'shaping "*" { connections = 1 }\n')
    for _ in range(20):
        send(mtad, OUT)
    sink.wait(20)
    assert len(sink.sessions) < 10


def test_size_is_declared_and_obeyed(stage):
    sink = stage.sink(extensions=("SIZE 1000", "PIPELINING"))
    mtad = relay(stage, sink)
    send(mtad, OUT, "Subject: big\r\n\r\n" + "x" * 70 + "\r\n" * 2000)
    bounce = mtad.wait_mail("a@here.test")[0]
    assert b"Status: 5.3.4" in bounce
    assert not sink.messages


def test_smtputf8_that_the_next_hop_lacks_comes_back(stage):
    sink = stage.sink(extensions=("8BITMIME",))
    mtad = relay(stage, sink)
    with mtad.smtp(source="127.0.0.9") as s:
        s.ehlo()
        s.send("MAIL FROM:<a@here.test> SMTPUTF8\r\nRCPT TO:<jos\u00e9@o.test>\r\n"
               "DATA\r\n".encode())
        for _ in range(3):
            s.getreply()
        s.send(b"Subject: u\r\n\r\nx\r\n.\r\n")
        assert s.getreply()[0] == 250
    bounce = mtad.wait_mail("a@here.test")[0]
    assert b"Status: 5.6.7" in bounce
    assert not sink.messages


def test_dsn_parameters_are_passed_on(stage):
    sink = stage.sink()
    mtad = relay(stage, sink)
    send(mtad, OUT, options=["RET=HDRS", "ENVID=QQ123"],
         rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;orig@x.test"])
    sink.wait()
    assert "RET=HDRS" in sink.messages[0]["sender"]
    assert "ENVID=QQ123" in sink.messages[0]["sender"]
    assert "NOTIFY=SUCCESS,FAILURE" in sink.messages[0]["rcpts"][0]
    assert "ORCPT=rfc822;orig@x.test" in sink.messages[0]["rcpts"][0]


@pytest.mark.parametrize("unix", [False, True])
def test_lmtp_answers_for_each_recipient(stage, unix):
    def body(session, _):
        rcpt = session["rcpts"][session["lmtp_index"]]
        return "552 5.2.2 mailbox full" if "full" in rcpt else "250 2.0.0 kept"
    path = stage.folder / "lmtp.sock" if unix else None
    sink = stage.sink(lmtp=True, script={"BODY": body}, path=path)
    where = f"lmtp:unix:{path}" if unix else f"lmtp:127.0.0.1:{sink.port}"
    mtad = stage.mtad(f'domain "box.test" {{ deliver = "{where}" }}\n')
    with mtad.smtp() as s:
        s.sendmail("a@here.test", ["ok@box.test", "full@box.test"], "Subject: l\r\n\r\nx\r\n")
    bounce = mtad.wait_mail("a@here.test")[0]
    assert b"full@box.test" in bounce and b"ok@box.test" not in bounce
    assert len(sink.messages) == 1
    assert sink.commands[0].startswith("LHLO")


def test_a_maildir_is_made_and_filled_as_the_rules_say(stage):
    mtad = stage.mtad()
    with mtad.smtp() as s:
        s.sendmail("a@o.test", ["bob@here.test"], "Subject: m\r\n\r\nx\r\n")
    content = mtad.wait_mail("bob@here.test")[0]
    box = mtad.mail / "here.test" / "bob"
    assert {"cur", "new", "tmp"} <= {p.name for p in box.iterdir()}
    assert not list((box / "tmp").iterdir())
    assert content.startswith(b"Return-Path: <a@o.test>\n") or \
        content.startswith(b"Return-Path: <a@o.test>\r\n")
    message = email.message_from_bytes(content)
    assert message["Subject"] == "m"


@pytest.mark.parametrize("local", ["..", ".", "a/../../b", "/etc", ".hidden"])
def test_no_address_leaves_the_mail_folder(stage, local):
    mtad = stage.mtad()
    with mtad.smtp() as s:
        s.ehlo()
        s.mail("x@o.test")
        code, _ = s.docmd(f'RCPT TO:<"{local}"@here.test>')
        if code == 250:
            s.data("Subject: x\r\n\r\nx\r\n")
    time.sleep(1)
    outside = [p for p in mtad.folder.rglob("new") if
               mtad.mail / "here.test" not in p.parents]
    assert not outside


def test_discard_and_error_routes(stage):
    mtad = stage.mtad('domain "void.test" { deliver = "discard:" }\n'
                      'route "shut.test" { via = "error:550 5.7.1 closed for the season" }\n')
    send(mtad, ["x@void.test"])
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    send(mtad, ["x@shut.test"])
    assert b"closed for the season" in mtad.wait_mail("a@here.test")[0]


def test_a_mail_loop_is_cut(stage):
    mtad = stage.mtad("limits { received_hops = 5 }\n")
    hops = "".join(f"Received: from a by b; hop {i}\r\n" for i in range(6))
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.say("MAIL FROM:<a@o.test>")
        t.say("RCPT TO:<bob@here.test>")
        t.say("DATA")
        assert t.say(hops + "Subject: loop\r\n\r\nx\r\n.").startswith("554 5.4.6")


def test_ipv6(stage):
    sink = stage.sink("::1")
    mtad = stage.mtad(f'route "*" {{ via = "smtp:[::1]:{sink.port}" }}\n', address="::1",
                      trusted='"::1"')
    with mtad.smtp() as s:
        s.sendmail("a@here.test", ["x@o.test"], "Subject: six\r\n\r\nx\r\n")
    assert b"[IPv6:::1]" in sink.wait()[0]["content"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become others")
@pytest.mark.parametrize("octets", [100, 2 << 20])
def test_a_system_users_mail_is_put_there_by_himself(stage, octets):
    box = stage.sub("boxes")
    box.mkdir()
    box.chmod(0o1777)
    mtad = stage.mtad(f'domain "sys.test" {{ deliver = "maildir:{box}/%{{local}}"'
                      ' mailboxes = "system" }\n')
    body = ("y" * 70 + "\r\n") * (octets // 72 + 1)
    with mtad.smtp() as s:
        s.sendmail("a@o.test", ["games@sys.test"], "Subject: s\r\n\r\n" + body)
    new = box / "games" / "new"
    harness.wait_for("the mail", lambda: new.exists() and list(new.iterdir()))
    file = next(new.iterdir())
    assert file.owner() == "games"
    assert file.read_bytes().endswith(body.encode())
    with mtad.smtp() as s:
        s.ehlo()
        s.mail("a@o.test")
        assert s.rcpt("no-such-user@sys.test")[0] == 550
