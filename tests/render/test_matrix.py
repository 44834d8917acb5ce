"""The table of clients as lines."""

from __future__ import annotations

import re
from dataclasses import replace

from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, Problem, Severity, warning
from pullscope.render.layout import Line, paint
from pullscope.render.matrix import Row, count_of, matrix, problem_lines


def text(lines: list[Line]) -> list[str]:
    return [paint(line, color=False) for line in lines]


def row(label: str, verdict: ClientOutcome, reason: str | None = None, **more: str) -> Row:
    return Row(label=label, evidence="tested", verdict=ClientVerdict(id=label, verdict=verdict, reason=reason, **more))


def test_a_line_for_each_client() -> None:
    """Verdict, reason, evidence; a long reason goes on below itself in whole words, in a narrow terminal too."""
    why = "the token is left behind at the redirect, and the registry wants one"
    for width in (59, 79, 199):
        lines = text(matrix([row("docker 29", ClientOutcome.WORKS), row("podman", ClientOutcome.FAILS, why)], width))
        assert lines[0].split() == ["docker", "29", "pulls", "tested"]
        assert lines[1].startswith("  podman                    FAILS  the token")
        assert lines[1].endswith("  tested")
        end = next(number for number, line in enumerate(lines) if "tested: compared" in line)
        reason = " ".join(line[35:] for line in lines[1:end]).replace("tested", "").split()
        assert reason == why.split()
        assert max(map(len, lines)) <= width


def test_evidence_stands_beside_its_reason() -> None:
    """Also where there is room for more: at the far edge of a wide terminal it would be read in the wrong line."""
    wide, usual = (text(matrix([row("docker 29", ClientOutcome.WORKS)], width))[0] for width in (199, 79))
    assert wide == usual


def test_one_advice_for_all_who_need_it() -> None:
    """The fix is said once, with every issue that tracks it."""
    rows = [
        row(name, ClientOutcome.FAILS, f"why {name}", fix="Do this.", link=f"https://{link}")
        for name, link in (("a", "x"), ("b", "x"), ("c", "y"))
    ]
    lines = text(matrix(rows))

    assert [line.strip() for line in lines[4:]] == ["fix    Do this.", "https://x", "https://y"]


def test_of_several_advices_each_names_its_clients() -> None:
    """Who has one of them reads one; a login is named with its client."""
    rows = [
        row("a", ClientOutcome.FAILS, "x", fix="Do this."),
        row("b", ClientOutcome.FAILS, "y", fix="Do that."),
        replace(row("logged in", ClientOutcome.FAILS, "x", fix="Do this."), of="b"),
    ]
    lines = [line.strip() for line in text(matrix(rows, note="logged in: so"))]

    assert lines[-2:] == ["fix    a, b logged in: Do this.", "fix    b: Do that."]
    assert lines[-3] == "logged in: so"


def test_clients_that_fail_alike_are_one_line() -> None:
    """Where nothing can be reached, ten times the same says no more than once."""
    lines = text(matrix([row(name, ClientOutcome.FAILS, "no such host", fix="Do this.") for name in "abc"]))

    assert [" ".join(line.split()) for line in lines] == ["all 3 clients FAILS no such host", "fix Do this."]


def test_why_there_is_no_verdict_is_said_once_and_whole() -> None:
    """Below the table, for all clients that it concerns."""
    why = "no verdict: nginx.conf:12: a regular expression with captures is not played, and it may answer this path"
    lines = text(matrix([row(name, ClientOutcome.UNKNOWN, why) for name in "ab"]))

    assert lines[0].split()[:2] == ["a", "?"]
    assert " ".join(" ".join(lines[3:]).split()) == f"? {why}"


def test_what_servers_say_is_data() -> None:
    """No control code reaches the terminal."""
    lines = matrix([row("a", ClientOutcome.FAILS, "\x1b[2J\nnext")])
    lines += problem_lines([Problem(code="c\x1b", message="m\x07", fix="f\r", where="w\n")])

    assert all(char.isprintable() for line in text(lines) for char in line)


def test_a_problem_is_told_as_the_story_tells_a_finding() -> None:
    """Its code and its place, which is not said twice; the worst first; a command as a whole, prose in whole words."""
    problems = [
        warning(
            "not-read", "It was not read.", "systemctl restart containerd  # and wait", "/etc/containerd/config.toml:12"
        ),
        Problem("not-there", "/etc/a is not there.", "sh -c 'touch /etc/a'", "/etc/a"),
    ]

    assert text([*problem_lines(problems, 40, pasted=True)]) == [
        " error  not-there",
        "        /etc/a is not there.",
        " fix    sh -c 'touch /etc/a'",
        " warn   not-read",
        "        /etc/containerd/config.toml:12",
        "        It was not read.",
        " fix    systemctl restart containerd",
        "        # and wait",
    ]


def test_counts_what_matters() -> None:
    """Errors and warnings, not notes."""
    problems = [Problem(code="a", severity=severity, message="") for severity in (*Severity, Severity.WARNING)]

    assert count_of(problems) == "1 error, 2 warnings"
    assert count_of(problems, notes=True) == "1 error, 2 warnings, 1 info"
    assert count_of([]) == "no errors"


def test_the_verdict_is_coloured() -> None:
    """Green for a client that pulls, red for one that fails, yellow where there is no verdict, red for an error."""
    rows = [row(one, ClientOutcome(one)) for one in ("works", "fails", "unknown")]
    lines = [*matrix(rows)[:3], next(problem_lines([Problem(code="c", message="m")]))]

    assert [re.findall(r"\x1b\[([0-9;]+)m *([A-Za-z?]+)", paint(line, color=True))[0] for line in lines] == [
        ("32", "pulls"),
        ("1;31", "FAILS"),
        ("33", "?"),
        ("1;31", "error"),
    ]
