"""Each client model against its real client: the same worlds, the same requests, the same end.

One mitmproxy in this process plays one world at a time; the model is then run in memory against the same
world made anew. What happens side by side may happen in another order, and a pull that breaks among its blobs may have
asked for more or fewer of them. Where the two differ otherwise, the model is wrong.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.e2e import parts
from tests.worlds.clients.set_ups import ROWS, Row

from pullscope.mitm.answer import Answer
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.oci.digest import find_digest
from pullscope.oci.documents import Platform
from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.docker_containerd import CONTAINERD, DockerContainerd
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.clients.steps import Outcome, Steps
from pullscope.worlds.hub.image import sample_image

pytestmark = pytest.mark.real


class Asked(NamedTuple):
    method: str
    host: str
    path: str
    """With the scopes for a token, in the order in which they were asked for."""
    authorization: str


def asked(request: Request) -> Asked:
    split = urlsplit(request.url)
    scopes = parse_qs(split.query).get("scope", [])
    scheme = (request.headers.get("Authorization") or "none").partition(" ")[0].lower()
    return Asked(request.method, request.host, " ".join([split.path, *scopes]), scheme)


@dataclass
class Stage(Mapping[str, Answerer]):
    """The world that is played now, and what was asked of it. It never lacks a host: unknown names belong to no server."""

    world: Mapping[str, Answerer] = field(default_factory=dict)
    seen: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, world: Mapping[str, Answerer]) -> None:
        with self._lock:
            self.world, self.seen = world, []

    def __getitem__(self, host: str) -> Answerer:
        answerer = self.world[host]

        def answer(request: Request) -> Response:
            with self._lock:
                self.seen.append(asked(request))
            return answerer(request)

        return answer

    def __iter__(self) -> Iterator[str]:
        return iter(self.world)

    def __len__(self) -> int:
        return len(self.world)


@dataclass(frozen=True, kw_only=True)
class Theatre:
    """The proxy that plays the stage, as real clients are told of it."""

    stage: Stage
    url: str
    trust: parts.Trust

    @property
    def env(self) -> dict[str, str]:
        return parts.behind(self.url, self.trust)


@pytest.fixture(scope="module")
def theatre(ground: Path) -> Iterator[Theatre]:  # noqa: ARG001 - `ground` fails where a part is missing
    stage = Stage()
    with ProxyThread(Answer(stage)) as proxy:
        trust = parts.Trust(confdir=proxy.ca_file.parent, certificate=proxy.ca_file, key=proxy.ca_file)
        yield Theatre(stage=stage, url=f"http://localhost:{proxy.port}", trust=trust)


@pytest.fixture(scope="module")
def running(theatre: Theatre) -> Iterator[tuple[parts.Docker, parts.Ctr]]:
    with parts.daemons(theatre.url, theatre.trust) as found:
        yield found


Done = subprocess.CompletedProcess[str]


class Programs:
    """The real clients. Each pulls as on a machine that has never seen the image."""

    def __init__(self, theatre: Theatre, daemons: tuple[parts.Docker, parts.Ctr], directory: Path) -> None:
        self._theatre = theatre
        self._docker, self._ctr = daemons
        self._directory = directory

    def docker(self, reference: str, platform: Platform) -> Done:
        done = self._docker("pull", "--platform", str(platform), reference)
        self._docker.remove_images()
        return done

    def ctr(self, reference: str, platform: Platform) -> Done:
        done = self._ctr("images", "pull", "--snapshotter", "native", "--platform", str(platform), reference)
        self._ctr.remove_images()
        return done

    def skopeo(self, reference: str, platform: Platform) -> Done:
        choice = ["--override-os", platform.os, "--override-arch", platform.architecture]
        return self._forgetful("skopeo", *choice, "copy", f"docker://{reference}", f"dir:{self._directory / 'copy'}")

    def podman(self, reference: str, platform: Platform) -> Done:
        return self._with_storage("podman", reference, platform)

    def buildah(self, reference: str, platform: Platform) -> Done:
        return self._with_storage("buildah", reference, platform)

    def _with_storage(self, program: str, reference: str, platform: Platform) -> Done:
        # A --runroot may have at most 50 characters.
        with tempfile.TemporaryDirectory(prefix="storage-") as short:
            storage = ["--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
            choice = ["--os", platform.os, "--arch", platform.architecture]
            return self._forgetful(program, *storage, "pull", "--quiet", *choice, reference)

    def _forgetful(self, *words: str) -> Done:
        return parts.Forgetful(state=self._directory / "state", env=self._theatre.env)(*words)


def _classic(reference: Reference, platform: Platform) -> Steps[Outcome]:
    return DockerClassic(reference=reference, platform=platform, version="20.10.24").pull()


def _containerd(reference: Reference, platform: Platform) -> Steps[Outcome]:
    return DockerContainerd(reference=reference, platform=platform, dialect=CONTAINERD, containerd="1.6.20").pull()


def _skopeo(reference: Reference, platform: Platform) -> Steps[Outcome]:
    return Containers(reference=reference, platform=platform).pull()


def _podman(reference: Reference, platform: Platform) -> Steps[Outcome]:
    return Containers(reference=reference, platform=platform, retries=3).pull()


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A real client and the model of it."""

    program: str
    real: Callable[[Programs, str, Platform], Done]
    model: Callable[[Reference, Platform], Steps[Outcome]]


PAIRS = (
    Pair(program="dockerd", real=Programs.docker, model=_classic),
    Pair(program="ctr", real=Programs.ctr, model=_containerd),
    Pair(program="skopeo", real=Programs.skopeo, model=_skopeo),
    Pair(program="podman", real=Programs.podman, model=_podman),
    Pair(program="buildah", real=Programs.buildah, model=_podman),
)


def of_blobs(one: Asked) -> bool:
    return "/blobs/" in one.path


def differences(real: list[Asked], ours: list[Asked], *, whole: bool) -> list[str]:
    """What one asked and the other did not, or asked in another order; blobs side by side have no order."""
    found: list[str] = []
    left, right = ([one for one in side if not of_blobs(one)] for side in (real, ours))
    if left != right:
        found += [f"real {one}" for one in left] + [f"model {one}" for one in right]
    if whole and Counter(real) != Counter(ours):
        found += [f"real only: {one}" for one in (Counter(real) - Counter(ours)).elements()]
        found += [f"model only: {one}" for one in (Counter(ours) - Counter(real)).elements()]
    for digest in {find_digest(one.path) for one in [*real, *ours] if of_blobs(one)}:
        theirs, own = (
            [one for one in side if of_blobs(one) and find_digest(one.path) == digest] for side in (real, ours)
        )
        shared = min(len(theirs), len(own))
        if theirs[:shared] != own[:shared]:
            found += [f"real {one}" for one in theirs] + [f"model {one}" for one in own]
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
@pytest.mark.parametrize("pair", PAIRS, ids=[pair.program for pair in PAIRS])
def test_model_is_its_client(
    pair: Pair, row: Row, theatre: Theatre, running: tuple[parts.Docker, parts.Ctr], tmp_path: Path
) -> None:
    """Method, host, path and kind of authorization of every request, in order, and whether the pull ends well."""
    reference = Reference.parse(row.reference)
    # An image of its own: a daemon that gave up may still ask for blobs of the one before.
    seed = 1 + PAIRS.index(pair) * len(ROWS) + ROWS.index(row)
    theatre.stage.play(row.world(time.time, seed))
    done = pair.real(Programs(theatre, running, tmp_path), str(reference), row.platform)
    real = [
        one for one in theatre.stage.seen if not of_blobs(one) or find_digest(one.path) in sample_image(seed=seed).blobs
    ]
    ran = pull(pair.model(reference, row.platform), row.world(time.time, seed))
    ours = [asked(request) for request, _ in ran.exchanges]

    assert (done.returncode == 0) is ran.outcome.pulled, f"{done.stdout}{done.stderr}\nmodel: {ran.outcome.message}"
    found = differences(real, ours, whole=ran.outcome.pulled)
    assert not found, "\n".join([*found, done.stderr, f"model: {ran.outcome.message}"])
