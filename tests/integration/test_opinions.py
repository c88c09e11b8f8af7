"""Second opinions: one corpus of messages with every kind of verdict, judged by
mtad, rspamd, opendkim and opendmarc with the same DNS. What mtad has to say is
written down for each message; where another says otherwise, the difference is
listed with its reason, and a difference that is gone has to leave the list."""

import random

import pytest

import opinions
import senders
from senders import BAD, GOOD, LOCAL

KNOWN = (  # program, messages, check, what it says, why
    ("opendkim", "expired", "dkim", {"rsa": "permerror"},
     "its word for what cannot be tried; ours is of a signature that is not accepted"),
    ("opendkim", "text after l=", "dkim", {"rsa": "pass"},
     "text that is not signed is not counted against a signature"),
    ("opendkim", "sha1", "dkim", {"rsa": "pass"}, "older than RFC 8301"),
    ("opendkim", "key for sha1 alone", "dkim", {"sha1only": "fail"}, "its word for such keys"),
    ("opendkim", "key for other services", "dkim", {"other": "fail"}, "the same"),
    ("opendkim", "revoked", "dkim", {"revoked": "fail"}, "the same"),
    ("opendkim", "no key", "dkim", {"missing": "fail"}, "the same"),
    ("opendkim", "strict key, i= below", "dkim", {"strict": "fail"}, "the same"),
    ("opendmarc", "soft, elsewhere", "spf", "fail", "all that is no pass is a fail to it"),
    ("opendmarc", "neutral", "spf", "fail", "the same"),
    ("opendmarc", "neutral, elsewhere", "spf", "fail", "the same"),
    ("opendmarc", "typo", "spf", "fail", "the same"),
    ("opendmarc", "typo, elsewhere", "spf", "fail", "the same"),
    ("opendmarc", "loop", "spf", "fail", "the same"),
    ("opendmarc", "loop, elsewhere", "spf", "fail", "the same"),
    ("opendmarc", "strict, sender below", "dmarc", "pass", "takes no notice of aspf=s"),
    ("opendmarc", "text after l=", "dmarc", "pass", "by what opendkim said"),
    ("opendmarc", "sha1", "dmarc", "pass", "by what opendkim said"),
    ("rspamd", "typo", "spf", "pass", "skips terms that it does not know"),
    ("rspamd", "typo, elsewhere", "spf", "fail", "the same"),
    ("rspamd", "loop", "spf", "fail", "leaves a record out that includes itself"),
    ("rspamd", "loop, elsewhere", "spf", "fail", "the same"),
    ("rspamd", "no policy in the record", "dmarc", "pass", "takes p=none"),
    ("rspamd", "expired", "dkim", {}, "passes over what it does not accept in silence"),
    ("rspamd", "text after l=", "*", "pass",
     "text that is not signed is not counted against a signature"),
    ("rspamd", "sha1", "*", "pass", "older than RFC 8301"),
    ("rspamd", "short key", "*", "pass", "has no least length of keys"),
    ("rspamd", "key for sha1 alone", "*", "pass", "does not look at h="),
    ("rspamd", "key for other services", "*", "pass", "does not look at s="),
    ("rspamd", "strict key, i= below", "*", "pass", "does not look at t=s"),
    ("rspamd", "i= elsewhere", "*", "pass", "does not look at i="),
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return senders.Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def dns(stage, keys):
    address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
    return stage.nsd(senders.zones(keys), address=address, port=53)


def mtads(stage, dns, messages):
    """Its opinion of each message, of those that it delivered."""
    m = stage.mtad(dns.conf + 'checks { dmarc = "observe" spf = "observe" }\n')
    for source in (GOOD, BAD):
        with m.talk(source=LOCAL[source]) as t:
            t.reply()
            t.say("EHLO mail.client.test")
            for number, message in enumerate(messages):
                if message.source != source:
                    continue
                t.say(f"MAIL FROM:<{message.sender}>")
                t.say(f"RCPT TO:<n{number}@here.test>")
                t.say("DATA")
                t.send(message.raw + b".\r\n")
                reply = t.reply()
                assert reply.startswith("250 2.0.0"), (message.raw, reply)
    return [opinions.from_mailbox(m.wait_mail(f"n{number}@here.test")[0])
            for number in range(len(messages))]


def expected(program, check, name, right):
    """What it is to say: what is right, but for the known differences."""
    for who, title, what, verdict, _ in KNOWN:
        if (who, name.split(" ", 1)[1]) != (program, title) or what not in (check, "*"):
            continue
        if check == "dkim" and verdict == "pass":
            return {selector: verdict for selector in right}
        if what == check or check == "dmarc":
            return verdict
    return right


def compare(program, checks, made, found):
    """All that is not as expected, in words."""
    return [f"{program}, {name}, {check}: {said.get(check)}, not {want}"
            for (name, (_, right)), said in zip(made.items(), found)
            for check in checks
            for want in [expected(program, check, name, right[check])]
            if said.get(check) != want]


def test_others_say_the_same(stage, keys, dns):
    made = senders.corpus(keys)
    messages = [m for m, _ in made.values()]
    assert {k[1] for k in KNOWN} <= {name.split(" ", 1)[1] for name in made}
    opendkim = opinions.OpenDkim(stage.folder, dns)
    stage.defer(opendkim.stop)
    opendmarc = opinions.OpenDmarc(stage.folder, dns, opendkim)
    stage.defer(opendmarc.stop)
    rspamd = opinions.Rspamd(stage.folder, dns)
    stage.defer(rspamd.stop)
    wrong = compare("mtad", opinions.ALL, made, mtads(stage, dns, messages))
    for program in (opendkim, opendmarc, rspamd):
        found = [program.judge(m) for m in messages]
        wrong += compare(type(program).__name__.lower(), program.CHECKS, made, found)
    assert wrong == [], "\n".join(wrong)
