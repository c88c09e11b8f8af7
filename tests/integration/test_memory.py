"""What many connections cost the receivers, and those beside them."""
import pathlib
import resource
import socket

import pytest

MANY = """
listener "relay" { address = { "127.0.0.1" } port = %d service = "relay"
    tls = "starttls" max_connections = 6000
    max_connections_per_client = 6000 }
"""
STUCK, PART = 200, 1000 << 10
IDLE = 5000
MIB = 1 << 20


def receivers(m):
    """Octets of memory of their own, of all receivers together."""
    total = 0
    for pid in m.workers("receiver"):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        line = next(s for s in status.splitlines() if s.startswith("RssAnon"))
        total += int(line.split()[1]) * 1024
    return total


@pytest.fixture(name="files")
def more_files():
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    if old[1] < IDLE + 500:
        pytest.skip("too few files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (old[1], old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, old)


def begin(port):
    """A session that has sent so much of a message, and stops."""
    s = socket.create_connection(("127.0.0.1", port), 30, ("127.0.0.9", 0))
    stream = s.makefile("rb")

    def reply():
        line = stream.readline()
        while line[3:4] == b"-":
            line = stream.readline()
        return line

    assert reply().startswith(b"220")
    for command, code in ((b"EHLO client.test", b"250"),
                          (b"MAIL FROM:<a@there.test>", b"250"),
                          (b"RCPT TO:<user@here.test>", b"250"),
                          (b"DATA", b"354")):
        s.sendall(command + b"\r\n")
        assert reply().startswith(code)
    s.sendall(b"Subject: part\r\n\r\n" + b"x" * 68 + b"\r\n")
    s.sendall((b"y" * 68 + b"\r\n") * (PART // 70))
    return s


def start(stage):
    m = stage.mtad(start=False)
    m.write_conf(MANY % m.ports["relay"])
    m.start()
    return m


def deliver_one(m):
    there = len(m.mailbox("other@here.test"))
    with m.smtp(source="127.0.0.9") as client:
        client.sendmail("a@there.test", ["other@here.test"],
                        "Subject: t\r\n\r\nhi\r\n")
    m.wait_mail("other@here.test", there + 1)


def test_messages_that_get_stuck_have_a_bound(stage, files):
    m = start(stage)
    deliver_one(m)
    before = receivers(m)
    sessions = [begin(m.ports["relay"]) for _ in range(STUCK)]
    deliver_one(m)
    count = len(m.workers("receiver"))
    # src/receive/README; and what else a process and a session have
    bound = count * (32 + 8) * MIB + STUCK * (64 + 32) * 1024
    assert bound < STUCK * PART * 3 // 4
    assert receivers(m) - before < bound
    # Whoever goes on is served, and what was in the file is whole.
    sessions[-1].sendall(b"end\r\n.\r\n")
    assert sessions[-1].recv(100).startswith(b"250")
    message = m.wait_mail("user@here.test")[0]
    assert message.count(b"y" * 68) == PART // 70
    assert message.rstrip().endswith(b"end")
    for s in sessions:
        s.close()
    deliver_one(m)


def test_idle_connections_harm_nobody(stage, files):
    m = start(stage)
    deliver_one(m)
    before = receivers(m)
    idle = []
    for _ in range(IDLE):
        s = socket.create_connection(("127.0.0.1", m.ports["relay"]), 30,
                                     ("127.0.0.9", 0))
        assert s.recv(200).startswith(b"220")
        idle.append(s)
    # No buffers: less than a page of input or output would be.
    assert (receivers(m) - before) / IDLE < 8192
    deliver_one(m)
    for s in idle:
        s.close()
