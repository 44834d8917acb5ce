"""The grid: endpoint x method x status x body x client x login. Each operation that failed has one cause, in honest words.

Each cell is a whole operation that ends at one answer. It must not be told as complete, it has exactly one error, the error
names the host and quotes what the answer says of itself, and advises nothing against the answer's words. The second half
is what goes well all the same: there, nothing is an error or a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, product

import pytest
from tests.share import share
from tests.trace.findings.looked_at import error
from tests.trace.images import DIALECTS, OCI_INDEX, OCI_MANIFEST, Image, digest, docker_classic
from tests.trace.wire import BUILDKIT, CONTAINERD, CRANE, DOCKER_20, DOCKER_29, REGCTL, SKOPEO, Wire, played

from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Ending, Pull

HOST = "registry.example.com"
REG = f"https://{HOST}"
STORE = "https://storage.example.net/data?sig=REDACTED"
APP = Image(repository="team/app", tag="1.0")
WHY = "because of reason 4711"
"""What every body says."""

STATUSES: tuple[int, ...] = (
    400,
    401,
    402,
    403,
    404,
    405,
    406,
    408,
    409,
    410,
    411,
    412,
    413,
    415,
    416,
    418,
    421,
    422,
    423,
    424,
    425,
    426,
    428,
    429,
)
STATUSES += (431, 451, 499, 500, 501, 502, 503, 504, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 530)

JSON = "application/json"
BODIES: dict[str, tuple[str, str]] = {
    "json": (JSON, error("UNKNOWN", WHY)),
    "denied": (JSON, error("DENIED", WHY)),
    "details": (JSON, f'{{"details":"{WHY}"}}'),
    "oauth": (JSON, f'{{"error":"invalid_request","error_description":"{WHY}"}}'),
    "xml": ("application/xml", f"<XML> SomeCode {WHY}"),
    "text": ("text/plain", f"{WHY}\n"),
    "html": ("text/html", f"<HTML> {WHY}"),
    "empty": ("", ""),
}
"""As the border hands them on."""

CLIENTS = {
    "docker 20": DOCKER_20,
    "docker 29": DOCKER_29,
    "containerd": CONTAINERD,
    "buildkit": BUILDKIT,
    "skopeo": SKOPEO,
    "podman": "containers/5.34.0 (github.com/containers/image)",
    "crane": CRANE,
    "regctl": REGCTL,
    "oras": "oras/1.3.3",
    "helm": "Helm/3.17.3",
    "home-made": "python-requests/2.31",
}
FAMILIES = (400, 401, 403, 404, 405, 409, 413, 429, 500, 502, 503)
"""Statuses that clients or rules treat each in their own way; the others go round."""
LOGINS = ("none", "anonymous", "login", "basic")


class Cell:
    """One operation that ends at an answer."""

    def __init__(self, status: int, body: str, agent: str, login: str = "none", challenge: str | None = None) -> None:
        self.wire = Wire(agent=agent)
        self.status, self.login, self.challenge = status, login, challenge
        self.kind, self.body = BODIES[body]

    def ends(self, method: str, url: str, *, referer: str | None = None, sent: int | None = None) -> None:
        """The request at which it ends; HEAD has no body, and is asked again with GET."""
        bodiless = method == "HEAD"
        shown = {"token": "t"} if self.login in ("anonymous", "login") else {"basic": self.login == "basic"}
        self.wire.ask(
            method,
            url,
            self.status,
            referer=referer,
            sent=sent,
            answer={"Content-Type": self.kind, "Server": "nginx/1.25.3"} if self.kind else {},
            body=None if bodiless else self.body,
            challenge=self.challenge if self.status == 401 else None,
            **(shown if referer is None else {}),
        )

    def prepared(self, actions: str = "pull") -> None:
        """The version check, and the token that was got."""
        if self.login == "none":
            self.wire.ask("GET", f"{REG}/v2/", 200, answer={"Docker-Distribution-Api-Version": "registry/2.0"})
            return
        realm = f"{REG}/auth/token"
        challenge = 'Basic realm="Registry"' if self.login == "basic" else f'Bearer realm="{realm}",service="reg"'
        self.wire.ask("GET", f"{REG}/v2/", 401, challenge=challenge)
        if self.login != "basic":
            url = f"{realm}?service=reg&scope=repository%3Ateam%2Fapp%3A{actions.replace(',', '%2C')}"
            self.wire.ask("GET", url, basic=self.login == "login", body='{"token":"REDACTED"}', issued="t")

    @property
    def carried(self) -> dict[str, object]:
        return {"token": "t"} if self.login in ("anonymous", "login") else {"basic": self.login == "basic"}


def ping(cell: Cell) -> None:
    cell.ends("GET", f"{REG}/v2/")


def token(cell: Cell) -> None:
    cell.wire.ask("GET", f"{REG}/v2/", 401, challenge=f'Bearer realm="{REG}/auth/token",service="reg"')
    cell.ends("GET", f"{REG}/auth/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull")


def resolve(cell: Cell) -> None:
    cell.prepared()
    cell.ends("HEAD", APP.url("manifests", "1.0", REG))
    cell.ends("GET", APP.url("manifests", "1.0", REG))


def head_alone(cell: Cell) -> None:
    cell.prepared()
    cell.ends("HEAD", APP.url("manifests", "1.0", REG))


def manifest(cell: Cell) -> None:
    cell.prepared()
    known(cell, APP.index)
    cell.ends("GET", APP.url("manifests", digest(APP.manifest()), REG))


def known(cell: Cell, text: str, reference: str = "1.0") -> None:
    """A manifest that comes."""
    kind = OCI_INDEX if '"manifests"' in text else OCI_MANIFEST
    answer = {"Content-Type": kind, "Docker-Content-Digest": digest(text)}
    cell.wire.ask("GET", APP.url("manifests", reference, REG), answer=answer, body=text, **cell.carried)  # type: ignore[arg-type] # as above


def blob(cell: Cell) -> None:
    cell.prepared()
    known(cell, APP.manifest())
    cell.ends("GET", APP.url("blobs", digest("base"), REG))


def storage(cell: Cell) -> None:
    cell.prepared()
    known(cell, APP.manifest())
    here = APP.url("blobs", digest("base"), REG)
    cell.wire.ask("GET", here, 307, location=STORE, **cell.carried)  # type: ignore[arg-type] # as above
    cell.ends("GET", STORE, referer=here)


def tags(cell: Cell) -> None:
    cell.prepared()
    cell.ends("GET", f"{REG}/v2/team/app/tags/list")


def catalog(cell: Cell) -> None:
    cell.prepared()
    cell.ends("GET", f"{REG}/v2/_catalog")


def upload(cell: Cell) -> None:
    cell.prepared("pull,push")
    cell.ends("POST", f"{REG}/v2/team/app/blobs/uploads/")


def chunk(cell: Cell) -> None:
    cell.prepared("pull,push")
    at = f"{REG}/v2/team/app/blobs/uploads/77"
    cell.wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 202, location=at, **cell.carried)  # type: ignore[arg-type] # as above
    cell.ends("PATCH", at, sent=5000)


def finish(cell: Cell) -> None:
    cell.prepared("pull,push")
    at = f"{REG}/v2/team/app/blobs/uploads/77"
    cell.wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 202, location=at, **cell.carried)  # type: ignore[arg-type] # as above
    cell.ends("PUT", f"{at}?digest={digest('base')}", sent=5000)


def put(cell: Cell) -> None:
    cell.prepared("pull,push")
    cell.ends("PUT", APP.url("manifests", "1.0", REG), sent=900)


def delete(cell: Cell) -> None:
    cell.prepared("delete")
    cell.ends("DELETE", APP.url("manifests", digest(APP.index), REG))


PLACES: tuple[Callable[[Cell], None], ...] = (ping, token, resolve, head_alone, manifest, blob, storage, tags, catalog)
PLACES += (upload, chunk, finish, put, delete)
WRITES = (upload, chunk, finish, put, delete)
ANSWERED = {404, 405, 501}
"""To HEAD of a manifest alone these may be an answer to a question; whether the client needed it is not seen."""


def cells() -> Iterator[tuple[Callable[[Cell], None], int, str, str, str]]:
    """Every place with every status and body, and with every client and login: the rest goes round."""
    clients, logins, bodies = cycle(CLIENTS.values()), cycle(LOGINS), cycle(BODIES)
    for place, status, body in product(PLACES, STATUSES, BODIES):
        yield place, status, body, next(clients), next(logins)
    for place, status, agent in product(PLACES, FAMILIES, CLIENTS.values()):
        yield place, status, next(bodies), agent, next(logins)
    for place, status, login in product(PLACES, FAMILIES, LOGINS):
        yield place, status, next(bodies), next(clients), login


GRID = list(dict.fromkeys(cells()))


def is_looked_at(place: Callable[[Cell], None], status: int, agent: str) -> bool:
    """Cells that are not failures, or may not be."""
    # curl and home-made clients may look at /v2/ for its own sake, where 401 is an answer.
    return place is ping and status == 401 and agent == CLIENTS["home-made"]


def wrong_with(place: Callable[[Cell], None], status: int, body: str, login: str, pull: Pull) -> str | None:
    """What is to be mended in how one cell is told; None where it is right."""
    errors = [one for one in pull.findings if one.severity is Severity.ERROR]
    if pull.outcome is Ending.COMPLETE:
        return "told as complete"
    if len(errors) != 1:
        return f"{len(errors)} errors: {[one.code for one in errors]}"
    return dishonest(place, status, body, login, errors[0])


def dishonest(place: Callable[[Cell], None], status: int, body: str, login: str, found: Finding) -> str | None:
    """What is wrong with a sentence."""
    told = f"{found.message} {found.fix}"
    if HOST not in told and "storage.example.net" not in told:
        return f"{found.code} names no host: {told}"
    if body != "empty" and place is not head_alone and WHY not in told:
        return f"{found.code} does not quote: {told}"
    if body == "empty" and str(status) not in told and found.code not in NO_STATUS:
        return f"{found.code} does not say {status}: {told}"
    if "log in" in found.fix and status not in (401, 403, 429) and not (status == 400 and place is token):
        return f"{found.code} advises a login: {told}"
    if login == "none" and "may pull" in found.fix:
        return f"{found.code} speaks of an account: {told}"
    if place in WRITES and ("private" in told or "may pull" in told):
        return f"{found.code} speaks of reading: {told}"
    if status >= 500 and ("check the name" in told or "push the image again" in told):
        return f"{found.code} blames the name: {told}"
    if "None" in told or ": :" in told or "  " in told or not found.message.endswith("."):
        return f"{found.code} reads badly: {told}"
    return None


NO_STATUS = {"manifest-unknown", "name-unknown", "blob-unknown", "head-not-allowed"}
"""Codes that are what their status says."""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_every_failure_has_one_cause_in_honest_words(place: Callable[[Cell], None]) -> None:
    """No cell of this endpoint is silent, none has two causes, and none advises what the answer speaks against."""
    wrong: dict[str, str] = {}
    for own, status, body, agent, login in share(GRID):
        if own is not place or is_looked_at(place, status, agent):
            continue
        cell = Cell(status, body, agent, login)
        place(cell)
        pulls = played(cell.wire).pulls
        for pull in pulls[-1:]:
            said = wrong_with(place, status, body, login, pull)
            if said is not None:
                wrong[f"{status} {body} {agent[:12]} {login}"] = said
    assert not wrong, "\n".join(f"{cell}: {said}" for cell, said in list(wrong.items())[:40]) + f"\n{len(wrong)} cells"


def test_the_grid_is_large() -> None:
    """Every endpoint meets every status, with each body, client and login at least once."""
    assert len(GRID) > 6_000
    for place in PLACES:
        mine = [cell for cell in GRID if cell[0] is place]
        for index, whole in ((1, STATUSES), (2, BODIES), (3, CLIENTS.values()), (4, LOGINS)):
            assert {cell[index] for cell in mine} == set(whole)


CHALLENGES = {
    "bearer": f'Bearer realm="{REG}/auth/token",service="reg",scope="repository:team/app:pull"',
    "invalid": f'Bearer realm="{REG}/auth/token",service="reg",error="invalid_token"',
    "insufficient": f'Bearer realm="{REG}/auth/token",service="reg",error="insufficient_scope"',
    "basic": 'Basic realm="Registry"',
    "both": f'Bearer realm="{REG}/auth/token",service="reg", Basic realm="Registry"',
    "local": 'Bearer realm="http://localhost:3000/token",service="reg"',
    "no realm": "Bearer",
}


def is_all_docker_needs(place: Callable[[Cell], None], login: str, agent: str, challenge: str) -> bool:
    """A pull by digest of what is there: dockerd 20.10 asks /v2/ alone (seen), and an answerable challenge is not a fault."""
    answerable = challenge not in ("basic", "local", "no realm")
    return place is ping and login == "none" and agent.startswith("docker/") and answerable


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_every_challenge_that_ends_an_operation_is_its_cause(challenge: str) -> None:
    """401 with each challenge, to each request, login and client: one error, which is never told as a success."""
    wrong: dict[str, str] = {}
    for place, login, agent in share(product(PLACES, LOGINS, CLIENTS.values())):
        if is_looked_at(place, 401, agent) or place is token or is_all_docker_needs(place, login, agent, challenge):
            continue
        cell = Cell(401, "denied", agent, login, CHALLENGES[challenge])
        place(cell)
        pull = played(cell.wire).pulls[-1]
        errors = [one.code for one in pull.findings if one.severity is Severity.ERROR]
        if len(errors) != 1 or pull.outcome is Ending.COMPLETE:
            wrong[f"{place.__name__} {agent[:12]} {login}"] = f"{pull.outcome} {errors}"
    assert not wrong, "\n".join(f"{cell}: {said}" for cell, said in list(wrong.items())[:40]) + f"\n{len(wrong)} cells"


# -- what goes well all the same ------------------------------------------------------------------------------------------


def nothing_more(wire: Wire, image: Image) -> None:
    """The pull alone."""


def no_referrers(wire: Wire, image: Image) -> None:
    """No API, and no fallback tag."""
    subject = digest(image.manifest())
    for url in (f"referrers/{subject}", f"manifests/{subject.replace(':', '-')}"):
        wire.ask(
            "GET", f"https://registry-1.docker.io/v2/{image.repository}/{url}", 404, token="t2", body=error("NOT_FOUND")
        )


def referrers_broken(wire: Wire, image: Image) -> None:
    """A registry that does not know the path."""
    for status in (400, 403, 405, 500, 501):
        url = f"https://registry-1.docker.io/v2/{image.repository}/referrers/{digest(image.manifest())}"
        wire.ask("GET", url, status, token="t2", body=error("UNSUPPORTED"))


def no_signatures(wire: Wire, image: Image) -> None:
    """cosign's tags."""
    for kind in ("sig", "att", "sbom"):
        tag = f"{digest(image.index).replace(':', '-')}.{kind}"
        url = image.url("manifests", tag)
        wire.ask("HEAD", url, 404, token="t2")
        wire.ask("GET", url, 404, token="t2", body=error("MANIFEST_UNKNOWN"))


EXTRAS = (nothing_more, no_referrers, referrers_broken, no_signatures)


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: extra.__name__)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_pull_that_goes_well_is_silent(dialect: str, extra: Callable[[Wire, Image], None]) -> None:
    """Whatever a client could do without is not an error and no warning."""
    play, agent = DIALECTS[dialect]
    wire, image = Wire(agent=agent), Image()
    play(wire, image)
    extra(wire, image)
    assert loud(wire) == []


def pushed(wire: Wire, login: str) -> None:
    """A push of two blobs and a manifest; what is there already is asked for first."""
    cell = Cell(200, "empty", wire.agent, login)
    cell.wire = wire
    cell.prepared("pull,push")
    for name in ("base", "app"):
        at = f"{REG}/v2/team/app/blobs/uploads/{name}"
        wire.ask("HEAD", APP.url("blobs", digest(name), REG), 404, **cell.carried)  # type: ignore[arg-type] # as above
        wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 202, location=at, **cell.carried)  # type: ignore[arg-type] # as above
        wire.ask("PATCH", at, 202, sent=9, location=f"{at}?_state=1", **cell.carried)  # type: ignore[arg-type] # as above
        wire.ask("PUT", f"{at}?_state=1&digest={digest(name)}", 201, **cell.carried)  # type: ignore[arg-type] # as above
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 404, **cell.carried)  # type: ignore[arg-type] # as above
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, sent=APP.manifest(), **cell.carried)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_push_that_goes_well_is_silent(client: str, login: str) -> None:
    """HEAD 404 before an upload and before the manifest is a question."""
    wire = Wire(agent=CLIENTS[client])
    pushed(wire, login)
    assert loud(wire) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_a_retry_made_good_is_no_error(status: int) -> None:
    """A manifest and a blob that came at the second attempt."""
    wire, image = Wire(agent=DOCKER_20), Image()
    wire.ask("GET", "https://registry-1.docker.io/v2/", 200)
    url = image.url("manifests", digest(image.index))
    wire.ask("GET", url, status)
    docker_classic(wire, image)
    assert [found for found in loud(wire) if found.startswith("error")] == []


def loud(wire: Wire) -> list[str]:
    """Errors and warnings of every operation on a wire."""
    findings = [one for pull in played(wire).pulls for one in pull.findings]
    return [str(one.severity) + " " + one.code for one in findings if one.severity is not Severity.INFO]
