"""The one JSON form of problems and verdicts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pullscope
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, ExitCode, Problem, Severity, as_json, exit_code

SRC = Path(pullscope.__file__).parent


def test_the_keys_are_those_of_the_contract() -> None:
    """Readers rely on these names and on null for what is not known."""
    document = as_json(
        "docker doctor",
        [Problem(code="a", message="m")],
        [asdict(ClientVerdict(id="podman", verdict=ClientOutcome.FAILS))],
        state="on",
    )
    assert document == {
        "schema_version": 1,
        "command": "docker doctor",
        "verdict": "problems",
        "problems": [{"code": "a", "severity": "error", "message": "m", "fix": None, "where": None}],
        "clients": [
            {
                "id": "podman",
                "verdict": "fails",
                "step": None,
                "finding": None,
                "reason": None,
                "fix": None,
                "link": None,
            }
        ],
        "state": "on",
    }


def test_only_an_error_ends_with_3() -> None:
    """A warning is a problem, but no failure."""
    warning = Problem(code="w", severity=Severity.WARNING, message="m")
    assert exit_code([]) is ExitCode.DONE
    assert exit_code([warning]) is ExitCode.DONE
    assert exit_code([warning, Problem(code="e", message="m")]) is ExitCode.PROBLEMS
    assert as_json("x", [warning])["verdict"] == "problems"
    assert as_json("x", [Problem(code="i", severity=Severity.INFO, message="m")])["verdict"] == "ok"
    assert as_json("x", ended=ExitCode.PROBLEMS)["verdict"] == "problems"


_MAKERS = {"Problem": 2, "warning": 2, "note": 2, "unplayed": 2, "refused": 2, "remark": 4}
"""Who makes a problem, and which of its words is the fix; the message stands right before it."""


def _written() -> Iterator[tuple[str, bool, str]]:
    """Each text of a problem in the source: where, whether it is a fix, and it."""
    for file in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name, given = "", []
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                given = (
                    [(at == _MAKERS[name], one) for at, one in enumerate(node.args) if at] if name in _MAKERS else []
                )
            elif (
                isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "fix" and "worlds" in file.parts
            ):
                given = [(True, node.value)]
            for is_fix, one in given:
                pieces = one.values if isinstance(one, ast.JoinedStr) else [one]
                text = "".join(str(piece.value) if isinstance(piece, ast.Constant) else "{…}" for piece in pieces)
                if text.count(" ") > 2:
                    yield f"{file.name}:{one.lineno}", is_fix, text


def test_problems_are_written_as_findings_are() -> None:
    """A message is a sentence with a full stop; a fix begins small and has none, for its last word may be pasted."""
    texts = list(_written())
    assert len(texts) > 60
    wrong = [
        f"{where} {text}"
        for where, is_fix, text in texts
        if (text[0].isupper() or text.endswith(".") if is_fix else not text.endswith("."))
    ]
    assert not wrong
