"""What next hops reply decides the pace: each action of replies.conf, the
sentences of `site show`, and warm-ups."""

import datetime
import json

import pytest

import harness

REPLY = "421 4.7.28 [127.0.0.1] unusual rate of mail"
NEVER = 'retry = { "1h" }'


def send(mtad, *to, sender="a@here.test"):
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail(sender, to or ["x@outside.test"], "Subject: t\r\n\r\nhi\r\n")


def conf_of(folder, sink, rules, route="", delivery=NEVER, more=""):
    table = folder / "replies.conf"
    table.write_text(rules + "\n")
    return (f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" {route} }}\n'
            f'delivery {{ replies = "{table}" {delivery} }}\n{more}')


def site(mtad):
    return json.loads(mtad.ctl("--json", "site", "show", mtad.site))


def start(stage, folder, sink, rules, **kw):
    mtad = stage.mtad(conf_of(folder, sink, rules, **kw))
    mtad.site = f"smtp:127.0.0.1:{sink.port}"
    return mtad


def event(mtad, kind):
    harness.wait_for(f"a {kind} event", lambda: mtad.events(kind))
    return mtad.events(kind)[0]


STAGES = ["BANNER", "EHLO", "MAIL", "RCPT", "BODY"]


def script(at, reply):
    """Who refuses EHLO for good is asked with HELO."""
    return {at: reply, "HELO": reply} if at == "EHLO" else {at: reply}


class Stages:
    """A next hop for each stage of the dialogue, which refuses there: mail to
    x@STAGE.test."""

    def __init__(self, stage, folder, rules, reply, stages):
        self.stages = stages
        self.sinks = {at: stage.sink(script=script(at, reply)) for at in stages}
        table = folder / "replies.conf"
        table.write_text(rules + "\n")
        routes = "".join(f'route "{at.lower()}.test" {{ via = '
                         f'"smtp:127.0.0.1:{sink.port}" }}\n'
                         for at, sink in self.sinks.items())
        self.mtad = stage.mtad(f'{routes}delivery {{ replies = "{table}" {NEVER} }}\n')

    def send(self):
        for at in self.stages:
            send(self.mtad, f"x@{at.lower()}.test")

    def events(self, kind, count=1):
        """By stage, the latest of each."""
        total = count * len(self.stages)
        harness.wait_for(f"{total} {kind}",
                         lambda: len(self.mtad.events(kind)) >= total)
        return {e["recipient"].split("@")[1].split(".")[0].upper(): e
                for e in self.mtad.events(kind)}

    def site(self, at):
        return f"smtp:127.0.0.1:{self.sinks[at].port}"


def test_a_pause_suspends_the_site_and_says_so(stage, folder):
    hops = Stages(stage, folder, 'blocked code=554 text="*block you*" temporary pause=1h',
                  "554 5.7.1 we block you", STAGES)
    mtad = hops.mtad
    hops.send()
    for at, put_off in hops.events("deferred").items():
        assert put_off["rule"] == "blocked" and "block you" in put_off["reply"], at
        mtad.site = hops.site(at)
        shown = site(mtad)
        assert shown["state"] == "suspended" and shown["until"], at
        assert any("by rule blocked of replies.conf" in r and
                   "554 5.7.1 we block you" in r for r in shown["reasons"])
    reasons = {e["site"]: e["reason"] for e in mtad.events("suspended")}
    assert set(reasons) == {hops.site(at) for at in STAGES}
    assert set(reasons.values()) == {"rule blocked: 554 5.7.1 we block you"}
    assert "by rule blocked" in mtad.ctl("site", "show", mtad.site)
    assert "rule=blocked" in mtad.log()
    assert "rule=blocked" in mtad.ctl("queue", "show", mtad.queue()[0]["id"])
    before = {at: len(sink.sessions) for at, sink in hops.sinks.items()}
    hops.send()
    for at, put_off in hops.events("deferred", 2).items():
        assert "suspended by rule blocked; it said: 554" in put_off["reply"]
        assert len(hops.sinks[at].sessions) == before[at]
    assert not mtad.events("bounced")
    mtad.stop()
    mtad.start()
    harness.wait_for("the site", lambda: "by rule blocked" in
                     mtad.ctl("site", "show", hops.site("RCPT")))
    hops.sinks["RCPT"].script.clear()
    mtad.ctl("site", "resume", hops.site("RCPT"))
    send(mtad, "x@rcpt.test")
    hops.sinks["RCPT"].wait(1)


def test_too_many_connections_shrink_the_window_at_once(stage, folder):
    sink = stage.sink()
    mtad = start(stage, folder, sink,
                 'many code=4xx text="*too many connections*" slow')
    for _ in range(6):
        send(mtad, *[f"x{i}@outside.test" for i in range(3)])
    sink.wait(6)
    harness.wait_for("the window", lambda: site(mtad)["window"] > 2 or
                     send(mtad), 20)
    before = site(mtad)["window"]
    sink.script["MAIL"] = "450 4.2.0 Too many connections from you"
    send(mtad)
    assert event(mtad, "deferred")["rule"] == "many"
    harness.wait_for("the cut", lambda: site(mtad)["window"] < before)
    assert any("cut at" in r and "Too many connections from you" in r
               for r in site(mtad)["reasons"])


def test_a_refusal_may_be_for_ever_whatever_its_code(stage, folder):
    hops = Stages(stage, folder, 'never code=421 text="*never*" permanent',
                  "421 4.7.0 never again", STAGES)
    hops.send()
    for at, bounced in hops.events("bounced").items():
        assert bounced["rule"] == "never" and "never again" in bounced["reply"], at
    for report in hops.mtad.wait_mail("a@here.test", len(STAGES)):
        assert "Status: 5.7.0" in str(report)


def test_a_refusal_may_be_for_now_whatever_its_code(stage, folder):
    hops = Stages(stage, folder, "banned code=550 status=5.7.606-649 temporary",
                  "550 5.7.606 banned sending IP", ["MAIL", "RCPT", "BODY"])
    hops.send()
    for at, put_off in hops.events("deferred").items():
        assert put_off["rule"] == "banned", at
    assert hops.mtad.queue_count() == 3 and not hops.mtad.events("bounced")


def test_the_next_mx_may_take_what_one_refuses(stage, folder):
    zones, seconds, port = {}, {}, 0
    for i, at in enumerate(STAGES):
        first = stage.sink(f"127.0.1.{2 * i + 1}", port,
                           script=script(at, "554 5.3.2 not this one"))
        port = first.port
        seconds[at] = stage.sink(f"127.0.1.{2 * i + 2}", port)
        zones[f"{at.lower()}.test"] = (
            f"@ MX 10 a\n@ MX 20 b\na A {first.address}\nb A {seconds[at].address}\n")
    dns = stage.nsd(zones)
    table = folder / "replies.conf"
    table.write_text("other mx=A.*.test code=554 next-mx\n")
    mtad = stage.mtad(f'delivery {{ mx_port = {port} replies = "{table}"'
                      f' {NEVER} }}\n{dns.conf}')
    for at in STAGES:
        send(mtad, f"x@{at.lower()}.test", f"y@{at.lower()}.test")
    for at, second in seconds.items():
        assert len(second.wait(1)[0]["rcpts"]) == 2, at
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    assert {e["rule"] for e in mtad.events("delivered")} == {"other"}


def test_without_a_next_mx_the_reply_is_as_it_is(stage, folder):
    sink = stage.sink(script={"RCPT": "550 5.1.1 no such user"})
    mtad = start(stage, folder, sink, "other code=550 next-mx")
    send(mtad)
    assert "no such user" in event(mtad, "bounced")["reply"]
    assert len(sink.sessions) == 1


def test_an_address_rests_and_the_other_one_goes_on(stage, folder):
    def judge(session, _):
        return REPLY if session["peer"] == "127.0.0.21" else "250 2.1.0 ok"

    sink = stage.sink(script={"MAIL": judge})
    mtad = start(stage, folder, sink, "rate code=421 status=4.7.28 rest-source=1h",
                 route='source = { "127.0.0.21", "127.0.0.22" }',
                 delivery='retry = { "1s" }')
    for _ in range(4):
        send(mtad)
    sink.wait(4)
    refused = [s for s in sink.sessions if s["peer"] == "127.0.0.21"]
    assert refused and "source-rests" in mtad.log()
    count = len(refused)
    for _ in range(4):
        send(mtad)
    sink.wait(8)
    assert len([s for s in sink.sessions if s["peer"] == "127.0.0.21"]) == count
    assert any("127.0.0.21 is not used here until" in r and "by rule rate" in r
               for r in site(mtad)["reasons"])


def test_with_no_address_left_the_mail_waits_without_an_attempt(stage, folder):
    sink = stage.sink(script={"MAIL": REPLY})
    mtad = start(stage, folder, sink, "rate code=421 rest-source=3s",
                 route='source = { "127.0.0.21" }', delivery='retry = { "1s" }')
    send(mtad)
    event(mtad, "deferred")
    sink.script.clear()
    send(mtad)
    harness.wait_for("it waits", lambda: any("rests here until" in e["reply"]
                     for e in mtad.events("deferred")))
    waits = [e for e in mtad.events("deferred") if "rests here until" in e["reply"]]
    assert {e["attempts"] for e in waits} <= {0, 1}
    assert any(e["attempts"] == 0 for e in waits)
    sink.wait(2)


def test_a_line_that_is_no_rule_is_named_and_a_reload_reads_anew(stage, folder):
    sink = stage.sink(script={"RCPT": "550 5.7.1 no"})
    mtad = start(stage, folder, sink, "a code=550 temporary")
    table = folder / "replies.conf"
    table.write_text("a code=550 permanent\nb sometimes\n")
    said = mtad.ctl("reload", code=1)
    assert f"{table}:2: " in said
    send(mtad)
    assert event(mtad, "deferred")["rule"] == "a"
    table.write_text("c code=550 permanent\n")
    mtad.ctl("reload")
    send(mtad, "y@outside.test")
    assert event(mtad, "bounced")["rule"] == "c"


def warmup(*steps, days_ago=0):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    since = today - datetime.timedelta(days=days_ago)
    words = ", ".join(f'"{n}/d"' for n in steps)
    return f'shaping "*" {{ warmup = {{ {words} }} since = "{since}" }}\n'


def test_a_warmup_lets_so_many_through_today(stage, folder):
    now = datetime.datetime.now(datetime.timezone.utc)
    if (now.hour, now.minute) == (23, 59):
        pytest.skip("the day ends")
    sink = stage.sink()
    mtad = start(stage, folder, sink, "", more=warmup(9, 3, days_ago=1),
                 route='source = { "127.0.0.21", "127.0.0.22" }')
    for _ in range(8):
        send(mtad)
    harness.wait_for("two wait", lambda: len(mtad.events("deferred")) == 2)
    sink.wait(6)
    for e in mtad.events("deferred"):
        assert e["attempts"] == 0 and "warm-up" in e["reply"]
    peers = [s["peer"] for s in sink.sessions if s["count"] > 0]
    assert set(peers) == {"127.0.0.21", "127.0.0.22"}
    entry = mtad.queue()[0]
    tomorrow = (now.date() + datetime.timedelta(days=1)).isoformat()
    assert entry["recipients"][0]["next_attempt"].startswith(tomorrow + "T00:00")
    assert any("Warm-up: 3 of today's 3 messages are sent from 127.0.0.21" in r
               for r in site(mtad)["reasons"])
    mtad.stop()
    mtad.start()
    send(mtad)
    harness.wait_for("it waits", lambda: len(mtad.events("deferred")) == 3)
    assert len(sink.messages) == 6


def test_after_its_last_step_a_warmup_has_no_limit(stage, folder):
    sink = stage.sink()
    mtad = start(stage, folder, sink, "", more=warmup(1, 1, days_ago=2))
    for _ in range(5):
        send(mtad)
    sink.wait(5)
    assert not mtad.events("deferred")
