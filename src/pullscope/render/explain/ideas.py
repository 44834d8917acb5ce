"""The ideas behind the steps: what has to be understood once, said where it first shows. Words only, no logic.

Sentences hold places such as `{host}` that `lesson` fills with what was seen. They assume nothing and are said to beginners.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullscope.render.explain.table import (
    BLOBS,
    CHALLENGES,
    DIGESTS,
    ERRORS,
    EXISTENCE,
    INDEX,
    MANIFESTS,
    REDIRECTIONS,
    SCOPES,
    SUPPORT,
    Section,
)

_NAMES = Section(title="Docker, docker image tag", url="https://docs.docker.com/reference/cli/docker/image/tag/")
_PROXY = Section(title="Docker, Daemon proxy configuration", url="https://docs.docker.com/engine/daemon/proxy/")
_LIMIT = Section(title="Docker Hub, Pull usage and limits", url="https://docs.docker.com/docker-hub/usage/pulls/")


class Idea(StrEnum):
    """What has to be understood once, in the order in which it is told."""

    NAME = "name"
    DAEMON = "daemon"
    COMMAND = "command"
    VANITY = "vanity"
    CHALLENGE = "challenge"
    SCOPE = "scope"
    DIGEST = "digest"
    COUNTS = "counts"
    PLATFORM = "platform"
    ELSEWHERE = "elsewhere"
    VERIFIED = "verified"
    FAILED = "failed"
    OTHERS = "others"
    AGAIN = "again"
    SMALLEST = "smallest"
    UNSEEN = "unseen"
    REFUSED = "refused"
    CHARGED = "charged"
    MOVED = "moved"
    FILES = "files"


IN_STEPS = (
    Idea.NAME, Idea.DAEMON, Idea.VANITY, Idea.CHALLENGE, Idea.SCOPE, Idea.DIGEST, Idea.COUNTS, Idea.PLATFORM, Idea.ELSEWHERE,
    Idea.VERIFIED,
)  # fmt: skip
"""What steps show; a pull that shows one of them not is helped out with the demo's."""
AFTER = (Idea.OTHERS, Idea.AGAIN)
"""What no single pull shows."""
OF_A_DOMAIN = (Idea.SMALLEST, Idea.UNSEEN, Idea.REFUSED, Idea.CHARGED, Idea.MOVED, Idea.FILES)
"""What a person needs who wants a registry domain of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """An idea in a few sentences, said where it first shows."""

    name: str
    beginner: str
    section: Section


IDEAS: dict[Idea, Thought] = {
    Idea.NAME: Thought(
        name="Which host a name means",
        beginner=(
            "In full, the name of this image is `{reference}`: a registry, a repository and a tag. Short names are completed: "
            "`nginx` stands for `docker.io/library/nginx:latest`. What is before the first slash is a host only if it has a "
            "dot or a colon in it, or is localhost; any other name is one of Docker Hub, docker.io, which is asked at "
            "registry-1.docker.io. Here {host} is asked."
        ),
        section=_NAMES,
    ),
    Idea.DAEMON: Thought(
        name="Who asks",
        beginner=(
            "`docker pull` only hands the name to a daemon, a program in the background, and every request below is the "
            "daemon's. So the daemon has to be told of a proxy, and has to trust the proxy's CA (the authority that signs its "
            "certificates): HTTPS_PROXY in your shell changes nothing. podman, skopeo and crane have no daemon. There the "
            "command asks, and the shell's settings count."
        ),
        section=_PROXY,
    ),
    Idea.COMMAND: Thought(
        name="Who asks",
        beginner=(
            "{client} has no daemon: the command makes every request itself, with the proxy and the CA of the shell that it "
            "was started from. docker is different: `docker pull` hands the name to a daemon, and the daemon needs the settings."
        ),
        section=_PROXY,
    ),
    Idea.VANITY: Thought(
        name="What a vanity domain can and cannot move",
        beginner=(
            "{vanity} is a vanity domain: a name of somebody's own in front of a registry. It holds no image. It answers "
            "{status}, a redirect: the client has to ask {target} instead. Such a domain decides where questions about names "
            "are sent. It cannot change what the answers say: the digests, the address of the token server and the place of "
            "the bytes come from the registry behind it. And some clients lose their token on the way to another host."
        ),
        section=REDIRECTIONS,
    ),
    Idea.CHALLENGE: Thought(
        name="Why a 401 comes first",
        beginner=(
            "The 401 is no failure. Its header WWW-Authenticate says where to get a token. The realm is the address of the "
            "token server, {realm}; the service is the name by which that server knows this registry, {service}; the scope is "
            "what the token has to be good for. A client cannot know the address beforehand, so it asks without a token once "
            "and is told."
        ),
        section=CHALLENGES,
    ),
    Idea.SCOPE: Thought(
        name="What a scope is",
        beginner=(
            "The scope that was asked for is `{scope}`: a kind of thing, its name and what one wants to do with it. The client "
            "makes it of the name that was typed, and the registry accepts the token for a repository of exactly that name. So "
            "a domain in front of a registry has to keep the path: a token for another name is refused or useless."
        ),
        section=SCOPES,
    ),
    Idea.DIGEST: Thought(
        name="What a digest guarantees",
        beginner=(
            "A tag is a label: tomorrow it can be on another image. A digest is the sha256 of the content itself, of a "
            "manifest's text or a layer's compressed archive, byte for byte; here it is {digest}. From here on everything is "
            "requested by digest, so wrong bytes are noticed, whether sent by mistake or on purpose. What a digest does not "
            "say is who made the image; a signature does."
        ),
        section=DIGESTS,
    ),
    Idea.COUNTS: Thought(
        name="Why HEAD, and what counts as a pull",
        beginner=(
            "HEAD asks for the headers of an answer without the answer, which is enough to learn the digest. A client that has "
            "this digest already can stop here. Docker Hub limits pulls: it counts each GET of a manifest and no HEAD, for "
            "your IP address, or for your account if you are logged in."
        ),
        section=_LIMIT,
    ),
    Idea.PLATFORM: Thought(
        name="What a platform is",
        beginner=(
            "A platform is an operating system, an architecture and sometimes a variant: linux/amd64, linux/arm/v7. The client "
            "takes the entry of its own machine, here {platform}; `--platform` asks for another. Entries for unknown/unknown "
            "are for no machine: they lead to statements about the image, such as how it was built (attestations)."
        ),
        section=INDEX,
    ),
    Idea.ELSEWHERE: Thought(
        name="Where the bytes really come from",
        beginner=(
            "The registry does not send these bytes itself. It redirects ({status}) to {target}, a storage server or a CDN. "
            "The URL is signed: it says what may be fetched and until when, with a signature of the registry. Whoever has it "
            "can fetch this one blob for a short time, so no token is needed there, and the token stays behind: clients do not "
            "show it to another host. A firewall that lets only the registry and the token server through stops the pull here. "
            "The registry chooses the storage host, and may choose another tomorrow."
        ),
        section=BLOBS,
    ),
    Idea.VERIFIED: Thought(
        name="Why it does not matter who sends them",
        beginner="The client hashes what comes: sha256 of these {size} is the digest that was asked for, so these are the bytes.",
        section=DIGESTS,
    ),
    Idea.FAILED: Thought(name="What went wrong", beginner="This request failed: {failure}.", section=ERRORS),
    Idea.OTHERS: Thought(
        name="What other clients ask",
        beginner=(
            "All clients fetch manifests, config and layers in the same way. They differ in how they begin: not all check "
            "/v2/ first, and only some ask for the tag by HEAD."
        ),
        section=SUPPORT,
    ),
    Idea.AGAIN: Thought(
        name="What a second pull asks",
        beginner=(
            "docker asks for the tag once more, by HEAD. If the answer is the digest that it has, it stops: nothing is "
            "downloaded and nothing is counted. If the tag has moved, it fetches the new manifests, and of the layers only "
            "those that it does not have. podman fetches manifests and config again, by GET, and no layer that it has."
        ),
        section=EXISTENCE,
    ),
    Idea.SMALLEST: Thought(
        name="A vanity domain at its smallest",
        beginner=(
            "One rule is enough: every path below /v2/ is answered with a redirect (302) to the same path at the registry. The "
            "paths that are asked for are /v2/ itself, /v2/NAME/manifests/TAG or DIGEST, and /v2/NAME/blobs/DIGEST. /v2/ "
            "must lead to the registry's /v2/, with its slash. Besides, the domain needs a DNS record and a certificate that "
            "the clients trust, because they ask by HTTPS. Try the rule before there is a domain: `pullscope vanity try`."
        ),
        section=REDIRECTIONS,
    ),
    Idea.UNSEEN: Thought(
        name="What a vanity domain never sees",
        beginner=(
            "{vanity} answered {asked} and sent {sent}. It learns who asks (the IP address and the name of the client) and for "
            "which image. It never sees the manifests and layers, which come from the registry and its storage; nor the "
            "passwords and tokens of docker, which go to the token server and the registry. (skopeo, podman and older crane do "
            "show it their token.)"
        ),
        section=REDIRECTIONS,
    ),
    Idea.REFUSED: Thought(
        name="Who cannot pull through a redirect",
        beginner=(
            "A client that gets its token for the registry, and leaves it behind at the redirect, is refused with a 401. It "
            "fails where the registry wants a token, which Docker Hub does for public images too. For these clients the domain "
            "has to be a proxy: a server that asks the registry itself and passes on the answer."
        ),
        section=REDIRECTIONS,
    ),
    Idea.CHARGED: Thought(
        name="Whose rate limit is charged",
        beginner=(
            "Behind a redirect each client asks the registry itself, so its own IP address or account is charged. A proxy asks "
            "for everybody: its one address is charged for all of them."
        ),
        section=_LIMIT,
    ),
    Idea.MOVED: Thought(
        name="Moving the registry later",
        beginner=(
            "Copy the images, unchanged, to the new registry under the same path (`crane copy`, `skopeo sync`), then let the "
            "rule lead there. Nobody who pulls has to change a name, and digests stay what they were. Never redirect with 301 "
            "or 308, which mean for ever: a client that keeps such an answer goes on to the old registry. Whoever logs in "
            "needs a login of the new one."
        ),
        section=REDIRECTIONS,
    ),
    Idea.FILES: Thought(
        name="A registry of plain files",
        beginner=(
            "A registry that is only read can be files on a web server: /v2/ with status 200, each manifest under its tag and "
            "its digest, each blob under its digest. The headers matter: a manifest's Content-Type is its own media type, such "
            "as `application/vnd.oci.image.index.v1+json`, and Docker-Content-Digest is its digest. The server must not change "
            "a byte. No token is needed, so docker, podman and skopeo all pull. `pullscope vanity static` writes both."
        ),
        section=MANIFESTS,
    ),
}
