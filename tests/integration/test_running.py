"""mtad as a daemon: configuration errors, reload, workers that die, limits."""

import os
import pwd
import re
import signal
import subprocess
import time

import pytest

import harness
from test_deliver import send


def check(conf):
    return subprocess.run([harness.MTAD, "-n", "-c", conf], capture_output=True,
                          text=True, timeout=30, check=False)


@pytest.mark.parametrize("line, wanted", [
    ("hostnam = \"x.test\"", "hostnam"),
    ("receivers = many", "receivers"),
    ("limits { message_size = \"10XB\" }", "message_size"),
    ("limits { command_timeout = \"soon\" }", "command_timeout"),
    ("limits { recipients = 5 }\nlimits { recipients = 6 }", "limits"),
    ("listener \"x\" { port = 99999 }", "port"),
    ("listener \"x\" { port = 2600 service = \"relais\" }", "service"),
    ("tls \"default\" { certificate = \"/no/such/file\" key = \"/no/such/file\" }", "/no/such/file"),
    ("domain \"a.test\" { deliver = \"carrier-pigeon:coop\" }", "carrier-pigeon"),
    ("route \"a.test\" { tls = \"maybe\" }", "tls"),
    ("trusted_networks = { \"10.0.0.300\" }", "10.0.0.300"),
    ("delivery { retry = { } }", "retry"),
    ("log { level = \"loud\" }", "level"),
    ("limits {", ""),
    ("auth { users = \"file:/no/such/users\" }", "/no/such/users"),
])
def test_a_bad_line_is_named(folder, line, wanted):
    conf = folder / "main.conf"
    conf.write_text(f'hostname = "mx.here.test"\nspool = "{folder}/s"\n'
                    f'state = "{folder}/t"\nruntime = "{folder}/r"\n{line}\n')
    done = check(conf)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{conf}:" in done.stderr and wanted in done.stderr, done.stderr
    assert not (folder / "s").exists()


def test_all_errors_are_told_at_once(folder):
    conf = folder / "main.conf"
    conf.write_text('receivers = many\nhostnam = "x"\n'
                    'limits { recipients = "few" }\n')
    done = check(conf)
    assert done.returncode == 1
    for line in (1, 2, 3):
        assert f"{conf}:{line}:" in done.stderr, done.stderr


def test_no_such_configuration(folder):
    done = check(folder / "absent.conf")
    assert done.returncode == 1 and "absent.conf" in done.stderr


def exists(database, name):
    return subprocess.run(["getent", database, name], capture_output=True,
                          check=False).returncode == 0


def without_user(stage, *lines):
    """A configuration that names neither user nor group, unless `lines` do."""
    m = stage.mtad(start=False)
    text = [line for line in m.conf_file.read_text().splitlines()
            if not line.startswith(("user =", "control {"))]
    m.conf_file.write_text("\n".join([*lines, *text]) + "\n")
    return m


@pytest.mark.skipif(os.geteuid() != 0 or exists("passwd", "mtad"),
                    reason="is for root where there is no user mtad")
def test_nobody_stands_in_for_the_default_user(stage):
    m = without_user(stage)
    done = check(m.conf_file)
    assert done.returncode == 0, done.stderr
    assert 'warning: user: the default one, "mtad"' in done.stderr
    m.start()
    assert 'the default one, \\"mtad\\", does not exist' in m.log()
    nobody = {pwd.getpwnam("nobody").pw_uid}
    harness.wait_for("workers that are nobody", lambda: nobody == {
        os.stat(f"/proc/{pid}").st_uid for pid in m.workers()})
    send(m, ["bob@here.test"])
    m.wait_mail("bob@here.test")


@pytest.mark.skipif(os.geteuid() != 0 or exists("group", "mtad"),
                    reason="is for root where there is no group mtad")
def test_without_the_default_group_the_socket_is_for_root_alone(stage):
    m = without_user(stage)
    assert 'warning: control.group: "mtad"' in check(m.conf_file).stderr
    m.start()
    st = os.stat(m.folder / "run/control.sock")
    assert (st.st_uid, st.st_mode & 0o777) == (0, 0o600)
    assert 'control.group: \\"mtad\\" does not exist' in m.log()
    m.ctl("status")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize("line, wanted", [
    ('user = "mtad-nosuch"', 'user: "mtad-nosuch" does not exist'),
    ('control { group = "mtad-nosuch" }', 'group: "mtad-nosuch" does not exist'),
])
def test_a_user_or_group_that_is_named_must_exist(stage, line, wanted):
    done = check(without_user(stage, line).conf_file)
    assert done.returncode == 1 and wanted in done.stderr, done.stderr


@pytest.mark.parametrize("program", ["mtad", "mtactl"])
def test_help_and_version(program):
    path = harness.BUILD / program
    for flag in ("-h", "--help", "-V", "--version"):
        done = subprocess.run([path, flag], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and program in done.stdout, flag
    assert subprocess.run([path, "--bogus"], capture_output=True, check=False).returncode == 2


def test_mtactl_says_when_mtad_is_not_running(stage):
    m = stage.mtad(start=False)
    assert "not running" in m.ctl("status", code=3)


def test_status_shows_the_processes_and_listeners(stage):
    m = stage.mtad()
    words = ("receiver", "scheduler", "deliverer", "authenticator", str(m.ports["relay"]))
    harness.wait_for("all of them in the status",
                     lambda: all(word in m.ctl("status") for word in words))


@pytest.mark.parametrize("role", ["receiver", "scheduler", "deliverer", "authenticator"])
def test_a_worker_that_dies_is_started_again_and_mail_flows(stage, role):
    m = stage.mtad()
    harness.wait_for("its start", lambda: m.workers(role))
    old = set(m.workers(role))
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    harness.wait_for("a new worker", lambda: set(m.workers(role)) and
                     not set(m.workers(role)) & old)
    assert role in m.log()
    harness.wait_for("mail accepted again", lambda: harness.can_connect(m.ports["relay"]))
    time.sleep(0.5)
    send(m, ["bob@here.test"])
    m.wait_mail("bob@here.test")


def test_reload_takes_the_new_and_keeps_the_old_on_error(stage):
    m = stage.mtad()
    m.write_conf('domain "new.test" { deliver = "discard:" }\n')
    m.ctl("reload")
    with m.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.say("MAIL FROM:<a@o.test>")
        harness.wait_for("the new domain", lambda: t.say("RCPT TO:<x@new.test>").startswith("250")
                         or (t.say("QUIT") and False) or reconnect(t, m))
    m.write_conf("bogus = 1\n")
    assert "bogus" in m.ctl("reload", code=1)
    m.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    with m.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        t.say("MAIL FROM:<a@o.test>")
        assert t.say("RCPT TO:<x@new.test>").startswith("250")


def reconnect(talk, mtad):
    talk.__init__(mtad.ports["relay"])
    talk.reply()
    talk.say("EHLO client.test")
    talk.say("MAIL FROM:<a@o.test>")
    return False


def test_a_table_that_changes_is_read_again(stage):
    table = stage.folder / "mailboxes"
    table.write_text("alice@box.test\n")
    m = stage.mtad(f'domain "box.test" {{ deliver = "discard:" mailboxes = "file:{table}" }}\n')

    def answer():
        with m.talk() as t:
            t.reply()
            t.say("EHLO client.test")
            t.say("MAIL FROM:<a@o.test>")
            return t.say("RCPT TO:<bob@box.test>")
    assert answer().startswith("550 5.1.1")
    table.write_text("alice@box.test\nbob@box.test\n")
    harness.wait_for("bob", lambda: answer().startswith("250"))


def test_rate_limits(stage):
    m = stage.mtad("limits { client_rate = 3 recipients = 2 }\n")
    replies = []
    for _ in range(5):
        with m.talk(source="127.0.0.7") as t:
            t.reply()
            t.say("EHLO client.test")
            reply = t.say("MAIL FROM:<a@o.test>")
            if reply.startswith("250"):
                t.say("RCPT TO:<x@here.test>")
                assert t.say("RCPT TO:<y@here.test>").startswith("250")
                assert t.say("RCPT TO:<z@here.test>").startswith("452 4.5.3")
                t.say("DATA")
                reply = t.say("x\r\n.")
            replies.append(reply)
    assert [r[:9] for r in replies[:3]] == ["250 2.0.0"] * 3
    assert all(r.startswith("450 4.7.1") for r in replies[3:])


def test_connections_per_client_are_limited(stage):
    m = stage.mtad(start=False, listeners=["submission"])
    port = harness.free_port()
    m.write_conf(f'listener "narrow" {{ address = {{ "127.0.0.1" }} port = {port} '
                 'service = "relay" tls = "starttls" max_connections_per_client = 3 }\n')
    m.start()
    held = [harness.Talk(port, source="127.0.0.5") for _ in range(3)]
    assert all(t.reply().startswith("220") for t in held)
    with harness.Talk(port, source="127.0.0.5") as extra:
        assert extra.reply().startswith("421 4.7.0")
    with harness.Talk(port, source="127.0.0.6") as other:
        assert other.reply().startswith("220")
    for t in held:
        t.close()


def test_idle_connections_do_not_harm_the_others(stage):
    m = stage.mtad()
    count = 300 if harness.SANITIZED else 800
    idle = [harness.Talk(m.ports["relay"], source=f"127.0.2.{1 + i % 200}")
            for i in range(count)]
    for t in idle:
        assert t.reply().startswith("220")
    send(m, ["bob@here.test"])
    m.wait_mail("bob@here.test")
    for t in idle:
        t.close()


def test_an_idle_client_is_timed_out(stage):
    m = stage.mtad('limits { command_timeout = "2s" data_timeout = "3s" }\n')
    with m.talk() as t:
        t.reply()
        assert t.reply().startswith("421 4.4.2")
        assert t.is_closed()
    with m.talk() as t:  # a byte now and then is no command
        t.reply()
        start = time.monotonic()
        try:
            while time.monotonic() - start < 20:
                t.send("N")
                time.sleep(0.5)
                t.sock.setblocking(False)
                try:
                    if t.sock.recv(100):
                        break
                except BlockingIOError:
                    pass
                t.sock.setblocking(True)
        except OSError:
            pass
        assert time.monotonic() - start < 20
    with m.talk() as t:  # nor is a drip of data progress for ever
        t.reply()
        for c in ("EHLO x", "MAIL FROM:<a@o.test>", "RCPT TO:<b@here.test>", "DATA"):
            t.say(c)
        start = time.monotonic()
        try:
            while time.monotonic() - start < 30:
                t.send("x")
                time.sleep(0.3)
                t.sock.setblocking(False)
                try:
                    if t.sock.recv(100) is not None:
                        break
                except BlockingIOError:
                    pass
                t.sock.setblocking(True)
        except OSError:
            pass
        assert time.monotonic() - start < 30


def test_a_client_that_talks_before_the_greeting_is_refused(stage):
    m = stage.mtad(start=False, listeners=["submission"])
    port = harness.free_port()
    m.write_conf(f'listener "calm" {{ address = {{ "127.0.0.1" }} port = {port} '
                 'service = "relay" tls = "starttls" greet_pause = "1s" }\n')
    m.start()
    with harness.Talk(port) as t:
        t.send("EHLO too.soon\r\n")
        assert t.reply().startswith("554 ")
        assert t.is_closed()
    with harness.Talk(port) as t:
        assert t.reply().startswith("220")


def test_sigterm_lets_a_transaction_finish(stage):
    m = stage.mtad()
    with m.talk() as t:
        t.reply()
        for c in ("EHLO x", "MAIL FROM:<a@o.test>", "RCPT TO:<b@here.test>", "DATA"):
            t.say(c)
        m.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert t.say("Subject: last\r\n\r\nx\r\n.").startswith("250 2.0.0")
    assert m.process.wait(harness.PATIENCE) == 0
    m.process = None
    m.start()
    m.wait_mail("b@here.test")


def test_sni_chooses_the_certificate(stage):
    import ssl
    import socket
    a = harness.make_certificate(stage.folder, "mx.here.test")
    b = harness.make_certificate(stage.folder, "mail.other.test")
    m = stage.mtad("".join(
        f'tls "{name}" {{ certificate = "{c}" key = "{k}" }}\n'
        for name, (c, k) in (("default", a), ("mail.other.test", b))))
    for name in ("mx.here.test", "mail.other.test"):
        context = harness.lax_context()
        raw = socket.create_connection(("127.0.0.1", m.ports["submissions"]))
        with context.wrap_socket(raw, server_hostname=name) as tls:
            pem = ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))
            wanted = (a if name == "mx.here.test" else b)[0].read_text()
            assert pem.strip() in wanted


def test_log_level_changes_while_it_runs(stage):
    m = stage.mtad()

    def are_all_ready():
        found = re.search(r"master ready .* processes=(\d+)", m.log())
        return found and m.log().count("worker ready") == int(found[1])

    harness.wait_for("all workers", are_all_ready)

    def is_silent():
        size = len(m.log())
        count = len(m.mailbox("bob@here.test"))
        send(m, ["bob@here.test"])
        m.wait_mail("bob@here.test", count + 1)
        return len(m.log()) == size

    harness.wait_for("the log", lambda: not is_silent())
    # A worker hears of it a moment after mtactl has its answer.
    m.ctl("log-level", "error")
    harness.wait_for("silence", is_silent)
    m.ctl("log-level", "info")
    harness.wait_for("the log again", lambda: not is_silent())
