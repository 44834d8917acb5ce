"""Public reports that were tried before anything was changed for them: what right is was written down first.

Each is one of a kind that the rules had not met. The form is that of `kinds`.
"""

from __future__ import annotations

from tests.trace.findings.kinds import APP, BUILDKIT, ECR, JSON, OK_INDEX, ORAS, PODMAN, REG, Kind, bearer, pulled
from tests.trace.findings.looked_at import error
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, digest, get_manifest
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_20, SKOPEO, Wire

GHCR = "https://ghcr.io"
START = f"{REG}/v2/team/app/blobs/uploads/"
LAYER = digest("base")
CONFIG = digest(APP.config_text)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CLOUDFLARE = {"Server": "cloudflare", "Cf-Ray": "6a88", "Content-Type": "text/html; charset=UTF-8"}


def token_for_push(wire: Wire, token: str, host: str = REG) -> None:
    """A login and its token for a push."""
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/auth/token"), answer=JSON)
    url = f"{host}/auth/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued=token)


def uploaded(wire: Wire, token: str, blob: str = LAYER) -> None:
    """A blob that is pushed as it should be."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 404, token=token, answer=JSON)
    wire.ask("POST", START, 202, token=token, location=f"{START}{blob[-4:]}?_state=1")
    wire.ask(
        "PATCH", f"{START}{blob[-4:]}?_state=1", 202, token=token, sent=4000, location=f"{START}{blob[-4:]}?_state=2"
    )
    wire.ask("PUT", f"{START}{blob[-4:]}?_state=2&digest={blob}", 201, token=token, sent=0)


def head_forbidden(wire: Wire) -> None:
    """podman pushes to a package that the workflow was not given."""
    token_for_push(wire, "f1", GHCR)
    for _ in range(2):
        wire.ask("HEAD", f"{GHCR}/v2/team/app/blobs/{LAYER}", 403, token="f1")


def no_tag(wire: Wire) -> None:
    """crane tag with a version that has a plus sign."""
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"')
    wire.ask("HEAD", f"{ECR}/v2/team/app/manifests/2024.42.27+1234a5c05", 400, basic=True)


def host_twice(wire: Wire) -> None:
    """A repository that is named with its registry, and the registry before it."""
    name = "public.ecr.aws/a1e6v7a9/myrepo"
    said = f"The repository with name '{name}' does not exist in the registry with id '123456789012'"
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"')
    wire.ask("HEAD", f"{ECR}/v2/{name}/blobs/{LAYER}", 404, basic=True)
    wire.ask("POST", f"{ECR}/v2/{name}/blobs/uploads/", 404, basic=True, answer=JSON, body=error("NAME_UNKNOWN", said))


def part_out_of_order(wire: Wire) -> None:
    """ECR counts its parts otherwise than the client."""
    at = f"{ECR}/v2/team/app/blobs/uploads/5f"
    said = "First byte of the layer part is 10485760 instead of 20971520"
    wire.ask("HEAD", f"{ECR}/v2/team/app/blobs/{LAYER}", 404, basic=True)
    wire.ask("POST", f"{ECR}/v2/team/app/blobs/uploads/", 202, basic=True, location=at)
    wire.ask("PATCH", at, 400, basic=True, sent=31_000_000, answer=JSON, body=error("BLOB_UPLOAD_INVALID", said))


def rewritten_upload(wire: Wire) -> None:
    """A rewrite of nginx decodes the query of an upload."""
    token_for_push(wire, "f5")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token="f5", answer=JSON)
    wire.ask("POST", START, 202, token="f5", location=f"{START}77?_state=1")
    said = "un-recognized request: PATCH /v2/team/app/blobs/uploads/77?_state=1%!D(MISSING)"
    wire.ask("PATCH", f"{START}77?_state=1", 401, token="f5", sent=4000, answer=JSON, body=error("UNAUTHORIZED", said))


def query_left_out(wire: Wire) -> None:
    """A client that makes the address of the last PUT itself."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, answer=JSON)
    wire.ask("POST", START, 202, location=f"{START}77?_state=1")
    said = error("BLOB_UPLOAD_INVALID", "blob upload invalid")
    wire.ask("PUT", f"{START}77?digest={LAYER}", 404, sent=4000, answer=JSON, body=said)


def second_question_mark(wire: Wire) -> None:
    """curl, with `?digest=` behind an address that has a query already."""
    wire.ask("POST", START, 202, location=f"{START}77?_state=1")
    said = error("BLOB_UPLOAD_INVALID", "blob upload invalid")
    wire.ask("PUT", f"{START}77?_state=1?digest={LAYER}", 404, sent=4000, answer=JSON, body=said)


def part_refused(wire: Wire) -> None:
    """A part that begins elsewhere than the registry counts."""
    at = f"{ECR}/v2/team/app/blobs/uploads/5f"
    wire.ask("POST", f"{ECR}/v2/team/app/blobs/uploads/", 202, basic=True, location=at)
    wire.ask("PATCH", at, 416, basic=True, sent=20_000_000)


def blob_lost(wire: Wire) -> None:
    """All blobs were pushed, and the registry has lost one."""
    for content in APP.blobs():
        uploaded(wire, "x", digest(content))
    said = error("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 404, token="x", sent=APP.manifest(), answer=JSON, body=said)


def blob_never_pushed(wire: Wire) -> None:
    """A tool that leaves a layer out."""
    uploaded(wire, "x")
    said = error("BLOB_UNKNOWN", f"unknown blob {digest('app')}")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 400, token="x", sent=APP.manifest(), answer=JSON, body=said)


def mount_taken_for_done(wire: Wire) -> None:
    """Harbor's replication takes 202 for a mount."""
    token_for_push(wire, "f8")
    wire.ask("HEAD", f"{REG}/v2/team/app/manifests/1.0", 404, token="f8", answer=JSON)
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token="f8", answer=JSON)
    wire.ask("POST", f"{START}?mount={LAYER}&from=library%2Fbase", 202, token="f8", location=f"{START}8?_state=1")
    said = error("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 400, token="f8", sent=APP.manifest(), answer=JSON, body=said)


def zot_docker_type(wire: Wire) -> None:
    """docker push of Docker's types to a registry that takes OCI's only."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 200, answer={"Content-Length": "4"})
    manifest = APP.manifest().replace(OCI_MANIFEST, DOCKER_MANIFEST)
    wire.ask(
        "PUT",
        APP.url("manifests", "1.0", REG),
        415,
        headers={"Content-Type": DOCKER_MANIFEST},
        sent=manifest,
        answer=JSON,
        body='{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":{"mediaType":"'
        + DOCKER_MANIFEST
        + '"}}]}',
    )


def anonymous_token_refused(wire: Wire) -> None:
    """Nexus, whose anonymous account comes from another realm."""
    realm = f"{REG}/v2/token"
    said = error("UNAUTHORIZED", "access to the requested resource is not authorized")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(realm))
    wire.ask("GET", f"{realm}?scope=repository%3Ateam%2Fapp%3Apull", body='{"token":"REDACTED"}', issued="f11")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, token="f11", challenge=bearer(realm))
    wire.ask("GET", APP.url("manifests", "1.0", REG), 401, token="f11", challenge=bearer(realm), answer=JSON, body=said)


def realm_without_domain(wire: Wire) -> None:
    """A template that was given no domain."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge='Bearer realm="https://api./auth/v1/token",service="registry2."')


def realm_without_domain_tried(wire: Wire) -> None:
    """The same, tried through the proxy."""
    realm_without_domain(wire)
    wire.ask(
        "GET",
        "https://api./auth/v1/token?service=registry2.",
        None,
        basic=True,
        fails="[Errno -2] Name or service not known",
    )


def token_behind_a_gateway(wire: Wire) -> None:
    """crane behind a gateway that sends on to another registry."""
    gateway, there = "https://gateway.example.com/route?url=1", "https://mirror.example.net"
    last = wire.follows("GET", [f"{REG}/v2/", gateway, f"{there}/v2/"])
    wire.ask("GET", last, 401, referer=gateway, challenge=bearer(f"{there}/auth/token"))
    wire.ask(
        "GET",
        f"{there}/auth/token?scope=repository%3Ateam%2Fapp%3Apull&service=reg",
        body='{"token":"REDACTED"}',
        issued="f13",
    )
    wire.ask(
        "GET", APP.url("manifests", "1.0", REG), 307, token="f13", location="https://gateway.example.com/route?url=2"
    )
    wire.ask(
        "GET",
        "https://gateway.example.com/route?url=2",
        307,
        referer=APP.url("manifests", "1.0", REG),
        location=APP.url("manifests", "1.0", there),
    )
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", there),
        401,
        referer="https://gateway.example.com/route?url=2",
        challenge=bearer(f"{there}/auth/token", "repository:team/app:pull"),
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required"),
    )


def site_rate_limited(wire: Wire) -> None:
    """A worker of Cloudflare that has used up its requests."""
    page = "<HTML> This website has been temporarily rate limited | registry.example.com | Cloudflare"
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 429, answer=CLOUDFLARE)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 429, answer=CLOUDFLARE, body=page)


def captcha(wire: Wire) -> None:
    """A page with a captcha in place of a layer."""
    here, there = pulled(wire), "https://production.cloudflare.docker.com/registry-v2/data?verify=REDACTED"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, 403, referer=here, answer=CLOUDFLARE, body="<HTML> Attention Required! | Cloudflare")


def mirror_without_blobs(wire: Wire) -> None:
    """A worker that hands on the redirect with the token."""
    mirror = "https://docker.example.net"
    manifest = APP.manifest()
    wire.ask("HEAD", APP.url("manifests", "1.0", mirror) + "?ns=docker.io", answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), mirror) + "?ns=docker.io", answer=OK_INDEX, body=APP.index)
    wire.ask(
        "GET",
        APP.url("manifests", digest(manifest), mirror) + "?ns=docker.io",
        answer={"Content-Type": OCI_MANIFEST},
        body=manifest,
    )
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), mirror) + "?ns=docker.io", 400, answer=CLOUDFLARE)


def resumed_in_vain(wire: Wire) -> None:
    """A large layer is cut off, and the storage does not answer ranges."""
    here, there = pulled(wire), "https://cdn.example.net/data/base?sig=REDACTED"
    wire.ask("GET", here, 302, location=there)
    wire.ask(
        "GET", there, referer=here, answer={"Content-Length": "4"}, size=2, took=600.0, fails="server closed connection"
    )
    wire.ask("GET", here, 302, headers={"Range": "bytes=2-"}, location=there)
    wire.ask(
        "GET",
        there,
        referer=here,
        headers={"Range": "bytes=2-"},
        answer={"Content-Length": "4"},
        size=0,
        fails="client disconnected",
    )


def grants_nothing(wire: Wire) -> None:
    """GitLab gives a token that grants nothing."""
    url = f"{REG}/v2/team/app/tags/list"
    wire.ask("GET", url, 401, challenge=bearer(scope="repository:team/app:pull"))
    jwt = "eyJhbGciOiJub25lIn0.eyJhY2Nlc3MiOltdfQ.c2lnbmF0dXJl"
    wire.ask(
        "GET",
        f"{REG}/auth/token?service=reg&scope=repository:team/app:*",
        basic=True,
        body='{"token":"REDACTED"}',
        issued=jwt,
    )
    wire.ask(
        "GET",
        url,
        401,
        token=jwt,
        challenge=bearer(scope="repository:team/app:pull") + ',error="insufficient_scope"',
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required"),
    )


def proxy_repository(wire: Wire) -> None:
    """skopeo copies to a repository that only proxies."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404)
    wire.ask(
        "POST",
        START,
        404,
        answer={"Content-Type": "text/html", "Server": "Nexus/3.80.0-06 (OSS)"},
        body="<HTML> 404 - Nexus Repository Manager",
    )


def no_post(wire: Wire) -> None:
    """containerd 2.2.0 asks GitLab's token server by POST."""
    realm = f"{REG}/jwt/auth"
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(realm, "repository:team/app:pull"))
    form = "grant_type=password&service=reg&scope=repository%3Ateam%2Fapp%3Apull&username=u&password=p"
    wire.ask(
        "POST",
        realm,
        404,
        sent=form,
        answer={"Content-Type": "text/html", "Server": "nginx"},
        body="<HTML> The page you're looking for could not be found (404)",
    )


def mount_of_a_stranger(wire: Wire) -> None:
    """crane copy names the repository of another registry as where to mount from."""
    token_for_push(wire, "f21")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token="f21", answer=JSON)
    said = error("UNAUTHORIZED", "project examplegroup not found: project examplegroup not found")
    url = f"{START}?mount={LAYER}&from=examplegroup%2Frepo%2Fimage&origin=REDACTED"
    wire.ask("POST", url, 401, token="f21", answer=JSON, body=said)


def mount_denied_like_the_rest(wire: Wire) -> None:
    """GHCR refuses a mount and the upload after it, for the token may write nothing."""
    token_for_push(wire, "f28", GHCR)
    start = f"{GHCR}/v2/team/app/blobs/uploads/"
    said = error("DENIED", "installation not allowed to Write organization package")
    wire.ask("POST", f"{start}?mount={LAYER}&from=team%2Fbase", 403, token="f28", answer=JSON, body=said)
    wire.ask("POST", start, 403, token="f28", answer=JSON, body=said)


def login_at_a_site(wire: Wire) -> None:
    """docker login at a web site, which docker takes for a success."""
    wire.ask("GET", "https://docker.example.com/v2/", 301, location="https://www.docker.example.com/v2/")
    wire.ask(
        "GET",
        "https://www.docker.example.com/v2/",
        200,
        referer="https://docker.example.com/v2/",
        answer={"Content-Type": "text/html; charset=UTF-8"},
        body="<HTML> Enterprise Application Container Platform",
    )


# -- healthy --------------------------------------------------------------------------------------------------------------


def no_ping(wire: Wire) -> None:
    """containerd at a registry that is open."""
    head = {**OK_INDEX, "Server": "Nexus/3.56.0-01 (OSS)"}
    manifest = APP.manifest()
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=head)
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), answer=head, body=APP.index)
    wire.ask("GET", APP.url("manifests", digest(manifest), REG), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), REG), content=content)


def short_name(wire: Wire) -> None:
    """podman goes through its list of registries."""
    first = "https://registry.access.redhat.com"
    wire.ask("GET", f"{first}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask(
        "GET",
        f"{first}/v2/team/app/manifests/1.0",
        404,
        answer=JSON,
        body=error("MANIFEST_UNKNOWN", "manifest unknown"),
    )
    wire.ask("GET", "https://registry-1.docker.io/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token("team/app", "h2")
    get_manifest(wire, APP, APP.index, token="h2", tag=True)
    get_manifest(wire, APP, APP.manifest(), token="h2")
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content)), token="h2", content=content)


def cache_miss(wire: Wire) -> None:
    """kaniko looks for a layer in its cache, makes it, and pushes it there."""
    key = "6964f5f2299547e36fa2426b8f1dc4fdb58adbc97b54cbfcb742797ab0b8633a"
    cache = f"{ECR}/v2/team/app/cache"
    said = error("MANIFEST_UNKNOWN", "Requested image not found")
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"')
    wire.ask("GET", f"{cache}/manifests/{key}", 404, basic=True, answer=JSON, body=said)
    wire.wait(3)
    for repository, tag in ((cache, key), (f"{ECR}/v2/team/app", "1.0")):
        wire.ask("HEAD", f"{repository}/manifests/{tag}", 404, basic=True)
        for blob in (LAYER, CONFIG):
            wire.ask("HEAD", f"{repository}/blobs/{blob}", 404, basic=True)
            at = f"{repository}/blobs/uploads/{blob[-4:]}{tag[:2]}"
            wire.ask("POST", f"{repository}/blobs/uploads/", 202, basic=True, location=at)
            wire.ask("PATCH", at, 202, basic=True, sent=4000, location=f"{at}-2")
            wire.ask("PUT", f"{at}-2?digest={blob}", 201, basic=True)
        wire.ask("PUT", f"{repository}/manifests/{tag}", 201, basic=True, sent=APP.manifest())


def there_already(wire: Wire) -> None:
    """A push whose blobs are in S3 already."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    for content in APP.blobs():
        here, there = (
            APP.url("blobs", digest(content), REG),
            f"https://bucket.s3.amazonaws.com/{digest(content)[7:]}?X-Amz-Signature=REDACTED",
        )
        wire.ask("HEAD", here, 307, location=there)
        wire.ask("HEAD", there, 200, referer=here, answer={"Content-Length": "4", "Server": "AmazonS3"})
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, sent=APP.manifest())


def in_parts(wire: Wire) -> None:
    """containerd 2.1 fetches a layer in parts side by side."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), answer=OK_INDEX, body=APP.index)
    manifest = APP.manifest()
    wire.ask("GET", APP.url("manifests", digest(manifest), REG), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    wire.ask("GET", APP.url("blobs", CONFIG, REG), content=APP.config_text)
    for content in APP.layers:
        whole, url = len(content), APP.url("blobs", digest(content), REG)
        start = wire.now
        wire.ask(
            "GET",
            url,
            206,
            at=start,
            took=0.5,
            headers={"Range": "bytes=0-"},
            answer={"Content-Range": f"bytes 0-{whole - 1}/{whole}", "Content-Length": str(whole)},
            size=2,
            fails="client disconnected",
        )
        wire.ask(
            "GET",
            url,
            206,
            at=start + 0.02,
            headers={"Range": f"bytes=2-{whole - 1}"},
            answer={"Content-Range": f"bytes 2-{whole - 1}/{whole}", "Content-Length": str(whole - 2)},
            content=content[2:],
        )


def chunked_whole(wire: Wire) -> None:
    """podman asks for parts of a zstd:chunked layer, is sent the whole, and begins anew."""
    here = pulled(wire)
    wire.ask("GET", APP.url("blobs", CONFIG, REG), content=APP.config_text)
    there = "https://bucket.s3.amazonaws.com/base?X-Amz-Signature=REDACTED"
    ranges = {"Range": "bytes=0-0,2-3"}
    wire.ask("GET", here, 307, headers=ranges, location=there)
    wire.ask("GET", there, referer=here, headers=ranges, answer={"Content-Length": "4"}, content="base")
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, referer=here, answer={"Content-Length": "4"}, content="base")
    wire.ask("GET", APP.url("blobs", digest("app"), REG), content="app")


REPORTS: dict[str, Kind] = {
    "head-forbidden": Kind(
        source="redhat-actions/push-to-registry#52",
        play=head_forbidden,
        agent=PODMAN,
        finds={"write-denied": "error"},
        says=("may push",),
        never=("private", "may pull"),
    ),
    "tag-invalid": Kind(
        source="bazel-contrib/rules_oci#720",
        play=no_tag,
        agent=CRANE,
        finds={"tag-invalid": "error"},
        says=('"+"',),
        never=("proxy", "expired"),
    ),
    "host-twice": Kind(
        source="actions/starter-workflows#2647",
        play=host_twice,
        agent=DOCKER_20,
        finds={"upload-refused": "error"},
        says=("leave public.ecr.aws out",),
        never=("create", "same storage"),
    ),
    "part-out-of-order": Kind(
        source="GoogleContainerTools/kaniko#607",
        play=part_out_of_order,
        agent="kaniko/v0.8.0",
        finds={"upload-refused": "error"},
        says=("First byte of the layer part", "parts"),
        never=("http.secret", "instances", "prox"),
    ),
    "part-refused": Kind(
        source="crashappsec/chalk#682",
        play=part_refused,
        agent="chalk/1.0",
        finds={"upload-refused": "error"},
        says=("Range",),
        never=("http.secret", "instances"),
    ),
    "rewritten-upload": Kind(
        source="goharbor/harbor#19787",
        play=rewritten_upload,
        agent=DOCKER_20,
        finds={"upload-address-changed": "error"},
        says=("does not recognise", "query unchanged"),
        never=("log in", "clocks", "key that"),
    ),
    "upload-address-changed": Kind(
        source="oras-project/oras-dotnet#132",
        play=query_left_out,
        agent="oras-dotnet/0.1",
        finds={"upload-address-changed": "error"},
        says=("_state",),
        never=("http.secret",),
    ),
    "second-question-mark": Kind(
        source="distribution/distribution#2867",
        play=second_question_mark,
        agent="curl/7.29.0",
        finds={"upload-address-changed": "error"},
        says=("left digest out",),
        never=("http.secret",),
    ),
    "blob-left-out": Kind(
        source="cloudflare/serverless-registry#59",
        play=blob_never_pushed,
        agent="Bun/1.1.29",
        finds={"blob-not-pushed": "error"},
        says=(digest("app")[7:19],),
        never=("push again", "mount"),
    ),
    "blob-not-pushed": Kind(
        source="goharbor/harbor#18541",
        play=mount_taken_for_done,
        agent="harbor-registry-client",
        finds={"blob-not-pushed": "error"},
        says=("202",),
        never=("push again",),
    ),
    "blob-pushed-and-missing": Kind(
        source="distribution: MANIFEST_BLOB_UNKNOWN after every upload",
        play=blob_lost,
        agent=DOCKER_20,
        finds={"upload-refused": "error"},
        says=("push again",),
        never=("not seen pushing",),
    ),
    "docker-type-refused": Kind(
        source="project-zot/zot#3104",
        play=zot_docker_type,
        agent=DOCKER_20,
        finds={"upload-refused": "error"},
        says=("--format oci",),
        never=("knows no OCI types",),
    ),
    "anonymous-token-refused": Kind(
        source="sonatype/nexus-public#410",
        play=anonymous_token_refused,
        agent=DOCKER_20,
        finds={"access-denied": "error"},
        says=("anonymous token",),
        never=("clocks",),
    ),
    "realm-without-domain": Kind(
        source="balena-io/open-balena#41",
        play=realm_without_domain,
        agent=DOCKER_20,
        finds={"token-not-requested": "error"},
        says=("api.", "configuration"),
        never=("log in",),
    ),
    "realm-without-domain-tried": Kind(
        source="balena-io/open-balena#41",
        play=realm_without_domain_tried,
        agent=DOCKER_20,
        finds={"upstream-unreachable": "error"},
        says=("registry.example.com", "configuration"),
        never=("log in", "can be played"),
    ),
    "token-behind-a-gateway": Kind(
        source="google/go-containerregistry#2333",
        play=token_behind_a_gateway,
        agent=CRANE,
        finds={"authorization-dropped": "error"},
        says=("no login helps",),
        never=("private",),
    ),
    "site-rate-limited": Kind(
        source="ketches/registry-proxy#5",
        play=site_rate_limited,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("Cloudflare", "another host"),
        never=("log in", "an account has its own"),
    ),
    "captcha": Kind(
        source="docker-library/official-images#4309",
        play=captcha,
        agent=DOCKER_20,
        finds={"cdn-failed": "error"},
        says=("Attention Required", "another address"),
        never=("expired", "log in", "clock", "points to a storage"),
    ),
    "mirror-without-blobs": Kind(
        source="ciiiii/cloudflare-docker-proxy#98",
        play=mirror_without_blobs,
        agent=CONTAINERD,
        finds={"mirror-failed": "error"},
        says=("said 400",),
        never=("no registry",),
    ),
    "resumed-in-vain": Kind(
        source="podman-container-tools/podman#24715",
        play=resumed_in_vain,
        agent=PODMAN,
        finds={"range-ignored": "error"},
        says=("bytes=2-",),
        never=("sent all", "corrupt"),
    ),
    "grants-nothing": Kind(
        source="n0madic/gitlab-registry-images-cleaner#13",
        play=grants_nothing,
        agent="python-requests/2.21.0",
        finds={"login-lacks-right": "error"},
        says=("grants nothing",),
        never=("expired",),
    ),
    "proxy-repository": Kind(
        source="podman-container-tools/skopeo#2595",
        play=proxy_repository,
        agent=SKOPEO,
        finds={"upload-refused": "error"},
        says=("takes no uploads",),
        never=("tag",),
    ),
    "no-post": Kind(
        source="containerd/containerd#12822",
        play=no_post,
        agent="containerd/2.2.0",
        finds={"token-server-failed": "error"},
        says=("to POST", "by GET"),
        never=("log in", "private"),
    ),
    "mount-refused": Kind(
        source="google/go-containerregistry#1393",
        play=mount_of_a_stranger,
        agent=CRANE,
        finds={"mount-refused": "error"},
        says=("examplegroup/repo/image",),
        never=("log in",),
    ),
    "mount-and-push-denied": Kind(
        source="go-debos/fakemachine#281",
        play=mount_denied_like_the_rest,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("installation not allowed",),
        never=("without mounting",),
    ),
    "login-at-a-site": Kind(
        source="docker/for-linux#802",
        play=login_at_a_site,
        agent=DOCKER_20,
        finds={"ping-not-a-registry": "warning", "redirect-permanent": "warning"},
        says=("no registry answered",),
    ),
    "no-ping": Kind(source="sonatype/nexus-public#217", play=no_ping, agent=CONTAINERD, finds={}),
    "short-name": Kind(source="projectatomic/docker#307", play=short_name, agent=PODMAN, finds={}),
    "cache-miss": Kind(
        source="GoogleContainerTools/kaniko#1269",
        play=cache_miss,
        agent="kaniko/v1.9.0",
        finds={},
        infos=("cache-missing",),
    ),
    "there-already": Kind(source="distribution/distribution#2296", play=there_already, agent=DOCKER_20, finds={}),
    "in-parts": Kind(source="containerd/containerd#12476", play=in_parts, agent="containerd/v2.1.4", finds={}),
    "chunked-whole": Kind(
        source="containers/image#2792",
        play=chunked_whole,
        agent=PODMAN,
        finds={"range-ignored": "warning"},
        never=("again, with 200",),
    ),
}
"""What is named like a code shows that code in docs/findings.md."""


# -- a second time, after what the first had shown was mended ------------------------------------------------------------


def storage_refuses_head(wire: Wire) -> None:
    """docker looks at a blob that it has pushed, and MinIO refuses the redirected HEAD."""
    uploaded(wire, "x")
    here, there = APP.url("blobs", LAYER, REG), "https://minio.example.net/registry/data?X-Amz-Signature=REDACTED"
    wire.ask("HEAD", here, 307, token="x", location=there)
    wire.ask("HEAD", there, 403, referer=here, answer={"Content-Type": "application/xml", "Server": "MinIO"})


def storage_of_the_cluster(wire: Wire) -> None:
    """A registry redirects to a name of its own cluster."""
    here, there = pulled(wire), "http://minio.minio.svc.cluster.local:9000/registry/data?X-Amz-Signature=REDACTED"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, None, fails="[Errno -2] Name or service not known")


def storage_of_the_upstream(wire: Wire) -> None:
    """ECR's pull through cache sends the layer on to Docker Hub's storage, which a firewall holds back."""
    here, there = pulled(wire), "https://production.cloudflare.docker.com/registry-v2/data?verify=REDACTED"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, None, referer=here, fails="[Errno 110] Connect call failed ('192.0.2.9', 443)")


def unauthenticated_push(wire: Wire) -> None:
    """docker push to Artifact Registry by a user whose login belongs to root."""
    host = "https://us-central1-docker.pkg.dev"
    wire.ask(
        "GET", f"{host}/v2/", 401, challenge=f'Bearer realm="{host}/v2/token",service="us-central1-docker.pkg.dev"'
    )
    said = "Unauthenticated request. Unauthenticated requests do not have permission on resource 'repositories/fix'"
    url = f"{host}/v2/token?scope=repository%3Aproj%2Ffix%2Fapp%3Apush%2Cpull&service=us-central1-docker.pkg.dev"
    wire.ask("GET", url, 403, answer=JSON, body=error("DENIED", said))


def artifact_refused(wire: Wire) -> None:
    """Gitea knows no artifacts."""
    uploaded(wire, "x")
    said = error("UNSUPPORTED", "Schema version is not supported")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 501, token="x", sent=APP.manifest(), answer=JSON, body=said)


def upstream_login_wrong(wire: Wire) -> None:
    """ECR's pull through cache has a login for Docker Hub that is no longer good."""
    url = APP.url("manifests", "1.0", ECR)
    said = "The authentication to the upstream registry failed. Verify that the credentials are valid."
    wire.ask("HEAD", url, 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"')
    wire.ask("HEAD", url, 403, basic=True)
    wire.ask("GET", url, 403, basic=True, answer=JSON, body=error("DENIED", said))


def path_twice(wire: Wire) -> None:
    """hosts.toml names /v2 in the address of a mirror, and containerd adds its own."""
    url = "https://mirror.example.net/v2/team/v2/eks-distro/pause/manifests/3.9?ns=public.ecr.aws"
    wire.ask("HEAD", url, 404, answer=JSON)


def layer_type_refused(wire: Wire) -> None:
    """cosign attest with Docker's types to a registry that checks the layers' too."""
    for content in APP.blobs():
        uploaded(wire, "x", digest(content))
    said = "manifest invalid: 'application/vnd.dsse.envelope.v1+json' is not one of those that are allowed"
    wire.ask(
        "PUT",
        f"{REG}/v2/team/app/manifests/sha256-{'6' * 64}.att",
        400,
        token="x",
        headers={"Content-Type": DOCKER_MANIFEST},
        sent=APP.manifest().replace(OCI_MANIFEST, DOCKER_MANIFEST),
        answer=JSON,
        body=error("MANIFEST_INVALID", said),
    )


def reason_in_the_detail(wire: Wire) -> None:
    """Artifactory says why in `detail` alone."""
    for content in APP.blobs():
        uploaded(wire, "x", digest(content))
    wire.ask(
        "PUT",
        f"{REG}/v2/team/app/manifests/sha256-{'6' * 64}.att",
        400,
        token="x",
        headers={"Content-Type": OCI_MANIFEST},
        sent=APP.manifest(),
        answer=JSON,
        body='{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid",'
        '"detail":{"description":"Could not locate artifact"}}]}',
    )


def token_without_scope(wire: Wire) -> None:
    """Harbor's replication asks pulp for a token without a scope."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    wire.ask("GET", f"{REG}/auth/token?service=reg", basic=True, body='{"token":"REDACTED"}', issued="second-13")
    wire.ask(
        "GET",
        f"{REG}/v2/team/app/tags/list?n=100&last=x",
        401,
        token="second-13",
        challenge=bearer(scope="repository:team/app:pull"),
        answer=JSON,
        body=error("UNAUTHORIZED", "Authentication credentials were not provided."),
    )


def cut_off_and_again(wire: Wire) -> None:
    """BuildKit begins an upload anew that was reset."""
    wire.ask("HEAD", APP.url("blobs", LAYER, REG), 404)
    wire.ask("POST", START, 202, location=f"{START}1?_state=1")
    wire.ask("PUT", f"{START}1?_state=1&digest={LAYER}", None, sent=400_000, fails="server closed connection")
    wire.wait(1)
    wire.ask("HEAD", APP.url("blobs", LAYER, REG), 404)
    wire.ask("POST", START, 202, location=f"{START}2?_state=1")
    wire.ask("PUT", f"{START}2?_state=1&digest={LAYER}", 201, sent=400_000)
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 404)
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, sent=APP.manifest())


def no_head_for_blobs(wire: Wire) -> None:
    """ECR Public says 401 to HEAD of a blob, whatever the token, and GET brings it."""
    host, manifest = "https://public.ecr.aws", APP.manifest()
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/token/"))
    url = f"{host}/token/?service=reg&scope=repository%3Ateam%2Fapp%3Apull"
    wire.ask("GET", url, body='{"token":"REDACTED"}', issued="second-17")
    answer = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(manifest)}
    wire.ask("GET", APP.url("manifests", "1.0", host), token="second-17", answer=answer, body=manifest)
    for content in APP.blobs():
        wire.ask("HEAD", APP.url("blobs", digest(content), host), 401, token="second-17")
        wire.ask("GET", APP.url("blobs", digest(content), host), token="second-17", content=content)


REPORTS |= {
    "storage-refuses-head": Kind(
        source="minio/minio#6558",
        play=storage_refuses_head,
        agent=DOCKER_20,
        finds={"cdn-failed": "error"},
        says=("MinIO",),
        never=("log in", "may push", "showed no login"),
    ),
    "storage-of-the-cluster": Kind(
        source="enix/kube-image-keeper#247",
        play=storage_of_the_cluster,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("registry.example.com redirects", "instead of redirecting"),
        never=("can be played", "write https"),
    ),
    "storage-of-the-upstream": Kind(
        source="aws/containers-roadmap#2304",
        play=storage_of_the_upstream,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("let containerd reach production.cloudflare.docker.com",),
        never=("can be played", "log in"),
    ),
    "unauthenticated-push": Kind(
        source="GoogleCloudPlatform/generative-ai#693",
        play=unauthenticated_push,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("showed no login", "gcloud auth configure-docker us-central1-docker.pkg.dev"),
        never=("another account",),
    ),
    "artifact-refused": Kind(
        source="go-gitea/gitea#25846",
        play=artifact_refused,
        agent=ORAS,
        finds={"upload-refused": "error"},
        says=("Schema version is not supported",),
        never=("try again later", "fault is there"),
    ),
    "upstream-login-wrong": Kind(
        source="aws/containers-roadmap#2354",
        play=upstream_login_wrong,
        agent=DOCKER_20,
        finds={"access-denied": "error"},
        says=("upstream registry failed",),
        never=("private", "get-login-password"),
    ),
    "path-twice": Kind(
        source="aws/eks-anywhere#10765",
        play=path_twice,
        agent=CONTAINERD,
        finds={"manifest-unknown": "error"},
        says=("override_path",),
        never=("crane ls",),
    ),
    "layer-type-refused": Kind(
        source="sigstore/cosign#1645",
        play=layer_type_refused,
        agent="cosign/v1.6.0",
        finds={"upload-refused": "error"},
        says=("dsse.envelope",),
        never=("--format oci", "OCI's types only"),
    ),
    "reason-in-the-detail": Kind(
        source="sigstore/cosign#3758",
        play=reason_in_the_detail,
        agent="cosign/v2.2.4",
        finds={"upload-refused": "error"},
        says=("Could not locate artifact",),
        never=("schema 2",),
    ),
    "token-without-scope": Kind(
        source="pulp/pulp_container#2049",
        play=token_without_scope,
        agent="harbor-registry-client",
        finds={"scope-mismatch": "error"},
        says=("without a scope",),
        never=("clocks", "key that"),
    ),
    "cut-off-and-again": Kind(
        source="moby/buildkit#2713", play=cut_off_and_again, agent=BUILDKIT, finds={}, infos=("retried",)
    ),
    "no-head-for-blobs": Kind(
        source="buildbuddy-io/buildbuddy#12566",
        play=no_head_for_blobs,
        agent="go-containerregistry/v0.20",
        finds={},
    ),
}


# -- a third time ---------------------------------------------------------------------------------------------------------


def portal(wire: Wire) -> None:
    """docker push to a portal that answers everything with its page."""
    page = {"Content-Type": "text/html"}
    wire.ask("GET", f"{REG}/v2/", 200, answer=page, body="<HTML> Harbor")
    wire.ask("HEAD", APP.url("blobs", LAYER, REG), 200, answer={**page, "Content-Length": ""})
    wire.ask("POST", START, 200, answer=page, body="<HTML> Harbor")


def sent_to_a_site(wire: Wire) -> None:
    """GHCR sends a manifest that it does not show on to GitHub's pages."""
    here = APP.url("manifests", "1.0", GHCR)
    there = "https://github.com/-/v2/packages/container/package/team%2Fapp%2Fmanifests%2F1.0"
    wire.ask("GET", f"{GHCR}/v2/", 401, challenge=bearer(f"{GHCR}/token"))
    wire.ask("GET", f"{GHCR}/token?scope=repository%3Ateam%2Fapp%3Apull", body='{"token":"REDACTED"}', issued="third-3")
    wire.ask("GET", here, 307, token="third-3", location=there)
    wire.ask("GET", there, 404, referer=here, answer={"Content-Type": "text/plain"}, body="Not Found")


def region_blocked(wire: Wire) -> None:
    """Google's front refuses an address."""
    answer = {"Content-Type": "text/html", "Server": "Google Frontend"}
    wire.ask("HEAD", "https://registry.k8s.io/v2/pause/manifests/3.9", 403, answer=answer)


def no_right_to_tags(wire: Wire) -> None:
    """A token of ACR that may pull, and list no tags."""
    host = "https://contoso.azurecr.io"
    challenge = bearer(f"{host}/oauth2/token", "repository:team/app:metadata_read")
    claims = "eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6InRlYW0vYXBwIiwiYWN0aW9ucyI6WyJwdWxsIl19XX0"
    jwt = f"eyJhbGciOiJub25lIn0.{claims}.c2ln"
    url = f"{host}/v2/team/app/tags/list"
    wire.ask("GET", url, 401, challenge=challenge)
    token = f"{host}/oauth2/token?scope=repository%3Ateam%2Fapp%3Ametadata_read&service=reg"
    wire.ask("GET", token, basic=True, body='{"access_token":"REDACTED"}', issued=jwt)
    wire.ask("GET", url, 401, token=jwt, challenge=f'{challenge},error="insufficient_scope"', answer=JSON)


def mount_from_a_short_name(wire: Wire) -> None:
    """nerdctl mounts from the name that an image had at a registry without projects."""
    token_for_push(wire, "third-9")
    wire.ask("HEAD", APP.url("blobs", LAYER, REG), 404, token="third-9")
    said = error("BAD_REQUEST", "bad request: invalid repository name: pause")
    wire.ask("POST", f"{START}?mount={LAYER}&from=pause", 400, token="third-9", answer=JSON, body=said)


def no_delete_by_tag(wire: Wire) -> None:
    """A registry that deletes by digest only."""
    said = error("UNSUPPORTED", "The operation is unsupported.")
    wire.ask("DELETE", APP.url("manifests", "1.0", REG), 400, answer=JSON, body=said)


def registry_of_kubernetes(wire: Wire) -> None:
    """registry.k8s.io, all of it elsewhere."""
    first, then = "https://registry.k8s.io", "https://europe-west3-docker.pkg.dev"
    answer = {"Content-Type": "text/html", "Docker-Distribution-Api-Version": "registry/2.0"}
    wire.ask("GET", f"{first}/v2/", 200, answer=answer)

    def had(kind: str, reference: str, *, answer: dict[str, str] | None = None, body: str | None = None) -> None:
        here, there = APP.url(kind, reference, first), f"{then}/v2/k8s/images/team/app/{kind}/{reference}"
        wire.ask("GET", here, 307, location=there)
        wire.ask("GET", there, referer=here, answer=answer, body=body if answer else None, content=body)

    had("manifests", "1.0", answer=OK_INDEX, body=APP.index)
    had("manifests", digest(APP.manifest()), answer={"Content-Type": OCI_MANIFEST}, body=APP.manifest())
    for content in APP.blobs():
        had("blobs", digest(content), body=content)


REPORTS |= {
    "upload-not-begun": Kind(
        source="goharbor/harbor#10398",
        play=portal,
        agent=DOCKER_20,
        finds={"upload-not-begun": "error"},
        says=("web page",),
    ),
    "sent-to-a-site": Kind(
        source="fluxcd/source-controller#2050",
        play=sent_to_a_site,
        agent="flux/v2.8.7",
        finds={"manifest-unknown": "error"},
        says=("github.com, to which ghcr.io redirects", "crane ls ghcr.io/team/app"),
        never=("None",),
    ),
    "region-blocked": Kind(
        source="kubernetes/registry.k8s.io#211",
        play=region_blocked,
        agent=CONTAINERD,
        finds={"request-failed": "error"},
        says=("another address",),
        never=("private", "log in"),
    ),
    "no-right-to-tags": Kind(
        source="Azure/acr#600",
        play=no_right_to_tags,
        agent="Helm/3.17.3",
        finds={"login-lacks-right": "error"},
        says=("metadata_read", "grants pull of team/app"),
        never=("may not pull", "expired"),
    ),
    "mount-from-a-short-name": Kind(
        source="containerd/nerdctl#4306",
        play=mount_from_a_short_name,
        agent="containerd/2.0.4",
        finds={"mount-refused": "error"},
        says=("from pause",),
        never=("log in", "http.secret"),
    ),
    "no-delete-by-tag": Kind(
        source="regclient/regclient#335",
        play=no_delete_by_tag,
        agent="crane/0.20.2",
        finds={"write-denied": "error"},
        says=("delete",),
        never=("a blob of",),
    ),
    "registry-of-kubernetes": Kind(
        source="kubernetes/registry.k8s.io#261", play=registry_of_kubernetes, agent=CRANE, finds={}
    ),
}


# -- a fourth time --------------------------------------------------------------------------------------------------------


def first_part_refused(wire: Wire) -> None:
    """containerd 2.1 begins a blob with a range that asks for all of it."""
    here = pulled(wire)
    wire.ask("GET", here, 400, headers={"Range": "bytes=0-"}, answer={"Content-Type": "text/html"})


def cache_of_buildkit(wire: Wire) -> None:
    """BuildKit's cache is an index that has no manifests."""
    index = (
        f'{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":['
        f'{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{LAYER}","size":4}},'
        f'{{"mediaType":"application/vnd.buildkit.cacheconfig.v0","digest":"{CONFIG}","size":53}}]}}'
    )
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 200)
    said = error("MANIFEST_INVALID", "manifest invalid")
    url = APP.url("manifests", "cache", REG)
    wire.ask("PUT", url, 400, headers={"Content-Type": OCI_INDEX}, sent=index, answer=JSON, body=said)


def post_forbidden(wire: Wire) -> None:
    """A token server that takes GET only and says 403 to anything else."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask("POST", f"{REG}/auth/token", 403, sent="grant_type=password&service=reg&username=u&password=p")


def token_renewed(wire: Wire) -> None:
    """A push that gets another token when the old one, of which nobody said how long it lives, is over."""
    token_for_push(wire, "fourth-1")
    wire.ask("POST", START, 202, token="fourth-1", location=f"{START}1?_state=1")
    wire.wait(400)
    challenge = bearer(scope="repository:team/app:pull,push") + ',error="invalid_token"'
    wire.ask("PATCH", f"{START}1?_state=1", 401, token="fourth-1", challenge=challenge)
    url = f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="fourth-2")
    wire.ask("PATCH", f"{START}1?_state=1", 202, token="fourth-2", sent=4000, location=f"{START}1?_state=2")
    wire.ask("PUT", f"{START}1?_state=2&digest={LAYER}", 201, token="fourth-2")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, token="fourth-2", sent=APP.manifest())


REPORTS |= {
    "first-part-refused": Kind(
        source="containerd/containerd#11998",
        play=first_part_refused,
        agent="containerd/v2.1.0",
        finds={"range-refused": "error"},
        says=("bytes=0-",),
        never=("the rest of", "cut off"),
    ),
    "cache-of-buildkit": Kind(
        source="pulp/pulp_container#1587",
        play=cache_of_buildkit,
        agent=BUILDKIT,
        finds={"upload-refused": "error"},
        says=("image-manifest=true",),
        never=("schema 2",),
    ),
    "post-forbidden": Kind(
        source="containerd/containerd#4982",
        play=post_forbidden,
        agent="containerd/1.4.3",
        finds={"access-denied": "error"},
        says=("may take no POST",),
        never=("private", "showed no login"),
    ),
    "token-renewed": Kind(source="distribution: a token lives 60 s", play=token_renewed, agent=DOCKER_20, finds={}),
}
