"""What `make install` puts into place: that it is whole, and that it is good."""

import os
import re
import shutil
import subprocess

import pytest

import harness


def run(*command, **kw):
    return subprocess.run(list(map(str, command)), capture_output=True,
                          text=True, timeout=120, check=False, **kw)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The installed tree, as a package would have it."""
    path = tmp_path_factory.mktemp("root")
    done = run("make", "-C", harness.BUILD, "install", f"DESTDIR={path}",
               "prefix=/usr", "sysconfdir=/etc", "localstatedir=/var",
               env={k: v for k, v in os.environ.items()
                    if k not in ("MAKEFLAGS", "MAKELEVEL", "DESTDIR")})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return path


def files_of(root):
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}


def test_all_that_a_user_needs_is_installed(root):
    assert files_of(root) >= {
        "usr/sbin/mtad", "usr/bin/mtactl",
        "etc/mtad/main.conf", "etc/mtad/users",
        "etc/mtad/replies.conf", "usr/share/man/man5/replies.conf.5",
        "usr/share/man/man8/mtad.8", "usr/share/man/man8/mtactl.8",
        "usr/share/man/man5/main.conf.5",
        "usr/lib/systemd/system/mtad.service",
        "usr/lib/systemd/system/mtad.socket",
        "usr/lib/sysusers.d/mtad.conf"}
    assert (root / "etc/mtad/users").stat().st_mode & 0o777 == 0o600


def test_a_second_install_leaves_the_configuration_alone(root):
    conf = root / "etc/mtad/main.conf"
    old = conf.read_text()
    conf.write_text(old + "# mine\n")
    done = run("make", "-C", harness.BUILD, "install", f"DESTDIR={root}",
               "prefix=/usr", "sysconfdir=/etc")
    assert done.returncode == 0, done.stderr
    assert conf.read_text().endswith("# mine\n")
    conf.write_text(old)


def test_the_installed_configuration_is_good(root, folder):
    """As it was installed, but for the folder that it lies in."""
    shutil.copytree(root / "etc/mtad", folder / "mtad")
    conf = folder / "mtad/main.conf"
    text = conf.read_text()
    assert "/etc/mtad/users" in text
    conf.write_text(text.replace("/etc/mtad", str(folder / "mtad")))
    done = run(root / "usr/sbin/mtad", "-n", "-c", conf)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


def test_the_units_are_valid(root, folder):
    """Their program has to exist, so they get the path of the installed one."""
    for name in ("mtad.service", "mtad.socket"):
        text = (root / "usr/lib/systemd/system" / name).read_text()
        (folder / name).write_text(
            text.replace("/usr/sbin/", f"{root}/usr/sbin/"))
    assert f"{root}/usr/sbin/mtad" in (folder / "mtad.service").read_text()
    done = run("systemd-analyze", "verify", folder / "mtad.service",
               folder / "mtad.socket")
    ours = [line for line in (done.stdout + done.stderr).splitlines()
            if "mtad" in line]
    assert done.returncode == 0 and not ours, done.stdout + done.stderr


def test_the_service_is_exposed_little(root):
    done = run("systemd-analyze", "security", "--offline=yes",
               root / "usr/lib/systemd/system/mtad.service")
    level = re.search(r"exposure level for mtad.service: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) < 3.0, done.stdout


def test_sysusers_makes_the_user_that_is_the_default(root, folder):
    for name in ("etc", "usr/lib/sysusers.d"):
        (folder / name).mkdir(parents=True)
    shutil.copy(root / "usr/lib/sysusers.d/mtad.conf",
                folder / "usr/lib/sysusers.d")
    done = run("systemd-sysusers", f"--root={folder}")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^mtad:", (folder / "etc/passwd").read_text(), re.M)
    assert re.search(r"^mtad:", (folder / "etc/group").read_text(), re.M)
    presets = run(root / "usr/bin/mtactl", "config", "--explain").stdout
    assert re.search(r'^\s*user\b.*mtad', presets, re.M), presets[:500]


def test_uninstall_leaves_nothing(root, folder):
    copy = folder / "root"
    shutil.copytree(root, copy)
    done = run("make", "-C", harness.BUILD, "uninstall", f"DESTDIR={copy}",
               "prefix=/usr", "sysconfdir=/etc", "localstatedir=/var")
    assert done.returncode == 0, done.stderr
    assert files_of(copy) == set()
