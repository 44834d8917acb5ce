"""Which clients there are, by the ids that commands and reports use. What each does is in its family's file.

A verdict rests on its client's `evidence`: `run` where the model was compared with the real client request by request,
`read` where it follows that client's source. Dates are those of the comparison or the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pullscope.oci.digest import Digest
from pullscope.oci.reference import HUB_API, Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.clients.bearer import Login, sample_login
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.crane import Crane
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.docker_containerd import BUILDKIT, CONTAINERD, KUBELET, DockerContainerd
from pullscope.worlds.clients.drive import Ran
from pullscope.worlds.clients.image_pull import ImagePull
from pullscope.worlds.clients.regctl import Regctl
from pullscope.worlds.clients.steps import Outcome, Steps

Model = Callable[[Reference, Login | None, Container[Digest]], Steps[Outcome]]
"""The last is what the client has already, and does not ask for."""


class Evidence(StrEnum):
    TESTED = "tested"
    SOURCE = "source"


class LoginAt(StrEnum):
    """For which host the client's user ran `login`."""

    NOWHERE = ""
    VANITY = "vanity-login"
    """The reference's own host."""
    UPSTREAM = "upstream-login"
    """The registry to which the reference's host leads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A client under the id by which commands know it."""

    id: str
    label: str
    evidence: Evidence
    compared: str
    """The versions that the evidence is about, and when."""
    model: Model
    login: LoginAt = LoginAt.NOWHERE
    link: str | None = None
    """Where its trouble with redirects is tracked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A client, and its run; or why there is none to judge."""

    client: Client
    ran: Ran | str

    @property
    def outcome(self) -> ClientOutcome:
        if isinstance(self.ran, str):
            return ClientOutcome.UNKNOWN
        return ClientOutcome.WORKS if self.ran.outcome.pulled else ClientOutcome.FAILS


def _model(family: Callable[..., ImagePull], **settings: Any) -> Model:
    return lambda reference, login, present: family(
        reference=reference, login=login, present=present, **settings
    ).pull()


_TESTED, _SOURCE = Evidence.TESTED, Evidence.SOURCE
_IMAGE_641 = "https://github.com/containers/image/issues/641"
_CLIENTS = (
    Client(
        id="docker-classic",
        label="docker 20.10 to 28",
        evidence=_TESTED,
        compared="20.10.24 in CI, 2026-11; 23 to 28 read",
        model=_model(DockerClassic),
    ),
    Client(
        id="docker-containerd",
        label="docker 29",
        evidence=_TESTED,
        compared="29.7.2 by its recordings, 2026-11",
        model=_model(DockerContainerd),
        link="https://github.com/docker/for-mac/issues/7658",
    ),
    Client(
        id="containerd",
        label="containerd, nerdctl",
        evidence=_TESTED,
        compared="ctr 1.6.20 in CI, 2026-11; nerdctl read",
        model=_model(DockerContainerd, dialect=CONTAINERD, containerd="1.6.20"),
    ),
    Client(
        id="kubelet",
        label="Kubernetes (containerd)",
        evidence=_TESTED,
        compared="CRI of containerd 2.1.9, 2026-11",
        model=_model(DockerContainerd, dialect=KUBELET, containerd="2.1.9"),
    ),
    Client(
        id="buildkit",
        label="docker build, buildx",
        evidence=_SOURCE,
        compared="moby/buildkit of 2026 read",
        model=_model(DockerContainerd, dialect=BUILDKIT),
        link="https://github.com/moby/moby/issues/45333",
    ),
    Client(
        id="podman",
        label="podman",
        evidence=_TESTED,
        compared="4.3.1 in CI, 2026-11; containers/image of 2026 read",
        model=_model(Containers, user_agent="libpod/4.3.1", retries=3),
        link=_IMAGE_641,
    ),
    Client(
        id="skopeo",
        label="skopeo",
        evidence=_TESTED,
        compared="1.9.3 in CI, 2026-11; containers/image of 2026 read",
        model=_model(Containers, user_agent="skopeo/1.9.3"),
        link=_IMAGE_641,
    ),
    Client(
        id="buildah",
        label="buildah",
        evidence=_TESTED,
        compared="1.28.2 in CI, 2026-11; containers/image of 2026 read",
        model=_model(Containers, user_agent="Buildah/1.28.2", retries=3),
        link=_IMAGE_641,
    ),
    Client(
        id="crane",
        label="crane from 0.21.8",
        evidence=_TESTED,
        compared="0.21.9 in a lab of 2026, by how each row ended",
        model=_model(Crane),
        link="https://github.com/google/go-containerregistry/pull/2360",
    ),
    Client(
        id="crane-0.21.7",
        label="crane up to 0.21.7",
        evidence=_TESTED,
        compared="0.20.2 in a lab of 2026, by how each row ended; 0.21.7 read",
        model=_model(Crane, version="0.21.7", per_host_token=False),
        link="https://github.com/google/go-containerregistry/issues/2359",
    ),
    Client(id="regctl", label="regctl", evidence=_SOURCE, compared="regclient of 2026 read", model=_model(Regctl)),
)
_LOGIN_LABELS = {LoginAt.VANITY: "logged in to this host", LoginAt.UPSTREAM: "logged in to its registry"}


def _clients() -> dict[str, Client]:
    found: dict[str, Client] = {}
    for client in _CLIENTS:
        found[client.id] = client
        for login, label in _LOGIN_LABELS.items():
            own_id = f"{client.id}+{login}"
            # No login was ever run against a real client here.
            found[own_id] = replace(
                client, id=own_id, label=label, evidence=_SOURCE, compared=f"{client.label}: read, 2026-11", login=login
            )
    return found


ROSTER: Mapping[str, Client] = _clients()
"""Every client, with its login variants behind it."""

# Who takes a login by the host that asks, and so has one for a registry behind a redirect; the others look for one under
# the reference's host, or name (kubelet), only. BuildKit: session/auth/authprovider. nerdctl: dockerconfigresolver.go.
_LOOKS_BY_ASKING_HOST = frozenset({"buildkit", "containerd"})


def login_used(client: Client, vanity: Login | None, upstream: Login | None) -> Login | None:
    """The login that this client would have at hand."""
    if client.login is LoginAt.VANITY:
        return vanity
    if client.login is LoginAt.UPSTREAM and client.id.partition("+")[0] in _LOOKS_BY_ASKING_HOST:
        return upstream
    return None


def _in_memory(client: Client) -> Callable[[Reference], Steps[Outcome]]:
    def start(reference: Reference) -> Steps[Outcome]:
        login = login_used(client, sample_login(reference.api_host), sample_login(HUB_API))
        return client.model(reference, login, frozenset())

    return start


Start = Callable[[Reference], Steps[Outcome]]

CLIENTS: Mapping[str, Start] = {name: _in_memory(client) for name, client in ROSTER.items() if not client.login}
"""Each client, without any login, as a pull to begin."""

LOGGED_IN: Mapping[str, Start] = {name: _in_memory(client) for name, client in ROSTER.items() if client.login}
"""The login variants, with the sample account: for a hub that knows it, and for images that only it may pull (`bearer`)."""
