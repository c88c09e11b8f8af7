"""What a sender learns: failure, delay, success; and never a bounce of a bounce."""

import email

import pytest

import harness
from test_deliver import FAST, OUT, relay, send


def report_of(content):
    message = email.message_from_bytes(content)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    human, status, original = message.get_payload()
    assert status.get_content_type() == "message/delivery-status"
    return message, human.get_payload(), status.get_payload(), original


def test_a_failure_report_has_its_three_parts(stage):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no such user <x@outside.test>"})
    mtad = relay(stage, sink)
    send(mtad, OUT, "From: a@here.test\r\nSubject: precious\r\n\r\nbody text\r\n",
         options=["RET=FULL", "ENVID=ID7"], rcpt_options=["ORCPT=rfc822;old@x.test"])
    content = mtad.wait_mail("a@here.test")[0]
    message, human, status, original = report_of(content)
    assert content.startswith(b"Return-Path: <>")
    assert "MAILER-DAEMON" in message["From"].upper() or "mail" in message["From"].lower()
    assert message["Auto-Submitted"].startswith("auto-")
    assert message["To"].strip("<>") == "a@here.test"
    assert "x@outside.test" in human and "no such user" in human
    assert status[0]["Reporting-MTA"] == "dns; mx.here.test"
    assert status[0]["Original-Envelope-Id"] == "ID7"
    assert status[1]["Final-Recipient"] == "rfc822; x@outside.test"
    assert "old@x.test" in status[1]["Original-Recipient"]
    assert status[1]["Action"] == "failed"
    assert status[1]["Status"] == "5.1.1"
    assert "550 5.1.1" in status[1]["Diagnostic-Code"]
    assert original.get_content_type() == "message/rfc822"
    assert "precious" in original.as_string() and "body text" in original.as_string()


def test_the_header_alone_comes_back_unless_all_is_asked_for(stage):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no"})
    mtad = relay(stage, sink)
    send(mtad, OUT, "Subject: precious\r\n\r\nbody text\r\n", options=["RET=HDRS"])
    _, _, _, original = report_of(mtad.wait_mail("a@here.test")[0])
    assert original.get_content_type() == "text/rfc822-headers"
    assert "precious" in original.as_string()
    assert "body text" not in original.as_string()


def test_notify_never_is_silence(stage):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no"})
    mtad = relay(stage, sink)
    send(mtad, OUT, rcpt_options=["NOTIFY=NEVER"])
    harness.wait_for("the failure", lambda: mtad.events("bounced"))
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert mtad.mailbox("a@here.test") == []


def test_a_bounce_of_a_bounce_goes_to_the_postmaster(stage):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no"})
    mtad = relay(stage, sink, 'postmaster = "boss@here.test"\n')
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail("", ["x@outside.test"], "Subject: null\r\n\r\nx\r\n")
    message, *_ = report_of(mtad.wait_mail("boss@here.test")[0])
    assert "x@outside.test" in message.as_string()
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)


def test_a_delay_is_told_once_and_expiry_ends_it(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n'
                      + FAST % 'warn_after = "2s" expire = "8s"')
    send(mtad, OUT)
    got = mtad.wait_mail("a@here.test", 2, 60)
    assert len(got) == 2
    _, human, status, _ = report_of(got[0])
    assert status[1]["Action"] == "delayed" and status[1]["Status"].startswith("4.")
    assert status[1]["Will-Retry-Until"]
    assert "words of our system" in human
    _, human, status, _ = report_of(got[1])
    assert status[1]["Action"] == "failed" and status[1]["Status"] in ("5.4.7", "4.4.7")
    assert mtad.events("expired")


def test_success_is_told_when_asked_for(stage):
    mtad = stage.mtad()
    with mtad.smtp() as s:
        s.sendmail("a@here.test", ["bob@here.test"], "Subject: s\r\n\r\nx\r\n",
                   rcpt_options=["NOTIFY=SUCCESS"])
    _, _, status, _ = report_of(mtad.wait_mail("a@here.test")[0])
    assert status[1]["Action"] == "delivered" and status[1]["Status"].startswith("2.")


def test_relayed_is_told_when_the_next_hop_does_not_report(stage):
    sink = stage.sink(extensions=("PIPELINING",))
    mtad = relay(stage, sink)
    send(mtad, OUT, rcpt_options=["NOTIFY=SUCCESS"])
    _, _, status, _ = report_of(mtad.wait_mail("a@here.test")[0])
    assert status[1]["Action"] == "relayed"


@pytest.mark.parametrize("sender, kind, recipient", [
    ("a@here.test", "message/delivery-status", "utf-8; jos\\x{E9}@o.test"),
    ("j\u00fcrg@here.test", "message/global-delivery-status", "utf-8; jos\u00e9@o.test"),
])
def test_a_dsn_names_a_utf8_address_as_its_reader_can_take_it(stage, sender, kind, recipient):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no"})
    mtad = relay(stage, sink)
    with mtad.smtp(source="127.0.0.9") as s:
        s.ehlo()
        s.send(f"MAIL FROM:<{sender}> SMTPUTF8\r\nRCPT TO:<jos\u00e9@o.test>\r\n"
               "DATA\r\n".encode())
        for _ in range(3):
            assert s.getreply()[0] in (250, 354)
        s.send("Subject: gr\u00fc\u00dfe\r\n\r\nx\r\n.\r\n".encode())
        assert s.getreply()[0] == 250
    content = mtad.wait_mail(sender)[0]
    assert f"Content-Type: {kind}".encode() in content
    assert recipient.encode() in content
