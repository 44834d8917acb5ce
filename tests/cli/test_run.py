"""`pullscope run`: the child's own output and exit code, and the environment of that child only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from pullscope.cli import run as module
from pullscope.cli.run import colors, is_held, story
from pullscope.host import child_environment
from pullscope.host.listener import free_port, listens

NOBODY = 65534
IMAGE = "docker.io/timonback/zephykus"
OWN_STORE = ("--storage-driver", "vfs", "--root", "r", "--runroot", "rr")
CLIENTS = [
    ("skopeo", "copy", "--insecure-policy", f"docker://{IMAGE}", "dir:out"),
    ("buildah", *OWN_STORE, "pull", IMAGE),
    ("podman", *OWN_STORE, "pull", IMAGE),
]
CHECKOUT = Path(__file__).parents[2]
MAIN = "import typer; from pullscope.cli.run import run, CONTEXT; a = typer.Typer(); a.command('x')(run); a()"


def call(tmp_path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH",)}
    env = inherited | {"HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT / "src")} | environment
    return subprocess.run(
        [sys.executable, "-c", MAIN, "--confdir", str(tmp_path / "confdir"), "--", *words],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        (["docker", "pull", "alpine"], "docker pull"),
        (["/usr/bin/docker", "--debug", "compose", "up"], "docker compose"),
        (["docker", "-H", "tcp://127.0.0.1:2375", "pull", "alpine"], "docker pull"),
        (["docker", "--context", "other", "--tls", "image", "pull", "alpine"], "docker image"),
        (["docker", "buildx", "build", "."], "docker buildx"),
        (["docker", "buildx", "imagetools", "inspect", "alpine"], None),
        (["docker", "manifest", "inspect", "alpine"], None),
        (["docker"], None),
        (["docker", "login"], None),
        (["podman", "pull", "alpine"], None),
        (["skopeo", "copy"], None),
    ],
)
def test_what_only_asks_a_daemon_is_known(argv: list[str], asked: str | None) -> None:
    """The environment of `docker pull` is of no use; that of podman is."""
    assert child_environment.only_asks_a_daemon(argv) == asked


def test_a_command_that_asks_a_daemon_is_told_what_to_do(tmp_path: Path) -> None:
    """Exit 2, naming the sandbox, for a daemon of its own, and `docker trace`; nothing is started."""
    done = call(tmp_path, "docker", "-H", "tcp://127.0.0.1:2375", "pull", "alpine")
    assert (done.returncode, done.stdout) == (2, "")
    assert "docker sandbox -- pull alpine\n" in done.stderr
    assert "docker trace\n" in done.stderr


def test_output_and_exit_code_are_the_childs(tmp_path: Path) -> None:
    """stdout holds the child's bytes and no others, the exit code is the child's, and its proxy is set for it alone."""
    done = call(tmp_path, "sh", "-c", 'echo "$HTTPS_PROXY"; head -c 27 "$SSL_CERT_FILE"; exit 7')
    assert done.returncode == 7
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stdout.endswith("\n-----BEGIN CERTIFICATE-----")


def test_a_child_that_dies_of_a_signal_ends_as_in_a_shell(tmp_path: Path) -> None:
    """128 and the number of the signal."""
    assert call(tmp_path, "sh", "-c", "kill -9 $$").returncode == 137


def test_a_command_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """One sentence, and the exit codes of a shell; nothing is started for it."""
    done = call(tmp_path, "no-such-client", "pull")
    assert (done.returncode, done.stderr) == (127, "error: no-such-client: command not found.\n")
    (tmp_path / "file").write_text("no program")
    done = call(tmp_path, "./file")
    assert (done.returncode, done.stderr) == (126, "error: ./file: it cannot be executed.\n")
    assert not (tmp_path / "confdir").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("true",), "a daemon did the work"),
        (("echo", "http://localhost:5000/v2/"), "without a proxy: use another address"),
    ],
)
def test_a_command_that_asks_no_registry_is_told(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    """An empty story is explained: what may be the reason, in one line of a pipe."""
    done = call(tmp_path, *words)
    assert done.returncode == 0
    assert "no request to a registry came through the proxy" in done.stderr
    assert why in done.stderr
    assert done.stderr.count("\n") == 3  # and that a CA was made


def env(home: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pullscope.cli.main", "env"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "src"), "HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_env_names_the_confdir_that_its_proxy_has(tmp_path: Path) -> None:
    """By HOME, root's too, as mitmdump goes by it; another one is in the proxy's command."""
    own = env(tmp_path)
    assert f"export SSL_CERT_FILE={tmp_path}/.mitmproxy/pullscope-bundle.pem\n" in own
    assert "confdir=" not in own
    other = env(tmp_path, PULLSCOPE_CONFDIR=f"{tmp_path}/other")
    assert f"export SSL_CERT_FILE={tmp_path}/other/pullscope-bundle.pem\n" in other
    assert f" --set confdir={tmp_path}/other\n" in other


def test_env_says_that_it_makes_a_ca(tmp_path: Path) -> None:
    """Once: the second time it is there."""
    command = [sys.executable, "-m", "pullscope.cli.main", "env", "--confdir", str(tmp_path / "ca")]
    first, second = (subprocess.run(command, capture_output=True, text=True, timeout=60, check=True) for _ in range(2))
    assert f"made a CA for mitmproxy in {tmp_path}/ca" in first.stderr
    assert "made a CA" not in second.stderr
    assert first.stdout == second.stdout


def test_env_writes_through_no_link(tmp_path: Path) -> None:
    """The directory may be another user's: what a link in it leads to is left alone."""
    (tmp_path / "precious").write_text("mine")
    (tmp_path / ".mitmproxy").mkdir()
    (tmp_path / ".mitmproxy" / "pullscope-bundle.pem").symlink_to(tmp_path / "precious")
    env(tmp_path)
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / ".mitmproxy" / "pullscope-bundle.pem").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_env_is_undone(tmp_path: Path, shell: str) -> None:
    """pullscope_off gives back what was set before, also where `env` was said twice, and is gone itself."""
    command = f'eval "$({sys.executable} -m pullscope.cli.main env)"'
    script = f'{command}; echo "$HTTPS_PROXY"; {command}; pullscope_off; echo "$HTTPS_PROXY,${{http_proxy-unset}}"; '
    done = subprocess.run(
        [shell, "-c", f"{script}type pullscope_off"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "src"), "HOME": str(tmp_path)}
        | {"HTTPS_PROXY": "http://it's:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[:2] == ["http://127.0.0.1:8080", "http://it's:1,unset"]
    assert done.returncode != 0
    assert "To undo that: pullscope_off" in done.stderr


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of another user than root, on a way that this user may go: pytest's own directories are root's alone."""
    with tempfile.TemporaryDirectory(prefix="pullscope-home-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A proxy that answers as Docker Hub, as the environment that names it: `run` goes on through it."""
    folder = tmp_path_factory.mktemp("hub")
    port = free_port()
    words = [f"{sys.prefix}/bin/mitmdump", "-q", "-s", f"{CHECKOUT}/addons/sample_registry.py"]
    words += ["--set", f"confdir={folder}", "--listen-host", "127.0.0.1", "--listen-port", str(port)]
    child = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")})
    try:
        while not listens("127.0.0.1", port):
            assert child.poll() is None
        bundle = folder / "bundle.pem"
        bundle.write_bytes((folder / "mitmproxy-ca-cert.pem").read_bytes())
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": str(bundle)}
    finally:
        child.terminate()
        child.wait(20)


PROGRESS = """
import sys, urllib.error, urllib.request
for name in ("one", "two"):
    print(name + ": waiting")
for name in ("one", "two"):
    try:
        urllib.request.urlopen("https://registry-1.docker.io/v2/")
    except urllib.error.HTTPError as error:
        sys.stdout.write("\\x1b[2A\\x1b[2K" + name + ": %s\\r\\x1b[2B" % error.code)
        sys.stdout.flush()
print("client done")
"""


def on_a_terminal(argv: list[str], environment: dict[str, str], where: Path) -> str:
    """What a terminal of 80x24 is sent by this command."""
    ours, its = pty.openpty()
    try:
        child = subprocess.Popen(
            argv, env=environment, cwd=where, stdin=its, stdout=its, stderr=its, start_new_session=True
        )
    finally:
        os.close(its)
    sent = b""
    with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as screen:  # EIO is how a terminal ends
        while data := screen.read(65_536):
            sent += data
    assert child.wait(60) == 0, sent
    return sent.decode()


def test_on_a_terminal_the_story_comes_after_the_client(tmp_path: Path, hub: dict[str, str]) -> None:
    """A client that moves the cursor up, as docker and oras do, can overwrite nothing of it; it has its colours."""
    (tmp_path / "client.py").write_text(PROGRESS)
    words = [sys.executable, "-c", MAIN, "--confdir", str(tmp_path / "confdir"), "--", sys.executable, "client.py"]
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "src"), "HOME": str(tmp_path), "TERM": "xterm"}
    sent = on_a_terminal(words, {**hub, **kept}, tmp_path)
    client, _, story = sent.partition("client done")

    assert client.count("\x1b[2A") == 2
    assert "registry" not in client
    assert "registry-1.docker.io" in story
    assert "version check" in story
    assert "\x1b[2A" not in story
    assert "\x1b[" in story


def test_a_recording_an_addon_and_a_setting(tmp_path: Path) -> None:
    """`-o`, `--addon` and `--set`: a sample registry answers with a fault of our choice, and it is recorded."""
    words = ["-o", "out.jsonl", "--addon", f"{CHECKOUT}/addons/sample_registry.py"]
    words += ["--set", "pullscope_faults=rate-limited", "--confdir", "confdir", "--"]
    (tmp_path / "client.py").write_text(PROGRESS)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words, sys.executable, "client.py"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "registry-1.docker.io" in done.stderr
    assert "no request" not in done.stderr
    assert '"event":"finished"' in (tmp_path / "out.jsonl").read_text()


def test_one_recording_has_one_name(tmp_path: Path) -> None:
    """mitmproxy refuses an option that is given twice, and would go on without the tracer."""
    words = ["-o", "a.jsonl", "--set", "pullscope_out=b.jsonl", "--", "true"]
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "error: --out and --set pullscope_out are the same: use one of them.\n",
    )


@pytest.mark.real
@pytest.mark.parametrize("words", CLIENTS, ids=lambda words: words[0])
def test_a_real_client_is_traced(tmp_path: Path, hub: dict[str, str], words: tuple[str, ...]) -> None:
    """The real client pulls behind our proxy, and on through the proxy that it had; the story is on stderr."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    done = call(tmp_path, *words, **hub)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 layers" in " ".join(done.stderr.split())
    assert "layers" not in done.stdout


@pytest.mark.real
@pytest.mark.parametrize("words", CLIENTS, ids=lambda words: words[0])
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="becomes another user by setpriv")
def test_an_ordinary_user_needs_nothing_more(home: Path, hub: dict[str, str], words: tuple[str, ...]) -> None:
    """Another user than root, with an empty home: the CA is made there, the pull is traced, nothing else is needed."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    # It may read everything, so that it finds this Python wherever it lies; it may write only to its home.
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    become += [
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    ]
    done = subprocess.run(
        [*become, sys.executable, "-c", MAIN, "--", *words],
        env=hub
        | {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "src")}
        | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 of 4 layers" in " ".join(done.stderr.split())
    assert (home / ".mitmproxy/mitmproxy-ca-cert.pem").stat().st_uid == NOBODY
    assert (home / ".mitmproxy/mitmproxy-ca.pem").stat().st_mode & 0o077 == 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Our stderr is a terminal; the other end of it."""
    ours, its = os.openpty()
    monkeypatch.setattr(module, "STDERR", its)
    yield ours
    os.close(ours)
    os.close(its)


def on_screen(terminal: int) -> bytes:
    """All that was sent to it; a terminal gives it in pieces."""
    os.write(module.STDERR, b"$")
    sent = b""
    while not sent.endswith(b"$"):
        sent += os.read(terminal, 1000)
    return sent[:-1]


@pytest.mark.parametrize(
    ("command", "held"),
    [
        (["docker", "pull", "alpine"], True),
        (["/usr/bin/bash", "-c", "docker pull alpine"], True),
        (["sh", "script.sh"], True),
        (["/usr/bin/bash"], False),
        (["zsh", "-l", "-i"], False),
        ([], False),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_what_waits_for_its_end(command: list[str], held: bool) -> None:
    """All but a shell for a person, and a sandbox that is used from another terminal."""
    assert is_held(command) is held


def test_what_has_ended_in_the_middle_of_a_line_is_not_joined(terminal: int) -> None:
    """The story begins on a line of its own, and is all there, in order."""
    with story(["docker", "pull"]) as descriptor:
        os.write(descriptor, b"step 1\n")
        os.write(module.STDERR, b"half a line")
        os.write(descriptor, b"step 2\n")

    assert on_screen(terminal) == b"half a line\r\nstep 1\r\nstep 2\r\n"


def test_nothing_told_is_nothing_printed(terminal: int) -> None:
    """Not even an empty line."""
    with story(["docker", "pull"]):
        pass

    assert on_screen(terminal) == b""


def interrupted() -> None:
    with story(["docker", "pull"]) as descriptor:
        os.write(descriptor, b"step 1\n")
        raise KeyboardInterrupt


def test_an_error_does_not_lose_it(terminal: int) -> None:
    """Ctrl-C, or a client that cannot be started: what was told is printed all the same."""
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert b"step 1" in on_screen(terminal)


def test_a_file_gets_it_as_it_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`2> story.txt`: nothing can be overwritten there."""
    with (tmp_path / "story").open("wb") as file:
        monkeypatch.setattr(module, "STDERR", file.fileno())
        with story(["docker", "pull"]) as descriptor:
            assert descriptor == file.fileno()
        assert colors({"A": "b"}) == {"A": "b"}


@pytest.mark.usefixtures("terminal")
def test_colours_are_those_of_the_terminal() -> None:
    """The proxy sees a file; what a person has said about colours counts."""
    assert colors({"TERM": "xterm"}) == {"TERM": "xterm", "FORCE_COLOR": "1"}
    for plain in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        assert colors(plain) == plain


@pytest.mark.parametrize(("columns", "told"), [(120, {"COLUMNS": "120"}), (0, {})])
def test_the_proxy_is_told_how_wide_the_terminal_is(terminal: int, columns: int, told: dict[str, str]) -> None:
    """It writes to a file, so that it could not know; a terminal without a size says nothing."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    assert colors({"NO_COLOR": "1"}) == {"NO_COLOR": "1", **told}
