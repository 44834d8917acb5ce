"""What the words of an answer ask for: each kind of words is known by what registries and proxies say, and by nothing near it."""

from __future__ import annotations

import re
import string

import pytest

from pullscope.trace.findings.advice import ACTS, CLUES, ITS_OWN_PARTS, Clue

SAID = {
    "client certificate": "400 No required SSL certificate was sent",
    "headers": "400 Request Header Or Cookie Too Large",
    "no rule": "default backend - 404",
    "no route": "no Route matched with those values",
    "mixed list": "does not match schema: 'application/vnd.docker.distribution.manifest.v2+json' is not one of ['a/b']",
    "no such upstream": "no matched registry for 192.168.0.104",
    "no lists": "UNKNOWN: Manifest.list is not supported.",
    "unasked": "[ERROR-400] DOCKER Either Authorization header is missing or invalid",
    "empty scope": "Bad request: invalid scope: ''",
    "cache rule": "authentication required with source registry for cache rule 'docker-io'.",
    "old distribution": "manifest tag did not match URI",
    "schema 1": "Pulling Docker images with manifest v2 schema 1 to this repository is blocked.",
    "own copy": "unknown: http status code: 404, body: {'errors':[{'code':'MANIFEST_UNKNOWN'}]}",
    "unscanned": "current image without vulnerability scanning cannot be pulled due to configured policy",
    "one write": "Stream uploads after first write are not allowed",
    "slow storage": "swift: Timeout expired while waiting for segments of /docker/registry/v2/blobs/ab to show up",
    "types in Quay": "failed to parse manifest: manifest data does not match schema: 'a/b' is not one of ['c/d']",
    "mount in Quay": "INVALID_REQUEST: Missing `from` repository argument",
    "plain layers": "'application/vnd.docker.image.rootfs.diff.tar' is not one of ['a/b']",
    "types of a list": "'application/vnd.dsse.envelope.v1+json' is not one of those that are allowed",
    "digest at ECR": "The image with digest sha256:aa does not match the image digest that Amazon ECR has calculated.",
    "form at ECR": "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    "overwrite in Artifactory": "Could not locate artifact 'app/sha256-1.att/manifest.json'",
    "client id": "aad access token with sp failed client id must be guid",
    "types": "unknown media type: application/vnd.cncf.flux.config.v1+json",
    "other type": 'changing manifest media-type from "a/b" to "c/d" is disallowed',
    "no method": "Missing Authentication Token",
    "docker api": "page not found",
    "route": "no healthy upstream",
    "filter": "Just a moment...",
    "agent": "error code: 1010",
    "mesh": "RBAC: access denied",
    "no packages": "Page Not Found - Gitea: Git with a cup of tea",
    "cookies": "CSRF token not found in request",
    "namespace": "This namespace is disabled. Please contact your system administrator.",
    "recovery": "Quay running for account recoveries only.",
    "moved": "This repo requires terms acceptance and is only available on registry.redhat.io",
    "closed": "Container Registry is deprecated and shutting down, please use the auto migration tool",
    "terms": "Please accept the terms and conditions of the product first",
    "new package": "installation not allowed to Create organization package",
    "workflow token": "permission_denied: write_package",
    "policy of writing": "Repository is read only: docker-hosted",
    "form of a name": "Missing image name. Pushes should be of the form docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE",
    "proxy login": "407 Proxy Authentication Required",
    "image access": "image access restricted: team/app blocked for organization acme",
    "perimeter": "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc",
    "traffic": "remaining traffic quota is not enough to download this layer for current month",
    "address": "DENIED: client with IP '203.0.113.7' is not allowed access",
    "country": "this page may be subject to export control laws",
    "token for password": "You must use a personal access token with 'api' scope",
    "single sign-on": "your token is not authorized for SAML SSO",
    "attempts": "too many failed login attempts for username or IP address",
    "encrypted password": "Encrypted password is required for this account",
    "cache": "can not push artifact to a proxy project: hub",
    "patterns": "The repository 'docker-local' rejected the deployment of an artifact due to its include/exclude patterns",
    "pending": "the project is marked for deletion",
    "not there": "project team not found",
    "api off": "Cloud Resource Manager API has not been used in project 1234 before or it is disabled",
    "off": "Container registry is not enabled for this project",
    "credentials": "User cannot be authenticated with the token provided",
    "package rights": "UNAUTHORIZED: reqPackageAccess",
    "permission": "Permission 'artifactregistry.repositories.uploadArtifacts' denied on resource 'projects/p'",
    "policy of rights": "User: arn:aws:iam::1:user/ci is not authorized to perform: ecr:InitiateLayerUpload",
    "list": "this image is not in the whitelist",
    "peers": "could not find peer for sha256:4f9725b2",
    "group": "Deploying to groups is a PRO-licensed feature",
    "disk full": "filesystem: write /var/lib/registry/docker: no space left on device",
    "disk read-only": "filesystem: mkdir /var/lib/registry/docker: read-only file system",
    "disk rights": "filesystem: mkdir /registry/docker: permission denied",
    "disk failed": "filesystem: open /var/lib/registry/docker: input/output error",
    "ended behind it": "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    "service": "Unable to handle service: token-service",
    "key for a name": "Unsupported docker v2 repository request for myapp",
    "object size": "EntityTooLarge: Your proposed upload exceeds the maximum allowed object size.",
    "quota": "adding 5 GiB of storage resource, which when updated to current usage will exceed the configured upper limit",
    "redeploy": "Repository does not allow updating assets: docker-hosted",
    "other content": "Invalid docker content v2/-/blobs/sha256:0123",
    "lock": "The operation is disallowed on this registry, repository or image",
    "referenced": "Requested image referenced by manifest list: [sha256:01]",
    "protected": "Deleting protected image tags is not allowed",
    "fixed": "The image tag '1.0' already exists and cannot be overwritten because the repository is immutable",
    "read-only": "The system is in read only mode. Any modification is prohibited.",
    "maintenance": "Down for maintenance",
    "licence": "Your license has expired",
    "account": "Please verify your e-mail: the account is not activated",
    "scan": "current image with 3 vulnerabilities cannot be pulled",
    "signature": "The image is not signed by cosign.",
    "page": "PAGINATION_NUMBER_INVALID: invalid number of results requested",
    "scopes in one": 'Bad request: invalid scope: "repository:mysql:pull repository:mysql:pull,push"',
    "no key": "Unsupported docker v2 repository request for 'null'",
    "name": "invalid repository name",
    "scopes": "The token provided does not match expected scopes.",
    "limit": "toomanyrequests: Rate exceeded",
    "upstream": "http error: not found, http status code: 404",
    "virtual": "The client does not have permission for manifest",
    "server of its own": "permission_denied: unable to connect to authzd server: twirp error bad_route",
    "own storage": "Put https://s3-external-1.amazonaws.com/r/docker/registry/v2/repositories/a/_uploads/7/startedat: dial tcp",
    "network": "dial tcp: lookup minio on 10.0.0.2:53: no such host",
    "storage": "s3aws: Path not found",
    "database": "pq: deadlock detected",
}
NEARLY = (
    "UNAUTHORIZED: authentication required",
    "DENIED: requested access to the resource is denied",
    "unauthorized to access repository: library/cosign, action: pull",
    "manifest unknown to registry",
    "blob upload unknown",
    "Bad Request",
    "team/quotient: not found",
    "403 Forbidden",
    "Could not find robot with specified username",
)
"""What says no more than the status does, or has such words in names."""


@pytest.mark.parametrize("row", CLUES, ids=lambda row: row.name)
def test_each_kind_of_words_is_known_by_what_was_said(row: Clue) -> None:
    """The first row that fits what was said is its own, to one act at least."""
    name, acts = row.name, row.acts
    said = SAID[name]
    for act in acts:
        first = next(one for one in CLUES if act in one.acts and one.words.search(said))
        assert first.name == name or (name == "maintenance" and first.name == "read-only")


@pytest.mark.parametrize("said", NEARLY)
def test_words_that_say_no_more_than_the_status_ask_for_nothing(said: str) -> None:
    """Nothing is guessed from the usual words, or from names."""
    assert [one.name for one in CLUES if one.words.search(said)] == []


def test_the_table_is_read_as_it_is_written() -> None:
    """Every row has acts, a fix with names that can be filled in, and words of a server's own parts stand last."""
    assert {name for one in CLUES for name in one.acts} == set(ACTS)
    assert set(SAID) == {one.name for one in CLUES}
    for one in CLUES:
        fields = {field for _, field, _, _ in string.Formatter().parse(one.fix) if field is not None}
        assert fields <= {
            "host",
            "client",
            "name",
            "names",
            "action",
            "login",
            "login_there",
            "path",
            "secure",
            "what",
            "grant",
            "cache",
            "creates",
            "itself",
            "lets_in",
            "scan",
            "secret",
            "unlock",
        }, one.name
        assert re.match(r"[a-z]", one.fix), one.name
    assert {one.name for one in CLUES[-len(ITS_OWN_PARTS) :]} == ITS_OWN_PARTS
