"""Routes with several next hops: mail is shared among those that work, and
what one hop does not take goes by another."""

import harness

QUICK = 'delivery { retry = { "1s" } connect_timeout = "2s" }\n'
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
