"""The one table of registries, by id, as `registries.toml` has it in its order; and which row a host name belongs to."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

from pullscope.oci.known_registries import known_registry
from pullscope.worlds.registries.row import (
    Anonymous,
    Asks,
    At,
    Blobs,
    Elsewhere,
    Fact,
    Form,
    OwnFault,
    Registry,
    Said,
    Scopes,
    Tokens,
)


def _asks(bearer: tuple[str, str] | None = None, everywhere: str | None = None, **more: Any) -> Asks:
    """Lines of their own, or those of a kind that many registries have."""
    if bearer is not None:
        line = f'Bearer realm="{bearer[0]}",service="{bearer[1]}"'
        more |= {"ping": (line,), "other": (f'{line},scope="{{scope}}"',)}
    elif everywhere is not None:
        more |= {"ping": (everywhere,), "other": (everywhere,)}
    return Asks(**more)


_MADE: Mapping[str, Callable[..., Any]] = {
    "anonymous": Anonymous,
    "asks": _asks,
    "tokens": Tokens,
    "scopes": Scopes,
    "refusal": Said,
    "wrong_login": Said,
    "blobs": Blobs,
    "manifests": Elsewhere,
    "faults": OwnFault,
}
"""What a fact's value is made by; words, where it is none of these."""


def _value(name: str, given: Any) -> Any:
    """A value of the file as the dataclasses of a row have it."""
    match name, given:
        case "says", dict():
            return Said(**{key: _value(key, one) for key, one in given.items()})
        case "form", str():
            return Form(given)
        case "at", str():
            return At(given)
        case "signer", "not known":
            return None
        case _, list():
            return tuple(_value("", one) for one in given)
    return given


def _fact(name: str, given: dict[str, Any]) -> Fact[Any]:
    fields = {key: _value(key, one) for key, one in given.items() if key != "seen"}
    make = _MADE.get(name, str)
    return Fact(make(fields["is"]) if "is" in fields else make(**fields), given["seen"])


def _rows(document: Mapping[str, dict[str, Any]]) -> Iterator[Registry]:
    for key, given in document.items():
        facts = {name: _fact(name, one) for name, one in given.items() if isinstance(one, dict)}
        faults = tuple(_fact("faults", one) for one in given.get("faults", ()))
        yield Registry(id=key, host=given["host"], faults=faults, **facts)


_FILE = resources.files("pullscope.worlds.registries") / "registries.toml"
REGISTRIES: Mapping[str, Registry] = {row.id: row for row in _rows(tomllib.loads(_FILE.read_text(encoding="utf-8")))}
DOCKER_HUB = REGISTRIES["docker-hub"]


def registry(name: str) -> Registry:
    """The row of this id; ValueError, with the list, where there is none."""
    if name not in REGISTRIES:
        raise ValueError(f"There is no registry {name!r}: choose from {', '.join(REGISTRIES)}.")
    return REGISTRIES[name]


def registry_at(host: str) -> Registry | None:
    """The row of a hosted registry; None for any other host."""
    known = known_registry(host)
    return REGISTRIES.get(known.id) if known is not None else None
