"""The command as a whole: its help, its version, its manners."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.warm import run
from typer.testing import CliRunner

import pullscope
from pullscope.cli.main import app
from pullscope.cli.plain_words import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
COMMAND = typer.main.get_command(app)
RUN = [sys.executable, "-m", "pullscope.cli.main"]


def test_version_is_the_packages() -> None:
    """--version prints the version and nothing else."""
    assert run("--version").stdout == f"pullscope {pullscope.__version__}\n"


def test_python_runs_it_as_a_module() -> None:
    """Where the script is not on PATH, and with the Python that is meant."""
    done = subprocess.run([sys.executable, "-m", "pullscope", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"pullscope {pullscope.__version__}\n")


def test_help_names_groups_and_the_first_commands_to_know() -> None:
    """The help groups its commands and says where to begin."""
    text = run("--help").stdout

    assert "Watch" in text
    assert re.search(r"First: `?pullscope\s+demo", text)
    assert "130" in text


def test_no_word_is_help_and_a_wrong_one_is_usage() -> None:
    """Without a command the help is shown; an unknown one is exit 2."""
    assert "Usage" in run().stdout + run().stderr
    assert run("fetch").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("report", "x", "--format", "foo"),
        ("vanity", "lint", "x", "--host", "a.b", "--platform", "foo"),
        ("report", "x", "--pull", "0"),
    ],
)
def test_a_wrong_word_is_told_in_our_words(words: tuple[str, ...]) -> None:
    """Which words there are, and nothing of the library that found out."""
    done = run(*words)

    assert done.returncode == 2
    assert f"'{words[-1]}'" in done.stderr or f"'{words[-2]}'" in done.stderr
    assert not re.search("Value error|Input should", done.stderr)


@pytest.mark.parametrize(
    ("words", "command", "code"),
    [
        ("vanity lint /nowhere --host docker.example.com --json", "vanity lint", 1),
        ("vanity lint /dev/null --host docker.example.com --json", "vanity lint", 1),
        ("report --format json /nowhere", "report", 1),
        ("docker status --root /nowhere --json", "docker status", 2),
        ("diff one --json", "diff", 2),
        ("doctor unit --json", "doctor unit", 2),
    ],
)
def test_a_refusal_is_a_document_where_json_was_asked_for(words: str, command: str, code: int) -> None:
    """One document on stdout with the sentence that stderr has, and the same exit code as without --json."""
    done = run(*words.split())
    document = json.loads(done.stdout)
    (problem,) = document["problems"]
    assert (done.returncode, document["command"], document["verdict"]) == (code, command, "problems")
    assert problem["message"].rstrip(".") in done.stderr
    assert run(*words.replace("--json", "").replace("--format json", "").split()).stdout == ""


@cache
def help_of(words: tuple[str, ...], columns: str) -> str:
    """What a command's help is on a screen of so many columns."""
    return CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": columns}).stdout


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def examples_of(words: tuple[str, ...]) -> tuple[Any, list[str]]:
    """A command, and the commands in its help."""
    command: Any = COMMAND
    for word in words:
        command = command.commands[word]
    paragraphs = [*inspect.cleandoc(command.help or "").split("\n\n"), command.epilog or ""]
    return command, [line for part in paragraphs if EXAMPLE.match(part) for line in part.splitlines()]


@pytest.mark.parametrize("words", [*commands(COMMAND)][1:], ids=" ".join)
def test_help_has_an_example_that_can_be_parsed(words: tuple[str, ...]) -> None:
    """Each command shows how it is typed, and each of its options in that is one that it has."""
    examples = examples_of(words)[1]
    parsed = set()
    for example in examples:
        typed = re.split(r" (?:\||2?>) ", example.rpartition("pullscope ")[2].rstrip(')"'))[0]
        command: Any = COMMAND
        given = shlex.split(typed)
        context = typer.Context(command)
        path = []
        while getattr(command, "commands", None):
            path.append(given.pop(0))
            command = command.commands[path[-1]]
            context = type(context)(command, parent=context)
        command.make_context(path[-1], given)
        parsed.add(tuple(path))

    assert any(path[: len(words)] == words for path in parsed)


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize("words", [*commands(COMMAND)], ids=" ".join)
def test_help_names_values_by_what_they_are(words: tuple[str, ...], columns: str) -> None:
    """No type and no range of the library's, such as `<bool>`, `list[str]` or `x>=1`; and no word is cut."""
    text = help_of(words, columns)

    assert "Usage" in text
    assert not re.search(r"<[a-z]|list\[|\b(bool|str|BOOLEAN|TEXT|int range)\b|x[<>]=|…", text)


@pytest.mark.parametrize("columns", ["60", "80", "120"])
@pytest.mark.parametrize("words", [*commands(COMMAND)], ids=" ".join)
def test_help_gives_commands_that_can_be_pasted(words: tuple[str, ...], columns: str) -> None:
    """None is wider than the screen; one that goes on in the next line says so to the shell."""
    text, examples = help_of(words, columns), examples_of(words)[1]
    lines = [line for line in text.splitlines() if line.endswith("\\") or line.strip() in examples]

    assert all(example in re.sub(r" \\ *\n *", " ", text) for example in examples)
    assert [line for line in lines if len(line) > int(columns)] == []


@pytest.mark.parametrize(
    ("words", "default"),
    [(["trace"], "8080; with --mirror 8600"), (["vanity", "init"], "HOST"), (["run"], "~/.mitmproxy")],
)
def test_help_shows_a_default_that_is_worked_out_later(words: list[str], default: str) -> None:
    """Written in the option's own help, where rich would take the brackets for a style."""
    assert f"[default: {default}]" in CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"}).stdout


@pytest.mark.parametrize(("words", "choice"), [(["report"], "perfetto"), (["vanity", "try"], "cloudflare")])
def test_help_keeps_a_choice_whole(words: list[str], choice: str) -> None:
    """A line of eighty columns ends between two choices, not in one."""
    assert choice in CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"}).stdout


def test_a_help_text_may_be_cut_short() -> None:
    """`pullscope --help | head -1` is not an error, and says none."""
    for words in (["--help"], ["trace", "--help"]):
        done = subprocess.run(
            ["bash", "-c", f"{' '.join([*RUN, *words])} | head -1 >&2; exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr.strip()) == (0, "")


def test_help_imports_nothing_heavy() -> None:
    """--help is quick because mitmproxy, jinja2 and the rooms with weight are imported when they are needed."""
    code = (
        "import sys; from typer.testing import CliRunner; from pullscope.cli.main import app; "
        "r = CliRunner().invoke(app, ['--help']); assert r.exit_code == 0; "
        "print([n for n in ('mitmproxy', 'jinja2', 'asyncio', 'pullscope.mitm.watch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "mitmproxy" not in done.stdout
    assert "jinja2" not in done.stdout
    assert "pullscope.mitm.watch" not in done.stdout


def test_a_bug_is_a_sentence_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected error says so in one line and exits 1; PULLSCOPE_DEBUG brings the traceback."""
    import typer

    from pullscope.cli.exits import speaking

    @speaking
    def broken() -> None:
        raise KeyError("secret-from-the-wire")

    with pytest.raises(typer.Exit) as ended:
        broken()

    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("error: unexpected KeyError")
    assert "secret-from-the-wire" not in said
    monkeypatch.setenv("PULLSCOPE_DEBUG", "1")
    with pytest.raises(KeyError):
        broken()


@pytest.mark.parametrize(
    ("shell", "hooked"),
    [
        ("bash", "complete -o default -F _pullscope_completion pullscope"),
        ("zsh", "compdef _pullscope_completion pullscope"),
        ("fish", "complete --command pullscope "),
    ],
)
def test_completion_can_be_shown(shell: str, hooked: str) -> None:
    """The script of each shell hooks the command up."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from pullscope.cli.main import main; sys.argv = ['pullscope']; main()"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "_PULLSCOPE_COMPLETE": f"source_{shell}", "PATH": "/usr/bin:/bin"},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert hooked in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("pullscope demo --client doc", {"docker-classic", "docker-containerd"}),
        ("pullscope demo --fault rate", {"rate-limited"}),
        ("pullscope diff a b --client sko", {"skopeo"}),
        ("pullscope docker on --trust c", {"certs.d"}),
        ("pullscope trace --view l", {"lines", "live"}),
        ("pullscope explain dig", {"digest"}),
    ],
)
def test_words_of_an_option_are_completed(typed: str, offered: set[str]) -> None:
    """As bash asks for them."""
    words = typed.split()
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from pullscope.cli.main import main; sys.argv = ['pullscope']; main()"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            "PYTHONPATH": str(ROOT / "src"),
            "PATH": "/usr/bin:/bin",
            "_PULLSCOPE_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(words) - 1),
        },
    )
    assert set(done.stdout.split()) >= offered
    assert all(line.startswith(words[-1]) for line in done.stdout.split())


@pytest.mark.parametrize("name", ["registry_trace", "sample_registry"])
def test_addon_path_is_a_file_for_mitmproxy(name: str) -> None:
    """addon-path prints the file that -s takes."""
    path = Path(run("addon-path", name).stdout.strip())

    assert path.is_file()
    assert path.name == f"{name}.py"


def test_addon_path_refuses_what_is_none() -> None:
    """A name that is not an addon, or a path, is refused with the names that there are."""
    for name in ("nothing", "../addons/registry_trace"):
        done = run("addon-path", name)

        assert done.returncode == 2
        assert "registry_trace" in done.stderr


def test_what_the_tests_import_first_needs_no_extra() -> None:
    """The README's test command installs none: what belongs to [otel] alone may be missing."""
    without = "import sys; sys.modules['requests'] = None; from tests.cli.warm import _import_all; _import_all()"
    done = subprocess.run([sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
