"""Names of hosts with a variable in them, for which there is no value: `docker.${DOMAIN}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TypeVar

from pullscope.worlds.vanity.decision import NotPlayedError

_Site = TypeVar("_Site")
_VARIABLE = re.compile(r"\$?\{[^{}]*\}|\$\w+")


def told(name: str, host: str) -> int | None:
    """How many characters of `host` the name tells; None for one without a variable, and for one that cannot be it."""
    pieces = _VARIABLE.split(name)
    if len(pieces) == 1 or not fnmatchcase(host, "*".join(piece.replace("[", "[[]") for piece in pieces)):
        return None
    return len("".join(pieces))


def likeliest(host: str, named: Iterable[tuple[str, str, _Site]]) -> list[_Site]:
    """The sites, each with its place and a name, whose name tells most of `host`; NotPlayedError where names do so alike."""
    fits = [(many, where, name, site) for where, name, site in named if (many := told(name, host)) is not None]
    most = max((many for many, *_ in fits), default=0)
    best = [one for one in fits if one[0] == most]
    for _, where, name, _ in best:
        if name != best[0][2]:
            raise NotPlayedError(where, f"{best[0][2]} and {name} have no value here, and either may be {host}")
    return [site for *_, site in best]
