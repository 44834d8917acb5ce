"""Documents: what registries answer with, and everything else that may stand in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pullscope.oci.documents import (
    MAX_DESCRIPTORS,
    MAX_DOCUMENT,
    Descriptor,
    Index,
    Manifest,
    Platform,
    RegistryError,
    TokenAnswer,
    read_config,
    read_errors,
    read_manifest,
    read_token_answer,
    what_instead,
)
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED

A, B, C = ("sha256:" + digit * 64 for digit in "abc")
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 607}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": B, "size": 146}
STATEMENT = {"mediaType": "application/vnd.in-toto+json", "digest": C, "size": 61}
DEEP = "[" * 100_000 + "]" * 100_000


def _body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_an_index_lists_platforms_and_attestations() -> None:
    """Platforms read as people write them, and an attestation names the manifest that it is about."""
    body = _body(
        schemaVersion=2,
        mediaType=OCI_INDEX,
        manifests=[
            {"mediaType": OCI_MANIFEST, "digest": A, "size": 903, "platform": {"architecture": "amd64", "os": "linux"}},
            {"digest": B, "platform": {"architecture": "arm64", "os": "linux", "variant": "v8", "os.version": "1"}},
            {
                "digest": C,
                "platform": {"architecture": "unknown", "os": "unknown"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": A,
                },
            },
        ],
    )

    index = read_manifest(body, None)

    assert isinstance(index, Index)
    assert [str(entry.platform) for entry in index.manifests] == ["linux/amd64", "linux/arm64/v8", "unknown/unknown"]
    assert [entry.is_attestation for entry in index.manifests] == [False, False, True]
    assert [entry.attests for entry in index.manifests] == [None, None, A]
    assert index.manifests[1].platform == Platform(os="linux", architecture="arm64", variant="v8")


def test_a_manifest_names_config_and_layers() -> None:
    """Layers keep their order, and the subject and artifact type are there where they are given."""
    body = _body(schemaVersion=2, config=CONFIG, layers=[LAYER, STATEMENT], subject={"digest": C}, artifactType="a/b")

    manifest = read_manifest(body, f"{OCI_MANIFEST}; charset=utf-8")

    assert isinstance(manifest, Manifest)
    assert manifest.media_type == OCI_MANIFEST
    assert manifest.config is not None
    assert (manifest.config.digest, manifest.config.size) == (A, 607)
    assert [layer.digest for layer in manifest.layers] == [B, C]
    assert manifest.subject is not None
    assert (manifest.subject.digest, manifest.artifact_type, manifest.schema_version) == (C, "a/b", 2)
    assert not manifest.is_attestation


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"config": CONFIG, "layers": [STATEMENT]}, True),
        ({"config": CONFIG, "layers": [], "artifactType": "application/vnd.docker.attestation.manifest.v1+json"}, True),
        ({"config": CONFIG, "layers": [LAYER, STATEMENT]}, False),
        ({"config": CONFIG, "layers": []}, False),
    ],
)
def test_an_attestation_is_told_by_what_it_holds(fields: dict[str, Any], expected: bool) -> None:
    """Both forms of BuildKit's attestation manifests are told from images."""
    manifest = read_manifest(_body(schemaVersion=2, **fields), None)

    assert isinstance(manifest, Manifest)
    assert manifest.is_attestation is expected


def test_schema_1_layers_start_at_the_base() -> None:
    """Schema 1 lists the top layer first; here the base is."""
    body = _body(schemaVersion=1, name="a", fsLayers=[{"blobSum": B}, {"blobSum": A}, 3], history=[])

    manifest = read_manifest(body, SCHEMA1_SIGNED)

    assert isinstance(manifest, Manifest)
    assert [layer.digest for layer in manifest.layers] == [A, B]
    assert (manifest.config, manifest.schema_version, manifest.media_type) == (None, 1, SCHEMA1_SIGNED)


@pytest.mark.parametrize(
    ("fields", "content_type", "expected"),
    [
        # the document's own word, then the Content-Type, then the shape (CVE-2021-41190 is about the difference)
        ({"mediaType": OCI_INDEX, "manifests": [], "layers": []}, OCI_MANIFEST, (Index, OCI_INDEX)),
        ({"mediaType": DOCKER_MANIFEST, "layers": []}, DOCKER_INDEX, (Manifest, DOCKER_MANIFEST)),
        ({"schemaVersion": 2, "layers": []}, OCI_MANIFEST, (Manifest, OCI_MANIFEST)),
        ({"schemaVersion": 2}, OCI_INDEX, (Index, OCI_INDEX)),
        ({"manifests": []}, "application/json", (Index, "")),
        ({"fsLayers": []}, None, (Manifest, SCHEMA1)),
        ({"mediaType": 7, "layers": "x", "config": {"digest": A}}, None, (Manifest, "")),
        ({"errors": []}, OCI_MANIFEST, None),
        ({"token": "x"}, "application/json", None),
        # an image config has a `config` too
        ({"architecture": "amd64", "os": "linux", "config": {"Env": []}, "rootfs": {}}, None, None),
        ({"layers": "x"}, None, None),
    ],
)
def test_what_a_document_is_comes_from_itself_first(
    fields: dict[str, Any], content_type: str | None, expected: tuple[type, str] | None
) -> None:
    """mediaType counts before Content-Type, and that before the shape; other documents are none."""
    manifest = read_manifest(_body(**fields), content_type)

    assert (None if manifest is None else (type(manifest), manifest.media_type)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe\x00",
        b'{"manifests": [',
        DEEP.encode(),
        b'{"manifests": ' + DEEP.encode() + b"}",
        b'{"manifests": [], "size": ' + b"9" * 5000 + b"}",
        b" " * (MAX_DOCUMENT + 1),
    ],
    ids=["empty", "null", "list", "html", "not-utf-8", "cut", "deep", "deep-inside", "huge-int", "too-long"],
)
def test_what_is_no_manifest_is_none(body: bytes) -> None:
    """Not JSON, not UTF-8, too deep, too long: none of it is an exception."""
    assert read_manifest(body, OCI_INDEX) is None
    assert read_errors(body) == ()
    assert read_token_answer(body) is None
    assert read_config(body) is None


def test_odd_json_is_read_as_far_as_it_goes() -> None:
    """A BOM, bytes that are not UTF-8, NaN, repeated keys and wrong types spoil only what they are."""
    body = b'\xef\xbb\xbf{"layers": 1, "layers": [null, 1, {"digest": 5, "size": NaN, "annotations": {"a": "\xff"'
    body += b', "b": 1}, "urls": ["u", 3], "platform": []}, {"digest": "sha256:x", "size": -1}'
    body += b', {"size": true}, {"size": 1e99}]}'

    manifest = read_manifest(body, None)

    assert isinstance(manifest, Manifest)
    assert manifest.layers == (
        Descriptor(annotations={"a": "�"}, urls=("u",)),
        Descriptor(),
        Descriptor(),
        Descriptor(),
    )


def test_text_from_documents_can_be_written() -> None:
    """Half a surrogate pair, which JSON can spell, does not reach a file or terminal."""
    (error,) = read_errors('{"errors": [{"code": "\\ud800", "message": "m"}]}')

    assert error.code.encode() == b"?"


def test_the_number_of_descriptors_is_bounded() -> None:
    """A manifest of a hundred thousand layers is read up to a bound."""
    manifest = read_manifest('{"layers": [' + "{}," * 100_000 + "{}]}", None)

    assert isinstance(manifest, Manifest)
    assert len(manifest.layers) == MAX_DESCRIPTORS


def test_descriptors_can_be_kept_in_sets() -> None:
    """Annotations do not make a descriptor unhashable."""
    assert len({Descriptor(annotations={"a": "b"}), Descriptor(annotations={"a": "b"})}) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # spec.md, "Error Codes"
        (
            '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"nope"}}]}',
            [RegistryError(code="MANIFEST_UNKNOWN", message="manifest unknown", detail='{"Tag": "nope"}')],
        ),
        (
            '{"errors":[{"code":"DENIED"},{"message":"m","detail":"d"},"x",{"code":1,"detail":false}]}',
            [
                RegistryError(code="DENIED", message=""),
                RegistryError(code="", message="m", detail="d"),
                RegistryError(code="", message="x"),
                RegistryError(code="", message="", detail="false"),
            ],
        ),
        # moby daemon/containerd/registry_errors.go
        (
            '{"details": "incorrect username or password"}',
            [RegistryError(code="", message="incorrect username or password")],
        ),
        # RFC 6749, 5.2
        (
            '{"error":"invalid_grant","error_description":"expired"}',
            [RegistryError(code="invalid_grant", message="expired")],
        ),
        # Google's APIs, RFC 9457, what frameworks make of both
        (
            '{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}',
            [RegistryError(code="PERMISSION_DENIED", message="The caller does not have permission")],
        ),
        ('{"title":"Not Found","status":404,"detail":"no route"}', [RegistryError(code="", message="no route")]),
        (
            '{"status":403,"error":"Forbidden","message":"blocked"}',
            [RegistryError(code="Forbidden", message="blocked")],
        ),
        ('{"message": "object not found"}', [RegistryError(code="", message="object not found")]),
        ('{"errors": []}', []),
        ("Too Many Requests (HAP429)", []),
        ("{}", []),
    ],
)
def test_errors_are_read_in_every_known_form(body: str, expected: list[RegistryError]) -> None:
    """The spec's form, docker's special case, OAuth's; plain text is none."""
    assert list(read_errors(body)) == expected


def test_a_detail_is_bounded() -> None:
    """A detail of megabytes is cut."""
    (error,) = read_errors(_body(errors=[{"code": "X", "detail": ["y" * 100_000]}]))

    assert len(error.detail) == 2000


def test_a_token_answer_hides_its_token() -> None:
    """The token is there to be fingerprinted, and in no repr."""
    answer = read_token_answer(
        '{"token": "T:repository:a:pull", "expires_in": 300, "issued_at": "2026-01-01T00:00:00Z"}'
    )

    assert answer == TokenAnswer(
        expires_in=300,
        issued_at="2026-01-01T00:00:00Z",
        scope=None,
        access=None,
        odd=None,
        token="T:repository:a:pull",
    )
    assert "T:repository" not in repr(answer)


def test_what_stands_behind_a_token_answer_is_not_read() -> None:
    """docker and containerd decode the first value of the body, and no more."""
    answer = read_token_answer('{"token": "abc"}\n{"errors": [{"code": "UNKNOWN"}]}')

    assert answer is not None
    assert answer.token == "abc"


def test_an_oauth_answer_has_its_token_elsewhere() -> None:
    """POST answers carry access_token, and a scope."""
    answer = read_token_answer('{"access_token": "abc", "scope": "repository:a:pull", "expires_in": "60"}')

    assert answer is not None
    assert (answer.token, answer.scope, answer.expires_in) == ("abc", "repository:a:pull", None)
    assert read_token_answer('{"token": 7}') is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"architecture": "amd64", "os": "linux", "rootfs": {}}', "linux/amd64"),
        ('{"architecture": "arm", "os": "linux", "variant": "v7"}', "linux/arm/v7"),
        ('{"os": "linux"}', "linux/unknown"),
        ('{"os": 1, "architecture": null}', "None"),
    ],
)
def test_a_config_names_its_platform(body: str, expected: str) -> None:
    """What the config says, or nothing."""
    assert str(read_config(body)) == expected


_FIELDS = """
mediaType manifests layers config fsLayers blobSum digest size platform os architecture annotations urls
subject artifactType schemaVersion errors code message detail details error token access_token expires_in
blobs
"""
_KEYS = st.sampled_from(_FIELDS.split())
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([OCI_INDEX, OCI_MANIFEST, SCHEMA1, A, "attestation-manifest"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(
    st.binary(max_size=200) | st.text(max_size=200) | st.dictionaries(_KEYS, _VALUES, max_size=8).map(json.dumps),
    st.sampled_from([None, "", OCI_INDEX, OCI_MANIFEST, SCHEMA1, "text/html"]) | st.text(max_size=20),
)
@example('{"layers": [{"digest": "\\udfff"}]}', None)
@example(b"\x00{}", OCI_INDEX)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_is_an_exception(body: bytes | str, content_type: str | None) -> None:
    """Wrong types everywhere: readers answer, and what they answer can be written as UTF-8."""
    read_manifest(body, content_type)
    manifest = read_manifest(body, content_type)

    assert str((manifest, read_errors(body), read_token_answer(body), read_config(body))).encode()


@pytest.mark.parametrize(
    ("body", "called"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not JSON"),
        (b"<html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no manifest: a list"),
        (b"{}", "no manifest: an object"),
        (b"null", "no manifest: null"),
        (b"true", "no manifest: true or false"),
        (b"1.5", "no manifest: a number"),
        (b'"x"', "no manifest: a text"),
        (b" " * (MAX_DOCUMENT + 1), "too large to be read"),
    ],
)
def test_what_is_there_instead_of_a_manifest(body: bytes, called: str) -> None:
    """Every kind of JSON has a name, and so has what is none."""
    assert what_instead(body) == called
