"""A machine with a real systemd and a real docker.service, in a container, and a tracing proxy that it reaches.

The tree is built once with debootstrap (about 70 s, 620 MB) in the directory that PULLSCOPE_NSPAWN_ROOT names, by default
below the temporary directory; every boot lays a fresh memory file system over it, so no test sees another one's work.
Needs root and the packages debootstrap, systemd-container, util-linux.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = "systemd,systemd-sysv,dbus,docker.io,ca-certificates,iproute2,iptables,python3,procps"
VANITY = "docker.example.com"
RULES = CHECKOUT / "tests" / "data" / "vanity" / "netlify.toml"
VENV, SOURCE = "/opt/venv", "/opt/checkout"
"""Where our venv and checkout are seen in the container as well, for services: their /tmp is one of their own."""
DAEMON_JSON = '{"bridge":"none","ip-forward":false,"iptables":false,"ip6tables":false,"storage-driver":"vfs"}\n'
LISTING = r"""
find /etc /var/lib/pullscope /var/lib/systemd/timers -xdev -printf '%p %m %u %g %y %l\n' 2>/dev/null | sort
find /etc /var/lib/pullscope -xdev -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
systemctl show docker.service -p Environment -p DropInPaths
"""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A booted container; `leader` is its systemd."""

    leader: int
    shared: Path

    def words(self, *argv: str) -> list[str]:
        """What runs `argv` in the container, in an environment of its own."""
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        inside = ["nsenter", "-t", str(self.leader), "-m", "-p", "-u", "-i", "--"]
        inside += ["env", "--default-signal=INT", "-i", path, "HOME=/root"]
        return [*inside, "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={CHECKOUT}/src", "TERM=dumb", *argv]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        words = self.words(*argv)
        done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False, cwd="/")
        assert done.returncode == 0 or not check, f"{argv}: {done.stdout}{done.stderr}"
        return done

    def sh(self, line: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("sh", "-c", line, check=check)

    def spelled(self, *words: str) -> tuple[str, ...]:
        """`pullscope docker …` from the checkout."""
        confdir = ("--confdir", f"{self.shared}/confdir") if words[0] in {"on", "doctor", "trace", "sandbox"} else ()
        return (sys.executable, str(CHECKOUT / "scripts" / "docker_daemon.py"), words[0], *confdir, *words[1:])

    def docker(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(*self.spelled(*words), check=check)

    def listing(self) -> str:
        return self.sh(LISTING).stdout

    def started(self) -> str:
        return self.sh("systemctl show docker.service -p ExecMainStartTimestampMonotonic").stdout


def differences(before: str, after: str) -> list[str]:
    """The lines that are in one listing only, marked - and +; a listing has a thousand lines."""
    return list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))


def tree() -> Path:
    """What is booted; made where it is not there yet (`.ci/run` has it made beside other tests)."""
    root = Path(os.environ.get("PULLSCOPE_NSPAWN_ROOT") or Path(tempfile.gettempdir()) / "pullscope-nspawn-root")
    done = root / "etc" / "docker" / "daemon.json"
    if not done.exists():
        shutil.rmtree(root, ignore_errors=True)
        words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    done.parent.mkdir(exist_ok=True)
    done.write_text(DAEMON_JSON)
    return root


def _leader(nspawn: int) -> int | None:
    children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
    return next((int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"), None)


@pytest.fixture(scope="session")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A booted machine whose docker.service runs."""
    missing = [name for name in ("debootstrap", "systemd-nspawn", "nsenter") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        why = f"needs root and {', '.join(missing) or 'nothing else'}"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    shared = tmp_path_factory.mktemp("shared")
    binds = {str(CHECKOUT), sys.prefix, sys.base_prefix} - {"/usr"}
    words = ["systemd-nspawn", "--quiet", "-D", str(tree()), "--boot", "--register=no", "--keep-unit"]
    words += ["--volatile=overlay", f"--bind={shared}", *(f"--bind-ro={path}" for path in sorted(binds))]
    words += [f"--bind-ro={sys.prefix}:{VENV}", f"--bind-ro={CHECKOUT}:{SOURCE}"]
    with (shared / "console").open("wb") as console:
        nspawn = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    try:
        booted = _boot(nspawn, shared)
        yield booted
    finally:
        nspawn.send_signal(signal.SIGTERM)  # nspawn passes it on as a request to power off
        try:
            nspawn.wait(30)
        except subprocess.TimeoutExpired:
            nspawn.kill()
            nspawn.wait()


def _boot(nspawn: subprocess.Popen[bytes], shared: Path) -> Container:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert nspawn.poll() is None, (shared / "console").read_text(errors="replace")[-2000:]
        leader = _leader(nspawn.pid)
        if leader is not None:
            found = Container(leader=leader, shared=shared)
            if found.sh("systemctl is-active docker.service", check=False).returncode == 0:
                return found
        time.sleep(0.2)
    raise AssertionError((shared / "console").read_text(errors="replace")[-2000:])


@pytest.fixture
def machine(container: Container) -> Iterator[Container]:
    """The container as it was booted, and checked to be so again afterwards."""
    before = container.listing()
    yield container
    container.docker("off", "--yes")
    assert differences(before, container.listing()) == []


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A tracing proxy that answers as Docker Hub itself, seen from the container as 127.0.0.1."""

    port: int
    story: Path


@pytest.fixture(scope="session")
def proxy(container: Container) -> Iterator[Proxy]:
    """The real addon in a real mitmdump, with the sample registry behind it."""
    from pullscope.host.listener import free_port, listens

    port = free_port()
    story = container.shared / "story"
    names = ("registry_trace", "vanity_registry", "sample_registry")
    addons = [word for name in names for word in ("-s", f"{CHECKOUT}/addons/{name}.py")]
    addons += ["--set", f"pullscope_vanity={VANITY}={RULES}"]
    words = [f"{sys.prefix}/bin/mitmdump", "-q", *addons, "--set", f"confdir={container.shared}/confdir"]
    words += ["--mode", f"regular@{port}", "--mode", "reverse:https://registry-1.docker.io@127.0.0.1:443"]
    words += ["-s", f"{CHECKOUT}/src/pullscope/mitm/sni_routing.py", "--set", "keep_host_header=true"]
    environment = {**os.environ, "PYTHONPATH": f"{CHECKOUT}/src"}
    with story.open("wb") as out:
        child = subprocess.Popen([*words, "--listen-host", "127.0.0.1"], stdout=out, stderr=out, env=environment)
    try:
        end = time.monotonic() + 30
        while not listens("127.0.0.1", port):
            assert child.poll() is None, story.read_text()
            assert time.monotonic() < end, story.read_text()
            time.sleep(0.1)
        yield Proxy(port=port, story=story)
    finally:
        child.terminate()
        child.wait(20)
