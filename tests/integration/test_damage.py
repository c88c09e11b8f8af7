"""What a damaged spool costs: the damaged message alone, and no other. Found by
mtactl spool check, taken away by --repair, survived by mtad itself."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import harness
from test_deliver import send

COUNT = 8
LARGE = COUNT - 1
VICTIM = 3
JOURNAL_FIRST = 128
FAST = 'delivery { retry = { "1s" } }\n'


def needle(i):
    return f"needle-{i}-in-the-haystack".encode()


def attempts(m):
    return [r["attempts"] for e in m.queue() for r in e["recipients"]]


@pytest.fixture(scope="module")
def filled():
    """A spool with mail in segments, a checkpoint and a journal behind it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mtad-it-", dir="/tmp"))
    folder.chmod(0o755)
    m = harness.Mtad(folder / "m", FAST + 'route "*" { via = '
                     f'"smtp:127.0.0.1:{harness.free_port()}" }}\n')
    try:
        m.start()
        for i in range(COUNT):
            lines = (1 << 16) if i == LARGE else 60
            send(m, [f"x{i}@outside.test"], f"Subject: {i}\r\n\r\n"
                 f"{needle(i).decode()}\r\n" + "hay hay hay hay hay\r\n" * lines)
        harness.wait_for("a try of each", lambda: all(attempts(m)))
        m.stop()
        m.start()
        harness.wait_for("a checkpoint", lambda: (
            m.folder / "spool/journal/checkpoint").exists())
        for _ in range(2):
            before = min(attempts(m))
            m.ctl("queue", "flush")
            harness.wait_for("another try of each",
                             lambda: min(attempts(m)) > before)
        m.stop()
        yield m.folder / "spool"
    finally:
        with contextlib.suppress(AssertionError):
            m.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Spool:
    """The files of one spool, to be damaged."""

    def __init__(self, path):
        self.path = path

    def segment(self, i=VICTIM):
        """The file with message i, and where its content is."""
        for path in (self.path / "segments").iterdir():
            at = path.read_bytes().find(needle(i))
            if at >= 0:
                return path, at
        raise AssertionError(f"no segment has message {i}")

    def journal(self):
        return max((p for p in (self.path / "journal").iterdir()
                    if p.name != "checkpoint"),
                   key=lambda p: p.read_bytes().count(b"JREC"))

    def checkpoint(self):
        return self.path / "journal/checkpoint"

    def large(self):
        return next((self.path / "large").iterdir())

    def behind(self, path, at):
        """Messages of that segment whose records end behind that octet."""
        data = path.read_bytes()
        small = {i for i in range(LARGE) if data.find(needle(i)) >= at}
        record = data.find(f"x{LARGE}@outside.test".encode())
        return small | ({LARGE} if record >= at else set())


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data[at:at + 1])


def cut(path, size):
    with open(path, "r+b") as f:
        f.truncate(size)


def record_of(spool):
    path, at = spool.segment()
    return path, path.read_bytes().rfind(b"MREC", 0, at)


# Each damages the spool and returns the messages that it costs.

def segment_header(spool):
    flip(spool.segment()[0], 3)
    return set()


def record_header(spool):
    path, at = record_of(spool)
    flip(path, at + 30)
    return {VICTIM}


def envelope(spool):
    path, at = record_of(spool)
    flip(path, path.read_bytes().find(f"x{VICTIM}@outside".encode(), at))
    return {VICTIM}


def content(spool):
    flip(*spool.segment())
    return {VICTIM}


def large_content(spool):
    flip(spool.large(), 1000000)
    return {LARGE}


def large_cut(spool):
    cut(spool.large(), 5000)
    return {LARGE}


def large_missing(spool):
    spool.large().unlink()
    return {LARGE}


def journal_record(spool):
    flip(spool.journal(), JOURNAL_FIRST + 50)
    return set()


def journal_headers(spool):
    flip(spool.journal(), 17)
    flip(spool.journal(), JOURNAL_FIRST // 2 + 17)
    return set()


def journal_cut(spool):
    data = spool.journal().read_bytes()
    cut(spool.journal(), data.rfind(b"JREC") + 30)
    return set()


def checkpoint_record(spool):
    flip(spool.checkpoint(), spool.checkpoint().stat().st_size // 2)
    return set()


def checkpoint_headers(spool):
    flip(spool.checkpoint(), 17)
    flip(spool.checkpoint(), JOURNAL_FIRST // 2 + 17)
    return set()


def checkpoint_cut(spool):
    cut(spool.checkpoint(), spool.checkpoint().stat().st_size // 2)
    return set()


def segment_cut(spool):
    path, at = spool.segment()
    lost = spool.behind(path, at)
    cut(path, at)
    return lost


def segment_missing(spool):
    path, _ = spool.segment()
    lost = spool.behind(path, 0)
    path.unlink()
    return lost


def foreign(spool):
    for name in ("notes.txt", "segments/notes.txt", "large/.x", "journal/a"):
        (spool.path / name).write_text("notes")
    (spool.path / "journal/folder").mkdir()
    return set()


KINDS = [segment_header, record_header, envelope, content, large_content,
         large_cut, large_missing, journal_record, journal_headers, journal_cut,
         checkpoint_record, checkpoint_headers, checkpoint_cut, segment_cut,
         segment_missing, foreign]


def damaged_mtad(stage, filled, kind):
    """A mtad, not yet started, on a damaged copy; what that costs; its sink."""
    sink = stage.sink()
    m = stage.mtad(FAST + 'route "*" { via = '
                   f'"smtp:127.0.0.1:{sink.port}" }}\n', start=False)
    spool = Spool(m.folder / "spool")
    subprocess.run(["cp", "-a", filled, spool.path], check=True)
    return m, kind(spool), sink


def arrived(sink):
    return sorted(i for i in range(COUNT) for found in sink.messages
                  if needle(i) in found["content"])


def check_others_arrive(m, sink, lost):
    want = [i for i in range(COUNT) if i not in lost]
    m.ctl("queue", "flush")
    harness.wait_for("the others to arrive", lambda: arrived(sink) == want)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_a_repair_costs_the_damaged_message_alone(stage, filled, kind):
    m, lost, sink = damaged_mtad(stage, filled, kind)
    found = json.loads(m.ctl("--json", "spool", "check", code=1))["damaged"]
    assert len(found) >= (5 if kind is foreign else 1), found
    done = json.loads(m.ctl("--json", "spool", "check", "--repair"))
    assert done["damaged"] == [] and done["lost"] == len(lost), done
    assert done["messages"] == COUNT - len(lost), done
    if kind in (record_header, envelope, content):
        name, = (m.folder / "spool/quarantine").iterdir()
        assert needle(VICTIM)[1:] in name.read_bytes()
    if kind is foreign:
        assert done["quarantined"] == 5
    assert ": 0 damaged" in m.ctl("spool", "check")
    m.start()
    check_others_arrive(m, sink, lost)
    harness.wait_for("an empty queue", lambda: m.queue_count() == 0)


@pytest.mark.parametrize(
    "kind", [record_header, content, large_cut, journal_headers,
             checkpoint_headers, checkpoint_cut, segment_missing],
    ids=lambda k: k.__name__)
def test_mtad_holds_what_is_damaged_and_goes_on(stage, filled, kind):
    m, lost, sink = damaged_mtad(stage, filled, kind)
    m.start()
    check_others_arrive(m, sink, lost)
    harness.wait_for("the damaged to be held",
                     lambda: m.queue_count("--state", "held") == len(lost))
    assert m.queue_count() == len(lost)
    if lost and kind is not segment_missing:
        kept = json.loads(m.ctl("--json", "status"))["queue"]["quarantined"]
        assert kept == len(list((m.folder / "spool/quarantine").iterdir())) > 0
    if lost:
        assert "damaged" in m.log()


def test_a_repair_needs_mtad_to_be_stopped(stage):
    m = stage.mtad()
    assert "stop it first" in m.ctl("spool", "check", "--repair", code=1)
