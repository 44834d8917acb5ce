"""HTTPRoute of the Gateway API: each match and filter as its reference has it, and what is not known.

gateway-api.sigs.k8s.io/reference/spec (HTTPPathMatch, HTTPPathModifier, HTTPRequestRedirectFilter, HTTPURLRewriteFilter) and
gateway-api.sigs.k8s.io/guides/http-redirect-rewrite.
"""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rules import RuleFile

HOST = "docker.example.com"
TEXT = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: registry, namespace: tools}
spec:
  hostnames: [docker.example.com]
  rules:
"""
V2 = "matches: [{path: {type: PathPrefix, value: /v2}}]"
CORE = "backendRefs: [{name: core, port: 5000}]"
INSIDE = "http://core.tools.svc:5000"


def read(*rules: str) -> RuleFile:
    return parse_rules(TEXT + "".join(f"  - {{{rule}}}\n" for rule in rules), "route.yaml", "gateway")


def asked(rules: RuleFile, path: str, host: str = HOST) -> str:
    """What becomes of a request, in a few words."""
    decision = decide(rules, Request(method="GET", url=f"https://{host}{path}"))
    if decision.not_played:
        return decision.not_played
    if decision.forward is not None:
        return decision.forward.url
    assert decision.response is not None
    return f"{decision.response.status} {decision.response.headers.get('Location') or ''}".rstrip()


def redirect(options: str) -> str:
    return f"{V2}, filters: [{{type: RequestRedirect, requestRedirect: {{{options}}}}}]"


def rewrite(options: str) -> str:
    return f"{V2}, {CORE}, filters: [{{type: URLRewrite, urlRewrite: {{{options}}}}}]"


@pytest.mark.parametrize(
    ("rule", "path", "wanted"),
    [
        (f"{V2}, {CORE}", "/v2", f"{INSIDE}/v2"),
        (f"{V2}, {CORE}", "/v2/a/b?n=1", f"{INSIDE}/v2/a/b?n=1"),
        (f"{V2}, {CORE}", "/v2x", "404"),
        (CORE, "/any", f"{INSIDE}/any"),
        (f"matches: [{{path: {{type: Exact, value: /v2/}}}}], {CORE}", "/v2/", f"{INSIDE}/v2/"),
        (f"matches: [{{path: {{type: Exact, value: /v2/}}}}], {CORE}", "/v2/a", "404"),
        (V2, "/v2/", "500"),
        (redirect("hostname: ghcr.io"), "/v2/a?n=1", "302 https://ghcr.io/v2/a?n=1"),
        (redirect("hostname: ghcr.io, statusCode: 301"), "/v2/", "301 https://ghcr.io/v2/"),
        (redirect("hostname: r.io, scheme: http, port: 5000"), "/v2/", "302 http://r.io:5000/v2/"),
        (
            redirect("hostname: ghcr.io, path: {type: ReplacePrefixMatch, replacePrefixMatch: /v2/org}"),
            "/v2/a?n=1",
            "302 https://ghcr.io/v2/org/a?n=1",
        ),
        (
            redirect("hostname: ghcr.io, path: {type: ReplaceFullPath, replaceFullPath: /v2/}"),
            "/v2/a",
            "302 https://ghcr.io/v2/",
        ),
        (rewrite("path: {type: ReplacePrefixMatch, replacePrefixMatch: /hub/v2/}"), "/v2/a", f"{INSIDE}/hub/v2/a"),
        (rewrite("path: {type: ReplaceFullPath, replaceFullPath: /v2/}"), "/v2/a", f"{INSIDE}/v2/"),
    ],
)
def test_matches_and_filters_are_those_of_the_reference(rule: str, path: str, wanted: str) -> None:
    """A prefix is of whole segments; a redirect keeps what it does not name; without a backend the answer is 500."""
    assert asked(read(rule), path) == wanted


def test_exact_path_comes_before_the_longest_prefix() -> None:
    """HTTPRouteRule, matches: whatever their order in the file."""
    exact = f"matches: [{{path: {{type: Exact, value: /v2/}}}}], {CORE}".replace("core", "ping")
    rules = read(CORE.replace("core", "portal"), f"{V2}, {CORE}", exact)

    assert asked(rules, "/v2/") == "http://ping.tools.svc:5000/v2/"
    assert asked(rules, "/v2/a") == f"{INSIDE}/v2/a"
    assert asked(rules, "/") == "http://portal.tools.svc:5000/"


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (f"matches: [{{path: {{value: /v2}}, headers: [{{name: a, value: b}}]}}], {CORE}", "headers is not played"),
        (f"matches: [{{path: {{type: RegularExpression, value: /v2/.*}}}}], {CORE}", "RegularExpression is not played"),
        (f"{V2}, backendRefs: [{{name: a, port: 1}}, {{name: b, port: 1}}]", "backendRefs is not played"),
        (f"{V2}, {CORE}, filters: [{{type: ExtensionRef}}]", "ExtensionRef is not played"),
    ],
)
def test_what_is_not_known_gives_no_verdict(rule: str, wanted: str) -> None:
    """A condition on headers, an expression of the implementation's own, a share of the requests, another's filter."""
    assert asked(read(rule), "/v2/a") == f"route.yaml:7: {wanted}"


def test_rule_of_plain_http_is_left_out() -> None:
    """One that only leads to https is for the listener of port 80, which no client meets."""
    rules = read(
        "filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]", f"{V2}, {CORE}"
    )

    assert asked(rules, "/v2/") == f"{INSIDE}/v2/"


def test_other_host_meets_no_route() -> None:
    """404, and a Host that the registry is told as it was asked."""
    rules = read(f"{V2}, {CORE}")
    forward = decide(rules, Request(method="GET", url=f"https://{HOST}/v2/")).forward

    assert asked(rules, "/v2/", "other.example.com") == "404"
    assert forward is not None
    assert forward.headers.get("Host") == HOST


@pytest.mark.parametrize("expression", ["/v2/team/.*", "/v2/(?!other).*", "/v2/team/[a-z]++.*"])
def test_a_regular_expression_is_matched_and_not_played(expression: str) -> None:
    """What Envoy refuses (RE2) may match anything elsewhere: no verdict for any path, the next rule's least of all."""
    rules = read(f"matches: [{{path: {{type: RegularExpression, value: '{expression}'}}}}], {CORE}", f"{V2}, {CORE}")
    assert "RegularExpression is not played" in asked(rules, "/v2/team/app/manifests/1")
    other = asked(rules, "/v2/other/app/manifests/1")
    assert (other == f"{INSIDE}/v2/other/app/manifests/1") == (expression == "/v2/team/.*")
