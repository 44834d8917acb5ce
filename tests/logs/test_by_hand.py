"""What was asked by hand, or by a library that logs it, is read as the requests and answers that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullscope.cli.source import read_trace
from pullscope.logs import forms
from pullscope.logs.around import unwrapping
from pullscope.oci.verdicts import Severity

AT = "https://registry.example.com/v2"


def _pasted() -> dict[str, tuple[str, list[str], list[str]]]:
    """The blocks of the file: what was pasted, the exchanges, and words that are told of them, or advised."""
    blocks = (Path(__file__).parents[1] / "data" / "by_hand.txt").read_text().split("\n== ")[1:]
    read: dict[str, tuple[str, list[str], list[str]]] = {}
    for name, _, text in (block.partition("\n") for block in blocks):
        lines = text.rstrip("\n").split("\n")
        marks = ("-> ", "=> ")
        told = [[line[3:] for line in lines if line.startswith(mark)] for mark in marks]
        read[name] = ("".join(f"{line}\n" for line in lines if not line.startswith(marks)), told[0], told[1])
    return read


PASTED = _pasted()


@pytest.mark.parametrize("name", PASTED)
def test_it_is_read_as_what_was_asked_and_answered(name: str) -> None:
    text, exchanges, told = PASTED[name]
    trace, _ = read_trace(text)

    hops = [hop for pull in trace.pulls for hop in pull.hops]
    assert [f"{hop.request.method} {hop.request.url} > {hop.status or '-'}" for hop in hops] == exchanges
    findings = [finding for pull in trace.pulls for finding in pull.findings]
    messages = "\n".join(f"{finding.message} {finding.fix}" for finding in findings)
    assert [words for words in told if words not in messages] == []
    assert told or all(finding.severity is not Severity.ERROR for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        f"$ curl -v {AT}/\n* Connected to registry.example.com\n> GET /v2/ HTTP/1.1\n> Host: registry.example.com\n>\n",
        "run curl https://get.docker.com | sh, then docker pull ann/app\n",
        f"curl {AT}/ returns {{}} here, and with curl -v {AT}/ I see nothing\n{{}}\n",
        f"When I typed:<code>curl {AT}/</code>, it returned\n404 page not found\n",
        "$ curl -I https://www.example.com\nHTTP/2 200\ncontent-type: text/html\n",
        "Error response from daemon: curl failed\n",
        '{"msg": "http-request", "uri": "/v2/"}\n',
    ],
    ids=[
        "curl -v",
        "a page that says what to do",
        "prose",
        "a page of prose",
        "another site",
        "a message",
        "a log of JSON",
    ],
)
def test_what_only_looks_like_it_stays_as_it_is(text: str) -> None:
    assert list(unwrapping(text)(text.splitlines())) == text.splitlines()


def test_a_login_that_a_command_names_is_not_kept() -> None:
    """`-u` says that one was sent, not which."""
    text = f"$ curl -i -u ann:hunter2 {AT}/\nHTTP/1.1 401 Unauthorized\n\n"

    assert "hunter2" not in "\n".join(unwrapping(text)(text.splitlines()))
    assert "Authorization: Basic" in list(unwrapping(text)(text.splitlines()))


def test_a_command_that_printed_nothing_is_no_answer() -> None:
    assert forms.form_of(forms.decoded(f"$ curl -s {AT}/\n".encode())) is None


@pytest.mark.parametrize(
    "text", ["a@" * 60_000, "$ " * 60_000, "kubectl " + "a/" * 60_000], ids=["at", "prompts", "paths"]
)
def test_a_long_line_is_no_command(text: str) -> None:
    """It is looked at in no more time than another, beside a command that is one."""
    lines = [text, f"$ curl -s {AT}/", "{}"]

    assert next(iter(unwrapping("\n".join(lines))(lines))) == f"GET {AT}/ HTTP/1.1"
