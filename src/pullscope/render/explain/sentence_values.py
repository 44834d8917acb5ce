"""What fills the places of the lesson's sentences: `{host}`, `{realm}` and the like, from what one step showed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pullscope.oci.amounts import size
from pullscope.oci.challenge import Challenge
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.render.names import short
from pullscope.render.plain import plain
from pullscope.render.wording import title
from pullscope.trace.findings.said import words as said_words
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Pull, Step


class Values(dict[str, str]):
    """Each by its name, made plain, and no sooner than a sentence names it: most sentences have one or two places."""

    def __init__(self, step: Step, pull: Pull, roles: Roles) -> None:
        super().__init__()
        self.step, self.pull, self.roles = step, pull, roles

    def __missing__(self, name: str) -> str:
        value = self[name] = VALUES[name](self)
        return value

    @property
    def challenges(self) -> list[Challenge]:
        return [challenge for hop in self.step.hops for challenge in hop.challenges]

    @property
    def vanity(self) -> Hop | None:
        """The redirect of a vanity domain."""
        return next((hop for hop in self.step.hops if hop.redirects and self.roles.of_hop(hop) == "vanity"), None)

    @property
    def sent_on(self) -> tuple[Hop, Hop] | None:
        """The redirect that is worth telling and the hop that it led to: that to storage, else that of a vanity domain."""
        vanity, storage = self.vanity, to_storage(self.step)
        if vanity is None or storage is not None:
            return storage
        after = next((hop for hop in self.step.hops if hop.follows is vanity), None)
        return (vanity, after) if after is not None else None


def values_of(step: Step, pull: Pull, roles: Roles) -> Values:
    """What a sentence about this step can say."""
    return Values(step, pull, roles)


def _realm(values: Values) -> str:
    realm = next((challenge.realm for challenge in values.challenges if challenge.realm), None)
    return plain((realm or "a token server").partition("://")[2] or realm or "a token server", 120)


def _why(values: Values) -> str:
    under = values.step.under
    return f"for the {title(under)}" if under else "because the first has run out or names something else"


VALUES: Mapping[str, Callable[[Values], str]] = {
    "client": lambda it: it.pull.client.family if it.pull.client.family != "unknown" else "the client",
    "host": lambda it: plain(it.step.first.host, 80),
    "tag": lambda it: plain(it.step.route.reference or it.pull.tag or "the name", 80),
    "digest": lambda it: short(it.step.digest),
    "reference": lambda it: plain(it.pull.reference or "/".join((it.pull.registry, it.pull.repository or "")), 200),
    "platform": lambda it: plain(it.pull.platform or "not known", 40),
    "scope": lambda it: scope(it.step),
    "service": lambda it: plain(next((one.service for one in it.challenges if one.service), None) or "not named", 80),
    "realm": _realm,
    "vanity": lambda it: plain(it.vanity.host, 80) if it.vanity else "",
    "target": lambda it: plain((it.sent_on[1] if it.sent_on else it.step.last).host, 80),
    "status": lambda it: str((it.sent_on[0] if it.sent_on else it.step.last).status or "no response"),
    "size": lambda it: size(it.step.bytes),
    "why": _why,
    "failure": lambda it: failure(it.step),
}


def to_storage(step: Step) -> tuple[Hop, Hop] | None:
    """The redirect of a blob and the hop that it led to, where that is another host."""
    if step.route.endpoint is not Endpoint.BLOB:
        return None
    last = step.last
    if last.follows is None or not last.ok or last.host == last.follows.host:
        return None
    return last.follows, last


def scope(step: Step) -> str:
    """The first scope that a token was asked for."""
    return plain(next(iter(parameters(query(step.first.request.url)).get("scope", ())), ""), 120)


def address(hop: Hop) -> str:
    """Host and path, the repository left out and a digest by its first digits: `registry/.../manifests/latest`."""
    path = hop.request.url.partition("://")[2].partition("?")[0].partition("/")[2]
    *before, last = path.split("/")
    name = last if len(last) < 64 else short(last) if ":" in last else f"{last[:19]}.."
    if len(before) > 2:
        return plain(f"{hop.host}/.../{before[-1]}/{name}", 300)
    return plain("/".join((hop.host, *before, name)), 300)


def failure(step: Step) -> str:
    last = step.last
    host = plain(last.host, 80)
    if step.verified is False:
        return f"the bytes from {host} do not have the digest that was asked for"
    if last.failed is not None:
        return f"{host} did not answer to the end ({plain(last.failed.reason)})"
    said = said_words(last)
    return plain(f"{host} answered {last.status}" + (f", {said}" if said else ""))


def answers(hops: list[Hop]) -> str:
    said: list[str] = []
    for hop in hops:
        status = str(hop.status) if hop.failed is None and hop.status else "no response"
        if not said or said[-1] != status:
            said.append(status)
    return " > ".join(said[-6:])
