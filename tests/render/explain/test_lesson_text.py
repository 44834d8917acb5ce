"""The lesson on a terminal."""

from __future__ import annotations

import re
import subprocess

import pytest
from tests.render.samples import TRACES, recorded
from tests.trace.images import Image, get_blob, get_manifest
from tests.trace.wire import DOCKER_20, HUB, SKOPEO, Wire, challenge_for, only, played, token_url

from pullscope.cli.explain import demo_pulls
from pullscope.render.explain.lesson_text import lesson_blocks
from pullscope.render.exports.curl import curl_words
from pullscope.render.layout import WIDTH, paint
from pullscope.trace.model import Pull


def text_of(pull: Pull, *, expert: bool = False) -> list[str]:
    return [paint(line, color=False) for block in lesson_blocks(pull, expert=expert) for line in block]


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("expert", [False, True])
def test_fits_eighty_columns(trace: str, expert: bool) -> None:
    """Only what is to be pasted, and addresses, may be wider than a terminal."""
    for pull in TRACES[trace]().pulls:
        lines = text_of(pull, expert=expert)[2:]
        prose = [
            line for line in lines if not line.startswith("       ") and "https://" not in line and "curl" not in line
        ]

        assert [line for line in prose if len(line) > WIDTH + 1] == []


def test_a_chain_stands_below_an_address_that_needs_the_room() -> None:
    """Neither is cut: through a vanity host the manifest's statuses are a line lower, before what they came to."""
    [pull] = recorded("dockerd-29.7-containerd-vanity-302").pulls
    lines = text_of(pull)
    first, at = (number for number, line in enumerate(lines) if line[6:].startswith("manifest list  GET"))

    assert lines[first].startswith("      manifest list  GET docker.timonback.de/")
    assert lines[first + 1] == "      302 > 401 > 302: at first, without a token"
    assert lines[at] == "    4 manifest list  GET registry-1.docker.io/.../sha256:8e77458de855       200"
    assert lines[at + 1] == "      3 platforms, 3 attestations"


def test_by_hand_names_the_step_that_has_the_token() -> None:
    """A step is told before the token that it asked for, so the line of curl says where that comes from."""
    [pull] = recorded("dockerd-20.10-hub").pulls
    lines = text_of(pull)
    token = next(step.n for step in pull.steps if step.is_token)

    assert lines.count(f"      By hand, with the token of step {token}:") == sum("$TOKEN" in line for line in lines) > 3


@pytest.mark.parametrize("width", [59, 79])
@pytest.mark.parametrize("trace", ["dockerd-20.10-hub", "dockerd-29.7-containerd-hub", "skopeo-1.9-vanity-302"])
def test_by_hand_fits_the_screen_and_a_shell_reads_it(trace: str, width: int) -> None:
    """Only one word is wider, such as a URL; and over however many lines, curl is given what the client sent."""
    [pull] = recorded(trace).pulls
    lines = [
        line[0][0] for block in lesson_blocks(pull, expert=True, width=width) for line in block if line[0][1] == "green"
    ]
    words = {word for step in pull.steps for word in curl_words(step)}
    wide = {line.strip().removesuffix(" \\") for line in lines if len(line) > width}
    assert wide <= words
    assert not any(", " in line for line in wide)

    script = "\n".join(["curl() { printf '%s\\n' \"$@\"; }", *lines])
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=True).returncode == 0
    shown = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True).stdout
    given = {" ".join(header.split()) for header in re.findall("^Accept: (.*)$", shown, re.MULTILINE)}
    assert given
    assert given <= {value for hop in pull.hops for value in hop.request.headers.get_all("accept")}


def test_ends_with_what_to_take_home() -> None:
    """The last lines count the requests and say the idea."""
    [pull] = recorded("dockerd-20.10-vanity-302").pulls
    end = " ".join(" ".join(text_of(pull)).split())

    assert end.endswith(
        "24 requests: 2.8 kB of manifests, 1 token and 14 redirects. The image was asked for at URLs below /v2/: a domain of "
        "your own can redirect those with one rule."
    )


def test_a_token_that_was_not_given_is_not_counted() -> None:
    """The token server was asked and gave none."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", token_url("library/app"), 404)
    end = " ".join(text_of(only(played(wire))))

    assert "2 requests: 0 B of manifests and 0 tokens." in end


def test_failed_pull_ends_with_its_findings() -> None:
    """The lesson of a failure says what it was and what to do."""
    [pull] = recorded("skopeo-1.9-vanity-302").pulls

    assert "error  authorization-dropped" in text_of(pull)


def test_beginner_and_expert_read_different_words() -> None:
    """An expert gets the address of the section and no ideas; a beginner the other way round."""
    [pull] = recorded("dockerd-20.10-hub").pulls
    beginner, expert = "\n".join(text_of(pull)), "\n".join(text_of(pull, expert=True))

    assert "Why a 401 comes first" in beginner
    assert "Why a 401 comes first" not in expert
    assert "spec.md#pulling-" in expert or "#determining-support" in expert


def test_numbers_of_steps_go_up() -> None:
    """How a step began stands before the token that it wanted, and has no number: that comes with its end."""
    [pull] = recorded("dockerd-29.7-containerd-hub").pulls
    numbers = [int(line[:5]) for line in text_of(pull) if line[:5].strip().isdigit()]

    assert numbers == sorted(numbers)
    assert any(line.startswith("      resolve        HEAD") for line in text_of(pull))


def test_a_beginner_is_told_what_was_left_out() -> None:
    """Steps that running the image does not need are counted, and an expert gets them."""
    [pull] = recorded("dockerd-29.7-containerd-hub").pulls
    beginner, expert = " ".join(" ".join(text_of(pull)).split()), "\n".join(text_of(pull, expert=True))

    assert "Of 16 steps, 6 are left out here" in beginner
    assert "referrers      GET" not in beginner
    assert "referrers      GET" in expert


def test_what_a_pull_does_not_show_is_told_from_the_demo() -> None:
    """A registry without tokens shows no challenge; the demo's is shown, and said to be the demo's."""
    wire = Wire(agent=SKOPEO)
    image = Image(repository="library/app", tag="1")
    get_manifest(wire, image, image.manifest(), tag=True)
    for content in image.blobs():
        get_blob(wire, image, content)
    pull = only(played(wire))
    blocks = [[paint(line, color=False) for line in block] for block in lesson_blocks(pull, demo=demo_pulls())]
    at = blocks.index(["What this pull does not show (examples from the demo)"])

    assert not any("Why a 401 comes first" in line for block in blocks[:at] for line in block)
    assert any("Why a 401 comes first" in line for block in blocks[at:] for line in block)


def test_what_a_domain_is_stands_at_the_head_of_its_chapter() -> None:
    """After a pull without one, three chapters later than what else the pull does not show."""
    [pull] = recorded("dockerd-29.7-containerd-hub").pulls
    blocks = [[paint(line, color=False) for line in block] for block in lesson_blocks(pull, demo=demo_pulls())]
    [chapter] = [
        block for block in blocks if any("What a vanity domain can and cannot change" in line for line in block)
    ]

    assert chapter == blocks[blocks.index(["A registry domain of your own"]) + 1]
