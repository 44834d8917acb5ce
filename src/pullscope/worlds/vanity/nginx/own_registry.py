"""nginx before a registry of one's own: what stops large layers, uploads and HEAD, each with its line.

The codes are those under which the same shows on the wire (docs/findings.md). A directive that breaks pulls is a warning; a
default that ordinary images live with is a note. Defaults are those of nginx.org, ngx_http_proxy_module,
ngx_http_core_module and ngx_http_gzip_module; what is said of compression and of temporary files was seen with nginx 1.22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from pullscope.oci.messages import Headers, Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decision import NotPlayedError
from pullscope.worlds.vanity.nginx.play import Play
from pullscope.worlds.vanity.nginx.state import State, moved, sent_headers, target_of
from pullscope.worlds.vanity.nginx.tree import Config, Location, Server, find_location
from pullscope.worlds.vanity.rules import remark
from pullscope.worlds.vanity.upstreams import is_inside

LEAST_BODY = 100 * 1024 * 1024
"""Bytes; a layer of an ordinary image has more than nginx's 1 MB."""
LEAST_TIMEOUT = 60.0
"""Seconds, nginx's own default."""
TEMPORARY_FILE = 1024 * 1024 * 1024
"""Bytes of an answer that nginx keeps in a file, unless told."""
UPLOAD = "/v2/org/img/blobs/uploads/"
MANIFESTS = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json")

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def own_registry(server: Server, tree: Config) -> Iterator[Problem]:
    """Remarks on the location that uploads go to, where it leads to a host inside."""
    try:
        location = find_location(server.root, UPLOAD, tree.file).location
    except NotPlayedError:
        return
    for one in location.scope.own.get("proxy_pass", ()):
        host = tree.server_of(one.args[0].partition("://")[2].partition("/")[0]) if one.args else "$"
        if "$" not in host and is_inside(host):
            case = _Case(server, location, one, tree)
            pushes = case.takes_pushes()
            yield from (remark for remark in _advice(case) if pushes or not remark.code.startswith("upload-"))


class _Case:
    """One proxy_pass and where it stands."""

    def __init__(self, server: Server, location: Location, one: Directive, tree: Config) -> None:
        self.tls, self.scope, self.one, self._location = server.tls, location.scope, one, location
        self._tree = replace(tree, servers=[server])
        self.host = next((name for name in server.names if re.fullmatch(r"[a-z0-9.-]+", name)), "docker.example.com")

        self._client = Request(method="POST", url=f"https://{self.host}{UPLOAD}", headers=Headers({"Host": self.host}))

    def takes_pushes(self) -> bool:
        """False where the server itself refuses one: limit_except, an if on $request_method."""
        try:
            answer = Play(self._tree, {}, self._client).answer().response
        except (NotPlayedError, ValueError, RecursionError):
            return True
        return answer is None or answer.status < 400

    def upload_address(self) -> SplitResult | None:
        """Where a client is sent to upload, if the registry builds addresses as distribution does; None: not known.

        distribution 2.8, registry/api/v2/urls.go: X-Forwarded-Proto and X-Forwarded-Host, else what it was asked by.
        """
        state = State(self._tree, self._client, self.host, UPLOAD, UPLOAD, "", server_name=self.host)
        try:
            target, state.proxy_host, _ = target_of(state, self._location, self.one, left_location=False)
            told = sent_headers(state, self.scope, state.proxy_host, strict=False)
            scheme = told.get("X-Forwarded-Proto") or urlsplit(target).scheme
            host = told.get("X-Forwarded-Host") or told.get("Host") or urlsplit(target).netloc
            address = f"{scheme}://{host}{UPLOAD}id?_state=s"
            return urlsplit(moved(state, self.scope, self._location.path, address, self.one))
        except (NotPlayedError, ValueError):
            return None

    def word(self, name: str, default: str = "") -> str:
        """What a directive says first, in lower case."""
        found = self.scope.last(name)
        return found.args[0].lower() if found is not None and found.args else default

    def said(self, name: str, default: str) -> tuple[str, str]:
        """The directive as it is named in a sentence, and what it says; the default where it is not written."""
        return (name, self.word(name)) if self.word(name) else (f"{name}, the default", default)

    def remark(self, code: str, message: str, fix: str, *, at: str = "", severity: str = "warning") -> Problem:
        """At the line of the directive `at`, else at that of proxy_pass."""
        place = (self.scope.last(at) if at else None) or self.one
        return remark(place.where, code, severity, message, fix)


_TIMEOUTS = {
    # tiiuae/ghaf-infra#1040 and distribution/distribution#755: 408.
    "client_body_timeout": "a push whose client pauses for {} is answered 408",
    # goharbor/harbor#9394, docker-archive/docker-registry#900 and #320: 504.
    "proxy_read_timeout": "a registry that takes {} to store a layer is given up on, and the push is answered 504",
    "proxy_send_timeout": "a registry that stops reading an upload for {} is given up on, and the push is answered 504",
    "send_timeout": "the connection of a client that stops reading a layer for {} is closed",
}


def _advice(case: _Case) -> Iterator[Problem]:
    written, limit = case.said("client_max_body_size", "1m")
    size = _bytes(limit)
    if size is not None and 0 < size < LEAST_BODY:
        message = f"a push of a layer of more than {limit} is answered 413 ({written})."
        fix = "Write client_max_body_size 0; for no limit."
        yield case.remark("upload-too-large", message, fix, at="client_max_body_size")

    # distribution/distribution#479, #1177, #970, moby/moby#18469. nginx 1.22 before docker-registry 2.8: without a word on Host
    # and scheme, proxy_redirect's default makes the address right; with only one of them nothing does.
    where = case.upload_address() if case.tls else None
    if where is not None and where.netloc and (where.scheme, where.netloc) != ("https", case.host):
        yield case.remark(
            "upload-location-elsewhere",
            f"a registry that builds addresses from what it is told (distribution) sends uploads to "
            f"{where.scheme}://{where.netloc[:60]}, where pushes end.",
            "Write proxy_set_header Host $http_host; and proxy_set_header X-Forwarded-Proto $scheme;",
        )

    # Joxit/docker-registry-ui#152 (layers of 10 GB: unexpected EOF), linuxserver/docker-swag#84,
    # AtlasOfLivingAustralia/ala-install#208.
    # nginx 1.22, a file of 4m, a client that pauses: cut where the other side gives up after 3 s, whole where it waits.
    written, limit = case.said("proxy_max_temp_file_size", "1024m")
    size = _bytes(limit)
    if case.word("proxy_buffering", "on") != "off" and size is not None and 0 < size <= TEMPORARY_FILE:
        yield case.remark(
            "size-mismatch",
            f"a layer of more than {limit} is cut if the registry's side gives up before the client has caught up: "
            f"nginx reads no further ahead ({written}).",
            "Write proxy_max_temp_file_size 0; or proxy_buffering off;",
            at="proxy_max_temp_file_size",
            severity="warning" if size < TEMPORARY_FILE else "info",
        )

    # The first: Joxit/docker-registry-ui#282 (500 with layers of 20 GB), sini/nix-config#164 (502),
    # cloudfoundry-community/docker-registry-boshrelease#44 (500, disk full). The second: gitlab-org/omnibus-gitlab!2386.
    version = case.word("proxy_http_version")
    if case.word("proxy_request_buffering", "on") != "off":
        waits = case.word("proxy_read_timeout")
        then = "" if waits else ", which then has 60 s to answer (proxy_read_timeout, the default)"
        yield case.remark(
            "upload-cut-off",
            f"each layer of a push is written to nginx's disk before it is sent to the registry{then}: large layers need the "
            "room and take twice the time.",
            "Write proxy_request_buffering off; and proxy_http_version 1.1;",
            at="proxy_request_buffering",
            severity="info",
        )
    elif version in {"", "1.0"}:
        yield case.remark(
            "upload-cut-off",
            "each layer of a push is still written to nginx's disk first: docker sends it in chunks, for which "
            "proxy_request_buffering off has no effect with HTTP/1.0 to the registry "
            f"({'proxy_http_version 1.0' if version else 'the default before nginx 1.29.7'}).",
            "Write proxy_http_version 1.1;",
            at="proxy_http_version" if version else "proxy_request_buffering",
        )

    for name, effect in _TIMEOUTS.items():
        given = case.word(name)
        seconds = _seconds(given)
        if given and seconds is not None and seconds < LEAST_TIMEOUT:
            code = "size-mismatch" if name == "send_timeout" else "upload-cut-off"
            shown = f"{given} s" if given.isdigit() else given
            yield case.remark(code, f"{effect.format(shown)} ({name}).", f"Write {name} 900s;", at=name)

    # cloudflare/cloudflared#500, distribution/distribution#2475, ahmetb/serverless-registry-proxy#10: no Content-Length, and
    # docker stops.
    # nginx 1.22: HEAD with Accept-Encoding: gzip loses it where gzip_types names the type or is *, and keeps it where it is
    # application/json, or where HEAD has no Accept-Encoding.
    types = next(iter(case.scope.find("gzip_types")), None)
    if case.word("gzip") == "on" and types is not None and {"*", *MANIFESTS} & set(types.args):
        yield case.remark(
            "head-unusable",
            "manifests are compressed: HEAD of one has no Content-Length for clients that send Accept-Encoding: gzip, as a CDN "
            "in front may, and docker stops at that.",
            "Write gzip off; where the registry is: layers are compressed already.",
            at="gzip_types",
        )


def _bytes(text: str) -> int | None:
    """A size as nginx writes it; None for another text."""
    size = re.fullmatch(r"([0-9]{1,12})([kmg]?)", text)
    return int(size[1]) * _UNITS[size[2]] if size is not None else None


def _seconds(text: str) -> float | None:
    """A time as nginx writes it, `1m30s`; None for another text."""
    if not re.fullmatch(r"(?:[0-9]{1,9}(?:ms|[smhdw])?)+", text):
        return None
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)(ms|[smhdw]|)", text))
