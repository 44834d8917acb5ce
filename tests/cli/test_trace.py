"""`pullscope trace`: what it refuses before a proxy is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.warm import run
from typer.testing import CliRunner

from pullscope.cli.main import app

RUN = [sys.executable, "-m", "pullscope.cli.main"]


def refused(*words: str) -> subprocess.CompletedProcess[str]:
    """A command that must end by itself."""
    return run(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "{tmp}/there"], "{tmp}/there exists and is not overwritten. Name another file, or +"),
        (["-o", "{tmp}/no/x"], "cannot write {tmp}/no/x: No such file or directory."),
        (["-o", "+{tmp}/there"], "nothing is added to {tmp}/there: there is neither a pullscope recording"),
        (["--only", "ht tp"], "--only: 'ht tp' is not a host name. Write it like docker.io."),
        (["--ignore", "https://docker.io"], "--ignore: 'https://docker.io' is not a host name."),
    ],
)
def test_what_mitmdump_would_refuse_is_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    """No traceback, nothing of mitmdump's, and no file is made or changed; a wrong word ends with 2, a file with 1."""
    (tmp_path / "there").write_text("mine\n")
    done = refused("trace", "-p", "0", *(word.format(tmp=tmp_path) for word in words))
    assert (done.returncode, done.stdout) == (1 if "tmp" in said else 2, "")
    assert done.stderr.startswith(f"error: {said.format(tmp=tmp_path)}")
    assert done.stderr.count("\n") == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there", "mine\n")]


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["docker", "pull", "alpine"], "pullscope docker sandbox -- pull alpine\n"),
        (["skopeo", "inspect", "docker://alpine"], "pullscope run -- skopeo inspect docker://alpine\n"),
    ],
)
def test_a_command_is_no_filter(words: list[str], instead: str) -> None:
    """mitmdump would take it as one and tell nothing; the command that runs it is named."""
    done = refused("trace", "-p", "0", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(instead)


def test_a_sandbox_behind_another_proxy_records_nothing(tmp_path: Path) -> None:
    """What the proxy that runs already is to do is not for the sandbox to say; before, it was left out in silence."""
    done = refused(
        "docker", "sandbox", "--proxy", "http://127.0.0.1:1", "-o", str(tmp_path / "x"), "--", "pull", "alpine"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "give the other options to that one" in done.stderr


def test_a_view_that_is_none_is_a_usage_error() -> None:
    """Exit 2, with those that there are."""
    done = refused("trace", "-p", "0", "--view", "bogus")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(view in done.stderr for view in ("'lines'", "'live'", "'none'"))


def test_run_refuses_a_recording_before_its_command_starts(tmp_path: Path) -> None:
    """One sentence, and the command was not run."""
    (tmp_path / "there").write_text("mine\n")
    done = refused("run", "--out", str(tmp_path / "there"), "--", "touch", str(tmp_path / "ran"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "exists and is not overwritten" in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("confdir", "more", "words"),
    [
        ("{tmp}/.mitmproxy", [], []),
        ("{tmp}/other", [], ["confdir={tmp}/other"]),
        ("{tmp}/other", ["--", "--set", "confdir=mine"], ["confdir=mine"]),
    ],
    ids=["mitmdump's own", "another", "named by the user"],
)
def test_the_proxy_has_the_confdir_that_env_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, confdir: str, more: list[str], words: list[str]
) -> None:
    """Where it is not ~/.mitmproxy (sudo, PULLSCOPE_CONFDIR), mitmdump is told; two values it would refuse."""
    started: list[list[str]] = []

    def start(words: list[str]) -> int:
        started.append(words)
        return 0

    monkeypatch.setattr("pullscope.mitm.run.run_mitmdump", start)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PULLSCOPE_CONFDIR", confdir.format(tmp=tmp_path))
    done = CliRunner().invoke(app, ["trace", *more])
    assert done.exit_code == 0, done.output
    assert [word for word in started[0] if "confdir=" in word] == [word.format(tmp=tmp_path) for word in words]


@pytest.mark.parametrize(
    ("words", "listens", "mode", "mirror"),
    [
        ([], "8600", "reverse:https://registry-1.docker.io", ["docker.io"]),
        (
            ["--host", "ghcr.io", "--host", "lan:5000", "-p", "1"],
            "1",
            "reverse:https://ghcr.io",
            ["ghcr.io", "lan:5000"],
        ),
    ],
)
def test_a_mirror_is_mitmproxy_in_reverse_mode(
    monkeypatch: pytest.MonkeyPatch, words: list[str], listens: str, mode: str, mirror: list[str]
) -> None:
    """On its own port, for what was named; and what leads each client to it is said with the same port and names."""
    started: list[list[str]] = []

    def start(words: list[str]) -> int:
        started.append(words)
        return 0

    monkeypatch.setattr("pullscope.mitm.run.run_mitmdump", start)
    done = CliRunner().invoke(app, ["trace", "--mirror", *words])
    assert done.exit_code == 0, done.output
    [given] = started
    assert given[given.index("--listen-port") + 1] == listens
    assert given[given.index("--mode") + 1] == mode
    assert [word.partition("=")[2] for word in given if word.startswith("pullscope_mirror=")] == mirror
    assert f"mirror  http://127.0.0.1:{listens} is a mirror of {', '.join(mirror)}, " in done.stderr
    hinted = [line for line in done.stderr.splitlines() if line.startswith("next    sudo pullscope mirror on")]
    assert hinted
    for line in hinted:
        assert ("--port 1" in line, "--host ghcr.io --host lan:5000" in line) == (bool(words), bool(words))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--host", "docker.io"], 2, "--host names the registry to mirror: add --mirror."),
        (["--mirror", "--only", "docker.io"], 2, "--only and --ignore are for a proxy"),
        (
            ["--mirror", "--host", "localhost"],
            2,
            "--host: 'localhost' is in no public DNS; if it is meant, name its port",
        ),
    ],
)
def test_what_a_mirror_cannot_be(words: list[str], code: int, said: str) -> None:
    """One sentence, and nothing is started."""
    done = CliRunner().invoke(app, ["trace", *words])
    assert done.exit_code == code
    assert said in done.stderr
