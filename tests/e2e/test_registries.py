"""Real clients pull from the registries of the table, as the sample plays them: `addons/sample_registry.py` in mitmdump.

What a row's facts imply is tried with models in tests/worlds/hub/test_scenario.py; here real clients say whether they
take what is played for a registry, its logins and its faults too.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e import parts
from tests.e2e.processes import Running

from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.scenario import play
from pullscope.worlds.registries.row import Registry
from pullscope.worlds.registries.table import REGISTRIES

pytestmark = pytest.mark.real

ADDON = parts.ROOT / "addons" / "sample_registry.py"
[ACCOUNT] = SAMPLE_ACCOUNT.items()
LOGIN = ":".join(ACCOUNT)
PRIVATE = [row for row in REGISTRIES.values() if row.needs_login]
every_registry = pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
PLAYABLE = [
    (row.id, own.code)
    for row in REGISTRIES.values()
    for own in (fault.value for fault in row.faults)
    # This machine's port 3000, where anything may listen; crane's; and plain http, which HTTPS_PROXY does not lead here.
    if own.code not in {"gitea-realm-elsewhere", "harbor-basic-after-bearer", "artifactory-http-realm"}
]

Done = subprocess.CompletedProcess[str]


class Clients:
    """Real clients behind the sample, each as on a machine that has never seen the image."""

    def __init__(self, port: int, trust: parts.Trust, daemons: tuple[parts.Docker, parts.Ctr], directory: Path) -> None:
        self._port, self._trust, self._daemons, self._directory = port, trust, daemons, directory

    @contextmanager
    def at(self, row: Registry, *faults: str) -> Iterator[Running]:
        """The sample as a user starts it."""
        command: list[str | Path] = [
            Path(sys.executable).with_name("mitmdump"), "-s", ADDON,
            "--listen-port", str(self._port), "--set", f"confdir={self._trust.confdir}",
            "--set", f"pullscope_registry={row.id}",
            *(word for fault in faults for word in ("--set", f"pullscope_faults={fault}")),
        ]  # fmt: skip
        with Running(command, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as program:
            program.wait_for("proxy listening at")
            yield program

    def skopeo(self, reference: str, *, login: bool) -> Done:
        run = parts.Forgetful(
            state=self._directory / "state", env=parts.behind(f"http://localhost:{self._port}", self._trust)
        )
        known = ["--src-creds", LOGIN] if login else ["--src-no-creds"]
        return run("skopeo", "copy", *known, f"docker://{reference}", f"dir:{self._directory / 'copy'}")

    def ctr(self, reference: str, *, login: bool) -> Done:
        ctr, known = self._daemons[1], ["--user", LOGIN] if login else []
        done = ctr("images", "pull", "--snapshotter", "native", "--platform", "linux/amd64", *known, reference)
        ctr.remove_images()
        return done

    def docker(self, reference: str, *, login: bool) -> Done:
        docker, home = self._daemons[0], self._directory / "docker"
        home.mkdir(exist_ok=True)
        kept = {reference.partition("/")[0]: {"auth": base64.b64encode(LOGIN.encode()).decode()}} if login else {}
        (home / "config.json").write_text(json.dumps({"auths": kept}))
        done = docker("--config", str(home), "pull", "--platform", "linux/amd64", reference)
        docker.remove_images()
        return done


@pytest.fixture
def clients(port: int, trust: parts.Trust, daemons: tuple[parts.Docker, parts.Ctr], tmp_path: Path) -> Clients:
    return Clients(port, trust, daemons, tmp_path)


@every_registry
def test_real_clients_pull_from_it(row: Registry, clients: Clients) -> None:
    """skopeo, ctr and docker take the image whole, with a login where there is nothing without one."""
    reference = str(play(row).reference)
    with clients.at(row) as sample:
        copied = clients.skopeo(reference, login=row.needs_login)
        fetched = clients.ctr(reference, login=row.needs_login)
        pulled = clients.docker(reference, login=row.needs_login)

    assert copied.returncode == 0, copied.stderr
    assert fetched.returncode == 0, fetched.stderr
    assert pulled.returncode == 0, pulled.stderr
    assert sample_image().tags["latest"] in pulled.stdout
    assert "Traceback" not in sample.output


@pytest.mark.parametrize("row", PRIVATE, ids=lambda row: row.id)
def test_no_client_pulls_from_a_private_one_without_a_login(row: Registry, clients: Clients) -> None:
    """And what they say of it is told apart from a registry that is not there."""
    reference = str(play(row).reference)
    with clients.at(row):
        tried = [pull(reference, login=False) for pull in (clients.skopeo, clients.ctr, clients.docker)]

    assert [done.returncode == 0 for done in tried] == [False, False, False]
    assert not [done.stderr for done in tried if "no such host" in done.stderr or "certificate" in done.stderr]


@pytest.mark.parametrize(("name", "code"), PLAYABLE)
def test_a_registrys_own_fault_meets_a_real_client(name: str, code: str, clients: Clients) -> None:
    """The pull ends for docker, or for ctr, as the row says it ends for the client that is meant."""
    row = REGISTRIES[name]
    [own] = [own for own in (fault.value for fault in row.faults) if own.code == code]
    meant = play(row, [code])
    pull = clients.docker if own.client == "docker-classic" else clients.ctr
    with clients.at(row, code):
        done = pull(str(meant.reference), login=meant.login)

    assert (done.returncode == 0) is own.survived, done.stderr
    assert "no such host" not in done.stderr


def test_basic_beside_bearer_stops_docker_alone(clients: Clients) -> None:
    """Gitea 1.26.0: a client that takes the first challenge that it can pulls as ever."""
    with clients.at(REGISTRIES["gitea"], "gitea-basic-too"):
        reference = str(play(REGISTRIES["gitea"]).reference)
        copied, pulled = clients.skopeo(reference, login=False), clients.docker(reference, login=False)

    assert copied.returncode == 0, copied.stderr
    assert "no basic auth credentials" in pulled.stderr
