"""Fifty sessions at once, twenty thousand messages; and a life without root."""

import os
import subprocess

import pytest

import harness
import peers


def test_fifty_sessions_relay_twenty_thousand_messages(stage):
    count = 2000 if harness.SANITIZED else 20000
    port = harness.free_port()
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "512"],
                            cwd=stage.folder)
    stage.defer(harness.end, sink)
    harness.wait_for("smtp-sink", lambda: harness.can_connect(port))
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{port}" }}\n'
                      'log { level = "info" events = "file:EVENTS" }\n'.replace(
                          "EVENTS", str(stage.folder / "events.json")),
                      trusted='"127.0.0.0/8"')
    mtad.events_file = stage.folder / "events.json"
    subprocess.run(["smtp-source", "-s", "50", "-m", str(count), "-l", "4096",
                    "-f", "a@here.test", "-t", "x@o.test",
                    f"127.0.0.1:{mtad.ports['relay']}"], check=True, timeout=300)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0, 120)
    delivered = mtad.events("delivered")
    assert len(delivered) == count
    assert len({e["id"] for e in delivered}) == count
    assert not mtad.events("deferred") and not mtad.events("bounced")


def test_an_ordinary_user_runs_mtad(stage):
    """As somebody without rights: same mail, same commands."""
    peers.need_root()
    mtad = stage.mtad(start=False)
    conf = mtad.conf_file.read_text()
    mtad.conf_file.write_text("\n".join(
        line for line in conf.splitlines()
        if not line.startswith(("user =", "control {"))) + "\n")
    subprocess.run(["chown", "-R", "nobody:nogroup", mtad.folder], check=True)
    log = open(mtad.log_file, "ab")
    mtad.process = subprocess.Popen(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
         harness.MTAD, "-c", mtad.conf_file], stdout=log, stderr=log,
        env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    harness.wait_for("mtad's listeners", mtad.is_up)
    with mtad.smtp() as s:
        s.sendmail("x@o.test", ["bob@here.test"], "Subject: n\r\n\r\nx\r\n")
    mtad.wait_mail("bob@here.test")
    assert "receiver" in mtad.ctl("status")


@pytest.mark.parametrize("role", ["receiver", "scheduler", "deliverer", "authenticator"])
def test_no_worker_has_roots_rights(stage, role):
    peers.need_root()
    mtad = stage.mtad()
    pids = harness.wait_for("the workers", lambda: mtad.workers(role))
    for pid in pids:
        def rightless():
            status = open(f"/proc/{pid}/status").read()
            fields = dict(line.split(":\t", 1) for line in status.splitlines()
                          if ":\t" in line)
            return "0" not in fields["Uid"].split() and \
                int(fields["CapEff"], 16) == 0 and \
                (harness.SANITIZED or role == "authenticator"
                 or fields["NoNewPrivs"].strip() == "1")
        harness.wait_for(f"{role} {pid} to give up its rights", rightless, 10)
        if role in ("receiver", "deliverer") and not harness.SANITIZED:
            assert os.readlink(f"/proc/{pid}/root") == str(mtad.folder / "spool")
