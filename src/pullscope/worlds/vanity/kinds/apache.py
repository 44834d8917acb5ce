"""Apache as a platform: its virtual hosts and .htaccess as a `RuleFile`'s parts, and what is said of it.

Before a registry of one's own Apache streams bodies and adds X-Forwarded-Host by itself (mod_proxy, ProxyAddHeaders): only the
scheme is missing. Its LimitRequestBody is "not applicable to proxy requests", and mod_deflate leaves Content-Length to HEAD
(seen with Apache 2.4.71).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.apache.play import Play
from pullscope.worlds.vanity.apache.rewriting import redirect_of
from pullscope.worlds.vanity.apache.tree import DIALECT, Host, answering, config, host_for, statements
from pullscope.worlds.vanity.blocks import Directive, names
from pullscope.worlds.vanity.patterns import PrefixPattern, beginning_pattern
from pullscope.worlds.vanity.platform import Kind, Read, Statements, served
from pullscope.worlds.vanity.rules import Decision, NotPlayedError, Pattern, Rule, expression, remark, unplayed, unread
from pullscope.worlds.vanity.upstreams import is_inside

_ANSWERING = names("redirect redirectmatch redirectpermanent redirecttemp proxypass proxypassmatch rewriterule")
_TELLS = re.compile(
    r"^\s*(?:<(?:VirtualHost|IfModule|Location|Directory|LocationMatch)\b|ProxyPass|RewriteEngine|RewriteRule|Redirect(?:Match|Permanent|Temp)?\s)",
    re.MULTILINE | re.IGNORECASE,
)


def _read(directives: list[Directive], file: str) -> Read:
    tree = config(directives, file)
    known: dict[int, Rule] = {}
    remarks: list[Problem] = []
    for index, host in enumerate(tree.hosts):
        for one, within in answering(host.directives, _ANSWERING):
            known.setdefault(id(one), _rule(one, within, host.names if index else ()))
        remarks.extend(_remarks(host))
    for one in tree.left_out:
        message = f"<IfDefine {' '.join(one.args)[:60]}> is left out: this file does not define it, nor does Apache unless told."
        remarks.append(unplayed(one.where, message, severity="info"))

    def play(request: Request) -> Decision:
        host = host_for(tree, request.host.partition(":")[0])
        return Play(tree, host, request, rules=known).answer()

    hosts = frozenset(name for host in tree.hosts for name in host.names)
    places = {id(one): {each.where for top in one.directives for each in top.everything()} for one in tree.hosts}

    def foreign(name: str) -> set[str]:
        own = id(host_for(tree, name.partition(":")[0]))
        return set().union(*(each for one, each in places.items() if one != own)) - places[own]

    remarks = list(dict.fromkeys(remarks))
    return Read(rules=list(known.values()), remarks=remarks, play=play, hosts=hosts, foreign=foreign)


def _rule(one: Directive, within: str, hosts: tuple[str, ...]) -> Rule:
    status, words = redirect_of(one)
    status = 200 if one.name.startswith("proxypass") else status
    if one.name == "proxypass" and words and not words[0].startswith("/"):
        words = [within, *words]
    source, target = (words[0] if words else "/"), (words[1] if len(words) > 1 else None)
    if one.name == "rewriterule":
        flags = words[2].upper() if len(words) > 2 else ""
        code = re.search(r"R=(\d{3})", flags)
        status = 301 if "R=PERMANENT" in flags else int(code[1]) if code else 302
        status = 200 if re.search(r"[\[,]P[\],]", flags) else status
    target = None if target in {"!", "-"} else target
    pattern: Pattern = beginning_pattern(source) if one.name.endswith(("match", "rule")) else PrefixPattern(source)
    return Rule.of_server(one.where, source, pattern, status, target, hosts)


def _remarks(host: Host) -> Iterator[Problem]:
    for one in host.directives:
        if one.name in {"include", "includeoptional"}:
            severity = "warning" if one.name == "include" else "info"
            yield unread(one.where, f"include {' '.join(one.args)}", severity=severity)
    yield from own_registry(host)


_UPLOADS = ("/", "/v2", "/v2/")


# Apache 2.4.71 before docker-registry 2.8: Location is http://NAME/… without the field, with and without ProxyPreserveHost and
# with ProxyPassReverse to the registry; https with it, and with ProxyAddHeaders Off, where ProxyPassReverse makes it right.
def own_registry(host: Host) -> Iterator[Problem]:
    """Remarks on a virtual host with TLS that leads to a host inside."""
    if not host.tls or any(_tells(one) for top in host.directives for one in top.everything()):
        return
    for one, within in answering(host.directives, {"proxypass", "proxypassmatch"}):
        words = one.args if one.args[:1] and one.args[0].startswith(("/", "^")) else [within, *one.args]
        if (
            (words[0] in _UPLOADS or _takes_uploads(one))
            and len(words) > 1
            and words[1].startswith("http://")
            and _leads_inside(words[1])
        ):
            message = (
                "a registry that builds addresses from what it is told (distribution) is not told that it was asked over "
                "https, and sends uploads to http://, where pushes end."
            )
            fix = 'write RequestHeader set X-Forwarded-Proto "https"'
            yield remark(one.where, "upload-location-elsewhere", "warning", message, fix)


def _takes_uploads(one: Directive) -> bool:
    try:
        return (
            one.name == "proxypassmatch"
            and expression(one.args[0], one.where).search("/v2/org/img/blobs/uploads/") is not None
        )
    except NotPlayedError:
        return False


def _tells(one: Directive) -> bool:
    """Whether a directive tells the scheme, or may change the answer's address."""
    words = [word.lower() for word in one.args]
    if one.name in {"requestheader", "header"}:
        return bool({"x-forwarded-proto", "x-forwarded-scheme", "forwarded", "location"} & set(words))
    if one.name == "proxyaddheaders":
        return words[:1] == ["off"]
    # With the name that clients ask for, ProxyPassReverse changes http://NAME/ too.
    return one.name == "proxypassreverse" and bool(words) and not _leads_inside(words[-1])


def _leads_inside(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return bool(host) and is_inside(host)


KIND = Kind(
    id="apache",
    label="Apache",
    turn=1,
    is_file=lambda name, text: name == ".htaccess" or ("vercel" not in name and _TELLS.search(text) is not None),
    read=Statements(statements, _read, names("include includeoptional")),
    dialect=DIALECT,
    ping_fix='add: Redirect 302 "/v2/" "https://{target}/v2/"',
    path_fix='write the path at both ends: ProxyPass "/v2/" "http://HOST:PORT/v2/"',
    address="Apache's address",
    projects=served("vanity.conf", "apache"),
    row=(
        "`.htaccess`, `*.conf` (`Redirect`, `RedirectMatch`, `ProxyPass`, `RewriteRule`)",
        "prefix, or a regular expression",
        "302",
    ),
)
