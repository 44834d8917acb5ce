"""Each registry of the table is played and pulled from: what its facts imply is what the modelled clients meet."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.trace.findings.exchanges import Clock
from tests.trace.findings.exchanges import played as traced

from pullscope.oci.challenge import read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import read_token_answer
from pullscope.oci.messages import Headers, Request, Response, World
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.drive import Ran, pull
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.scenario import faults_at, play, start_of
from pullscope.worlds.registries.row import Anonymous, Registry, Scopes
from pullscope.worlds.registries.table import REGISTRIES

NAME = "timonback/zephykus"
every_registry = pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
with_tokens = pytest.mark.parametrize(
    "row", [row for row in REGISTRIES.values() if row.tokens and not row.needs_login], ids=lambda row: row.id
)
OWN = [(row.id, own.code) for row in REGISTRIES.values() for own in (fault.value for fault in row.faults)]


def found_at(row: Registry, code: str) -> dict[str, str]:
    """Findings and how bad they are, of the pull that goes with a fault."""
    meant = play(row, [code])
    start = start_of(faults_at(row)[code].client, login=meant.login)(meant.reference)
    _, trace = traced(start, lambda clock: play(row, [code], clock=clock, sleep=clock.sleep).world, unseen=meant.unseen)
    return {finding.code: finding.severity.value for one in trace.pulls for finding in one.findings}


def pulled(row: Registry, client: str, *, login: bool) -> Ran:
    played = play(row)
    return pull(start_of(client, login=login)(played.reference), played.world)


def ask(world: World, url: str, method: str = "GET", **fields: str) -> Response:
    request = Request(method=method, url=url, headers=Headers({"Accept": "*/*", **fields}))
    return world[request.host](request)


def bearer(world: World, row: Registry, *names: str) -> Response:
    assert row.tokens is not None
    query = "&".join(f"scope=repository:{name}:pull" for name in names)
    return ask(world, f"{row.tokens.value.realm}?{query}")


@every_registry
@pytest.mark.parametrize("client", ["docker-classic", "docker-containerd", "containerd", "podman"])
def test_the_image_is_pulled_whole(row: Registry, client: str) -> None:
    """By every client, with a login where the registry gives nothing without one."""
    ran = pulled(row, client, login=row.needs_login)
    assert ran.outcome.pulled, ran.outcome.told


@every_registry
@pytest.mark.parametrize("client", ["docker-classic", "docker-containerd", "containerd", "podman"])
def test_without_a_login_a_private_registry_gives_nothing(row: Registry, client: str) -> None:
    """The anonymous pull fails exactly where the table says that it does, and no blob is sent."""
    ran = pulled(row, client, login=False)
    assert ran.outcome.pulled is (row.anonymous.value is not Anonymous.NOTHING)
    if row.needs_login:
        assert not [
            request for request, response in ran.exchanges if "/blobs/" in request.url and response.status < 400
        ]


@every_registry
def test_the_ping_asks_as_the_row_says(row: Registry) -> None:
    """Line for line; and a row that asks for nothing is answered with 200."""
    response = ask(play(row).world, f"https://{row.host}/v2/")
    lines = response.headers.get_all("WWW-Authenticate")
    if row.asks is None:
        assert (response.status, lines) == (200, ())
        return
    assert response.status == 401
    assert lines == tuple(line.replace("{url}", f"https://{row.host}/v2/") for line in row.asks.value.ping)


@every_registry
def test_an_open_registry_needs_no_token(row: Registry) -> None:
    """Where public images are open, GET of a manifest is answered without one, and else it is refused."""
    response = ask(play(row).world, f"https://{row.host}/v2/{NAME}/manifests/latest")
    allowed = 307 if row.manifests is not None else 200
    assert response.status == (allowed if row.anonymous.value is Anonymous.OPEN else 401)


@with_tokens
def test_the_token_is_under_the_names_of_the_row(row: Registry) -> None:
    """And expires_in is there only where it is known to be."""
    assert row.tokens is not None
    response = bearer(play(row).world, row, NAME)
    answer = read_token_answer(response.body)
    assert answer is not None
    assert answer.expires_in == row.tokens.value.expires_in
    text = response.body.decode()
    assert [name for name in ("token", "access_token") if f'"{name}":' in text] == list(row.tokens.value.fields)


@with_tokens
def test_an_unknown_scope_is_met_as_the_row_says(row: Registry) -> None:
    """Left out, refused with the rest, or refused where nothing else was asked for."""
    assert row.scopes is not None
    world = play(row).world
    both, alone = bearer(world, row, "no/such", NAME).status, bearer(world, row, "no/such").status
    assert (both >= 400, alone >= 400) == {
        Scopes.LEFT_OUT: (False, False),
        Scopes.REFUSED: (True, True),
        Scopes.REFUSED_ALONE: (False, True),
    }[row.scopes.value]


@every_registry
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_is_where_the_row_says(row: Registry, method: str) -> None:
    """Redirected to its host with its parameters, or answered by the registry itself."""
    played = play(row)
    ran = pull(start_of("docker-classic", login=row.needs_login)(played.reference), played.world)
    request = next(one for one, _ in ran.exchanges if "/blobs/sha256" in one.url and one.host == row.host)
    response = played.world[row.host](Request(method=method, url=request.url, headers=request.headers))
    form = row.blobs.value if row.blobs is not None else None
    if form is None or not form.path or (method == "HEAD" and not form.head):
        assert response.status == 200
        assert response.headers.get("Docker-Content-Digest") == request.url.rpartition("/")[2]
        return
    split = urlsplit(response.headers.get("Location") or "")
    assert (response.status, split.netloc) == (form.status, form.host or row.host)
    assert list(parse_qs(split.query)) == list(parse_qs(form.query))


@pytest.mark.parametrize("name", ["docker-hub", "ghcr", "ecr", "acr", "gitlab", "artifact-registry"])
def test_a_signed_link_is_good_for_what_it_was_made_for(name: str) -> None:
    """Whole, and until its own parameters say that it has ended; nothing of it can be changed."""
    row, clock = REGISTRIES[name], Clock()
    played = play(row, clock=clock)
    ran = pull(start_of("docker-classic", login=row.needs_login)(played.reference), played.world)
    link = next(response.headers.get("Location") for _, response in ran.exchanges if response.headers.get("Location"))
    assert link is not None
    digest = next(one.url.rpartition("/")[2] for one, answer in ran.exchanges if answer.headers.get("Location") == link)

    assert Digest.of(ask(played.world, link).body) == digest
    assert ask(played.world, link[:-1] + ("A" if link[-1] != "A" else "B")).status >= 400
    assert row.blobs is not None
    if row.blobs.value.query:
        clock.sleep((row.blobs.value.life or 600) + 2)
        late = ask(played.world, link)
        assert (late.status, b"Request has expired" in late.body) == (403, True)


@pytest.mark.parametrize(("name", "code"), OWN)
def test_a_registrys_own_fault_is_met(name: str, code: str) -> None:
    """The client for which it is meant fails, or pulls all the same, as the row says."""
    row = REGISTRIES[name]
    [own] = [own for own in (fault.value for fault in row.faults) if own.code == code]
    played = play(row, [code])
    ran = pull(start_of(own.client, login=played.login)(played.reference), played.world)
    assert ran.outcome.pulled is own.survived, ran.outcome.told
    healthy = pulled(row, own.client, login=played.login or row.needs_login)
    assert [answer.status for _, answer in ran.exchanges] != [answer.status for _, answer in healthy.exchanges]


@every_registry
def test_faults_that_a_registry_cannot_have_are_not_offered(row: Registry) -> None:
    """No token asked for, no fault of a token server; no storage, none of that."""
    offered = faults_at(row)
    assert ("token-server-failed" in offered) is (row.tokens is not None and row.anonymous.value is not Anonymous.OPEN)
    assert ("cdn-failed" in offered) is (row.blobs is not None and bool(row.blobs.value.path))


@every_registry
def test_every_other_fault_that_is_offered_is_found(row: Registry) -> None:
    """The pull that goes with it shows the finding of its name, at this registry as at Docker Hub."""
    own = {fault.value.code for fault in row.faults}
    missed = [code for code in faults_at(row) if code not in own and code not in found_at(row, code)]
    assert not missed


@pytest.mark.parametrize(("name", "code"), OWN)
def test_a_registrys_own_fault_is_no_silent_one(name: str, code: str) -> None:
    """A pull that fails by it has an error to show."""
    row = REGISTRIES[name]
    [own] = [own for own in (fault.value for fault in row.faults) if own.code == code]
    assert own.survived or "error" in found_at(row, code).values()


def test_a_fault_of_another_registry_is_refused() -> None:
    """With what there is instead."""
    with pytest.raises(ValueError, match=r"There is no fault 'quay-502' at Amazon ECR .*ecr-login-expired"):
        play(REGISTRIES["ecr"], ["quay-502"])


def test_a_vanity_host_leads_to_the_registry_that_is_played() -> None:
    """Its redirects name that registry, and docker 29 pulls through it."""
    played = play(REGISTRIES["ghcr"], vanity=True)
    ran = pull(start_of("docker-containerd", login=False)(played.reference), played.world)
    assert played.reference == Reference.parse(f"docker.example.com/{NAME}:latest")
    assert ran.outcome.pulled
    assert "registry-1.docker.io" not in {request.host for request, _ in ran.exchanges}


def test_basic_follows_bearer_at_harbor() -> None:
    """A token that grants nothing is answered with another challenge, as its source says."""
    row = REGISTRIES["harbor"]
    played = play(row, ["harbor-basic-after-bearer"])
    ran = pull(start_of("crane", login=False)(played.reference), played.world)
    schemes = [
        challenge.scheme
        for _, response in ran.exchanges
        for challenge in read_challenges(response.headers.get_all("WWW-Authenticate"))
    ]
    assert schemes[0] == "bearer"
    assert schemes[-1] == "basic"


def test_the_sample_image_is_the_same_everywhere() -> None:
    """Each registry serves the tag with the same digest."""
    digests = {pulled(row, "podman", login=row.needs_login).outcome.digest for row in REGISTRIES.values()}
    assert digests == {sample_image().tags["latest"]}
