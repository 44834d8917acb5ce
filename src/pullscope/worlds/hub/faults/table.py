"""The one table of faults, by the code of the finding that each causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pullscope.oci.messages import Answerer, World
from pullscope.oci.reference import HUB_INDEX
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults import at_the_registry, at_the_vanity_host
from pullscope.worlds.hub.faults.fault import HELLO_REFERENCE, LIST_TAGS, PUSH, WITHOUT_TLS, Fault, Lay, Sleep
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE
from pullscope.worlds.hub.token_server import REALM_HOST


def _strictly_renamed(world: World, sleep: Sleep) -> Mapping[str, Answerer]:
    return {**at_the_vanity_host.scope_mismatch(world, sleep), **at_the_registry.strict_token_server(world, sleep)}


def _fault(
    code: str,
    title: str,
    lay: Lay,
    client: str = "docker-containerd",
    reference: str = SAMPLE_REFERENCE,
    *,
    unseen: Iterable[str] = (),
) -> Fault:
    return Fault(code=code, title=title, lay=lay, client=client, reference=reference, unseen=frozenset(unseen))


def _vanity(
    code: str, title: str, lay: Lay, client: str = "docker-classic", *, reference: str = SAMPLE_REFERENCE
) -> Fault:
    return Fault(code=code, title=title, lay=lay, client=client, reference=reference, vanity=True)


_HOST, _RULES = at_the_registry, at_the_vanity_host

FAULTS: Mapping[str, Fault] = {
    fault.code: fault
    for fault in (
        _fault("rate-limited", "429 for every manifest", _HOST.rate_limited),
        _fault("rate-limit-low", "only four of a hundred pulls are left", _HOST.rate_limit_low),
        _fault("token-rejected", "the registry treats every token as expired", _HOST.token_rejected, "docker-classic"),
        _fault("token-server-failed", "the token server answers 500 and a web page", _HOST.token_server_failed),
        _fault("challenge-unreadable", "a 401 that names no token server", _HOST.challenge_unreadable),
        _fault("access-denied", "a private repository, pulled without a login", _HOST.access_denied, "docker-classic"),
        _fault("credentials-not-used", "the registry requires a login", _HOST.credentials_not_used, "docker-classic"),
        _fault("manifest-unknown", "the tag does not exist", _HOST.manifest_unknown),
        _fault("name-unknown", "the repository does not exist", _HOST.name_unknown, "docker-classic"),
        _fault("blob-unknown", "the manifest exists, its layers do not", _HOST.blob_unknown),
        _fault("registry-failed", "503 for every manifest", _HOST.registry_failed),
        _fault("request-failed", "a policy blocks the image for all clients", _HOST.request_failed),
        _fault("accept-too-narrow", "406 for every manifest", _HOST.accept_too_narrow),
        _fault("upload-refused", "the registry rejects a pushed manifest", _HOST.upload_refused, PUSH, HELLO_REFERENCE),
        _fault(
            "upload-too-large", "nginx in front refuses the manifest", _HOST.upload_too_large, PUSH, HELLO_REFERENCE
        ),
        _fault("write-denied", "a push without permission", _HOST.write_denied, PUSH, HELLO_REFERENCE),
        _fault("no-matching-platform", "an image for s390x and ppc64le only", _HOST.no_matching_platform),
        _fault("schema1-only", "a manifest in the format of 2014 (schema 1)", _HOST.schema1_only),
        _fault("manifest-too-large", "an index of more than 4 MiB", _HOST.manifest_too_large),
        _fault("wrong-content-type", "manifests sent as application/octet-stream", _HOST.wrong_content_type),
        _fault("manifest-unreadable", "a JSON status instead of a manifest", _HOST.manifest_unreadable),
        _fault("missing-content-digest", "no Docker-Content-Digest", _HOST.missing_content_digest),
        _fault("head-not-allowed", "405 for HEAD", _HOST.head_not_allowed),
        _fault("slow-hop", "resolving the tag takes three seconds", _HOST.slow_hop),
        _fault(
            "link-points-elsewhere",
            "the next page of the tags is on another host",
            _HOST.link_points_elsewhere,
            LIST_TAGS,
        ),
        _fault("plain-http-fallback", "a registry without TLS", _HOST.plain_http_fallback, WITHOUT_TLS),
        _fault(
            "token-request-elsewhere",
            "the token is requested by a process that is not traced",
            _HOST.token_request_elsewhere,
            "buildkit",
            unseen=[REALM_HOST],
        ),
        _fault("host-not-traced", "requests to the storage bypass the proxy", _HOST.host_not_traced, unseen=[CDN_HOST]),
        _fault("cdn-failed", "the storage answers 503", _HOST.cdn_failed),
        _fault("signed-url-invalid", "the storage rejects the signature of its URL", _HOST.signed_url_invalid),
        _fault("signed-url-expired", "the storage says that its URL has expired", _HOST.signed_url_expired),
        _fault("digest-mismatch", "one bit of each large layer is wrong", _HOST.digest_mismatch),
        _fault("size-mismatch", "large layers end half-way", _HOST.size_mismatch),
        _fault("range-ignored", "cut off once; the retry gets all of it", _HOST.range_ignored, "docker-classic"),
        _fault("retried", "the storage answers 503 once for each blob", _HOST.retried, "docker-classic"),
        _fault("two-auth-mechanisms", "the storage asks for a token, then refuses it", _HOST.two_auth_mechanisms),
        _vanity(
            "authorization-dropped", "a plain 302; skopeo drops its token there", _RULES.authorization_dropped, "skopeo"
        ),
        _vanity("authorization-leaked", "/v2/ redirected, the rest proxied", _RULES.authorization_leaked, "skopeo"),
        _vanity("ping-not-redirected", "404 for /v2/", _RULES.ping_not_redirected),
        _vanity("ping-not-a-registry", "a landing page at /v2/", _RULES.ping_not_a_registry),
        _vanity("ping-slash-lost", "/v2/ redirected to /v2", _RULES.ping_slash_lost),
        _vanity("ping-other-host", "/v2/ redirected to another registry than the rest", _RULES.ping_other_host),
        _vanity("path-not-redirected", "no rule for this repository", _RULES.path_not_redirected),
        _vanity("redirect-loop", "the domain redirects to itself", _RULES.redirect_loop),
        _vanity("redirect-unreadable", "302 without a Location", _RULES.redirect_unreadable, "docker-containerd"),
        _vanity("redirect-downgrade", "from https to http", _RULES.redirect_downgrade),
        _vanity("redirect-permanent", "301 instead of 302", _RULES.redirect_permanent),
        _vanity("upstream-unreachable", "redirected to a host that does not exist", _RULES.upstream_unreachable),
        _vanity("query-dropped", "redirected without the query", _RULES.query_dropped, LIST_TAGS),
        _vanity(
            "push-over-redirect",
            "a push through a plain 302 writes nothing",
            _RULES.push_over_redirect,
            PUSH,
            reference=HELLO_REFERENCE,
        ),
        _vanity(
            "library-prefix-missing",
            "hello instead of library/hello",
            _RULES.library_prefix_missing,
            reference="hello:1.0",
        ),
        _vanity("scope-mismatch", "the path is renamed on the way", _RULES.scope_mismatch, reference=_RULES.RENAMED),
        _vanity("scope-refused", "renamed; the token server refuses it", _strictly_renamed, reference=_RULES.RENAMED),
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
