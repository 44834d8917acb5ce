"""What a person asks who never saw a registry and wants a domain of their own: the lesson and the page answer it.

The questions were written before the answers, some of them by readers who knew only their own question. Each has words of the
answer, in the page and in the lesson on a terminal.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.render.samples import recorded

from pullscope.cli.explain import demo_pulls
from pullscope.render.explain.lesson_text import lesson_blocks
from pullscope.render.layout import paint

PAGE = " ".join(
    (Path(__file__).parents[3] / "docs" / "how-a-pull-works.md")
    .read_text(encoding="utf-8")
    .replace("\\", "")
    .replace("`", "")
    .split()
)
QUESTIONS = {
    "I type `docker pull nginx`: which host is asked, for which repository?": "nginx means docker.io/library/nginx:latest",
    "Which host gets requests for docker.io?": "the host that is asked is registry-1.docker.io",
    "How is a host told from a user name?": "is a host if it contains a dot or a colon, or is localhost",
    "Why does HTTPS_PROXY in my shell do nothing?": "HTTPS_PROXY in your shell changes nothing",
    "Where do I set the proxy, then?": "and a restart: in its service",
    "Who has to trust the proxy's CA?": "The daemon has to trust every CA",
    "Where does a CA go, of a proxy or of a registry?": "Put it into /etc/docker/certs.d/HOST/ca.crt",
    "Which HOST is that, where one redirects to the next?": "HOST is the host in the image's name",
    "What follows, if docker 28 ignores that directory?": "names in the daemon's service, and restart the daemon",
    "Which commands does the daemon's proxy not see?": "and docker build for its tokens",
    "The first answer is a 401: is something wrong?": "This 401 is normal",
    "Where does the registry say where a token comes from?": "WWW-Authenticate, the challenge, says where to get a token",
    "What is a scope, and whose name is in it?": "The client builds it from the name that you typed",
    "Do public images need a token, and an account?": "public images need one, too. You need no account for them",
    "How is a token sent?": "in the header Authorization: Bearer TOKEN",
    "How long is it good?": "for the seconds in the answer's expires_in (60 if it does not say)",
    "What is the difference between a tag and a digest?": "A tag is a label; tomorrow it can point to another image",
    "What exactly is hashed?": "of an index (list of manifests), manifest or config, or of a layer's compressed archive",
    "What does a digest guarantee?": "so this one digest fixes the whole image",
    "Does a digest prove who made an image?": "A digest does not say who made the image: that needs a signature",
    "What is a platform, and what is unknown/unknown?": "Entries for unknown/unknown are not images but statements about them",
    "What is in a manifest, and what in the config?": "one config (how to start the image) and of the layers (its files)",
    "Why HEAD, and what counts as a pull?": "HEAD requests, configs and layers do not count",
    "Whose counter is it?": "or, if you are logged in, 200 per account",
    "And how many pulls is that?": "the limit in 6 hours is 100 per IP address (IPv6: per /64 network)",
    "What do I see if there is no image for my machine?": "no matching manifest for",
    "Which of the digests is the image ID?": "In docker's classic store the image ID is the config's digest",
    "Why are there other digests in the config?": "the digests of the layers before compression (diff_ids)",
    "May the domain answer 401 to /v2/?": "or /v2/ answers 200 or 401 by itself",
    "In which time?": "such as 100;w=21600: 100 in 21,600 seconds",
    "Which hosts must a firewall let through, and are they stable?": "A firewall has to allow three hosts",
    "What is a signed URL, and why is no token sent there?": "anyone with the URL can fetch this one blob without a token",
    "May I publish a signed URL, and does it say who made the image?": "says nothing about who made the image",
    "What happens if a token is sent to the storage?": "some storage refuses a request with token and signature",
    "My docker 29 was upgraded: which one is it?": "after an upgrade it keeps the old way (classic store)",
    "Does docker 29 fetch more than others?": "docker 29.1 and newer also gets attestations",
    "What are the Accept lines?": "Accept lists the document types that the client understands",
    "Are a mirror's settings used for my domain?": "docker's registry-mirrors is for docker.io alone",
    "Whose machine is 127.0.0.1 in the daemon's proxy?": "as seen from the daemon's machine",
    "How long may a redirect to the storage be cached?": "so the redirect must not be cached for longer",
    "Which clients begin in another way?": "Some leave out the version check",
    "What does a second pull ask?": "it stops: nothing is downloaded and nothing is counted",
    "Which paths must my domain answer, and how?": "answer every path below /v2/ with status 302 and a Location header",
    "How does the smallest rule look?": "/v2/* https://registry-1.docker.io/v2/:splat 302",
    "Is it enough to redirect the images?": "The rule has to match /v2/ itself",
    "And if /v2/ answers 404?": 'podman fails with "pinging container registry" even where no token is wanted; docker 29',
    "How do I keep the images of others out?": "to serve only ORG, write two rules",
    "What else does it need?": "a DNS record (a CNAME to the web host) and a certificate for your name from a public CA",
    "Is a CNAME to the registry enough?": "A CNAME to the registry is not enough",
    "What do users type?": "Users type docker pull docker.example.com/ORG/IMAGE",
    "What does it never see?": "It does not see manifests and layers",
    "Does a reverse proxy see the password?": "only if it rewrites the realm, which otherwise sends clients to the token server",
    "Can I count pulls in my web host's log?": "(its log shows attempts)",
    "Does a firewall that lets Docker Hub through let my domain through?": "A vanity domain, below, is a fourth",
    "When does a changed rule take effect?": "the next pull follows it",
    "Does it see a pull fail?": "It does not learn whether the pull succeeded",
    "Who cannot pull there, and how does that look?": "fails: unauthorized: authentication required",
    "Why does docker get through where podman does not?": "get the token for the registry that wants it and send it there",
    "Can I use another path than the registry's?": "a domain in front of a registry should keep the path",
    "How does it look if I do, and what helps?": 'docker then says "denied". Another path works for all clients',
    "Whose rate limit is charged, by a redirect and by a proxy?": "its one address is charged for all of them",
    "Can I log in and push there?": "so a private image needs a reverse proxy. Do not push through a redirect",
    "How do I move the registry behind it?": "Names and digests stay the same, so users change nothing",
    "How are they copied with every platform?": "skopeo sync --all",
    "Can it be plain files, and with which headers?": "Content-Type with the manifest's own media type",
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
