"""Each row is a rule file, a request and the answer that the platform's documentation or source gives for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.worlds.vanity.rule_cases import (
    CADDY_CASES,
    CLOUDFLARE_CASES,
    HOST,
    NAMES,
    NETLIFY_CASES,
    NGINX_CASES,
    UP,
    VERCEL_CASES,
)

from pullscope.oci.messages import Headers, Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rules import Decision


def vercel_text(rules: Any, kind: str = "redirects", **more: object) -> str:
    return json.dumps({kind: [{"source": a, "destination": b, **rest} for a, b, rest in rules], **more}, indent=2)


def answer(decision: Decision) -> str:
    if decision.forward is not None:
        return f"fetch {decision.forward.url}"
    assert decision.response is not None
    location = decision.response.headers.get("Location")
    return f"{decision.response.status} {location}" if location else str(decision.response.status)


def asked(path: str) -> Request:
    return Request(method="GET", url=f"https://{HOST}{path}")


CASES = [
    *(
        pytest.param("netlify", "_redirects", text, path, want, id=f"netlify: {name}")
        for name, text, path, want, _ in NETLIFY_CASES
    ),
    *(
        pytest.param("cloudflare", "_redirects", text, path, want, id=f"cloudflare: {name}")
        for name, text, path, want, _ in CLOUDFLARE_CASES
    ),
    *(
        pytest.param("vercel", "vercel.json", vercel_text(rules), path, want, id=f"vercel: {name}")
        for name, rules, path, want, _ in VERCEL_CASES
    ),
    *(
        pytest.param("nginx", "a.conf", f"server {{ {text} }}".replace("$U", UP), path, want, id=f"nginx: {name}")
        for name, text, path, want, _ in NGINX_CASES
    ),
    *(
        pytest.param("caddy", "Caddyfile", f"{HOST} {{\n{text}\n}}".replace("$U", UP), path, want, id=f"caddy: {name}")
        for name, text, path, want, _ in CADDY_CASES
    ),
]


@pytest.mark.parametrize(("platform", "name", "text", "path", "want"), CASES)
def test_rule_answers_as_its_platform_does(platform: str, name: str, text: str, path: str, want: str) -> None:
    """Status and Location, or the URL that is fetched, are those of the platform's own source or documentation."""
    assert answer(decide(parse_rules(text, name, platform), asked(path))) == want


def test_every_case_names_its_source() -> None:
    """There are at least sixty cases, and none is without a place where its answer can be looked up."""
    every = [*NETLIFY_CASES, *CLOUDFLARE_CASES, *VERCEL_CASES, *NGINX_CASES, *CADDY_CASES]

    assert len(every) >= 60
    assert all(source for *_, source in every)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (f"/v2/ {UP}/v2/ 302", "200"),
        (f"/v2/ {UP}/v2/ 302!", f"302 {UP}/v2/"),
        (f"/v2/ {UP}/v2/ 302\n/v2/* {UP}/:splat 302!", f"302 {UP}/"),
    ],
)
def test_published_file_shadows_a_netlify_rule_without_force(text: str, want: str) -> None:
    """A published /v2/index.html answers /v2/ unless a matching rule has force (docs.netlify.com, shadowing)."""
    rules = parse_rules(text, "_redirects", "netlify", published=["/v2/index.html"])

    assert answer(decide(rules, asked("/v2/"))) == want


def test_cloudflare_redirects_win_over_files() -> None:
    """Redirects are followed whether or not an asset matches (developers.cloudflare.com/pages/configuration/redirects)."""
    rules = parse_rules(f"/v2/ {UP}/v2/", "_redirects", "cloudflare", published=["/v2/index.html", "/404.html"])

    assert answer(decide(rules, asked("/v2/"))) == f"302 {UP}/v2/"


def test_cloudflare_site_without_404_page_answers_200_everywhere() -> None:
    """Pages takes a site without a 404.html for an application with one page (serving-pages)."""
    rules = parse_rules(f"/v2/ {UP}/v2/", "_redirects", "cloudflare", published=["/index.html"])

    assert answer(decide(rules, asked("/v2/org/img/manifests/latest"))) == "200"


@pytest.mark.parametrize(
    ("slash", "path", "want"),
    [
        (False, "/v2/", "308 /v2"),
        (False, "/v2/a?n=1", f"308 {UP}/v2/a?n=1"),
        (True, "/v2", "308 /v2/"),
        (True, "/a.json/", "308 /a.json"),
        (True, "/v2/", f"308 {UP}/v2/"),
    ],
)
def test_vercel_trailing_slash_comes_before_rules(slash: bool, path: str, want: str) -> None:
    """`trailingSlash` redirects on its own host first (superstatic.ts, convertTrailingSlash)."""
    rules = parse_rules(vercel_text([("/v2/(.*)", f"{UP}/v2/$1", {})], trailingSlash=slash), "vercel.json", "vercel")

    assert answer(decide(rules, asked(path))) == want


def test_vercel_rewrite_fetches_after_files() -> None:
    """A rewrite to another host is fetched, but a file of the site comes first (routing-utils/src/index.ts)."""
    text = vercel_text([("/v2/(.*)", f"{UP}/v2/$1", {})], "rewrites")

    assert answer(decide(parse_rules(text, "vercel.json", "vercel"), asked("/v2/a"))) == f"fetch {UP}/v2/a"
    assert (
        answer(decide(parse_rules(text, "vercel.json", "vercel", published=["/v2/index.html"]), asked("/v2/"))) == "200"
    )


def test_decision_says_why_earlier_rules_did_not_answer() -> None:
    """Every rule before the one that answers is listed with its reason, in order."""
    rules = parse_rules(
        "/a /b 302\n/v2/ /c 302 Country=ch\n/v2/ /d 302\n/v2/ /e 302",
        "_redirects",
        "netlify",
        published=["/v2/index.html"],
    )

    decision = decide(rules, asked("/v2/"))

    assert [why.split(":")[0] for _, why in decision.passed] == [
        "/a does not match /v2/",
        "it asks for country = ch",
        "the file /v2/index.html is there and the rule has no force",
        "the file /v2/index.html is there and the rule has no force",
    ]
    assert decision.answered_by == "_redirects: the file /v2/index.html"


def test_netlify_proxy_adds_the_rules_headers() -> None:
    """`headers` go to the proxied request, beside the client's own."""
    text = f'[[redirects]]\nfrom = "/v2/*"\nto = "{UP}/v2/:splat"\nstatus = 200\nheaders = {{X-From = "Netlify"}}\n'
    decision = decide(
        parse_rules(text, "netlify.toml", "netlify"),
        Request(method="GET", url=f"https://{HOST}/v2/", headers=Headers({"Host": HOST, "Authorization": "Bearer x"})),
    )

    assert decision.forward is not None
    assert decision.forward.headers.get("X-From") == "Netlify"
    assert decision.forward.headers.get("Host") == "registry-1.docker.io"
    assert decision.forward.headers.get("Authorization") == "Bearer x"


def test_location_never_holds_a_line_break() -> None:
    """A path with an encoded line break cannot end the header that it is put into."""
    decision = decide(
        parse_rules("/v2/* https://up.example/:splat 302", "_redirects", "netlify"),
        asked("/v2/a%0d%0aSet-Cookie:x"),
    )

    assert decision.response is not None
    assert "\n" not in (decision.response.headers.get("Location") or "")


CERTIFICATE = [
    # nginx.org ngx_http_ssl_module ssl_verify_client
    (
        "nginx",
        "server {{ listen 443 ssl; ssl_verify_client {}; location / {{ proxy_pass http://r:5000; }} }}",
        "on",
        "optional",
    ),
    # caddyserver.com/docs/caddyfile/directives/tls#client_auth
    (
        "caddy",
        "docker.example.com {{\ntls {{\nclient_auth {{\nmode {}\n}}\n}}\nreverse_proxy r:5000\n}}",
        "require",
        "request",
    ),
    # httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslverifyclient
    ("apache", "SSLVerifyClient {}\nProxyPass / http://r:5000/\n", "require", "optional"),
    # doc.traefik.io/traefik/https/tls/#client-authentication-mtls
    (
        "traefik",
        (
            "http:\n  routers:\n    r: {{rule: PathPrefix(`/`), service: s, tls: {{options: o}}}}\n"
            "  services: {{s: {{loadBalancer: {{servers: [{{url: 'http://r:5000'}}]}}}}}}\n"
            "tls:\n  options:\n    o: {{clientAuth: {{clientAuthType: {}}}}}\n"
        ),
        "RequireAndVerifyClientCert",
        "VerifyClientCertIfGiven",
    ),
]


@pytest.mark.parametrize(("platform", "text", "asked_for", "offered"), CERTIFICATE)
def test_who_is_let_in_by_a_certificate_is_not_known(platform: str, text: str, asked_for: str, offered: str) -> None:
    """A server that wants the client's certificate has no verdict; one that takes it if it is there answers."""
    name = "vanity.conf" if platform == "apache" else NAMES[platform]
    wanted = decide(parse_rules(text.format(asked_for), name, platform), asked("/v2/"))
    taken = decide(parse_rules(text.format(offered), name, platform), asked("/v2/"))

    assert "the client's certificate" in (wanted.not_played or "")
    assert taken.forward is not None
