"""mtactl spool check: finds what is damaged, and nothing beside it."""

import json
import threading

import harness
from test_deliver import send

NEEDLE = b"a needle in the haystack"


def fill(m, count=5):
    for i in range(count):
        text = NEEDLE.decode() if i == 2 else "hay"
        send(m, ["x@outside.test"], f"Subject: {i}\r\n\r\n{text}\r\n")
    harness.wait_for("the queue to hold it", lambda: m.queue_count() == count)


def stuck(stage):
    return stage.mtad(
        f'route "*" {{ via = "smtp:127.0.0.1:{harness.free_port()}" }}\n')


def flip(m):
    """One bit of the needle, in whichever segment has it."""
    for path in (m.folder / "spool/segments").iterdir():
        data = path.read_bytes()
        at = data.find(NEEDLE)
        if at >= 0:
            with open(path, "r+b") as f:
                f.seek(at)
                f.write(bytes([NEEDLE[0] ^ 1]))
            return
    raise AssertionError("no segment has the message")


def test_a_whole_queue_is_clean_with_and_without_mtad(stage):
    m = stuck(stage)
    fill(m)
    assert ": 0 damaged" in m.ctl("spool", "check")
    m.stop()
    assert m.ctl("spool", "check").startswith("5 messages, ")
    assert json.loads(m.ctl("--json", "spool", "check"))["damaged"] == []


def test_a_flipped_bit_is_found_with_and_without_mtad(stage):
    m = stuck(stage)
    fill(m)
    m.stop()  # so that its journal tells of all of them
    m.start()
    harness.wait_for("the queue to be known", lambda: m.queue_count() == 5)
    victim = [e["id"] for e in m.queue()][2]
    flip(m)
    online = m.ctl("spool", "check", code=1)
    assert online.count("damage: ") == 1 and "segments/" in online, online
    assert victim in online, online
    m.stop()
    offline = m.ctl("spool", "check", code=1)
    assert offline.count("damage: ") == 1 and victim in offline, offline
    assert ": 1 damaged" in offline


def test_mail_under_way_is_no_damage(stage):
    m = stage.mtad()
    done = threading.Event()

    def work():
        while not done.is_set():
            send(m, ["bob@here.test"], "Subject: x\r\n\r\n" + "x\r\n" * 300)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(5):
            m.ctl("spool", "check")
    finally:
        done.set()
        for t in threads:
            t.join()


def test_without_a_spool_it_fails(stage):
    m = stage.mtad(start=False)
    assert "No such file" in m.ctl("spool", "check", code=1)
