"""What users may ask of the time: FUTURERELEASE, DELIVERBY, MT-PRIORITY."""

import email
import time

import harness
from test_deliver import FAST, OUT, relay

KEEPS = harness.Sink.EXTENSIONS + ("DELIVERBY 1", "MT-PRIORITY")
ANY_TIME = "limits { deliver_by = 0 }\n"


def submit(mtad, *options, text="Subject: t\r\n\r\nhi\r\n", to=OUT, sender="a@here.test"):
    with mtad.smtp("submissions") as s:
        s.login("a@here.test", "secret")
        s.sendmail(sender, list(to), text, options)


def with_user(mtad):
    mtad.add_user("a@here.test", "secret")
    mtad.ctl("reload")
    return mtad


def status_of(content):
    message = email.message_from_bytes(content)
    assert message.get_param("report-type") == "delivery-status"
    return message.get_payload()[1].get_payload()


def test_mail_waits_for_its_date_through_kill_and_flush(stage):
    sink = stage.sink()
    mtad = with_user(relay(stage, sink))
    began = time.time()
    submit(mtad, "HOLDFOR=6")
    harness.wait_for("the wait", lambda: "deferred" in mtad.ctl("queue", "list"))
    shown = mtad.ctl("queue", "show", mtad.queue()[0]["id"])
    assert "release" in shown and "waiting" in shown
    mtad.kill_all()
    mtad.start()
    mtad.ctl("queue", "flush")
    sink.wait()
    assert time.time() - began >= 6


def test_mail_that_waits_is_let_go_by_the_postmaster(stage):
    sink = stage.sink()
    mtad = with_user(relay(stage, sink))
    submit(mtad, "HOLDUNTIL=" + time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                              time.gmtime(time.time() + 3600)))
    harness.wait_for("the wait", lambda: "deferred" in mtad.ctl("queue", "list"))
    mtad.ctl("queue", "release", mtad.queue()[0]["id"])
    sink.wait()


def test_mail_comes_back_when_its_time_is_over(stage):
    sink = stage.sink(script={"RCPT": "450 4.2.0 not now"}, extensions=KEEPS)
    mtad = with_user(relay(stage, sink, FAST % "" + ANY_TIME))
    began = time.time()
    submit(mtad, "BY=3;R")
    status = status_of(mtad.wait_mail("a@here.test")[0])
    assert time.time() - began >= 2  # a hop gets whole seconds
    assert status[1]["Action"] == "failed" and status[1]["Status"] == "5.4.7"
    assert "Deliver-By-Date" in status[0]
    assert mtad.queue_count() == 0
    by = [c for c in sink.commands if c.startswith("MAIL")]
    assert "BY=3;R" in by[0] or "BY=2;R" in by[0]


def test_mail_with_a_deadline_needs_hops_that_keep_it(stage):
    sink = stage.sink()
    mtad = with_user(relay(stage, sink, ANY_TIME))
    submit(mtad, "BY=60;R")
    status = status_of(mtad.wait_mail("a@here.test")[0])
    assert status[1]["Status"] == "5.4.7" and not sink.messages


def test_the_sender_is_told_of_the_delay_and_of_the_relay(stage):
    busy = {"RCPT": "450 4.2.0 not now"}
    sink = stage.sink(script=busy)
    mtad = with_user(relay(stage, sink, FAST % ""))
    submit(mtad, "BY=2;N")
    status = status_of(mtad.wait_mail("a@here.test")[0])
    assert status[1]["Action"] == "delayed"
    busy.clear()
    sink.wait()
    status = status_of(mtad.wait_mail("a@here.test", 2)[-1])
    assert {status_of(m)[1]["Action"] for m in mtad.mailbox("a@here.test")} == {
        "delayed", "relayed"}
    assert b"BY=" not in sink.messages[0]["sender"].encode()


def test_a_priority_goes_on_and_goes_first(stage):
    sink = stage.sink(extensions=KEEPS)
    mtad = with_user(relay(stage, sink, 'shaping "*" { connections = 1 }\n'))
    site = f"smtp:127.0.0.1:{sink.port}"
    submit(mtad, text="Subject: first\r\n\r\nx\r\n")
    sink.wait()
    mtad.ctl("site", "suspend", site)
    for priority in (-4, 0, 9):
        submit(mtad, f"MT-PRIORITY={priority}")
    harness.wait_for("all of them", lambda: mtad.queue_count() == 3)
    mtad.ctl("site", "resume", site)
    mtad.ctl("queue", "flush")
    said = [m["sender"].partition("MT-PRIORITY=")[2] for m in sink.wait(4)[1:]]
    assert said == ["9", "", "-4"]
    assert b"PRIORITY 9;" in sink.messages[1]["content"]
