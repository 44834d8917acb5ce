"""containerd's client pulls through mitmdump with the tracer: no ping, a second token for the fetcher, all at once."""

from __future__ import annotations

import pytest
from tests.e2e.images import Image
from tests.e2e.parts import Ctr, Proxy
from tests.e2e.standin import VANITY, Hub
from tests.e2e.told import assert_fetched, assert_no_secret, chain, exchanges_of, kinds, report, steps

pytestmark = pytest.mark.real

WHOLE = {"token": 2, "resolve": 1, "manifest-list": 1, "manifest": 1, "config": 1, "layer": 4}


def test_pull_is_told_whole(ctr: Ctr, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull in which resolver and fetcher are each sent for a token is one complete pull."""
    done = ctr("content", "fetch", "docker.io/timonback/zephykus:latest")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    pull = told.pull
    assert (pull["client"]["family"], pull["reference"]) == ("containerd", "docker.io/timonback/zephykus:latest")
    assert kinds(pull) == WHOLE
    assert chain(steps(pull, "resolve")[0]) == [("registry", 401), ("registry", 200)]
    assert chain(steps(pull, "manifest-list")[0]) == [("registry", 401), ("registry", 200)]
    assert_fetched(pull, zephykus.platforms["linux/amd64"])
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)


def test_pull_through_vanity_host(ctr: Ctr, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """containerd repeats a refused request from the vanity host on: both rounds are hops of one step."""
    done = ctr("content", "fetch", f"{VANITY}/timonback/zephykus:latest")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    pull = told.pull
    assert pull["reference"] == f"{VANITY}/timonback/zephykus:latest"
    assert kinds(pull) == WHOLE
    round_trip = [("vanity", 302), ("registry", 401), ("vanity", 302), ("registry", 200)]
    assert chain(steps(pull, "resolve")[0]) == round_trip
    assert_fetched(pull, zephykus.platforms["linux/amd64"])
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)


def test_every_platform_at_once(ctr: Ctr, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """Several manifests that are refused at once and share one token are still a step each, and one pull."""
    ctr("content", "fetch", "docker.io/timonback/zephykus:latest")
    done = ctr("content", "fetch", "--all-platforms", "docker.io/timonback/zephykus:latest")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    _, pull = told.pulls
    assert pull["outcome"] == "complete"
    others = [built for name, built in zephykus.platforms.items() if name != "linux/amd64"]
    assert {step["digest"] for step in steps(pull, "manifest")} == {built.manifest for built in others}
    assert {step["digest"] for step in steps(pull, "layer") if step["verified"]} == {
        digest for built in others for digest in built.layers
    }
    assert told.exchanges == exchanges_of(hub)


def test_second_pull_has_nothing_new(ctr: Ctr, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull that stops after resolving is complete and fetched nothing."""
    ctr("content", "fetch", "docker.io/timonback/zephykus:latest")
    ctr("content", "fetch", "docker.io/timonback/zephykus:latest")
    story = proxy.finish()
    told = report(proxy.recording)

    first, second = told.pulls
    assert_fetched(first, zephykus.platforms["linux/amd64"])
    assert (second["outcome"], second["digest"]) == ("complete", zephykus.index)
    assert kinds(second) == {"token": 1, "resolve": 1}
    assert told.exchanges == exchanges_of(hub)
    assert "nothing new" in story
