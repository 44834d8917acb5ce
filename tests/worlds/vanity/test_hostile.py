"""Hostile rule files: whatever is in one, it is rules or one sentence, in work that grows with its size.

A reader or matcher that grows with the square of these sizes is by far the slowest test here; nothing is timed.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.share import share
from tests.worlds.vanity.rule_cases import NAMES

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.lint import explain, lint
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rules import RuleFile

HOST = "docker.example.com"
DATA = Path(__file__).parents[2] / "data"
MANY = 30_000
RULES = 2_000
N, C, V, Y, X, A, R, T, K, G = NAMES

LARGE = {
    "nginx: many locations": (
        X,
        "server {" + "".join(f"location /v2/{n}/ {{ return 302 https://r/; }}\n" for n in range(MANY)) + "}",
    ),
    "nginx: many regular expressions": (
        X,
        "server {" + "".join(f"location ~ ^/v2/{n}/(.*)$ {{ return 404; }}\n" for n in range(RULES)) + "}",
    ),
    "nginx: many unanchored regular expressions": (
        X,
        "server {" + "".join(f"location ~ (a|aa)*{n}$ {{ return 404; }}\n" for n in range(RULES)) + "}",
    ),
    "nginx: many servers": (X, "".join(f"server {{ server_name a{n}.example; return 404; }}\n" for n in range(MANY))),
    "nginx: quotes": (X, '\\"' * 60_000),
    "nginx: an open quote": (X, 'server { return 200 "' + "a'" * MANY),
    "nginx: quotes in words": (X, "a\"b'" * MANY + ";"),
    "nginx: deep": (X, "server {" + "location / {" * 5000),
    "nginx: many maps": (
        X,
        "".join(f"map $m{n} $m{n + 1} {{ default $m{n}$m{n}; }}" for n in range(RULES))
        + f"server {{ return 302 https://$m{RULES}; }}",
    ),
    "nginx: sets that double": (X, "server {" + "set $a x;" + "set $a $a$a;" * 5000 + "return 302 https://$a; }"),
    "nginx: many ifs": (X, "server {" + 'if ($uri ~ "^(a+)+$") { set $b 1; }' * RULES + "return 404; }"),
    "nginx: rewrites without end": (X, "server { location / { rewrite ^(.*)$ /x$1 last; } }"),
    "nginx: many headers": (X, "server { location / { proxy_pass http://a; " + "add_header A $host;" * MANY + "} }"),
    "caddy: many paths": (Y, "a {\n@a path " + "/x/* " * 50_000 + "\n" + "redir @a https://x{uri}\n" * 300 + "}"),
    "caddy: many handles": (
        Y,
        "a {\n" + "".join(f"handle /v2/{n}/* {{\nrespond 404\n}}\n" for n in range(RULES)) + "}",
    ),
    "caddy: imports that double": (
        Y,
        "(a0) {\nrespond 404\n}\n"
        + "".join(f"(a{n}) {{\nimport a{n - 1}\nimport a{n - 1}\n}}\n" for n in range(1, 60))
        + "b {\nimport a59\n}",
    ),
    "caddy: an import of itself": (Y, "(a) {\nimport a\n}\nb {\nimport a\n}"),
    "caddy: arguments": (Y, "(a) {\nrespond {args[999999999999]}\n}\nb {\nimport a\n}"),
    "caddy: an open quote": (Y, 'a {\nrespond "' + "\n" * MANY),
    "caddy: heredocs": (Y, "".join(f"<<A{n}\n" for n in range(MANY))),
    "caddy: braces": (Y, "{$" * MANY),
    "caddy: nested variables": (Y, "{$A:" * 20_000 + "}" * 20_000),
    "caddy: stars": (Y, "a {\nrespond " + "/*" * 2000 + " 404\n}"),
    "caddy: deep": (Y, "a {\n" + "handle {\n" * 5000),
    "apache: many redirects": (A, "".join(f"Redirect 302 /v2/{n} https://r/\n" for n in range(RULES))),
    "apache: rules without end": (A, "RewriteEngine On\nRewriteRule ^(.*)$ /x$1\n"),
    "apache: exploding": (A, "RewriteEngine On\nRewriteRule ^((a+)+)+$ https://r/ [R]\n" * 3000),
    "apache: deep": (A, "<Location />\n" * 5000),
    "apache: continued": (A, "Redirect \\\n" * MANY),
    "vercel: many": (
        V,
        '{"redirects": ['
        + ",".join(f'{{"source": "/v2/{n}/(.*)", "destination": "https://r/$1"}}' for n in range(RULES))
        + "]}",
    ),
    "vercel: many expressions": (
        V,
        '{"redirects": ['
        + ",".join('{"source": "/v2/((?:a|aa)*)x", "destination": "https://r/"}' for _ in range(RULES))
        + "]}",
    ),
    "vercel: deep": (V, '{"redirects": ' + "[" * MANY),
    "vercel: a long pattern": (V, '{"redirects": [{"source": "/' + ":a" * 1000 + '", "destination": "https://r/"}]}'),
    "vercel: counted": (
        V,
        '{"redirects": [{"source": "/v2/:a((?:(?:a{1,50}){1,50}){1,50})", "destination": "https://r/"}]}',
    ),
    "vercel: a condition that explodes": (
        V,
        '{"redirects": [{"source": "/(.*)", "destination": "https://r/", "has": [{"type": "host", "value": "((a|d)*)*z"}]}]}',
    ),
    "vercel: a route that explodes": (V, '{"routes": [{"src": "/((a|aa)*)*z", "dest": "https://r/"}]}'),
    "netlify: dotted keys": (N, "a" + ".a" * MANY + " = 1"),
    "netlify: dotted keys in strings": (N, '"a"' + '."a"' * MANY + " = 1"),
    "netlify: a dotted table": (N, "[a" + ".a" * MANY + "]"),
    "netlify: many dotted keys": (N, "".join(f"a.b.c.d.e.f.g.h{n} = 1\n" for n in range(MANY))),
    "netlify: an inline table": (N, "a = {" + ", ".join(f"b{n} = 1" for n in range(MANY)) + "}"),
    "netlify: inline redirects": (
        N,
        "redirects = [" + ", ".join('{from = "/a", to = "/b"}' for _ in range(RULES)) + "]",
    ),
    "netlify: deep": (N, "a = " + "[" * MANY),
    "netlify: many": (
        N,
        "".join(f'[[redirects]]\nfrom = "/v2/{n}/*"\nto = "https://r/:splat"\n' for n in range(RULES)),
    ),
    "cloudflare: placeholders": (
        C,
        "/" + ":a" * 500 + " https://r/\n/" + "".join(f":a{n}" for n in range(300)) + " https://r/",
    ),
    "cloudflare: many": (C, "".join(f"/v2/{n} https://r/\n" for n in range(RULES))),
    "traefik: many routers": (
        T,
        "http:\n  routers:\n" + "".join(f"    a{n}: {{rule: 'Path(`/{n}`)', service: s}}\n" for n in range(2000)),
    ),
    "traefik: deep": (T, "http: {routers: " + "[" * 50_000),
    "traefik: deep lists": (T, "http:\n  routers:\n" + "- " * 40_000),
    "traefik: a long rule": (
        T,
        "http: {routers: {a: {rule: '" + "Path(`/`) || " * 7000 + "Path(`/v2/`)', service: s}}}",
    ),
    "traefik: brackets": (T, "http: {routers: {a: {rule: '" + "!(" * 40_000 + "', service: s}}}"),
    "traefik: a chain of itself": (
        T,
        (
            "http: {routers: {a: {rule: 'PathPrefix(`/`)', middlewares: [c], service: s}}, "
            "middlewares: {c: {chain: {middlewares: [c, c]}}}, services: {s: {mirroring: {service: s}}}}"
        ),
    ),
    "traefik: an alias of itself": (
        T,
        "http: &a {routers: {a: {rule: 'Path(`/`)', service: *a}, b: *a}, services: *a}",
    ),
    "traefik: aliases that double": (
        T,
        "a0: &a0 [x]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
        + "http: {routers: *a59}",
    ),
    "traefik: exploding": (
        T,
        (
            "http: {routers: {a: {rule: 'PathRegexp(`^((a+)+)+$`)', service: s, middlewares: [m]}}, "
            "middlewares: {m: {redirectRegex: {regex: '((a|aa)*)*z', replacement: '$1$1$1'}}}}"
        ),
    ),
    "ingress: many paths": (
        K,
        "kind: Ingress\nspec:\n  rules:\n  - http:\n      paths:\n"
        + "".join(f"      - {{path: /v2/{n}, backend: {{serviceName: a}}}}\n" for n in range(1500)),
    ),
    "ingress: exploding": (
        K,
        (
            "kind: Ingress\nmetadata: {annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$1}}\nspec:\n"
            "  rules:\n  - http:\n      paths: [{path: '/((a+)+)+$'}, {path: '/(((('}, {path: 1}, 2, {path: [a]}]\n"
        ),
    ),
    "ingress: itself": (K, "&a\nkind: Ingress\nspec: *a\nrules: [*a]\nhttp: *a\npaths: *a\nitems: [*a, *a]\n"),
    "gateway: itself": (
        G,
        "&a\nkind: HTTPRoute\nspec: *a\nrules: [*a]\nmatches: [*a]\nfilters: [*a]\nitems: [*a, *a]\n",
    ),
    "gateway: expressions": (
        G,
        (
            "kind: HTTPRoute\nspec: {hostnames: ['*.', {}], rules: [1,\n"
            "  {matches: [{path: {type: RegularExpression, value: '((a+)+)+$'}}]}, {matches: [{path: {value: '(((['}}],\n"
            "  filters: [{type: URLRewrite, urlRewrite: {path: {replacePrefixMatch: $1}}}, {type: 2}]}]}\n"
        ),
    ),
    "rewrite: many": (R, '[[rewrite]]\nfrom = "docker.example.com"\nto = "r.example"\n' * 3000),
}
PATHS = ["/v2/", f"/v2/{'a' * 2000}", f"/v2/{'a/' * 1000}", "/v2/a/manifests/1", "/" + "aa" * 1000]


def read_or_refused(text: str, platform: str) -> RuleFile | str:
    try:
        return parse_rules(text, NAMES[platform], platform)
    except ValueError as refused:
        return str(refused)


def answered(rules: RuleFile, path: str) -> bool:
    decision = decide(rules, Request(method="GET", url=f"https://{HOST}{path}"))
    return decision.response is not None or decision.forward is not None


@pytest.mark.parametrize("name", share(LARGE))
def test_large_file_is_rules_or_a_sentence(name: str) -> None:
    """A file of thousands of rules, deep nesting or exploding expressions is read, linted and decided, or refused."""
    platform, text = LARGE[name]
    rules = read_or_refused(text, platform)
    if isinstance(rules, str):
        assert NAMES[platform] in rules
        assert len(rules) < 500
        return

    assert all(answered(rules, path) for path in PATHS)
    assert all(one.message for one in lint(rules, HOST))
    assert explain(rules, HOST, PATHS[1])


def _mutated(text: str, random: Random) -> str:
    """`text` with some of its lines, words or characters dropped, doubled, moved or replaced."""
    pieces = text.split(random.choice(["\n", " ", "{", '"', "/"]))
    glue = random.choice(["\n", " ", "{", '"', "/", ";", "}"])
    for _ in range(random.randint(1, 4)):
        if not pieces:
            break
        at = random.randrange(len(pieces))
        match random.randrange(5):
            case 0:
                del pieces[at]
            case 1:
                pieces.insert(at, pieces[at])
            case 2:
                pieces[at] = random.choice(pieces)
            case 3:
                pieces[at] = pieces[at][: random.randint(0, len(pieces[at]))]
            case _:
                pieces[at] += random.choice(
                    [
                        "$",
                        "${",
                        "{",
                        "}",
                        "(",
                        "[",
                        "\\",
                        "*",
                        "?",
                        "\x00",
                        "\ud800",
                        "é",
                        "0" * 9,
                        "%",
                        "://",
                        "@",
                        "~",
                    ]
                )
    return glue.join(pieces) if random.random() < 0.3 else random.choice(["\n", " "]).join(pieces)


def _kind(file: Path) -> str | None:
    for word, platform in (
        ("nginx", X),
        ("caddy", Y),
        ("apache", A),
        ("vercel", V),
        ("netlify", N),
        ("traefik", T),
        ("ingress", K),
        ("gateway", G),
    ):
        if file.parent.name.startswith(word):
            return platform
    return None


FIELD = sorted(file for file in (DATA / "rules").glob("*/*") if _kind(file) is not None)


@pytest.mark.parametrize("file", [pytest.param(file, id=f"{file.parent.name}") for file in share(FIELD)])
def test_damaged_field_file_never_makes_a_traceback(file: Path) -> None:
    """Each field file, damaged in sixty ways, is rules that can be linted and decided, or a ValueError."""
    random = Random(f"{file.parent.name}")  # noqa: S311 - a fixed seed, so that a failure can be repeated
    platform, text = _kind(file), file.read_text()
    assert platform is not None
    for _ in range(60):
        damaged = _mutated(text, random)
        try:
            rules = parse_rules(damaged, file.name, platform)
        except ValueError:
            continue
        lint(rules, HOST)
        assert all(answered(rules, path) for path in ("/v2/", "/v2/a/b/manifests/1?x=%ff", "/token", "/[", "/%00")), (
            damaged
        )
