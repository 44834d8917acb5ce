"""`pullscope diff` over real recordings: a pull of Docker Hub, the same through a vanity domain, and what is not a pull."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.worlds.clients.set_ups import OWN, VANITY, World, redirect
from typer.testing import CliRunner, Result

from pullscope.cli.main import app
from pullscope.mitm.answer import Answer
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.worlds.hub.sample import sample_hub

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"


def diff(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["diff", *map(str, words)])


@pytest.mark.parametrize("ending", ["mitm", "json"])
def test_tells_what_a_vanity_domain_costs(ending: str) -> None:
    """The same digest, nine more requests, all of them redirects, to one more host, and not a byte of the image from it."""
    done = diff(RECORDINGS / f"dockerd-20.10-hub.{ending}", RECORDINGS / f"dockerd-20.10-vanity-302.{ending}", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0
    assert found["same_digest"] is True
    assert (found["content"]["only_a"], found["content"]["only_b"]) == ([], [])
    assert (found["extra"]["requests"], found["extra"]["redirects"], found["extra"]["bytes"]) == (9, 9, 0)
    assert found["hosts"] == {"only_a": [], "only_b": ["docker.timonback.de"]}
    assert found["b"]["hosts"][0] == {"host": "docker.timonback.de", "requests": 9, "bytes": 0}
    assert (found["command"], found["verdict"], found["problems"]) == ("diff", "ok", [])


def test_tells_a_person() -> None:
    """The same in lines of 80 columns at most."""
    done = diff(RECORDINGS / "dockerd-20.10-hub.mitm", RECORDINGS / "dockerd-20.10-vanity-302.mitm")
    lines = done.stdout.splitlines()

    assert any(line.strip().startswith("sha256:8e77458de855") for line in lines)
    assert any(line.split()[:3] == ["only", "B", "docker.timonback.de"] for line in lines)
    assert max(map(len, lines)) < 80


def test_another_image_is_a_problem() -> None:
    """Different digests: exit code 3."""
    done = diff(RECORDINGS / "dockerd-20.10-hub.json", RECORDINGS / "dockerd-20.10-schema2.json", "--json")

    assert done.exit_code == 3
    assert [problem["code"] for problem in json.loads(done.stdout)["problems"]] == ["digest-differs"]


def test_a_pull_that_fails_is_a_problem() -> None:
    """The first is complete, the second is not; that it was never resolved is not another digest."""
    done = diff(RECORDINGS / "dockerd-20.10-hub.json", RECORDINGS / "skopeo-1.9-vanity-302.json", "--json")
    found = json.loads(done.stdout)

    assert found["same_digest"] is None
    assert [problem["code"] for problem in found["problems"]] == ["outcome-differs"]


def test_two_dialects_of_docker_fetch_the_same_image() -> None:
    """docker 20.10 and 29: same digest; the second asks more."""
    done = diff(RECORDINGS / "dockerd-20.10-hub.mitm", RECORDINGS / "dockerd-29.7-containerd-hub.mitm", "--json")
    found = json.loads(done.stdout)

    assert found["same_digest"] is True
    assert found["extra"]["requests"] > 0
    assert found["steps"]["token"] == 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"pulls": 1}', '{"pulls": [{}]}', '{"pulls": [{"id": 1, "steps": 3}]}', "\x00\x01"]
)
def test_what_is_no_recording_is_one_sentence(tmp_path: Path, text: str) -> None:
    """And no traceback, whatever the file."""
    file = tmp_path / "file"
    file.write_text(text)
    done = diff(file, RECORDINGS / "dockerd-20.10-hub.json")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_pull_that_is_not_there() -> None:
    """--pull-b 7 of one."""
    done = diff(RECORDINGS / "dockerd-20.10-hub.json", RECORDINGS / "dockerd-20.10-hub.json", "--pull-b", "7")

    assert "there is no pull 7" in done.stderr


# Images that are named: walked over real TLS on 127.0.0.1.


@contextmanager
def serving(world: World) -> Iterator[Callable[..., Result]]:
    """Runs `diff` where every host of `world` is at one port of this machine."""
    with ProxyThread(Answer(world), settings=[f"mode=reverse:https://{VANITY}", "keep_host_header=true"]) as proxy:
        words = ["--ca", str(proxy.ca_file), "--timeout", "5"]
        for host in world:
            words += ["--resolve", f"{host}:127.0.0.1:{proxy.port}"]
        yield lambda *more: diff(*more, *words)


@pytest.mark.parametrize("client", ["docker-containerd", "docker-classic"])
def test_two_references_are_pulled_and_compared(client: str) -> None:
    """docker.io directly against a 302 of one's own: the same digest, and a redirect more for every request to it."""
    hub = sample_hub()
    with serving({**hub, VANITY: redirect(hub)}) as run:
        done = run(f"docker.io/{OWN}", f"{VANITY}/{OWN}", "--client", client, "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0
    assert (found["a"]["reference"], found["b"]["reference"]) == (f"docker.io/{OWN}:latest", f"{VANITY}/{OWN}:latest")
    assert (found["a"]["outcome"], found["b"]["outcome"]) == ("complete", "complete")
    assert found["same_digest"] is True
    assert found["a"]["digest"] is not None
    assert found["extra"]["requests"] == found["extra"]["redirects"] > 0
    assert found["hosts"] == {"only_a": [], "only_b": [VANITY]}


def test_a_client_that_fails_on_one_side_is_a_problem() -> None:
    """skopeo pulls directly and loses its token at the redirect: exit code 3, with the finding on that side only."""
    hub = sample_hub()
    with serving({**hub, VANITY: redirect(hub)}) as run:
        done = run(f"docker.io/{OWN}", f"{VANITY}/{OWN}", "--client", "skopeo", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 3
    assert [problem["code"] for problem in found["problems"]] == ["outcome-differs"]
    assert "authorization-dropped" in found["b"]["findings"]
    assert "authorization-dropped" not in found["a"]["findings"]


def test_a_recording_is_compared_with_a_reference() -> None:
    """One side from a file, the other over the network: this sample is another image than was recorded."""
    with serving(sample_hub()) as run:
        done = run(RECORDINGS / "dockerd-29.7-containerd-hub.mitm", f"docker.io/{OWN}", "--json")

    assert done.exit_code == 3
    assert [problem["code"] for problem in json.loads(done.stdout)["problems"]] == ["digest-differs"]


def test_a_host_without_dns_is_no_traceback() -> None:
    """.invalid never resolves (RFC 6761): nothing is said to be the same."""
    done = diff("docker.invalid/a/b", "docker.invalid/a/b")

    assert "Traceback" not in done.output
    assert "Same digest" not in done.output


def test_a_client_that_is_none_is_one_sentence() -> None:
    """Usage."""
    done = diff("docker.invalid/a/b", "docker.invalid/a/b", "--client", "netscape")

    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


def test_a_missing_file_is_not_taken_for_an_image() -> None:
    """A misspelt path asks no registry."""
    done = diff("some.dir/direct.jsonl", "some.dir/vanity.jsonl")

    assert "cannot read some.dir/direct.jsonl" in done.stderr


def test_two_pulls_that_fail_are_not_alike() -> None:
    """Neither came to anything: exit code 3 with that as the reason, however equal the rest is."""
    failed = RECORDINGS / "skopeo-1.9-vanity-302.json"
    done = diff(failed, failed, "--json")

    assert done.exit_code == 3
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["code"] == "neither-complete"
    assert problem["message"] == "Neither pull is complete (failed), so the comparison proves nothing."
