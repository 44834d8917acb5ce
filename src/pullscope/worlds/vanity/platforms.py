"""The platforms whose rule files are read: the modules of `kinds`, whichever there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from pullscope.worlds.vanity import kinds
from pullscope.worlds.vanity.platform import Kind


def _found() -> Iterator[Kind]:
    for module in iter_modules(kinds.__path__):
        kind: Kind = import_module(f"{kinds.__name__}.{module.name}").KIND
        yield kind


PLATFORMS: Mapping[str, Kind] = {kind.id: kind for kind in sorted(_found(), key=lambda kind: (kind.turn, kind.id))}
"""By their ids, in the order in which a file is offered to them."""

LABELS: Mapping[str, str] = {name: kind.label for name, kind in PLATFORMS.items()}

_NAMES = ", ".join(kind.row[0].partition(" (")[0].replace("`", "") for kind in PLATFORMS.values())
FILES = ", ".join(dict.fromkeys(_NAMES.split(", ")))
"""The files that are read, for a sentence."""
