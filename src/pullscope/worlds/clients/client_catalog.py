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
from pullscope.oci.text_table import rows
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


_MODELS: Mapping[str, Model] = {
    "docker-classic": _model(DockerClassic),
    "docker-containerd": _model(DockerContainerd),
    "containerd": _model(DockerContainerd, dialect=CONTAINERD, containerd="1.6.20"),
    "kubelet": _model(DockerContainerd, dialect=KUBELET, containerd="2.1.9"),
    "buildkit": _model(DockerContainerd, dialect=BUILDKIT),
    "podman": _model(Containers, user_agent="libpod/4.3.1", retries=3),
    "skopeo": _model(Containers, user_agent="skopeo/1.9.3"),
    "buildah": _model(Containers, user_agent="Buildah/1.28.2", retries=3),
    "crane": _model(Crane),
    "crane-0.21.7": _model(Crane, version="0.21.7", per_host_token=False),
    "regctl": _model(Regctl),
}
_CLIENTS = """
docker-classic: docker 20.10 to 28
    tested 20.10.24 in CI, 2026-11; 23 to 28 read
docker-containerd: docker 29
    tested 29.7.2 by its recordings, 2026-11
    link https://github.com/docker/for-mac/issues/7658
containerd: containerd, nerdctl
    tested ctr 1.6.20 in CI, 2026-11; nerdctl read
kubelet: Kubernetes (containerd)
    tested CRI of containerd 2.1.9, 2026-11
buildkit: docker build, buildx
    source moby/buildkit of 2026 read
    link https://github.com/moby/moby/issues/45333
podman: podman
    tested 4.3.1 in CI, 2026-11; containers/image of 2026 read
    link https://github.com/containers/image/issues/641
skopeo: skopeo
    tested 1.9.3 in CI, 2026-11; containers/image of 2026 read
    link https://github.com/containers/image/issues/641
buildah: buildah
    tested 1.28.2 in CI, 2026-11; containers/image of 2026 read
    link https://github.com/containers/image/issues/641
crane: crane from 0.21.8
    tested 0.21.9 in a lab of 2026, by how each row ended
    link https://github.com/google/go-containerregistry/pull/2360
crane-0.21.7: crane up to 0.21.7
    tested 0.20.2 in a lab of 2026, by how each row ended; 0.21.7 read
    link https://github.com/google/go-containerregistry/issues/2359
regctl: regctl
    source regclient of 2026 read
"""
"""Id and label of each; below them the evidence with what it is about, and `link` (`Client`)."""
_LOGIN_LABELS = {LoginAt.VANITY: "logged in to this host", LoginAt.UPSTREAM: "logged in to its registry"}


def _clients() -> dict[str, Client]:
    found: dict[str, Client] = {}
    for key, name, said in rows(_CLIENTS):
        evidence = next(one for one in Evidence if one in said)
        client = found[key] = Client(
            id=key, label=name, evidence=evidence, compared=said[evidence], model=_MODELS[key], link=said.get("link")
        )
        for login, label in _LOGIN_LABELS.items():
            own_id = f"{key}+{login}"
            # No login was ever run against a real client here.
            read = replace(client, evidence=Evidence.SOURCE, compared=f"{name}: read, 2026-11")
            found[own_id] = replace(read, id=own_id, label=label, login=login)
    return found


EVERY_CLIENT: Mapping[str, Client] = _clients()
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

CLIENTS: Mapping[str, Start] = {name: _in_memory(client) for name, client in EVERY_CLIENT.items() if not client.login}
"""Each client, without any login, as a pull to begin."""

LOGGED_IN: Mapping[str, Start] = {name: _in_memory(client) for name, client in EVERY_CLIENT.items() if client.login}
"""The login variants, with the sample account: for a hub that knows it, and for images that only it may pull (`bearer`)."""
