"""Routes with several next hops: mail is shared among those that work, and
what one hop does not take goes by another."""

import json
import socket
import time

import harness

QUICK = 'delivery { retry = { "1s" } connect_timeout = "2s" idle_timeout = "0s" }\n'
ROUTE = 'route "*" {{ via = {{ {} }} {} }}\n'


def hop(sink):
    return f'"smtp:127.0.0.1:{sink if isinstance(sink, int) else sink.port}"'


def start(stage, *hops, more="", extra=""):
    return stage.mtad(QUICK + extra + ROUTE.format(", ".join(map(hop, hops)),
                                                   more))


def send(mtad, count=1, name="m"):
    with mtad.smtp(source="127.0.0.9") as client:
        for i in range(count):
            client.sendmail("a@far.test", [f"{name}{i}@there.test"],
                            f"Subject: {name}{i}\n\nhello\n")


def got(*sinks):
    return sum(len(sink.messages) for sink in sinks)


def wait_all(count, *sinks):
    harness.wait_for(f"{count} messages", lambda: got(*sinks) >= count)
    assert got(*sinks) == count


def test_a_first_hop_that_is_dead_from_the_start_costs_no_mail(stage):
    alive = stage.sink()
    mtad = start(stage, harness.free_port(), alive, more="balance = false")
    send(mtad, 5)
    wait_all(5, alive)
    assert mtad.events("deferred") == []
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert "to-other-hop" in mtad.log()


def test_mail_deferred_at_a_hop_that_dies_goes_to_the_other(stage):
    later = stage.sink(script={"BODY": "451 4.2.0 later"})
    other = stage.sink(script={"BANNER": "554 5.3.2 not yet"})
    mtad = start(stage, later, other, more="balance = false")
    send(mtad, 3)
    harness.wait_for("deferred mail", lambda: len(mtad.events("deferred")) >= 3)
    later.stop()
    later.script["MAIL"] = None  # ends the sessions that are left
    del other.script["BANNER"]
    wait_all(3, other)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert later.messages == []


def test_mail_that_no_hop_took_goes_when_one_of_them_is_back(stage):
    first, second = harness.free_port(), harness.free_port()
    mtad = start(stage, first, second)
    send(mtad, 4)
    harness.wait_for("deferred mail", lambda: len(mtad.events("deferred")) >= 4)
    back = stage.sink(port=second)
    wait_all(4, back)


def test_hops_that_work_share_the_mail_evenly_by_message(stage):
    sinks = [stage.sink(), stage.sink()]
    mtad = start(stage, *sinks)
    send(mtad, 100)
    wait_all(100, *sinks)
    assert min(len(sink.messages) for sink in sinks) >= 30


def test_mtactl_test_tells_what_each_hop_gets(stage):
    mtad = stage.mtad(QUICK + 'route "*" { via = { "smtp:127.0.0.1:2501", '
                      '"smtp:127.0.0.1:2502", "discard:" } }\n'
                      'route "strict.test" { balance = false via = { '
                      '"smtp:127.0.0.1:2501", "smtp:127.0.0.1:2502" } }\n')
    shared = json.loads(mtad.ctl("--json", "test", "x@far.test"))["hops"]
    assert shared == [
        {"hop": "smtp:127.0.0.1:2501", "gets": "1/2 of the mail"},
        {"hop": "smtp:127.0.0.1:2502", "gets": "1/2 of the mail"},
        {"hop": "discard:", "gets": "all mail, while none before it works"}]
    text = mtad.ctl("test", "x@strict.test")
    assert text.index("all mail\n") < text.index("while none before it works")


def test_a_route_masquerades_the_senders_of_its_own_mail_alone(stage):
    inside, outside = stage.sink(), stage.sink()
    mtad = stage.mtad(
        QUICK + 'route "*" { via = ' + hop(outside) + ' masquerade = "here.test" }\n'
        'route "in.test" { via = ' + hop(inside) + ' }\n')
    with mtad.smtp(source="127.0.0.9") as client:
        for sender in ("me@deep.host.here.test", "me@elsewhere.test", ""):
            client.sendmail(sender, ["x@far.test"], "Subject: out\n\nhello\n")
        client.sendmail("me@deep.host.here.test", ["x@in.test"],
                        "Subject: in\n\nhello\n")
    wait_all(4, inside, outside)
    def senders(sink):
        return sorted(m["sender"].split(">")[0] for m in sink.messages)
    assert senders(inside) == ["FROM:<me@deep.host.here.test"]
    assert senders(outside) == ["FROM:<", "FROM:<me@elsewhere.test",
                                "FROM:<me@here.test"]


def test_a_busy_hop_passes_its_mail_on(stage):
    busy = stage.sink(script={"BANNER": "421 4.7.0 too many connections"})
    free = stage.sink()
    mtad = start(stage, busy, free)
    send(mtad, 10)
    wait_all(10, free)
    assert mtad.events("deferred") == []


def test_another_kind_of_hop_is_a_fall_back(stage):
    fall_back = stage.sink()
    nsd = stage.nsd({"there.test": "@ MX 10 mx\nmx A 127.0.0.1"})
    dead = harness.free_port()
    mtad = stage.mtad(
        f'{nsd.conf}delivery {{ retry = {{ "1s" }} mx_port = {dead} }}\n'
        f'route "*" {{ via = {{ "mx", {hop(fall_back)} }} }}\n')
    send(mtad, 3)
    wait_all(3, fall_back)


def test_each_source_has_a_name_of_its_own(stage):
    sink = stage.sink()
    mtad = start(stage, sink, more='helo = "other.here.test" source = { '
                 '"::1=six.here.test", "127.0.0.5=five.here.test", "127.0.0.6" }')
    send(mtad, 12)
    wait_all(12, sink)
    assert {m["helo"] for m in sink.messages} == {"five.here.test",
                                                  "other.here.test"}


# --- happy eyeballs (RFC 8305) ---

def silent(stage, address, port=0):
    """Listens, but its queue is full: who connects hears nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.bind((address, port))
    listener.listen(0)
    stage.defer(listener.close)
    for _ in range(4):
        filler = socket.socket(family)
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname()[:2])
        stage.defer(filler.close)
    return listener.getsockname()[1]


def eyeballs(stage, port, records, patience="20s"):
    dns = stage.nsd({"o.test": "@ MX 10 a\n@ MX 20 b\n" + records})
    return stage.mtad(f"{dns.conf}delivery {{ mx_port = {port} "
                      f'connect_timeout = "{patience}" idle_timeout = "0s" }}\n')


def carry(mtad, sink, count=1):
    """A message arrives long before `patience` is over."""
    with mtad.smtp(source="127.0.0.9") as client:
        client.sendmail("a@far.test", ["x@o.test"], "Subject: x\n\nhello\n")
    sink.wait(count, 15)


def test_a_family_that_does_not_answer_costs_no_wait(stage):
    port = silent(stage, "::1")
    sink = stage.sink("127.0.1.2", port)
    mtad = eyeballs(stage, port, "a AAAA ::1\na A 127.0.1.2\nb A 127.0.1.3\n")
    carry(mtad, sink)
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["address"].startswith("127.0.1.2") and "a.o.test" in event["host"]


def test_a_family_that_refuses_gives_way_at_once(stage):
    sink = stage.sink("::1")
    mtad = eyeballs(stage, sink.port, "a A 127.0.1.2\na AAAA ::1\n")
    carry(mtad, sink)
    assert mtad.events("deferred") == []


def test_hosts_do_not_race_each_other(stage):
    """The better host is slow, and alone of its policy: it is waited for."""
    port = silent(stage, "127.0.1.2")
    worse = stage.sink("127.0.1.3", port)
    mtad = eyeballs(stage, port, "a A 127.0.1.2\nb A 127.0.1.3\nb AAAA ::1\n",
                    "3s")
    with mtad.smtp(source="127.0.0.9") as client:
        client.sendmail("a@far.test", ["x@o.test"], "Subject: x\n\nhello\n")
    time.sleep(1.5)
    assert not worse.sessions
    worse.wait()


def test_the_loser_hears_nothing_and_each_message_goes_once(stage):
    six = stage.sink("::1")
    four = stage.sink("127.0.1.2", six.port)
    mtad = eyeballs(stage, six.port, "a AAAA ::1\na A 127.0.1.2\n")
    both = [six, four]
    for count in range(1, 5):
        with mtad.smtp(source="127.0.0.9") as client:
            client.sendmail("a@far.test", ["x@o.test"], "Subject: x\n\nhi\n")
        wait_all(count, *both)
    assert sum(bool(s["commands"]) for sink in both for s in sink.sessions) == 4


def test_each_family_comes_from_its_own_source_with_its_own_name(stage):
    port = silent(stage, "::1")
    sink = stage.sink("127.0.1.2", port)
    dns = stage.nsd({"o.test": "@ MX 10 a\na AAAA ::1\na A 127.0.1.2\n"})
    mtad = stage.mtad(
        f"{dns.conf}delivery {{ mx_port = {port} }}\n"
        'route "*" { via = "mx" source = { "::1=six.here.test", '
        '"127.0.0.5=five.here.test" } }\n')
    carry(mtad, sink)
    assert sink.messages[0]["helo"] == "five.here.test"
