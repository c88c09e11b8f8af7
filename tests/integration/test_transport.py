"""How much TLS mail gets: DANE, MTA-STS, REQUIRETLS, and never less."""

import harness
import pytest
import zones

FAST = 'delivery { mx_port = %d retry = { "1s" } %s }\n'


def send(mtad, recipient="x@o.test", text="Subject: t\r\n\r\nhi\r\n", options=()):
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail("a@here.test", [recipient], text, options)


class Peer:
    """An MX host "mx.o.test" of the domain o.test, with a certificate."""

    def __init__(self, stage, name="mx.o.test", ca=None, **kw):
        self.port = harness.free_port()
        self.cert = harness.make_certificate(stage.folder, name, ca=ca)
        self.sink = stage.sink("127.0.1.2", self.port, certificate=self.cert, **kw)


def zone(*more):
    return "@ MX 10 mx\nmx A 127.0.1.2\n" + "".join(f"{m}\n" for m in more)


def nsd(stage, all_zones, plain=(), forge=()):
    n = zones.SignedNsd(stage.sub("nsd"), all_zones, plain)
    stage.defer(n.stop)
    if forge:
        n.stop()
        for change in forge:
            n.forge(*change)
        n.start()
    return n


def deferred(mtad):
    return harness.wait_for("a deferred message", lambda: [
        e for e in mtad.events("deferred")])[0]


def run(stage, peer, *records, conf="", route="", plain=(), forge=()):
    dns = nsd(stage, {"o.test": zone(
        *(r.replace("PORT", str(peer.port)) for r in records))}, plain, forge)
    return stage.mtad(FAST % (peer.port, conf) + dns.conf + (
        f'route "*" {{ via = "mx" {route} }}\n' if route else ""))


# --- DANE ---

def test_a_right_tlsa_record_authenticates_the_host(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "dane"
    assert event["tls"].startswith("TLSv1.3 ") and event["tls"].endswith(" verified")


def test_dane_holds_for_a_certificate_of_any_name(stage):
    peer = Peer(stage, name="other.example")
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]


def test_a_wrong_tlsa_record_puts_the_mail_off(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}")
    send(mtad)
    event = deferred(mtad)
    assert event["policy"] == "dane" and "4.7.5" in event["reply"]
    assert not peer.sink.messages


def test_no_starttls_means_no_mail_where_tlsa_records_are(stage):
    port = harness.free_port()
    cert = harness.make_certificate(stage.folder, "mx.o.test")
    sink = stage.sink("127.0.1.2", port)
    dns = nsd(stage, {"o.test": zone(f"_{port}._tcp.mx {zones.tlsa(cert[0])}")})
    mtad = stage.mtad(FAST % (port, "") + dns.conf)
    send(mtad)
    assert "4.7.10" in deferred(mtad)["reply"]
    assert not sink.messages


def test_unusable_records_demand_encryption_alone(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], usage=1)}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "encrypt"


def test_bogus_tlsa_records_put_the_mail_off(stage):
    peer = Peer(stage)
    right = zones.tlsa(peer.cert[0])
    mtad = run(stage, peer, f"_PORT._tcp.mx {right}",
               forge=[("o.test", r"(TLSA\s+3 1 1 )[0-9a-f]{4}", r"\g<1>0123")])
    send(mtad)
    event = deferred(mtad)
    assert "4.7.5" in event["reply"] and "TLSA" in event["reply"]
    assert not peer.sink.sessions


def test_records_of_an_unsigned_zone_count_for_nothing(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}",
               plain=["o.test"])
    send(mtad)
    peer.sink.wait()
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "opportunistic"


def test_a_signed_zone_without_records_is_opportunistic(stage):
    port = harness.free_port()
    sink = stage.sink("127.0.1.2", port)
    dns = nsd(stage, {"o.test": zone()})
    mtad = stage.mtad(FAST % (port, "") + dns.conf)
    send(mtad)
    assert not sink.wait()[0]["tls"]


def test_a_trust_anchor_needs_the_right_name(stage):
    ca = harness.make_certificate(stage.folder, "ca.test")
    for name, good in (("mx.o.test", True), ("wrong.test", False)):
        peer = Peer(stage, name=name, ca=ca)
        peer.cert[0].write_text(peer.cert[0].read_text() + ca[0].read_text())
        mtad = run(stage, peer, "_PORT._tcp.mx " +
                   zones.tlsa(ca[0], usage=2, selector=0))
        send(mtad)
        if good:
            assert peer.sink.wait()[0]["tls"]
        else:
            assert "4.7.5" in deferred(mtad)["reply"]
            assert not peer.sink.messages
        peer.sink.stop()


def test_records_at_the_end_of_an_alias_come_first(stage):
    peer = Peer(stage)
    dns = nsd(stage, {"o.test": "@ MX 10 mx\nmx CNAME real\nreal A 127.0.1.2\n"
                      f"_{peer.port}._tcp.real {zones.tlsa(peer.cert[0])}\n"
                      f"_{peer.port}._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}\n"})
    mtad = stage.mtad(FAST % (peer.port, "") + dns.conf)
    send(mtad)
    assert peer.sink.wait()[0]["tls"]


def test_the_next_host_serves_where_one_fails_its_policy(stage):
    peer = Peer(stage)
    other = stage.sink("127.0.1.3", peer.port)
    dns = nsd(stage, {"o.test": "@ MX 5 bad\nbad A 127.0.1.3\n" + zone(
        f"_{peer.port}._tcp.bad {zones.tlsa(peer.cert[0])}",
        f"_{peer.port}._tcp.mx {zones.tlsa(peer.cert[0])}")})
    mtad = stage.mtad(FAST % (peer.port, "") + dns.conf)
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    assert not other.messages


@pytest.mark.parametrize("signed", [True, False])
def test_a_route_that_demands_dane_gets_it_or_waits(stage, signed):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}",
               route='tls = "dane"', plain=[] if signed else ["o.test"])
    send(mtad)
    if signed:
        assert peer.sink.wait()[0]["tls"]
    else:
        assert "4.7.10" in deferred(mtad)["reply"]
        assert not peer.sink.messages
