"""`pullscope explain` and `pullscope demo --explain`."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.warm import run

from pullscope.render.explain.glossary import TERMS

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "tests" / "data" / "recordings" / "dockerd-20.10-hub.mitm"
RUN = [sys.executable, "-m", "pullscope.cli.main"]


def test_prints_the_lesson() -> None:
    """Piped, the whole lesson is printed at once, plain."""
    told = run("explain", str(HUB))

    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("pull 1 docker.io/timonback/zephykus:latest\n")
    assert "Where the bytes come from" in told.stdout
    assert "\x1b" not in told.stdout


@pytest.mark.parametrize(
    "word",
    [
        "scope",
        "Scopes",
        "manifest list",
        "signed-url",
        "401",
        "podman",
        "PUT",
        "classic store",
        "reverse-proxy",
        "301",
        "308",
        "405",
        "406",
        "Basic",
        "Content-Type",
        "docker-content-digest",
        "User-Agent",
        "docker hub",
        "port",
        "cache",
        "DNS",
        "TLS",
    ],
)
def test_explains_a_word(word: str) -> None:
    """A word of the trade, however it is spelled, and no file is looked for."""
    told = run("explain", word)

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.partition(":")[0] in TERMS
    assert len(told.stdout.splitlines()) <= 3


def test_a_file_is_not_taken_for_a_word(tmp_path: Path) -> None:
    """A recording that is called `tag` is explained as a recording."""
    (tmp_path / "tag").write_bytes(HUB.read_bytes())
    told = run("explain", "tag", cwd=tmp_path)

    assert told.stdout.startswith("pull 1 docker.io/timonback/zephykus:latest\n")


def test_a_word_that_is_not_known_gets_the_known_ones() -> None:
    """What has no dot and no slash was meant as a word: the complaint has all of them."""
    told = run("explain", "kernel")
    words = told.stderr.partition("There are ")[2].rstrip(".\n").split(", ")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("error: there is no file or word 'kernel'.")
    assert words == list(TERMS)
    assert run("explain", "scoep").stderr == "error: there is no file or word 'scoep'. Did you mean scope?\n"


def test_the_glossary_is_the_list_of_words() -> None:
    told = run("explain", "glossary")
    words = " ".join(told.stdout.split()).partition("explains: ")[2].rstrip(".").split(", ")

    assert (told.returncode, told.stderr) == (0, "")
    assert {*words} == {*TERMS} - {"glossary"}


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ghcr.io", "ghcr.io/ORG/IMAGE"),
        ("ghcr.io/ann/app:1", "ghcr.io/ann/app:1"),
        ("r.example:5000", "r.example:5000/ORG/IMAGE"),
    ],
)
def test_a_host_that_is_no_file_is_told_what_asks_it(name: str, asked: str) -> None:
    """Neither a recording nor a word: who names a registry wants to know whether it answers."""
    told = run("explain", name)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"error: there is no file or word {name}. ")
    assert f"`pullscope check {asked}`" in told.stderr


@pytest.mark.parametrize("name", ["pull.jsonl", "flows/today", "logs.d/docker.log"])
def test_a_file_that_is_not_there_is_not_called_a_word(name: str) -> None:
    told = run("explain", name)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"error: cannot read {name}: ")


def test_an_error_that_names_nothing_is_not_taken_for_a_file() -> None:
    """A sentence that names no request: what to paste is said, and not that there is no such file."""
    told = run("explain", "frobnicator: error: no quux")

    assert (told.returncode, told.stdout) == (1, "")
    assert "cause is not known; it says 'frobnicator: error: no quux'; put the command that failed above" in told.stderr


def test_a_message_is_told_alike_from_stdin_from_a_file_and_as_an_argument(tmp_path: Path) -> None:
    """Its cause and what to do, and no lesson, which one answer cannot be."""
    message = 'Error response from daemon: Head "https://ghcr.io/v2/ann/app/manifests/1": denied: denied'
    (tmp_path / "said.txt").write_text(message)
    told = [
        run("explain", message),
        run("explain", "-", stdin=message.encode()),
        run("explain", str(tmp_path / "said.txt")),
    ]

    assert len({one.stdout for one in told}) == 1
    assert " error  access-denied (step 1)\n" in told[0].stdout


def test_a_message_whose_request_belongs_to_no_pull_says_what_is_known() -> None:
    """moby/moby#50065: a storage host alone is named, by which no pull is known; it is not told as one without an error."""
    said = "unexpected status from HEAD request to https://b.s3.amazonaws.com/ab/cd: 403 Forbidden"
    told = run("explain", f'Error response from daemon: unknown: failed to resolve reference "r.example/a:1": {said}')

    assert (told.returncode, told.stdout) == (1, "")
    assert "its cause is not known" in told.stderr
    assert "crane manifest r.example/a:1 asks the registry itself" in told.stderr


@pytest.mark.parametrize(
    "words", ["x: password={} denied", "Authorization: Bearer {}", "could not reach https://u:{}@r/v2/ today"]
)
def test_words_that_are_no_error_message_are_told_without_secrets(words: str) -> None:
    """What is given as an argument is repeated in the complaint, which is pasted into threads."""
    told = run("explain", words.format("hunter2hunter2"))

    assert told.stderr.startswith("error: ")
    assert "hunter2" not in told.stderr


def test_a_name_without_end_is_cut_and_controls_are_shown() -> None:
    told = run("explain", "\x1b[31m" + "a/" * 5_000)

    assert told.stderr.startswith("error: cannot read \\x1b[31ma/a/")
    assert len(told.stderr) < 500


@pytest.mark.parametrize(
    "words",
    [
        "error pulling image configuration: download failed after attempts=6: unexpected status: 403 Forbidden",
        'error pulling image configuration: Get "https://cdn.example.com/docker/registry/v2/blobs/sha256/5d/5d'
        + "d" * 62
        + '/data": x509: no',
        "open /var/lib/registry/docker/registry/v2/blobs/sha256/5d/data: permission denied",
    ],
)
def test_a_storage_host_that_answered_is_not_called_unreached(words: str) -> None:
    """Nor is the registry's own disk, whose paths are those of the address."""
    told = run("explain", words).stderr

    assert "not reached" not in told
    assert ("a blob did not come" in told) is words.startswith("error")


def test_a_message_longer_than_a_name_may_be_is_read() -> None:
    """A kubelet's or dockerd's line is often longer than the 255 characters of a name."""
    long = "x" * 300
    told = run(
        "explain", f'{long} Error response from daemon: Head "https://ghcr.io/v2/ann/app/manifests/1": denied: no'
    )

    assert (told.returncode, told.stderr.count("name too long")) == (0, 0)
    assert "ghcr.io/ann/app:1" in told.stdout


def test_a_message_that_begins_with_a_dash_is_no_option() -> None:
    """docker/build-push-action#334: a list's item; `-` alone stays standard input."""
    told = run("explain", '- Error: Head "https://ghcr.io/v2/ann/app/manifests/1": denied: no')

    assert (told.returncode, told.stderr.count("No such option")) == (0, 0)
    assert "ghcr.io/ann/app:1" in told.stdout


def test_a_message_without_a_request_is_called_what_it_is() -> None:
    """What it says is told all the same."""
    told = run("explain", "toomanyrequests: You have reached your pull rate limit.")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("error: this message means: ")


def test_a_pull_that_is_not_there_is_named() -> None:
    """--pull of a number that no pull has is one sentence."""
    told = run("explain", "--pull", "9", str(HUB))

    assert (told.returncode, told.stdout) == (1, "")
    assert "there is no pull 9" in told.stderr


def test_demo_explains_at_once_when_piped() -> None:
    """Piped, nothing waits for a key."""
    told = run("demo", "--explain", "--client", "docker-classic")

    assert told.returncode == 0, told.stderr
    assert "Enter goes on" not in told.stdout
    assert "\x1b" not in told.stdout
    assert told.stdout.startswith("A sample registry, ")
    assert "Why a 401 comes first" in told.stdout
    assert "digests verified" not in told.stdout


def test_demo_waits_for_enter_on_a_terminal() -> None:
    """On a terminal each step waits for Enter, the question for it is taken away, and q ends the lesson."""
    ours, theirs = pty.openpty()
    with (
        subprocess.Popen(
            [*RUN, "demo", "--explain", "--client", "docker-classic"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
        ) as demo,
        ended(demo),
    ):
        os.close(theirs)
        seen = read_until(ours, b"Enter: next, q: quit ")
        assert b"version check" not in seen
        os.write(ours, b"\n")
        seen = read_until(ours, b"Enter: next, q: quit ")
        assert re.search(rb"\r\n\[2/\d+\] Enter: next, q: quit $", seen)
        assert seen.startswith(b"\r\n\x1b[1A\x1b[2K")
        assert b"here it is" in seen
        os.write(ours, b"\n")
        assert b"Which host a name means" in read_until(ours, b"Enter: next, q: quit ")
        os.write(ours, b"\n")
        seen = read_until(ours, b"Enter: next, q: quit ")
        assert b"Determining Support" in seen
        assert b"anonymous, pull" not in seen
        os.write(ours, b"q\n")
        rest = read_until(ours, b"Next")
        assert b"anonymous, pull" not in rest
        drain(ours)
        assert demo.wait(60) == 0
    os.close(ours)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A claim that fails leaves no process that is waited for."""
    try:
        yield
    except AssertionError:
        process.kill()
        raise


def read_until(end: int, mark: bytes) -> bytes:
    """What is printed up to a mark."""
    seen = b""
    while mark not in seen:
        seen += os.read(end, 4096)
    return seen


def drain(end: int) -> None:
    """Read on until the other side is gone."""
    try:
        while os.read(end, 4096):
            pass
    except OSError:
        pass
