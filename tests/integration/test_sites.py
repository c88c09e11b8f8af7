"""Domains with the same MX hosts are one site: its pace, its rest, its name."""

import json
import threading
import time

import harness

CONF = 'delivery { mx_port = %d retry = { "%s" } }\n'
DOMAINS = [f"d{i}.test" for i in range(5)]


class Provider(harness.Sink):
    """One host of many domains, that counts its connections and takes `most`.

    On a busy machine a connection that said goodbye is counted for a while, so
    `peak` is about; transactions are counted exactly.
    """

    def __init__(self, *args, most=1000, slow=0, **kw):
        self.most, self.slow = most, slow
        self.open = self.peak = self.refused = 0
        self.busy = self.busy_peak = 0
        self.gate = threading.Lock()
        super().__init__(*args, **kw)

    def leave(self, session):
        with self.gate:
            self.open -= not session.get("left")
            session["left"] = True

    def converse(self, sock, session):
        with self.gate:
            self.open += 1
            self.peak = max(self.peak, self.open)
        try:
            super().converse(sock, session)
        finally:
            self.leave(session)

    def answer(self, session, verb, argument, default):
        if verb == "BANNER" and self.open > self.most:
            self.refused += 1
            return b"421 4.7.0 too many connections\r\n"
        if verb == "QUIT":
            self.leave(session)
        if verb == "MAIL":
            with self.gate:
                self.busy += 1
                self.busy_peak = max(self.busy_peak, self.busy)
        if verb == "BODY":
            time.sleep(self.slow)
            with self.gate:
                self.busy -= 1
        return super().answer(session, verb, argument, default)


def provider(stage, **kw):
    sink = Provider("127.0.1.2", harness.free_port("127.0.1.2"), **kw)
    stage.defer(sink.stop)
    return sink


def dns(stage):
    zones = {d: "@ MX 10 mx1.provider.test.\n@ MX 20 mx2.provider.test.\n"
             for d in DOMAINS}
    zones["provider.test"] = "mx1 A 127.0.1.2\nmx2 A 127.0.1.2\n"
    return stage.nsd(zones).conf


def send(mtad, domain, count=1):
    with mtad.smtp(source="127.0.0.9") as s:
        for i in range(count):
            s.sendmail(f"a{i}@here.test", [f"x{i}@{domain}"],
                       "Subject: t\r\n\r\nhi\r\n")


def send_all(mtad, count):
    senders = [threading.Thread(target=send, args=(mtad, d, count))
               for d in DOMAINS]
    for s in senders:
        s.start()
    for s in senders:
        s.join()


def site(mtad, name):
    return json.loads(mtad.ctl("--json", "site", "show", name))


def names(mtad):
    return [s["name"] for s in json.loads(mtad.ctl("--json", "site", "list"))]


def is_empty(mtad):
    return lambda: mtad.queue_count() == 0


def test_five_domains_share_a_window(stage):
    sink = provider(stage, most=3, slow=0.02)
    mtad = stage.mtad(CONF % (sink.port, "1s") + dns(stage))
    send_all(mtad, 30)
    sink.wait(150)
    harness.wait_for("an empty queue", is_empty(mtad))
    shown = site(mtad, "d3.test")
    assert shown["name"] == "mx1.provider.test"
    assert shown["domain_count"] == 5
    assert sorted(shown["domains"]) == [f"mx:{d}" for d in DOMAINS]
    assert shown["mx"] == "mx1.provider.test mx2.provider.test"
    assert shown["delivered"] == 150
    assert shown["window"] <= 4, shown
    assert sink.refused <= 20
    assert sink.busy_peak <= 3
    # The domains' own sites were there until the first answer.
    harness.wait_for("one site", lambda: names(mtad) == ["mx1.provider.test"])
    # Mail and its events go by the domain, as ever.
    assert {e["site"] for e in mtad.events("delivered")} == {
        f"mx:{d}" for d in DOMAINS}


def test_a_pattern_holds_over_all_domains(stage):
    sink = provider(stage, slow=0.02)
    mtad = stage.mtad(CONF % (sink.port, "1s") + dns(stage) +
                      'shaping "mx:*.provider.test" { connections = 2 }\n')
    send_all(mtad, 8)
    sink.wait(40)
    shown = site(mtad, "mx:d0.test")
    assert shown["name"] == "mx:*.provider.test" and shown["limit"] == 2
    assert sink.busy_peak == 2
    assert sink.peak <= 5


def test_a_dead_provider_puts_all_its_domains_to_rest(stage):
    port = harness.free_port("127.0.1.2")
    mtad = stage.mtad(CONF % (port, "1h") + dns(stage))
    send(mtad, DOMAINS[0])
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    for d in DOMAINS[1:]:
        send(mtad, d)
    harness.wait_for("five deferrals",
                     lambda: len(mtad.events("deferred")) == 5)
    shown = site(mtad, DOMAINS[4])
    assert shown["name"] == "mx1.provider.test"
    assert shown["state"] == "backing_off" and shown["deferred"] == 5
    tried = [e for e in mtad.events("deferred") if e.get("host")]
    assert len(tried) == 1, tried
    found = json.loads(mtad.ctl("--json", "queue", "list",
                                "--site", "mx1.provider.test"))
    assert len(found) == 5
    # It works again, and one probe brings all.
    sink = Provider("127.0.1.2", port)
    stage.defer(sink.stop)
    mtad.ctl("queue", "flush", "--to", f"@{DOMAINS[2]}")
    sink.wait(5)


def test_dns_that_fails_for_one_domain_is_its_own_trouble(stage):
    sink = provider(stage)
    server = stage.nsd({
        "good.test": "@ MX 10 mx.provider.test.\n",
        "bad.test": "@ MX 10 mx.provider.test.\n",
        "provider.test": "mx A 127.0.1.2\n"})
    mtad = stage.mtad(f'delivery {{ mx_port = {sink.port} retry = {{ "1h" }} '
                      'idle_timeout = "1s" }\n' + server.conf)
    send(mtad, "good.test")
    send(mtad, "bad.test")
    sink.wait(2)
    assert site(mtad, "bad.test")["name"] == "mx.provider.test"
    server.stop()
    server.write_zone("bad.test", "@ MX 10 nowhere.provider.test.\n")
    server.start()
    time.sleep(harness.RECORDS_LIFE)
    send(mtad, "bad.test")
    harness.wait_for("a deferral", lambda: mtad.events("deferred") or
                     mtad.events("bounced"))
    send(mtad, "good.test")
    sink.wait(3)
    assert site(mtad, "good.test")["state"] == "open"
    assert site(mtad, "bad.test")["name"] == "mx:bad.test"


def test_a_provider_is_suspended_by_one_of_its_domains(stage):
    sink = provider(stage)
    mtad = stage.mtad(CONF % (sink.port, "1s") + dns(stage))
    send(mtad, DOMAINS[0])
    send(mtad, DOMAINS[1])
    sink.wait(2)
    said = mtad.ctl("site", "suspend", DOMAINS[0])
    assert said.startswith("mx1.provider.test: suspended")
    send(mtad, DOMAINS[1])
    harness.wait_for("a deferral", lambda: mtad.events("deferred"))
    mtad.stop()
    mtad.start()
    send(mtad, DOMAINS[2])
    harness.wait_for("two deferrals", lambda: {
        e["recipient"] for e in mtad.events("deferred")} >= {
            f"x0@{DOMAINS[1]}", f"x0@{DOMAINS[2]}"})
    assert len(sink.messages) == 2
    assert site(mtad, DOMAINS[2])["state"] == "suspended"
    mtad.ctl("site", "resume", "mx1.provider.test")
    sink.wait(4)
