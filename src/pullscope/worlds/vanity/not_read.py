"""What a file is that is not read, as its name and text tell, and what to do instead: one table. Opens nothing.

A form is told by what only its own files have: a file that is told wrongly is worse off than one that is not told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OWN_FORM = (
    "try what it does as a [[rewrite]] .toml (docs/vanity-domains.md), or ask the live domain with pullscope check"
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a file is, and what to do instead, each as the rest of a sentence."""

    what: str
    instead: str = OWN_FORM


_Tells = Callable[[str, str], object]
_YAML = (".yml", ".yaml")


def _named(*ends: str) -> _Tells:
    return lambda name, _text: name.endswith(ends)


def _has(pattern: str, *ends: str) -> _Tells:
    """A text with a line of its own; only of files whose name ends so, if any end is given."""
    told = re.compile(pattern, re.MULTILINE)
    return lambda name, text: (not ends or name.endswith(ends)) and told.search(text) is not None


def _either(*tells: _Tells) -> _Tells:
    return lambda name, text: any(one(name, text) for one in tells)


def _both(*tells: _Tells) -> _Tells:
    return lambda name, text: all(one(name, text) for one in tells)


_BEFORE_KUBERNETES: tuple[tuple[_Tells, Form], ...] = (
    (
        _named(".js", ".mjs", ".ts", ".go", ".py", ".php", ".rs", ".lua"),
        Form("code (a Worker or a function)", f"code is not played; {OWN_FORM}"),
    ),
    (_named(".nomad", ".hcl", ".tf"), Form("a file in HCL (Nomad or Terraform)")),
    (
        _named(".nix"),
        Form("a Nix expression", "give the file that it makes for the server (systemctl cat nginx names nginx's)"),
    ),
    (
        _either(lambda name, _text: "haproxy" in name, _has(r"^(?:frontend|backend|listen)\s+[\w.-]+\s*$")),
        Form("a configuration of HAProxy"),
    ),
    (_either(_named(".vcl"), _has(r"^vcl \d\.\d;|^sub vcl_\w+")), Form("a configuration of Varnish or Fastly (VCL)")),
    (
        _has(r"^\s*server\.modules\s*\+?=|^\s*\$HTTP\[|^\s*(?:proxy\.server|url\.redirect)\s*\+?=\s*\("),
        Form("a configuration of lighttpd"),
    ),
    (_either(_named("web.config"), _has(r"<system\.webServer>")), Form("a configuration of IIS")),
)

_TRAEFIK = re.compile(r"(?i)traefik")
_AFTER_KUBERNETES: tuple[tuple[_Tells, Form], ...] = (
    (
        lambda name, _text: name.startswith("values") and name.endswith(_YAML),
        Form(
            "the values of a Helm chart",
            "give the objects that the chart makes of them (helm template RELEASE CHART -f VALUES > objects.yaml)",
        ),
    ),
    (
        _has(r"^\s+(?:- )?[\"']?traefik\.frontend\.", *_YAML),
        Form(
            "a compose file with labels of Traefik 1", "write those of Traefik 2 and 3: traefik.http.routers.NAME.rule"
        ),
    ),
    (_has(r"envoy\.filters\.|type\.googleapis\.com/envoy\.", *_YAML, ".json"), Form("a configuration of Envoy")),
    (
        _both(
            _named(*_YAML, ".toml"),
            lambda name, text: _TRAEFIK.search(f"{name} {text[:4000]}") or "PathPrefix(" in text,
        ),
        Form(
            "a configuration of Traefik without routers",
            "what is read is the dynamic configuration: http.routers, labels of containers, an IngressRoute",
        ),
    ),
    # lucaslorentz/caddy-docker-proxy and nginx-proxy/nginx-proxy, their READMEs.
    (
        _has(r"^\s+(?:- )?[\"']?caddy(?:_\d+)?\.[\w.-]+[\"']?[ \t]*[:=]", *_YAML),
        Form(
            "a compose file with labels of caddy-docker-proxy",
            "give the Caddyfile that it makes of them (docker exec CADDY cat /config/caddy/Caddyfile.autosave > Caddyfile)",
        ),
    ),
    (
        _has(r"^\s+(?:- )?[\"']?VIRTUAL_HOST[\"']?\s*[:=]", *_YAML),
        Form(
            "a compose file for nginx-proxy",
            "give the configuration that it makes (docker exec NGINX-PROXY cat /etc/nginx/conf.d/default.conf > nginx.conf)",
        ),
    ),
    (
        _both(_has(r"^services:[ \t]*(?:#.*)?$", *_YAML), _has(r"^[ \t]+(?:image|build):")),
        Form(
            "a compose file without labels of Traefik",
            "give the configuration of the server that answers for the domain",
        ),
    ),
    (
        _both(_has(r"^ingress:[ \t]*(?:#.*)?$", *_YAML), _has(r"^[ \t]*- (?:hostname|service):[ \t]*\S")),
        Form("a configuration of cloudflared"),
    ),
    (
        _has(r"compute#urlMap|^\s*[\"']?(?:pathMatchers|defaultUrlRedirect)[\"']?:", *_YAML, ".json"),
        Form("a URL map of Google Cloud"),
    ),
    (
        _has(r"AWSTemplateFormatVersion|\bType[\"']?:\s*[\"']?AWS::\w+::", *_YAML, ".json", ".template"),
        Form("a template of AWS CloudFormation"),
    ),
    (
        _has(r"[\"']apps[\"']\s*:\s*\{\s*[\"']http[\"']\s*:", ".json"),
        Form("a JSON configuration of Caddy", f"give the Caddyfile that it was made of, or {OWN_FORM}"),
    ),
    (
        _either(_named(".bicep"), _has(r"Microsoft\.(?:Cdn/|Network/frontDoors)", ".json")),
        Form("a template of Azure (Bicep or ARM)"),
    ),
    (_has(r"[\"']source[\"']\s*:\s*[\"'][^\"'\n]*<\*>", ".json"), Form("a list of redirects of AWS Amplify")),
    (
        lambda name, _text: name.startswith("wrangler."),
        Form("a wrangler configuration", "its _redirects is; a Worker is code"),
    ),
    (_named("firebase.json"), Form("a configuration of Firebase Hosting")),
    (_named("staticwebapp.config.json"), Form("a configuration of Azure Static Web Apps")),
    (_named("render.yaml"), Form("a configuration of Render")),
    (
        _has(r"\bRedirectRules?\b|\bKeyPrefixEquals\b|\bReplaceKeyPrefixWith\b"),
        Form("a configuration of an S3 website"),
    ),
)


def form_of(name: str, text: str) -> Form | None:
    """What a file of this name, in lower case, is; None for one that may be read, or that nothing tells."""
    return next(_forms(name, text), None)


def _forms(name: str, text: str) -> Iterator[Form]:
    yield from (form for tells, form in _BEFORE_KUBERNETES if tells(name, text))
    yield from _of_kubernetes(name, text)
    yield from (form for tells, form in _AFTER_KUBERNETES if tells(name, text))


_KIND = re.compile(r"^kind:\s*[\"']?(\w+)", re.MULTILINE)
_HELD = re.compile(
    r"^  [\"']?([\w-]*(?:caddyfile|\.conf|\.htaccess|\.caddy))[\"']?:\s*[|>]", re.MULTILINE | re.IGNORECASE
)
_NAME = re.compile(r"^  name:\s*[\"']?([a-z0-9.-]+)[\"']?\s*$", re.MULTILINE)
_NAMESPACE = re.compile(r"^  namespace:\s*[\"']?([a-z0-9-]+)[\"']?\s*$", re.MULTILINE)


def _of_kubernetes(name: str, text: str) -> Iterator[Form]:
    kinds = _KIND.findall(text) if name.endswith(_YAML) else []
    if not kinds or "apiVersion:" not in text:
        return
    for document in re.split(r"^---", text, flags=re.MULTILINE):
        held = _HELD.search(document) if "ConfigMap" in _KIND.findall(document) else None
        if held is not None:
            named, space = _NAME.search(document), _NAMESPACE.search(document)
            where = f"{named[1] if named else 'NAME'}{f' -n {space[1]}' if space else ''}"
            key = held[1].replace(".", r"\.")
            read = f"kubectl get configmap {where} -o jsonpath='{{.data.{key}}}' > {held[1]}"
            yield Form(f"a ConfigMap with {held[1]} in it", f"give that file ({read})")
    told = ", ".join(dict.fromkeys(kinds))[:200]
    read = "of these it reads Ingress, HTTPRoute, IngressRoute and Middleware"
    yield Form(f"a resource of Kubernetes ({told})", f"{read}; {OWN_FORM}")
