"""Answered with 250, never lost: kill -9 at any time; and mtactl queue."""

import json
import os
import random
import signal
import threading
import time

import pytest

import harness
from test_deliver import FAST, OUT, relay, send


def load(mtad, stop, accepted, number, lock):
    """Sends numbered messages; notes those that were answered 250."""
    i = 0
    while not stop.is_set():
        token = f"{number}-{i}"
        i += 1
        try:
            with mtad.smtp(source="127.0.0.9", timeout=5) as s:
                s.sendmail("a@here.test", [f"x{i % 7}@outside.test"],
                           f"Subject: load\r\nX-Token: {token}\r\n\r\n" + "x\r\n" * 500)
            with lock:
                accepted.add(token)
            time.sleep(0.02)  # the sink is slow: what waits must drain in time
        except Exception:  # the server was killed under us: not acknowledged
            time.sleep(0.05)


def tokens(sink):
    found = []
    for m in list(sink.messages):
        head = m["content"].split(b"X-Token: ", 1)[1]
        found.append(head.split(b"\r\n", 1)[0].decode())
    return found


def lose_nothing(mtad, sink, clients, harm, enough, patience):
    """Under the load of so many clients `harm` is done; each message that was
    accepted then arrives. Returns how many were accepted, how many came twice."""
    stop, accepted, lock = threading.Event(), set(), threading.Lock()
    threads = [threading.Thread(target=load, args=(mtad, stop, accepted, n, lock))
               for n in range(clients)]
    for t in threads:
        t.start()
    harm()
    harness.wait_for("enough mail, however slow the machine is",
                     lambda: len(accepted) > enough(), 120)
    stop.set()
    for t in threads:
        t.join()
    harness.wait_for("all that was accepted",
                     lambda: accepted <= set(tokens(sink)), patience)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0, patience * 2 // 3)
    got = tokens(sink)
    return len(accepted), len(got) - len(set(got))


@pytest.mark.parametrize("victim", ["all", "receiver", "scheduler", "deliverer"])
def test_nothing_acknowledged_is_lost(stage, victim):
    sink = stage.sink()
    mtad = relay(stage, sink, FAST % "" + "receivers = 2\ndeliverers = 2\n")
    rng = random.Random(7)

    def harm():
        for _ in range(4 if harness.SANITIZED else 8):
            time.sleep(rng.uniform(0.2, 0.8))
            if victim == "all":
                mtad.kill_all()
                mtad.start()
            else:
                for pid in mtad.workers(victim):
                    os.kill(pid, signal.SIGKILL)
                harness.wait_for(f"a new {victim}", lambda: mtad.workers(victim))

    accepted, twice = lose_nothing(mtad, sink, 6, harm, lambda: 20, 90)
    print(f"{victim}: {accepted} accepted, {twice} duplicates")


def strike(mtad, rng):
    """kill -9 of one process, or of all; says which."""
    victim = rng.choice(["all", "receiver", "scheduler", "deliverer"])
    pids = list(mtad.workers(victim)) if victim != "all" else []
    if pids:
        os.kill(rng.choice(pids), signal.SIGKILL)
        return victim
    mtad.kill_all()
    mtad.start()
    return "all"


def test_two_hundred_kills_lose_nothing(stage):
    sink = stage.sink()
    mtad = relay(stage, sink, FAST % "" + "receivers = 2\ndeliverers = 2\n")
    rng, struck = random.Random(11), []

    def harm():
        for _ in range(int(os.environ.get("MTAD_KILLS", 20 if harness.SANITIZED else 200))):
            time.sleep(rng.uniform(0.1, 0.6))
            struck.append(strike(mtad, rng))

    accepted, twice = lose_nothing(mtad, sink, 3, harm, lambda: len(struck), 180)
    print(f"{len(struck)} kills ({struck.count('all')} of all), "
          f"{accepted} accepted, {twice} duplicates")


def test_a_restart_keeps_states_and_times(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n')
    for i in range(5):
        send(mtad, [f"x{i}@outside.test"])
    harness.wait_for("5 deferred", lambda: mtad.queue_count("--state", "deferred") == 5)
    before = sorted(mtad.queue(), key=lambda m: m["id"])
    mtad.ctl("queue", "hold", before[0]["id"])
    before = sorted(mtad.queue(), key=lambda m: m["id"])
    assert before[0]["state"] == "held"
    mtad.kill_all()
    mtad.start()
    harness.wait_for("the queue", lambda: mtad.queue_count() == 5)
    after = sorted(mtad.queue(), key=lambda m: m["id"])
    for a, b in zip(before, after):
        for key in ("id", "state", "sender", "size", "arrived"):
            assert a[key] == b[key]
        for ra, rb in zip(a["recipients"], b["recipients"]):
            assert ra["address"] == rb["address"]
            assert ra["response"] == rb["response"]
            assert ra["next_attempt"] == rb["next_attempt"]


def test_mtactl_sees_and_steers_the_queue(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n')
    send(mtad, ["x@one.test"], sender="alice@here.test")
    send(mtad, ["y@two.test"], sender="bob@here.test")
    send(mtad, ["z@two.test"], sender="bob@here.test")
    harness.wait_for("3 deferred", lambda: mtad.queue_count("--state", "deferred") == 3)
    assert mtad.queue_count("--from", "alice@here.test") == 1
    assert mtad.queue_count("--to", "@two.test") == 2
    assert mtad.queue_count("--from", "@here.test", "--to", "y@two.test") == 1
    assert mtad.queue_count("--older", "1h") == 0
    assert mtad.queue_count("--newer", "1h") == 3
    assert len(mtad.queue("--limit", "2")) == 2
    one = mtad.queue("--to", "x@one.test")[0]
    assert one["sender"] == "alice@here.test" and one["state"] == "deferred"
    assert one["recipients"][0]["attempts"] == 1
    by = mtad.ctl("queue", "count", "--by", "domain")
    assert "two.test" in by and "2" in by
    shown = mtad.ctl("queue", "show", one["id"])
    assert "alice@here.test" in shown and "x@one.test" in shown
    cat = mtad.ctl("queue", "cat", one["id"])
    assert "Subject: t" in cat and cat.endswith("hi\n") or cat.endswith("hi\r\n")
    mtad.ctl("queue", "hold", "--to", "@two.test")
    assert mtad.queue_count("--state", "held") == 2
    mtad.ctl("queue", "release", "--to", "y@two.test")
    assert mtad.queue_count("--state", "held") == 1
    mtad.ctl("queue", "remove", one["id"])
    assert mtad.queue_count() == 2
    mtad.ctl("queue", "bounce", "--to", "z@two.test")
    assert b"z@two.test" in mtad.wait_mail("bob@here.test")[0]
    sink = stage.sink(port=port)
    mtad.ctl("queue", "flush", "--all")
    sink.wait()
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert mtad.ctl("queue", "show", one["id"], code=1)
    assert mtad.ctl("queue", "frobnicate", code=2)
    assert mtad.events("held") and mtad.events("released") and mtad.events("removed")


def test_a_second_mtad_on_one_spool_refuses(stage):
    mtad = stage.mtad()
    import subprocess
    done = subprocess.run([harness.MTAD, "-c", mtad.conf_file], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "mtad: " in done.stderr and "spool" in done.stderr


def test_etrn_flushes_a_site_for_a_trusted_client(stage):
    port = harness.free_port()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n'
                      'delivery { retry = { "1h" } }\n')
    send(mtad, OUT)
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    sink = stage.sink(port=port)
    with mtad.talk(source="127.0.0.9") as t:
        t.reply()
        t.say("EHLO client.test")
        assert t.say("ETRN outside.test").startswith("25")
    sink.wait()


def test_a_suspended_site_stays_so_over_reload_and_restart(stage):
    sink = stage.sink()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n' + FAST % "")
    name = f"smtp:127.0.0.1:{sink.port}"
    said = mtad.ctl("site", "suspend", name, "--for", "1h")
    assert "suspended until" in said
    send(mtad, OUT)
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    mtad.ctl("reload")
    assert site(mtad, name)["state"] == "suspended"
    until = site(mtad, name)["until"]
    mtad.stop()
    mtad.start()
    after = site(mtad, name)
    assert after["state"] == "suspended" and after["until"][:16] == until[:16]
    assert "suspended by the postmaster" in mtad.ctl("site", "show", name)
    assert name in mtad.ctl("site", "list")
    assert not sink.messages
    assert mtad.ctl("site", "resume", "smtp:nowhere.test", code=1) is not None
    mtad.ctl("site", "resume", name)
    sink.wait()
    assert [e["site"] for e in mtad.events("suspended")] == [name]
    assert [e["site"] for e in mtad.events("resumed")] == [name]
    assert site(mtad, name)["state"] == "open"
    mtad.stop()
    mtad.start()
    assert name not in mtad.ctl("site", "list")


def test_mail_of_a_site_that_is_resumed_after_a_restart_goes_at_once(stage):
    sink = stage.sink()
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n'
                      'delivery { retry = { "1h" } }\n')
    name = f"smtp:127.0.0.1:{sink.port}"
    mtad.ctl("site", "suspend", name)
    send(mtad, OUT)
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    mtad.stop()
    mtad.start()
    harness.wait_for("its queue", lambda: mtad.queue_count() == 1)
    assert not sink.messages
    mtad.ctl("site", "resume", name)
    sink.wait()


def site(mtad, name):
    return json.loads(mtad.ctl("--json", "site", "show", name))
