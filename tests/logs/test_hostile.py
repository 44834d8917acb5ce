"""A log may be cut, mixed, made up or made to hurt: it is read, or refused in one sentence, and holds no secret afterwards."""

from __future__ import annotations

import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli import warm

from pullscope.logs import forms
from pullscope.trace.recording import from_line, to_line
from pullscope.trace.trace import Trace

LOGS = Path(__file__).parents[1] / "data" / "logs"
FILES = sorted(path for path in LOGS.iterdir() if path.name != "README.md" and path.stat().st_size < 40_000)
LONG = 200_000
"""Characters of a line that would take minutes if any pattern went back over it."""


def _form(raw: bytes) -> forms.Form:
    form = forms.form_of(forms.decoded(raw))
    assert form is not None
    return form


def _mutated(lines: list[bytes], chance: random.Random) -> list[bytes]:
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                lines = lines[: place + 1]
            case 1:
                lines.insert(place, chance.choice(lines))
            case 2:
                chance.shuffle(lines)
            case _:
                cut = chance.randrange(len(lines[place]) + 1)
                lines[place] = (
                    lines[place][:cut] + bytes(chance.choices(b'":=[]{}\\ \xff<>*09', k=4)) + lines[place][cut:]
                )
    return lines


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_damaged_log_is_read_or_refused(file: Path) -> None:
    """Lines lost, doubled, shuffled, damaged: events in the order of their time that a recording can hold, or ValueError."""
    form = _form(file.read_bytes())
    for seed in range(40):
        raw = b"\n".join(_mutated(file.read_bytes().split(b"\n"), random.Random(seed)))  # noqa: S311 - damage, not secrets
        try:
            found = forms.events(form, raw[:100], io.BytesIO(raw[100:]))
        except ValueError:
            assert form.name == "HAR"
            continue
        assert [event.time for event in found] == sorted(event.time for event in found)
        trace = Trace()
        for event in found:
            assert from_line(to_line(event)) == event
            trace.feed(event)
        trace.finish()


PATTERNS = (
    b"a",
    b" (&",
    b" a=map[",
    b' a="\\"',
    b" b=",
    b"x from http",
    b"A https://a (",
    b'{"msg":',
)
STARTS = (
    b"",
    b"DEBU[0000] ",
    b"time=1 level=debug msg=x ",
    b'level=debug msg="Ping https://a/ err ',
    b"<-- ",
    b"> GET /",
)


@pytest.mark.parametrize("form", [form for form in forms.FORMS if form.name != "HAR"], ids=lambda form: form.name)
def test_no_line_makes_a_pattern_go_back_over_it(form: forms.Form) -> None:
    """A line of 200 kB of whatever a pattern looks for is over before a test would time out."""
    for start in STARTS:
        for pattern in PATTERNS:
            forms.events(form, b"", io.BytesIO(start + pattern * (LONG // len(pattern)) + b"\n"))


ODD: tuple[Any, ...] = (None, 0, -1, 1e308, "x", [], {}, [[]], {"name": 1}, True, "2026-99-99T00:00:00Z")


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_har_of_odd_values_is_read(odd: object) -> None:
    """Whatever stands in the place of a value, the other entries are read."""
    whole = json.loads((LOGS / "mitmproxy-denied.har").read_text())
    sound = json.loads(json.dumps(whole["log"]["entries"][0]))
    made = [{**sound, key: odd} for key in ("request", "response", "startedDateTime", "time", "timings")]
    made += [{**sound, "request": {**sound["request"], key: odd}} for key in ("method", "url", "headers", "postData")]
    made += [
        {**sound, "response": {**sound["response"], key: odd}} for key in ("status", "headers", "content", "bodySize")
    ]
    raw = json.dumps({"log": {"entries": [*made, odd, sound]}}).encode()
    found = forms.events(forms.FORMS[0], raw, io.BytesIO())
    trace = Trace()
    for event in found:
        assert from_line(to_line(event)) == event
        trace.feed(event)
    assert len(found) > 4


SECRET = "canary-5f2b9c"
PLANTED = {
    "crane -v": f"""2026/01/02 03:04:05 --> GET https://user:{SECRET}@r.example/v2/a/b/manifests/1?sig={SECRET}
2026/01/02 03:04:05 GET /v2/a/b/manifests/1?sig={SECRET} HTTP/1.1
Host: user:{SECRET}@r.example
Authorization: Basic {SECRET}
Cookie: sid={SECRET}

2026/01/02 03:04:05 <-- 401 https://user:{SECRET}@r.example/v2/a/b/manifests/1?sig={SECRET} (1ms)
2026/01/02 03:04:05 HTTP/1.1 401 Unauthorized
Set-Cookie: sid={SECRET}
Location: https://r.example/x?X-Amz-Signature={SECRET}

""",
    "curl -v": f"""* Connected to r.example (192.0.2.1) port 443 (#0)
* Server auth using Basic with user 'me:{SECRET}'
* [HTTP/2] [1] [authorization: Bearer {SECRET}]
> GET /v2/a/b/manifests/1?token={SECRET} HTTP/2
> Host: r.example
> Authorization: Bearer {SECRET}
>
< HTTP/2 403
< set-cookie: a={SECRET}
<
curl: (22) https://me:{SECRET}@r.example/
""",
    "skopeo --debug": f"""DEBU[0000] GET https://r.example/v2/
DEBU[0000] Ping https://r.example/v2/ status 401
DEBU[0000] GET https://r.example/token?account=me&password={SECRET}&service=r&token={SECRET}
DEBU[0000] Accessing "r.example/a" failed: Get "https://r.example/token?account=me&password={SECRET}&service=r&token={SECRET}": dial tcp: no such host
""",  # noqa: E501 - as such a log writes it
    "containerd debug": f"""DEBU[0000] do request request.header.authorization="Bearer {SECRET}" request.method=GET url="https://r.example/v2/a/blobs/sha256:00?sig={SECRET}"
DEBU[0000] fetch response received response.header.set-cookie="a={SECRET}" response.header.location="https://s.example/?X-Amz-Signature={SECRET}" response.status="307 x" url="https://r.example/v2/a/blobs/sha256:00?sig={SECRET}"
""",  # noqa: E501 - as such a log writes it
    "HTTP dump": f"""INFO[0000] GET /v2/a/b/manifests/1 HTTP/1.1
INFO[0000] Host: r.example
INFO[0000] Authorization: Basic {SECRET}
INFO[0000]
INFO[0000] HTTP/1.1 200 OK
INFO[0000] Content-Length: {len(SECRET) + 12}
INFO[0000]
INFO[0000] {{"token":"{SECRET}"}}
""",
    "regctl -v trace": f"""time=2026-01-02T03:04:05Z level=DEBUG-4 msg="reg http request" req-method=GET req-url="https://r.example/v2/a/manifests/1?sig={SECRET}" req-headers="map[Authorization:[Bearer {SECRET}] Cookie:[{SECRET}]]" resp-status="401 Unauthorized" resp-headers="map[Set-Cookie:[{SECRET}]]"
""",  # noqa: E501 - as such a log writes it
    "dockerd debug": f"""DEBU[0000] Trying to pull r.example/a from https://me:{SECRET}@r.example v2
INFO[0000] Attempting next endpoint for pull after error: Get "https://me:{SECRET}@r.example/v2/": dial tcp: refused
""",
    "registry log": f"""time="2026-11-26T10:00:00Z" level=error msg="response completed with error" err.code=unknown err.detail="token={SECRET}" http.request.host=r.example http.request.id=1 http.request.method=GET http.request.remoteaddr="192.0.2.7:1" http.request.uri="/v2/a/blobs/uploads/1?_state={SECRET}" http.response.status=500
""",  # noqa: E501 - as such a log writes it
    "oras --debug": f"""[2026-11-26T10:00:00Z][DEBUG]: --> Request #0
> Request URL: "https://me:{SECRET}@r.example/v2/a/b/manifests/1?sig={SECRET}"
> Request method: "GET"
> Request headers:
   "Authorization": "Bearer {SECRET}"
[2026-11-26T10:00:01Z][DEBUG]: <-- Response #0
< Response Status: "401 Unauthorized"
< Response headers:
   "Set-Cookie": "{SECRET}"
< Response body:
{{"token":"{SECRET}"}}
""",
    "request lines": f"""  proxy | 2026/01/02 03:04:05 [002] GET https://me:{SECRET}@r.example:443/v2/a/manifests/1?sig={SECRET}
  proxy | 2026/01/02 03:04:06 [002] 401 https://me:{SECRET}@r.example:443/v2/a/manifests/1?sig={SECRET}
  proxy | 2026/01/02 03:04:06 [002] Remote response: {{"token":"{SECRET}"}}
DEBUG    https://r.example:443 "GET /token?service=r&token={SECRET} HTTP/1.1" 200 1070
""",
    "error message": f"""Error response from daemon: Get "https://me:{SECRET}@r.example/v2/a/manifests/1?sig={SECRET}": denied: no
Error: GET https://r.example/token?service=r&scope=repository%3Aa%3Apull&token={SECRET}: unexpected status code 401 Unauthorized
""",
    "HAR": json.dumps(
        {
            "log": {
                "entries": [
                    {
                        "startedDateTime": "2026-01-02T03:04:05Z",
                        "time": 1,
                        "request": {
                            "method": "POST",
                            "url": f"https://r.example/v2/token?service=r&token={SECRET}",
                            "headers": [
                                {"name": "Authorization", "value": f"Basic {SECRET}"},
                                {"name": "Content-Type", "value": "application/x-www-form-urlencoded"},
                            ],
                            "cookies": [{"name": "sid", "value": SECRET}],
                            "postData": {"text": f"grant_type=password&username=me&password={SECRET}&service=r"},
                        },
                        "response": {
                            "status": 200,
                            "headers": [{"name": "Set-Cookie", "value": SECRET}],
                            "content": {"text": json.dumps({"token": SECRET, "refresh_token": SECRET})},
                        },
                    }
                ]
            }
        }
    ),
}


def test_every_form_has_its_canaries() -> None:
    """A form that is added plants its own."""
    assert set(PLANTED) == {form.name for form in forms.FORMS}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_in_a_log_is_in_no_event(name: str) -> None:
    """Passwords, tokens, cookies and signatures of a log stop at the border, whatever the form."""
    raw = PLANTED[name].encode()
    form = _form(raw)
    found = forms.events(form, raw, io.BytesIO())

    assert form.name == name
    assert found
    assert SECRET not in "\n".join(to_line(event) for event in found)


@pytest.mark.parametrize("name", ["crane-missing.log", "mitmproxy-denied.har"])
def test_scrub_writes_a_recording_of_a_log(tmp_path: Path, name: str) -> None:
    """`scrub` makes a recording that tells the same story; a second time it leaves the file alone."""
    out = tmp_path / "safe.jsonl"
    made = warm.run("scrub", str(LOGS / name), str(out))
    first, second = warm.run("report", str(LOGS / name)), warm.run("report", str(out))

    assert made.returncode == 0
    assert "requests. It still contains names of images and hosts." in made.stderr
    assert "eyJ" not in out.read_text()
    assert out.stat().st_mode & 0o777 == 0o600
    assert second.stdout == first.stdout


@pytest.mark.parametrize("form", ["perfetto", "otlp"])
def test_no_picture_in_time_is_made_of_a_log_without_times(form: str) -> None:
    """What shows only times is refused in one sentence."""
    told = warm.run("report", "--format", form, str(LOGS / "crane-404.log"))

    assert told.returncode == 1
    assert told.stdout == ""
    assert "does not say how long things took" in told.stderr


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "html", "md", "mermaid", "har", "curl"])
def test_every_other_form_is_made_of_a_log(form: str) -> None:
    """No form trips over a time that is not known, and none shows a duration for it."""
    told = warm.run("report", "--format", form, str(LOGS / "skopeo-404.log"))

    assert told.returncode == 0
    assert told.stdout
    assert not re.search(r">\d+ ms<|\b0\.00 s\b|\bNone\b", told.stdout)


def test_numbers_of_a_registry_log_are_not_trusted() -> None:
    """A duration and a size of a million digits cost no time and end no reading."""
    line = (
        'time="2026-11-26T10:00:00Z" level=info msg="response completed" http.request.host=r.example http.request.id=1 '
        f"http.request.method=GET http.request.uri=/v2/ http.response.duration={'1' * 100_000}s "
        f"http.response.written={'9' * 100_000} http.response.status=200\n"
    )
    form = _form(line.encode())

    assert form.name == "registry log"
    assert forms.events(form, line.encode(), io.BytesIO())
