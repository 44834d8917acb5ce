"""Challenges, scopes and token claims, as registries really write them."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullscope.oci.challenge import Challenge, Scope, jwt_access, read_challenges, read_scopes, scopes_asked

HUB = Challenge(
    scheme="bearer",
    realm="https://auth.docker.io/token",
    service="registry.docker.io",
    scope="repository:samalba/my-app:pull,push",
)
BASIC = Challenge(scheme="basic", realm="Registry Realm")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # distribution, docs/content/spec/auth/token.md
        (
            [
                (
                    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
                    'scope="repository:samalba/my-app:pull,push"'
                )
            ],
            [HUB],
        ),
        (
            [
                (
                    'bearer Realm="https://auth.docker.io/token" , SERVICE = "registry.docker.io", '
                    'scope="repository:samalba/my-app:pull,push", Basic realm="Registry Realm"'
                )
            ],
            [HUB, BASIC],
        ),
        (['Basic realm="Registry Realm"', "Bearer"], [BASIC, Challenge(scheme="bearer")]),
        # RFC 9110, 11.6.1
        (
            ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
            [Challenge(scheme="basic", realm="simple"), Challenge(scheme="newauth", realm="apps")],
        ),
        (
            ["Negotiate a87421000492aa874209af8bc028==, Basic realm=x"],
            [Challenge(scheme="negotiate"), Challenge(scheme="basic", realm="x")],
        ),
        (["Bearer,Basic realm=x"], [Challenge(scheme="bearer"), Challenge(scheme="basic", realm="x")]),
        # a bare URL; an unfinished quotation; a quoted comma and quotation marks; a repeated parameter
        (["Bearer realm=https://a/t,service=b"], [Challenge(scheme="bearer", realm="https://a/t", service="b")]),
        (['Bearer realm="https://a/t'], [Challenge(scheme="bearer", realm="https://a/t")]),
        (
            [r'Bearer realm="a, b=\"c\"",error="insufficient_scope"'],
            [Challenge(scheme="bearer", realm='a, b="c"', error="insufficient_scope")],
        ),
        (["Bearer realm=a,realm=b"], [Challenge(scheme="bearer", realm="a")]),
        ([""], []),
        (['realm="nobody"'], []),
        (['"', "=", ", ,"], []),
    ],
)
def test_challenges_are_read_from_one_line_or_several(lines: list[str], expected: list[Challenge]) -> None:
    """Several challenges may share a line, be spread over lines, and be quoted or not."""
    assert list(read_challenges(lines)) == expected


@given(st.lists(st.text(alphabet='Bearer realm="\\=,; \t/:?', max_size=60) | st.text(max_size=60), max_size=3))
def test_no_challenge_is_refused(lines: list[str]) -> None:
    """Whatever a header says, reading it gives challenges or none."""
    assert all(challenge.scheme for challenge in read_challenges(lines))


TOKEN = st.text(alphabet="!#$%&'*+-.^_`|~0123456789abcXYZ", min_size=1, max_size=8)
QUOTED = st.text(alphabet='\t !#$%&()*+,-./:;<=>?@[\\]^_`{|}~"azAZ09é', max_size=12)
SPACE = st.sampled_from(["", " ", "  ", "\t"])
PARAMETERS = st.dictionaries(
    st.sampled_from(["realm", "Service", "scope", "ERROR", "title", "charset"]), TOKEN | QUOTED, min_size=1, max_size=4
)
TOKEN68 = st.from_regex(r"[A-Za-z0-9._~+/-]{1,12}={0,2}", fullmatch=True)


@given(st.lists(st.tuples(TOKEN, st.none() | TOKEN68 | PARAMETERS), min_size=1, max_size=4), st.data())
@settings(max_examples=200)
def test_what_the_grammar_writes_is_read(
    challenges: list[tuple[str, str | dict[str, str] | None]], data: st.DataObject
) -> None:
    """RFC 9110, 11.6.1: however it is spaced and quoted, each challenge comes out with its parameters."""
    written, expected = [], []
    for scheme, given_ in challenges:
        word, named = scheme, given_ if isinstance(given_, dict) else {}
        if isinstance(given_, str):
            word += f" {given_}"
        parts = []
        for name, text in named.items():
            quotes = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            bare = all(char in "!#$%&'*+-.^_`|~0123456789abcXYZ" for char in text) and text != ""
            value = text if bare and data.draw(st.booleans()) else quotes
            parts.append(f"{name}{data.draw(SPACE)}={data.draw(SPACE)}{value}")
        between = f"{data.draw(SPACE)},{data.draw(SPACE)}"
        written.append(word + (f" {between.join(parts)}" if parts else ""))
        lower = {name.lower(): text for name, text in named.items()}
        expected.append(
            Challenge(scheme=scheme.lower(), **{key: lower.get(key) for key in ("realm", "service", "scope", "error")})
        )
    assert read_challenges([", ".join(written)]) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # distribution, docs/content/spec/auth/scope.md
        ("repository:a/b:pull", [("repository", "a/b", ("pull",))]),
        (
            "repository:a:pull,push repository:b:pull",
            [("repository", "a", ("pull", "push")), ("repository", "b", ("pull",))],
        ),
        # distribution/distribution#2504
        (
            "repository:a:pull,repository:b:push,pull",
            [("repository", "a", ("pull",)), ("repository", "b", ("push", "pull"))],
        ),
        ("repository:localhost:5000/a/b:pull", [("repository", "localhost:5000/a/b", ("pull",))]),
        ("repository(plugin):a/b:pull", [("repository(plugin)", "a/b", ("pull",))]),
        ("registry:catalog:*", [("registry", "catalog", ("*",))]),
        ("repository:a:", [("repository", "a", ())]),
        ("", []),
        ("pull", []),
        ("repository:a", []),
        (":::", []),
    ],
)
def test_scopes_are_cut_from_both_ends(text: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    """The type ends at the first colon, the actions start after the last, and both survive being written again."""
    scopes = read_scopes(text)

    assert [(scope.type, scope.name, scope.actions) for scope in scopes] == expected
    assert read_scopes(" ".join(map(str, scopes))) == scopes


def _jwt(payload: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b"{}", payload, b"x"))


def test_a_token_says_what_it_grants() -> None:
    """The access claim is read without asking whether the token is genuine."""
    # distribution, docs/content/spec/auth/jwt.md
    granted = {"access": [{"type": "repository", "name": "samalba/my-app", "actions": ["pull", "push"]}]}

    assert jwt_access(_jwt(json.dumps(granted).encode())) == (
        Scope(type="repository", name="samalba/my-app", actions=("pull", "push")),
    )
    assert jwt_access(_jwt(b'{"access": []}')) == ()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "T:repository:a:pull",
        "a.b.c",
        "a.é.c",
        _jwt(b"[1]"),
        _jwt(b"\xff"),
        _jwt(b'{"access": null}'),
        _jwt(b"[" * 20000),
        _jwt(b" " * 100_000),
    ],
)
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    """Opaque tokens, and JWTs without the claim, are None."""
    assert jwt_access(token) is None


def test_claims_of_the_wrong_type_are_left_out() -> None:
    """A claim that is half there is read as far as it goes."""
    granted = {
        "access": [
            1,
            {"type": "repository"},
            {"type": "t", "name": "n", "actions": ["a", 1]},
            {"type": "t", "name": "n", "actions": "x"},
        ]
    }

    assert jwt_access(_jwt(json.dumps(granted).encode())) == (
        Scope(type="t", name="n", actions=("a",)),
        Scope(type="t", name="n", actions=()),
    )


def test_scopes_of_an_address() -> None:
    """Several parameters, or several scopes in one, are scopes each for itself."""
    url = "https://auth.docker.io/token?scope=repository%3Aa%3Apull&scope=repository:b:pull+repository:c:push#scope=d"
    assert scopes_asked(url) == ["repository:a:pull", "repository:b:pull", "repository:c:push"]
    assert scopes_asked("https://auth.docker.io/token?service=x") == []
