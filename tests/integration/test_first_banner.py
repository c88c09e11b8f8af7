"""Mail is taken at once after a start, however long it takes until the queue
is known: here it takes for ever, for the scheduler is stopped."""

import os
import signal
import time

import harness
from test_deliver import send


def test_mail_is_taken_before_the_queue_is_known(stage):
    sink = stage.sink()
    gate = {"open": False}
    sink.script["MAIL"] = lambda *_: "250 2.1.0 ok" if gate["open"] \
        else "450 4.3.2 later"
    m = stage.mtad('delivery { retry = { "1s" } }\nroute "*" { via = '
                   f'"smtp:127.0.0.1:{sink.port}" }}\n')
    for i in range(30):
        send(m, ["x@outside.test"], f"Subject: old-{i}\r\n\r\nx\r\n")
    harness.wait_for("the queue", lambda: m.queue_count() == 30)
    m.kill_all()
    m.start(wait=False)
    pids = {}
    while not pids:  # at its very beginning: there is little time
        pids = m.workers("schedule")
    pid, = pids
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        harness.wait_for("the first banner", m.is_up)
        for i in range(30):
            send(m, ["x@outside.test"], f"Subject: new-{i}\r\n\r\nx\r\n")
        assert time.monotonic() - began < harness.PATIENCE / 3
    finally:
        os.kill(pid, signal.SIGCONT)
    gate["open"] = True
    want = {f"{when}-{i}" for when in ("old", "new") for i in range(30)}
    harness.wait_for("old mail and new", lambda: {
        found["content"].split(b"Subject: ")[1].split(b"\r\n")[0].decode()
        for found in sink.messages} == want)
