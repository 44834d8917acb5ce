"""What an exception of a room below becomes: one sentence on stderr and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from tests.cli import warm

from pullscope.cli.exits import Complaint, complain, lines_of, say, speaking, tell
from pullscope.host import HostError
from pullscope.oci.verdicts import ExitCode


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HostError("docker is gone"), ExitCode.FAILED, "error: docker is gone.\n"),
        (ValueError("'x' is not a host"), ExitCode.USAGE, "error: 'x' is not a host.\n"),
        (
            FileNotFoundError(2, "No such file or directory", "/a/b"),
            ExitCode.FAILED,
            "error: /a/b: No such file or directory.\n",
        ),
        (Complaint("say --yes", ExitCode.USAGE), ExitCode.USAGE, "error: say --yes.\n"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_is_a_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: ExitCode, said: str
) -> None:
    """A refusal of the machine is 1, of a word of the command line 2, an interruption 130."""

    @speaking
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == code
    assert capsys.readouterr().err == said


def test_a_sentence_is_in_whole_words_and_its_command_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal; in a pipe it is one line, to be searched."""
    command = "sudo /opt/a/long/way/to/pullscope docker off --root /mnt/node --yes"
    said = f"error: pullscope is already on, and this would undo that too. First: {command}"
    monkeypatch.setenv("COLUMNS", "60")
    say(said)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    say(said)

    whole, *lines = capsys.readouterr().err.splitlines()
    pasted = ["sudo /opt/a/long/way/to/pullscope docker off \\", "  --root /mnt/node --yes"]
    assert whole == said
    assert lines == ["error: pullscope is already on, and this would undo that", "too. First:", *pasted]


DATA = Path(__file__).parents[1] / "data"
ARTICLE = str(DATA / "vanity" / "netlify.toml")
FAILED = str(DATA / "recordings" / "dockerd-20.10-missing-tag.mitm")
NOT_COVERED = "docker.example.com/library/nginx"

VERDICTS = [
    ["vanity", "try", ARTICLE, "--ref", NOT_COVERED],
    ["vanity", "try", ARTICLE, "--ref", NOT_COVERED, "--json"],
    ["vanity", "try", ARTICLE, ARTICLE, "--ref", NOT_COVERED],
    ["vanity", "lint", ARTICLE, "--host", "docker.example.com", "--ref", NOT_COVERED],
    ["check", NOT_COVERED, "--rules", ARTICLE],
    ["check", "docker.invalid/a/b", "--clients", "skopeo"],
    ["diff", FAILED, FAILED],
    ["report", FAILED, "--fail-on", "error"],
    ["report", FAILED, "--fail-on", "error", "--json"],
]


OURS = [sys.executable, "-m", "pullscope.cli.main"]


def ended(words: list[str], shell: str, ours: list[str] = OURS) -> tuple[int, str]:
    """The exit code of our command in `shell`, where it stands as "$@", and what is on stderr."""
    done = subprocess.run(
        ["bash", "-c", shell, "bash", *ours, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", VERDICTS, ids=lambda words: " ".join(words[:2]))
def test_a_verdict_is_the_same_for_a_reader_who_leaves(words: list[str]) -> None:
    """`| head -1`, a reader who is gone before the first line, no stdout at all: 3, without a traceback."""
    closed = warm.run(*words, stdout=-1)
    left = [ended(words, f'"$@" | {reader}; exit ${{PIPESTATUS[0]}}', warm.words()) for reader in ("head -1", "true")]
    for code, said in (*left, (closed.returncode, closed.stderr)):
        assert (code, "Traceback" in said, "Exception" in said) == (3, False, False), said


@pytest.mark.parametrize(
    "words", [["vanity", "try", "--bad"], ["vanity", "try", ARTICLE, "--ref", "alpine"], ["fetch"]]
)
def test_a_wrong_word_is_one_for_a_reader_who_leaves(words: list[str]) -> None:
    """2, however little is read of what is said about it."""
    for shell in ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', '"$@" 2>&-', '"$@" >&- 2>&-'):
        assert ended(words, shell)[0] == 2, shell


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=["forced", "piped", "unwanted"],
)
def test_a_table_is_coloured_where_colour_is_wanted(env: dict[str, str], coloured: bool) -> None:
    """A failure is red on a terminal, and plain in a pipe or with NO_COLOR."""
    done = subprocess.run(
        [sys.executable, "-m", "pullscope.cli.main", *VERDICTS[0]],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", **env},
    )
    assert ("\x1b[1;31mFAILS\x1b[0m" in done.stdout) is coloured
    assert ("\x1b" in done.stdout) is coloured


@pytest.mark.parametrize("words", [["--help"], ["report", "--help"], ["report", "--nope"]], ids=" ".join)
def test_a_help_is_plain_where_colour_is_unwanted(words: list[str]) -> None:
    """Its library leaves out colours with NO_COLOR, and keeps bold and dim."""
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80", "FORCE_COLOR": "1"}
    command = [sys.executable, "-m", "pullscope.cli.main", *words]
    in_colour, plain = (
        subprocess.run(command, capture_output=True, text=True, check=False, env={**env, **more})
        for more in ({}, {"NO_COLOR": "1"})
    )
    assert "\x1b" in in_colour.stdout + in_colour.stderr
    assert "\x1b" not in plain.stdout + plain.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("check", "-h"),
        ("docker", "on", "-h"),
        ("report", "--format", "md", "{recording}"),
        ("demo", "--list-registries"),
        ("explain", "digest"),
        ("diff", "{demo}/direct.jsonl", "{demo}/vanity.jsonl"),
    ],
    ids=" ".join,
)
def test_an_ascii_locale_is_no_error(words: tuple[str, ...]) -> None:
    """What it has no character for is spelled plainly; before, `check -h` ended with a traceback."""
    recording = str(DATA / "recordings" / "skopeo-1.9-vanity-302.mitm")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pullscope.cli.main",
            *(word.format(recording=recording, demo=DATA / "demo") for word in words),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(DATA.parents[1] / "src")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b":?`" not in done.stdout  # `IMAGE@sha256:...`


def test_a_page_is_utf_8_in_any_locale() -> None:
    """It says that it is, and a browser runs no script of which a character was replaced."""
    recording = str(DATA / "recordings" / "skopeo-1.9-vanity-302.mitm")
    pages = {
        subprocess.run(
            [sys.executable, "-m", "pullscope.cli.main", "report", "--format", "html", recording],
            env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": name, "PYTHONPATH": str(DATA.parents[1] / "src")},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for name in ("ascii", "utf-8")
    }
    assert len(pages) == 1


def test_a_text_behind_its_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole words below each other on a terminal, one line in a pipe."""
    text = "one word after the other until there is no room"
    monkeypatch.setenv("COLUMNS", "60")
    assert lines_of("error   ", text) == [f"error   {text}"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    told = lines_of("a lead of thirty-two columns     ", text)
    assert " ".join(line[33:] for line in told) == text
    assert len(told) == 2
    assert max(map(len, told)) <= 59


UNDO = "undo  /opt/pullscope/bin/pullscope docker off --root /srv/a/tree/of/its/own (by itself at 12:00:00 UTC)"


@pytest.mark.parametrize(
    ("line", "on_a_terminal"),
    [
        ("off   Nothing was on.", ["off   Nothing was on."]),
        (
            "on disk   HTTPS_PROXY=http://127.0.0.1:8080, SSL_CERT_DIR=/var/lib/pullscope/ca",
            ["on disk   HTTPS_PROXY=http://127.0.0.1:8080,", "          SSL_CERT_DIR=/var/lib/pullscope/ca"],
        ),
        (
            UNDO,
            [
                "undo  /opt/pullscope/bin/pullscope docker off \\",
                "        --root /srv/a/tree/of/its/own",
                "      (by itself at 12:00:00 UTC)",
            ],
        ),
        (
            "on    containerd (CRI, nerdctl): requests for docker.io go to the mirror first",
            ["on    containerd (CRI, nerdctl): requests for docker.io go", "      to the mirror first"],
        ),
        (
            "  /etc/systemd/system/docker.service.d/pullscope.conf  removed (it was new)",
            ["  /etc/systemd/system/docker.service.d/pullscope.conf", "  removed (it was new)"],
        ),
    ],
)
def test_a_line_fits_a_terminal_and_its_command_can_be_pasted(
    line: str, on_a_terminal: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words stay whole, and a command is one for the shell; a pipe has it as it is."""
    monkeypatch.setenv("COLUMNS", "60")
    tell(line)
    assert capsys.readouterr().out == f"{line}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tell(line)
    assert capsys.readouterr().out.splitlines() == on_a_terminal


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cannot read x.mitm: No such file or directory", "cannot read x.mitm: No such file or directory."),
        ("the port is in use. Nothing changed.", "the port is in use. Nothing changed."),
        ("there is no client 'x'. Did you mean y?", "there is no client 'x'. Did you mean y?"),
        ("x.toml: empty", "x.toml: empty."),
        ("a docker daemon needs root. Run: sudo pullscope docker trace", None),
        ("name the image to pull: --ref docker.example.com/org/img", None),
        ("docker.example.com names no image: write docker.example.com/org/img", None),
        ("Your own daemon:\n  sudo pullscope docker trace", None),
    ],
)
def test_an_error_line_ends_with_a_full_stop_or_with_what_is_pasted(
    text: str, told: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One rule for all of them: a sentence has its full stop, a command or an address to paste has none."""
    complain(text)
    assert capsys.readouterr().err == f"error: {told or text}\n"
