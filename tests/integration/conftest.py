"""Fixtures: each test gets its own folder, and its processes end with it."""

import contextlib
import pathlib
import shutil
import tempfile

import pytest

import harness


@pytest.fixture
def folder():
    """A short path (Unix sockets), that unprivileged workers may enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mtad-it-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def stage(folder):
    """Starts things that end, in reverse order, when the test is over."""
    with contextlib.ExitStack() as stack:
        class Stage:
            def __init__(self):
                self.folder = folder
                self.count = 0

            def sub(self, name):
                self.count += 1
                return folder / f"{name}{self.count}"

            def mtad(self, conf="", start=True, **kw):
                m = harness.Mtad(self.sub("mtad"), conf, **kw)
                if start:
                    m.start()
                stack.callback(m.stop)
                return m

            def sink(self, *args, **kw):
                s = harness.Sink(*args, **kw)
                stack.callback(s.stop)
                return s

            def nsd(self, zones, **kw):
                n = harness.Nsd(self.sub("nsd"), zones, **kw)
                stack.callback(n.stop)
                return n

            def defer(self, fn, *args):
                stack.callback(fn, *args)

        yield Stage()
