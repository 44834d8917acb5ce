"""No credential of an exchange comes out of the border: every kind of it, in every place, in every coding."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from pullscope.oci.messages import Headers, Request, Response
from pullscope.trace.border import Border
from pullscope.trace.events import Finished, Requested, Responded, Uploaded
from pullscope.trace.recording import to_line

OPAQUE = "Zk9-canary_w0rd.Q7x/3+LmNpRsTuVw"
USER, WORD = "canary-robot$ci", "Pa55&w0rd<canary>/x"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhY2Nlc3MiOltdLCJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeS0xMjM0NQ"
MANIFEST = "https://registry.example.com/v2/team/app/manifests/latest"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def get(url: str = MANIFEST, **headers: str) -> Request:
    return Request(
        method="GET", url=url, headers=Headers({name.replace("_", "-"): text for name, text in headers.items()})
    )


def post(body: str, kind: str) -> Request:
    return Request(
        method="POST",
        url="https://auth.example.com/token",
        headers=Headers({"Content-Type": kind}),
        body=body.encode(),
    )


FORM = "application/x-www-form-urlencoded"
KINDS: dict[str, tuple[Request, list[str]]] = {
    "bearer": (get(Authorization=f"Bearer {OPAQUE}"), [OPAQUE]),
    "bearer jwt": (get(Authorization=f"Bearer {JWT}"), [JWT, JWT.split(".")[2]]),
    "basic": (get(Authorization=f"Basic {b64(f'{USER}:{WORD}')}"), [b64(f"{USER}:{WORD}"), f"{USER}:{WORD}", WORD]),
    "proxy": (get(Proxy_Authorization=f"Basic {b64(f'{USER}:{WORD}')}"), [WORD]),
    "no scheme": (get(Authorization=OPAQUE), [OPAQUE]),
    "cookie": (get(Cookie=f"theme=dark; session={OPAQUE}"), [OPAQUE]),
    "key header": (get(X_JFrog_Art_Api=OPAQUE, X_Api_Key=OPAQUE), [OPAQUE]),
    "private token": (get(PRIVATE_TOKEN=OPAQUE), [OPAQUE]),
    "registry auth": (
        get(
            X_Registry_Auth=b64(
                json.dumps({"username": USER, "password": WORD, "serveraddress": "registry.example.com"})
            )
        ),
        [WORD],
    ),
    "user info": (get(f"https://{quote(USER, safe='')}:{quote(WORD, safe='')}@registry.example.com/v2/"), [WORD]),
    "signature": (get(f"https://cdn.example.com/x?Expires=99&Signature={quote(OPAQUE, safe='')}"), [OPAQUE]),
    "random parameter": (get("https://cdn.example.com/x?zz=Ab3dEf6hIj9kLm2nOp5qRs8t"), ["Ab3dEf6hIj9kLm2nOp5qRs8t"]),
    "form": (post(f"grant_type=password&username=u&password={quote(WORD, safe='')}", FORM), [WORD]),
    "form, other field": (post(f"grant_type=refresh_token&pat={quote(OPAQUE, safe='')}", FORM), [OPAQUE]),
    "json": (post(json.dumps({"SecretAccessKey": OPAQUE}), "application/json"), [OPAQUE]),
    "bare text": (post(OPAQUE, "text/plain"), [OPAQUE]),
}

CODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "url": lambda text: quote(text, safe=""),
    "url, small": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3C", "%3c"),
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "url, all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": b64,
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in more": lambda text: b64(f'{{"a":"{text}"}}'),
    "base64 in more, by one": lambda text: b64(f'{{"ab":"{text}"}}'),
    "base64 in more, by two": lambda text: b64(f'{{"abc":"{text}"}}'),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "backwards": lambda text: text[::-1],
    "cut off": lambda text: text[: max(14, len(text) * 2 // 3)],
    "large": str.upper,
}


def error(message: str, detail: object = None) -> bytes:
    return json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": message, "detail": detail}]}).encode()


def answer(body: bytes = b"", status: int = 401, **headers: str) -> Response:
    return Response(
        status=status, headers=Headers({name.replace("_", "-"): text for name, text in headers.items()}), body=body
    )


PLACES: dict[str, Callable[[str], Response | str]] = {
    "error message": lambda text: answer(error(f"invalid token: {text}, sorry")),
    "error detail": lambda text: answer(error("no", {"you": {"sent": [text]}})),
    "error key": lambda text: answer(error("no", {text: 1})),
    "details": lambda text: answer(json.dumps({"details": f"no such user {text}"}).encode()),
    "text": lambda text: answer(f"bad credential {text}\n".encode(), 403),
    "html": lambda text: answer(f"<!doctype html><html><title>no {text}</title></html>".encode(), 403),
    "xml": lambda text: answer(f"<?xml?><Error><Code>Denied</Code><Message>{text}</Message></Error>".encode(), 403),
    "good document": lambda text: answer(json.dumps({"schemaVersion": 2, "annotations": {"a": text}}).encode(), 200),
    "location path": lambda text: answer(status=307, Location=f"https://cdn.example.com/{text}/x"),
    "location query": lambda text: answer(status=307, Location=f"/x?last={text}&n=1"),
    "link": lambda text: answer(status=200, Link=f'</v2/{text}/tags?last={text}>; rel="next"'),
    "challenge": lambda text: answer(WWW_Authenticate=f'Bearer realm="https://a/{text}",error_description="{text}"'),
    "etag": lambda text: answer(status=200, ETag=f'"{text}"', Server=f"nginx ({text})", Docker_Upload_UUID=text),
    "reason": lambda text: f"connection closed early: {text}",
}


def lines_of(request: Request, response: Response | str) -> str:
    """All that a recording holds of an exchange."""
    events = Border().whole(request, response, asked=1.0, answered=2.0, ended=3.0, client="192.0.2.7")
    return "\n".join(map(to_line, events))


def leaks(text: str, secret: str) -> bool:
    """Whether what could be used of a secret is there, in the spelling or as JSON writes it."""
    return secret in text or json.dumps(secret)[1:-1] in text


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_brings_no_credential_out(kind: str, coding: str) -> None:
    """Whatever a server echoes of what it was sent, and wherever."""
    request, secrets = KINDS[kind]
    for secret in secrets:
        coded = CODINGS[coding](secret)
        for place, say in PLACES.items():
            told = lines_of(request, say(coded))
            sought = coded.rstrip("=") if not coding.startswith("base64 in") else b64(secret)[4:-4]
            assert not leaks(told, sought), (place, told)
            assert not leaks(told, secret), (place, told)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not KINDS[kind][0].body])
def test_a_client_says_no_credential_of_its_own(kind: str) -> None:
    """In its name, or in the path of what it asks for."""
    request, secrets = KINDS[kind]
    for secret in secrets:
        agent = f"docker/29.7.2 ({secret})"
        url = request.url.replace("/v2/", f"/v2/{quote(secret, safe='')}/", 1)
        headers = Headers(
            [*request.headers, ("User-Agent", agent), ("Via", f"1.1 {secret}"), ("Referer", f"https://a/{secret}")]
        )
        told = lines_of(Request(method="GET", url=url, headers=headers), "gone")
        assert not leaks(told, secret)
        assert not leaks(told, quote(secret, safe=""))
        assert "docker/29.7.2" in told


KNOWN = [
    *("ghp_" + "a1B2" * 9, "gho_" + "a1B2" * 9, "github_pat_11ABCDEFG0" + "a1B2" * 15, "glpat-" + "a1B2-" * 4),
    *(
        "dckr_pat_" + "a1B2-" * 5,
        "dckr_oat_" + "a1B2" * 5,
        "AKIA" + "A1B2" * 4,
        "ASIA" + "A1B2" * 4,
        "npm_" + "a1B2" * 9,
    ),
    *(
        "xoxb-123456789012-" + "a1B2" * 6,
        "AIza" + "a1B2_" * 7,
        "ya29." + "a1B2" * 9,
        "hvs." + "a1B2" * 6,
        "hf_" + "aBcD" * 8,
    ),
    *("dop_v1_" + "a1b2" * 16, JWT),
]


@pytest.mark.parametrize("secret", KNOWN, ids=lambda secret: secret[:10])
def test_what_is_known_by_its_form_comes_from_nowhere(secret: str) -> None:
    """It need not have been sent before."""
    for place, say in PLACES.items():
        assert secret not in lines_of(get(), say(secret)), place
    told = lines_of(get(f"https://r.example/v2/{secret}/manifests/{secret}?last={secret}&tag={secret}"), "gone")
    assert secret not in told
    assert secret not in lines_of(get(User_Agent=f"docker/29 ({secret})"), "gone")
    told = lines_of(post(f"service={secret}&client_id={secret}&scope=repository:{secret}:pull", FORM), "gone")
    assert secret not in told


TOKENS = "https://auth.example.com/token?service=registry.example.com"
CANARY = "canaryw0rd"


@pytest.mark.parametrize(
    "given",
    [
        {"token": CANARY, "pat": CANARY, "SecretAccessKey": CANARY, "sig": CANARY, "session_id": CANARY},
        {"token": CANARY, "expires_in": CANARY, "issued_at": CANARY, "scope": CANARY, "token_type": CANARY},
        {"token": CANARY, "nested": {"deep": [CANARY]}, CANARY: 1},
        {"pat": CANARY},
        {"data": {"value": CANARY}},
        [CANARY],
        CANARY,
    ],
)
def test_a_token_answer_keeps_listed_fields_only(given: object) -> None:
    """What its author thought of is not what we thought of."""
    assert CANARY not in lines_of(get(TOKENS), answer(json.dumps(given).encode(), 200))


def test_a_token_answer_says_for_how_long() -> None:
    """And which of the names it used."""
    body = {
        "access_token": CANARY,
        "expires_in": 300,
        "issued_at": "2026-11-25T10:00:00Z",
        "scope": "repository:a:pull",
    }
    *_, ended = Border().whole(
        get(TOKENS), answer(json.dumps(body).encode(), 200), asked=1.0, answered=2.0, ended=3.0, client="a"
    )
    assert isinstance(ended, Finished)
    assert json.loads(ended.document or "") == {**body, "access_token": "REDACTED"}


@pytest.mark.parametrize(
    "name", ["n", "last", "digest", "tag", "offline_token", "grant_type", "mount", "ns", "artifactType"]
)
@pytest.mark.parametrize(
    "value", ["hunter2 hunter3", "hunter2!hunter3", "hunter2%0ahunter3", "h:u:n:t:e:r:2", "x" * 300]
)
def test_a_parameter_keeps_what_its_grammar_allows(name: str, value: str) -> None:
    """A number is a number, a digest a digest."""
    event = next(
        iter(Border().whole(get(f"{MANIFEST}?{name}={value}"), "", asked=1.0, answered=1.0, ended=1.0, client="a"))
    )
    assert isinstance(event, Requested)
    assert event.url == f"{MANIFEST}?{name}=REDACTED"


@pytest.mark.parametrize("name", ["n", "digest", "offline_token", "grant_type", "mount", "artifactType"])
def test_a_word_is_no_number_and_no_digest(name: str) -> None:
    """Where the grammar tells them apart."""
    assert CANARY not in lines_of(get(f"{MANIFEST}?{name}={CANARY}"), "gone")
    assert CANARY not in lines_of(post(f"{name}={CANARY}", FORM), "gone")


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"SecretAccessKey": CANARY}),
        json.dumps({"schemaVersion": 2, "layers": [], "pat": CANARY}),
        json.dumps([CANARY]),
        f"<x>{CANARY}</x>",
        CANARY,
        f"a={CANARY}",
    ],
)
def test_a_body_that_is_sent_keeps_what_a_manifest_has(body: str) -> None:
    """And nothing of what is none."""
    request = Request(method="PUT", url=MANIFEST, headers=Headers(), body=body.encode())
    assert CANARY not in lines_of(request, answer(status=201))


def test_a_manifest_that_is_sent_is_kept_as_it_is_spelled() -> None:
    """It is what is published."""
    body = b'{"schemaVersion":2,  "layers": [], "annotations": {"org.opencontainers.image.version": "1"}}'
    events = Border().whole(
        Request(method="PUT", url=MANIFEST, headers=Headers(), body=body),
        answer(status=201),
        asked=1.0,
        answered=2.0,
        ended=3.0,
        client="a",
    )
    assert [event.document for event in events if isinstance(event, Uploaded)] == [body.decode()]


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        (f"docker/29.7.2 (key={CANARY})", "docker/29.7.2 (key=REDACTED)"),
        (f"app/1 (a; token: {CANARY})", "app/1 (a; token: REDACTED)"),
        (f"app/1 (x-api-key={CANARY};b)", "app/1 (x-api-key=REDACTED;b)"),
    ],
)
def test_a_client_that_says_its_key_is_named_without_it(agent: str, kept: str) -> None:
    """Name and version stay."""
    event = next(iter(Border().whole(get(User_Agent=agent), "", asked=1.0, answered=1.0, ended=1.0, client="a")))
    assert isinstance(event, Requested)
    assert event.headers.get("User-Agent") == kept


@pytest.mark.parametrize("segment", [f"key={CANARY}", f"token={CANARY}", f"a=b;key={CANARY}", f"apikey%3D{CANARY}"])
def test_a_path_keeps_no_value_that_it_assigns(segment: str) -> None:
    """In a request, a Location, a Link, a Referer."""
    told = lines_of(
        get(f"https://r.example/v2/{segment}/x", Referer=f"https://r.example/{segment}"),
        answer(status=307, Location=f"/{segment}/y", Link=f"</{segment}>; rel=next"),
    )
    assert CANARY not in told


@pytest.mark.parametrize(
    "reason",
    [
        f"Bad HTTP request line: b'GET /{CANARY}'",
        f'Invalid header: b"X-Key: {CANARY}"',
        f"illegal header line: bytearray(b'{CANARY}')",
        f"Received garbage: b'{CANARY}",
        f"Authorization: Basic {CANARY}",
        f"https://u:{CANARY}@h/ failed",
    ],
)
def test_a_reason_quotes_no_raw_wire(reason: str) -> None:
    """What could not be read may be anything."""
    told = lines_of(get(), reason)
    assert CANARY not in told
    assert reason[:3].encode().decode() in told


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"details":"incorrect username or password"}', "incorrect username or password"),
        ('{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}', "requested access"),
        (
            '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"m","detail":{"Tag":"latest"}}]}',
            '{\\"Tag\\":\\"latest\\"}',
        ),
        (
            "<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            "AccessDenied Request has expired",
        ),
        ("Too Many Requests (HAP429)", "Too Many Requests (HAP429)"),
        ("<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway"),
        ("<html><body><h1>Service down</h1></body></html>", "Service down"),
    ],
)
def test_what_explains_a_failure_stays(body: str, kept: str) -> None:
    """Also with a login."""
    request = get(Authorization=f"Basic {b64('team:hunter2hunter2')}", User_Agent="docker/29.7.2")
    assert kept in lines_of(request, answer(body.encode(), 403))


def test_what_a_name_says_anyway_stays() -> None:
    """A user who is called like the repository, or like a client, spoils neither."""
    events = [
        *Border().whole(
            get(Authorization=f"Basic {b64('docker:app-password')}", User_Agent="docker/29.7.2"),
            answer(error("repository team/app not found"), status=404, Location="https://docker.example/team"),
            asked=1.0,
            answered=2.0,
            ended=3.0,
            client="a",
        )
    ]
    assert isinstance(events[0], Requested)
    assert isinstance(events[1], Responded)
    assert isinstance(events[2], Finished)
    assert events[0].headers.get("User-Agent") == "docker/29.7.2"
    assert events[1].location == "https://docker.example/team"
    assert "repository team/app not found" in (events[2].document or "")
