"""A vanity host in a world: who can pull through it, for each design, in memory."""

from __future__ import annotations

import pytest

from pullscope.judge import judged
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rehearse import as_proxy, rehearse
from pullscope.worlds.vanity.rules import RuleFile
from pullscope.worlds.vanity.world import vanity_world

HOST = "docker.example.com"
HUB = "https://registry-1.docker.io"
GHCR = "https://ghcr.io"


def netlify(text: str) -> RuleFile:
    return parse_rules(text, "_redirects", "netlify")


def rewriting(to: str, **more: str) -> RuleFile:
    keys = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    return parse_rules(f'[[rewrite]]\nfrom = "{HOST}"\nto = "{to}"\n{keys}', "vanity.toml", "rewrite")


REDIRECT = netlify(f"/v2/ {HUB}/v2/ 302\n/v2/org/* {HUB}/v2/org/:splat 302")
RENAMED = netlify(f"/v2/ {HUB}/v2/ 302\n/v2/app/* {HUB}/v2/org/app/:splat 302")
STRICT = netlify(f"/v2/ {GHCR}/v2/ 302\n/v2/app/* {GHCR}/v2/org/app/:splat 302")
NO_TOKENS = netlify("/v2/ https://registry.k8s.io/v2/ 302\n/v2/* https://registry.k8s.io/v2/:splat 302")

# The rows of the lab's matrix (docs/sources.md), columns: docker classic, docker containerd, skopeo.
MATRIX = [
    ("redirect, same path", REDIRECT, "org/app", "works", "works", "fails authorization-dropped"),
    ("redirect, renamed, lenient", RENAMED, "app/x", "fails scope-mismatch", "works", "fails authorization-dropped"),
    ("redirect, renamed, strict", STRICT, "app/x", "fails scope-refused", "fails scope-refused", "fails scope-refused"),
    ("/v2/ not covered", netlify(f"/v2/org/* {HUB}/v2/org/:splat 302"), "org/app",
     "fails ping-not-redirected", "works", "fails ping-not-redirected"),
    ("slash lost", netlify(f"/v2/ {HUB}/v2 302\n/v2/org/* {HUB}/v2/org/:splat 302"), "org/app",
     "fails ping-slash-lost", "works", "fails authorization-dropped"),
    ("proxy, same path", as_proxy(REDIRECT), "org/app", "works", "works", "works"),
    ("proxy, renamed, lenient", as_proxy(RENAMED), "app/x", "fails scope-mismatch", "works", "works"),
    ("plain rewriting", rewriting("registry-1.docker.io"), "org/app", "works", "works", "works"),
    ("token-aware, renamed, lenient", rewriting("registry-1.docker.io", auth="token-aware", prefix="org/"), "app",
     "works", "works", "works"),
    ("token-aware, renamed, strict", rewriting("ghcr.io", auth="token-aware", prefix="org/"), "app", "works", "works", "works"),
    ("no tokens", NO_TOKENS, "org/app", "works", "works", "works"),
    ("always 200, no tokens", rewriting("registry.k8s.io", auth="always-200"), "org/app", "works", "works", "works"),
    ("nothing covers the name", REDIRECT, "else/app",
     "fails path-not-redirected", "fails path-not-redirected", "fails path-not-redirected"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "name", "classic", "containerd", "skopeo"), [pytest.param(*row[1:], id=row[0]) for row in MATRIX]
)
def test_design_works_for_whom_it_worked_in_the_lab(
    rules: RuleFile, name: str, classic: str, containerd: str, skopeo: str
) -> None:
    """What the modelled clients make of each design is what the real ones did, and the reason is its own finding."""
    tried = {client.id: one for client, one in judged(rehearse(rules, HOST, Reference.parse(f"{HOST}/{name}")).tried)}
    columns = ("docker-classic", "docker-containerd", "skopeo")
    got = [f"{tried[one].verdict} {tried[one].finding or ''}".strip() for one in columns]

    assert got == [classic, containerd, skopeo]


def test_every_row_has_a_model() -> None:
    """No client has a verdict unless a model of it ran; docker 29 keeps a login to the vanity host."""
    tried = judged(rehearse(REDIRECT, HOST, Reference.parse(f"{HOST}/org/app")).tried)
    verdicts = {client.id: verdict for client, verdict in tried}

    assert not [verdict for _, verdict in tried if verdict.verdict is ClientOutcome.UNKNOWN]
    assert verdicts["regctl"].verdict is ClientOutcome.WORKS
    assert verdicts["docker-containerd+vanity-login"].reason == "the login is not sent on"


def test_loop_is_caught() -> None:
    """A rule whose target is the vanity host itself is answered with 508."""
    world = vanity_world(HOST, netlify(f"/v2/* https://{HOST}/v2/:splat 200"), {})

    assert world[HOST](Request(method="GET", url=f"https://{HOST}/v2/")).status == 508


def test_token_aware_proxy_rewrites_link_location_and_name() -> None:
    """No answer names the registry: not the next page, not an upload's place, not the list of tags."""

    def registry(request: Request) -> Response:
        if "tags" in request.url:
            link = '</v2/org/app/tags/list?last=a&n=1>; rel="next"'
            return Response(status=200, headers=Headers([("Link", link)]), body=b'{"name":"org/app","tags":["a"]}')
        return Response(
            status=307, headers=Headers([("Location", "https://ghcr.io/v2/org/app/blobs/uploads/1?_state=x")])
        )

    world = vanity_world(HOST, rewriting("ghcr.io", auth="token-aware", prefix="org/"), {"ghcr.io": registry})
    tags = world[HOST](Request(method="GET", url=f"https://{HOST}/v2/app/tags/list?n=1"))
    moved = world[HOST](Request(method="GET", url=f"https://{HOST}/v2/app/blobs/uploads/1"))

    assert tags.headers.get("Link") == f'<https://{HOST}/v2/app/tags/list?last=a&n=1>; rel="next"'
    assert tags.body == b'{"name": "app", "tags": ["a"]}'
    assert moved.headers.get("Location") == f"https://{HOST}/v2/app/blobs/uploads/1?_state=x"


def test_token_is_not_fetched_from_where_a_client_says() -> None:
    """The realm is what the registry named; a client cannot make the proxy ask another host for it."""
    world = vanity_world(HOST, rewriting("ghcr.io", auth="token-aware"), {})

    assert world[HOST](Request(method="GET", url=f"https://{HOST}/token?realm=https://evil.example")).status == 503


def redirected(host: str, **keys: str) -> dict[str, ClientOutcome]:
    """What becomes of one plain redirect rule to this registry, by the clients' ids."""
    rules = netlify(f"/v2/ https://{host}/v2/ 302\n/v2/org/* https://{host}/v2/{keys.get('to', 'org')}/:splat 302")
    return dict(rehearse(rules, HOST, Reference.parse(f"{HOST}/org/app")).outcomes)


WORKS, FAILS = ClientOutcome.WORKS, ClientOutcome.FAILS
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "classic", "containerd", "podman"),
    [
        ("ghcr.io", WORKS, WORKS, FAILS),
        ("us-docker.pkg.dev", WORKS, WORKS, FAILS),
        ("public.ecr.aws", WORKS, WORKS, FAILS),
        ("registry.gitlab.com", WORKS, WORKS, FAILS),
        # Public images are given without a token, so that none can be lost on the way.
        ("quay.io", WORKS, WORKS, WORKS),
        ("registry.k8s.io", WORKS, WORKS, WORKS),
        # Every pull needs a login, and none is sent on.
        (ECR, FAILS, FAILS, FAILS),
        ("contoso.azurecr.io", FAILS, FAILS, FAILS),
    ],
)
def test_the_registry_of_the_target_is_played(
    host: str, classic: ClientOutcome, containerd: ClientOutcome, podman: ClientOutcome
) -> None:
    """One redirect rule, the same path: whether it works is as that registry's row says."""
    ends = redirected(host)
    assert (ends["docker-classic"], ends["docker-containerd"], ends["podman"]) == (classic, containerd, podman)


@pytest.mark.parametrize(
    ("host", "classic", "containerd"),
    [
        ("registry-1.docker.io", FAILS, WORKS),
        ("ghcr.io", FAILS, FAILS),
        ("registry.gitlab.com", FAILS, WORKS),
        ("public.ecr.aws", WORKS, WORKS),
        ("quay.io", WORKS, WORKS),
    ],
)
def test_a_renamed_path_is_met_by_that_registrys_token_server(
    host: str, classic: ClientOutcome, containerd: ClientOutcome
) -> None:
    """GHCR refuses a scope too many, GitLab one that is alone, Docker Hub leaves it out, ECR Public's is for no name."""
    ends = redirected(host, to="acme")
    assert (ends["docker-classic"], ends["docker-containerd"]) == (classic, containerd)


@pytest.mark.parametrize("odd", ["https://[x/v2/", "https://[1]/v2/", "https://h:many/v2/", "//[", "https://"])
@pytest.mark.parametrize("path", ["/v2/", "/v2/app/manifests/latest", "/token?scope=repository:app:pull", "/v2/["])
def test_an_address_that_is_none_is_the_registry_s_business(odd: str, path: str) -> None:
    """A Location, a Link or a realm: what the rules leave alone is handed on as it came."""
    said = Headers([("Location", odd), ("Link", f"<{odd}>; rel=next"), ("WWW-Authenticate", f'Bearer realm="{odd}"')])
    world = vanity_world(
        HOST,
        rewriting("registry-1.docker.io", auth="token-aware", prefix="org/"),
        {"registry-1.docker.io": lambda _: Response(status=401, headers=said)},
    )
    world[HOST](Request(method="GET", url=f"https://{HOST}/v2/"))  # where the realm is learnt
    answer = world[HOST](Request(method="GET", url=f"https://{HOST}{path}"))
    assert answer.headers.get("Location") in (odd, None)
    assert answer.status >= 400
