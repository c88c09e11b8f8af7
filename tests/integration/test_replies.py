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


@pytest.mark.parametrize("at", STAGES)
def test_a_pause_suspends_the_site_and_says_so(stage, folder, at):
    sink = stage.sink(script=script(at, "554 5.7.1 we block you"))
    mtad = start(stage, folder, sink,
                 'blocked code=554 text="*block you*" temporary pause=1h')
    send(mtad)
    put_off = event(mtad, "deferred")
    assert put_off["rule"] == "blocked" and "block you" in put_off["reply"]
    assert "rule blocked: 554 5.7.1 we block you" in event(mtad, "suspended")["reason"]
    shown = site(mtad)
    assert shown["state"] == "suspended" and shown["until"]
    assert any("by rule blocked of replies.conf" in r and "554 5.7.1 we block you" in r
               for r in shown["reasons"])
    assert "by rule blocked" in mtad.ctl("site", "show", mtad.site)
    assert "rule=blocked" in mtad.log()
    ident = mtad.queue()[0]["id"]
    assert "rule=blocked" in mtad.ctl("queue", "show", ident)
    before = len(sink.sessions)
    send(mtad)
    harness.wait_for("both put off", lambda: len(mtad.events("deferred")) == 2)
    assert "suspended by rule blocked" in mtad.events("deferred")[1]["reply"]
    assert len(sink.sessions) == before
    assert not mtad.events("bounced")
    if at != "RCPT":
        return
    mtad.stop()
    mtad.start()
    harness.wait_for("the site", lambda: "by rule blocked" in
                     mtad.ctl("site", "show", mtad.site))
    sink.script.clear()
    mtad.ctl("site", "resume", mtad.site)
    send(mtad)
    sink.wait(1)


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


@pytest.mark.parametrize("at", STAGES)
def test_a_refusal_may_be_for_ever_whatever_its_code(stage, folder, at):
    sink = stage.sink(script=script(at, "421 4.7.0 never again"))
    mtad = start(stage, folder, sink, 'never code=421 text="*never*" permanent')
    send(mtad)
    bounced = event(mtad, "bounced")
    assert bounced["rule"] == "never" and "never again" in bounced["reply"]
    harness.wait_for("the report", lambda: mtad.mailbox("a@here.test"))
    assert "Status: 5.7.0" in str(mtad.mailbox("a@here.test")[0])


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "BODY"])
def test_a_refusal_may_be_for_now_whatever_its_code(stage, folder, at):
    sink = stage.sink(script=script(at, "550 5.7.606 banned sending IP"))
    mtad = start(stage, folder, sink, "banned code=550 status=5.7.606-649 temporary")
    send(mtad)
    assert event(mtad, "deferred")["rule"] == "banned"
    assert mtad.queue_count() == 1 and not mtad.events("bounced")


@pytest.mark.parametrize("at", STAGES)
def test_the_next_mx_may_take_what_one_refuses(stage, at):
    first = stage.sink("127.0.1.1", script=script(at, "554 5.3.2 not this one"))
    second = stage.sink("127.0.1.2", first.port)
    dns = stage.nsd({"o.test": "@ MX 10 a\n@ MX 20 b\na A 127.0.1.1\nb A 127.0.1.2\n"})
    table = stage.folder / "replies.conf"
    table.write_text("other mx=A.o.test code=554 next-mx\n")
    mtad = stage.mtad(f'delivery {{ mx_port = {first.port} replies = "{table}"'
                      f' {NEVER} }}\n{dns.conf}')
    send(mtad, "x@o.test", "y@o.test")
    second.wait(1)
    assert len(second.messages[0]["rcpts"]) == 2
    assert event(mtad, "delivered")["rule"] == "other"
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)


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
