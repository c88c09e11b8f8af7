"""Peers that mean ill."""


def test_idle_commands_come_to_an_end(stage):
    m = stage.mtad()
    with m.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        replies = []
        while len(replies) < 500:
            replies.append(t.say("NOOP"))
            if not replies[-1].startswith("250"):
                break
        assert replies[-1].startswith("421 4.7.0"), replies[-1]
        assert t.is_closed()


def test_receivers_share_their_counters(stage):
    m = stage.mtad()
    m.stop()
    assert "no-shared-counters" not in m.log()
