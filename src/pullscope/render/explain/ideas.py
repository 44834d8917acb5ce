"""The ideas behind the steps: what a reader has to understand once, explained where it first shows. Words only, no logic.
One file, because the sentences build on each other in the order of `Idea`.

Sentences hold places such as `{host}` that `lesson` fills with what was seen. They are for beginners and assume nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullscope.oci.text_table import rows
from pullscope.render.explain.table import SECTIONS, Section


class Idea(StrEnum):
    """What a reader has to understand once, in the order in which it is explained."""

    NAME = "name"
    DAEMON = "daemon"
    TRUST = "trust"
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


BEFORE = (Idea.NAME, Idea.DAEMON, Idea.TRUST, Idea.COMMAND)
"""What belongs to the whole pull: explained before its first request."""
IN_STEPS = (
    Idea.NAME, Idea.DAEMON, Idea.TRUST, Idea.VANITY, Idea.CHALLENGE, Idea.SCOPE, Idea.DIGEST, Idea.COUNTS, Idea.PLATFORM,
    Idea.ELSEWHERE, Idea.VERIFIED,
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


TABLE = r"""
name: Which host a name means
    section NAMES
    says The full name of this image is `{reference}`: registry, repository (a name with images there) and tag (a label of one
        image). docker completes short names: `nginx` means `docker.io/library/nginx:latest`. The part before the first slash is
        a host if it contains a dot or a colon, or is `localhost`. Every other name is one at Docker Hub: its name in image
        names is docker.io, the host that is asked is registry-1.docker.io. `library/` is added there only, to names of one
        part.
daemon: Who asks
    section PROXY
    says `docker pull` only passes the name to the docker daemon, a program in the background (with Docker Desktop in a virtual
        machine). The daemon looks up the hosts' addresses, makes all the requests, and is the client from here on. So
        `HTTPS_PROXY` in your shell changes nothing. A proxy passes requests on; the daemon needs its address, as seen from the
        daemon's machine, and a restart: in its service (systemd: `Environment="HTTPS_PROXY=http://127.0.0.1:8080"` below
        `[Service]` in /etc/systemd/system/docker.service.d/NAME.conf, then `systemctl daemon-reload`), or under `proxies` in
        daemon.json (docker 23 and newer; Docker Desktop has it in its Settings). Your shell's settings are used by clients
        without a daemon (podman, skopeo, crane), `docker manifest`, `docker buildx imagetools`, and `docker build` for its
        tokens: the command gets them itself, so a trace of the daemon lacks them (`BUILDKIT_NO_CLIENT_TOKEN=1` makes the daemon
        ask).
trust: Which certificates it accepts
    section PROXY
    says The daemon has to trust every CA (certificate authority) that signs the certificates it is shown: your registry's
        private CA, or that of a proxy that reads HTTPS. A CA in your browser or home directory does not count. Put it into
        `/etc/docker/certs.d/HOST/ca.crt`; no restart is needed. HOST is the host in the image's name, as typed; the CA is then
        trusted for hosts that HOST redirects to as well. Docker Hub is an exception: docker 29 reads `certs.d/docker.io`;
        docker 28 and older read nothing there for it, so put the CA into the system's store or a directory that `SSL_CERT_DIR`
        names in the daemon's service, and restart the daemon. (`insecure-registries: ["docker.io"]` and
        `certs.d/registry-1.docker.io` do not help.) `pullscope docker on` sets proxy and CA. podman and skopeo read certs.d,
        too; crane reads the system's store.
command: Who asks
    section PROXY
    says {client} has no daemon: the command makes every request itself and uses the proxy and the CA of the shell that started
        it. docker is different: `docker pull` passes the name to the docker daemon, a program in the background. There the
        daemon needs the settings, and `HTTPS_PROXY` in your shell changes nothing.
vanity: What a vanity domain can and cannot change
    section REDIRECTIONS
    says {vanity} is a vanity domain: a name of your own in front of a registry. It stores no image. It answers {status}, a
        redirect: the client has to ask {target} instead, at the address in the header Location. So the owner of the domain, who
        can redirect elsewhere, decides which registry is asked, and which image a tag means; only a digest in the name fixes
        the image. While it redirects to the registry, digests, the token server's address and the storage host come from there
        unchanged.
challenge: Why a 401 comes first
    section CHALLENGES
    says This 401 is normal. Its header (a line before the content) WWW-Authenticate, the challenge, says where to get a token:
        the realm is the token server's address, {realm}; the service is the name by which that server knows this registry,
        {service}. A 401 for a repository can also name a scope, the permission that is needed. A client cannot know the address
        beforehand, so its first request goes without a token.
scope: What a scope is
    section SCOPES
    says The client asks `REALM?service=SERVICE&scope=SCOPE`; service is copied from the challenge. The scope in this request is
        `{scope}`: a type, a repository and an action. The client builds it from the name that you typed (docker 28 and older
        ignore a scope in the challenge; docker 29 and containerd ask for that one as well), and the registry accepts the token
        for this repository only. This is why a domain in front of a registry should keep the path. With another path, docker 28
        and older ask for a token for the name that was typed and fail; docker 29 and containerd (on Kubernetes nodes) ask for
        that name and the registry's: Docker Hub grants the one that it allows, so these clients pull; ghcr.io refuses the whole
        request (403), so they fail. docker then says "denied". Another path works for all clients only with a registry without
        tokens, or a reverse proxy (it asks the registry and passes on the answers) that also rewrites the challenge's realm and
        the token request's scope.
digest: What a digest guarantees
    section DIGESTS
    says A tag is a label; tomorrow it can point to another image, and the client believes the answer that it gets. A digest is
        the sha256 hash of the content as the registry has it (compression in transit, Content-Encoding, is undone first): of
        the JSON text of an index (list of manifests), manifest or config, or of a layer's compressed archive. Here it is
        {digest}. From here on docker asks for everything by digest: a tag that moves during the pull changes nothing. It hashes
        what it gets, so changed bytes are noticed. The index lists the digests of the manifests, and each manifest those of its
        config and layers; so this one digest fixes the whole image, and `IMAGE@sha256:…` always pulls the same one. A digest
        does not say who made the image: that needs a signature.
counts: Why HEAD, and what counts as a pull
    section LIMIT
    says HEAD asks for an answer's headers without its content: enough to learn the digest. Docker Hub limits pulls. HEAD
        requests, configs and layers do not count. GETs of manifests do. By Docker's documentation, those of one pull for one
        architecture count as one, and the limit in 6 hours is 100 per IP address (IPv6: per /64 network) or, if you are logged
        in, 200 per account (no limit for paid ones). The headers ratelimit-limit and ratelimit-remaining in answers to GET and
        HEAD of a manifest say the limit and what is left, such as `100;w=21600`: 100 in 21,600 seconds. Beyond the limit Docker
        Hub answers 429, `toomanyrequests`.
platform: What a platform is
    section INDEX
    says A platform is an operating system, an architecture and, for ARM, a variant (version of the architecture): linux/amd64,
        linux/arm/v7. The client takes the entry for its own machine, here {platform}; `--platform` asks for another. If no
        entry fits, the pull fails (docker 28: "no matching manifest for …"). Entries for unknown/unknown are not images but
        statements about them, such as how an image was built (attestations).
elsewhere: Where the bytes come from
    section BLOBS
    says This registry does not send blobs itself (some do). It redirects ({status}) to {target}: storage, or a CDN (servers
        that keep copies near you). Such a URL is usually signed: its query has an expiry time (often 10 to 60 minutes later)
        and a signature, which permits the download and says nothing about who made the image. Until it expires, anyone with the
        URL can fetch this one blob without a token, so keep the URL secret; after that the storage answers 403, so the redirect
        must not be cached for longer. At a redirect, clients written in Go (docker, podman) keep Authorization only on the same
        host and its sub-domains: another host could misuse the token, and some storage refuses a request with token and
        signature. A firewall has to allow three hosts: the registry, the token server and the storage host, which the registry
        can change at any time. A vanity domain, below, is a fourth.
verified: Why any host may send the bytes
    section DIGESTS
    says The sha256 of this blob ({size}) is the digest that was asked for. If it differed, the client would discard the bytes
        and fail.
failed: What went wrong
    section ERRORS
    says This request failed: {failure}.
others: What other clients ask
    section SUPPORT
    says Clients differ in how they begin; manifests, config and layers are fetched alike. (docker 29.1 and newer also gets
        attestations and asks for referrers.) Some leave out the version check: their first 401 is the answer to the request for
        the tag. Some ask for the tag with HEAD and then get the manifest by digest, others GET it by tag at once. docker 29 and
        containerd get one token to ask for the tag and one for the rest (two parts of the program); docker 29.1 and newer gets
        a third, for referrers.
again: What a second pull asks
    section EXISTENCE
    says docker begins in the same way, up to the HEAD of the tag. If the digest is the one that it has, it stops: nothing is
        downloaded and nothing is counted. If the tag has moved, it fetches the new manifests, and only the layers that it does
        not have. podman GETs the manifests again (which counts) and the config (which does not). Settings can name a mirror, a
        server that is asked before the registry: docker's `registry-mirrors` is for docker.io alone, never for
        docker.example.com; containerd's hosts.toml and podman's registries.conf have mirrors for any host.
smallest: The smallest vanity domain
    section REDIRECTIONS
    says You need a web host, a DNS record (a CNAME to the web host) and a certificate for your name from a public CA. (A CNAME
        to the registry is not enough: its certificate is not for your name.) Then one rule: answer every path below /v2/ with
        status 302 and a Location header that names the same path at the registry. In Netlify's `_redirects` file it is `/v2/*
        https://registry-1.docker.io/v2/:splat 302`, where `:splat` is what `*` stood for. At a 302 (or 307) clients repeat GET
        and HEAD unchanged. They send these for /v2/, /v2/NAME/manifests/TAG, /v2/NAME/manifests/DIGEST and
        /v2/NAME/blobs/DIGEST. The rule has to match /v2/ itself (`/v2/*` does), and its Location there has to end in a slash.
        Where either is missing, or /v2/ answers 200 or 401 by itself, docker 28 and older fail with "unauthorized". (If it
        answers 404, podman fails with "pinging container registry" even where no token is wanted; docker 29 pulls.) Users type
        `docker pull docker.example.com/ORG/IMAGE` (ORG of nginx is `library`). The one rule above serves anyone's images under
        your name; to serve only ORG, write two rules: `/v2/ORG/* https://registry-1.docker.io/v2/ORG/:splat 302` and `/v2/
        https://registry-1.docker.io/v2/ 302`. Try it first: `pullscope vanity try`.
unseen: What a vanity domain never sees
    section REDIRECTIONS
    says In one pull {vanity} answered {asked} and sent {sent} of content. It sees who asks (IP address, and the program in
        User-Agent) and for which image. It does not see manifests and layers: they come from the registry and its storage. It
        does not learn whether the pull succeeded (its log shows attempts). Requests to the token server, docker's token, and
        its password, even after `docker login docker.example.com`, do not come to it: they go where the registry's 401 sends
        them. (skopeo, podman, buildah and crane up to 0.21.7 do send it their token.) A reverse proxy sees manifests and token
        too; the password only if it rewrites the realm, which otherwise sends clients to the token server.
refused: Who cannot pull through a redirect
    section REDIRECTIONS
    says podman, skopeo, buildah and crane up to 0.21.7 send their token to {vanity}, the host in the image's name, and drop it
        at the redirect to another host. So they fail wherever the registry wants a token: it gets none and answers 401. docker,
        containerd, newer crane and regctl get the token for the registry that wants it and send it there. For the others the
        domain has to be a reverse proxy.
charged: Whose rate limit is charged
    section LIMIT
    says Behind a redirect each client asks the registry itself, so its own IP address or account is charged. A reverse proxy
        asks for its clients, so its one address is charged for all of them.
pushed: Logging in and pushing
    section REDIRECTIONS
    says `docker login docker.example.com` asks the token server that the 401 behind the redirect names whether the password is
        right, and stores the login for this name. docker 28 and older use it for the registry behind the redirect too; docker
        29, containerd, podman, skopeo and crane do not, so a private image needs a reverse proxy. Do not push through a
        redirect: a 302 turns the PUT of the manifest into a GET, and docker may report success without uploading anything. Push
        to the registry by its own name.
moved: Moving to another registry
    section REDIRECTIONS
    says Copy the images unchanged to the same path at the new registry (`crane copy`, `skopeo sync --all`), also those that
        users pull by digest and no tag means any more. Then change the rule: the next pull follows it. Names and digests stay
        the same, so users change nothing and keep what they have pulled. Where the new registry cannot have the same path, use
        a reverse proxy. Logins are not moved: users who log in need one for the new registry. Do not redirect with 301 or 308,
        which are permanent: a client that remembers one would go on asking the old registry. A 302 is for one request.
files: A registry of plain files
    section MANIFESTS
    says A read-only registry can be files on a web server, at the same paths: `/v2/` answers 200, each index, manifest and blob
        is a file under its digest, and the index or manifest that a tag means is one under the tag, too. GET and HEAD of a
        manifest need Content-Type with the manifest's own media type, such as `application/vnd.oci.image.index.v1+json`, and
        should have Docker-Content-Digest with its digest. docker and containerd refuse or misread a wrong type. The server must
        send each file as it is, unchanged and not compressed. No token is needed, so docker, podman and skopeo all pull.
        `pullscope vanity static` writes the files and the headers for your web server.
"""
"""The ideas by their names: the section that says so, and the sentences."""

IDEAS: dict[Idea, Thought] = {
    Idea(key): Thought(name=name, beginner=said["says"], section=SECTIONS[said["section"]])
    for key, name, said in rows(TABLE)
}
