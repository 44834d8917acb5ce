"""Traefik's dynamic configuration: what is read of it, and what is not known. How it answers is compared in test_real_servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Severity
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import parse_rules, read_rules
from pullscope.worlds.vanity.rules import RuleFile

HOST = "docker.example.com"
TOML = """
[http.routers.registry]
  rule = "Host(`docker.example.com`) && PathPrefix(`/v2/`)"
  service = "hub"
  middlewares = ["to-hub"]

[http.middlewares.to-hub.redirectRegex]
  regex = "^https://[^/]+/v2/(.*)"
  replacement = "https://registry-1.docker.io/v2/${1}"

[http.services.hub.loadBalancer]
  [[http.services.hub.loadBalancer.servers]]
    url = "http://127.0.0.1:9/"
"""
PROXY = """
http:
  routers:
    registry: {rule: 'Host(`docker.example.com`)', service: hub%s}
  middlewares:
    login: {basicAuth: {users: ['a:b']}}
    code: {plugin: {mine: {}}}
    small: {buffering: {maxRequestBodyBytes: 1000000}}
  services:
    hub: {loadBalancer: {passHostHeader: %s, servers: [{url: '%s'}]}}
"""
ENTRY_POINTS = """
http:
  routers:
    redirect: {rule: 'Host(`docker.example.com`)', entryPoints: [%s], priority: 1000, middlewares: [tls], service: s}
    registry: {rule: 'Host(`docker.example.com`)', entryPoints: [websecure], tls: {certResolver: le}, service: s}
  middlewares: {tls: {redirectScheme: {scheme: https, port: '8443'}}}
  services: {s: {loadBalancer: {servers: [{url: 'http://registry:5000'}]}}}
"""
ROUTE = """
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: registry, namespace: tools}
spec:
  entryPoints: [websecure]
  routes:
    - match: Host(`docker.example.com`) && PathPrefix(`/hub`)
      kind: Rule
      middlewares: [{name: strip}]
      services: [{name: mirror, port: 5000}]
  tls: {}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: tools}
spec: {stripPrefix: {prefixes: [/hub]}}
"""


def read(text: str, name: str = "dynamic.yml") -> RuleFile:
    return parse_rules(text, name, "traefik")


def asked(rules: RuleFile, path: str) -> str:
    """What becomes of a request, in a few words."""
    decision = decide(rules, Request(method="GET", url=f"https://{HOST}{path}"))
    if decision.not_played:
        return decision.not_played
    if decision.forward is not None:
        return f"{decision.forward.url} as {decision.forward.headers.get('Host')}"
    assert decision.response is not None
    return f"{decision.response.status} {decision.response.headers.get('Location') or ''}".rstrip()


def test_toml_is_the_same_as_yaml_with_the_line_of_the_redirect() -> None:
    """A redirect in a .toml is played, and lint names its line."""
    rules = read(TOML, "dynamic.toml")

    assert asked(rules, "/v2/a/b?n=1") == "302 https://registry-1.docker.io/v2/a/b?n=1"
    assert asked(rules, "/token") == "404"
    assert {one.where for one in lint(rules, HOST) if one.code == "open-to-all-repositories"} == {"dynamic.toml:7"}


@pytest.mark.parametrize(
    ("passes", "ends"),
    [
        ("false", "https://registry-1.docker.io/v2/a as registry-1.docker.io"),
        ("true", "dynamic.yml:10: registry-1.docker.io is asked as docker.example.com, and what it answers then"),
    ],
)
def test_a_registry_is_asked_by_the_name_that_the_service_says(passes: str, ends: str) -> None:
    """passHostHeader is true unless written: what Docker Hub answers to another name is not known."""
    assert asked(read(PROXY % ("", passes, "https://registry-1.docker.io")), "/v2/a").startswith(ends)


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("login", "http://registry:5000/v2/ as registry:5000"),
        ("code", "dynamic.yml:7: the middleware plugin is not played"),
        ("other", "dynamic.yml:4: the middleware other is not in this file"),
        ("other@docker", "dynamic.yml:4: the middleware other@docker is not in this file"),
        ("login@file", "http://registry:5000/v2/ as registry:5000"),
    ],
)
def test_a_middleware_that_is_not_known_gives_no_answer(name: str, ends: str) -> None:
    """A plugin, or one that another provider has: named with its line."""
    assert asked(read(PROXY % (f", middlewares: ['{name}']", "false", "http://registry:5000")), "/v2/") == ends


def test_a_small_body_before_an_own_registry_is_told() -> None:
    """maxRequestBodyBytes of a megabyte refuses layers."""
    found = lint(read(PROXY % (", middlewares: [small]", "true", "http://registry:5000")), HOST)

    assert [(one.code, one.where) for one in found if one.code == "upload-too-large"] == [
        ("upload-too-large", "dynamic.yml:8")
    ]


def test_an_upload_that_takes_long_is_a_note_before_an_own_registry() -> None:
    """At the address that uploads go to; not where they lead to a public registry."""
    inside = lint(read(PROXY % ("", "true", "http://registry:5000")), HOST)
    outside = lint(read(PROXY % ("", "false", "https://registry-1.docker.io")), HOST)
    outside += lint(
        read(PROXY.replace("service: hub", "service: noop@internal") % ("", "false", "http://registry")), HOST
    )

    assert [(one.where, one.severity) for one in inside if one.code == "upload-cut-off"] == [
        ("dynamic.yml:10", Severity.INFO)
    ]
    assert not [one for one in outside if one.code == "upload-cut-off"]


@pytest.mark.parametrize(
    ("entry_point", "ends"), [("web", "http://registry:5000/v2/"), ("websecure", f"302 https://{HOST}:8443/v2/")]
)
def test_a_router_of_the_plain_entry_point_is_not_met_over_tls(entry_point: str, ends: str) -> None:
    """The redirect to https is for those who come over http, whatever its priority."""
    assert asked(read(ENTRY_POINTS % entry_point), "/v2/").startswith(ends)


def test_custom_resources_say_the_same() -> None:
    """An IngressRoute with its Middleware in one file; the service has its name in the cluster."""
    rules = read(ROUTE, "route.yaml")

    assert asked(rules, "/hub/v2/") == f"http://mirror.tools.svc:5000/v2/ as {HOST}"
    assert asked(rules, "/v2/") == "404"


def test_a_rule_that_traefik_refuses_is_an_error_with_its_line() -> None:
    """Traefik leaves the router out, and so the others answer."""
    rules = read("http:\n  routers:\n    a:\n      rule: Host(`a`) &&\n      service: noop@internal\n")
    found = [one for one in lint(rules, HOST) if one.code == "rule-invalid"]

    assert [(one.where, one.severity) for one in found] == [("dynamic.yml:4", Severity.ERROR)]
    assert "leaves the router a out" in found[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http: {services: {a: {}}}", "there is no router in it"),
        ("http: {routers: {a: {rule: '{{ .x }}'}}}", "is a template's"),
        ("http: {routers: [", "dynamic.yml:1: "),
        ("a: 1\n" * 40_000, "is larger than"),
    ],
)
def test_what_is_no_dynamic_configuration_is_one_sentence(text: str, said: str) -> None:
    """Each is refused with its file, and its line where there is one."""
    with pytest.raises(ValueError, match=r"dynamic\.yml") as refused:
        read(text)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


LABELS = """
services:
  registry:
    image: registry:2
    labels:
      - "traefik.http.routers.r.rule=Host(`docker.example.com`) && PathPrefix(`/v2/`)"
      - "traefik.http.routers.r.middlewares=to-hub,strip@docker"
      - "traefik.http.middlewares.to-hub.redirectregex.regex=^https://[^/]+/v2/(.*)"
      - "traefik.http.middlewares.to-hub.redirectregex.replacement=https://registry-1.docker.io/v2/$${1}"
      - "traefik.http.middlewares.strip.stripprefix.prefixes=/a,/b"
      - "traefik.http.services.r.loadbalancer.server.port=5000"
  ui:
    deploy:
      labels:
        traefik.http.routers.ui.rule: Host(`docker.example.com`)
        traefik.http.routers.none.service: ui
"""


def test_labels_of_containers_say_the_same() -> None:
    """A redirect with a doubled $, a list of middlewares, a container's own port; a router without a rule is named."""
    rules = read(LABELS, "docker-compose.yml")

    assert asked(rules, "/v2/a") == "302 https://registry-1.docker.io/v2/a"
    assert asked(rules, "/x") == f"http://ui/x as {HOST}"
    assert [one.where for one in rules.remarks if "has no rule" in one.message] == ["docker-compose.yml:16"]


@pytest.mark.parametrize(
    ("env", "path", "ends"),
    [
        ({"DOMAIN": "example.com"}, "/v2/a", "302 https://registry-1.docker.io/v2/a"),
        ({"DOMAIN": "other.example"}, "/v2/a", f"http://ui/v2/a as {HOST}"),
        ({}, "/v2/a", "docker-compose.yml:6: docker.${DOMAIN} has no value here (--env NAME=VALUE)"),
        ({}, "/nothing", f"http://ui/nothing as {HOST}"),
    ],
)
def test_variables_of_a_compose_file_have_values(tmp_path: Path, env: dict[str, str], path: str, ends: str) -> None:
    """Of --env; without one there is no verdict where it decides."""
    file = tmp_path / "docker-compose.yml"
    file.write_text(LABELS.replace("Host(`docker.example.com`) && ", "Host(`docker.${DOMAIN}`) && "))

    assert asked(read_rules(file, None, env), path) == ends


def test_the_only_host_of_a_file_may_be_a_variable() -> None:
    """It is the host that is tried, and lint says so."""
    rules = read(LABELS.replace("docker.example.com", "${HOST_NAME}"), "docker-compose.yml")

    assert asked(rules, "/v2/a") == "302 https://registry-1.docker.io/v2/a"
    assert any("taken as the host that is tried" in one.message for one in rules.remarks)
