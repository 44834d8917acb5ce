"""What lint looks at: the rules, and where every request that a client would make ends. Asked once, then remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.following import DIGEST, Landing, follow, repositories
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Rule, RuleFile

_PROBES = ("manifests/latest", f"manifests/{DIGEST}", f"blobs/{DIGEST}")

MOST_NAMES = 40
"""Repositories that are asked for; a rule file is about one or two."""
FEW_NAMES = 8
"""The same for a file of thousands of rules, each of which is tried for each of them."""
MANY_RULES = 1000


@dataclass(frozen=True)
class Subject:
    """The rules under test, and what was asked of them already."""

    rules: RuleFile
    host: str
    repository: str | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The repositories to ask for: the wanted one first."""
        given = (self.repository,) if self.repository else ()
        most = MOST_NAMES if len(self.rules.rules) <= MANY_RULES else FEW_NAMES
        return given + tuple(name for name in repositories(self.rules)[:most] if name != self.repository)

    @cached_property
    def ping(self) -> Landing:
        return follow(self.rules, self.host, "/v2/")

    @cached_property
    def landings(self) -> tuple[tuple[str, Landing], ...]:
        """Each repository with where each of its paths ends."""
        return tuple(
            (name, follow(self.rules, self.host, f"/v2/{name}/{probe}")) for name in self.names for probe in _PROBES
        )

    @cached_property
    def not_played(self) -> tuple[str, ...]:
        """Why it is not known what some of these paths answer, one reason for each place in the file."""
        every = (self.ping, *(landing for _, landing in self.landings))
        by_place: dict[str, str] = {}
        for one in every:
            if one.not_played is not None:
                by_place.setdefault(one.not_played.partition(": ")[0], one.not_played)
        return tuple(by_place.values())

    @cached_property
    def followed(self) -> tuple[tuple[str, Landing], ...]:
        """Those that end on another host."""
        return tuple((name, landing) for name, landing in self.landings if landing.url is not None)

    @property
    def v2_rules(self) -> tuple[Rule, ...]:
        """The rules that can answer a path under /v2/."""
        used = {id(landing.rule): landing.rule for _, landing in self.landings if landing.rule}
        if self.ping.rule is not None:
            used[id(self.ping.rule)] = self.ping.rule
        return tuple(rule for rule in self.rules.rules if id(rule) in used)

    @property
    def here(self) -> str:
        """Where to point when no rule is to blame."""
        return self.rules.name


def has_unsupported_status(subject: Subject, rule: Rule | None) -> bool:
    """True for a rule whose status is to blame for all that it answers; it is told by its own code."""
    return rule is not None and rule.status in PLATFORMS[subject.rules.platform].refused_statuses & {307, 308}


Check = Callable[[Subject], Iterator[Problem]]
"""One code each; yields nothing where all is well."""
