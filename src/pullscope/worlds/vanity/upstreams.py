"""What is known of the registries that vanity rules point to: the row of the table of registries, by the rule's target.

Labels and defaults on top of what a rule says; no behaviour of a trace hangs on a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pullscope.oci.known_registries import WEBSITES, known_registry
from pullscope.oci.known_storage import STORAGE
from pullscope.oci.reference import HUB_API
from pullscope.oci.whereabouts import is_local
from pullscope.worlds.registries.row import Anonymous, Registry
from pullscope.worlds.registries.table import registry_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """A registry as its host name tells."""

    host: str
    label: str
    tokens: bool | None
    """Whether nothing is given without a token or a login; None where it is not known."""
    strict: bool | None
    """Whether its token server refuses a request with a scope that it does not know."""
    row: Registry | None = None
    """How it behaves; None where there is no row for it."""

    @property
    def scoped(self) -> bool:
        """Whether what it asks for is, or may be, a token for a name."""
        return self.tokens is not False and (self.row is None or self.row.tokens is not None)


DOCKER_HUB_HOSTS = frozenset({"registry-1.docker.io", "index.docker.io", "docker.io", "registry.hub.docker.com"})
_OTHER_NAMES: Mapping[str, str] = {"registry.hub.docker.com": "registry-1.docker.io"}
"""Where a registry answers too: programs ask this one for NAME/manifests/TAG with a token of auth.docker.io."""

_OF_HUB = {
    "docker.io": "Docker's own short name for images, a web page otherwise",
    "auth.docker.io": "the token server of Docker Hub",
}


def no_registry(host: str) -> str | None:
    """What `host` is instead, where it is known not to be a registry."""
    name = host.lower().removesuffix(":443")
    if name in STORAGE:
        return f"the storage of {STORAGE[name]}"
    home = HUB_API if name in _OF_HUB else WEBSITES.get(name)
    return f"{_OF_HUB.get(name, 'a web site')}, whose registry is {home}" if home is not None else None


def upstream(host: str) -> Upstream:
    """What is known of `host`, an authority as a URL spells it."""
    name = host.lower().removesuffix(":443")
    answering = _OTHER_NAMES.get(name, name)
    known, row = known_registry(answering), registry_at(answering)
    label = known.name if known is not None else name
    if row is None:
        return Upstream(host=name, label=label, tokens=None, strict=None)
    tokens = row.anonymous.value is not Anonymous.OPEN
    return Upstream(host=name, label=label, tokens=tokens, strict=row.strict, row=row)


def is_inside(host: str) -> bool:
    """True for a host that no client on the internet can name: a container's, localhost, a private address."""
    return is_local(host) or host.lower().partition(":")[0].endswith((".home", ".docker"))


def answers_only_its_own_name(host: str) -> bool:
    """True for a registry of the table: what it answers to a foreign name in Host is not known."""
    return upstream(host.lower()).tokens is not None
