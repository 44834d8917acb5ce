"""Traefik as a platform: a dynamic configuration as a `RuleFile`'s parts, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pullscope.oci.messages import Headers, Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import refuse_template
from pullscope.worlds.vanity.config_tree import Item, read_items
from pullscope.worlds.vanity.patterns import PrefixPattern, beginning_pattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read, routed
from pullscope.worlds.vanity.rules import Decision, NotPlayedError, Pattern, Rule, remark, too_large, unplayed
from pullscope.worlds.vanity.traefik.config import Dynamic, Router, dynamic, lookups, middleware_of, service_of
from pullscope.worlds.vanity.traefik.ingress import is_of_traefik
from pullscope.worlds.vanity.traefik.matching import Asked, matches, names_of
from pullscope.worlds.vanity.traefik.play import DIALECT, HARMLESS, PLAYED, Play
from pullscope.worlds.vanity.upstreams import is_inside

LEAST_BODY = 100 * 1024 * 1024
UPLOAD = "/v2/org/img/blobs/uploads/"
_LABEL = re.compile(r"^\s*(?:- )?[\"']?traefik\.http\.routers\.[\w-]+\.rule\s*[=:]", re.MULTILINE | re.IGNORECASE)
_TELLS = re.compile(
    r"^(?:\s*\[(?:\[?)http\.(?:routers|services|middlewares|serversTransports)|http:\s*(?:#.*)?\n(?:\s*(?:#.*)?\n)*\s+[\"']?(?:routers|services|middlewares|serversTransports)\b"
    r"|kind:\s*[\"']?IngressRoute[\"']?\s*(?:#.*)?$)",
    re.MULTILINE | re.IGNORECASE,
)


# docs.docker.com/reference/compose-file/interpolation; $$ is a $.
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_]\w*)(?::?-([^{}\n]*))?\}")


def with_values(text: str, env: Mapping[str, str]) -> str:
    """A compose file with its variables' values; one that has none stays."""
    if not _LABEL.search(text):
        return text
    return _VARIABLE.sub(lambda found: env.get(found[1], found[2] if found[2] is not None else found[0]), text)


def read_traefik(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not a document or holds no router."""
    refuse_template(text, file)
    found = dynamic(read_items(text, file), file)
    rules: list[Rule] = []
    known: dict[int, Rule] = {}
    for router in sorted(found.routers, key=lambda one: -one.priority):
        for one, rule in _rules(router, found, names_of(router.term)):
            known[id(one)] = rule
            rules.append(rule)

    def play(request: Request) -> Decision:
        return Play(found, known, request).answer()

    remarks = [*found.remarks, *lookups(found), *_middlewares(found)]
    hosts = frozenset(name for router in found.routers for name in names_of(router.term))
    return Read(rules=rules, remarks=list(dict.fromkeys(remarks)), play=play, hosts=hosts)


def _rules(router: Router, found: Dynamic, hosts: tuple[str, ...]) -> Iterator[tuple[Router | Item, Rule]]:
    """What the router can answer with: its redirects, and its service."""
    servers = (service_of(found, router.service.text) or router.service).at("loadBalancer", "servers").rows
    for path, pattern in _paths(router):
        for one in router.middlewares:
            named = middleware_of(found, one.text)
            options = named.at("redirectRegex") if named is not None else Item("")
            if options:
                status, to = 301 if options.at("permanent").is_true else 302, options.at("replacement").text
                yield options, Rule.of_server(options.where, path, pattern, status, to, hosts)
        target = servers[0].at("url").text if servers else None
        yield router, Rule.of_server(router.where, path, pattern, 200, target or None, hosts)


def _paths(router: Router) -> Iterator[tuple[str, Pattern]]:
    """The paths that its rule names; every one where it names none."""
    term = router.term
    yield from ((one, exact_pattern(one)) for one in term.find("path"))
    yield from ((one, PrefixPattern(one)) for one in term.find("pathprefix"))
    yield from ((one, beginning_pattern(one)) for one in term.find("pathregexp"))
    if not any(term.find("path", "pathprefix", "pathregexp")):
        yield "/", PrefixPattern("/")


def _middlewares(found: Dynamic) -> Iterator[Problem]:
    hosts = dict.fromkeys(name for one in found.routers for name in names_of(one.term) or ("docker.example.com",))
    uploads = dict.fromkeys(filter(None, (_upload_service(found, host) for host in hosts)))
    for name, one in found.middlewares.items():
        # Labels and custom resources have each under two names.
        for kind, options in one.fields.items() if "@" not in name else ():
            if kind not in HARMLESS | PLAYED:
                message = f"the middleware {kind} ({name}) can change what a path answers, and is not played."
                yield unplayed(options.where, message)
            limit = options.at("maxRequestBodyBytes") if kind == "buffering" else Item("")
            if uploads and limit.text.isdigit() and 0 < int(limit.text[:15]) < LEAST_BODY:
                fix = "leave buffering out where the registry is"
                yield too_large(limit.where, f"{limit.text} bytes", "maxRequestBodyBytes", fix)
    # traefik/traefik#10805, #10741, #10654, coollabsio/coolify#5358; Traefik 3.7: 504 after 60 s.
    for where in uploads:
        message = "since Traefik 2.11.2 an upload is cut off after 60 s (readTimeout of the entry point, the default)."
        fix = "set transport.respondingTimeouts.readTimeout: 0 at the entry point, in Traefik's static configuration"
        yield remark(where, "upload-cut-off", "info", message, fix)


def _upload_service(found: Dynamic, host: str) -> str | None:
    """The place of the internal address that uploads to this host go to; None without one, or if it is not known."""
    asked = Asked(
        method="POST", host=host, authority=host, path=UPLOAD, query="", headers=Headers(), one_host=found.one_host
    )
    try:
        router = next((one for one in found.reached() if matches(one.term, asked, found.file)), None)
    except NotPlayedError:
        return None
    service = service_of(found, router.service.text) if router is not None else None
    servers = service.at("loadBalancer", "servers").rows if service is not None else []
    url = servers[0].at("url") if servers else Item("")
    address = url.text.partition("://")[2].partition("/")[0]
    return url.where if address and is_inside(address) else None


KIND = Kind(
    id="traefik",
    label="Traefik",
    is_file=lambda name, text: (
        name.endswith((".yml", ".yaml", ".toml"))
        and ((_TELLS.search(text) or _LABEL.search(text)) is not None or is_of_traefik(text))
    ),
    read=read_traefik,
    with_values=with_values,
    dialect=DIALECT,
    ping_fix="add a router: Path(`/v2/`), with redirectRegex to https://{target}/v2/",
    path_fix="leave stripPrefix out: then the path goes on as it came",
    query_fix="let the regular expression take in the query: (.*) at its end does",
    status_fix="leave permanent out",
    address="Traefik's address",
    projects=routed("dynamic.yml", "traefik"),
    row=(
        (
            "`*.yml`, `*.toml` with `http.routers` (middlewares that change path or headers), labels of containers, "
            "`IngressRoute`, an Ingress of its class"
        ),
        "what `rule` says",
        "302",
    ),
)
