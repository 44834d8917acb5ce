"""What fills the places of the lesson's sentences: `{host}`, `{realm}` and the like, from what one step showed."""

from __future__ import annotations

from pullscope.oci.amounts import size
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.render.names import short
from pullscope.render.plain import plain
from pullscope.render.wording import title
from pullscope.trace.findings.said import words as said_words
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Pull, Step


def values_of(step: Step, pull: Pull, roles: Roles) -> dict[str, str]:
    """Each by its name, made plain."""
    challenges = [challenge for hop in step.hops for challenge in hop.challenges]
    realm = next((challenge.realm for challenge in challenges if challenge.realm), None)
    vanity = next((hop for hop in step.hops if roles.of_hop(hop) == "vanity" and hop.redirects), None)
    after_vanity = next((hop for hop in step.hops if vanity is not None and hop.follows is vanity), None)
    storage = to_storage(step)
    redirect = vanity if vanity is not None and after_vanity is not None and storage is None else None
    target = after_vanity.host if redirect and after_vanity else storage[1].host if storage else step.last.host
    status = redirect.status if redirect else storage[0].status if storage else step.last.status
    return {
        "client": pull.client.family if pull.client.family != "unknown" else "the client",
        "host": plain(step.first.host, 80),
        "tag": plain(step.route.reference or pull.tag or "the name", 80),
        "digest": short(step.digest),
        "reference": plain(pull.reference or "/".join((pull.registry, pull.repository or "")), 200),
        "platform": plain(pull.platform or "not known", 40),
        "scope": scope(step),
        "service": plain(
            next((challenge.service for challenge in challenges if challenge.service), None) or "not named", 80
        ),
        "realm": plain((realm or "a token server").partition("://")[2] or realm or "a token server", 120),
        "vanity": plain(vanity.host, 80) if vanity else "",
        "target": plain(target, 80),
        "status": str(status or "no response"),
        "size": size(step.bytes),
        "why": f"for the {title(step.under)}"
        if step.under
        else "because the first has run out or names something else",
        "failure": failure(step),
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
