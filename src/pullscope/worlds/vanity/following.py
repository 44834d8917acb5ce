"""Where requests to a vanity host end up: `decide`, repeated while the rules point back to the host itself. Pure.

`Subject` is what lint looks at: the rules, and where every request that a client would make ends; asked once, then remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import joined, path_of, split
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Decision, Rule, RuleFile
from pullscope.worlds.vanity.upstreams import is_inside, upstream

MOST_HOPS = 10
"""Go's net/http gives up after ten redirects, and so do the clients built on it (docs/sources.md)."""

DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True, kw_only=True)
class Landing:
    """The end of the way of one request."""

    asked: str
    decisions: tuple[Decision, ...]
    url: str | None = None
    """On another host; None where the vanity host answers itself."""
    fetched: bool = False
    """True where the vanity host fetches `url` itself, False where it sends the client there."""
    loops: bool = False

    @property
    def response(self) -> Response | None:
        """The vanity host's own last answer."""
        return self.decisions[-1].response

    @property
    def rule(self) -> Rule | None:
        return next((one.rule for one in reversed(self.decisions) if one.rule is not None), None)

    @property
    def not_played(self) -> str | None:
        """Why it is not known where this ends; None where it is."""
        return self.decisions[-1].not_played

    @property
    def own_login(self) -> str | None:
        """The scheme of a login that the rules put into the request to the registry, "bearer"; None where they put none."""
        sent = self.decisions[-1].forward
        shown = sent.headers.get("Authorization") if sent is not None else None
        return shown.partition(" ")[0].lower() if shown else None

    @property
    def login(self) -> str | None:
        """Where the vanity host itself asks for a login on the way."""
        return next((one.login for one in self.decisions if one.login is not None), None)

    @property
    def where(self) -> str:
        return next(
            (one.answered_by for one in reversed(self.decisions) if one.rule is not None), self.decisions[0].answered_by
        )

    @property
    def host(self) -> str | None:
        return split(self.url).netloc if self.url else None

    @property
    def path(self) -> str:
        return path_of(self.url) if self.url else ""

    @cached_property
    def repository(self) -> str | None:
        """The repository that the landing's URL names."""
        return route(self.path.removeprefix(self.mount)).repository if self.url else None

    @property
    def mount(self) -> str:
        """What stands before /v2/ on the other host, as in /artifactory/api/docker/hub/v2/; "" for a registry at its root."""
        before, found, _ = f"{self.path}/".partition("/v2/")
        row = upstream(self.host or "").row
        return before if found and (row is None or row.id in {"artifactory", "nexus"}) else ""

    @property
    def strips(self) -> bool:
        """True where a server of one's own is asked for a path without /v2/, which no registry answers."""
        return self.fetched and is_inside(self.host or "") and "/v2/" not in f"{self.path}/"

    @property
    def is_registry_like(self) -> bool:
        """True where the vanity host's own answer looks like a registry's `/v2/`."""
        answer = self.response
        if answer is None:
            return True
        json_like = (answer.headers.get("Content-Type") or "").startswith("application/json")
        return json_like or "Docker-Distribution-Api-Version" in answer.headers


# As dockerd 28.5.2 sends it (tests/data/recordings); a rule may ask for it.
CLIENT = Headers(
    {"User-Agent": "docker/28.5.2 go/go1.24.9 os/linux arch/amd64 UpstreamClient(Docker-Client/28.5.2 \\(linux\\))"}
)


def follow(rules: RuleFile, host: str, path: str, method: str = "GET") -> Landing:
    """The way of `method https://host/path` through the rules, asked by a docker."""
    url = f"https://{host}{path}"
    asked, seen, decisions = url, {url}, []
    while True:
        decision = decide(rules, Request(method=method, url=url, headers=CLIENT))
        decisions.append(decision)
        to, fetched = _next(decision, url)
        if to is None:
            return Landing(asked=asked, decisions=tuple(decisions))
        if split(to).host != split(asked).host:
            return Landing(asked=asked, decisions=tuple(decisions), url=to, fetched=fetched)
        if to in seen or len(decisions) >= MOST_HOPS:
            return Landing(asked=asked, decisions=tuple(decisions), loops=True)
        seen.add(to)
        url = to


def _next(decision: Decision, url: str) -> tuple[str | None, bool]:
    if decision.forward is not None:
        return decision.forward.url, True
    if decision.response is None or not 300 <= decision.response.status < 400:
        return None, False
    location = decision.response.headers.get("Location")
    return (joined(url, location), False) if location else (None, False)


def repositories(rules: RuleFile) -> tuple[str, ...]:
    """Names of repositories that the rules are about, one or two for each rule under `/v2/`."""
    found: dict[str, None] = {}
    for rule in rules.rules:
        if not rule.pattern.takes_any_rest:
            about = route(rule.pattern.example(""))
            if about.endpoint not in {Endpoint.PING, Endpoint.NONE} and about.repository:
                found.setdefault(about.repository)
            continue
        start = rule.pattern.example("")
        if "/v2/".startswith(start):
            # It takes in everything.
            found.setdefault(ANY)
        elif start.startswith("/v2/"):
            name = start.removeprefix("/v2/").strip("/")
            about = route(f"/v2/{name}")
            if about.repository:
                # The rest begins inside an endpoint, as in /v2/org/app/manifests/*.
                found.setdefault(about.repository)
            elif name.endswith(("/manifests", "/blobs", "/tags", "/referrers")):
                found.setdefault(name.rpartition("/")[0])
            else:
                if "/" in name:
                    found.setdefault(name)
                found.setdefault(f"{name}/app")
    return tuple(found)


ANY = "org/app"
"""A repository to ask for where the rules are about all of them."""
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
        found = repositories(self.rules)[:most]
        if not found and not given and self.rules.play is not None:
            # A server rewrites paths before a rule answers, so its rules need not name those of clients.
            return (ANY,)
        return given + tuple(name for name in found if name != self.repository)

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
