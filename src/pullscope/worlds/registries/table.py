"""The one table of registries, by id, made of the rows of three files in their order; and which row a host name belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.oci.known_registries import known_registry
from pullscope.worlds.registries import clouds, hosted, self_hosted
from pullscope.worlds.registries.row import Registry

REGISTRIES: Mapping[str, Registry] = {
    row.id: row for file in (hosted, clouds, self_hosted) for row in vars(file).values() if isinstance(row, Registry)
}


def registry(name: str) -> Registry:
    """The row of this id; ValueError, with the list, where there is none."""
    if name not in REGISTRIES:
        raise ValueError(f"There is no registry {name!r}: choose from {', '.join(REGISTRIES)}.")
    return REGISTRIES[name]


def registry_at(host: str) -> Registry | None:
    """The row of a hosted registry; None for any other host."""
    known = known_registry(host)
    return REGISTRIES.get(known.id) if known is not None else None
