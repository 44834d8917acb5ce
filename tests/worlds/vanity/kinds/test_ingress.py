"""Kubernetes Ingress: each annotation as ingress-nginx' template and documentation have it, and what is not known.

kubernetes.github.io/ingress-nginx: user-guide/nginx-configuration/annotations, user-guide/ingress-path-matching,
examples/rewrite; rootfs/etc/nginx/template/nginx.tmpl of kubernetes/ingress-nginx.
"""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rules import RuleFile

HOST = "docker.example.com"
TEXT = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: registry
  namespace: tools
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    nginx.ingress.kubernetes.io/%s
spec:
  ingressClassName: nginx
  tls: [{hosts: [docker.example.com], secretName: tls}]
  rules:
  - host: docker.example.com
    http:
      paths:
      - path: %s
        pathType: %s
        backend: {service: {name: registry, port: {number: 5000}}}
"""
HUB = """---
apiVersion: v1
kind: Service
metadata: {name: registry, namespace: tools}
spec: {type: ExternalName, externalName: registry-1.docker.io}
"""
INSIDE = "http://registry.tools.svc:5000"


def read(annotation: str = "hsts: 'true'", path: str = "/", kind: str = "Prefix") -> RuleFile:
    return parse_rules(TEXT % (annotation, path, kind), "ingress.yaml", "ingress")


def asked(rules: RuleFile, path: str, host: str = HOST) -> str:
    """What becomes of a request, in a few words."""
    decision = decide(rules, Request(method="GET", url=f"https://{host}{path}"))
    if decision.not_played:
        return decision.not_played
    if decision.forward is not None:
        return decision.forward.url
    assert decision.response is not None
    return f"{decision.response.status} {decision.response.headers.get('Location') or ''}".rstrip()


REDIRECTS = [
    ("permanent-redirect: https://r.example", "/v2/a", "301 https://r.example"),
    ("permanent-redirect: https://r.example$request_uri", "/v2/a?n=1", "301 https://r.example/v2/a?n=1"),
    (
        "permanent-redirect: https://r.example\n    nginx.ingress.kubernetes.io/permanent-redirect-code: '308'",
        "/v2/",
        "308 https://r.example",
    ),
    (
        "permanent-redirect: https://r.example\n    nginx.ingress.kubernetes.io/permanent-redirect-code: '404'",
        "/v2/",
        "301 https://r.example",
    ),
    ("temporal-redirect: https://r.example$request_uri", "/v2/", "302 https://r.example/v2/"),
    (
        "permanent-redirect: https://p.example\n    nginx.ingress.kubernetes.io/temporal-redirect: https://t.example",
        "/v2/",
        "302 https://t.example",
    ),
    ("app-root: /ui/", "/", f"302 https://{HOST}/ui/"),
    ("app-root: /ui/", "/v2/", f"{INSIDE}/v2/"),
    ("ssl-redirect: 'true'", "/v2/", f"{INSIDE}/v2/"),
    ("force-ssl-redirect: 'true'", "/v2/", f"{INSIDE}/v2/"),
    ("backend-protocol: HTTPS", "/v2/", "https://registry.tools.svc:5000/v2/"),
]


@pytest.mark.parametrize(("annotation", "path", "ends"), REDIRECTS)
def test_annotation_is_played_as_the_controller_does(annotation: str, path: str, ends: str) -> None:
    """A redirect comes before the service; one to https is for those who come over http."""
    assert asked(read(annotation), path) == ends


PATHS = [
    ("/v2", "Prefix", "/v2/a", f"{INSIDE}/v2/a"),
    ("/v2", "Prefix", "/v2", f"{INSIDE}/v2"),
    ("/v2", "Prefix", "/v2x", "404"),
    ("/v2/", "Exact", "/v2/", f"{INSIDE}/v2/"),
    ("/v2/", "Exact", "/v2/a", "404"),
    ("/v2", "ImplementationSpecific", "/v2x", f"{INSIDE}/v2x"),
]


@pytest.mark.parametrize(("path", "kind", "wanted", "ends"), PATHS)
def test_path_types_match_as_documented(path: str, kind: str, wanted: str, ends: str) -> None:
    """Prefix goes by whole words, Exact by the whole path."""
    assert asked(read(path=path, kind=kind), wanted) == ends


REWRITES = [
    ("rewrite-target: /$2", "/hub(/|$)(.*)", "/hub/v2/a?n=1", f"{INSIDE}/v2/a?n=1"),
    ("rewrite-target: /$2", "/hub(/|$)(.*)", "/hub", f"{INSIDE}/"),
    ("rewrite-target: /v2/library/$1", "/v2/(.*)", "/v2/alpine/manifests/1", f"{INSIDE}/v2/library/alpine/manifests/1"),
    ("rewrite-target: /", "/", "/v2/a", f"{INSIDE}/v2/a"),
    ("use-regex: 'true'", "/v2/.*/manifests", "/V2/a/manifests/1", f"{INSIDE}/V2/a/manifests/1"),
    ("use-regex: 'true'", "/v2/.*/manifests", "/v2/", "404"),
]


@pytest.mark.parametrize(("annotation", "path", "wanted", "ends"), REWRITES)
def test_rewrites_make_every_path_a_regular_expression(annotation: str, path: str, wanted: str, ends: str) -> None:
    """Without regard to case, and with what was captured; a target that is the path changes nothing."""
    assert asked(read(annotation, path, "ImplementationSpecific"), wanted) == ends


NOT_PLAYED = [
    ("auth-url: https://auth.example/check", "ingress.yaml:8: auth-url is not played"),
    ("whitelist-source-range: 10.0.0.0/8", "ingress.yaml:8: whitelist-source-range is not played"),
    ("backend-protocol: GRPC", "ingress.yaml:8: backend-protocol grpc is not played"),
    ("auth-type: digest", "ingress.yaml:8: auth_digest is not played"),
    ("new-thing: x", "ingress.yaml:8: new-thing is not played"),
    (
        "configuration-snippet: |\n      access_by_lua_block {\n      }",
        "ingress.yaml:9: access_by_lua_block is not played",
    ),
]


@pytest.mark.parametrize(("annotation", "ends"), NOT_PLAYED)
def test_what_decides_and_is_not_known_gives_no_answer(annotation: str, ends: str) -> None:
    """Who is let in, another protocol, an annotation of a later controller: named with its line."""
    assert asked(read(annotation), "/v2/") == ends


def test_snippet_is_played_and_said_to_want_a_permission() -> None:
    """nginx directives in the file are played with their lines; the controller refuses them unless told."""
    rules = read("configuration-snippet: |\n      # to the registry\n      return 302 https://r.example$request_uri;")
    decision = decide(rules, Request(method="GET", url=f"https://{HOST}/v2/"))

    assert asked(rules, "/v2/") == "302 https://r.example/v2/"
    assert decision.rule is not None
    assert decision.rule.where == "ingress.yaml:10"
    assert any("allow-snippet-annotations" in one.message for one in rules.remarks)


def test_external_name_is_asked_by_the_name_that_the_annotation_says() -> None:
    """Without upstream-vhost Docker Hub would be asked as docker.example.com, and what it answers then is not known."""
    vhost = "backend-protocol: HTTPS\n    nginx.ingress.kubernetes.io/upstream-vhost: registry-1.docker.io"

    def hub(annotation: str) -> RuleFile:
        text = (TEXT % (annotation, "/", "Prefix")).replace("5000", "443") + HUB
        return parse_rules(text, "ingress.yaml", "ingress")

    assert "is asked as docker.example.com" in asked(hub("backend-protocol: HTTPS"), "/v2/")
    assert asked(hub(vhost), "/v2/") == "https://registry-1.docker.io/v2/"


def test_login_that_the_controller_asks_for_is_assumed() -> None:
    """auth-type: basic, with its line."""
    decision = decide(read("auth-type: basic"), Request(method="GET", url=f"https://{HOST}/v2/"))

    assert decision.login == "ingress.yaml:8"
    assert decision.forward is not None


def test_an_own_registry_is_advised_in_annotations() -> None:
    """The default of a megabyte stops pushes; the fix is what one writes here."""
    found = [one for one in lint(read(), HOST) if one.code == "upload-too-large"]

    assert [one.where for one in found] == ["ingress.yaml:16"]
    assert 'proxy-body-size: "0"' in str(found[0].fix)
    assert not [one for one in lint(read("proxy-body-size: '0'"), HOST) if one.code == "upload-too-large"]


def test_a_host_that_no_ingress_has_is_the_default_backend_s() -> None:
    """404, from the controller."""
    assert asked(read("temporal-redirect: https://r.example"), "/v2/", "other.example.com") == "404"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Deployment", "there is no Ingress"),
        ("kind: Ingress\nspec: {ingressClassName: alb}", "the class alb is not played"),
        (TEXT % ("hsts: '{{ .Values.x }}'", "/", "Prefix"), "is a template's"),
        ("kind: Ingress\nspec: [", "ingress.yaml:2: "),
    ],
)
def test_what_is_no_ingress_of_ours_is_one_sentence(text: str, said: str) -> None:
    """Another controller's, a chart's template, no YAML."""
    with pytest.raises(ValueError, match=r"ingress\.yaml") as refused:
        parse_rules(text, "ingress.yaml", "ingress")

    assert said in str(refused.value)


def test_a_host_that_is_to_be_filled_in_is_the_one_that_is_tried() -> None:
    """One placeholder is the domain; two are refused, since they are not told apart."""
    text = TEXT % ("temporal-redirect: https://r.example", "/", "Prefix")
    one = parse_rules(text.replace("host: docker.example.com", "host: ${HOST_NAME}"), "ingress.yaml", "ingress")
    two = text.replace("host: docker", "host: ${A}") + "---\n" + text.replace("host: docker", "host: ${B}")

    assert asked(one, "/v2/") == "302 https://r.example"
    assert any("taken as the host that is tried" in remark.message for remark in one.remarks)
    with pytest.raises(ValueError, match="fill it in first"):
        parse_rules(two, "ingress.yaml", "ingress")
