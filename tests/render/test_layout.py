"""Lines of a terminal: whole words, and commands that can be pasted."""

from __future__ import annotations

import re

import pytest
from tests.trace.findings.reports import FOLDER, read
from tests.trace.wire import played

from pullscope.oci.plain import plain
from pullscope.render.layout import COMMAND, clauses, wants_color, wrap_advice, wrap_command

LOGIN = re.compile(r"(?:echo \S+|(?:aws|az|oc) [^|;]+) \| [\w -]+ --password-stdin(?: [\w.-]+:?\d*\w)?")
"""A login through a pipe, as every row of oci/known_registries.py spells it: found by other means than `COMMAND`."""


@pytest.fixture(scope="module")
def fixes() -> list[str]:
    """What is advised anywhere in the reports."""
    traces = [played(report.play()) for report in read(FOLDER).values()]
    found = {
        one.fix for trace in traces for one in (*trace.findings, *(f for pull in trace.pulls for f in pull.findings))
    }
    return sorted(plain(one, 1200) for one in found)


def pasted(lines: list[str]) -> str:
    """What a shell reads: a line that ends in a backslash goes on in the next."""
    return re.sub(r" \\\n *", " ", "\n".join(lines))


@pytest.mark.parametrize(
    ("environment", "on_terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour(
    environment: dict[str, str], on_terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal only, unless told otherwise; NO_COLOR counts before FORCE_COLOR, and what was chosen before both."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: on_terminal, raising=False)

    assert wants_color() is expected
    assert wants_color(chosen=not expected) is not expected


@pytest.mark.parametrize(
    ("fix", "lines"),
    [
        ("mv a b && run  # and restart the proxy", ["mv a b && run  # and restart the proxy"]),
        (
            "mkdir -p /home/ann/.mitmproxy/not-a-ca && pullscope docker on  # and restart the proxy",
            ["mkdir -p /home/ann/.mitmproxy/not-a-ca \\", "  && pullscope docker on", "# and restart the proxy"],
        ),
        (
            "printf '%s\\n' '[plugins.\"io.containerd.cri\".registry]' | tee -a /etc/config.toml",
            ["printf '%s\\n' \\", "  '[plugins.\"io.containerd.cri\".registry]' | tee \\", "  -a /etc/config.toml"],
        ),
    ],
)
def test_a_command_alone(fix: str, lines: list[str]) -> None:
    """It is one for the shell in as many lines as it takes, and a remark behind it ends none of them too early."""
    assert wrap_command(fix, 50) == lines


@pytest.mark.parametrize("columns", [60, 80])
def test_a_command_in_a_fix_can_be_pasted(fixes: list[str], columns: int) -> None:
    """In no fix a line of a terminal ends within a command but by a backslash, and none is longer unless a word is."""
    logins = 0
    for fix in fixes:
        lines = wrap_advice(fix, columns - 9)
        assert pasted(lines).replace("\n", " ") == fix
        for command in {*(found[0] for found in COMMAND.finditer(fix)), *(found[0] for found in LOGIN.finditer(fix))}:
            assert command in pasted(lines), fix
        logins += len(LOGIN.findall(fix))
        for line in lines:
            words = [word for word in re.split(r" (?=\S)", line.removesuffix(" \\")) if word]
            assert len(line) < columns - 8 or len(words) < 4 or "$(" in line, line
    assert logins > 15


def test_each_alternative_of_a_fix_begins_a_line(fixes: list[str]) -> None:
    """And nothing is lost: what brackets, quotes and commands hold together is not parted."""
    several = [fix for fix in fixes if len(clauses(fix)) > 1]
    assert all(" ".join(clauses(fix)) == fix for fix in fixes)
    assert all(one.count("(") == one.count(")") for fix in several for one in clauses(fix))
    assert clauses('say "a; b" (c; d); else docker run -e "A; B" x') == [
        'say "a; b" (c; d);',
        'else docker run -e "A; B" x',
    ]
    assert len(several) > 100


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("correct the tag: crane ls ghcr.io/team/app lists those that exist", "crane ls ghcr.io/team/app"),
        ("run curl -v https://ghcr.io/token here, to see at what", "curl -v https://ghcr.io/token"),
        ("in HTTPS_PROXY of its service (systemctl edit docker)", "systemctl edit docker"),
        ("log in again: docker login; if another was meant, name it", "docker login"),
        ("let docker reach production.cloudflare.docker.com too", None),
        ("give the account that docker uses the right to pull team/app", None),
    ],
)
def test_what_of_a_sentence_is_a_command(text: str, command: str | None) -> None:
    """Its words end where prose begins."""
    found = COMMAND.search(text)
    assert (found and found[0]) == command
