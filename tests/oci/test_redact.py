"""Headers by their keep-list, and numbers in the place of secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.oci.challenge import read_challenges
from pullscope.oci.messages import Headers
from pullscope.oci.redact import KEPT_HEADERS, Numbers, redact_headers

HEX = "8e77458de855f9ed2334d8ea2d53cecb2e47f0ec2f691d9a467b1f19a9d3997e"


def _redacted(name: str, value: str) -> str | None:
    return redact_headers(Headers([(name, value)])).get(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # what the recordings of real clients hold
        ("Host", "registry-1.docker.io"),
        (
            "User-Agent",
            r"docker/29.7.2 go/go1.27.3 storage-driver/overlayfs UpstreamClient(Docker-Client/28.2.2 \(linux\))",
        ),
        ("Accept", "application/vnd.oci.image.index.v1+json, */*"),
        ("Accept-Encoding", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5"),
        ("Docker-Distribution-Api-Version", "registry/2.0"),
        ("Docker-Content-Digest", f"sha256:{HEX}"),
        ("Etag", f'"sha256:{HEX}"'),
        ("Date", "Mon, 23 Nov 2026 09:25:27 GMT"),
        ("ratelimit-limit", "100;w=21600"),
        ("docker-ratelimit-source", "203.0.113.7"),
        ("Cache-Control", "max-age=31536000"),
        ("Content-Range", "bytes 0-99/100"),
        ("x-amz-storage-class", "INTELLIGENT_TIERING"),
        ("WWW-Authenticate", 'Bearer realm="https://auth.docker.io/token",service="a, b",scope="repository:a/b:pull"'),
        ("Www-Authenticate", 'Basic realm="Registry Realm"'),
        ("Location", f"https://registry-1.docker.io/v2/a/blobs/sha256:{HEX}"),
        ("Link", '</v2/_catalog?last=b&n=5>; rel="next"'),
        ("Warning", '299 - "Your auth token will expire in 30 seconds."'),
    ],
)
def test_what_explains_the_traffic_is_kept(name: str, value: str) -> None:
    """The values that a trace is made of survive to the letter."""
    assert _redacted(name, value) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer T:repository:a:pull", "Bearer REDACTED"),
        ("authorization", "basic dXNlcjpwYXNz", "basic REDACTED"),
        ("Authorization", "hunter2", "REDACTED"),
        ("Authorization", "hunter2 hunter3", "REDACTED"),
        ("Proxy-Authorization", "Basic x", "Basic REDACTED"),
        ("Cookie", "a=b", "REDACTED"),
        ("Set-Cookie", "a=b", "REDACTED"),
        ("X-Meta-Source-Client", "azure", "REDACTED"),
        ("Baggage", "trigger=api", "REDACTED"),
        ("X-Docker-Token", "abc", "REDACTED"),
        ("Location", "https://cdn/x?verify=secret123", "https://cdn/x?verify=REDACTED"),
        ("Referer", "https://joe:pw@h/x?sig=1", "https://h/x?sig=REDACTED"),
        ("Content-Location", "/x?sig=1", "/x?sig=REDACTED"),
        (
            "Link",
            '<https://h/x?sig=1&n=2>; rel=next; title="s", </y>',
            "<https://h/x?sig=REDACTED&n=2>; rel=next, </y>",
        ),
        ("Link", "garbage", "REDACTED"),
        ("Warning", '299 - "see https://h/?token=x"', '299 - "see https://h/?token=REDACTED"'),
        (
            "WWW-Authenticate",
            'Bearer realm="https://a/token?jwt=x&service=y",nonce="z"',
            'Bearer realm="https://a/token?jwt=REDACTED&service=y",REDACTED="REDACTED"',
        ),
        ("WWW-Authenticate", "Negotiate YII=, Basic realm=x", 'Negotiate REDACTED, Basic realm="x"'),
        ("WWW-Authenticate", "hunter2", "REDACTED"),
        ("WWW-Authenticate", "", "REDACTED"),
        ("Accept", "a" * 70_000, "REDACTED"),
    ],
)
def test_what_is_secret_or_unknown_goes(name: str, value: str, expected: str) -> None:
    """Credentials keep their scheme, URLs their place, unknown headers their name."""
    assert _redacted(name, value) == expected


def test_every_field_stays_in_its_place() -> None:
    """Order, spelling and repetition of names are part of what a client says."""
    headers = Headers([("Accept", "a"), ("X-Secret", "1"), ("ACCEPT", "b"), ("x-secret", "2")])

    assert list(redact_headers(headers)) == [
        ("Accept", "a"),
        ("X-Secret", "REDACTED"),
        ("ACCEPT", "b"),
        ("x-secret", "REDACTED"),
    ]


def test_a_redacted_challenge_says_the_same() -> None:
    """The recording has the realm, service and scope of the wire."""
    line = r'Bearer realm="https://a/t",service="x \"y\", z",scope="repository:a:pull",error="e", Basic realm=r'

    assert read_challenges([_redacted("WWW-Authenticate", line) or ""]) == read_challenges([line])


@given(
    st.sampled_from([*sorted(KEPT_HEADERS)[:3], "authorization", "www-authenticate", "link", "location", "x-any"]),
    st.text(max_size=60) | st.text(alphabet='Bearer REDACTED realm="\\=,;<>?&/:', max_size=60),
)
def test_a_second_pass_changes_nothing(name: str, value: str) -> None:
    """Redacted headers survive being read and redacted again."""
    once = redact_headers(Headers([(name, value)]))

    assert redact_headers(once) == once


def test_numbers_are_given_in_order_of_first_appearance() -> None:
    """Equal secrets of a kind have one number, each kind counts for itself."""
    numbers = Numbers()

    assert [numbers.number("token", secret) for secret in "abacb"] == [1, 2, 1, 3, 2]
    assert numbers.number("url", "b") == 1
    assert numbers.number("token", "\ud800") == 4


def test_numbers_hold_no_secret() -> None:
    """A Numbers remembers and prints no secret and nothing that reveals one, and no two remember alike."""
    first, second = Numbers(), Numbers()
    first.number("token", "hunter2")
    second.number("token", "hunter2")

    assert "hunter2" not in repr(first)
    assert "hunter2" not in str([getattr(first, name) for name in Numbers.__slots__])
    assert first._known.keys() != second._known.keys()


def test_numbers_forget_the_oldest_and_reuse_none() -> None:
    """Memory is bounded; what was forgotten comes back under a new number."""
    numbers = Numbers(limit=2)
    for secret in "aba":
        numbers.number("token", secret)

    assert numbers.number("token", "c") == 3
    assert numbers.number("token", "a") == 1
    assert numbers.number("token", "b") == 4
    with pytest.raises(ValueError, match="at least one"):
        Numbers(limit=0)
