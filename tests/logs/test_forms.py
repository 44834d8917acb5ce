"""Logs that others made are told as the registry saw the same run; what is in none of them stays unknown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pullscope.cli.exits import Complaint
from pullscope.cli.source import begin_of, is_flow_file, is_recording, read_trace
from pullscope.logs import forms
from pullscope.render.formats import Told
from pullscope.render.report import report_json
from pullscope.trace.events import Requested
from pullscope.trace.findings.finding import Severity
from pullscope.trace.recording import to_line
from pullscope.trace.source_gaps import silenced

DATA = Path(__file__).parents[1] / "data"
LOGS = DATA / "logs"


def _rows() -> list[list[str]]:
    lines = (LOGS / "README.md").read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")][1:]


ROWS = _rows()
FILES = sorted(path for path in LOGS.iterdir() if path.name != "README.md")


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";")]


def test_every_log_has_its_answer() -> None:
    """No log lies here without a row that says what is right, and each form has a success and a failure."""
    assert sorted(row[0] for row in ROWS) == [path.name for path in FILES]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_log_is_told_as_it_was(row: list[str]) -> None:
    """Reference, outcome, number of requests and errors of each operation are those of the README's row."""
    name, _, references, outcomes, requests, codes = row
    trace, note = read_trace(str(LOGS / name))

    assert note is not None
    assert [pull.reference or "" for pull in trace.pulls] == _parts(references)
    assert [str(pull.outcome) for pull in trace.pulls] == _parts(outcomes)
    assert [len(pull.hops) for pull in trace.pulls] == [int(each) for each in _parts(requests)]
    errors = [" ".join(f.code for f in pull.findings if f.severity is Severity.ERROR) for pull in trace.pulls]
    assert errors == _parts(codes)


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_log_makes_up_a_duration(file: Path) -> None:
    """No duration is told of a log that has none, and no time at all of one without a clock."""
    trace, _ = read_trace(str(file))
    told = report_json(Told.of(trace, file.name))
    events = forms.events(_form(file), file.read_bytes(), io.BytesIO())
    lacks = {word for event in events if isinstance(event, Requested) for word in (event.lacks or "").split()}
    untimed = {"times", "durations"} & lacks
    hops = [hop for pull in told["pulls"] for step in pull["steps"] for hop in step["hops"]]

    assert hops
    assert all((hop["seconds"] is None) == bool(untimed) for hop in hops)
    assert all((pull["seconds"] is None) == bool(untimed) for pull in told["pulls"])
    assert all((hop["started"] is None) == ("times" in untimed) for hop in hops)


def test_a_version_check_may_be_the_end(tmp_path: Path) -> None:
    """What a client says after version checks alone is how it ended; that of a log that ends early is not known."""
    said = 'time="2022-06-21T15:49:02Z" level={} msg="{}"\n'
    log = said.format("debug", "GET https://r.example/v2/") + said.format(
        "debug", "Ping https://r.example/v2/ status 401"
    )
    end = said.format("fatal", r"logging into \"r.example\": invalid username/password")
    found = {}
    for name, text in (("early", log), ("ended", log + end)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        trace, _ = read_trace(str(tmp_path / name))
        found[name] = [one.code for pull in trace.pulls for one in pull.findings if one.severity is Severity.ERROR]

    assert found == {"early": [], "ended": ["access-denied"]}


def _form(file: Path) -> forms.Form:
    form = forms.form_of(forms.decoded(file.read_bytes()[: forms.HEAD]))
    assert form is not None
    return form


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_credential_of_a_log_reaches_an_event(file: Path) -> None:
    """Tokens (JWTs) and signatures of addresses, which the logs do hold, are in no event."""
    with file.open("rb") as source:
        head = source.read(forms.HEAD)
        lines = "\n".join(to_line(event) for event in forms.events(_form(file), head, source))

    assert "eyJ" not in lines
    assert "signature=" not in lines.replace("signature=REDACTED", "")


def test_credentials_are_there_to_be_found() -> None:
    """The test above would mean nothing if no log held any."""
    assert sum(b"eyJ" in path.read_bytes() for path in FILES) >= 3
    assert sum(b"signature=" in path.read_bytes() for path in FILES) >= 3


@pytest.mark.parametrize(
    "file", [*DATA.joinpath("recordings").rglob("*.jsonl"), *DATA.joinpath("recordings").rglob("*.mitm")], ids=str
)
def test_a_recording_is_never_taken_for_a_log(file: Path) -> None:
    """How an input begins decides: no recording and no flow file is read as a log, whatever is in it."""
    with file.open("rb") as source:
        head = begin_of(source)
    assert is_recording(head) or is_flow_file(head)


def test_a_recording_that_quotes_a_log_is_a_recording(tmp_path: Path) -> None:
    """A document that holds lines of a log does not make its recording one."""
    file = tmp_path / "odd.jsonl"
    line = {"event": "missing", "what": 'msg="do request" --> GET https://a.example/v2/'}
    file.write_text(json.dumps({"event": "recording", "schema_version": 1}) + "\n" + json.dumps(line) + "\n")

    with pytest.raises(Complaint, match="pullscope says in line 2"):
        read_trace(str(file))


def test_every_request_says_what_its_log_lacks() -> None:
    """The gaps of the form stand on each request, so that a scrubbed recording still has them."""
    file = LOGS / "skopeo-pull.log"
    with file.open("rb") as source:
        found = forms.events(_form(file), source.read(forms.HEAD), source)
    asked = [event for event in found if isinstance(event, Requested)]

    assert asked
    assert all(event.lacks == _form(file).lacks for event in asked)


def test_a_scrubbed_log_still_says_what_is_missing(tmp_path: Path) -> None:
    """The recording that is made from a log says so when it is read: its reader has not seen the log."""
    file, log = tmp_path / "made.jsonl", LOGS / "crane-terminal.log"
    with log.open("rb") as source:
        found = forms.events(_form(log), source.read(forms.HEAD), source)
    first = json.dumps({"event": "recording", "schema_version": 1})
    file.write_text("\n".join([first, *map(to_line, found)]) + "\n")

    assert read_trace(str(file))[1] == "this was made from a log that does not show: times, credentials."


def test_what_a_log_cannot_show_is_no_finding() -> None:
    """A 401 without a token request after it is a finding of a recording, and none of a log that has no token requests."""
    trace, _ = read_trace(str(LOGS / "containerd-old-maps.log"))
    codes = {finding.code for pull in trace.pulls for finding in pull.findings}
    assert not codes & silenced([_form(LOGS / "containerd-old-maps.log").lacks])
    assert "token-not-requested" in silenced(["tokens"])


def test_a_token_whose_answer_is_not_kept_is_no_mystery() -> None:
    """A browser's HAR without bodies has the token request: that its token is another one is not known."""
    trace, _ = read_trace(str(LOGS / "chromium-no-bodies.har"))
    codes = {finding.code for pull in trace.pulls for finding in pull.findings}
    assert codes == {"manifest-unknown"}


def test_a_log_that_shows_no_request_is_read_as_its_message() -> None:
    """What docker printed, and a few lines of its daemon (distribution/distribution-library-image#100)."""
    text = """$ docker push registry.example:32785/feedly:v1
The push refers to repository [registry.example:32785/feedly]
level=debug msg="Trying to push registry.example:32785/feedly to https://registry.example:32785 v2"
level=error msg="Upload failed: error parsing HTTP 404 response body: invalid character 'p' after: \\"404 page not found\\""
"""
    trace, _ = read_trace(text)

    assert [(hop.request.method, hop.status) for pull in trace.pulls for hop in pull.hops] == [("POST", 404)]
    assert all("headers" in (hop.request.lacks or "") for pull in trace.pulls for hop in pull.hops)
