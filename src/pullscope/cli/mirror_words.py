"""What a user does next once a mirror runs: for each kind of client on this machine the file, and its text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """How one kind of client is told of a mirror."""

    name: str
    programs: tuple[str, ...]
    """One of these on this machine means that it is there."""
    file: str
    read: str
    """When it is read."""
    text: str


TELLINGS = (
    Telling(
        name="containerd",
        programs=("containerd",),
        file="/etc/containerd/certs.d/{name}/hosts.toml",
        read="read at each pull, where config_path names /etc/containerd/certs.d",
        text='[host."{url}"]\n  capabilities = ["pull", "resolve"]',
    ),
    Telling(
        name="docker",
        programs=("dockerd",),
        file="/etc/docker/daemon.json",
        read="then: systemctl reload docker; docker.io only",
        text='{{"registry-mirrors": ["{url}"]}}',
    ),
    Telling(
        name="podman",
        programs=("podman", "buildah", "skopeo", "crio"),
        file="/etc/containers/registries.conf.d/pullscope.conf",
        read="read at each command by podman, buildah and skopeo",
        text='[[registry]]\nlocation = "{name}"\n[[registry.mirror]]\nlocation = "{address}/{name}"\ninsecure = true',
    ),
)


def next_steps(url: str, names: Iterable[str]) -> Iterator[str]:
    """Lines for a terminal."""
    names = [*names]
    yield f"mirror  {url} stands in for {', '.join(names)}, for clients on this machine; nothing has to trust it"
    yield "        and no daemon is restarted for it; when it ends, pulls go on without it (docs/mirror.md)"
    here = [one for one in TELLINGS if any(map(shutil.which, one.programs))]
    for telling in here or TELLINGS:
        yield f"next    {telling.name}: {telling.file.format(name=names[0])}"
        yield f"        ({telling.read})"
        text = telling.text.format(name=names[0], url=url, address=url.partition("//")[2])
        yield from (f"          {line}" for line in text.splitlines())
