"""What an exception of a room below becomes: one sentence on stderr and an exit code."""

from __future__ import annotations

import pytest
import typer

from pullscope.cli.exits import Complaint, say, speaking
from pullscope.host import HostError
from pullscope.oci.verdicts import ExitCode


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HostError("docker is gone"), ExitCode.FAILED, "error: docker is gone\n"),
        (ValueError("'x' is not a host"), ExitCode.USAGE, "error: 'x' is not a host\n"),
        (
            FileNotFoundError(2, "No such file or directory", "/a/b"),
            ExitCode.FAILED,
            "error: /a/b: No such file or directory\n",
        ),
        (Complaint("say --yes", ExitCode.USAGE), ExitCode.USAGE, "error: say --yes\n"),
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


def test_a_sentence_is_in_whole_words_and_a_command_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal; in a pipe it is one line, to be searched."""
    command = "sudo /opt/a/long/way/to/pullscope docker off --yes and more words"
    said = f"error: pullscope is already on, and this would undo that too. First: {command}"
    monkeypatch.setenv("COLUMNS", "60")
    say(said)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    say(said)

    whole, *lines = capsys.readouterr().err.splitlines()
    assert whole == said
    assert lines == ["error: pullscope is already on, and this would undo that", "too. First:", command]
