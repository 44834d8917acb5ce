"""What a person asks who never saw a registry and wants a domain of their own: the lesson and the page answer it.

The questions were written before the answers. Each has words of the answer, in the page and in the lesson on a terminal.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.render.samples import recorded

from pullscope.cli.demo_pulls import demo_pulls
from pullscope.render.explain.lesson_text import lesson_blocks
from pullscope.render.layout import paint

PAGE = (
    (Path(__file__).parents[3] / "docs" / "how-a-pull-works.md")
    .read_text(encoding="utf-8")
    .replace("\\", "")
    .replace("`", "")
)
QUESTIONS = {
    "I type `docker pull nginx`: which host is asked, for which repository?": "nginx stands for docker.io/library/nginx:latest",
    "Why does HTTPS_PROXY in my shell do nothing?": "HTTPS_PROXY in your shell changes nothing",
    "Who has to trust the proxy's CA?": "the daemon has to be told of a proxy, and has to trust the proxy's CA",
    "The first answer is a 401: is something wrong?": "The 401 is no failure",
    "Where does the registry say where a token comes from?": "WWW-Authenticate says where to get a token",
    "What is a scope, and whose name is in it?": "The client makes it of the name that was typed",
    "Do public images need a token?": "Public images need one too",
    "What is the difference between a tag and a digest?": "A tag is a label: tomorrow it can be on another image",
    "What exactly is hashed?": "of a manifest's text or a layer's compressed archive, byte for byte",
    "Does a digest prove who made an image?": "What a digest does not say is who made the image",
    "What is a platform, and what is unknown/unknown?": "Entries for unknown/unknown are for no machine",
    "What is in a manifest, and what in the config?": "one config (how to start it) and the layers (its files)",
    "Why HEAD, and what counts as a pull?": "it counts each GET of a manifest and no HEAD",
    "Whose counter is it?": "for your IP address, or for your account if you are logged in",
    "Which hosts must a firewall let through, and are they stable?": "may choose another tomorrow",
    "What is a signed URL, and why is no token sent there?": "clients do not show it to another host",
    "Which clients begin in another way?": "not all check /v2/ first",
    "What does a second pull ask?": "it stops: nothing is downloaded and nothing is counted",
    "Which paths must my domain answer, and how?": "every path below /v2/ is answered with a redirect (302) to the same path",
    "What else does it need?": "a DNS record and a certificate that the clients trust",
    "What does it never see?": "It never sees the manifests and layers",
    "Who cannot pull there, and how does that look?": "fails: unauthorized: authentication required",
    "Can I use another path than the registry's?": "a domain in front of a registry has to keep the path",
    "Whose rate limit is charged, by a redirect and by a proxy?": "its one address is charged for all of them",
    "How do I move the registry behind it?": "Nobody who pulls has to change a name",
    "Can it be plain files, and with which headers?": "a manifest's Content-Type is its own media type",
}


@pytest.fixture(scope="module")
def lesson() -> str:
    """The lesson of a pull through a domain that redirects, as a beginner reads it."""
    [pull] = recorded("dockerd-29.7-containerd-vanity-302").pulls
    lines = [paint(line, color=False) for block in lesson_blocks(pull, demo=demo_pulls()) for line in block]
    return " ".join(" ".join(lines).replace("`", "").split())


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered(question: str, lesson: str) -> None:
    """By the page alone, and by the lesson alone."""
    assert QUESTIONS[question] in PAGE
    assert QUESTIONS[question] in lesson
