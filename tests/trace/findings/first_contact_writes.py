"""Public reports of pushes, deletes, logins and referrers: what right is was written down before the rules were asked.

Each is one of a kind that the rules had not met. The form is that of `kinds`.
"""

from __future__ import annotations

from tests.trace.findings.first_contact import CONFIG, GHCR, LAYER, START, token_for_push, uploaded
from tests.trace.findings.kinds import APP, BUILDKIT, ECR, HELM, JSON, NGINX, OK_INDEX, ORAS, PODMAN, REG, Kind, bearer
from tests.trace.findings.looked_at import REGISTRY, error
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, digest
from tests.trace.wire import AUTH, CRANE, DOCKER_20, DOCKER_29, HUB, REGCTL, SKOPEO, Wire

BASIC_AT_ECR = f'Basic realm="{ECR}/",service="ecr.amazonaws.com"'
SUBJECT = digest(APP.manifest())
FALLBACK = SUBJECT.replace(":", "-")
PUSH_ONLY = (
    "eyJhbGciOiJub25lIn0."
    "eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6InRlYW0vYXBwIiwiYWN0aW9ucyI6WyJwdXNoIl19XX0.c2ln"
)
"""A JWT whose claims are `{"access":[{"type":"repository","name":"team/app","actions":["push"]}]}`."""


def artifact(subject: str) -> str:
    """A manifest that refers to another."""
    return (
        f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"application/vnd.in-toto+json",'
        f'"config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{CONFIG}","size":2}},'
        f'"layers":[{{"mediaType":"application/vnd.in-toto+json","digest":"{LAYER}","size":4}}],'
        f'"subject":{{"mediaType":"{OCI_MANIFEST}","digest":"{subject}","size":400}}}}'
    )


def scopes_of_a_pat(wire: Wire) -> None:
    """buildx pushes with a personal access token that may only read."""
    token_for_push(wire, "w1", GHCR)
    said = error("DENIED", "permission_denied: The token provided does not match expected scopes.")
    wire.ask("HEAD", f"{GHCR}/v2/team/app/blobs/{LAYER}", 404, token="w1")
    wire.ask("POST", f"{GHCR}/v2/team/app/blobs/uploads/", 403, token="w1", answer=JSON, body=said)


def firewall_at_login(wire: Wire) -> None:
    """docker login from an address that the registry does not let in."""
    said = "client with IP '172.214.169.102' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    wire.ask("GET", "https://contoso.azurecr.io/v2/", 403, answer=JSON, body=error("DENIED", said))


def deleted_already(wire: Wire) -> None:
    """crane deletes what somebody has deleted by hand."""
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=BASIC_AT_ECR)
    said = error("MANIFEST_UNKNOWN", "Requested image not found")
    wire.ask("DELETE", f"{ECR}/v2/team/app/manifests/1.0", 404, basic=True, answer=JSON, body=said)


def deletes_off(wire: Wire) -> None:
    """regctl puts another manifest at the tag and deletes that."""
    said = error("UNSUPPORTED", "The operation is unsupported.")
    tag = APP.url("manifests", "1.0", REG)
    wire.ask("HEAD", tag, 200, basic=True, answer=OK_INDEX)
    wire.ask("DELETE", tag, 405, basic=True, answer=JSON, body=said)
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{CONFIG}", 404, basic=True)
    wire.ask("POST", START, 202, basic=True, location=f"{START}4?_state=1")
    wire.ask("PUT", f"{START}4?_state=1&digest={CONFIG}", 201, basic=True, sent=40)
    wire.ask("PUT", tag, 201, basic=True, sent=APP.manifest())
    wire.ask("DELETE", APP.url("manifests", SUBJECT, REG), 405, basic=True, answer=JSON, body=said)


def delete_not_asked_for(wire: Wire) -> None:
    """crane deletes with a token for push and pull."""
    host = "https://icr.io"
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/oauth/token"), answer=JSON)
    url = f"{host}/oauth/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="w5")
    said = (
        '{"errors":[{"code":"DENIED","message":"You are not authorized to access the specified resource.",'
        '"detail":[{"Type":"repository","Class":"","Name":"team/app","Action":"delete"}]}]}'
    )
    wire.ask("DELETE", f"{host}/v2/team/app/manifests/{SUBJECT}", 403, token="w5", answer=JSON, body=said)


def delete_challenged(wire: Wire) -> None:
    """crane is told the scope of a delete, and asks for the old one again."""
    realm = f"{REG}/auth/token"
    url = f"{realm}?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=reg"
    there = APP.url("manifests", SUBJECT, REG)
    challenge = bearer(realm, "repository:team/app:delete") + ',error="insufficient_scope"'
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm), answer=JSON)
    for token in ("w5a", "w5b"):
        wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued=token)
        said = error("DENIED", "requested access to the resource is denied")
        wire.ask("DELETE", there, 401, token=token, challenge=challenge, answer=JSON, body=said)


def no_redeploy(wire: Wire) -> None:
    """A new tag of an old manifest at a repository that takes nothing twice."""
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 200, basic=True)
    said = (
        '{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid",'
        '"detail":"Repository does not allow updating assets: coe-docker"}]}'
    )
    url = APP.url("manifests", "1.1.1_275", REG)
    wire.ask("PUT", url, 400, basic=True, sent=APP.manifest(), answer=JSON, body=said)


def no_redeploy_of_a_blob(wire: Wire) -> None:
    """The same repository, a blob that it has already."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, basic=True)
    wire.ask("POST", START, 202, basic=True, location=f"{START}9")
    said = (
        '{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid",'
        '"detail":"docker-hosted/v2/-/blobs/sha256:567db cannot be updated"}]}'
    )
    wire.ask("PUT", f"{START}9?digest={LAYER}", 400, basic=True, sent=4000, answer=JSON, body=said)


def subject_unknown(wire: Wire) -> None:
    """oras attaches to a manifest that the registry gives, and does not know."""
    there = APP.url("manifests", SUBJECT, REG)
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 200, answer={**OK_INDEX, "Docker-Content-Digest": SUBJECT})
    wire.ask("GET", there, answer={"Content-Type": OCI_MANIFEST}, body=APP.manifest())
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 200)
    manifest = artifact(SUBJECT)
    said = (
        '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":"' + SUBJECT + '"}]}'
    )
    url = APP.url("manifests", digest(manifest), REG)
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", url, 404, headers=headers, sent=manifest, answer=JSON, body=said)


def platforms_left_out(wire: Wire) -> None:
    """docker push of an index of which one platform was pulled."""
    other = "sha256:" + "b" * 64
    index = (
        f'{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":['
        f'{{"mediaType":"{OCI_MANIFEST}","digest":"{SUBJECT}","size":400,'
        f'"platform":{{"os":"linux","architecture":"amd64"}}}},'
        f'{{"mediaType":"{OCI_MANIFEST}","digest":"{other}","size":400,'
        f'"platform":{{"os":"linux","architecture":"arm64"}}}}]}}'
    )
    token_for_push(wire, "w9")
    uploaded(wire, "w9")
    uploaded(wire, "w9", CONFIG)
    wire.ask("PUT", APP.url("manifests", SUBJECT, REG), 201, token="w9", sent=APP.manifest())
    said = error("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    url = APP.url("manifests", "1.0", REG)
    headers = {"Content-Type": OCI_INDEX}
    wire.ask("PUT", url, 404, token="w9", headers=headers, sent=index, answer=JSON, body=said)


def push_without_pull(wire: Wire) -> None:
    """A robot account of Harbor that may push only."""
    token_for_push(wire, PUSH_ONLY)
    blob = f"{REG}/v2/team/app/blobs/{LAYER}"
    challenge = bearer(scope="repository:team/app:pull") + ',error="insufficient_scope"'
    wire.ask("HEAD", blob, 401, token=PUSH_ONLY, challenge=challenge, answer=JSON)
    wire.ask("POST", START, 202, token=PUSH_ONLY, location=f"{START}1?_state=1")
    wire.ask("PATCH", f"{START}1?_state=1", 202, token=PUSH_ONLY, sent=4000, location=f"{START}1?_state=2")
    wire.ask("PUT", f"{START}1?_state=2&digest={LAYER}", 201, token=PUSH_ONLY, sent=0)
    wire.ask("HEAD", blob, 401, token=PUSH_ONLY, challenge=challenge, answer=JSON)


def name_too_short(wire: Wire) -> None:
    """BuildKit pushes to a project and a repository of Artifact Registry."""
    host = "https://europe-west1-docker.pkg.dev"
    said = "Missing image name. Pushes should be of the form docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE"
    token_for_push(wire, "w11", host)
    wire.ask("HEAD", f"{host}/v2/team/app/blobs/{LAYER}", 404, token="w11")
    url = f"{host}/v2/team/app/blobs/uploads/"
    wire.ask("POST", url, 400, token="w11", answer=JSON, body=error("NAME_INVALID", said))


def immutable_at_harbor(wire: Wire) -> None:
    """docker push over a tag that may not be changed."""
    token_for_push(wire, "w12")
    uploaded(wire, "w12")
    said = error("DENIED", "Failed to process request, due to 'hello-world:latest' is a immutable tag.")
    url = APP.url("manifests", "latest", REG)
    wire.ask("PUT", url, 412, token="w12", sent=APP.manifest(), answer=JSON, body=said)


def front_refuses_a_part(wire: Wire) -> None:
    """skopeo copies through a load balancer that does not like a request."""
    token_for_push(wire, "w13")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token="w13", answer=JSON)
    wire.ask("POST", START, 202, token="w13", location=f"{START}1?_state=1")
    page = "<HTML> 400 Bad request Your browser sent an invalid request."
    answer = {"Content-Type": "text/html"}
    wire.ask("PATCH", f"{START}1?_state=1", 400, token="w13", sent=4000, answer=answer, body=page)


def job_may_not_delete(wire: Wire) -> None:
    """skopeo delete with the login of a GitLab job."""
    realm = "https://gitlab.example.com/jwt/auth"
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm), answer=JSON)
    url = f"{realm}?account=gitlab-ci-token&scope=repository%3Ateam%2Fapp%3A%2A&service=reg"
    wire.ask("GET", url, 403, basic=True, answer=JSON, body=error("DENIED", "access forbidden"))


def reference_in_the_address(wire: Wire) -> None:
    """helm, whose chart is named with a tag that it adds to."""
    token_for_push(wire, "w15", GHCR)
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{GHCR}/v2/team/app/blobs/{blob}", 200, token="w15")
    there = f"{GHCR}/v2/team/app/manifests/0.1.0/test:0.1.0"
    page = {"Content-Type": "text/html"}
    wire.ask("HEAD", there, 404, token="w15", answer=page)
    wire.ask("PUT", there, 405, token="w15", sent=APP.manifest(), answer=page, body="<HTML> 405 Not Allowed")


# -- healthy --------------------------------------------------------------------------------------------------------------


def tag_is_the_subject(wire: Wire) -> None:
    """oras discover at GitLab, which takes the fallback tag for the digest."""
    token_for_push(wire, "h1")
    tag = {**OK_INDEX, "Docker-Content-Digest": digest(APP.index)}
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 200, token="h1", answer=tag)
    wire.ask("GET", f"{REG}/v2/team/app/referrers/{digest(APP.index)}", 404, token="h1", answer=NGINX)
    fallback = digest(APP.index).replace(":", "-")
    wire.ask("GET", APP.url("manifests", fallback, REG), 200, token="h1", answer=tag, body=APP.index)


def token_by_get_in_the_end(wire: Wire) -> None:
    """helm 3.14 at Gitea: POST for a token is not there, GET is."""
    realm, blob = f"{REG}/v2/token", f"{REG}/v2/team/app/blobs/{LAYER}"
    wire.ask("HEAD", blob, 401, challenge=bearer(realm, "*"), answer=JSON)
    wire.ask("POST", realm, 404, sent="grant_type=password&service=reg&username=u&password=p")
    url = f"{realm}?scope=%2A&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="h2")
    uploaded(wire, "h2")
    uploaded(wire, "h2", CONFIG)
    wire.ask("HEAD", APP.url("manifests", "0.4.3", REG), 404, token="h2")
    wire.ask("PUT", APP.url("manifests", "0.4.3", REG), 201, token="h2", sent=APP.manifest())


def chart_at_ecr(wire: Wire) -> None:
    """helm pulls a chart and asks each time without its login first."""
    manifest = APP.manifest()
    tag = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(manifest)}
    at = APP.url("manifests", "1.0", ECR)
    wire.ask("HEAD", at, 401, challenge=BASIC_AT_ECR)
    wire.ask("HEAD", at, 200, basic=True, answer=tag)
    there = APP.url("manifests", digest(manifest), ECR)
    wire.ask("GET", there, 401, challenge=BASIC_AT_ECR)
    wire.ask("GET", there, 200, basic=True, answer=tag, body=manifest)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), ECR), basic=True, content=content)


def upload_in_the_singular(wire: Wire) -> None:
    """regctl pushes to GHCR, whose uploads are at `blobs/upload/`, in parts."""
    token_for_push(wire, "h4", GHCR)
    for blob in (LAYER, CONFIG):
        at = f"/v2/team/app/blobs/upload/{blob[-8:]}"
        wire.ask("HEAD", f"{GHCR}/v2/team/app/blobs/{blob}", 404, token="h4")
        wire.ask("POST", f"{GHCR}/v2/team/app/blobs/uploads/", 202, token="h4", location=at)
        for _ in range(2):
            wire.ask("PATCH", f"{GHCR}{at}", 202, token="h4", sent=4000, location=at)
        wire.ask("PUT", f"{GHCR}{at}?digest={blob}", 201, token="h4", sent=0)
    wire.ask("PUT", APP.url("manifests", "1.0", GHCR), 201, token="h4", sent=APP.manifest())


def fallback_tag_made(wire: Wire) -> None:
    """A signature is pushed to a registry without the referrers API: the client keeps the list itself."""
    manifest = artifact(SUBJECT)
    token_for_push(wire, "h5")
    wire.ask(
        "HEAD",
        APP.url("manifests", SUBJECT, REG),
        200,
        token="h5",
        answer={**OK_INDEX, "Docker-Content-Digest": SUBJECT},
    )
    uploaded(wire, "h5")
    uploaded(wire, "h5", CONFIG)
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", APP.url("manifests", digest(manifest), REG), 201, token="h5", headers=headers, sent=manifest)
    said = error("MANIFEST_UNKNOWN", "manifest unknown")
    wire.ask("GET", APP.url("manifests", FALLBACK, REG), 404, token="h5", answer={**REGISTRY, **JSON}, body=said)
    index = (
        f'{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":['
        f'{{"mediaType":"{OCI_MANIFEST}","digest":"{digest(manifest)}","size":700}}]}}'
    )
    headers = {"Content-Type": OCI_INDEX}
    wire.ask("PUT", APP.url("manifests", FALLBACK, REG), 201, token="h5", headers=headers, sent=index)


WRITES: dict[str, Kind] = {
    "scopes-of-a-pat": Kind(
        source="daltoniam/switchboard#139",
        play=scopes_of_a_pat,
        agent=BUILDKIT,
        finds={"write-denied": "error"},
        says=("does not match expected scopes", "write:packages"),
        never=("showed no login", "private", "renew"),
    ),
    "firewall-at-login": Kind(
        source="docker/build-push-action#1214",
        play=firewall_at_login,
        agent=DOCKER_29,
        finds={"access-denied": "error"},
        says=("is not allowed access", "allow the address"),
        never=("log in", "the account"),
    ),
    "deleted-already": Kind(
        source="google/go-containerregistry#1862",
        play=deleted_already,
        agent=CRANE,
        finds={"manifest-unknown": "error"},
        says=("delete",),
        never=("private", "push it", "log in"),
    ),
    "deletes-off": Kind(
        source="regclient/regclient#819",
        play=deletes_off,
        agent=REGCTL,
        finds={"write-denied": "error"},
        says=("storage.delete.enabled",),
        never=("log in", "may delete"),
    ),
    "delete-not-asked-for": Kind(
        source="google/go-containerregistry#2184",
        play=delete_not_asked_for,
        agent=CRANE,
        finds={"write-denied": "error"},
        says=("asked for push, pull", "not authorized"),
        never=("showed no login", "private"),
    ),
    "delete-challenged": Kind(
        source="google/go-containerregistry#724",
        play=delete_challenged,
        agent=CRANE,
        finds={"write-denied": "error"},
        says=("asked for push, pull",),
        never=("showed no login", "private", "clocks"),
    ),
    "no-redeploy": Kind(
        source="GoogleContainerTools/jib#3057",
        play=no_redeploy,
        agent="jib 2.7.1 jib-maven-plugin",
        finds={"write-denied": "error"},
        says=("does not allow updating assets", "redeploy"),
        never=("http.secret", "begun itself", "schema 2"),
    ),
    "no-redeploy-of-a-blob": Kind(
        source="sonatype/nexus-public#967",
        play=no_redeploy_of_a_blob,
        agent=BUILDKIT,
        finds={"write-denied": "error"},
        says=("cannot be updated", "redeploy"),
        never=("http.secret", "begun itself"),
    ),
    "subject-unknown": Kind(
        source="distribution/distribution#4927",
        play=subject_unknown,
        agent=ORAS,
        finds={"upload-refused": "error"},
        says=("subject",),
        never=("upload each blob", "a blob that the manifest names", "schema 2"),
    ),
    "platforms-left-out": Kind(
        source="go-gitea/gitea#26839",
        play=platforms_left_out,
        agent=DOCKER_29,
        finds={"blob-not-pushed": "error"},
        says=("sha256:bbbb", "platform"),
        never=("crane ls", "http.secret", "upload each blob"),
    ),
    "push-without-pull": Kind(
        source="goharbor/harbor#13973",
        play=push_without_pull,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("does not grant pull", "may pull and push"),
        never=("grant push", "private"),
    ),
    "name-too-short": Kind(
        source="docker/build-push-action#171",
        play=name_too_short,
        agent=BUILDKIT,
        finds={"upload-refused": "error"},
        says=("Missing image name", "as the answer"),
        never=("create team/app",),
    ),
    "immutable-at-harbor": Kind(
        source="goharbor/harbor#9718",
        play=immutable_at_harbor,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("new tag",),
        never=("vulnerabilit", "log in"),
    ),
    "front-refuses-a-part": Kind(
        source="podman-container-tools/skopeo#2723",
        play=front_refuses_a_part,
        agent=SKOPEO,
        finds={"upload-refused": "error"},
        says=("invalid request", "in front"),
        never=("log in",),
    ),
    "job-may-not-delete": Kind(
        source="podman-container-tools/skopeo#856",
        play=job_may_not_delete,
        agent=SKOPEO,
        finds={"write-denied": "error"},
        says=("access forbidden", "delete"),
        never=("private", "a push", "wrong"),
    ),
    "reference-in-the-address": Kind(
        source="helm/helm#10152",
        play=reference_in_the_address,
        agent=HELM,
        finds={"tag-invalid": "error"},
        says=("0.1.0/test:0.1.0", "name the image or chart once"),
        never=("read-only", "log in"),
    ),
    "tag-is-the-subject": Kind(source="oras-project/oras-go#1396", play=tag_is_the_subject, agent=ORAS, finds={}),
    "token-by-get-in-the-end": Kind(
        source="go-gitea/gitea#29118", play=token_by_get_in_the_end, agent="Helm/3.14.0", finds={}
    ),
    "chart-at-ecr": Kind(source="helm/helm#12413", play=chart_at_ecr, agent="Helm/3.12.1", finds={}),
    "upload-in-the-singular": Kind(
        source="regclient/regclient#323", play=upload_in_the_singular, agent=REGCTL, finds={}
    ),
    "fallback-tag-made": Kind(
        source="opencontainers/distribution-spec#563", play=fallback_tag_made, agent=ORAS, finds={}
    ),
}


# -- a second time --------------------------------------------------------------------------------------------------------


def password_at_gitlab(wire: Wire) -> None:
    """docker login with a password where two factors are wanted."""
    realm = "https://gitlab.example.com/jwt/auth"
    said = (
        "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're "
        "required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or "
        "improperly scoped."
    )
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm), answer=JSON)
    url = f"{realm}?account=u&client_id=docker&offline_token=true&service=reg"
    wire.ask("GET", url, 401, basic=True, answer=JSON, body=error("UNAUTHORIZED", said))


def second_factor_at_hub(wire: Wire) -> None:
    """docker pulls a public image with a stored password."""
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer(AUTH), answer=JSON)
    wire.ask("HEAD", APP.url("manifests", "1.0"), 401, challenge=bearer(AUTH, "repository:team/app:pull"))
    url = f"{AUTH}?account=u&scope=repository%3Ateam%2Fapp%3Apull&service=registry.docker.io"
    said = '{"details":"please use personal access token to login"}'
    wire.ask("GET", url, 401, basic=True, answer=JSON, body=said)


def writes_suspended(wire: Wire) -> None:
    """oras pushes while quay.io is read-only."""
    host = "https://quay.io"
    token_for_push(wire, "x3", host)
    wire.ask("HEAD", f"{host}/v2/team/app/blobs/{LAYER}", 404, token="x3")
    said = "System is currently read-only. Pulls will succeed but all write operations are currently suspended."
    wire.ask("POST", f"{host}/v2/team/app/blobs/uploads/", 405, token="x3", answer=JSON, body=error("DENIED", said))


def pat_expired(wire: Wire) -> None:
    """podman pushes to GHCR with a token that is over."""
    wire.ask("GET", f"{GHCR}/v2/", 401, challenge=bearer(f"{GHCR}/token"), answer=JSON)
    url = f"{GHCR}/token?account=u&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=ghcr.io"
    wire.ask("GET", url, 403, basic=True, answer=JSON, body=error("DENIED", "denied"))


def open_to_read(wire: Wire) -> None:
    """docker pushes to Zot, which all may read: its /v2/ asks for nothing."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**REGISTRY, **JSON})
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, answer=JSON)
    said = error("UNAUTHORIZED", "authentication required")
    wire.ask("POST", START, 401, challenge='Basic realm="zot"', answer=JSON, body=said)


def artifact_at_ecr(wire: Wire) -> None:
    """buildx pushes an attestation as an artifact."""
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{ECR}/v2/team/app/blobs/{blob}", 200, basic=True)
    manifest = artifact(SUBJECT)
    said = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
    url = APP.url("manifests", digest(manifest), ECR)
    headers = {"Content-Type": OCI_MANIFEST}
    body = error("UNSUPPORTED", said)
    wire.ask("PUT", url, 405, basic=True, headers=headers, sent=manifest, answer=JSON, body=body)


def signature_immutable(wire: Wire) -> None:
    """cosign signs a second time where no tag may be changed."""
    token_for_push(wire, "x8")
    old = {"Content-Type": OCI_MANIFEST}
    wire.ask(
        "HEAD",
        APP.url("manifests", SUBJECT, REG),
        200,
        token="x8",
        answer={**OK_INDEX, "Docker-Content-Digest": SUBJECT},
    )
    wire.ask("GET", APP.url("manifests", f"{FALLBACK}.sig", REG), 200, token="x8", answer=old, body=APP.manifest())
    uploaded(wire, "x8")
    said = error("PRECONDITION", f"Failed to process request due to 'app:{FALLBACK}.sig' configured as immutable.")
    url = APP.url("manifests", f"{FALLBACK}.sig", REG)
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", url, 412, token="x8", headers=headers, sent=APP.manifest(), answer=JSON, body=said)


def signature_not_acceptable(wire: Wire) -> None:
    """cosign signs at a GitHub of its own."""
    token_for_push(wire, "x9")
    wire.ask("GET", APP.url("manifests", f"{FALLBACK}.sig", REG), 404, token="x9")
    uploaded(wire, "x9")
    url = APP.url("manifests", f"{FALLBACK}.sig", REG)
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", url, 406, token="x9", headers=headers, sent=APP.manifest(), answer={"Content-Type": "text/html"})


def another_account(wire: Wire) -> None:
    """docker pushes to the ECR of an account that it has no login for."""
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=BASIC_AT_ECR)


def manifest_wants_a_login(wire: Wire) -> None:
    """oras finds the blob, and only the manifest asks for a login."""
    realm = f"{REG}/auth/token"
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 200)
    url = APP.url("manifests", "1.0", REG)
    headers = {"Content-Type": OCI_MANIFEST}
    challenge = bearer(realm, "repository:team/app:pull,push")
    wire.ask("PUT", url, 401, headers=headers, sent=APP.manifest(), challenge=challenge, answer=JSON)
    token = f"{realm}?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=reg"
    wire.ask("GET", token, basic=True, body='{"token":"REDACTED"}', issued="y1")
    wire.ask("PUT", url, 201, token="y1", headers=headers, sent=APP.manifest())


def looks_at_its_tag(wire: Wire) -> None:
    """docker 27 with containerd pushes to Zot and looks at the tag after it."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 401, challenge='Basic realm="zot"')
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 404, basic=True)
        wire.ask("POST", START, 202, basic=True, location=f"{START}{blob[-4:]}")
        wire.ask("PUT", f"{START}{blob[-4:]}?digest={blob}", 201, basic=True, sent=4000)
    url = APP.url("manifests", "1.0", REG)
    wire.ask("HEAD", url, 404, basic=True)
    wire.ask("PUT", url, 201, basic=True, headers={"Content-Type": OCI_MANIFEST}, sent=APP.manifest())
    wire.ask("HEAD", url, 200, basic=True, answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": SUBJECT})


def scope_grows(wire: Wire) -> None:
    """helm 3.19 at Quay: a token to look, another to push."""
    realm = f"{REG}/v2/auth"
    there = APP.url("manifests", SUBJECT, REG)
    wire.ask("HEAD", there, 401, challenge=bearer(realm, "repository:team/app:pull"))
    url = f"{realm}?scope=repository%3Ateam%2Fapp%3Apull&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="y3a")
    wire.ask("HEAD", there, 404, token="y3a")
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 404, token="y3a")
    wire.ask("POST", START, 401, token="y3a", challenge=bearer(realm, "repository:team/app:pull,push"), answer=JSON)
    url = f"{realm}?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="y3b")
    for blob in (LAYER, CONFIG):
        wire.ask("POST", START, 202, token="y3b", location=f"{START}{blob[-4:]}")
        wire.ask("PUT", f"{START}{blob[-4:]}?digest={blob}", 201, token="y3b", sent=4000)
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", there, 201, token="y3b", headers=headers, sent=APP.manifest())
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, token="y3b", headers=headers, sent=APP.manifest())


def deleted(wire: Wire) -> None:
    """skopeo delete, with a token for everything."""
    realm = f"{REG}/auth/token"
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm), answer=JSON)
    url = f"{realm}?account=u&scope=repository%3Ateam%2Fapp%3A%2A&service=reg"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="y4")
    answer = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": SUBJECT}
    wire.ask("GET", APP.url("manifests", "1.0", REG), 200, token="y4", answer=answer, body=APP.manifest())
    wire.ask("DELETE", APP.url("manifests", SUBJECT, REG), 202, token="y4")


def refresh_token(wire: Wire) -> None:
    """docker with the login of `az acr login`: a refresh token is changed for one to push."""
    host = "https://contoso.azurecr.io"
    realm, start = f"{host}/oauth2/token", "/v2/team/app/blobs/uploads/"
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(realm), answer=JSON)
    form = "grant_type=refresh_token&service=reg&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&refresh_token=r"
    wire.ask("POST", realm, sent=form, body='{"access_token":"REDACTED"}', issued="y5")
    for blob in (LAYER, CONFIG):
        first, then = (f"{start}{blob[-4:]}?_nouploadcache=false&_state={state}" for state in "12")
        wire.ask("HEAD", f"{host}/v2/team/app/blobs/{blob}", 404, token="y5")
        wire.ask("POST", f"{host}{start}", 202, token="y5", location=first)
        wire.ask("PATCH", f"{host}{first}", 202, token="y5", sent=4000, location=then)
        wire.ask("PUT", f"{host}{then}&digest={blob}", 201, token="y5", sent=0)
    wire.ask("PUT", APP.url("manifests", "1.0", host), 201, token="y5", sent=APP.manifest())


WRITES |= {
    "password-at-gitlab": Kind(
        source="basecamp/kamal#1498",
        play=password_at_gitlab,
        agent=DOCKER_29,
        finds={"access-denied": "error"},
        says=("instead of a password", "in place of the password"),
        never=("private",),
    ),
    "second-factor-at-hub": Kind(
        source="docker/hub-feedback#1981",
        play=second_factor_at_hub,
        agent=DOCKER_20,
        finds={"access-denied": "error"},
        says=("personal access token", "in place of the password"),
        never=("private", "check the name"),
    ),
    "writes-suspended": Kind(
        source="conforma/cli#3008",
        play=writes_suspended,
        agent=ORAS,
        finds={"write-denied": "error"},
        says=("currently read-only", "wait"),
        never=("mirrors", "log in"),
    ),
    "pat-expired": Kind(
        source="ansible-community/images#87",
        play=pat_expired,
        agent=PODMAN,
        finds={"write-denied": "error"},
        says=("write:packages",),
        never=("private", "showed no login"),
    ),
    "open-to-read": Kind(
        source="project-zot/zot#3538",
        play=open_to_read,
        agent=DOCKER_20,
        finds={"ping-hides-challenge": "error"},
        says=("/v2/",),
        never=("wrong", "may push"),
    ),
    "artifact-at-ecr": Kind(
        source="moby/buildkit#5747",
        play=artifact_at_ecr,
        agent=BUILDKIT,
        finds={"upload-refused": "error"},
        says=("ImageManifest",),
        never=("read-only", "log in", "the name and the tag"),
    ),
    "signature-immutable": Kind(
        source="goharbor/harbor#17332",
        play=signature_immutable,
        agent="cosign/v1.10.0",
        finds={"write-denied": "error"},
        says=("configured as immutable", "signatures"),
        never=("new tag",),
    ),
    "signature-not-acceptable": Kind(
        source="sigstore/cosign-installer#214",
        play=signature_not_acceptable,
        agent="cosign/v2.4.1",
        finds={"upload-refused": "error"},
        says=("406",),
        never=("log in", "private"),
    ),
    "another-account": Kind(
        source="kciter/aws-ecr-action#1",
        play=another_account,
        agent=DOCKER_20,
        finds={"credentials-not-used": "error"},
        says=("log in: aws ecr",),
        never=("wrong",),
    ),
    "manifest-wants-a-login": Kind(source="oras-project/oras#147", play=manifest_wants_a_login, agent=ORAS, finds={}),
    "looks-at-its-tag": Kind(source="project-zot/zot#3300", play=looks_at_its_tag, agent=DOCKER_29, finds={}),
    "scope-grows": Kind(source="helm/helm#31348", play=scope_grows, agent="Helm/3.19.0", finds={}),
    "deleted": Kind(source="containers/image#487", play=deleted, agent=SKOPEO, finds={}),
    "refresh-token": Kind(source="Azure/acr#32", play=refresh_token, agent=DOCKER_29, finds={}),
}


# -- a third time ---------------------------------------------------------------------------------------------------------

LOCKED = error("REGISTRY_DISALLOWED_OPERATION", "The operation is disallowed on this registry, repository or image.")


def delete_of_a_locked_one(wire: Wire) -> None:
    """A purge at ACR meets an image that may not be written."""
    url = f"https://contoso.azurecr.io/v2/team/app/manifests/{SUBJECT}"
    wire.ask("DELETE", url, 405, basic=True, answer=JSON, body=LOCKED)


def push_to_a_locked_one(wire: Wire) -> None:
    """docker push to a tag at ACR that is locked."""
    host = "https://contoso.azurecr.io"
    token_for_push(wire, "z1", host)
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{host}/v2/team/app/blobs/{blob}", 200, token="z1")
    url = f"{host}/v2/team/app/manifests/1.0"
    wire.ask("PUT", url, 405, token="z1", sent=APP.manifest(), answer=JSON, body=LOCKED)


def delete_of_what_is_referred_to(wire: Wire) -> None:
    """oras deletes a signature that Harbor keeps for the image."""
    said = error("PRECONDITION", "the deleting artifact is referenced by others")
    wire.ask(
        "HEAD",
        APP.url("manifests", SUBJECT, REG),
        200,
        basic=True,
        answer={**OK_INDEX, "Docker-Content-Digest": SUBJECT},
    )
    wire.ask("DELETE", APP.url("manifests", SUBJECT, REG), 412, basic=True, answer=JSON, body=said)


def delete_of_an_immutable(wire: Wire) -> None:
    """A tag below a rule of Harbor is deleted."""
    said = error("PRECONDITION", "Failed to process request due to 'app:1.0' configured as immutable.")
    wire.ask("DELETE", APP.url("manifests", "1.0", REG), 412, basic=True, answer=JSON, body=said)


def no_overwrite(wire: Wire) -> None:
    """kaniko pushes a tag again, with an account of Artifactory that may not delete."""
    for blob in (LAYER, CONFIG):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{blob}", 200, basic=True)
    body = (
        '{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid",'
        '"detail":{"description":"HTTP 403 Forbidden"}}]}'
    )
    url = APP.url("manifests", "1.1.0", REG)
    answer = {**JSON, "Server": "Artifactory/6.18.1"}
    wire.ask("PUT", url, 403, basic=True, sent=APP.manifest(), answer=answer, body=body)


def content_filter(wire: Wire) -> None:
    """A filter in front finds something in a config."""
    token_for_push(wire, "z5")
    uploaded(wire, "z5")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{CONFIG}", 404, token="z5")
    wire.ask("POST", START, 202, token="z5", location=f"{START}5?_state=1")
    page = {"Content-Type": "text/html", "Server": "cloudflare", "Cf-Ray": "6a88"}
    body = "<HTML> Attention Required! | Cloudflare"
    wire.ask("PATCH", f"{START}5?_state=1", 403, token="z5", sent=900, answer=page, body=body)


def realm_without_port(wire: Wire) -> None:
    """docker login at another port than the realm's."""
    realm = "https://harbor.example.com/service/token"
    wire.ask("GET", "https://harbor.example.com:8443/v2/", 401, challenge=bearer(realm), answer=JSON)
    url = f"{realm}?account=u&client_id=docker&offline_token=true&service=reg"
    wire.ask("GET", url, None, basic=True, fails="[Errno 111] Connect call failed ('192.0.2.7', 443)")


def realm_not_routed(wire: Wire) -> None:
    """docker login, and the ingress knows no /service/token."""
    realm = f"{REG}/service/token"
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm), answer=JSON)
    url = f"{realm}?account=u&client_id=docker&offline_token=true&service=reg"
    wire.ask("GET", url, 404, basic=True, answer={"Content-Type": "text/plain"}, body="default backend - 404")


def another_digest(wire: Wire) -> None:
    """A client that has read a config and written it anew."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{CONFIG}", 404, basic=True)
    wire.ask("POST", START, 202, basic=True, location=f"{START}8?_state=1")
    said = error("DIGEST_INVALID", "provided digest did not match uploaded content")
    wire.ask("PUT", f"{START}8?_state=1&digest={CONFIG}", 400, basic=True, sent=611, answer=JSON, body=said)


WRITES |= {
    "delete-of-a-locked-one": Kind(
        source="Azure/acr-cli#70",
        play=delete_of_a_locked_one,
        agent=REGCTL,
        finds={"write-denied": "error"},
        says=("disallowed", "unlock"),
        never=("storage.delete.enabled", "log in"),
    ),
    "push-to-a-locked-one": Kind(
        source="Azure/acr#561",
        play=push_to_a_locked_one,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("disallowed", "unlock"),
        never=("read-only", "mirrors", "log in"),
    ),
    "delete-of-what-is-referred-to": Kind(
        source="goharbor/harbor#20092",
        play=delete_of_what_is_referred_to,
        agent=ORAS,
        finds={"write-denied": "error"},
        says=("referenced by others", "first"),
        never=("new tag", "log in"),
    ),
    "delete-of-an-immutable": Kind(
        source="goharbor/harbor#22543",
        play=delete_of_an_immutable,
        agent=CRANE,
        finds={"write-denied": "error"},
        says=("configured as immutable", "rule"),
        never=("new tag", "log in"),
    ),
    "no-overwrite": Kind(
        source="GoogleContainerTools/kaniko#1095",
        play=no_overwrite,
        agent="kaniko/v0.17.1",
        finds={"write-denied": "error"},
        says=("overwrite", "new tag"),
        never=("schema 2", "private"),
    ),
    "content-filter": Kind(
        source="podman-container-tools/podman#18757",
        play=content_filter,
        agent=PODMAN,
        finds={"write-denied": "error"},
        says=("let Cloudflare pass it on", "not the registry"),
        never=("may push", "log in"),
    ),
    "realm-without-port": Kind(
        source="nicholasamorim/ansible-role-harbor#10",
        play=realm_without_port,
        agent=DOCKER_20,
        finds={"upstream-unreachable": "error"},
        says=("8443", "external URL"),
        never=("wrong", "log in"),
    ),
    "realm-not-routed": Kind(
        source="goharbor/harbor#4499",
        play=realm_not_routed,
        agent=DOCKER_20,
        finds={"token-server-failed": "error"},
        says=("default backend", "/service/token"),
        never=("wrong", "log in"),
    ),
    "another-digest": Kind(
        source="oras-project/rust-oci-client#78",
        play=another_digest,
        agent="oci-client/0.9",
        finds={"upload-refused": "error"},
        says=("did not match",),
        never=("http.secret", "log in"),
    ),
}


# -- a fourth time --------------------------------------------------------------------------------------------------------


def no_look_at_signatures(wire: Wire) -> None:
    """cosign looks for a signature at Artifactory, which says 403 to tags that are not there."""
    token_for_push(wire, "v1")
    wire.ask(
        "HEAD",
        APP.url("manifests", SUBJECT, REG),
        200,
        token="v1",
        answer={**OK_INDEX, "Docker-Content-Digest": SUBJECT},
    )
    said = error(
        "UNAUTHORIZED", "The client does not have permission for manifest: Download request is forbidden for user"
    )
    wire.ask("GET", APP.url("manifests", f"{FALLBACK}.sig", REG), 403, token="v1", answer=JSON, body=said)


def group_of_nexus(wire: Wire) -> None:
    """cosign signs where a group collects other repositories."""
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, basic=True)
    said = "Deploying to groups is a PRO-licensed feature. See https://links.sonatype.com/product-nexus-repository"
    wire.ask("POST", START, 403, basic=True, answer=JSON, body=error("DENIED", said))


def no_right_to_look(wire: Wire) -> None:
    """docker push with a role that may upload, and not look."""
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=BASIC_AT_ECR)
    wire.ask("HEAD", f"{ECR}/v2/team/app/blobs/{LAYER}", 403, basic=True)


def role_lacks_an_action(wire: Wire) -> None:
    """docker push with a role of another account."""
    said = (
        "User: arn:aws:sts::391835788720:assumed-role/runner/i-03 is not authorized to perform: ecr:InitiateLayerUpload on "
        "resource: arn:aws:ecr:us-east-1:308535385114:repository/team/app"
    )
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=BASIC_AT_ECR)
    wire.ask("HEAD", f"{ECR}/v2/team/app/blobs/{LAYER}", 404, basic=True)
    wire.ask("POST", f"{ECR}/v2/team/app/blobs/uploads/", 403, basic=True, answer=JSON, body=error("DENIED", said))


def pull_only(wire: Wire) -> None:
    """buildkit pushes with a login that may pull."""
    claims = "eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6InRlYW0vYXBwIiwiYWN0aW9ucyI6WyJwdWxsIl19XX0"
    jwt = f"eyJhbGciOiJub25lIn0.{claims}.c2ln"
    token_for_push(wire, jwt)
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token=jwt)
    challenge = bearer(scope="repository:team/app:pull,push") + ',error="insufficient_scope"'
    said = error("UNAUTHORIZED", "authentication required")
    wire.ask("POST", START, 401, token=jwt, challenge=challenge, answer=JSON, body=said)


def mounted(wire: Wire) -> None:
    """buildx mounts a layer and finds the rest."""
    token_for_push(wire, "v6")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, token="v6")
    wire.ask("POST", f"{START}?mount={LAYER}&from=team%2Fbase", 201, token="v6", location=f"/v2/team/app/blobs/{LAYER}")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{CONFIG}", 200, token="v6")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 404, token="v6")
    headers = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, token="v6", headers=headers, sent=APP.manifest())


WRITES |= {
    "no-look-at-signatures": Kind(
        source="sigstore/cosign#2973",
        play=no_look_at_signatures,
        agent="cosign/v2.0.2",
        finds={"referrers-refused": "warning"},
        says=("does not have permission", "none yet"),
        never=("may push", "private"),
    ),
    "group-of-nexus": Kind(
        source="sigstore/cosign#2189",
        play=group_of_nexus,
        agent="cosign/v1.11.0",
        finds={"write-denied": "error"},
        says=("PRO-licensed", "hosted"),
        never=("may push", "log in"),
    ),
    "no-right-to-look": Kind(
        source="aws-actions/amazon-ecr-login#14",
        play=no_right_to_look,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("ecr:BatchCheckLayerAvailability",),
        never=("expired", "private"),
    ),
    "role-lacks-an-action": Kind(
        source="pytorch/pytorch#137361",
        play=role_lacks_an_action,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("ecr:InitiateLayerUpload", "give"),
        never=("get-login-password", "log in"),
    ),
    "pull-only": Kind(
        source="moby/buildkit#838",
        play=pull_only,
        agent=BUILDKIT,
        finds={"write-denied": "error"},
        says=("does not grant push",),
        never=("expired", "clocks", "showed no login"),
    ),
    "mounted": Kind(source="docker/buildx#202", play=mounted, agent=BUILDKIT, finds={}),
}
