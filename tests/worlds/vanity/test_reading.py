"""Rule files from strangers: each is read, or refused with one sentence."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds.vanity.rule_cases import NAMES

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.reading import MAX_BYTES, parse_rules, read_rules


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("netlify.toml", "[[redirects]]\nfrom = \n", "netlify.toml:2: Invalid value"),
        ("netlify.toml", b"\xff\xfe", "is not UTF-8"),
        ("netlify.toml", b"a = 1\0", "NUL"),
        ("netlify.toml", "redirects = 3", "must be a list"),
        ("netlify.toml", "x = " + "[" * 5000, "netlify.toml"),
        ("vercel.json", '{"redirects": [\n}', "vercel.json:2"),
        ("vercel.json", "[" * 100_000, "nested too deeply"),
        ("vercel.json", "[]", "is an object"),
        ("vanity.conf", "server {\n location / {\n", "never closed"),
        ("vanity.conf", "server { listen 80 }", "; is missing"),
        ("vanity.conf", "{" * 5000, "nested too deeply"),
        ("Caddyfile", "a.example {\n", "never closed"),
        ("Caddyfile", "}", "without its"),
        ("vanity.toml", "[[rewrite", "vanity.toml:1"),
        ("rules.txt", "", "which platform"),
    ],
)
def test_broken_file_gets_one_sentence(tmp_path: Path, name: str, content: bytes | str, sentence: str) -> None:
    """The sentence names the file, and the line where there is one."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        read_rules(write(tmp_path / name, content))

    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    """More than a rule file can be is refused by its size."""
    path = tmp_path / "_redirects"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 100)

    with pytest.raises(ValueError, match="larger than"):
        read_rules(path)


@pytest.mark.parametrize("path", ["missing/netlify.toml", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, path: str) -> None:
    """A path that is not there, and a folder."""
    with pytest.raises(ValueError, match=r"cannot read|is a directory; name a file in it"):
        read_rules(tmp_path / path, "netlify")


def test_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """The pipe has no writer, and reading does not wait for one."""
    os.mkfifo(tmp_path / "netlify.toml")

    with pytest.raises(ValueError, match="not a regular file"):
        read_rules(tmp_path / "netlify.toml")


def test_link_to_itself_is_refused(tmp_path: Path) -> None:
    """A cyclic link ends in the same sentence as any other file that cannot be opened."""
    (tmp_path / "netlify.toml").symlink_to(tmp_path / "netlify.toml")

    with pytest.raises(ValueError, match="cannot read"):
        read_rules(tmp_path / "netlify.toml")


def test_redirects_file_comes_before_netlify_toml(tmp_path: Path) -> None:
    """Netlify tries the publish folder's `_redirects` first (redirect-parser, merge.ts)."""
    (tmp_path / "public").mkdir()
    write(tmp_path / "public" / "_redirects", "/v2/ https://a.example/v2/ 302\n")
    write(tmp_path / "public" / "index.html", "")
    toml = '[build]\npublish = "public"\n[[redirects]]\nfrom = "/v2/"\nto = "https://b.example/v2/"\nstatus = 302\n'
    rules = read_rules(write(tmp_path / "netlify.toml", toml))

    decision = decide(rules, Request(method="GET", url="https://docker.example.com/v2/"))

    assert decision.answered_by == "_redirects:1"
    assert rules.published == {"/_redirects", "/index.html"}


def test_publish_folder_outside_is_not_read(tmp_path: Path) -> None:
    """A rule file cannot make us list a folder above its own."""
    (tmp_path / "site").mkdir()
    write(tmp_path / "secret.txt", "")
    path = write(tmp_path / "site" / "netlify.toml", '[build]\npublish = "../"\n')

    assert read_rules(path).published == frozenset()


def test_places_are_those_of_the_tables() -> None:
    """Inline tables, comments, strings with brackets and multi-line strings do not shift the lines."""
    text = (
        '# [[redirects]]\ntitle = """\n[[redirects]]\n"""\n\n[[redirects]] # first\nfrom = "/[[redirects]]"\nto = "/b"\n'
        '  [redirects.headers]\n  x = "[[redirects]]"\n[[headers]]\nfor = "/*"\n[[ redirects ]]\nfrom = "/c"\nto = "/d"\n'
    )
    rules = parse_rules(text, "netlify.toml", "netlify").rules

    assert [(rule.source, rule.line, rule.lines.get("to")) for rule in rules] == [
        ("/[[redirects]]", 6, 8),
        ("/c", 13, 15),
    ]


def test_places_of_an_inline_array() -> None:
    """`redirects = [{…}, {…}]` is the same list, one element a line."""
    text = 'redirects = [\n  { from = "/a", to = "/b" },\n  { from = "/c", to = "/d", status = 302 },\n]\n'
    rules = parse_rules(text, "netlify.toml", "netlify").rules

    assert [(rule.source, rule.line) for rule in rules] == [("/a", 2), ("/c", 3)]


def test_places_in_json() -> None:
    """Nested objects and strings with braces do not shift the lines of vercel.json."""
    rule = {"source": "/{", "destination": "/b", "has": [{"type": "host", "value": "x"}]}
    text = json.dumps({"x": {"redirects": [{}]}, "redirects": [rule, {"source": "/c", "destination": "/d"}]}, indent=1)
    rules = parse_rules(text.replace("/{", "/a"), "vercel.json", "vercel").rules

    assert [text.splitlines()[one.line - 1].strip() for one in rules] == ["{", "{"]
    assert rules[1].lines["source"] == rules[1].line + 1


@pytest.mark.parametrize(
    "source",
    [
        "/v2/:a(" + "(?:[^/]?[^/]?[^/]?[^/]?[^/]?[^/]?[^/]?[^/]?)" + "{9}X)",
        "/v2/:x((?:a?){27}b)",
        "/v2/(a*)*b",
        "/v2/a-:x*",
        "/v2/(.*)(.*)(.*)(.*)x",
        "/v2/((?:a|a|aa)*)c",
        "/v2/((?=(?:a*)*b).*)",
    ],
)
def test_pattern_that_could_take_for_ever_costs_bounded_work(source: str) -> None:
    """A regular expression that explodes when it is backtracked is matched with a long path, or named as taking too long."""
    text = json.dumps({"redirects": [{"source": source, "destination": "https://r.example/"}]})
    rules = parse_rules(text, "vercel.json", "vercel")
    request = Request(method="GET", url=f"https://docker.example.com/v2/{'a' * 3000}")

    assert len(rules.rules) == 1
    assert decide(rules, request).not_played in {None, "vercel.json: its regular expressions take too long"}


@pytest.mark.parametrize("source", ["/((a|a)*)*", "/(x", "/(" + "a" * 5000 + ")", "/(?<=a)b", "/([z-a])", "/:a/:a"])
def test_pattern_that_is_none_is_left_out_and_named(source: str) -> None:
    """What Vercel refuses, or is not a regular expression that is played, is a rule-invalid and no rule."""
    text = json.dumps({"redirects": [{"source": source, "destination": "/b"}]})
    rules = parse_rules(text, "vercel.json", "vercel")

    assert rules.rules == ()
    assert [one.code for one in rules.remarks] == ["rule-invalid"]


@pytest.mark.parametrize(
    "target", ["http://[", "https://[:splat", "https://up.example:99999/", "https://up.example:abc/"]
)
@pytest.mark.parametrize("status", [200, 302])
def test_target_that_is_no_url_is_left_out_and_named(target: str, status: int) -> None:
    """The rule is an error of lint's, and its requests fall to the next."""
    rules = parse_rules(f"/v2/* {target} {status}\n/v2/* https://ok.example/:splat 302", "_redirects", "netlify")

    assert [rule.target for rule in rules.rules] == ["https://ok.example/:splat"]
    assert "rule-invalid" in {one.code for one in lint(rules, "docker.example.com")}


@pytest.mark.parametrize("path", ["[", "a:99999", "a:b", "%5B", "@", "//", "a%20b", "?", "#"])
@pytest.mark.parametrize("target", ["https://:splat", "https://x.example::splat/", "//:splat"])
def test_client_that_chooses_the_host_gets_an_answer(path: str, target: str) -> None:
    """A rule that puts the client's path where a host stands is decided for any path."""
    for status in (200, 302):
        rules = parse_rules(f"/v2/* {target} {status}", "_redirects", "netlify")
        decision = decide(rules, Request(method="GET", url=f"https://docker.example.com/v2/{path}"))

        assert decision.response is not None or decision.forward is not None


@pytest.mark.parametrize("platform", list(PLATFORMS))
def test_a_variable_that_is_no_text_is_read_all_the_same(platform: str) -> None:
    """A byte of the environment that is not UTF-8, as Python hands it on, filled into rules of each platform."""
    odd = "\udcff"
    text = {
        "caddy": f"docker.example.com {{\nredir https://{odd}.example{{uri}}\nrespond {odd} 200\n}}",
        "nginx": f"server {{ location / {{ proxy_pass https://u.example/{odd}; add_header A {odd}; }} }}",
        "apache": f"Redirect 302 /v2/ https://u.example/{odd}",
        "cloudflare": f"/v2/* https://u.example/{odd} 302",
    }.get(platform, f'a = "{odd}"')
    try:
        rules = parse_rules(text, NAMES[platform], platform)
    except ValueError:
        return
    answer = decide(rules, Request(method="GET", url="https://docker.example.com/v2/"))
    assert str((lint(rules, "docker.example.com"), answer.response, answer.forward)).encode()


def test_an_anchor_that_is_set_anew_is_no_news() -> None:
    """YAML allows it, and nothing is printed of it."""
    text = "x: &a {b: 1}\ny: &a {b: 2}\nhttp: {routers: {r: {rule: 'PathPrefix(`/v2/`)', service: s}}}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_rules(text, NAMES["traefik"], "traefik").platform == "traefik"


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from(list(PLATFORMS)))
def test_no_text_makes_a_reader_crash(text: str, platform: str) -> None:
    """Whatever is in a file, it is rules or a ValueError; what was read can be linted."""
    try:
        rules = parse_rules(text, NAMES[platform], platform)
    except ValueError:
        return
    lint(rules, "docker.example.com")


_WORD = st.sampled_from(
    ["/v2/", "/v2/*", "/v2/:a/*", "/*", "*", "https://docker.example.com/v2/:splat", "https://ghcr.io/v2/:splat", "302", "200!",
     "301", "307", "x=1", "#", "\n", "/v2/(.*)", "Country=ch", "/b?c=1#d", "http://[", ":splat", "/v2/:a/:a"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(_WORD, max_size=30).map(" ".join), st.sampled_from(["netlify", "cloudflare"]))
def test_no_rules_make_lint_crash(text: str, platform: str) -> None:
    """Rules made of the words of rules: whatever they do to each other, lint ends and says something."""
    assert all(one.message for one in lint(parse_rules(text, "_redirects", platform), "docker.example.com"))


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(list(PLATFORMS)))
def test_no_path_makes_a_decision_crash(path: str, platform: str) -> None:
    """What a client sends is decided, whatever it is."""
    rules = {
        "netlify": '[[redirects]]\nfrom = "/v2/*"\nto = "https://u.example/:splat"\n',
        "cloudflare": "/v2/* https://u.example/:splat",
        "vercel": '{"redirects": [{"source": "/v2/(.*)", "destination": "https://u.example/$1"}]}',
        "caddy": "a.example {\nredir /v2/* https://u.example{uri}\n}",
        "nginx": "server { location /v2/ { return 302 https://u.example$request_uri; } }",
        "apache": "Redirect 302 /v2/ https://u.example/v2/",
        "rewrite": '[[rewrite]]\nfrom = "docker.example.com"\nto = "u.example"\n',
        "traefik": "http: {routers: {a: {rule: 'PathPrefix(`/v2/`)', middlewares: [m], service: noop@internal}}, "
        "middlewares: {m: {redirectRegex: {regex: '^https://[^/]+/(.*)', replacement: 'https://u.example/$1'}}}}",
        "ingress": "kind: Ingress\nmetadata: {annotations: {nginx.ingress.kubernetes.io/temporal-redirect: "
        "'https://u.example$request_uri'}}\nspec: {rules: [{http: {paths: [{path: /v2}]}}]}",
        "gateway": "kind: HTTPRoute\nspec: {rules: [{filters: [{type: RequestRedirect, requestRedirect: {hostname: "
        "u.example, path: {replacePrefixMatch: /v2}}}]}]}",
    }[platform]
    decision = decide(
        parse_rules(rules, NAMES[platform], platform),
        Request(method="GET", url=f"https://docker.example.com/v2/{path}"),
    )

    assert decision.response is not None or decision.forward is not None


@pytest.mark.parametrize("kind", ["link", "fifo", "directory", "huge"])
def test_the_page_of_a_site_is_its_own_file(tmp_path: Path, kind: str) -> None:
    """What clients are sent for a path that is not there is never what a link leads to; nothing waits or grows."""
    secret = write(tmp_path / "secret", "root:x:0:0")
    site = tmp_path / "site"
    site.mkdir()
    page = site / "404.html"
    match kind:
        case "link":
            page.symlink_to(secret)
        case "fifo":
            os.mkfifo(page)
        case "directory":
            page.mkdir()
        case "huge":
            write(page, b"x" * 10_000_000)
    rules = read_rules(write(site / "_redirects", "/v2/* https://registry-1.docker.io/v2/:splat 302\n"))
    assert (rules.not_found or b"")[:1] == (b"x" if kind == "huge" else b"")
    assert len(rules.not_found or b"") <= 65536


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("_redirects", "/v2/* https://ghcr.io/v2/:splat 302", "_worker.js"),
        (
            "vercel.json",
            '{"rewrites": [{"source": "/v2/(.*)", "destination": "https://ghcr.io/v2/$1"}]}',
            "middleware.ts",
        ),
    ],
)
def test_code_beside_the_rules_leaves_no_verdict(tmp_path: Path, name: str, text: str, code: str) -> None:
    """A Worker or a middleware of the site answers before its rules: what clients meet is not known, and it is named."""
    write(tmp_path / "wrangler.toml", 'name = "a"')
    write(tmp_path / code, "export default {}")
    rules = read_rules(write(tmp_path / name, text))
    decision = decide(rules, Request(method="GET", url="https://docker.example.com/v2/"))

    assert decision.not_played == f"{name}: /{code} beside it is code that answers first, which is not played"


def test_netlify_s_rules_know_no_middleware(tmp_path: Path) -> None:
    """The same file beside another platform's rules is a file like any other."""
    write(tmp_path / "middleware.ts", "export default {}")
    rules = read_rules(write(tmp_path / "_redirects", "/v2/* https://ghcr.io/v2/:splat 302"))

    assert decide(rules, Request(method="GET", url="https://docker.example.com/v2/")).not_played is None


@pytest.mark.parametrize(
    ("env", "leads"),
    [
        ({}, "https://ghcr.io/v2/"),
        ({"UP": "registry.example.net"}, "https://registry.example.net/v2/"),
    ],
)
def test_variable_of_a_caddyfile_has_its_value_or_default(tmp_path: Path, env: dict[str, str], leads: str) -> None:
    """`{$UP:ghcr.io}` is what --env says, and else what is written after the colon."""
    file = write(tmp_path / "Caddyfile", "{$HOST} {\nredir https://{$UP:ghcr.io}{uri}\n}")
    decision = decide(read_rules(file, env=env), Request(method="GET", url="https://docker.example.com/v2/"))

    assert decision.response is not None
    assert decision.response.headers.get("Location") == leads
