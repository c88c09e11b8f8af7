"""Real mail servers as peers, each with its own configuration and folders."""

import grp
import os
import pathlib
import pwd
import shutil
import subprocess

import harness


def need_root():
    import pytest
    if os.geteuid() != 0:
        pytest.skip("this peer needs root")


def unpack(package, folder):
    """A package's files without installing it: mail servers exclude each other."""
    fetched = pathlib.Path(os.environ.get("MTAD_DEBS", folder / "deb"))
    fetched.mkdir(parents=True, exist_ok=True)
    if not any(fetched.glob(f"{package}_*.deb")):
        subprocess.run(["apt-get", "download", "-qq", package], cwd=fetched,
                       check=True, capture_output=True)
    deb = next(fetched.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg", "-x", deb, folder / "root"], check=True)
    return folder / "root"


def namespaced(folder, users, script):
    """A command that runs in a mount namespace of its own, in which those
    users exist too: packages that are not installed have made none."""
    lines = ["set -e", f"cp /etc/passwd /etc/group {folder}"]
    for number, user in enumerate(users, 64901):
        lines.append(f"echo '{user}:x:{number}:{number}::/var/lib/opensmtpd/empty:"
                     f"/bin/false' >> {folder}/passwd")
        lines.append(f"echo '{user}:x:{number}:' >> {folder}/group")
    lines += [f"mount --bind {folder}/{name} /etc/{name}" for name in ("passwd", "group")]
    return ["unshare", "-m", "sh", "-c", "\n".join(lines) + "\n" + script]


class Postfix:
    """Postfix with an instance of its own: relays by `relayhost`, or takes for
    `domains` into mbox files."""

    def __init__(self, folder, main="", port=None, address="127.0.0.1"):
        need_root()
        self.folder = pathlib.Path(folder)
        self.port = port or harness.free_port(address)
        conf, spool, data = (self.folder / n for n in ("etc", "spool", "data"))
        for f in (conf, spool, data):
            f.mkdir(parents=True)
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        shutil.chown(data, "postfix")
        shutil.chown(self.mail, "nobody")
        master = pathlib.Path("/usr/share/postfix/master.cf.dist").read_text()
        lines = []
        for line in master.splitlines():
            if line.startswith("smtp      inet"):
                line = f"{address}:{self.port} inet n - n - - smtpd"
            fields = line.split()
            if len(fields) >= 8 and not line.startswith(("#", " ")) and fields[4] == "y":
                line = line.replace("       y  ", "       n  ", 1)
            lines.append(line)
        (conf / "master.cf").write_text("\n".join(lines) + "\n")
        (conf / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = {address}
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
maillog_file = /dev/stdout
maillog_file_prefixes = /dev/stdout
virtual_mailbox_base = {self.mail}
virtual_uid_maps = static:{pwd.getpwnam("nobody").pw_uid}
virtual_gid_maps = static:{grp.getgrnam("nogroup").gr_gid}
virtual_minimum_uid = 1
{main}
""")
        subprocess.run(["postfix", "-c", conf, "check"], capture_output=True, check=False)
        self.conf = conf
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(["postfix", "-c", conf, "start-fg"],
                                        stdout=self.log, stderr=self.log)
        harness.wait_for("postfix", lambda: self.alive() and
                         harness.can_connect(self.port, address))

    def alive(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return True

    def stop(self):
        subprocess.run(["postfix", "-c", self.conf, "stop"], capture_output=True,
                       check=False)
        harness.end(self.process)


class Exim:
    """Exim from its package's files, relaying everything to one host."""

    def __init__(self, folder, next_port=None, accept=None):
        need_root()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        root = unpack("exim4-daemon-light", self.folder)
        self.binary = root / "usr/sbin/exim4"
        self.port = harness.free_port()
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        (self.folder / "spool").mkdir()
        for f in (self.mail, self.folder / "spool"):
            shutil.chown(f, "nobody", "nogroup")
        router = f"""
out:
  driver = manualroute
  domains = !+ours
  route_list = * 127.0.0.1::{next_port} byname
  transport = remote
  self = send
""" if next_port else ""
        self.conf = self.folder / "exim.conf"
        self.conf.write_text(f"""
exim_user = nobody
exim_group = nogroup
never_users =
exim_path = {self.binary}
primary_hostname = exim.test
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/spool/log-%s
domainlist ours = {accept or ''}
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = accept
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
begin acl
accept:
  accept
begin routers
{router}
box:
  driver = accept
  domains = +ours
  transport = maildir
begin transports
remote:
  driver = smtp
  hosts_try_fastopen =
  tls_verify_certificates =
maildir:
  driver = appendfile
  maildir_format
  directory = {self.mail}/box
  create_directory
  user = nobody
  group = nogroup
begin retry
* * F,1h,1s
""")
        self.log = open(self.folder / "stderr", "ab")
        self.process = subprocess.Popen(
            namespaced(self.folder, ("Debian-exim",),
                       f"exec {self.binary} -C {self.conf} -bdf -q1s"),
            stdout=self.log, stderr=self.log)
        harness.wait_for("exim", lambda: harness.can_connect(self.port))

    def stop(self):
        harness.end(self.process)


class Dovecot:
    """LMTP in, IMAP out, one password for everybody; auth-client socket."""

    def __init__(self, folder):
        need_root()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.imap = harness.free_port()
        self.lmtp = self.folder / "lmtp.sock"
        self.auth = self.folder / "auth.sock"
        mail = self.folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        nobody = pwd.getpwnam("nobody")
        self.conf = self.folder / "dovecot.conf"
        self.conf.write_text(f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
instance_name = {self.folder.name}
log_path = {self.folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
auth_mechanisms = plain login
mail_location = maildir:{mail}/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={nobody.pw_uid} gid={nobody.pw_gid} home={mail}/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener {self.lmtp} {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {self.auth} {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", self.conf],
                                        stdout=subprocess.DEVNULL,
                                        stderr=open(self.folder / "stderr", "wb"))
        harness.wait_for("dovecot", lambda: harness.can_connect(self.imap)
                         and self.lmtp.exists())

    def read(self, user):
        import imaplib
        with imaplib.IMAP4("127.0.0.1", self.imap) as box:
            box.login(user, "secret")
            box.select()
            _, found = box.search(None, "ALL")
            return [box.fetch(n, "(RFC822)")[1][0][1] for n in found[0].split()]

    def stop(self):
        harness.end(self.process)


class OpenSmtpd:
    """OpenSMTPD from its package's files. It knows its users and folders by
    fixed names, so it lives in a mount namespace of its own."""

    SCRIPT = """mkdir -p /usr/libexec
for d in /usr/libexec /var/spool /var/lib /run; do mount -t tmpfs none $d; done
mkdir /usr/libexec/opensmtpd /run/opensmtpd
mkdir -m 711 -p /var/spool/smtpd /var/lib/opensmtpd/empty
mount --bind {r}/usr/libexec/opensmtpd /usr/libexec/opensmtpd
exec {r}/usr/sbin/smtpd -d -f {w}/smtpd.conf
"""

    def __init__(self, folder, next_port):
        need_root()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        root = unpack("opensmtpd", self.folder)
        self.port = harness.free_port()
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        shutil.chown(self.mail, "nobody", "nogroup")
        (self.folder / "smtpd.conf").write_text(f"""
listen on 127.0.0.1 port {self.port}
action "box" maildir "{self.mail}" virtual {{ "@" = nobody }}
action "out" relay host smtp://127.0.0.1:{next_port}
match from any for domain "peer.test" action "box"
match from any for any action "out"
""")
        command = namespaced(self.folder, ("opensmtpd", "opensmtpq"),
                             self.SCRIPT.format(w=self.folder, r=root))
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=open(self.folder / "log", "wb"))
        harness.wait_for("OpenSMTPD", lambda: harness.can_connect(self.port))

    def stop(self):
        harness.end(self.process)
