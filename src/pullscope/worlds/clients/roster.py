"""Which clients there are, by the ids that commands and reports use. What each does is in its family's file.

A verdict rests on its client's `evidence`: `run` where the model was compared with the real client request by request,
`read` where it follows that client's source. Dates are those of the comparison or the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pullscope.oci.digest import Digest
from pullscope.oci.reference import HUB_API, Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.clients.bearer import Login
from pullscope.worlds.clients.containerd_dialects import BUILDKIT, CONTAINERD
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.crane import Crane
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.docker_containerd import DockerContainerd
from pullscope.worlds.clients.drive import Ran
from pullscope.worlds.clients.logins import sample_login
from pullscope.worlds.clients.regctl import Regctl
from pullscope.worlds.clients.steps import Outcome, Steps

Model = Callable[[Reference, Login | None, Container[Digest]], Steps[Outcome]]
"""The last is what the client has already, and does not ask for."""


class Evidence(StrEnum):
    RUN = "run"
    READ = "read"


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


def _docker_classic(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return DockerClassic(reference=reference, login=login, present=present).pull()


def _docker_containerd(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return DockerContainerd(reference=reference, login=login, present=present).pull()


def _containerd(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return DockerContainerd(
        reference=reference, login=login, present=present, dialect=CONTAINERD, containerd="1.6.20"
    ).pull()


def _buildkit(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return DockerContainerd(reference=reference, login=login, present=present, dialect=BUILDKIT).pull()


def _containers(user_agent: str, retries: int = 0) -> Model:
    return lambda reference, login, present: Containers(
        reference=reference, login=login, present=present, user_agent=user_agent, retries=retries
    ).pull()


def _crane(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return Crane(reference=reference, login=login, present=present).pull()


def _old_crane(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return Crane(reference=reference, login=login, present=present, version="0.21.7", per_host_token=False).pull()


def _regctl(reference: Reference, login: Login | None, present: Container[Digest]) -> Steps[Outcome]:
    return Regctl(reference=reference, login=login, present=present).pull()


_RUN, _READ = Evidence.RUN, Evidence.READ
_COMPARED = {
    "docker-classic": ("docker 20.10 to 28", _RUN, "20.10.24 in CI, 2026-11; 23 to 28 read"),
    "docker-containerd": ("docker 29", _RUN, "29.7.2 by its recordings, 2026-11"),
    "containerd": ("containerd, nerdctl, CRI", _RUN, "ctr 1.6.20 in CI, 2026-11; nerdctl and CRI read"),
    "buildkit": ("docker build, buildx", _READ, "moby/buildkit of 2026 read"),
    "podman": ("podman", _RUN, "4.3.1 in CI, 2026-11; containers/image of 2026 read"),
    "skopeo": ("skopeo", _RUN, "1.9.3 in CI, 2026-11; containers/image of 2026 read"),
    "buildah": ("buildah", _RUN, "1.28.2 in CI, 2026-11; containers/image of 2026 read"),
    "crane": ("crane from 0.21.8", _RUN, "0.21.9 in a lab of 2026, by how each row ended"),
    "crane-0.21.7": ("crane up to 0.21.7", _RUN, "0.20.2 in a lab of 2026, by how each row ended; 0.21.7 read"),
    "regctl": ("regctl", _READ, "regclient of 2026 read"),
}
_MODELS: Mapping[str, Model] = {
    "docker-classic": _docker_classic,
    "docker-containerd": _docker_containerd,
    "containerd": _containerd,
    "buildkit": _buildkit,
    "podman": _containers("libpod/4.3.1", retries=3),
    "skopeo": _containers("skopeo/1.9.3"),
    "buildah": _containers("Buildah/1.28.2", retries=3),
    "crane": _crane,
    "crane-0.21.7": _old_crane,
    "regctl": _regctl,
}
_LINKS = {
    "docker-containerd": "https://github.com/docker/for-mac/issues/7658",
    "buildkit": "https://github.com/moby/moby/issues/45333",
    "podman": "https://github.com/containers/image/issues/641",
    "skopeo": "https://github.com/containers/image/issues/641",
    "buildah": "https://github.com/containers/image/issues/641",
    "crane": "https://github.com/google/go-containerregistry/pull/2360",
    "crane-0.21.7": "https://github.com/google/go-containerregistry/issues/2359",
}
_LOGIN_LABELS = {LoginAt.VANITY: "logged in to this host", LoginAt.UPSTREAM: "logged in to its registry"}


def _clients() -> dict[str, Client]:
    found: dict[str, Client] = {}
    for name, model in _MODELS.items():
        label, evidence, compared = _COMPARED[name]
        for login in LoginAt:
            own_id = f"{name}+{login}" if login else name
            found[own_id] = Client(
                id=own_id,
                label=_LOGIN_LABELS.get(login, label),
                # No login was ever run against a real client here.
                evidence=_READ if login else evidence,
                compared=f"{label}: read, 2026-11" if login else compared,
                model=model,
                login=login,
                link=_LINKS.get(name),
            )
    return found


ROSTER: Mapping[str, Client] = _clients()
"""Every client, with its login variants behind it."""

# Who takes a login by the host that asks, and so has one for a registry behind a redirect; the others look for one under
# the reference's host only. BuildKit: session/auth/authprovider. CRI and nerdctl: the configuration of that host.
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
"""The login variants, with the sample account: for a hub that knows it, and for images that only it may pull (`logins`)."""
