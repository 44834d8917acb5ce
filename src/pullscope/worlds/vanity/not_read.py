"""What a file is that is not read, as its name and text tell, and what to do instead: one table. Opens nothing.

A form is told by what only its own files have: a file that is told wrongly is worse off than one that is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain

from pullscope.oci.text_table import heads

OWN_FORM = (
    "try what it does as a [[rewrite]] .toml (docs/vanity-domains.md), or ask the live domain with pullscope check"
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a file is, and what to do instead, each as the rest of a sentence."""

    what: str
    instead: str
    ways: tuple[tuple[list[str], list[re.Pattern[str]]], ...] = ()
    """How it is told: names, of which one fits, and what must all be in the text."""

    def fits(self, name: str, text: str) -> bool:
        return any(
            any(fnmatchcase(name, one) for one in names) and all(told.search(text) for told in patterns)
            for names, patterns in self.ways
        )


def _forms(table: str) -> list[Form]:
    """The rows of a table: `WHAT: INSTEAD`, which is OWN_FORM without one, and below it names and patterns, a way a line."""
    found = []
    for head, lines in heads(table.replace("<yaml>", "*.yml|*.yaml").replace("<own>", OWN_FORM)):
        what, _, instead = head.partition(": ")
        split = (line.partition(" ") for line in lines)
        ways = ((names, filter(None, patterns.split(" && "))) for names, _, patterns in split)
        read = ((names.split("|"), [re.compile(one, re.MULTILINE) for one in patterns]) for names, patterns in ways)
        found.append(Form(what, instead or OWN_FORM, tuple(read)))
    return found


_BEFORE_KUBERNETES = _forms(r"""
code (a Worker or a function): code is not played; <own>
    *.js|*.mjs|*.ts|*.go|*.py|*.php|*.rs|*.lua
a file in HCL (Nomad or Terraform)
    *.nomad|*.hcl|*.tf
a Nix expression: give the file that it makes for the server (systemctl cat nginx names nginx's)
    *.nix
a configuration of HAProxy
    *haproxy*
    * ^(?:frontend|backend|listen)\s+[\w.-]+\s*$
a configuration of Varnish or Fastly (VCL)
    *.vcl
    * ^vcl \d\.\d;|^sub vcl_\w+
a configuration of lighttpd
    * ^\s*server\.modules\s*\+?=|^\s*\$HTTP\[|^\s*(?:proxy\.server|url\.redirect)\s*\+?=\s*\(
a configuration of IIS
    *web.config
    * <system\.webServer>
""")
_AFTER_KUBERNETES = _forms(r"""
the values of a Helm chart: give the objects that the chart makes of them (helm template RELEASE CHART -f VALUES > objects.yaml)
    values*.yml|values*.yaml
a compose file with labels of Traefik 1: write those of Traefik 2 and 3: traefik.http.routers.NAME.rule
    <yaml> ^\s+(?:- )?["']?traefik\.frontend\.
a configuration of Envoy
    <yaml>|*.json envoy\.filters\.|type\.googleapis\.com/envoy\.|^\s*(?:static_resources|virtual_hosts):
a configuration of Traefik without routers: what is read is the dynamic configuration: http.routers, labels of containers, an
        IngressRoute
    *traefik*.yml|*traefik*.yaml|*traefik*.toml
    <yaml>|*.toml \A(?s:.{0,4000}?)(?i:traefik)|PathPrefix\(
# lucaslorentz/caddy-docker-proxy and nginx-proxy/nginx-proxy, their READMEs.
a compose file with labels of caddy-docker-proxy: give the Caddyfile that it makes of them (docker exec CADDY cat
        /config/caddy/Caddyfile.autosave > Caddyfile)
    <yaml> ^\s+(?:- )?["']?caddy(?:_\d+)?\.[\w.-]+["']?[ \t]*[:=]
a compose file for nginx-proxy: give the configuration that it makes (docker exec NGINX-PROXY cat
        /etc/nginx/conf.d/default.conf > nginx.conf)
    <yaml> ^\s+(?:- )?["']?VIRTUAL_HOST["']?\s*[:=]
a compose file without labels of Traefik: give the configuration of the server that answers for the domain
    <yaml> ^services:[ \t]*(?:#.*)?$ && ^[ \t]+(?:image|build):
a configuration of cloudflared
    <yaml> ^ingress:[ \t]*(?:#.*)?$ && ^[ \t]*- (?:hostname|service):[ \t]*\S
a URL map of Google Cloud
    <yaml>|*.json compute#urlMap|^\s*["']?(?:pathMatchers|defaultUrlRedirect)["']?:
a template of AWS CloudFormation
    <yaml>|*.json|*.template AWSTemplateFormatVersion|\bType["']?:\s*["']?AWS::\w+::
a JSON configuration of Caddy: give the Caddyfile that it was made of, or <own>
    *.json ["']apps["']\s*:\s*\{\s*["']http["']\s*:
a template of Azure (Bicep or ARM)
    *.bicep
    *.json Microsoft\.(?:Cdn/|Network/frontDoors)
a list of redirects of AWS Amplify
    *.json ["']source["']\s*:\s*["'][^"'\n]*<\*>
a wrangler configuration: its _redirects is; a Worker is code
    wrangler.*
a configuration of Firebase Hosting
    *firebase.json
a configuration of Azure Static Web Apps
    *staticwebapp.config.json
a configuration of Render
    *render.yaml
a configuration of an S3 website
    * \bRedirectRules?\b|\bKeyPrefixEquals\b|\bReplaceKeyPrefixWith\b
""")


def form_of(name: str, text: str) -> Form | None:
    """What a file of this name, in lower case, is; None for one that may be read, or that nothing tells."""
    before, after = (
        (form for form in forms if form.fits(name, text)) for forms in (_BEFORE_KUBERNETES, _AFTER_KUBERNETES)
    )
    return next(chain(before, _of_kubernetes(name, text), after), None)


_KIND = re.compile(r"^kind:\s*[\"']?(\w+)", re.MULTILINE)
_HELD = re.compile(
    r"^  [\"']?([\w-]*(?:caddyfile|\.conf|\.htaccess|\.caddy))[\"']?:\s*[|>]", re.MULTILINE | re.IGNORECASE
)
_NAME = re.compile(r"^  name:\s*[\"']?([a-z0-9.-]+)[\"']?\s*$", re.MULTILINE)
_NAMESPACE = re.compile(r"^  namespace:\s*[\"']?([a-z0-9-]+)[\"']?\s*$", re.MULTILINE)


def _of_kubernetes(name: str, text: str) -> Iterator[Form]:
    kinds = _KIND.findall(text) if name.endswith((".yml", ".yaml")) else []
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
