"""What a shell offers after an option whose words are a table of another room. Imports nothing before it is asked."""

from __future__ import annotations


def client(incomplete: str) -> list[str]:
    """The clients that a model plays."""
    from pullscope.worlds.clients.client_catalog import CLIENTS

    return [name for name in CLIENTS if name.startswith(incomplete)]


def fault(incomplete: str) -> list[tuple[str, str]]:
    """What can go wrong, each with its title."""
    from pullscope.worlds.hub.faults.table import FAULTS

    return [(code, one.title) for code, one in FAULTS.items() if code.startswith(incomplete)]


def registry(incomplete: str) -> list[tuple[str, str]]:
    """The registries that can be played, each with its name."""
    from pullscope.worlds.registries.table import REGISTRIES

    return [(row.id, row.name) for row in REGISTRIES.values() if row.id.startswith(incomplete)]


def runtime(incomplete: str) -> list[tuple[str, str]]:
    """The clients that can be given a mirror, each with its name."""
    from pullscope.host.mirror.runtimes import RUNTIMES

    return [(row.id, row.name) for row in RUNTIMES if row.id.startswith(incomplete)]


def unit(incomplete: str) -> list[str]:
    """The services that are known to pull."""
    from pullscope.host.layout import UNITS

    return [f"{name}.service" for name in UNITS if name.startswith(incomplete)]
