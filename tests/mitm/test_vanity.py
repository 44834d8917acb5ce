"""The addon on mitmproxy's own test flows: what it answers, what it sends on, and what it puts back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mitmproxy import exceptions, http
from mitmproxy.options import Options
from mitmproxy.test import taddons, tflow, tutils

from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.mitm.vanity import Upstream, Vanity, parse_upstream

HOST = "docker.example.com"
HUB = "registry-1.docker.io"
ARTICLE = Path(__file__).parents[1] / "data" / "vanity" / "netlify.toml"


class Clock:
    """A clock that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def vanity(clock: Clock | None = None, /, **options: object) -> Iterator[Vanity]:
    addon = Vanity(clock or Clock())
    context = taddons.context(addon)
    try:
        with context:
            context.configure(addon, **options)
            yield addon
    finally:
        # taddons makes a loop where there is none and leaves it open, and its log handler would go on using it.
        context.master._legacy_log_events.uninstall()
        context.master.event_loop.close()


def flow_to(url: str, method: str = "GET", **headers: str) -> http.HTTPFlow:
    request = http.Request.make(
        method, url, headers=[(k.encode(), v.encode()) for k, v in {"Host": url.split("/")[2], **headers}.items()]
    )
    flow = tflow.tflow(req=request)
    flow.live = True
    flow.client_conn.sni = None
    return flow


def ask(addon: Vanity, flow: http.HTTPFlow) -> http.HTTPFlow:
    asyncio.run(addon.requestheaders(flow))
    return flow


def test_rule_answers_and_is_named() -> None:
    """The answer is the rule's, and the flow says which rule in which line gave it."""
    with vanity(pullscope_vanity=[f"{HOST}={ARTICLE}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HOST}/v2/timonback/zephykus/manifests/latest"))

    assert flow.response is not None
    assert flow.response.status_code == 302
    assert flow.response.headers["Location"] == f"https://{HUB}/v2/timonback/zephykus/manifests/latest"
    assert flow.metadata[ANSWERED_BY] == "netlify.toml:8"


def test_host_and_rules_work_as_a_pair() -> None:
    """`pullscope_vanity_host` and `pullscope_vanity_rules` are the long form for one host."""
    with vanity(pullscope_vanity_host=HOST, pullscope_vanity_rules=str(ARTICLE)) as addon:
        assert ask(addon, flow_to(f"https://{HOST}/v2/")).response is not None


@pytest.mark.parametrize(
    ("told", "used"),
    [({}, "127.0.0.1"), ({"listen_host": "192.0.2.7"}, "192.0.2.7"), ({"listen_host": ""}, "")],
    ids=["nothing", "an address", "every interface"],
)
def test_proxy_listens_on_loopback_unless_told_otherwise(told: dict[str, str], used: str) -> None:
    """mitmproxy listens on every interface; the addon does so only on request."""
    context = taddons.context(options=Options(**told), loadcore=False)
    try:
        with context:
            context.master.addons.add(Vanity(Clock()))
            got = context.options.listen_host
    finally:
        context.master._legacy_log_events.uninstall()
        context.master.event_loop.close()

    assert got == used


def test_list_of_tags_is_told_under_the_name_that_was_asked(tmp_path: Path) -> None:
    """The one body that a token-aware proxy rewrites, with its length."""
    rules = tmp_path / "vanity.toml"
    rules.write_text(f'[[rewrite]]\nfrom = "{HOST}"\nto = "{HUB}"\nauth = "token-aware"\nprefix = "org/"\n')
    with vanity(pullscope_vanity=[f"{HOST}={rules}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HOST}/v2/app/tags/list"))
        sent = flow.request.path
        flow.response = http.Response.make(
            200, b'{"name":"org/app","tags":["1"]}', {"Content-Type": "application/json"}
        )
        addon.responseheaders(flow)
        addon.response(flow)

    assert sent == "/v2/org/app/tags/list"
    assert flow.response.content == b'{"name": "app", "tags": ["1"]}'
    assert flow.response.headers["Content-Length"] == "30"


def test_other_hosts_are_left_alone() -> None:
    """A request for a host without rules goes on as it came."""
    with vanity(pullscope_vanity=[f"{HOST}={ARTICLE}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HUB}/v2/"))

    assert flow.response is None
    assert flow.request.host == HUB


def test_head_is_answered_without_a_body() -> None:
    """The answer to a HEAD has the length of a GET's and no body."""
    with vanity(pullscope_vanity=[f"{HOST}={ARTICLE}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HOST}/v2/nobody/x/manifests/1", "HEAD"))

    assert flow.response is not None
    assert (flow.response.status_code, flow.response.raw_content) == (404, b"")
    assert int(flow.response.headers["Content-Length"]) > 0


def test_what_was_answered_already_is_not_touched() -> None:
    """The addon steps aside for another addon's answer."""
    with vanity(pullscope_vanity=[f"{HOST}={ARTICLE}"]) as addon:
        flow = flow_to(f"https://{HOST}/v2/")
        flow.response = tutils.tresp(status_code=418)

        assert ask(addon, flow).response.status_code == 418  # type: ignore[union-attr] # it was set above


def test_rewritten_request_goes_to_the_other_host_and_comes_back_under_its_own() -> None:
    """The server is asked by its own name; afterwards the flow is told under the URL that the client asked."""
    with vanity(pullscope_rewrite=[f"{HOST}={HUB}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HOST}/v2/org/app/manifests/latest?ns=x"))
        sent = (flow.request.host, flow.request.host_header, flow.request.path)
        flow.response = tutils.tresp(status_code=200)
        addon.responseheaders(flow)

    assert sent == (HUB, HUB, "/v2/org/app/manifests/latest?ns=x")
    assert flow.request.pretty_url == f"https://{HOST}/v2/org/app/manifests/latest?ns=x"
    assert flow.response.status_code == 200


def test_token_aware_rewriting_names_only_the_vanity_host() -> None:
    """The challenge's realm and service become the vanity host's, and its token request goes to the real realm."""
    with vanity(pullscope_rewrite=[f"{HOST}={HUB}"], pullscope_rewrite_auth="token-aware") as addon:
        ping = ask(addon, flow_to(f"https://{HOST}/v2/"))
        challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
        ping.response = http.Response.make(401, b"", {"WWW-Authenticate": challenge})
        addon.responseheaders(ping)
        token = ask(addon, flow_to(f"https://{HOST}/token?service={HOST}&scope=repository:org/app:pull"))

    assert ping.response.headers["WWW-Authenticate"] == f'Bearer realm="https://{HOST}/token",service="{HOST}"'
    assert token.request.host == "auth.docker.io"
    assert token.request.path == "/token?scope=repository%3Aorg%2Fapp%3Apull&service=registry.docker.io"


def test_token_form_is_rewritten_when_it_is_there() -> None:
    """containerd posts its token request: service and scope in the form are the registry's in the end."""
    with vanity(pullscope_rewrite=[f"{HOST}={HUB}"], pullscope_rewrite_auth="token-aware") as addon:
        ping = ask(addon, flow_to(f"https://{HOST}/v2/"))
        challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
        ping.response = http.Response.make(401, b"", {"WWW-Authenticate": challenge})
        addon.responseheaders(ping)
        token = ask(addon, flow_to(f"https://{HOST}/token", "POST"))
        token.request.content = f"grant_type=password&service={HOST}&scope=repository%3Aorg%2Fapp%3Apull".encode()
        addon.request(token)

    assert (
        token.request.content == b"grant_type=password&scope=repository%3Aorg%2Fapp%3Apull&service=registry.docker.io"
    )


def test_rule_that_leads_to_itself_is_caught(tmp_path: Path) -> None:
    """A redirect to itself and a proxy to itself are answered with 508 instead of looping."""
    rules = tmp_path / "_redirects"
    for status in ("302", "200"):
        rules.write_text(f"/v2/* https://{HOST}/v2/:splat {status}\n")
        with vanity(pullscope_vanity=[f"{HOST}={rules}"]) as addon:
            flow = ask(addon, flow_to(f"https://{HOST}/v2/"))

        assert flow.response is not None
        assert flow.response.status_code == 508


def test_edit_is_used_and_a_broken_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next look at the file brings the new rules; a syntax error is said once, with its line, and changes nothing."""
    caplog.set_level(logging.INFO)
    rules, clock = tmp_path / "netlify.toml", Clock()
    rules.write_text(ARTICLE.read_text())

    def status_of_ping(addon: Vanity) -> int:
        clock.now += 2
        response = ask(addon, flow_to(f"https://{HOST}/v2/")).response
        assert response is not None
        return response.status_code

    with vanity(clock, pullscope_vanity=[f"{HOST}={rules}"]) as addon:
        before = status_of_ping(addon)
        rules.write_text("[[redirects]]\nfrom = \n")
        broken = [status_of_ping(addon), status_of_ping(addon)]
        rules.write_text('[[redirects]]\nfrom = "/v2/"\nto = "https://ghcr.io/v2/"\nstatus = 301\n')
        after = status_of_ping(addon)

    assert (before, broken, after) == (302, [302, 302], 301)
    assert len([record for record in caplog.records if "netlify.toml:2" in record.message]) == 1


def test_file_is_looked_at_once_a_second(tmp_path: Path) -> None:
    """Within a second no second look is taken, however many requests come."""
    rules, clock = tmp_path / "netlify.toml", Clock()
    rules.write_text(ARTICLE.read_text())
    with vanity(clock, pullscope_vanity=[f"{HOST}={rules}"]) as addon:
        rules.write_text("")
        clock.now = 0.5
        first = ask(addon, flow_to(f"https://{HOST}/v2/")).response
        clock.now = 1.5
        second = ask(addon, flow_to(f"https://{HOST}/v2/")).response

    assert first is not None
    assert second is not None
    assert (first.status_code, second.status_code) == (302, 404)


def test_upstream_takes_requests_for_the_rules_targets() -> None:
    """What the redirect leads to is another server on the way, and keeps its name."""
    with vanity(pullscope_vanity=[f"{HOST}={ARTICLE}"], pullscope_vanity_upstream="localhost:5000") as addon:
        flow = ask(addon, flow_to(f"https://{HUB}/v2/timonback/zephykus/manifests/latest"))
        other = ask(addon, flow_to("https://auth.docker.io/token"))

    assert (flow.request.scheme, flow.request.host, flow.request.port) == ("http", "localhost", 5000)
    assert flow.request.host_header == HUB
    assert other.request.host == "auth.docker.io"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pullscope_vanity": ["docker.example.com"]}, "write HOST=FILE"),
        ({"pullscope_vanity": ["https://x=y"]}, "is not a host"),
        ({"pullscope_vanity": [f"{HOST}=/nonexistent/netlify.toml"]}, "cannot read"),
        ({"pullscope_vanity": [f"{HOST}={ARTICLE}", f"{HOST}={ARTICLE}"]}, "twice"),
        ({"pullscope_vanity_host": HOST}, "belong together"),
        ({"pullscope_rewrite": [f"{HOST}={HOST}"]}, "to itself"),
        ({"pullscope_rewrite": [f"{HOST}=http://x/y"]}, "is not a host"),
        ({"pullscope_vanity_upstream": "ftp://x"}, "write HOST"),
    ],
)
def test_options_that_cannot_be_used_are_refused_in_one_sentence(options: dict[str, object], sentence: str) -> None:
    """`OptionsError` names the option or the file, and what to write."""
    with pytest.raises(exceptions.OptionsError, match=sentence), vanity(**options):
        pass


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("", None),
        ("localhost:5000", Upstream(scheme="http", host="localhost", port=5000)),
        ("registry.example.net", Upstream(scheme="https", host="registry.example.net", port=443)),
        ("http://10.0.0.7:5000", Upstream(scheme="http", host="10.0.0.7", port=5000)),
        ("[::1]:5000", Upstream(scheme="http", host="::1", port=5000)),
    ],
)
def test_upstream_is_plain_http_only_on_loopback_or_where_it_says_so(text: str, upstream: Upstream | None) -> None:
    """A registry of one's own is on localhost without TLS; any other is asked over https."""
    assert parse_upstream(text) == upstream


PROXY = """server {
  server_name docker.example.com;
  location /v2/ {
    proxy_pass https://registry-1.docker.io;
    proxy_hide_header WWW-Authenticate;
    add_header WWW-Authenticate 'Bearer realm="https://docker.example.com/token"' always;
    proxy_intercept_errors on;
    error_page 404 = @else;
    error_page 403 /denied;
  }
  location = /denied { return 200 "not here"; }
  location @else { proxy_pass https://ghcr.io; }
}
"""


@pytest.mark.parametrize(
    ("status", "told", "body"),
    [
        (401, 401, None),
        (403, 403, b"not here"),
        (404, 501, b"pullscope: proxy.conf:12 asks again for this answer, which only pullscope vanity try plays.\n"),
    ],
)
def test_answer_is_what_the_configuration_makes_of_it(
    tmp_path: Path, status: int, told: int, body: bytes | None
) -> None:
    """A proxy's own challenge and error pages are what the client gets; a second request is said to be not played."""
    file = tmp_path / "proxy.conf"
    file.write_text(PROXY)
    with vanity(pullscope_vanity=[f"{HOST}={file}"]) as addon:
        flow = ask(addon, flow_to(f"https://{HOST}/v2/"))
        flow.response = http.Response.make(
            status, b"theirs", {"WWW-Authenticate": 'Bearer realm="https://auth.docker.io"'}
        )
        addon.responseheaders(flow)
        addon.response(flow)

    assert (flow.response.status_code, flow.response.content) == (told, b"theirs" if body is None else body)
    if status == 401:
        assert flow.response.headers.get_all("WWW-Authenticate") == ['Bearer realm="https://docker.example.com/token"']
