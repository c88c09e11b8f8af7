"""Mail that an alias sends away: SPF-proof senders, and their way back."""

from test_deliver import OUT, send

STRANGER = "127.0.0.77"


def forwarder(stage, sink, secrets="s" * 24 + "\n"):
    folder = stage.folder
    aliases = folder / "srs-aliases"
    aliases.write_text("fwd: x@outside.test\n")
    secret = folder / "srs.secret"
    secret.write_text(secrets)
    secret.chmod(0o640)
    return stage.mtad(
        f'srs {{ domain = "here.test" secret = "file:{secret}" }}\n'
        f'domain "here.test" {{ deliver = "discard:" aliases = "file:{aliases}" }}\n'
        f'route "*" {{ via = "smtp:127.0.0.1:{sink.port}" }}\n'
        'checks { spf = "off" dkim = "off" dmarc = "off" arc = "off" }\n')


def sender_of(message):
    return message["sender"].split("<", 1)[1].split(">")[0]


def talk(mtad, sender, recipient):
    with mtad.smtp(source=STRANGER) as s:
        s.ehlo("stranger.test")
        s.mail(sender)
        return s.rcpt(recipient)


def test_what_is_forwarded_leads_back_and_nothing_else_does(stage):
    sink = stage.sink()
    mtad = forwarder(stage, sink)
    with mtad.smtp(source=STRANGER) as s:
        s.sendmail("Carol@far.test", ["fwd@here.test"], "Subject: f\r\n\r\nx\r\n")
    told = sender_of(sink.wait()[0])
    assert told.startswith("SRS0=") and told.endswith("=far.test=Carol@here.test")
    # The report comes back, from <> alone.
    with mtad.smtp(source=STRANGER) as s:
        s.sendmail("", [told], "Subject: report\r\n\r\nx\r\n")
    report = sink.wait(2)[1]
    assert report["sender"].startswith("FROM:<>")
    assert report["rcpts"][0].startswith("TO:<Carol@far.test>")
    assert talk(mtad, "spam@far.test", told)[0] == 550
    # What we did not make goes nowhere: no way to relay.
    for forged in (told.replace("Carol", "victim"), told.replace("far.test", "far.tesu"),
                   "SRS0=aaaaaaaa=aa=outside.test=victim@here.test",
                   "SRS1=aaaaaaaa=outside.test==h=t=d=l@here.test", "SRS0=@here.test"):
        code, reply = talk(mtad, "", forged)
        assert code == 550 and reply.startswith(b"5.1.1"), forged
    assert talk(mtad, "", told.replace("@here.test", "@outside.test"))[0] == 550
    assert "s" * 24 not in mtad.log()


def test_own_senders_and_direct_mail_stay_as_they_are(stage):
    sink = stage.sink()
    mtad = forwarder(stage, sink)
    send(mtad, ["fwd@here.test"], sender="a@here.test")
    assert sender_of(sink.wait()[0]) == "a@here.test"
    send(mtad, OUT, sender="b@far.test")
    assert sender_of(sink.wait(2)[1]) == "b@far.test"


def test_an_old_secret_is_good_until_it_is_gone(stage):
    sink = stage.sink()
    mtad = forwarder(stage, sink)
    with mtad.smtp(source=STRANGER) as s:
        s.sendmail("c@far.test", ["fwd@here.test"], "Subject: f\r\n\r\nx\r\n")
    told = sender_of(sink.wait()[0])
    place = mtad.conf_file.read_text().split('secret = "file:')[1].split('"')[0]
    with open(place, "w") as f:
        f.write("n" * 24 + "\n" + "s" * 24 + "\n")
    mtad.ctl("reload")
    assert talk(mtad, "", told)[0] == 250
    with open(place, "w") as f:
        f.write("n" * 24 + "\n")
    mtad.ctl("reload")
    assert talk(mtad, "", told)[0] == 550
