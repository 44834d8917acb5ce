"""The ideas behind the steps: what a reader has to understand once, explained where it first shows. Words only, no logic.

Sentences hold places such as `{host}` that `lesson` fills with what was seen. They are for beginners and assume nothing.
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
    """What a reader has to understand once, in the order in which it is explained."""

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
    PUSHED = "pushed"
    MOVED = "moved"
    FILES = "files"


BEFORE = (Idea.NAME, Idea.DAEMON, Idea.COMMAND)
"""What belongs to the whole pull: explained before its first request."""
IN_STEPS = (
    Idea.NAME, Idea.DAEMON, Idea.VANITY, Idea.CHALLENGE, Idea.SCOPE, Idea.DIGEST, Idea.COUNTS, Idea.PLATFORM, Idea.ELSEWHERE,
    Idea.VERIFIED,
)  # fmt: skip
"""What steps show; what a pull does not show is explained with the demo's."""
AFTER = (Idea.OTHERS, Idea.AGAIN)
"""What no single pull shows."""
OF_A_DOMAIN = (Idea.SMALLEST, Idea.UNSEEN, Idea.REFUSED, Idea.CHARGED, Idea.PUSHED, Idea.MOVED, Idea.FILES)
"""What one needs to know to run a registry domain of one's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """An idea in a few sentences."""

    name: str
    beginner: str
    section: Section


IDEAS: dict[Idea, Thought] = {
    Idea.NAME: Thought(
        name="Which host a name means",
        beginner=(
            "The full name of this image is `{reference}`: registry, repository and tag. docker completes short names: "
            "`nginx` means `docker.io/library/nginx:latest`. The part before the first slash is a host if it contains a "
            "dot or a colon, or is `localhost`. Every other name is on Docker Hub, whose name is docker.io and whose "
            "requests go to registry-1.docker.io. This pull asks {host}."
        ),
        section=_NAMES,
    ),
    Idea.DAEMON: Thought(
        name="Who asks",
        beginner=(
            "`docker pull` only passes the name to the docker daemon, a program in the background. The daemon makes all "
            "the requests, and is the client from here on. So proxy and CA are settings of the daemon: `HTTPS_PROXY` in "
            "your shell changes nothing. Set the proxy in the daemon's service (systemd: "
            '`Environment="HTTPS_PROXY=http://127.0.0.1:8080"`) or under `proxies` in daemon.json (docker 23 and newer), '
            "and restart the daemon. A proxy that reads HTTPS signs certificates with its own CA (certificate authority), "
            "so the daemon has to trust this CA. For most registries, and for a registry with a private CA, put it into "
            "`/etc/docker/certs.d/HOST/ca.crt`; for Docker Hub into the system's store, or into a directory that "
            "`SSL_CERT_DIR` names in the daemon's service. (`pullscope docker on` does all this.) Other clients, such as "
            "podman, skopeo and crane, have no daemon: the command makes the requests and uses your shell's settings."
        ),
        section=_PROXY,
    ),
    Idea.COMMAND: Thought(
        name="Who asks",
        beginner=(
            "{client} has no daemon: the command makes every request itself and uses the proxy and the CA of the shell "
            "that started it. docker is different: `docker pull` passes the name to the docker daemon, a program in the "
            "background. There the daemon needs the settings, and `HTTPS_PROXY` in your shell changes nothing."
        ),
        section=_PROXY,
    ),
    Idea.VANITY: Thought(
        name="What a vanity domain can and cannot change",
        beginner=(
            "{vanity} is a vanity domain: a name of your own in front of a registry. It stores no image. It answers "
            "{status}, a redirect: the client has to ask {target} instead, at the address in the header Location. The "
            "domain decides which registry is asked. It cannot change the answers: digests, the token server's address "
            "and the storage host come from the registry behind it. Some clients lose their token at the redirect and "
            "fail; the others pull as from the registry itself."
        ),
        section=REDIRECTIONS,
    ),
    Idea.CHALLENGE: Thought(
        name="Why a 401 comes first",
        beginner=(
            "This 401 is normal. Its header WWW-Authenticate, the challenge, says where to get a token: the realm is the "
            "token server's address, {realm}; the service is the name by which that server knows this registry, "
            "{service}. For a repository there is a scope too: what the token has to allow. A client cannot know the "
            "address beforehand, so its first request goes without a token."
        ),
        section=CHALLENGES,
    ),
    Idea.SCOPE: Thought(
        name="What a scope is",
        beginner=(
            "The scope in this request is `{scope}`: a type, a repository and an action. The client builds it from the "
            "name that you typed (a registry may also name it in its 401), and the registry accepts the token for this "
            "repository only. This is why a domain in front of a registry should keep the path: with another path, docker "
            "28 and older ask for a token for the wrong repository and fail. docker 29 and containerd ask for both "
            "repositories, which Docker Hub allows and ghcr.io refuses."
        ),
        section=SCOPES,
    ),
    Idea.DIGEST: Thought(
        name="What a digest guarantees",
        beginner=(
            "A tag is a label; tomorrow it can point to another image. A digest is the sha256 hash of the content, byte "
            "for byte as it is sent: of the JSON text of an index, manifest or config, of a layer's compressed archive. "
            "Here it is {digest}. From here on the client asks for everything by digest and hashes what it gets, so "
            "changed bytes are noticed. The index lists the digests of the manifests, and each manifest those of its "
            "config and layers; so this one digest fixes the whole image, and `IMAGE@sha256:…` always pulls the same one. "
            "A digest does not say who made the image: that needs a signature."
        ),
        section=DIGESTS,
    ),
    Idea.COUNTS: Thought(
        name="Why HEAD, and what counts as a pull",
        beginner=(
            "HEAD asks for the headers of an answer without its body, which is enough to learn the digest. A client that "
            "has this digest already can stop here. Docker Hub limits pulls. HEAD requests, configs and layers do not "
            "count; GETs of manifests do, by its documentation as one pull for each architecture. The limit is per IP "
            "address, or per account if you are logged in; the headers ratelimit-limit and ratelimit-remaining of a "
            "manifest's answer say what is left."
        ),
        section=_LIMIT,
    ),
    Idea.PLATFORM: Thought(
        name="What a platform is",
        beginner=(
            "A platform is an operating system, an architecture and, for ARM, a variant (version of the architecture): "
            "linux/amd64, linux/arm/v7. The client takes the entry for its own machine, here {platform}; `--platform` "
            "asks for another. If no entry fits, the pull fails. Entries for unknown/unknown are not images but "
            "statements about them, such as how an image was built (attestations)."
        ),
        section=INDEX,
    ),
    Idea.ELSEWHERE: Thought(
        name="Where the bytes come from",
        beginner=(
            "The registry does not send the blob itself. It redirects ({status}) to {target}: storage, or a CDN (servers "
            "that keep copies near you). That URL is signed: its query says which blob may be fetched and until when, and "
            "carries the registry's signature. Anyone who has the URL can fetch this one blob until then, so no token is "
            "needed. Clients do not send the token to another host either, where it could be misused until it expires; a "
            "storage that gets both refuses (Amazon S3 with 400). A firewall has to allow three hosts: the registry, the "
            "token server and the storage host. The registry chooses the storage host and can change it at any time."
        ),
        section=BLOBS,
    ),
    Idea.VERIFIED: Thought(
        name="Why it does not matter who sends them",
        beginner=(
            "The client hashes what arrives. The sha256 of this blob ({size}) is the digest that it asked for, so these "
            "are the right bytes. If it were not, the client would discard them and the pull would fail."
        ),
        section=DIGESTS,
    ),
    Idea.FAILED: Thought(
        name="What went wrong",
        beginner=("This request failed: {failure}."),
        section=ERRORS,
    ),
    Idea.OTHERS: Thought(
        name="What other clients ask",
        beginner=(
            "All clients fetch manifests, config and layers in the same way and differ in how they begin. Some leave out "
            "the version check (GET /v2/): their first 401 is the answer to the request for the tag. Some ask for the tag "
            "with HEAD and then get the manifest by digest, others GET it by tag at once. Parts of docker 29 and "
            "containerd do not share tokens, so they fetch several."
        ),
        section=SUPPORT,
    ),
    Idea.AGAIN: Thought(
        name="What a second pull asks",
        beginner=(
            "docker asks for the tag once more, with HEAD. If the digest is the one that it has, it stops: nothing is "
            "downloaded and nothing is counted. If the tag has moved, it fetches the new manifests, and only the layers "
            "that it does not have. podman GETs manifests and config again, which counts, and no layer that it has."
        ),
        section=EXISTENCE,
    ),
    Idea.SMALLEST: Thought(
        name="The smallest vanity domain",
        beginner=(
            "One rule on a web host is enough: answer every path below /v2/ with status 302 and a Location header that "
            "names the same path at the registry. As a line of Netlify's `_redirects` file: `/v2/* "
            "https://registry-1.docker.io/v2/:splat  302`. No other header and no body is needed. Clients ask for /v2/, "
            "/v2/NAME/manifests/TAG, /v2/NAME/manifests/DIGEST and /v2/NAME/blobs/DIGEST. /v2/ must lead to the "
            'registry\'s /v2/ with its slash, or docker 28 and older fail with "unauthorized". To serve your own images '
            "only, write /v2/ORG/* and a rule for /v2/. The domain also needs a DNS record (a CNAME to the web host) and "
            "a certificate for its name from a public CA, because clients use HTTPS. Try the rule before you have a "
            "domain: `pullscope vanity try`."
        ),
        section=REDIRECTIONS,
    ),
    Idea.UNSEEN: Thought(
        name="What a vanity domain never sees",
        beginner=(
            "In one pull {vanity} answered {asked} and sent {sent}. It sees who asks (IP address, and the program in the "
            "header User-Agent) and for which image. It does not see manifests and layers: they come from the registry "
            "and its storage. It does not see requests to the token server, nor docker's password and token. (skopeo, "
            "podman and older crane do send it their token.)"
        ),
        section=REDIRECTIONS,
    ),
    Idea.REFUSED: Thought(
        name="Who cannot pull through a redirect",
        beginner=(
            "podman, skopeo, buildah and older crane send their token to the host in the name, {vanity}. At the redirect "
            "to another host they drop it, as clients do, so the registry is asked without a token and answers 401. "
            "docker does it the other way round: it asks {vanity} without a token and sends the token to the registry. "
            "The others fail wherever the registry wants a token, which Docker Hub does for public images too. For them "
            "the domain has to be a proxy: a server that asks the registry itself and passes on the answers."
        ),
        section=REDIRECTIONS,
    ),
    Idea.CHARGED: Thought(
        name="Whose rate limit is charged",
        beginner=(
            "Behind a redirect each client asks the registry itself, so its own IP address or account is charged. A proxy "
            "asks for all of its clients, so its one address is charged for all of them."
        ),
        section=_LIMIT,
    ),
    Idea.PUSHED: Thought(
        name="Logging in and pushing",
        beginner=(
            "`docker login docker.example.com` stores a login for this name. docker 28 and older use it for the registry "
            "behind the redirect too; docker 29, containerd, podman, skopeo and crane do not, so a private image needs a "
            "proxy. Do not push through a redirect: a 302 turns the PUT of the manifest into a GET, and docker may report "
            "success without uploading anything. Push to the registry by its own name."
        ),
        section=REDIRECTIONS,
    ),
    Idea.MOVED: Thought(
        name="Moving to another registry",
        beginner=(
            "Copy the images unchanged to the same path at the new registry (`crane copy`, `skopeo sync`), then change "
            "the rule. Names and digests stay the same, so users change nothing. Logins are not moved: users who log in "
            "need one for the new registry. Do not redirect with 301 or 308, which are permanent: a client that remembers "
            "one would go on asking the old registry."
        ),
        section=REDIRECTIONS,
    ),
    Idea.FILES: Thought(
        name="A registry of plain files",
        beginner=(
            "A read-only registry can be files on a web server: `/v2/` answers 200, each manifest is a file under its tag "
            "and under its digest, each blob under its digest. GET and HEAD of a manifest need two headers: Content-Type "
            "with the manifest's own media type, such as `application/vnd.oci.image.index.v1+json`, and "
            "Docker-Content-Digest with its digest. The server must not change a byte. No token is needed, so docker, "
            "podman and skopeo all pull. `pullscope vanity static` writes the files and the headers for your web server."
        ),
        section=MANIFESTS,
    ),
}
