"""The words of the trade in a sentence or two each: for `pullscope explain TERM` and the end of docs/how-a-pull-works.md."""

from __future__ import annotations

TERMS: dict[str, str] = {
    "200": "Here it is: the answer to a request that went well.",
    "302": "A redirect: ask at the address in the header Location instead. 301, 303, 307 and 308 are redirects too; 301 and "
    "308 mean for ever.",
    "307": "A redirect, as registries use it to send a client to their storage: ask there, with the same method.",
    "401": "Get a token first, or log in: the header WWW-Authenticate says where. At the beginning of a pull it is normal.",
    "403": "Refused: the registry knows who asks, or does not care, and says no.",
    "404": "Not there, or not for you: a registry may say 404 of a private image.",
    "429": "Too many requests: a rate limit.",
    "anonymous": "Without a login. Docker Hub gives anonymous tokens for public images to anybody.",
    "attestation": "A statement about an image, stored beside it in the index: how it was built (provenance) or what is in it "
    "(SBOM). It is not needed to run the image.",
    "blob": "A piece of content under its digest: a layer or a config.",
    "CA": "A certificate authority. A client accepts a proxy's certificates only if it trusts the CA that signed them.",
    "CDN": "Servers that hold copies of blobs near the client. A registry redirects there; the host name can change.",
    "challenge": "The header WWW-Authenticate of a 401: realm, service and scope of the token that is wanted.",
    "config": "A small JSON document: which program to run, as which user, with which environment. Not a file of the image.",
    "credential": "What proves who asks: a user name and password, or a token.",
    "daemon": "A program in the background. `docker pull` asks the docker daemon, and the daemon asks the registry.",
    "digest": "sha256: and the hash of some content. Equal digest, equal bytes. Used instead of a tag: `IMAGE@sha256:…`",
    "HEAD": "A request for the headers of an answer only. On Docker Hub it does not count as a pull.",
    "index": "A document with the digest of one manifest for each platform. Also called manifest list.",
    "layer": "A compressed archive of files, laid over the layers below it. All layers together are the image's file system.",
    "login": "`docker login HOST` stores a user name and password (or token) for one host; another host does not get them.",
    "manifest": "The packing list of an image for one platform: the digests and sizes of its config and layers.",
    "media type": "What kind of document something is, in the header Content-Type: application/vnd.oci.image.manifest.v1+json.",
    "mirror": "A registry that is asked before the real one, set in the configuration of a client.",
    "mount": "A push asks the registry to take a layer over from another repository, so that it need not be sent.",
    "platform": "Operating system, architecture and sometimes variant of a machine: linux/amd64, linux/arm/v7.",
    "proxy": "A server that asks another server for a client and passes on the answer. pullscope looks from such a place.",
    "push": "Sending an image to a registry: layers and config first, the manifest last.",
    "rate limit": "How many pulls a registry allows in a time, for an IP address or an account; Docker Hub says what is left in "
    "the header ratelimit-remaining.",
    "realm": "In a challenge: the address of the token server.",
    "redirect": "An answer that says: ask there instead. See 302 and 307.",
    "reference": "The name of an image in full: `REGISTRY/REPOSITORY:TAG`, or `@DIGEST` for the tag.",
    "referrers": "The question which documents refer to an image, such as signatures. 404 or an empty list means none.",
    "registry": "A server that answers /v2/: documents (manifests) and files (blobs) under names and digests.",
    "repository": "A name at a registry under which an image has its tags: library/nginx.",
    "SBOM": "A list of the software in an image (software bill of materials).",
    "scope": "What a token is good for: `repository:NAME:pull`. NAME is the repository's name at the registry that is asked.",
    "service": "In a challenge: the name by which the token server knows the registry.",
    "signature": "A proof of who made an image. A digest only proves which bytes it has.",
    "signed URL": "An address that itself holds the permission to fetch one file for a short time; no token is needed.",
    "store": "Where a docker daemon keeps images: the classic store (graphdriver, docker 28 and older) or the containerd store "
    "(new installations of docker 29). The two ask a registry in different ways.",
    "tag": "A label on an image in a repository, such as latest. It can be moved to another image at any time.",
    "token": "A ticket that a token server gives for a short time and one scope; it is sent in the header Authorization.",
    "token server": "The server that gives tokens; it need not be the registry's host. Docker Hub's is auth.docker.io.",
    "upstream": "The registry behind a vanity domain, a mirror or a proxy: the one that has the images.",
    "vanity domain": "A name of your own in front of a registry of somebody else: docker.example.com.",
    "version check": "GET /v2/: is this a registry, and does it want a token? docker 29 leaves it out.",
}

ALSO = {
    "manifest list": "index",
    "image index": "index",
    "provenance": "attestation",
    "storage": "CDN",
    "pull": "manifest",
}
"""Other names, and under which a word is explained."""


def term(word: str) -> tuple[str, str] | None:
    """A word as it is spelled here, and what it means; None for a word that is not here."""
    known = {name.lower(): name for name in TERMS}
    asked = " ".join(word.replace("-", " ").split()).lower()
    name = known.get(ALSO.get(asked, asked).lower()) or known.get(asked.removesuffix("s"))
    return None if name is None else (name, TERMS[name])
