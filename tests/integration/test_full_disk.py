"""A disk that is full, and one that fails: mail is refused for a while, none
that was accepted is lost, and service comes back by itself."""

import contextlib
import os
import re
import shutil
import smtplib
import subprocess

import pytest

import harness

FAST = 'delivery { retry = { "1s" } }\n'
SIZE = 24 << 20

# fdatasync(2) fails while the first octet of a file is not 0.
FAULTY = """
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static volatile const char *fault;
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("MTAD_TEST_FAULT");
	int fd = path == NULL ? -1 : open(path, O_RDONLY);
	void *p = fd == -1 ? MAP_FAILED :
	    mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		fault = p;
	if (fd != -1)
		close(fd);
}
int fdatasync(int fd)
{
	if (fault != NULL && *fault != 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}
"""


def mount_spool(stage, m):
    """The spool of that mtad on a small disk of its own."""
    spool = m.folder / "spool"
    spool.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}",
                           "mtad-test", spool], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system may be mounted: {done.stderr.strip()}")
    stage.defer(subprocess.run, ["umount", "-l", spool])
    shutil.chown(spool, harness.TEST_USER, harness.TEST_GROUP)
    spool.chmod(0o700)
    return spool


class Post:
    """What was answered to each message that was sent."""

    def __init__(self, m):
        self.m = m
        self.accepted = []
        self.replies = []
        self.count = 0

    def send(self, size=2000):
        """True: 250. Else the reply is kept."""
        name = f"number-{self.count}-"
        self.count += 1
        text = f"Subject: {name}\r\n\r\n" + ("x" * 70 + "\r\n") * (size // 72)
        try:
            with self.m.smtp(source="127.0.0.9") as s:
                s.sendmail("a@here.test", ["x@outside.test"], text)
        except smtplib.SMTPResponseException as e:
            self.replies.append(f"{e.smtp_code} {e.smtp_error.decode()}")
            return False
        except smtplib.SMTPRecipientsRefused as e:
            code, reply = next(iter(e.recipients.values()))
            self.replies.append(f"{code} {reply.decode()}")
            return False
        self.accepted.append(name)
        return True

    def until_refused(self, **kw):
        """By each receiver: some have room in their segments for a while."""
        refused = 0
        while refused < 10:
            refused = 0 if self.send(**kw) else refused + 1
            assert self.count < 600, "the disk takes it all"


def arrived(sink):
    return [re.search(rb"Subject: (number-\d+-)", found["content"])[1].decode()
            for found in sink.messages]


def closed_sink(stage):
    """A sink that defers all until told otherwise."""
    gate = {"open": False}
    sink = stage.sink(script={"MAIL": lambda *_: "250 2.1.0 ok" if gate["open"]
                              else "450 4.3.2 later"})
    return sink, gate


def on_a_small_disk(stage):
    """A sink, its gate, and mtad before it with its spool."""
    sink, gate = closed_sink(stage)
    m = stage.mtad(FAST + 'route "*" { via = '
                   f'"smtp:127.0.0.1:{sink.port}" }}\n', start=False)
    spool = mount_spool(stage, m)
    m.start()
    return sink, gate, m, spool


def count(m):
    """Messages in the queue; None before mtad answers."""
    with contextlib.suppress(AssertionError):
        return m.queue_count()
    return None


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as f:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    f.write(b"x" * size)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_full_disk_refuses_for_a_while_and_loses_nothing(stage):
    sink, gate, m, spool = on_a_small_disk(stage)
    post = Post(m)
    for _ in range(20):
        assert post.send()
    fill(spool / "filler")
    post.until_refused()
    assert all(r.startswith("452 4.3.1 ") for r in post.replies), post.replies
    # Not even a start needs room, and what was accepted is all there.
    m.kill_all()
    m.start()
    harness.wait_for("the queue", lambda: count(m) == len(post.accepted))
    assert not post.send()
    # Deliveries go on; what they were cannot be written down yet.
    gate["open"] = True
    m.ctl("queue", "flush")
    harness.wait_for("all that was accepted", lambda: sorted(arrived(sink))
                     == sorted(post.accepted))
    (spool / "filler").unlink()
    harness.wait_for("mail to be accepted again", post.send)
    harness.wait_for("an empty queue", lambda: m.queue_count() == 0)
    assert sorted(arrived(sink)) == sorted(post.accepted)
    assert ": 0 damaged" in m.ctl("spool", "check")
    # Written down by now: nothing comes back.
    m.stop()
    m.start()
    assert m.queue_count() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_disk_full_of_large_mail_drains_and_takes_more(stage):
    sink, gate, m, _ = on_a_small_disk(stage)
    post = Post(m)
    post.until_refused(size=1500000)
    assert len(post.accepted) > 5
    assert all(r.startswith("452 4.3.1 ") for r in post.replies), post.replies
    gate["open"] = True
    m.ctl("queue", "flush")
    harness.wait_for("all that was accepted", lambda: sorted(arrived(sink))
                     == sorted(post.accepted))
    harness.wait_for("large mail to be accepted again",
                     lambda: post.send(size=1500000))
    harness.wait_for("an empty queue", lambda: m.queue_count() == 0)
    assert ": 0 damaged" in m.ctl("spool", "check")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_segments_that_fill_a_small_disk_are_given_back(stage):
    """Even the newest of each receiver, when all in it is done."""
    sink, gate, m, _ = on_a_small_disk(stage)
    post = Post(m)
    post.until_refused(size=300000)
    assert len(post.accepted) > 20
    gate["open"] = True
    m.ctl("queue", "flush")
    harness.wait_for("an empty queue", lambda: m.queue_count() == 0)
    harness.wait_for("mail to be accepted again",
                     lambda: post.send(size=300000))
    for _ in range(10):
        assert post.send(size=300000), post.replies[-1]
    harness.wait_for("all that was accepted", lambda: sorted(arrived(sink))
                     == sorted(post.accepted))
    assert ": 0 damaged" in m.ctl("spool", "check")
    m.stop()
    m.start()
    assert m.queue_count() == 0
    assert ": 0 damaged" in m.ctl("spool", "check")


def faulty_library(stage):
    source = stage.folder / "faulty.c"
    library = stage.folder / "faulty.so"
    source.write_text(FAULTY)
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler for a disk that fails")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source],
                   check=True)
    return library


@pytest.mark.skipif(harness.SANITIZED, reason="ASan wants to be loaded first")
def test_a_failing_disk_refuses_for_a_while_and_loses_nothing(
        stage, monkeypatch):
    switch = stage.folder / "fault"
    switch.write_bytes(b"\0")
    switch.chmod(0o644)
    monkeypatch.setenv("LD_PRELOAD", str(faulty_library(stage)))
    monkeypatch.setenv("MTAD_TEST_FAULT", str(switch))
    sink, gate = closed_sink(stage)
    m = stage.mtad(FAST + 'route "*" { via = '
                   f'"smtp:127.0.0.1:{sink.port}" }}\n')
    monkeypatch.undo()
    post = Post(m)
    for _ in range(10):
        assert post.send()
    with open(switch, "r+b") as f:
        f.write(b"\1")
    for _ in range(10):
        assert not post.send()
    assert all(r.startswith("451 4.3.0 ") for r in post.replies), post.replies
    with open(switch, "r+b") as f:
        f.write(b"\0")
    harness.wait_for("mail to be accepted again", post.send)
    gate["open"] = True
    m.ctl("queue", "flush")
    harness.wait_for("all that was accepted", lambda: m.queue_count() == 0)
    assert sorted(arrived(sink)) == sorted(post.accepted)
    assert ": 0 damaged" in m.ctl("spool", "check")
    m.stop()
    m.start()
    assert m.queue_count() == 0
