"""`pullscope demo`: the first thing that a user runs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import pytest
from tests.cli import warm

from pullscope.cli.demo import _next_lines
from pullscope.worlds.registries.table import REGISTRIES


@cache
def shown_by(*words: str) -> subprocess.CompletedProcess[str]:
    """What a demo printed that several tests look at."""
    return run(*words)


def run(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "NO_COLOR"}}
    return warm.run(*words, env={**clean, **(env or {})})


@pytest.mark.parametrize(("client", "steps", "requests"), [("docker-containerd", 16, 26), ("docker-classic", 10, 15)])
def test_tells_a_complete_pull(client: str, steps: int, requests: int) -> None:
    """Each dialect of docker takes the steps and requests that the recorded real one took."""
    shown = shown_by("demo", "--client", client)

    assert shown.returncode == 0, shown.stderr
    assert f"\n{steps:>3} " in shown.stdout
    assert f"\n{steps + 1:>3} " not in shown.stdout
    assert f", {requests} requests, 4 of 4 layers, " in shown.stdout
    assert shown.stderr == ""


def test_fits_eighty_columns() -> None:
    """No line of the demo is wider than a terminal of 80 columns, with or without a vanity domain."""
    for words in (
        ["demo", "--client", "docker-containerd"],
        ["demo", "--vanity"],
        ["demo", "--vanity", "--client", "skopeo"],
    ):
        assert max(len(line) for line in shown_by(*words).stdout.splitlines()) <= 80


def test_a_clients_sentence_is_wrapped() -> None:
    """At 79 columns, between words; only what is no two words (a URL) may be longer."""
    said = shown_by("demo", "--fault", "cdn-failed").stdout.partition("What docker")[2].partition("\nNext")[0]
    lines = said.splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 79 or " " not in line.strip() for line in lines[1:])


@pytest.mark.parametrize("command", ["pullscope", ".venv/bin/pullscope", "/opt/pullscope/.venv/bin/pullscope"])
@pytest.mark.parametrize("asked", ["", " --vanity --client docker-containerd"])
def test_what_is_next_is_whole(monkeypatch: pytest.MonkeyPatch, command: str, asked: str) -> None:
    """A command is on one line, however long its path is; the words on it are beside it where both fit, else below."""
    monkeypatch.setattr(sys, "argv", [command])
    monkeypatch.setenv("PATH", "")  # where this Python's own folder may be
    lines = _next_lines("docker-containerd", asked, vanity=bool(asked), explain=False)
    assert lines[0].startswith(f"Next  {command} demo{asked} --explain")
    assert all(len(line) <= 79 for line in lines if not line[6:].startswith(command))
    assert command != "pullscope" or asked or all(len(line) <= 79 for line in lines)


def test_what_is_next_is_not_what_was_just_done() -> None:
    """The lesson is on the same pull, and a domain's failing client is not offered to who has seen it fail."""
    *_, said = shown_by("demo", "--vanity", "--client", "skopeo").stdout.partition("\nNext  ")
    assert said.startswith("pullscope demo --vanity --client skopeo --explain ")
    assert said.count("--client skopeo") == 1


def test_what_is_next_stays_at_the_registry() -> None:
    """A domain in front is offered where it matters; to who needs a login or no token, what can go wrong is."""
    *_, at_ghcr = shown_by("demo", "--registry", "ghcr").stdout.partition("\nNext  ")
    *_, at_ecr = shown_by("demo", "--registry", "ecr").stdout.partition("\nNext  ")
    assert "demo --registry ghcr --client docker-classic" in at_ghcr
    assert "demo --registry ghcr --vanity" in at_ghcr
    assert "demo --registry ecr --list-faults" in at_ecr


def test_vanity_sends_no_bytes() -> None:
    """Through the vanity domain the bytes come from elsewhere, and the demo says so."""
    shown = shown_by("demo", "--vanity")

    assert "docker.example.com answered 16 requests and sent 0 bytes of the image" in shown.stdout


def test_is_plain_when_piped_and_coloured_on_request() -> None:
    """A pipe gets no terminal codes; FORCE_COLOR brings them, NO_COLOR wins over a terminal."""
    assert "\x1b[" not in shown_by("demo", "--client", "docker-containerd").stdout
    assert "\x1b[" in run("demo", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in run("demo", env={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout


def test_records_privately_and_never_overwrites(tmp_path: Path) -> None:
    """A recording is for its owner only, holds no token, and is not written over a file that is there."""
    target = tmp_path / "demo.jsonl"
    first = run("demo", "-o", str(target))
    second = run("demo", "-o", str(target))

    assert first.returncode == 0, first.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "eyJ" not in target.read_text()
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert second.stderr.startswith(f"error: {target} exists and is not overwritten")


def test_recording_tells_the_same_story(tmp_path: Path) -> None:
    """What `report` tells of the recording is what the demo told live."""
    target = tmp_path / "demo.jsonl"
    live = run("demo", "-o", str(target)).stdout
    again = run("report", str(target)).stdout

    assert again.strip() in live


def test_report_as_json_is_the_same_pull(tmp_path: Path) -> None:
    """The JSON of the recording names what was pulled, by whom, and that all of it was verified."""
    target = tmp_path / "demo.jsonl"
    run("demo", "-o", str(target))
    [pull] = json.loads(run("report", "--json", str(target)).stdout)["pulls"]

    assert pull["reference"] == "docker.io/timonback/zephykus:latest"
    assert pull["client"] == {"family": "docker", "version": "29.7.2", "store": "containerd"}
    assert pull["layers"] == {"total": 4, "fetched": 4, "already_present": 0, "verified": 4}


def test_unknown_client_is_a_usage_error() -> None:
    """A client that there is not is one sentence that names those there are."""
    shown = run("demo", "--client", "rocket")

    assert shown.returncode == 2
    assert shown.stderr.startswith("error: there is no client 'rocket'. There are docker-classic, ")


def test_reads_nothing_of_the_users(tmp_path: Path) -> None:
    """No ~/.mitmproxy is made or read, and proxies of the environment are not asked."""
    shown = run("demo", env={"HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:1"})

    assert shown.returncode == 0, shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_leaves_no_thread_behind() -> None:
    """Once the demo has ended nothing of it runs."""
    from pullscope.mitm.demo import run_demo
    from pullscope.mitm.watch import Watch

    before = set(threading.enumerate())
    run_demo(watch_addon=Watch())

    assert set(threading.enumerate()) <= before


def test_a_fault_is_played_and_found() -> None:
    """The client that it hits is chosen by itself, and the finding is in the story."""
    shown = run("demo", "--fault", "range-ignored")
    assert shown.returncode == 0, shown.stderr
    assert "docker 28.5.2, classic store" in shown.stdout
    assert "\n warn   range-ignored (step" in shown.stdout


def test_a_fault_of_the_vanity_domain_brings_the_domain() -> None:
    """Without --vanity."""
    shown = run("demo", "--fault", "authorization-dropped")
    assert "\n error  authorization-dropped (steps 2, 3)" in shown.stdout
    assert "gave its token to docker.example.com" in shown.stdout


def test_the_list_of_faults_is_the_list_of_faults() -> None:
    """Each with what happens."""
    shown = run("demo", "--list-faults")
    assert "rate-limited " in shown.stdout
    assert all(len(line) <= 100 for line in shown.stdout.splitlines())


def test_an_unknown_fault_is_refused() -> None:
    """Misspelt: one sentence, exit code 2."""
    shown = run("demo", "--fault", "rate-limit")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("error: ")


@pytest.mark.parametrize(("fault", "command"), [("query-dropped", "crane ls"), ("push-over-redirect", "docker push")])
def test_what_no_pull_meets_is_played_by_another_command(fault: str, command: str) -> None:
    """A list of tags, a push: the client that meets the fault is chosen and named, and the finding is shown."""
    shown = run("demo", "--fault", fault)
    assert shown.returncode == 0
    assert f"speaks like {command}" in " ".join(shown.stdout.split())
    assert fault in shown.stdout


@pytest.mark.parametrize("fault", ["cdn-failed", "two-auth-mechanisms"])
def test_no_sentence_of_a_client_holds_a_signature(fault: str) -> None:
    """The client quotes the CDN's whole URL; what is shown of it is what a recording may hold."""
    shown = shown_by("demo", "--fault", fault)
    assert "itself says" in shown.stdout
    assert "signature=REDACTED" in shown.stdout
    assert shown.stdout.count("signature=") == shown.stdout.count("signature=REDACTED")


def test_another_registry_is_played() -> None:
    """Its hosts are in the story and Docker Hub's are not; the command is said again with it."""
    shown = shown_by("demo", "--registry", "ghcr")

    assert shown.returncode == 0, shown.stderr
    assert "pull 1  ghcr.io/timonback/zephykus:latest" in shown.stdout
    assert "pkg-containers.githubusercontent.com" in shown.stdout
    assert "docker.io" not in shown.stdout
    assert "demo --registry ghcr --explain" in shown.stdout


def test_a_private_registry_is_pulled_from_with_a_login() -> None:
    """The demo says what the login stands for, what a user would have typed, and how to see the pull without it."""
    shown = shown_by("demo", "--registry", "ecr")
    said = " ".join(shown.stdout.split())

    assert "\ncomplete " in shown.stdout
    assert "Amazon ECR requires a login." in said
    assert "aws ecr get-login-password --region eu-central-1 | docker login" in said
    without = shown_by("demo", "--registry", "ecr", "--fault", "ecr-not-logged-in")
    assert "`--registry ecr --fault ecr-not-logged-in`" in said
    assert "\nfailed " in without.stdout
    assert "logged in, as after" not in without.stdout


def test_what_cannot_be_played_is_a_usage_error() -> None:
    """A registry that there is not, and a fault that another registry has."""
    unknown = run("demo", "--registry", "gchr")
    elsewhere = run("demo", "--registry", "ecr", "--fault", "quay-502")

    assert (unknown.returncode, elsewhere.returncode) == (2, 2)
    assert unknown.stderr == "error: there is no registry 'gchr'. Did you mean ghcr?\n"
    assert "pullscope demo --registry ecr --list-faults" in elsewhere.stderr


def test_registries_and_their_faults_are_listed() -> None:
    """One line each; a registry's own faults come first, and those that it cannot have are left out."""
    registries = run("demo", "--list-registries").stdout.splitlines()
    faults = run("demo", "--registry", "nexus", "--list-faults").stdout

    assert len(registries) == len(REGISTRIES)
    assert faults.startswith("nexus-anonymous-off ")
    assert "token-server-failed" not in faults
