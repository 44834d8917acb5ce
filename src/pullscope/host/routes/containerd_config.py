"""containerd's config.toml: where its registry settings stand, in each version of the file, and what they are.

Which table counts was tried with `containerd config dump` of 1.6.20 and 2.1.9: the table of another version is passed over
with a warning at most.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import Any

from pullscope.host.layout import SYSTEM_UNIT_PATHS
from pullscope.host.routes import toml_text
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import TomlText
from pullscope.host.systemd import read_files
from pullscope.host.tree import Tree

CONFIG = "/etc/containerd/config.toml"
UNIT = "containerd.service"
CERTS_D = "/etc/containerd/certs.d"
K3S_FILES = {name: f"/etc/rancher/{name}/registries.yaml" for name in ("k3s", "rke2")}
# What these write at each start (docs.k3s.io "Configuring containerd"), and from what.
GENERATED = {f"/var/lib/rancher/{name}/agent/etc/containerd/config.toml": path for name, path in K3S_FILES.items()}

V1 = ("plugins", "cri", "registry")
V2 = ("plugins", "io.containerd.grpc.v1.cri", "registry")
V3 = ("plugins", "io.containerd.cri.v1.images", "registry")

# (version of the file, major version of containerd): the tables that count, the last one over those before it.
_READ: dict[tuple[int, int], tuple[tuple[str, ...], ...]] = {
    (1, 1): (V1,),
    (1, 2): (),
    (2, 1): (V2,),
    (2, 2): (V3, V2),
    (3, 1): (V2,),
    (3, 2): (V3,),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The file. `text` is None where there is none or it is not TOML (`trouble`); `major`: containerd's version."""

    path: str
    text: TomlText | None
    trouble: str = ""
    version: int = 1
    major: int = 2
    registry: dict[str, Any]
    """What counts of the registry settings, those of imported files put over it."""
    files: tuple[str, ...] = ()

    @property
    def source(self) -> str | None:
        """The file from which a program writes this one; None where it is the user's own."""
        return GENERATED.get(self.path)

    @property
    def roots(self) -> list[str]:
        """Directories of hosts.toml files; one without `/` at its head is below /, where a service runs (systemd.exec(5))."""
        value = self.registry.get("config_path")
        return ["/" + path.strip("/") for path in value.split(":") if path] if isinstance(value, str) else []

    @property
    def table(self) -> tuple[str, ...]:
        """The table in which a setting of this file counts."""
        return (_READ.get((self.version, self.major)) or (V2,))[-1]

    def misplaced(self) -> list[tuple[str, ...]]:
        """Tables with registry settings that do not count here."""
        if self.text is None:
            return []
        counts = _READ.get((self.version, self.major), ())
        return [path for path in (V1, V2, V3) if path not in counts and toml_text.get(self.text.data, *path)]


def major_version(node: Node) -> int | None:
    """containerd's major version as the program says it; None where it cannot be asked."""
    done = node.run(("containerd", "--version"))
    match = re.search(r"\bv?(\d{1,3})\.\d+\.\d+", done.out)
    return int(match[1]) if done.ok and match else None


def read(node: Node) -> Config:
    """The configuration that the unit names, or the usual one."""
    command = read_files(node.tree, SYSTEM_UNIT_PATHS, UNIT).command
    named = re.search(r"(?:--config|\s-c)[= ](/\S+)", command)
    path = named[1] if named else CONFIG
    if not named and not node.tree.exists(CONFIG):
        path = next((made for made in GENERATED if node.tree.exists(made)), path)
    content = node.tree.text(path)
    if content is None:
        return Config(path=path, text=None, registry={}, major=major_version(node) or 2, version=3)
    try:
        text = toml_text.read(content)
    except ValueError as error:
        return Config(path=path, text=None, trouble=str(error), registry={}, files=(path,))
    version = text.data.get("version", 1)
    version = version if isinstance(version, int) else 1
    # A program that cannot be asked is taken to be of the time of its file.
    major = min(major_version(node) or (2 if version >= 3 else 1), 2)
    registry: dict[str, Any] = {}
    files = [path]
    documents = [text.data]
    for place in _imports(node.tree, path, text):
        try:
            documents.append(toml_text.read(node.tree.text(place) or "").data)
        except ValueError:
            continue
        files.append(place)
    for document in documents:
        for table in _READ.get((version, major), ()):
            settings = toml_text.get(document, *table)
            registry.update(settings if isinstance(settings, dict) else {})
    return Config(path=path, text=text, version=version, major=major, registry=registry, files=tuple(files))


def _imports(tree: Tree, path: str, text: TomlText) -> list[str]:
    """The files that `imports` names, a pattern in the last part allowed (filepath.Glob)."""
    found: list[str] = []
    for pattern in toml_text.texts(text.data.get("imports")):
        whole = pattern if pattern.startswith("/") else f"{path.rpartition('/')[0]}/{pattern}"
        folder, _, last = whole.rpartition("/")
        found += [f"{folder}/{name}" for name in tree.names(folder) if fnmatch.fnmatchcase(name, last)]
    return found
