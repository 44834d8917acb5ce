"""The one table of faults, by the code of the finding that each causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pullscope.oci.messages import Answerer, World
from pullscope.oci.reference import HUB_INDEX
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults import at_the_registry, at_the_vanity_host
from pullscope.worlds.hub.faults.at_the_vanity_host import RENAMED
from pullscope.worlds.hub.faults.fault import HELLO_REFERENCE, LIST_TAGS, PUSH, WITHOUT_TLS, Fault, Lay, Sleep
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE
from pullscope.worlds.hub.token_server import REALM_HOST


def _fault(
    code: str, title: str, client: str = "", reference: str = SAMPLE_REFERENCE, unseen: str | None = None
) -> Fault:
    """What is laid around the world has the name of the code, at the registry or at the vanity host."""
    name = code.replace("-", "_")
    vanity = hasattr(at_the_vanity_host, name)
    lay: Lay = getattr(at_the_vanity_host if vanity else at_the_registry, name)
    client = client or ("docker-classic" if vanity else "docker-containerd")
    hidden = frozenset(filter(None, [unseen]))
    return Fault(code=code, title=title, lay=lay, client=client, reference=reference, vanity=vanity, unseen=hidden)


FAULTS: Mapping[str, Fault] = {
    fault.code: fault
    for fault in (
        _fault("rate-limited", "429 for every manifest"),
        _fault("rate-limit-low", "only four of a hundred pulls are left"),
        _fault("token-rejected", "the registry treats every token as expired", "docker-classic"),
        _fault("token-server-failed", "the token server answers 500 and a web page"),
        _fault("challenge-unreadable", "a 401 that names no token server"),
        _fault("access-denied", "a private repository, pulled without a login", "docker-classic"),
        _fault("credentials-not-used", "the registry requires a login", "docker-classic"),
        _fault("manifest-unknown", "the tag does not exist"),
        _fault("name-unknown", "the repository does not exist", "docker-classic"),
        _fault("blob-unknown", "the manifest exists, its layers do not"),
        _fault("registry-failed", "503 for every manifest"),
        _fault("request-failed", "a policy blocks the image for all clients"),
        _fault("accept-too-narrow", "406 for every manifest"),
        _fault("upload-refused", "the registry rejects a pushed manifest", PUSH, HELLO_REFERENCE),
        _fault("upload-too-large", "nginx in front refuses the manifest", PUSH, HELLO_REFERENCE),
        _fault("write-denied", "a push without permission", PUSH, HELLO_REFERENCE),
        _fault("no-matching-platform", "an image for s390x and ppc64le only"),
        _fault("schema1-only", "a manifest in the format of 2014 (schema 1)"),
        _fault("manifest-too-large", "an index of more than 4 MiB"),
        _fault("wrong-content-type", "manifests sent as application/octet-stream"),
        _fault("manifest-unreadable", "a JSON status instead of a manifest"),
        _fault("missing-content-digest", "no Docker-Content-Digest"),
        _fault("head-not-allowed", "405 for HEAD"),
        _fault("slow-hop", "resolving the tag takes three seconds"),
        _fault("link-points-elsewhere", "the next page of the tags is on another host", LIST_TAGS),
        _fault("plain-http-fallback", "a registry without TLS", WITHOUT_TLS),
        _fault(
            "token-request-elsewhere",
            "the token is requested by a process that is not traced",
            "buildkit",
            unseen=REALM_HOST,
        ),
        _fault("host-not-traced", "requests to the storage bypass the proxy", unseen=CDN_HOST),
        _fault("cdn-failed", "the storage answers 503"),
        _fault("signed-url-invalid", "the storage rejects the signature of its URL"),
        _fault("signed-url-expired", "the storage says that its URL has expired"),
        _fault("digest-mismatch", "one bit of each large layer is wrong"),
        _fault("size-mismatch", "large layers end half-way"),
        _fault("range-ignored", "cut off once; the retry gets all of it", "docker-classic"),
        _fault("retried", "the storage answers 503 once for each blob", "docker-classic"),
        _fault("two-auth-mechanisms", "the storage asks for a token, then refuses it"),
        _fault("authorization-dropped", "a plain 302; skopeo drops its token there", "skopeo"),
        _fault("authorization-leaked", "/v2/ redirected, the rest proxied", "skopeo"),
        _fault("ping-not-redirected", "404 for /v2/"),
        _fault("ping-not-a-registry", "a landing page at /v2/"),
        _fault("ping-slash-lost", "/v2/ redirected to /v2"),
        _fault("ping-other-host", "/v2/ redirected to another registry than the rest"),
        _fault("path-not-redirected", "no rule for this repository"),
        _fault("redirect-loop", "the domain redirects to itself"),
        _fault("redirect-unreadable", "302 without a Location", "docker-containerd"),
        _fault("redirect-downgrade", "from https to http"),
        _fault("redirect-permanent", "301 instead of 302"),
        _fault("upstream-unreachable", "redirected to a host that does not exist"),
        _fault("query-dropped", "redirected without the query", LIST_TAGS),
        _fault("push-over-redirect", "a push through a plain 302 writes nothing", PUSH, HELLO_REFERENCE),
        _fault("library-prefix-missing", "hello instead of library/hello", reference="hello:1.0"),
        _fault("scope-mismatch", "the path is renamed on the way", reference=RENAMED),
        _fault("scope-refused", "renamed; the token server refuses it", reference=RENAMED),
    )
}


def lay_faults(world: World, faults: Iterable[Fault], *, sleep: Sleep) -> dict[str, Answerer]:
    """A registry's parts with these faults laid around them, one after the other.

    ValueError where a fault is about a part that this registry does not have.
    """
    changed = dict(world)
    for fault in faults:
        try:
            laid = fault.lay(changed, sleep)
        except KeyError as missing:
            lacks = {REALM_HOST: "token server", CDN_HOST: "storage of its own"}.get(missing.args[0])
            if lacks is None:
                raise
            raise ValueError(f"{fault.code} cannot be played: this registry has no {lacks}.") from None
        except ValueError as error:
            raise ValueError(f"{fault.code} cannot be played: {error}.") from None
        changed.update(laid)
        if REGISTRY_HOST in laid and HUB_INDEX in changed:
            changed[HUB_INDEX] = laid[REGISTRY_HOST]  # the same registry, by the name that crane uses
    return changed
