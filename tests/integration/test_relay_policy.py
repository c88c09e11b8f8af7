"""No one relays who may not; what a stranger may do on a relay listener."""

import pytest


@pytest.fixture
def mtad(stage):
    return stage.mtad('route "*" { via = "discard:" }\n')


def rcpt(mtad, address, source=None):
    with mtad.talk(source=source) as t:
        t.reply()
        t.say("EHLO client.test")
        assert t.say("MAIL FROM:<someone@outside.test>").startswith("250 2.1.0")
        return t.say(f"RCPT TO:{address}")


def test_a_stranger_may_write_to_our_domain(mtad):
    assert rcpt(mtad, "<alice@here.test>").startswith("250 2.1.5")
    assert rcpt(mtad, "<ALICE@HERE.TEST>").startswith("250 2.1.5")


@pytest.mark.parametrize("address", [
    "<bob@outside.test>",
    "<@here.test:bob@outside.test>",
    "<@here.test,@other.test:bob@outside.test>",
    "<bob%outside.test@here.test>",
    "<outside.test!bob@here.test>",
    '<"bob@outside.test"@here.test>',
    '<"bob%outside.test"@here.test>',
    "<bob@[127.0.0.1]>",
    "<bob@[192.0.2.1]>",
    "<bob@[IPv6:::1]>",
    "<bob@here.test.outside.test>",
    "<bob@outside.test@here.test>",
    "<bob@sub.here.test>",
])
def test_a_stranger_relays_nowhere(mtad, address):
    reply = rcpt(mtad, address)
    assert reply.startswith(("550 5.7.1", "501 5.1.3", "553 5.1.3")), reply


def test_only_a_real_refusal_answers_the_plain_case(mtad):
    assert rcpt(mtad, "<bob@outside.test>").startswith("550 5.7.1")
    assert rcpt(mtad, "<@here.test:bob@outside.test>").startswith("550 5.7.1")
    assert rcpt(mtad, "<bob%outside.test@here.test>").startswith("550 5.7.1")
    assert rcpt(mtad, "<bob@[127.0.0.1]>").startswith("550 5.7.1")


def test_a_trusted_network_relays_anywhere(mtad):
    assert rcpt(mtad, "<bob@outside.test>", "127.0.0.9").startswith("250 2.1.5")


def test_postmaster_alone_is_always_accepted(mtad):
    assert rcpt(mtad, "<postmaster>").startswith("250 2.1.5")
    assert rcpt(mtad, "<Postmaster@here.test>").startswith("250 2.1.5")


def test_vrfy_and_expn_tell_nothing(mtad):
    with mtad.talk() as t:
        t.reply()
        t.say("EHLO client.test")
        known = t.say("VRFY alice")
        assert known.startswith("252 ")
        assert t.say("VRFY no-such-name") == known
        assert t.say("EXPN list").startswith(("502", "500", "550", "252"))


def test_auth_is_not_offered_nor_taken_on_a_relay_listener(mtad):
    with mtad.talk() as t:
        t.reply()
        assert "AUTH" not in t.say("EHLO client.test")
        assert t.say("AUTH PLAIN AGEAYg==").startswith(("503", "502", "538"))
        t.starttls()
        assert "AUTH" not in t.say("EHLO client.test")
        assert t.say("AUTH PLAIN AGEAYg==").startswith(("503", "502"))


def test_unknown_mailboxes_are_refused_at_rcpt(stage):
    folder = stage.sub("tables")
    folder.mkdir()
    (folder / "mailboxes").write_text("alice@here.test\nbob@here.test: x\n")
    (folder / "aliases").write_text("sales: alice@here.test\n"
                                    "team: alice@here.test,\n   bob@here.test\n")
    m = stage.mtad('domain "here.test" { deliver = "maildir:%s/%%{domain}/%%{local}"\n'
                   '  mailboxes = "file:%s" aliases = "file:%s" subaddress = "+" }\n'
                   % (stage.folder / "mtad2" / "mail", folder / "mailboxes",
                      folder / "aliases"), start=False)
    conf = m.conf_file.read_text().replace(str(stage.folder / "mtad2" / "mail"),
                                           str(m.mail))
    m.conf_file.write_text(conf)
    m.start()
    assert rcpt(m, "<alice@here.test>").startswith("250")
    assert rcpt(m, "<Alice+tag@here.test>").startswith("250")
    assert rcpt(m, "<sales@here.test>").startswith("250")
    assert rcpt(m, "<nobody@here.test>").startswith("550 5.1.1")
    with m.smtp() as s:
        s.sendmail("x@outside.test", ["team@here.test"], "Subject: t\r\n\r\nhi\r\n")
    m.wait_mail("alice@here.test")
    m.wait_mail("bob@here.test")
