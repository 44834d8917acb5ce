"""Each row is a rule file with one thing wrong, and the code and place that lint must name."""

# ruff: noqa: E501 - one line of the table is one case

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pullscope.oci.verdicts import Severity, exit_code
from pullscope.worlds.vanity.lint import explain, lint
from pullscope.worlds.vanity.reading import parse_rules, read_rules

HUB = "https://registry-1.docker.io/v2/"
HOST = "docker.example.com"
ARTICLE = Path(__file__).parents[2] / "data" / "vanity" / "netlify.toml"
N, C, V, X, Y = "netlify", "cloudflare", "vercel", "nginx", "caddy"
A = "apache"
NAMES = {
    N: "_redirects",
    C: "_redirects",
    V: "vercel.json",
    X: "a.conf",
    Y: "Caddyfile",
    A: ".htaccess",
    "rewrite": "rewrite.toml",
}


def vercel(source: str, target: str, **more: object) -> str:
    rule = {"source": source, "destination": target, "permanent": False}
    return json.dumps({"redirects": [rule], **more}, indent=1)


OWN_NGINX = "server {\n listen 443 ssl;\n client_max_body_size 0;\n location /v2/ {\n  proxy_pass http://r:5000;\n"
"""The beginning of a proxy before a registry of one's own."""

OWN_APACHE = "<VirtualHost *:443>\nServerName docker.example.com\nSSLEngine on\nProxyPass / http://r:5000/\n"

# what is wrong, platform, text, code, severity, line (0: the file)
CASES = [
    ("/v2/ has no rule", N, f"/v2/org/* {HUB}org/:splat 302", "ping-not-redirected", "error", 0),
    ("/v2/ needs its slash on Cloudflare", C, f"/v2 {HUB} 302\n/v2/org/* {HUB}org/:splat 302", "ping-not-redirected", "error", 0),
    ("path* misses the slash on Vercel", V, vercel("/v2/:path*", f"{HUB}:path*"), "ping-not-redirected", "error", 0),
    ("/v2/ goes to a page", N, f"/v2/ https://example.com/hello 302\n/v2/org/* {HUB}org/:splat 302", "ping-not-a-registry", "error", 1),
    ("/v2/ is 200 before a registry with tokens", Y, f'{HOST} {{\nrespond /v2/ "{{}}" 200\nredir /v2/org/* https://ghcr.io{{uri}}\n}}', "ping-not-a-registry", "error", 2),
    ("the slash is lost", N, f"/v2/ https://registry-1.docker.io/v2 302\n/v2/org/* {HUB}org/:splat 302", "ping-slash-lost", "error", 1),
    ("the slash is lost by trailingSlash", V, vercel("/v2/(.*)", f"{HUB}$1", trailingSlash=False), "ping-slash-lost", "error", 0),
    ("two registries behind one /v2/", N, f"/v2/ {HUB} 302\n/v2/a/* {HUB}a/:splat 302\n/v2/b/* https://ghcr.io/v2/b/:splat 302", "ping-other-host", "error", 3),
    ("no repository is covered", N, f"/v2/ {HUB} 302", "path-not-redirected", "error", 0),
    ("blobs are not covered", N, f"/v2/ {HUB} 302\n/v2/org/app/manifests/* {HUB}org/app/manifests/:splat 302", "path-not-redirected", "error", 0),
    ("the path is renamed", N, f"/v2/ {HUB} 302\n/v2/app/* {HUB}org/app/:splat 302", "scope-mismatch", "error", 2),
    ("a one-word name reaches Docker Hub", N, f"/v2/* {HUB}:splat 302", "library-prefix-missing", "warning", 1),
    ("a rule leads to itself", N, f"/v2/* https://{HOST}/v2/:splat 302", "redirect-loop", "error", 1),
    ("two rules lead to each other", N, f"/v2/org/* /x/:splat 302\n/x/* /v2/org/:splat 302\n/v2/ {HUB} 302", "redirect-loop", "error", 2),
    ("a proxy leads to itself", N, f"/v2/* https://{HOST}/v2/:splat 200", "redirect-loop", "error", 1),
    ("plain http", N, "/v2/* http://registry.example.net/v2/:splat 302", "redirect-downgrade", "warning", 1),
    ("301 by default on Netlify", N, f"/v2/* {HUB}:splat", "redirect-permanent", "warning", 1),
    ("308 by default on Vercel", V, json.dumps({"redirects": [{"source": "/v2/(.*)", "destination": f"{HUB}$1"}]}), "redirect-permanent", "warning", 1),
    ("307 on Netlify", N, f"/v2/* {HUB}:splat 307", "redirect-unsupported-status", "error", 1),
    ("308 on Netlify", N, f"/v2/* {HUB}:splat 308", "redirect-unsupported-status", "error", 1),
    ("the query is lost on nginx", X, "server {\n location /v2/ { return 302 https://registry-1.docker.io$uri; }\n}", "query-dropped", "warning", 2),
    ("the query is replaced", N, f"/v2/* {HUB}:splat?from=me 302", "query-dropped", "warning", 1),
    ("everything is open", N, f"/v2/* {HUB}:splat 302", "open-to-all-repositories", "warning", 1),
    ("a rule comes too late", N, f"/v2/* {HUB}:splat 302\n/v2/org/* https://ghcr.io/v2/org/:splat 302", "rule-unreachable", "warning", 2),
    ("a second rule for a path on Cloudflare", C, f"/v2/ {HUB}\n/v2/ https://ghcr.io/v2/", "rule-unreachable", "warning", 2),
    ("the same rule twice on Netlify", N, f"/v2/ {HUB} 302\n/v2/ {HUB} 302", "rule-unreachable", "warning", 1),
    ("a rule for another host", N, f"https://other.example/v2/* {HUB}:splat 302", "rule-unreachable", "error", 1),
    ("a condition that clients cannot meet", N, f"/v2/* {HUB}:splat 302 Country=ch", "rule-unsupported", "warning", 1),
    ("a proxy line on Cloudflare", C, f"/v2/* {HUB}:splat 200", "rule-invalid", "error", 1),
    ("a directive that is not played", X, f"server {{\n if ($x) {{ return 403; }}\n location /v2/ {{ return 302 {HUB}; }}\n}}", "rule-unsupported", "warning", 2),
    ("a body is too large for nginx", X, "server {\n listen 443 ssl;\n location /v2/ {\n proxy_pass http://registry:5000;\n proxy_set_header X-Forwarded-Proto https;\n }\n}", "upload-too-large", "warning", 4),
    ("a body limit is small", X, "server {\n client_max_body_size 10m;\n location / { proxy_pass http://127.0.0.1:5000; }\n}", "upload-too-large", "warning", 2),
    ("a registry is not told of https", X, f"{OWN_NGINX}  proxy_set_header Host $http_host;\n }}\n}}", "upload-location-elsewhere", "warning", 5),
    ("a registry is not told its name", X, f"{OWN_NGINX}  proxy_set_header X-Forwarded-Proto $scheme;\n }}\n}}", "upload-location-elsewhere", "warning", 5),
    ("nothing turns an inner address", X, f"{OWN_NGINX}  proxy_redirect off;\n }}\n}}", "upload-location-elsewhere", "warning", 5),
    ("a registry is given up on too soon", X, f"{OWN_NGINX}  proxy_read_timeout 30s;\n }}\n}}", "upload-cut-off", "warning", 6),
    ("an upload may not pause", X, f"client_body_timeout 12;\n{OWN_NGINX} }}\n}}", "upload-cut-off", "warning", 1),
    ("a layer may not pause", X, f"{OWN_NGINX}  send_timeout 500ms;\n }}\n}}", "size-mismatch", "warning", 6),
    ("a small temporary file cuts layers", X, f"{OWN_NGINX}  proxy_max_temp_file_size 100m;\n }}\n}}", "size-mismatch", "warning", 6),
    ("a temporary file of the default size", X, f"{OWN_NGINX} }}\n}}", "size-mismatch", "info", 5),
    ("layers are spooled", X, f"{OWN_NGINX} }}\n}}", "upload-cut-off", "info", 5),
    ("layers are spooled, as written", X, f"{OWN_NGINX}  proxy_request_buffering on;\n }}\n}}", "upload-cut-off", "info", 6),
    ("chunks are spooled with HTTP/1.0", X, f"{OWN_NGINX}  proxy_request_buffering off;\n }}\n}}", "upload-cut-off", "warning", 6),
    ("HTTP/1.0 as written", X, f"{OWN_NGINX}  proxy_request_buffering off;\n proxy_http_version 1.0;\n }}\n}}", "upload-cut-off", "warning", 7),
    ("manifests are compressed", X, f"gzip on;\ngzip_types *;\n{OWN_NGINX} }}\n}}", "head-unusable", "warning", 2),
    ("a regular expression takes the uploads", X, "server {\n location / { return 404; }\n location ~ ^/v2/.+ {\n proxy_pass http://r:5000;\n }\n}", "upload-too-large", "warning", 4),
    ("Caddy takes small bodies only", Y, f"{HOST} {{\n request_body {{\n  max_size 10MB\n }}\n reverse_proxy r:5000\n}}", "upload-too-large", "warning", 3),
    ("Caddy compresses manifests", Y, f"{HOST} {{\n encode {{\n  gzip\n  match {{\n   header Content-Type application/*\n  }}\n }}\n reverse_proxy r:5000\n}}", "head-unusable", "warning", 2),
    ("Apache does not tell the scheme", A, f"{OWN_APACHE}ProxyPreserveHost On\nProxyPassReverse / http://r:5000/\n</VirtualHost>", "upload-location-elsewhere", "warning", 4),
    ("Apache in a location", A, "<VirtualHost *:443>\nServerName docker.example.com\n<Location /v2>\nProxyPass http://127.0.0.1:5000/v2\n</Location>\n</VirtualHost>", "upload-location-elsewhere", "warning", 4),
    ("Docker Hub's web site is not a registry", N, "/v2/* https://hub.docker.com/v2/:splat 302", "ping-not-a-registry", "error", 1),
    ("a target has no scheme", N, "/v2/* /registry-1.docker.io/v2/:splat 302", "rule-invalid", "error", 1),
    ("what is not played is named", X, "server {\n location /v2/ {\n auth_request /x;\n proxy_pass http://a;\n }\n}", "rule-unsupported", "warning", 3),
    ("a path in an upstream of Caddy", Y, f"{HOST} {{\n reverse_proxy https://ghcr.io/v2\n}}", "rule-invalid", "error", 2),
    ("Apache loses the query", A, 'RedirectMatch ^/v2/(.*)$ https://registry-1.docker.io/v2/$1?a=b', "query-dropped", "warning", 1),
    ("a push becomes a GET", N, f"/v2/* {HUB}:splat 302", "push-over-redirect", "info", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("platform", "text", "code", "severity", "line"), [pytest.param(*row[1:], id=row[0]) for row in CASES]
)
def test_lint_names_the_code_and_the_line(platform: str, text: str, code: str, severity: str, line: int) -> None:
    """The problem is found under its code, at its line, with a reason and a severity."""
    name = NAMES[platform]
    found = [one for one in lint(parse_rules(text, name, platform), HOST) if one.code == code]

    assert found, [one.code for one in lint(parse_rules(text, name, platform), HOST)]
    assert (str(found[0].severity), found[0].where) == (severity, f"{name}:{line}" if line else name)
    assert found[0].message


def test_article_lints_without_errors() -> None:
    """The rules of the article that this began with are sound: their headers are a note, nothing is a warning."""
    problems = lint(read_rules(ARTICLE), HOST, "timonback/zephykus")

    assert {one.severity for one in problems} == {Severity.INFO}
    assert exit_code(problems) == 0
    assert "rule-unsupported" in {one.code for one in problems}


def test_strict_makes_what_is_not_supported_fatal_but_not_the_notes() -> None:
    """`--strict` fails for a key that is not honoured, and still passes the article's headers."""
    unknown = f'[[redirects]]\nfrom = "/v2/*"\nto = "{HUB}:splat"\nstatus = 302\nforced = true\n'

    assert exit_code(lint(parse_rules(unknown, "netlify.toml", N), HOST)) == 0
    assert exit_code(lint(parse_rules(unknown, "netlify.toml", N), HOST, strict=True)) == 3
    assert exit_code(lint(read_rules(ARTICLE), HOST, strict=True)) == 0


def test_one_cause_is_one_error() -> None:
    """A status that Netlify does not serve is not also reported as a missing ping and missing paths."""
    problems = lint(parse_rules(f"/v2/* {HUB}:splat 307", "_redirects", N), HOST)

    assert [one.code for one in problems if one.severity is Severity.ERROR] == ["redirect-unsupported-status"]


def test_shadowed_ping_names_the_file() -> None:
    """A published page at /v2/ is named as what answers instead of the rule."""
    rules = parse_rules(f"/v2/ {HUB} 302\n/v2/org/* {HUB}org/:splat 302", "_redirects", N, published=["/v2/index.html"])

    problem = next(one for one in lint(rules, HOST) if one.code == "ping-not-a-registry")

    assert "/v2/index.html" in problem.message
    assert "302!" in (problem.fix or "")
    assert "force" in (problem.fix or "")


def test_the_fix_of_a_redirects_file_is_a_line_of_it() -> None:
    """Netlify's `_redirects` has no keys: the line that is to be added reads as a rule there, and mends the file."""
    fault = f"/v2/* {HUB}library/:splat 302"
    problem = next(one for one in lint(parse_rules(fault, "_redirects", N), HOST) if one.code == "ping-not-a-registry")
    line = (problem.fix or "").removeprefix("add before the others: ").partition(" (")[0]

    mended = lint(parse_rules(f"{line}\n{fault}", "_redirects", N), HOST)
    assert "ping-not-a-registry" not in {one.code for one in mended}


def test_explain_lists_every_rule_until_the_answer() -> None:
    """For one path the rules before are listed with why they did not answer."""
    assert explain(read_rules(ARTICLE), HOST, "/v2/timonback/zephykus/manifests/latest") == (
        "netlify.toml:1  no: /v2/ does not match /v2/timonback/zephykus/manifests/latest",
        "netlify.toml:8  answers: 302 to https://registry-1.docker.io/v2/timonback/zephykus/manifests/latest",
    )


def test_misspelt_table_is_named_with_its_line() -> None:
    """`[[redirect]]` is an error that says what to write; without it the file has no rules at all."""
    text = f'[build]\npublish = "public"\n\n[[redirect]]\nfrom = "/v2/*"\nto = "{HUB}:splat"\n'
    found = next(one for one in lint(parse_rules(text, "netlify.toml", N), HOST) if one.code == "rule-invalid")

    assert (found.where, found.fix) == ("netlify.toml:4", "Write redirects: [[redirects]].")


def test_strict_makes_what_is_not_played_fatal() -> None:
    """A path whose answer is not known is a warning, and an error for who wants to be sure."""
    rules = parse_rules("server { location /v2/ { auth_request /x; proxy_pass http://a; } }", "a.conf", X)

    assert exit_code(lint(rules, HOST)) == 0
    assert exit_code(lint(rules, HOST, strict=True)) == 3


def test_explain_says_that_it_is_not_known() -> None:
    """The reason stands in the place of an answer."""
    rules = parse_rules("server { location /v2/ {\n js_content a.b; } }", "a.conf", X)

    assert explain(rules, HOST, "/v2/") == ("not known: a.conf:2: js_content answers, which is not played",)


TOLD = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; client_max_body_size 0;"
SILENT = "client_max_body_size 0; proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1;"
STREAMED = f"{TOLD} proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1;"
HEALTHY = [
    ("streamed both ways", f"location / {{ {STREAMED} proxy_pass http://r:5000; }}", set()),
    ("no temporary file", f"location / {{ {STREAMED} proxy_buffering on; proxy_max_temp_file_size 0; proxy_pass http://r:5000; }}", set()),
    ("a limit that has no effect", f"location / {{ {STREAMED} proxy_max_temp_file_size 1m; proxy_pass http://r:5000; }}", set()),
    ("the recipe's timeout", f"location / {{ {TOLD} proxy_read_timeout 900; proxy_pass http://r:5000; }}", {"size-mismatch", "upload-cut-off"}),
    ("a minute in two units", f"location / {{ {STREAMED} proxy_read_timeout 1m30s; send_timeout 60000ms; proxy_pass http://r:5000; }}", set()),
    ("timeouts of something else", f"client_header_timeout 5; keepalive_timeout 5; proxy_connect_timeout 5; location / {{ {STREAMED} proxy_pass http://r:5000; }}", set()),
    ("compression of pages", f"gzip on; gzip_types application/json text/css; location / {{ {STREAMED} proxy_pass http://r:5000; }}", set()),
    ("compression that is off", f"gzip off; gzip_types *; location / {{ {STREAMED} proxy_pass http://r:5000; }}", set()),
    # The uploads of these five are right with nginx 1.22 before docker-registry 2.8.
    ("told nothing", f"location / {{ {SILENT} proxy_pass http://r:5000; }}", set()),
    ("told nothing, by an upstream", f"location / {{ {SILENT} proxy_pass http://127.0.0.1:5000; }}", set()),
    ("the scheme changed on the way back", f"location / {{ {SILENT} proxy_set_header Host $http_host; proxy_redirect http:// https://; proxy_pass http://r:5000; }}", set()),
    ("by a variable", f"location / {{ {SILENT} proxy_set_header Host $http_host; proxy_redirect http:// $scheme://; proxy_pass http://r:5000; }}", set()),
    ("by X-Forwarded-Host", f"location / {{ {SILENT} proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_pass http://r:5000; }}", set()),
    ("a page beside the registry", f"location / {{ send_timeout 5; proxy_pass http://ui; }} location /v2/ {{ {STREAMED} proxy_pass http://r:5000; }}", set()),
    ("another owner's registry", "location / { client_body_timeout 5; proxy_pass https://ghcr.io; }", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "noted"), [pytest.param(*row[1:], id=row[0]) for row in HEALTHY])
def test_healthy_proxy_is_left_alone(text: str, noted: set[str]) -> None:
    """No warning of what carries large layers, and a note only of what is a default."""
    own = {"upload-too-large", "upload-cut-off", "upload-location-elsewhere", "size-mismatch", "head-unusable"}
    rules = parse_rules(f"server {{ listen 443 ssl; {text} }}", "a.conf", X)
    found = [one for one in lint(rules, HOST) if one.code in own]

    assert {one.code for one in found} == noted
    assert {one.severity for one in found} <= {Severity.INFO}


@pytest.mark.parametrize(
    "block",
    [
        "encode gzip",
        "encode zstd gzip",
        "encode {\n gzip\n match {\n header Content-Type text/*\n }\n}",
        "request_body {\n max_size 20GB\n}",
    ],
)
def test_healthy_caddy_is_left_alone(block: str) -> None:
    """encode's own types hold no manifest, and a large limit takes every layer."""
    rules = parse_rules(f"{HOST} {{\n{block}\nreverse_proxy r:5000\n}}", "Caddyfile", Y)

    assert {one.code for one in lint(rules, HOST)} & {"head-unusable", "upload-too-large"} == set()


@pytest.mark.parametrize(
    "more",
    [
        'RequestHeader set X-Forwarded-Proto "https"',
        "RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}",
        "ProxyAddHeaders Off\nProxyPassReverse / http://r:5000/",
        'Header edit Location "^http:" "https:"',
        "ProxyPassReverse / http://docker.example.com/",
    ],
)
def test_healthy_apache_is_left_alone(more: str) -> None:
    """The scheme is told, or the address is made right on the way back; and a host without TLS is behind something else."""
    for text in (
        f"{OWN_APACHE}{more}\n</VirtualHost>",
        "<VirtualHost *:80>\nProxyPass / http://r:5000/\n</VirtualHost>",
    ):
        rules = parse_rules(text, "a.conf", A)

        assert "upload-location-elsewhere" not in {one.code for one in lint(rules, HOST)}


@pytest.mark.parametrize("recipe", ["nginx-registry-recipe", "nginx-registry-certbot"])
def test_recipe_of_the_documentation_has_no_warning(recipe: str) -> None:
    """distribution's recipe for nginx carries ordinary images: what large layers meet there are notes."""
    [file] = (ARTICLE.parents[1] / "rules" / recipe).iterdir()

    assert [one for one in lint(read_rules(file), HOST) if one.severity is not Severity.INFO] == []


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ('only = ["org"]\nprefix = "org/"', ["rule-invalid"]),
        ('only = ["app", "org"]\nprefix = "org/team"', ["rule-invalid"]),
        ('only = ["team"]\nprefix = "org/"', []),
        ('only = ["org"]', []),
        ('prefix = "org/"', []),
    ],
)
def test_a_prefix_does_not_go_with_its_own_name_in_only(more: str, codes: list[str]) -> None:
    """docker.example.com/org/img would be org/org/img there: an error with its line. Another name is what people type."""
    text = f'[[rewrite]]\nfrom = "docker.example.com"\nto = "registry-1.docker.io"\nauth = "token-aware"\n{more}\n'
    rules = parse_rules(text, "vanity.toml", "rewrite")

    errors = [one for one in lint(rules, "docker.example.com") if one.severity is Severity.ERROR]
    assert [one.code for one in errors] == codes
    assert not errors or errors[0].where == "vanity.toml:5"


def test_people_push_to_the_registry_as_they_name_it() -> None:
    """docker.io/org/app, and not the host of its API."""
    text = "/v2/ https://registry-1.docker.io/v2/ 302\n/v2/org/* https://registry-1.docker.io/v2/org/:splat 302\n"
    rules = parse_rules(text, "_redirects", "netlify")

    [push] = [one for one in lint(rules, "docker.example.com", "org/app") if one.code == "push-over-redirect"]
    assert push.fix == "push to docker.io/org/app"


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (Y, "*.example.com {\n@d host docker.example.com\nhandle @d {\nreverse_proxy registry:5000\n}\n}"),
        (X, "server { server_name .example.com; location / { proxy_pass http://r:5000; } }"),
        (
            X,
            "server { server_name a.test; return 404; } server { server_name ~^docker\\.; location / { proxy_pass http://r:5000; } }",
        ),
    ],
)
def test_name_with_a_wildcard_is_this_host_s(platform: str, text: str) -> None:
    """A site for *.example.com is not reported as another's."""
    assert [
        one for one in lint(parse_rules(text, NAMES[platform], platform), HOST) if one.severity is Severity.ERROR
    ] == []


def test_rule_for_the_client_s_name_is_met() -> None:
    """What only a client with docker's User-Agent gets is not told to be missing."""
    rule = {"source": "/v2/(.*)", "destination": f"{HUB}$1", "permanent": False}
    has = [{"type": "header", "key": "user-agent", "value": "(?<ua>.*docker.*)"}]
    text = json.dumps({"redirects": [{**rule, "has": has}]})

    assert [one for one in lint(parse_rules(text, "vercel.json", V), HOST) if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (Y, f"{HOST} {{\nroot * /srv/images\nfile_server\n}}"),
        (X, "server { root /srv/images; location / { add_header Docker-Distribution-Api-Version registry/2.0; } }"),
        (X, "server { root /srv/www; location / { try_files $uri $uri/ /index.html; } }"),
        (A, "DocumentRoot /srv/images\nRedirect /old https://example.com/"),
    ],
)
def test_folder_that_may_hold_images_is_no_error(platform: str, text: str) -> None:
    """Whether files lie under /v2/ of a published folder is not known, and nothing is said to be missing there."""
    problems = lint(parse_rules(text, NAMES[platform], platform), HOST)

    assert [one.code for one in problems if one.severity is Severity.ERROR] == []
    assert any("is a file there, or none" in one.message for one in problems)


@pytest.mark.parametrize("host", ["[", "[::1", "a\u2100b", "a:b", "", "$x", "unix:/run/r.sock"])
def test_odd_host_behind_a_proxy_is_no_crash(host: str) -> None:
    """What a proxy is sent to may not be a host at all; lint still ends, and names places of the file."""
    texts = {
        X: f"server {{ listen 443 ssl; location / {{ proxy_pass http://{host}; }} }}",
        Y: f"{HOST} {{\nreverse_proxy http://{host}\n}}",
        A: f"<VirtualHost *:443>\nProxyPass / http://{host}/\n</VirtualHost>",
    }
    for platform, text in texts.items():
        found = lint(parse_rules(text, NAMES[platform], platform), HOST)

        assert all(one.where.partition(":")[0] == NAMES[platform] for one in found if one.where), found


def test_a_number_alone_is_told_as_seconds() -> None:
    """nginx takes 30 for 30 seconds, and a sentence says so."""
    text = f"{OWN_NGINX}  proxy_read_timeout 30;\n }}\n}}"
    [told] = [one.message for one in lint(parse_rules(text, "a.conf", X), HOST) if "proxy_read_timeout)" in one.message]

    assert told.startswith("A registry that takes 30 s to store a layer")
