"""Terms in a sentence or two each: for `pullscope explain TERM` and the end of docs/how-a-pull-works.md."""

from __future__ import annotations

from pullscope.oci.text_table import heads

TABLE = """
200: OK: the answer has what was asked for.
301: A redirect like 302, but permanent: a cache may keep it.
302: A redirect: ask again at the address in the header Location. At 301, 302 and 303 docker and other clients turn POST and PUT
        into GET.
307: A redirect that keeps the request's method; registries use it to send clients to their storage.
308: A redirect like 307, but permanent: a cache may keep it.
401: Authentication required: get a token, or log in; the header WWW-Authenticate says where. At the start of a pull it is normal.
403: Access denied: the login lacks a right. ghcr.io, the registry of GitHub, says it without a login, too.
404: Not found. Some registries say it for a private image too; Docker Hub says 401 for a missing one.
405: Method not allowed: the server refuses this kind of request (such as PUT or DELETE) at this address.
406: Not acceptable: the server has the document in none of the types that the header Accept lists.
429: Too many requests: a rate limit was reached.
500: The server failed. Its own log says why; try again later.
502: What stands in front of a registry (a proxy, a load balancer) did not get an answer from it, or not in time.
Accept: The header of a request that lists the document types (media types) that the client understands.
anonymous: Without a login. Docker Hub issues anonymous tokens for public images.
architecture: The kind of processor that an image is for, such as amd64 or arm64.
attestation: A statement about an image, stored beside it in the index: how it was built (provenance) or what is in it (SBOM). The
        image runs without it.
Basic: A challenge of a registry that wants a user name and password with each request, instead of a token.
blob: A layer or a config: a file at /v2/NAME/blobs/DIGEST.
cache: A place with copies of answers. One in front of a registry or domain may answer with an old redirect until it is emptied.
CA: Certificate authority: it signs certificates. A client accepts a proxy's certificates only if it trusts the proxy's CA.
CNAME: A record in DNS, the directory of host names: to find this name, look up that one.
CDN: Content delivery network: servers that keep copies of blobs near the client. A registry redirects there, to one host or
        several; the names can change.
certificate: What proves that a server is the host that it says: a CA signs it, for the names in it and for a time.
challenge: The header WWW-Authenticate of a 401. Bearer: a token is wanted, with realm, service and scope; Basic: a user name and
        password.
client: A program that pulls or pushes: the docker daemon, containerd (below docker and on many Kubernetes nodes; nerdctl is a
        command for it), or a command without a daemon: podman, skopeo, buildah, crane, regctl.
config: A small JSON document: which program to run, as which user, with which environment. It contains no file of the image.
container image: Layers (files), a config (how to start them) and the manifest that lists both. With an index, also all of these
        for several platforms.
Content-Type: The header of an answer that says which media type its content has.
credential: What proves who asks: a user name and password, or a token.
daemon: A program in the background. `docker pull` asks the docker daemon, and the daemon asks the registry.
diff_id: The sha256 of an unpacked layer. The config lists them; the manifest lists the digests of the compressed layers.
digest: A fingerprint of some content, its sha256 hash. The same digest means the same bytes. It can stand in the place of a tag:
        `IMAGE@sha256:…`
DNS: The directory of host names: it tells the address of the machine that has a name.
Docker Hub: Docker's registry, called docker.io in names. The host that is asked is registry-1.docker.io.
Docker-Content-Digest: The header of a registry's answer with the digest of what was asked for.
header: A line before the content of a request or answer, such as `Content-Type: application/json`.
hash: A number computed from content. With sha256, the same hash means the same content.
HEAD: A request for the headers of an answer only. On Docker Hub it does not count as a pull.
index: A JSON document with the digest of one manifest for each platform. Also called manifest list.
layer: A compressed archive of files. The layers, unpacked one over the other, are the image's file system.
login: `docker login HOST` stores a user name and password (or token) for one host, in ~/.docker/config.json or the system's
        password store.
manifest: The packing list of an image for one platform, a JSON document: the digests and sizes of its config and layers.
media type: What kind of document something is, in the header Content-Type: `application/vnd.oci.image.manifest.v1+json`.
mirror: A registry that a client asks before the real one, because its settings say so.
namespace: The part of a repository's name before its last slash: an owner, an organization or a project.
mount: In a push: the registry takes a layer from another of its repositories, so that it need not be uploaded.
platform: Operating system, architecture and, for ARM, variant of a machine: linux/amd64, linux/arm/v7. docker takes an older
        variant if its own is missing.
port: A number that, with the host, says which server on a machine is asked. HTTPS uses 443 unless the name has another:
        `example.com:5000/app`
proxy: A server that passes requests on for a client, and the answers back. pullscope works in one.
pull: Fetching an image from a registry: manifests, config and layers.
pull secret: A login that Kubernetes keeps as a secret (of the type docker-registry); a pod names it in imagePullSecrets.
push: Uploading an image to a registry (with POST, PATCH and PUT): layers and config first, the manifest last.
rate limit: How many pulls a registry allows in a time, per IP address or account. Docker Hub says what is left in the header
        ratelimit-remaining.
realm: In a challenge: the address of the token server.
redirect: An answer that sends the client to another address. See 302 and 307.
reference: The full name of an image: `REGISTRY/REPOSITORY:TAG` or `REGISTRY/REPOSITORY@DIGEST`. With both, the digest decides.
referrers: The documents that refer to an image, such as signatures, and the request for their list. 404 or an empty list: there
        are none.
registry: A web server that stores images and answers requests below /v2/.
resolve: To ask a registry for the digest that a tag stands for now.
repository: A name at a registry with images under tags: library/nginx.
reverse proxy: A server in front of a registry: it asks the registry itself and passes on the answers.
SBOM: Software bill of materials: a list of the software in an image.
scope: What a token allows: `repository:NAME:pull`. NAME is the repository that was typed; where a redirect changes it, docker 29
        and containerd ask for both names.
service: In a challenge: the name by which the token server knows the registry.
signature: A proof of who made an image. (The signature in a signed URL is another: it permits a download.)
signed URL: A URL that itself permits fetching one file for a short time; no token is needed.
store: Where a docker daemon keeps images: the classic store (docker up to 28, an upgraded docker 29) or the containerd store (new
        installations of docker 29 and of Docker Desktop since 4.34). They ask a registry differently.
tag: A label of an image in a repository, such as latest. It can be moved to another image at any time.
token: A ticket from a token server, valid for a short time and for the scopes that it names. Clients send it in the header
        Authorization. Docker Hub wants one for every image.
token server: The server that issues tokens, often on another host than the registry. Docker Hub's is auth.docker.io.
TLS: The encryption of HTTPS. The server shows a certificate for its name, and the client checks which CA signed it.
upstream: The registry behind a vanity domain, a mirror or a reverse proxy: the one with the images.
User-Agent: The header of a request that names the program that asks, often with its version.
vanity domain: A host name of your own in front of a registry, such as docker.example.com.
version check: GET /v2/: is this a registry, and does it want a token? docker 29, containerd, docker build (buildx) and regctl
        leave it out.
"""
"""A line for each, which goes on where lines are indented."""

TERMS = {word: text for head, _ in heads(TABLE) for word, _, text in [head.partition(": ")]}
TERMS["glossary"] = f"The words that `pullscope explain WORD` explains: {', '.join(sorted(TERMS, key=str.lower))}."

ALSO = {
    "manifest list": "index",
    "image index": "index",
    "provenance": "attestation",
    "storage": "CDN",
    "docker": "daemon",
    **dict.fromkeys(("containerd", "nerdctl", "podman", "skopeo", "buildah", "crane", "regctl"), "client"),
    "classic store": "store",
    "containerd store": "store",
    "put": "push",
    "image": "container image",
    "ping": "version check",
    "vanity": "vanity domain",
    "bearer": "token",
    "303": "302",
    "503": "502",
    "504": "502",
    "variant": "platform",
    "imagepullsecrets": "pull secret",
    "organization": "namespace",
    "docker.io": "Docker Hub",
    "https": "TLS",
    "www authenticate": "challenge",
    "location": "redirect",
}
"""Other names, and under which a word is explained."""


def term(word: str) -> tuple[str, str] | None:
    """A word as it is spelled here, and what it means; None for a word that is not here."""
    known = {_plain(name): name for name in TERMS}
    asked = _plain(word)
    name = known.get(_plain(ALSO.get(asked, asked))) or known.get(asked.removesuffix("s"))
    return None if name is None else (name, TERMS[name])


def _plain(word: str) -> str:
    """However it is spelled: `Signed-URL` is `signed url`."""
    return " ".join(word.replace("-", " ").split()).lower()
