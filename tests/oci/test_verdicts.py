"""The one JSON form of problems and verdicts."""

from __future__ import annotations

from dataclasses import asdict

from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, ExitCode, Problem, Severity, as_json, exit_code


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
