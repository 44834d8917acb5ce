"""Scrubbing: what is secret goes, what explains the traffic stays, and a second pass changes nothing."""

from __future__ import annotations

import json
import string
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullscope.oci.keep import FIELDS, PARAMETERS
from pullscope.oci.scrub import (
    _SECRET_KEYS,
    MAX_DOCUMENT,
    MAX_TEXT,
    _is_quiet,
    redact_document,
    redact_query,
    redact_text,
    redact_url,
)

HEX = "8e77458de855f9ed2334d8ea2d53cecb2e47f0ec2f691d9a467b1f19a9d3997e"
BLOB = f"/v2/a/b/blobs/sha256:{HEX}"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhY2Nlc3MiOltdfQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "url",
    [
        "https://registry-1.docker.io/v2/",
        f"https://registry-1.docker.io{BLOB}",
        "https://auth.docker.io/token?scope=repository%3Aa%2Fb%3Apull&service=registry.docker.io",
        "https://auth.docker.io/token?scope=repository:a:pull,push&scope=repository(plugin):b:pull&client_id=docker",
        "https://ghcr.io/token?service=ghcr.io&offline_token=true&scope=repository%3Auser%2Fimage%3Apull",
        f"https://h:5000/v2/a/blobs/uploads/?mount=sha256:{HEX}&from=b%2Fc",
        "https://h/v2/_catalog?n=100&last=a%2Fb",
        f"https://h/v2/a/referrers/sha256:{HEX}?artifactType=application%2Fvnd.example%2Bjson",
        "https://mirror/v2/a/manifests/1?ns=docker.io",
        "http://[::1]:5000/v2/",
        "/v2/a/tags/list?n=5",
        "/v2/a/manifests/" + "t" * 128,
        "/v2/a/manifests/sha512:" + HEX * 2,
        "",
    ],
)
def test_a_url_without_secrets_stays_as_it_is(url: str) -> None:
    """The parameters of the keep-list, and paths of a registry, are kept to the letter."""
    assert redact_url(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        # facts of the wire, one kind of signature after the other
        (f"https://cdn{BLOB}?verify=secret123", f"https://cdn{BLOB}?verify=REDACTED"),
        (
            "https://s3/x?X-Amz-Algorithm=AWS4&X-Amz-Credential=c&X-Amz-Signature=secret&X-Amz-Security-Token=secret",
            (
                "https://s3/x?X-Amz-Algorithm=REDACTED&X-Amz-Credential=REDACTED"
                "&X-Amz-Signature=REDACTED&X-Amz-Security-Token=REDACTED"
            ),
        ),
        (
            "https://cf/x?Expires=1&Signature=secret&Key-Pair-Id=secret&Policy=secret",
            "https://cf/x?Expires=1&Signature=REDACTED&Key-Pair-Id=REDACTED&Policy=REDACTED",
        ),
        ("https://gcs/x?GoogleAccessId=secret", "https://gcs/x?GoogleAccessId=REDACTED"),
        ("https://az/x?se=1&sig=secret%3D", "https://az/x?se=1&sig=REDACTED"),
        (
            "/v2/a/blobs/uploads/1?_state=secret&digest=sha256%3Aaa",
            "/v2/a/blobs/uploads/1?_state=REDACTED&digest=sha256%3Aaa",
        ),
        ("https://auth/token?account=joe&service=x", "https://auth/token?account=REDACTED&service=x"),
        # whatever is not on the list
        ("https://h/?new-secret=s", "https://h/?new-secret=REDACTED"),
        ("https://h/?secret", "https://h/?REDACTED"),
        ("https://h/?%73ecret=a&=b", "https://h/?REDACTED=REDACTED&REDACTED=REDACTED"),
        ("https://h/?n=1?token=secret", "https://h/?n=REDACTED"),
        ("https://h/?n=1;token=secret", "https://h/?n=1;token=REDACTED"),
        ("https://h/?N=1", "https://h/?N=REDACTED"),
        (f"https://h/?tag={JWT}", "https://h/?tag=REDACTED"),
        ("https://h/?ns=https%3A%2F%2Fjoe%3Asecret%40h", "https://h/?ns=REDACTED"),
        # user info and fragments
        ("https://joe:secret@h:5000/v2/", "https://h:5000/v2/"),
        ("https://secret@h/v2/#secret", "https://h/v2/"),
        ("https://joe:se@cret@h/v2/", "https://h/v2/"),
        ("//joe:secret@h/v2/", "//h/v2/"),
        ("joe:secret@h/v2/", "h/v2/"),
        (r"https:\\joe:secret@h/v2/", "h/v2/"),
        ("https://h/#access_token=secret", "https://h/"),
        # when a signed address ends is not a secret, whatever else stands there is
        (
            "https://s3/x?X-Amz-Date=20261125T190000Z&X-Amz-Expires=secret",
            "https://s3/x?X-Amz-Date=20261125T190000Z&X-Amz-Expires=REDACTED",
        ),
        # signatures in paths
        (
            "https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/repositories/r/downloads/AF9xsecret",
            "https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/repositories/r/downloads/REDACTED",
        ),
        (
            "https://us-docker.pkg.dev/artifacts-uploads/namespaces/p/repositories/r/uploads/AF9xsecret?x=y",
            "https://us-docker.pkg.dev/artifacts-uploads/namespaces/p/repositories/r/uploads/REDACTED?x=REDACTED",
        ),
        ("https://h/a/" + "s" * 145 + "/b", "https://h/a/REDACTED/b"),
        (f"https://h/a/{JWT}/b", "https://h/a/REDACTED/b"),
        ("https://h/__token__=exp=1~hmac=secret/a", "https://h/REDACTED/a"),
        ("https://h/a;jsessionid=secret/b", "https://h/a/b"),
        ("https://h/a%3Ftoken=secret", "https://h/REDACTED"),
        ("https://h/a%3Fsecret", "https://h/a"),
    ],
)
def test_secrets_of_a_url_go(url: str, expected: str) -> None:
    """Signatures, user info, fragments and every parameter that is not known to be harmless."""
    assert redact_url(url) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # distribution, docs/content/spec/auth/oauth.md
        (
            (
                "grant_type=password&service=hub.docker.io&client_id=dockerengine&username=jlhawn&password=xyz"
                "&scope=repository%3Aa%3Apull+repository%3Ab%3Apull&access_type=offline&refresh_token=xyz"
            ),
            (
                "grant_type=password&service=hub.docker.io&client_id=dockerengine&username=REDACTED&password=REDACTED"
                "&scope=repository%3Aa%3Apull+repository%3Ab%3Apull&access_type=offline&refresh_token=REDACTED"
            ),
        ),
        ('{"password": "xyz"}', "REDACTED"),
        ("xyz", "REDACTED"),
        ("", ""),
    ],
)
def test_a_token_request_keeps_what_it_is_about(form: str, expected: str) -> None:
    """Grant, service, client and scope stay; names and secrets go, and so does what is not a form."""
    assert redact_query(form, FIELDS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"token": "T:repository:a:pull", "expires_in": 300}', '{"token": "REDACTED", "expires_in": 300}'),
        (
            '{"access_token":"a","refresh_token":"b","id_token":"c","scope":"s"}',
            '{"access_token": "REDACTED", "refresh_token": "REDACTED", "id_token": "REDACTED", "scope": "s"}',
        ),
        ('{"a": [{"b": {"Access-Token": ["x"]}}]}', '{"a": [{"b": {"Access-Token": "REDACTED"}}]}'),
        ('{"a": {"token": "x"}, "a": 1}', '{"a": 1}'),
        ('{"token": "x", "token": null}', '{"token": null}'),
        (
            '{"password": 1234, "secret": true, "token": ""}',
            '{"password": "REDACTED", "secret": true, "token": "REDACTED"}',
        ),
        ('{"a": "https://h/?sig=x#y"}', '{"a": "https://h/?sig=REDACTED"}'),
        (f'["{JWT}"]', '["REDACTED"]'),
        (f'"{JWT}"', '"REDACTED"'),
        ('{"a": "{\\"token\\":\\"x\\"}"}', '{"a": "{\\"token\\":\\"REDACTED\\"}"}'),
        ('{"token": "x", "name": "\\ud800 é"}', '{"token": "REDACTED", "name": "\\ud800 é"}'),
        ('{"https://h/?sig=x": 1}', '{"https://h/?sig=REDACTED": 1}'),
        # not JSON
        ('{"token": "x", "exp', '{"token": "REDACTED", "exp'),
        ('{"token": "x y\\" z', '{"token": "REDACTED'),
        ('{"token":"x","n":' + "9" * 5000 + "}", '{"token":"REDACTED","n":' + "9" * 5000 + "}"),
        ("[" * 50_000 + '{"token":"x"}', "[" * 50_000 + '{"token":"REDACTED"}'),
    ],
    ids=lambda text: text[:40],
)
def test_secrets_of_a_document_go(text: str, expected: str) -> None:
    """Wherever they are nested, however often a key is repeated, and where the JSON is broken."""
    assert redact_document(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"schemaVersion":2,\n  "mediaType": "application/vnd.oci.image.index.v1+json" }',
        '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}\n',
        '{"errors":[{"code":"DENIED","message":"invalid token: signature expired, see https://h/docs"}]}',
        "Too Many Requests (HAP429)",
        "toomanyrequests: see https://www.docker.com/increase-rate-limit",
        "invalid bearer token. A basic nginx image, Basic authentication, Bearer realm=",
        f'{{"a": "docker.io/library/nginx:latest@sha256:{HEX}"}}',
        '{"org.opencontainers.image.authors": "Joe <joe@example.com>"}',
        "",
    ],
)
def test_a_document_without_secrets_keeps_its_spelling(text: str) -> None:
    """Manifests and error bodies are shown as they came, white space included."""
    assert redact_document(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use Bearer T:repository:a:pull now", "use Bearer REDACTED now"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: REDACTED"),
        ("got Basic dXNlcjpwYXNz", "got Basic REDACTED"),
        ("Cookie: a=b; c=d\nHost: h", "Cookie: REDACTED\nHost: h"),
        (f"token was {JWT}!", "token was REDACTED!"),
        ("at https://joe:pw@h/x?sig=1, again", "at https://h/x?sig=REDACTED again"),
        (r"at https:\/\/joe:pw@h\/x?sig=1", r"at https:\/\/h\/x?sig=REDACTED"),
        ("Get /v2/x?_state=abc: EOF", "Get /v2/x?_state=REDACTED EOF"),
        ("password='hunter 2' x", "password='REDACTED' x"),
        ("detail=token=abc", "detail=token=REDACTED"),
        ("$ curl -u ann:hunter2 https://h/v2/", "$ curl -u REDACTED https://h/v2/"),
        ("curl -uann:hunter2 --fail", "curl -uREDACTED --fail"),
        ("skopeo copy --dest-creds=ann:hunter2 a b", "skopeo copy --dest-creds=REDACTED a b"),
        ("docker login -u ann -p hunter2 h", "docker login -u ann -p REDACTED h"),
        ("podman login --password 'hunter2' h", "podman login --password 'REDACTED' h"),
        ("Using --password via the CLI is insecure. Use --password-stdin.",) * 2,
        ("docker run -p 80:80 -u ann a", "docker run -p 80:80 -u ann a"),
    ],
)
def test_secrets_of_a_text_go(text: str, expected: str) -> None:
    """Credentials, JWTs, URLs and assignments, wherever a server echoes them."""
    assert redact_text(text) == expected


def test_a_document_is_cut_at_its_bound() -> None:
    """What is longer than any manifest is not kept in full, and its secrets are gone all the same."""
    text = '{"token": "hunter2", "a": "' + "x" * MAX_DOCUMENT + '"}'

    assert len(redact_document(text)) <= MAX_DOCUMENT + len("REDACTED")
    assert "hunter2" not in redact_document(text)


def test_what_is_searched_word_by_word_is_bounded() -> None:
    """Megabytes of suspicious text are cut, or given up, instead of holding up the proxy."""
    urls = "https://a.example/c?sig=e " * 100_000
    in_json = json.dumps({"token": "x", "a": [urls[:3000]] * 500})

    assert len(redact_document(urls)) <= 2 * MAX_TEXT
    assert redact_document(in_json).count("https://") <= MAX_TEXT / 20


_WORDS = r"""
https:// http:// // / \/ ? & = ; # @ : . , ~ %3F %40 %3b \ " ' { } [ ] < > token sig verify n scope ns user
Bearer Basic bearer REDACTED realm password eyJhbGciOi eyJ0 sha256: artifacts-downloads downloads authorization
x-a-token cookie dXNlcjpwYXNz a b é
"""
_PIECES = st.sampled_from(_WORDS.split()) | st.sampled_from(
    ["\x00", "\u2028", " ", "\n", "\t", ": ", "a" * 150, HEX, JWT]
)
_TEXTS = st.lists(_PIECES, max_size=14).map("".join) | st.text(max_size=60)


@given(_TEXTS)
@example("a:b@c:d@e")
@example("Bearer Bearer x")
@example(";https://@")
@example("sha256:;https://@")
@example("a:b@//secret@h")
@example("x-a-token" + JWT + "https://")
@example("https://h/a;b%3f;c")
@settings(max_examples=500)
def test_a_second_pass_changes_nothing(text: str) -> None:
    """What was redacted once can be read, recorded and redacted again."""
    for redact in (redact_url, partial(redact_query, kept=FIELDS), redact_text, redact_document):
        once = redact(text)

        assert redact(once) == once


@given(_TEXTS | st.text(alphabet="tokeTOKEN_-authsig\"':= {}xp", max_size=30))
@settings(max_examples=500)
def test_the_short_way_misses_nothing(text: str) -> None:
    """A document that is let through at a glance is one in which the rules find nothing."""
    if _is_quiet(text):
        assert redact_text(text) == text
    assert not any(_is_quiet(f'{{"{key}": "x"}}') for key in _SECRET_KEYS)


_SECRET = "Zq9" + "k" * 10


@given(
    st.text(alphabet=string.ascii_letters + "-_", min_size=1, max_size=20),
    st.sampled_from(["https://h", "https://u@h:1", "", "//h"]),
    st.sampled_from([BLOB, "/token", "/x/y.z", "/"]),
)
def test_no_unlisted_parameter_is_kept(name: str, origin: str, path: str) -> None:
    """A keep-list removes unexpected names too."""
    kept = {one for one, looks in PARAMETERS.items() if looks.looks_like.fullmatch(_SECRET)}
    url = f"{origin}{path}?scope=a&{name}={_SECRET}&n=1"

    assert (_SECRET in redact_url(url)) == (name in kept)
    assert (_SECRET in redact_document(json.dumps({"a": f"see {url}"}))) == (name in kept)
