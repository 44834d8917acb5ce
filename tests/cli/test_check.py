"""`pullscope check` over real TLS on 127.0.0.1: our own mitmproxy serves the worlds, and --resolve and --ca lead there."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.worlds.clients.set_ups import OWN, RENAMED, ROWS, VANITY, World, changed, redirect, token_aware_proxy
from tests.worlds.hostile import hostile
from typer.testing import CliRunner, Result

from pullscope.cli.main import app
from pullscope.mitm.answer import Answer
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import sample_hub

ROW = {row.name: row for row in ROWS}


@contextmanager
def serving(world: World) -> Iterator[Callable[..., Result]]:
    """Runs `check` against `world`, of which every host is at one port of this machine."""
    settings = [f"mode=reverse:https://{VANITY}", "keep_host_header=true"]
    with ProxyThread(Answer(world), settings=settings) as proxy:
        words = ["--ca", str(proxy.ca_file), "--timeout", "5"]
        for host in world:
            words += ["--resolve", f"{host}:127.0.0.1:{proxy.port}"]

        def run(reference: str, *more: str) -> Result:
            return CliRunner().invoke(app, ["check", reference, *words, *more])

        yield run


def verdicts(done: Result) -> dict[str, str]:
    return {client["id"]: client["verdict"] for client in json.loads(done.stdout)["clients"]}


def test_tells_who_pulls_through_a_302() -> None:
    """The article's set-up: docker of both kinds, containerd and new crane pull; podman, skopeo, buildah, old crane fail."""
    with serving(ROW["302, same path"].world()) as run:
        done = run(f"{VANITY}/{OWN}", "--json")
    found = verdicts(done)

    assert done.exit_code == 3
    assert {name for name, verdict in found.items() if verdict == "fails"} == {
        "podman",
        "skopeo",
        "buildah",
        "crane-0.21.7",
    }
    assert set(found.values()) == {"works", "fails"}


def test_tells_a_person() -> None:
    """A line for each client within 80 columns, the cause, the fix and the issue that tracks it; hosts and rate limit."""
    with serving(ROW["302, same path"].world()) as run:
        done = run(f"{VANITY}/{OWN}")
    lines = done.stdout.splitlines()

    assert "  docker 29                 pulls                                        tested" in lines
    assert "  skopeo                    FAILS  token dropped at the redirect         tested" in lines
    assert "https://github.com/containers/image/issues/641" in done.stdout
    assert f"hosts   {VANITY} registry-1.docker.io auth.docker.io" in lines
    assert "limit   98 of 100 left, per 6 h, counted on 203.0.113.7, says" in lines
    assert max(len(line) for line in lines[1:]) <= 80


def test_everybody_pulls_through_a_token_aware_proxy() -> None:
    """All yes, and exit code 0; a strict token server and a renamed path change nothing."""
    hub = sample_hub(strict=True)
    with serving({**hub, VANITY: token_aware_proxy(hub)}) as run:
        done = run(f"{VANITY}/{RENAMED}", "--json")

    assert set(verdicts(done).values()) == {"works"}, done.stdout
    assert done.exit_code == 0


def test_only_chosen_clients_set_the_exit_code() -> None:
    """--clients docker-classic is content with a 302."""
    with serving(ROW["302, same path"].world()) as run:
        assert run(f"{VANITY}/{OWN}", "--clients", "docker-classic").exit_code == 0
        assert run(f"{VANITY}/{OWN}", "--clients", "docker-classic,skopeo").exit_code == 3


def test_ten_clients_cost_what_one_costs() -> None:
    """What a rate limit counts, GETs of manifests, is asked for once: two of them."""
    with serving(sample_hub()) as run:
        done = run(OWN, "--json")

    assert json.loads(done.stdout)["rate_limit"]["remaining"] == "98;w=21600"


@pytest.mark.parametrize(
    ("row", "code", "client"),
    [
        ("HEAD refused", "head-not-allowed", "docker-classic"),
        ("HEAD refused", "head-not-allowed", "skopeo"),
        ("no digest header", "missing-content-digest", "docker-classic"),
        ("no digest header", "missing-content-digest", "skopeo"),
        ("308, same path", "redirect-permanent", "docker-classic"),
    ],
)
def test_tells_what_a_registry_leaves_out(row: str, code: str, client: str) -> None:
    """No client fails, and yet it is told, once, as a trace tells it: also to a client that does not ask with HEAD."""
    with serving(ROW[row].world()) as run:
        done = run(ROW[row].reference, "--json", "--clients", client)

    found = json.loads(done.stdout)["problems"]
    assert (done.exit_code, [one["code"] for one in found]) == (0, [code])
    assert found[0]["severity"] == "warning"
    assert found[0]["fix"]


def test_tells_where_head_and_get_differ() -> None:
    """A HEAD with another digest than GET is told, though no client fails with it."""

    def other_head(request: Request, response: Response) -> Response:
        if request.method != "HEAD" or response.status != 200:
            return response
        return Response(status=200, headers=response.headers.replacing("Content-Type", "text/plain"))

    hub = dict(sample_hub())
    with serving({**hub, REGISTRY_HOST: changed(hub[REGISTRY_HOST], other_head)}) as run:
        done = run(OWN, "--json", "--clients", "skopeo")

    assert "head-differs" in codes(done)


def test_deep_reads_every_layer() -> None:
    """--deep hashes the four layers of the platform; without it one is begun."""
    with serving(sample_hub()) as run:
        shallow = json.loads(run(OWN, "--json", "--clients", "skopeo").stdout)
        deep = json.loads(run(OWN, "--json", "--clients", "skopeo", "--deep").stdout)

    assert (shallow["layers_read"], deep["layers_read"]) == (1, 4)
    assert deep["problems"] == []


def test_docker_logins_are_used_only_if_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--use-docker-login adds the variants; no secret is printed."""
    entry = {"auth": base64.b64encode(b"sample-user:sample-password").decode()}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {VANITY: entry}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    hub = sample_hub(accounts={"sample-user": "sample-password"})
    with serving({**hub, VANITY: redirect(hub)}) as run:
        without = run(f"{VANITY}/{OWN}", "--json")
        done = run(f"{VANITY}/{OWN}", "--json", "--use-docker-login")

    assert not any("login" in name for name in verdicts(without))
    assert verdicts(done)["docker-classic+vanity-login"] == "works"
    assert verdicts(done)["docker-classic+upstream-login"] == "unknown"
    assert "sample-password" not in done.output


@pytest.mark.parametrize("auths", [{}, {"other.example": {"auth": "YTpi"}}, {VANITY: {"auth": "YTpi"}}], ids=str)
@pytest.mark.parametrize("chosen", [(), ("--clients", "docker-classic+vanity-login")], ids=["all", "one"])
def test_a_login_variant_without_its_login_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auths: dict[str, object], chosen: tuple[str, ...]
) -> None:
    """Where no client can pull at all: each that has no login is unknown with the reason, and nothing else is lost."""
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with serving(answering(404, b"")) as run:
        done = run(f"{VANITY}/{OWN}", "--json", "--use-docker-login", *chosen)

    assert done.exit_code == (0 if chosen and VANITY not in auths else 3), done.output
    found = verdicts(done)["docker-classic+vanity-login"]
    assert found == ("fails" if VANITY in auths else "unknown")


# Hosts that are not ready, and servers that mean harm.


def answering(status: int, body: bytes, content_type: str = "text/html") -> World:
    def answer(_request: Request) -> Response:
        return Response(status=status, headers=Headers([("Content-Type", content_type)]), body=body)

    return {VANITY: answer}


def codes(done: Result) -> list[str]:
    return [problem["code"] for problem in json.loads(done.stdout)["problems"]]


def test_a_platforms_default_page_is_named() -> None:
    """Netlify's 404 for a name that is not deployed."""
    page = b"<html><body>Not Found - Request ID: 01J</body></html>"
    with serving(answering(404, page)) as run:
        done = run(f"{VANITY}/a/b", "--json")

    assert codes(done) == ["platform-default-page"]
    assert set(verdicts(done).values()) == {"fails"}


def test_a_certificate_of_an_unknown_authority_is_named() -> None:
    """Without --ca the proxy's authority is not trusted."""
    with (
        ProxyThread(Answer(answering(200, b""))) as _,
        ProxyThread(
            Answer(answering(200, b"")), settings=[f"mode=reverse:https://{VANITY}", "keep_host_header=true"]
        ) as proxy,
    ):
        words = ["--resolve", f"{VANITY}:127.0.0.1:{proxy.port}", "--json"]
        done = CliRunner().invoke(app, ["check", f"{VANITY}/a/b", *words])
        trusting = CliRunner().invoke(app, ["check", f"{VANITY}/a/b", *words, "--insecure"])

    assert codes(done) == ["certificate-not-trusted"]
    assert codes(trusting) == ["ping-not-a-registry"]


def test_a_host_without_dns_is_named() -> None:
    """.invalid never resolves (RFC 6761)."""
    done = CliRunner().invoke(app, ["check", "docker.invalid/a/b", "--json"])

    assert codes(done) == ["no-dns-record"]
    assert done.exit_code == 3


def test_what_keeps_all_clients_away_is_said_once() -> None:
    """With its fix and no other; no proxy has a part in it, and Docker Hub's DNS is not the user's to change."""
    words = ["--resolve", "docker.io:127.0.0.1:1", "--resolve", "registry-1.docker.io:127.0.0.1:1"]
    done = CliRunner().invoke(app, ["check", "library/a", *words])

    assert done.stdout.count(" fix ") == 1
    assert "this machine's network" in done.stdout
    assert "mitmproxy" not in done.stdout
    every = CliRunner().invoke(app, ["check", "library/a", *words, "--json"])
    fixes = [one["fix"] for one in json.loads(every.stdout)["clients"]]
    assert all("mitmproxy" not in fix for fix in fixes)


def test_a_server_that_is_silent_is_given_up() -> None:
    """One patience for the host, not one for each client."""
    gone = threading.Event()

    def say_nothing(_connection: socket.socket) -> None:
        gone.wait(30)

    with hostile(say_nothing) as port:
        words = ["--resolve", f"{VANITY}:127.0.0.1:{port}", "--timeout", "0.3", "--json"]
        done = CliRunner().invoke(app, ["check", f"{VANITY}/a/b", *words])
        gone.set()

    assert codes(done) == ["host-hangs"]
    assert set(verdicts(done).values()) == {"fails"}


@pytest.mark.parametrize("reference", ["", "a//b", "a/b@sha256:12", "x" * 5000, "host/a b", "a/b\x1b[2J"])
def test_what_is_no_reference_is_one_sentence(reference: str) -> None:
    """Usage, and no traceback."""
    done = CliRunner().invoke(app, ["check", reference])

    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("words", [["--clients", "netscape"], ["--resolve", "here"], ["--ca", "no-such-file"]])
def test_what_is_no_word_is_one_sentence(words: list[str]) -> None:
    """A client that is none, an address that is none, a file that is none."""
    done = CliRunner().invoke(app, ["check", "a/b", *words])

    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


# Rules instead of a network.


def test_rules_are_tried_in_memory(tmp_path: Path) -> None:
    """check --rules prints what vanity try prints, with the host in the reference or beside it, and ends as that does."""
    rules = tmp_path / "netlify.toml"
    rules.write_text('[[redirects]]\nfrom = "/*"\nto = "https://registry-1.docker.io/:splat"\nstatus = 302\n')
    invoke = CliRunner().invoke
    tried = invoke(app, ["vanity", "try", str(rules), "--ref", f"{VANITY}/{OWN}", "--json"])
    whole = invoke(app, ["check", f"{VANITY}/{OWN}", "--rules", str(rules), "--json"])
    apart = invoke(app, ["check", OWN, "--rules", str(rules), "--host", VANITY, "--json"])

    assert verdicts(whole)["skopeo"] == "fails"
    assert whole.stdout == apart.stdout == tried.stdout
    assert whole.exit_code == apart.exit_code == tried.exit_code


def test_rules_are_tried_by_chosen_clients(tmp_path: Path) -> None:
    """A client that was named has to work; one that the table does not have is a usage error."""
    rules = tmp_path / "netlify.toml"
    rules.write_text('[[redirects]]\nfrom = "/v2/*"\nto = "https://registry-1.docker.io/v2/:splat"\nstatus = 302\n')
    ended = {}
    for clients in ("docker-classic,crane", "skopeo", "ctr"):
        done = CliRunner().invoke(
            app, ["check", f"{VANITY}/{OWN}", "--rules", str(rules), "--clients", clients, "--json"]
        )
        ended[clients] = (done.exit_code, sorted(verdicts(done)))

    assert ended == {
        "docker-classic,crane": (0, ["crane", "docker-classic"]),
        "skopeo": (3, ["skopeo"]),
        "ctr": (2, []),
    }


@pytest.mark.parametrize("words", [["--rules", "netlify.toml", "--deep"], ["--host", VANITY], ["--platform", "nginx"]])
def test_words_that_do_not_go_together_are_one_sentence(words: list[str]) -> None:
    """Rules are not the network: an option of one is not silently dropped by the other."""
    done = CliRunner().invoke(app, ["check", f"{VANITY}/{OWN}", *words])

    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
