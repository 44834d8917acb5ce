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
    "Which host gets requests for docker.io?": "The host that is asked is registry-1.docker.io",
    "And the port?": "A colon in the host is followed by a port",
    "How is a host told from a user name?": "is a host if it contains a dot, a colon or a capital letter, or is localhost",
    "Why does HTTPS_PROXY in my shell do nothing?": "HTTPS_PROXY in your shell changes nothing",
    "Where do I set the proxy, then?": "write [Service] and below it Environment=",
    "Who has to trust the proxy's CA?": "The daemon has to trust the CA (certificate authority) that signed",
    "Where does a CA go, of a proxy or of a registry?": "any registry but Docker Hub: /etc/docker/certs.d/HOST/ca.crt",
    "Which HOST is that, where one redirects to the next?": "HOST is the host in the image's name",
    "What follows, if docker 28 ignores that directory?": "names in the daemon's service; then restart the daemon",
    "Which commands does the daemon's proxy not see?": "docker manifest and docker buildx imagetools use only your shell's",
    "The first answer is a 401: is something wrong?": "This 401 is normal",
    "Where does the registry say where a token comes from?": "realm: the token server's address",
    "How does the whole 401 look?": 'Bearer realm="https://auth.docker.io/token", service="registry.docker.io"',
    "What if it says Basic?": "Basic would want a user name and password",
    "What is a scope, and whose name is in it?": "The client takes the repository from the name that you typed",
    "Do public images need a token, and an account?": "public ones too; some registries want none. You need no account",
    "Is the image private, missing or mistyped?": "Docker Hub does not tell a private image from a missing or mistyped one",
    "How is a token sent?": "in the header Authorization: Bearer TOKEN",
    "How long is it good?": "for the seconds in the answer's expires_in (60 if it does not say)",
    "What is the difference between a tag and a digest?": "A tag is a label; tomorrow it can point to another image",
    "What exactly is hashed?": "The content is a layer (a compressed archive of files) or one of three JSON documents",
    "What does a digest guarantee?": "So this one digest pins the whole image",
    "Why can nobody forge one?": "No way is known to make other content with the same digest",
    "And whom do I trust with a tag?": "When you pull by tag, you trust the answer to name the right digest",
    "What if I give both?": "With both, the digest decides",
    "What does nginx mean to podman and Kubernetes?": "Kubernetes usually completes names as docker does. podman looks in its",
    "Does a digest prove who made an image?": "A digest does not say who made the image: that needs a signature",
    "What is a platform, and what is unknown/unknown?": "attestations too, under unknown/unknown: statements about an image",
    "What is in a manifest, and what in the config?": "one config (how to start the image) and of the layers (its files)",
    "Why HEAD, and what counts as a pull?": "HEAD requests, configs and layers do not count",
    "Whose counter is it?": "or 200 per account with a login",
    "And how many pulls is that?": "The limit in 6 hours is 100 per IP address (IPv6: per /64 network)",
    "What do I see if there is no image for my machine?": "no matching manifest for",
    "Which of the digests is the image ID?": "The image ID is the config's digest in the classic store",
    "Why are there other digests in the config?": "the digests of the layers before compression (diff_ids)",
    "May the domain answer 401 or 404 to /v2/?": "If the domain answers /v2/ itself (200, 401 or 404)",
    "In which time?": "100;w=21600 is 100 in 21,600 seconds",
    "Which hosts must a firewall let through, and are they stable?": "A firewall has to allow three kinds of host",
    "Why does the registry not send them itself?": "the redirect spares the registry most of the traffic",
    "What is a signed URL, and why is no token sent there?": "anyone with the URL can fetch this one blob without a token",
    "May I publish a signed URL?": "so keep the URL secret",
    "What happens if a token is sent to the storage?": "some storage refuses a request that has both a token and a signature",
    "My docker 29 was upgraded: which one is it?": "An upgraded docker keeps the classic store",
    "Does docker 29 fetch more than others?": "docker 29.1 and newer (in the table) also fetches attestations",
    "What are the Accept lines?": "Accept in a request lists the document types (media types) that the client understands",
    "And without Accept, or without Content-Type?": "Without Accept it may convert the document to an old type",
    "Are a mirror's settings used for my domain?": "docker's registry-mirrors is for docker.io alone",
    "Whose machine is 127.0.0.1 in the daemon's proxy?": "as seen from the daemon's machine",
    "How long may a redirect to the storage be cached?": "so a cache must not keep the registry's redirect for longer",
    "Which clients begin in another way?": "A client that leaves out the version check gets its first 401",
    "What does a second pull ask?": "docker stops: nothing is downloaded and nothing is counted",
    "Which paths must my domain answer, and how?": "answer GET and HEAD of /v2/, and of every path below it, with status 302",
    "How does the smallest rule look?": "/v2/* https://registry-1.docker.io/v2/:splat 302",
    "Is it enough to redirect the images?": "The rule has to match /v2/ itself",
    "How do I keep the images of others out?": "To serve only ORG, write two rules",
    "What else does it need?": "and a certificate for your name from a public CA",
    "And if my name is example.com itself?": "usually needs an A or ALIAS record",
    "It is live: how do I check it?": "curl -sI https://docker.example.com/v2/ must show 302",
    "What if I lose the domain?": "by answering 401 itself it can also ask clients for the login",
    "Is a CNAME to the registry enough?": "A CNAME to the registry is not enough",
    "What do users type?": "Users type docker pull docker.example.com/ORG/IMAGE",
    "What does it never see?": "A domain that only redirects does not see: - manifests and layers",
    "Does a reverse proxy see the password?": "and the password if it changes the realm",
    "Can I count pulls in my web host's log?": "its log shows attempts",
    "Does a firewall that lets Docker Hub through let my domain through?": "A domain of your own in front of the registry",
    "When does a changed rule take effect?": "the next pull follows it",
    "Does it see a pull fail?": "whether the pull succeeded: its log shows attempts",
    "Who cannot pull there, and how does that look?": "fails: unauthorized:",
    "Why does docker get through where podman does not?": "get a token for the registry that asks for it, and send it there",
    "Can I use another path than the registry's?": "The client asks for a token for app, the name that was typed",
    "How does it look if I do, and what helps?": 'docker 28 fails with "denied"',
    "Whose rate limit is charged, by a redirect and by a proxy?": "the proxy's IP address is charged for all users together",
    "And if the proxy passes on a login?": "If a reverse proxy passes on the client's login, that account is charged",
    "Can I log in there?": "A private one needs a reverse proxy",
    "Does a login to Docker Hub help?": "under the host in the name, not for that of Docker Hub",
    "Can I push there?": "Do not push (upload) images through a redirect",
    "Does 307 make a push work?": "pushed through a 307 to a registry without tokens",
    "What should the domain answer to a push?": "status 405 with an error in JSON",
    "How do I move the registry behind it?": "Names and digests stay the same. What else there is to do",
    "What else changes then?": "A firewall must allow it, its token server and its storage",
    "And the signatures?": "come along. Referrers may not: oras cp -r copies them",
    "How are they copied with every platform?": "skopeo sync --all",
    "Can it be plain files, and with which headers?": "need its own media type as Content-Type",
    "Why does my web server send another type?": "The files have no extension, so set the type by path",
    "Where is my login kept?": "in ~/.docker/config.json or the password store",
    "Which hosts go past the proxy?": "NO_PROXY, set there too, lists hosts",
    "Does config.json set the proxy of docker pull?": "is for containers and builds, not for docker pull",
    "Where does containerd's proxy go?": "On a Kubernetes node do the same for the service containerd",
    "And its CA, or Docker Desktop's?": "Docker Desktop: the keychain of macOS",
    "Does docker run ask the registry each time?": "docker run pulls only if the image is not there",
    "Which headers must a reverse proxy leave alone?": "It passes on Accept, Authorization and Range",
    "May a pull take longer than a signed URL lives?": "docker asks the registry for each blob, which signs a new URL each time",
    "What if a mirror is down?": "does not have the image, the client asks the real registry",
    "Does docker take another ARM variant?": "docker takes an older variant if its own is missing",
    "And Kubernetes?": "but for the tag latest, typed or left out, it asks each time",
    "Is an image stored twice if it is pulled by two names?": "it has two names; its layers are stored once",
    "Which host belongs into the pull secret?": "the login that it keeps for a registry, must be for docker.example.com",
    "My pull fails: how do I record it?": "sudo pullscope docker trace --out pull.jsonl",
    "And if I have only the message?": "For a message alone: pullscope explain 'MESSAGE'",
    "What does toomanyrequests mean?": "toomanyrequests (429): the rate limit is reached",
    "Can docker have a mirror of my own registry?": "for docker 29, /etc/docker/certs.d/HOST/hosts.toml",
    "Are images without a tag copied, too?": "Untagged images that users pull by digest need a copy each",
    "Which docker is 'docker 28' on an upgraded machine?": "means any docker that keeps its images in the classic store",
    "Why would I want a domain of my own?": "you can change the registry later, and users keep the name that they type",
    "Who pays for the bytes?": "You pay for these small answers, the registry's operator for the bytes of the image",
    "And with a proxy that follows redirects?": "then every byte goes through it, at your cost",
    "Which clients take the token along to the storage?": "podman and skopeo do send it to a sub-domain of the registry",
    "What if the 401 stays?": "the registry got no token or login that it accepts for this image",
    "What do I do about a 404?": "it has no such tag or digest. Check the spelling, and the list of tags",
    "Do containers stop while the domain is down?": "that are on a machine already are not touched",
    "Who can pull from a registry without tokens?": "At a registry that wants no token all clients pull",
    "Are manifests checked, too?": "A manifest that is asked for by digest is checked in the same way",
    "Does a login through the domain raise my limit?": "helps only the clients that show it to the registry's token server",
    "Are pushes redirected by Netlify's rule?": "so it redirects POST and PUT as well",
    "What if there is no index?": "If the tag stands for a single manifest, that comes at once",
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
