"""Hostile next hops: they refuse, stall, lie, flood and break off. Mail is put
off or goes elsewhere, never twice where that can be known, and no peer gets
more than its share of a deliverer's memory or time."""

import pathlib
import socket
import threading
import time

import pytest

import harness

ROUND = 'delivery { retry = { "1s" } %s }\n'
HELLO = [b"220 sink.test ESMTP\r\n", b"250-sink.test\r\n250 PIPELINING\r\n"]
# One flight: the replies to MAIL, RCPT and DATA.
FLIGHT = b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n"
# Before each of these, something of the client's is awaited.
STAGES = {"banner": 0, "ehlo": 1, "flight": 2, "body": 3}
SAYINGS = HELLO + [FLIGHT, b"250 2.0.0 kept\r\n"]
ENDS = {1: b"\r\n", 2: b"DATA\r\n", 3: b"\r\n.\r\n"}


class Trap:
    """Plays a server up to a stage; there `act(socket)` has it."""

    def __init__(self, stage, act, address="127.0.0.1", port=0):
        self.stage = STAGES[stage]
        self.act = act
        self.listener = socket.create_server((address, port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.taken = 0
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self.play, args=(sock,), daemon=True).start()

    def play(self, sock):
        try:
            for i, saying in enumerate(SAYINGS):
                if i > 0:
                    heard = b""
                    while not heard.endswith(ENDS[i]):
                        piece = sock.recv(65536)
                        if not piece:
                            return
                        heard += piece
                if i == self.stage:
                    self.taken += 1
                    self.act(sock)
                    return
                sock.sendall(saying)
        except OSError:
            pass

    def stop(self):
        for sock in [self.listener, *self.sockets]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


def trap(stage, *args, **kw):
    made = Trap(*args, **kw)
    stage.defer(made.stop)
    return made


def stall(sock):
    while sock.recv(65536):
        pass


def drip(sock):
    """A reply that never ends, and never is late with its next line."""
    while True:
        sock.sendall(b"250-still here\r\n")
        time.sleep(0.2)


def flood(piece):
    def act(sock):
        while True:
            sock.sendall(piece)
    return act


def half_close(sock):
    sock.shutdown(socket.SHUT_WR)
    stall(sock)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def say(text):
    def act(sock):
        sock.sendall(text)
        stall(sock)
    return act


ACTS = {
    "close": lambda sock: sock.close(),
    "reset": reset,
    "half-close": half_close,
    "stall": stall,
    "drip": drip,
    "garbage": say(bytes(range(1, 256)) * 64),
    "nul": say(b"\0" * 1000 + b"\r\n"),
    "endless-line": flood(b"x" * 65536),
    "endless-lines": flood(b"250-and more\r\n" * 4096),
    "421": say(b"421 4.3.2 closing\r\n"),
}


def send(mtad, to="x@outside.test"):
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail("a@here.test", [to], "Subject: t\r\n\r\nhi\r\n")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("at", STAGES)
def test_no_trick_hangs_it_or_ends_a_message(stage, at, act):
    if (at, act) == ("body", "drip"):
        pytest.skip("that is a yes that breaks off")
    sink = trap(stage, at, ACTS[act])
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n'
                      + ROUND % 'reply_timeout = "1s"')
    send(mtad)
    harness.wait_for("two tries", lambda: len(mtad.events("deferred")) >= 2, 20)
    assert not mtad.events("bounced") and not mtad.events("delivered")
    assert mtad.queue_count() == 1


@pytest.mark.parametrize("act", ["close", "reset", "half-close", "stall", "garbage",
                                 "endless-line", "endless-lines", "421"])
def test_who_may_have_the_message_is_the_last_one_tried(stage, act):
    """The second MX gets no copy of what the first one may have taken."""
    first = trap(stage, "body", ACTS[act], "127.0.1.1")
    second = stage.sink("127.0.1.2", first.port)
    dns = stage.nsd({"o.test": "@ MX 10 a\n@ MX 20 b\na A 127.0.1.1\nb A 127.0.1.2\n"})
    mtad = stage.mtad(f'delivery {{ mx_port = {first.port} retry = {{ "1h" }}'
                      ' reply_timeout = "1s" }\n' + dns.conf)
    send(mtad, to="x@o.test")
    harness.wait_for("the deferral", lambda: mtad.events("deferred"), 20)
    assert first.taken == 1
    assert not second.messages


@pytest.mark.parametrize("at", ["banner", "ehlo", "flight"])
@pytest.mark.parametrize("act", ["close", "reset", "half-close", "stall", "drip",
                                 "garbage", "endless-line", "endless-lines"])
def test_who_can_not_have_it_costs_one_try(stage, at, act):
    """The next MX gets the message, once, in the same run."""
    first = trap(stage, at, ACTS[act], "127.0.1.1")
    second = stage.sink("127.0.1.2", first.port)
    dns = stage.nsd({"o.test": "@ MX 10 a\n@ MX 20 b\na A 127.0.1.1\nb A 127.0.1.2\n"})
    mtad = stage.mtad(f'delivery {{ mx_port = {first.port} retry = {{ "1h" }}'
                      ' reply_timeout = "1s" }\n' + dns.conf)
    send(mtad, to="x@o.test")
    second.wait(1, 20)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert len(second.messages) == 1
    assert not mtad.events("deferred")


def test_a_yes_that_breaks_off_is_no_reason_for_a_second_copy(stage):
    def half_a_yes(sock):
        sock.sendall(b"250-2.0.0 kept\r\n")
        sock.shutdown(socket.SHUT_RDWR)
    sink = trap(stage, "body", half_a_yes)
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n' + ROUND % "")
    send(mtad)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    time.sleep(1.5)
    assert sink.taken == 1


def memory_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines()
                    if line.startswith("RssAnon")))


@pytest.mark.skipif(harness.SANITIZED, reason="a sanitizer keeps what is freed")
def test_many_hostile_connections_cost_little(stage):
    """Each holds what it can: a long reply begun, a line without an end."""
    count = 200
    lines = b"".join(b"250-%03d %s\r\n" % (i, b"y" * 450) for i in range(200))
    sink = trap(stage, "flight", say(lines + b"250-" + b"z" * 4000), "127.0.1.1")
    dns = stage.nsd({"o.test": "* A 127.0.1.1\n"})
    mtad = stage.mtad(f'delivery {{ mx_port = {sink.port} reply_timeout = "1m" }}\n'
                      + dns.conf)
    pids = harness.wait_for("deliverers", lambda: list(mtad.workers("deliver")))
    time.sleep(1)
    before = sum(map(memory_of, pids))
    for i in range(count):
        send(mtad, to=f"x@d{i}.o.test")
    harness.wait_for("connections", lambda: sink.taken >= count)
    time.sleep(1)
    each = (sum(map(memory_of, pids)) - before) / count
    print(f"{each:.0f} KiB for each of {count} connections")
    assert each < 64
