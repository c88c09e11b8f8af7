"""Mail to and from the servers and programs that people run."""

import os
import smtplib
import subprocess

import pytest

import harness
import peers
from test_deliver import FAST, send

TEXT = ("From: alice@here.test\r\nTo: bob@peer.test\r\nSubject: peer\r\n"
        "\r\n.dot\r\nhello\r\n")


def test_postfix_takes_our_mail(stage):
    postfix = peers.Postfix(stage.sub("postfix"), "virtual_mailbox_domains = peer.test\n"
                            "virtual_mailbox_maps = static:box/\n")
    stage.defer(postfix.stop)
    mtad = stage.mtad(f'route "*" {{ via = "smtp:127.0.0.1:{postfix.port}" }}\n')
    send(mtad, ["bob@peer.test"], TEXT)
    new = postfix.mail / "box" / "new"
    harness.wait_for("mail in Postfix's maildir", lambda: new.exists() and list(new.iterdir()))
    assert b".dot\nhello\n" in next(new.iterdir()).read_bytes().replace(b"\r\n", b"\n")


def test_postfix_sends_to_us(stage):
    mtad = stage.mtad()
    postfix = peers.Postfix(stage.sub("postfix"),
                            f"relayhost = [127.0.0.1]:{mtad.ports['relay']}\n"
                            "smtp_tls_security_level = encrypt\n")
    stage.defer(postfix.stop)
    with smtplib.SMTP("127.0.0.1", postfix.port) as s:
        s.sendmail("x@o.test", ["bob@here.test"], TEXT)
    got = mtad.wait_mail("bob@here.test")[0]
    assert b"ESMTPS" in got and b"postfix.test" in got


def test_exim_both_ways(stage):
    mtad = stage.mtad(start=False)
    exim = peers.Exim(stage.sub("exim"), next_port=mtad.ports["relay"], accept="peer.test")
    stage.defer(exim.stop)
    mtad.write_conf(f'route "*" {{ via = "smtp:127.0.0.1:{exim.port}" }}\n')
    mtad.start()
    send(mtad, ["bob@peer.test"], TEXT)
    new = exim.mail / "box" / "new"
    harness.wait_for("mail in Exim's maildir", lambda: new.exists() and list(new.iterdir()))
    with smtplib.SMTP("127.0.0.1", exim.port) as s:
        s.sendmail("x@o.test", ["carol@here.test"], TEXT)
    assert b"exim.test" in mtad.wait_mail("carol@here.test")[0]


def test_opensmtpd_both_ways(stage):
    mtad = stage.mtad(start=False)
    peer = peers.OpenSmtpd(stage.sub("opensmtpd"), mtad.ports["relay"])
    stage.defer(peer.stop)
    mtad.write_conf(f'route "*" {{ via = "smtp:127.0.0.1:{peer.port}" }}\n')
    mtad.start()
    send(mtad, ["bob@peer.test"], TEXT)
    new = peer.mail / "new"
    harness.wait_for("mail in its maildir", lambda: new.exists() and list(new.iterdir()))
    with smtplib.SMTP("127.0.0.1", peer.port) as s:
        s.sendmail("x@o.test", ["carol@here.test"], TEXT)
    assert b".dot" in mtad.wait_mail("carol@here.test")[0]


def test_dovecot_takes_it_by_lmtp_and_imap_reads_it(stage):
    dovecot = peers.Dovecot(stage.sub("dovecot"))
    stage.defer(dovecot.stop)
    mtad = stage.mtad(f'domain "box.test" {{ deliver = "lmtp:unix:{dovecot.lmtp}" }}\n')
    with mtad.smtp() as s:
        s.sendmail("x@o.test", ["bob@box.test", "carol@box.test"], TEXT)
    for user in ("bob@box.test", "carol@box.test"):
        got = harness.wait_for("mail by IMAP", lambda: dovecot.read(user))
        assert b"\r\n.dot\r\nhello\r\n" in got[0]


def test_dovecot_checks_our_logins(stage):
    dovecot = peers.Dovecot(stage.sub("dovecot"))
    stage.defer(dovecot.stop)
    mtad = stage.mtad(f'auth {{ users = "dovecot:{dovecot.auth}" }}\n')
    with mtad.smtp("submissions") as s:
        s.login("alice@here.test", "secret")
        s.sendmail("alice@here.test", ["bob@here.test"], TEXT)
    mtad.wait_mail("bob@here.test")
    with mtad.smtp("submissions") as s:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            s.login("alice@here.test", "wrong")


@pytest.fixture
def submission(stage):
    m = stage.mtad(start=False)
    m.add_user("alice@here.test", "secret")
    m.start()
    return m


def run(command, **kw):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          check=False, **kw)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["submissions", "submission", "submission-alt"])
@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
def test_swaks(submission, name, auth):
    tls = "--tlsc" if name == "submissions" else "--tls"
    run(["swaks", "--server", "127.0.0.1", "--port", str(submission.ports[name]), tls,
         "--auth", auth, "--auth-user", "alice@here.test", "--auth-password", "secret",
         "--from", "alice@here.test", "--to", "bob@here.test", "--helo", "c.test"])
    submission.wait_mail("bob@here.test")


def test_swaks_on_the_relay_port(submission):
    run(["swaks", "--server", "127.0.0.1", "--port", str(submission.ports["relay"]), "--tls",
         "--pipeline", "--from", "x@o.test", "--to", "bob@here.test", "--helo", "c.test"])
    submission.wait_mail("bob@here.test")


@pytest.mark.parametrize("name, auth", [("submissions", "plain"), ("submission", "login"),
                                        ("submission", "scram-sha-256")])
def test_msmtp(submission, folder, name, auth):
    run(["msmtp", "--host=127.0.0.1", f"--port={submission.ports[name]}", "--tls=on",
         "--tls-certcheck=off", f"--tls-starttls={'off' if name == 'submissions' else 'on'}",
         f"--auth={auth}", "--user=alice@here.test", "--passwordeval=echo secret",
         "--from=alice@here.test", "bob@here.test"], input=TEXT.replace("\r\n", "\n"))
    submission.wait_mail("bob@here.test")


@pytest.mark.parametrize("name", ["submissions", "submission"])
def test_curl(submission, folder, name):
    (folder / "text").write_text(TEXT)
    scheme = "smtps" if name == "submissions" else "smtp"
    run(["curl", "-sS", "-k", "--ssl-reqd", f"{scheme}://127.0.0.1:{submission.ports[name]}/c.test",
         "--mail-from", "alice@here.test", "--mail-rcpt", "bob@here.test",
         "--user", "alice@here.test:secret", "-T", str(folder / "text")])
    submission.wait_mail("bob@here.test")


def test_phpmailer(submission, folder):
    if not os.path.exists("/usr/share/php/libphp-phpmailer/autoload.php") and \
            not os.path.exists("/usr/share/php/libphp-phpmailer/src/PHPMailer.php"):
        pytest.fail("libphp-phpmailer is not installed")
    (folder / "send.php").write_text("""<?php
$d = '/usr/share/php/libphp-phpmailer/';
foreach (['Exception', 'SMTP', 'PHPMailer'] as $c) require_once $d . "src/$c.php";
$m = new PHPMailer\\PHPMailer\\PHPMailer(true);
$m->isSMTP(); $m->Host = '127.0.0.1'; $m->Port = (int)$argv[1]; $m->SMTPAuth = true;
$m->Username = 'alice@here.test'; $m->Password = 'secret'; $m->SMTPSecure = 'tls';
$m->SMTPOptions = ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]];
$m->setFrom('alice@here.test'); $m->addAddress('bob@here.test');
$m->CharSet = 'UTF-8'; $m->Subject = 'Grüße'; $m->Body = "hällo\\n"; $m->send();
""")
    run(["php", str(folder / "send.php"), str(submission.ports["submission"])])
    submission.wait_mail("bob@here.test")


def test_nodemailer(submission, folder):
    (folder / "send.js").write_text("""
const t = require('nodemailer').createTransport({host: '127.0.0.1',
  port: +process.argv[2], secure: false, requireTLS: true,
  tls: {rejectUnauthorized: false}, auth: {user: 'alice@here.test', pass: 'secret'}});
t.sendMail({from: 'alice@here.test', to: 'bob@here.test', subject: 'node', text: 'hi'})
  .then(() => process.exit(0), e => { console.error(e); process.exit(1); });
""")
    run(["node", str(folder / "send.js"), str(submission.ports["submission"])],
        env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})
    submission.wait_mail("bob@here.test")
