"""Tests of the content view, through mitmproxy's own choice of a view, on whichever version is installed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy import contentviews, http
from tests.make import exchange, in_mitmproxy, loaded

from pullscope.mitm import content_view
from pullscope.mitm.flow_notes import seen_of
from pullscope.mitm.watch import Watch

DIGEST = "sha256:" + "a" * 64
DESCRIPTOR = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 120345}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 607},
    "layers": [DESCRIPTOR, DESCRIPTOR],
    "annotations": {"org.example": "two\nlines \x1b[31m"},
}
INDEX = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {**DESCRIPTOR, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {**DESCRIPTOR, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ],
}
CONFIG = {
    "os": "linux",
    "architecture": "amd64",
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "config": {"Env": ["PATH=/bin"], "Cmd": ["sh", "-c", "x"], "Labels": {"a": "b"}},
    "history": [{"created_by": "COPY a\tb"}, {"created_by": "CMD", "empty_layer": True}],
}
CLAIMS = {
    "iss": "auth.example.com",
    "access": [{"type": "repository", "name": "a/b", "actions": ["pull"]}],
    "pin": "1234",
}
JWT = "e30." + base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode().rstrip("=") + ".c2VjcmV0"
TOKEN = {"token": JWT, "expires_in": 300}
ERROR = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no such tag", "detail": {"Tag": "x"}}]}


@pytest.fixture(autouse=True)
def offered() -> Iterator[None]:
    content_view.add()
    yield
    content_view.remove()


def shown(document: object, content_type: str, *, traced: bool = True) -> tuple[str, str]:
    """The view that mitmproxy chooses by itself, and its text."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    flow = exchange(answer=body, answer_headers=[("Content-Type", content_type)])
    if traced:
        seen_of(flow)
    assert flow.response is not None
    return view_of(flow, flow.response)


def view_of(flow: http.HTTPFlow, message: http.Message) -> tuple[str, str]:
    result: list[tuple[str, str]] = []

    @in_mitmproxy
    async def look() -> None:
        with loaded(Watch()):
            if hasattr(contentviews, "prettify_message"):
                from mitmproxy import ctx

                ctx.options.add_option("protobuf_definitions", str, "", "")
                pretty = contentviews.prettify_message(message, flow)
                result.append((pretty.view_name, pretty.text))
            else:
                description, lines, error = contentviews.get_message_content_view("auto", message, flow)
                assert error is None
                result.append((description, "\n".join("".join(text for _, text in line) for line in lines)))

    look()
    return result[0]


def test_manifest() -> None:
    """Config and layers with their digests, sizes and types, each under its name."""
    name, text = shown(MANIFEST, "application/vnd.oci.image.manifest.v1+json", traced=False)

    assert name == "Registry"
    assert text.splitlines()[0] == "manifest: 2 layers, 240 690 bytes"
    assert "layer 2/2" in text
    assert text.count(DIGEST) == 3
    assert "607 bytes" in text


def test_index() -> None:
    """The platforms, and what is an attestation."""
    name, text = shown(INDEX, "application/vnd.oci.image.index.v1+json", traced=False)

    assert name == "Registry"
    assert text.splitlines()[0] == "index: 1 manifest, 1 attestation"
    assert "linux/arm64/v8" in text


def test_config() -> None:
    """What an image runs, whatever type its blob was sent as."""
    name, text = shown(CONFIG, "application/octet-stream")

    assert name == "Registry"
    assert text.splitlines()[0] == "image config for linux/amd64"
    assert 'command      ["sh", "-c", "x"]' in text
    assert "+ COPY a b" in text
    assert "- CMD" in text


def test_token_answer_shows_claims_and_never_the_token() -> None:
    """What it grants and for how long; private claims stay out."""
    name, text = shown(TOKEN, "application/json")

    assert name == "Registry"
    assert "repository:a/b:pull" in text
    assert "300 s" in text
    assert "auth.example.com" in text
    assert not [part for part in (*JWT.split("."), "1234") if part in text]


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "e30.W10.x", "x." + "A" * 200_000 + ".y"])
def test_tokens_that_cannot_be_read(token: str) -> None:
    """They are named as what they are, and are not shown either."""
    _, text = shown({"access_token": token}, "application/json")

    assert "opaque" in text
    assert token == "opaque" or token not in text


def test_error_body() -> None:
    """The registry's code, message and detail."""
    name, text = shown(ERROR, "application/json; charset=utf-8")

    assert name == "Registry"
    assert "error MANIFEST_UNKNOWN" in text
    assert "no such tag" in text
    assert '{"Tag": "x"}' in text


@pytest.mark.parametrize("document", [{"hello": "world"}, [1], b"\xff\x00", b"", MANIFEST, TOKEN])
def test_json_of_others_is_left_to_mitmproxy(document: object) -> None:
    """Only flows of the trace, and media types of registries, are ours."""
    content_type = "application/json" if document in (MANIFEST, TOKEN) else "application/vnd.oci.image.index.v1+json"
    name, _ = shown(document, content_type, traced=False)

    assert name != "Registry"


def test_control_codes_are_shown_as_text() -> None:
    """A terminal must not obey an annotation, nor a second line break the columns."""
    _, text = shown(MANIFEST, "application/json")

    assert "\x1b" not in text
    assert "two lines \\x1b[31m" in text


def test_a_pushed_manifest_is_shown_in_its_request() -> None:
    """The body of a PUT is a manifest, too."""
    body = json.dumps(MANIFEST).encode()
    flow = exchange(method="PUT", body=body, headers=[("Content-Type", MANIFEST["mediaType"])])  # type: ignore[list-item]

    assert view_of(flow, flow.request)[0] == "Registry"


def test_a_large_document_ends() -> None:
    """A window is not filled for ever."""
    text = content_view.describe(json.dumps({**MANIFEST, "layers": [DESCRIPTOR] * 5_000}).encode(), None)

    assert text is not None
    assert text.endswith("\n...")


def times_offered() -> int:
    """How many views of ours mitmproxy has."""
    registry: Any = getattr(contentviews, "registry", None)
    names = registry.available_views() if registry is not None else [view.name for view in contentviews.views]
    return [name.lower() for name in names].count(content_view.NAME.lower())


def test_adding_twice_and_removing_twice_is_fine() -> None:
    """Two proxies in one process, and a script that is loaded anew."""
    content_view.add()
    content_view.add()
    assert times_offered() == 1
    content_view.remove()
    content_view.remove()
    assert times_offered() == 0
    content_view.add()
    assert times_offered() == 1
