"""What the hosts of one sample have in common: whom they play, what they hold, whom they know, and one clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pullscope.worlds.hub.answers import Clock
from pullscope.worlds.hub.image import Repository
from pullscope.worlds.hub.signing import Seal
from pullscope.worlds.registries.row import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """`private`: only `accounts` get content."""

    row: Registry
    seal: Seal
    clock: Clock
    repositories: Mapping[str, Repository]
    accounts: Mapping[str, str]
    private: bool

    def knows(self, name: str, password: str) -> bool:
        """Whether this is the login of an account."""
        return bool(name) and self.accounts.get(name) == password
