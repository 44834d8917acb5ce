"""What the words of an answer ask for: one table of kinds of words, each with the fix that follows from them.
One file, because of the rows that fit the first decides.

Words decide before status and code do, for they say more. What no row knows is None: the answer is quoted, nothing guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pullscope.oci.text_table import heads
from pullscope.trace.findings.case import asked_repositories
from pullscope.trace.findings.said import words
from pullscope.trace.model import Hop

ACTS = ("read", "list", "write", "delete", "token")

TABLE = r"""
# The proxy in front, or the way there
# nginx, ngx_http_ssl_module
client certificate: required SSL certificate|client certificate
    give {client} the client certificate that {host} asks for (client.cert and client.key in certs.d/{host})
headers: (?:header|cookie)s?(?: fields?)? (?:or cookie )?too large
    raise the limit for headers in front of {host} (large_client_header_buffers in nginx): tokens can be long
# ingress-nginx, "Default backend": kubernetes/ingress-nginx#1623, #3032, helm/charts#3360
no rule: default backend
    give the Ingress a rule for this host with the path {path}, and a tls section for it: its default backend answered
# developer.konghq.com, "Proxying", of newer and older versions; apisix.apache.org: Kong/docker-kong#83
no route: no (?:route matched|API found) with those values|404 route not found
    give the API gateway at {host} a route for {path} that hands on the whole path (Kong: paths {path} and strip_path=false,
    APISIX: uri {path}*): it says so of what it has none for
# repost.aws, "api-gateway-authentication-token-errors": monken/aws-ecr-public#1
no method: missing authentication token
    give the API Gateway in front of {host} a route for {path} with all methods: it says so of what it has none for
# The API of a docker daemon, with Server: Docker/…: GoogleContainerTools/jib#1739
docker api: ^page not found$
    name the registry's own port in place of {host}: what answers there is no registry, but speaks as a docker daemon's API does
# goharbor/harbor#21250, distribution/distribution#4237, envoyproxy/envoy#9747, hashicorp/consul#10258
ended behind it: reset reason: (?:connection termination|remote reset|protocol error)
    try again; if it comes back, read the log of the registry behind {host} for that time: by Envoy's words it ended the
    connection itself, as at a restart, a crash or an idle time-out that is shorter than Envoy's
# Traefik, Envoy, Heroku, Cloudflare's tunnels
route: no healthy upstream|no available server|(?:application|app) not found|no such app|application is not available
    |upstream connect error|no server is available|error code: 10(?:16|33)
    start the registry behind {host}, or correct the address that the proxy in front has for it: it has no server for it (in
    OpenShift oc get pods,endpoints,route in its project shows which)
# docker/hub-feedback#2502, cloudflare/workers-sdk#14922, docker-library/official-images#4309
filter: just a moment|captcha|checking your browser|incapsula|\b(?:not )?a robot\b|(?:page|access) blocked
    |(?:url|site|page|request) (?:has been |was |is )?blocked|you have been blocked|error code: 10(?:0\d|1[12]|20)\b
    |internet security by|web ?filter|web application firewall
    allow {host} in the filter that answers in its place, or use another network
# Cloudflare's Browser Integrity Check and rules for known bad agents: help.api.lulu.com 64000312087, docker/hub-feedback#2502
agent: error code: 1010\b
    let {client} name itself in its User-Agent, or ask with another program: Cloudflare in front of {host} refuses the one that
    was sent (if {host} is yours, its Browser Integrity Check does that)
# Istio, RequestAuthentication and AuthorizationPolicy
mesh: \bjwt (?:is missing|verification|issuer)|RBAC: access denied
    allow {client} in what is in front of {host} (Istio, Envoy): it refuses before the registry is asked
# docs.gitea.com, "Packages"; before 1.17 Gitea has none: go-gitea/gitea#19366
no packages (read): \b(?:gitea|forgejo)\b
    have Gitea (1.17 or later) or Forgejo at {host} serve /v2/: ENABLED = true below [packages] in its app.ini, and a restart;
    below a path of its own, let the proxy in front hand /v2/ of {host} on too
# openai/tart#295, goharbor/harbor#12676
cookies: csrf token
    let {client} send no cookies: {host} treats a request with cookies as a browser's, and wants a CSRF token beside them
# mozilla/jetstream#2683
closed: deprecated and shutting down|\bshut down\b|\bdiscontinued\b
    ask the registry that replaced what closed, or let the cache at {host} ask it (of gcr.io: registry.k8s.io for Kubernetes's own
    images, else what the project names; it moves by gcloud artifacts docker upgrade migrate)
proxy login: proxy authentication
    give the client the login of the proxy in its proxy settings
account: (?:account|e-?mail|user)\b.{0,40}(?:verif|confirm|activat|disabled|locked|blocked|inactive|banned|not found|not exist)
    |(?:verif|confirm|activat)\w* (?:your|the) (?:account|e-?mail)
    have an administrator of {host} do for that account what its answer says, or log in with another: {login}
# quay/quay, endpoints/v2/errors.py: docker-library/official-images#20228; ACCOUNT_RECOVERY_MODE: quay/quay#793
namespace: \bnamespace (?:\S+ )?(?:is|has been) disabled
    have an administrator of {host} enable the owner of {name} again, or use another registry: no login helps
recovery: account recover(?:y|ies) only
    set ACCOUNT_RECOVERY_MODE: false in the config.yaml of Quay at {host}, and restart it
# openshift/release#6056, redhat-developer/rhdh-local#20
moved (read list): only available (?:on|at|from) (?P<what>[a-z][\w-]*(?:\.[a-z][\w-]*)+)
    ask for {what}/{name} in its place, and log in there: {login_there}
# registry.redhat.io, nvcr.io
terms: \baccept the\b|terms and conditions|\beula\b
    accept what the answer names at the website of {host}, with the account of the login
# Docker Hub, Harbor: too many of these, and no more are looked at
attempts: (?:failed|invalid) (?:log-?in|authentication)|log-?in attempts
    wait, and then log in with the right password: {login}
# Docker Business: mlrun/mlrun#5690, cider-security-research/cicd-goat#41, docker/docs#23947
image access (read list token): image access restricted
    have an owner of that organization let {name} through (Image Access Management in its settings), or pull it with an account
    that is in no such organization
# cloud.google.com/vpc-service-controls/docs/retrieve-troubleshoot-errors: GoogleCloudPlatform/cloud-sql-proxy#1686
perimeter: prohibited by organization(?:'s)? policy|VPC Service Controls
    have your organization let {name} of {host} through its perimeter of VPC Service Controls, in whose log the identifier of the
    answer is (gcloud logging read
    'protoPayload.metadata.@type:"type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata"'): no login helps
# ACR's and Quay's firewalls: Azure/acr#412
address: \bclient with ip\b|\bip address\b|firewall|not allowed access|public network access|\bvpn\b
    allow the address that {client} comes from at {host}{lets_in}
country (read list token): export control|sanction|embargo|not available in your|\bcountry\b|your region
    pull it from a mirror that can be reached from here

# Who asks: Docker Hub and GitLab, docker/hub-feedback#1981, basecamp/kamal#1498
token for password: personal access token|use a token|instead of a password|two.?factor|\b2fa\b|\bmfa\b
    |app(?:lication)? password
    log in with a personal access token in place of the password: {login}
single sign-on: \bsso\b|single sign|\bsaml\b
    authorize the token for single sign-on at {host}, and log in with it: {login}
# Azure's artifact cache, of the registry behind it: Azure/acr#599, #754, #779, #892; learn.microsoft.com/cli/azure/acr/cache
cache rule (read list): cache rule '(?P<what>[\w.-]+)'
    correct the login that the cache rule {what} of {host} has for the registry behind it (az acr cache show --registry REGISTRY
    --name {what}, then az acr credential-set update), and write library/ before an official image of Docker Hub; if both are
    right, try again later: no login of {client} changes that
# Quay
encrypted password: encrypted password
    log in with the encrypted password that {host} makes (in its account settings), or with a robot's token: {login}
# Gitea: go-gitea/gitea#23642; GHCR: kedacore/http-add-on#48, dexidp/dex#1872
package rights (read list write delete): reqpackageaccess|read_package
    log in with a token that has the scope to {action} packages, of an account that may {action} {name}{grant}
# IAM: pytorch/pytorch#137361, Oracle: oracle/learning-library#1368; below them Google: GoogleCloudPlatform/aactl#233
policy of rights: is not authorized to perform|\buser\b.{0,90} cannot \w+ on resource
    give that user or role the permission that the answer names, at the repository of {host} too{grant}
permission: permission\W+[\w.]+\W+denied on
    give the account that {client} uses the permission that the answer names{grant}; a repository that is not there yet has the
    same answer: {creates}
# What is to be made has no settings yet: freeipa/ipa-tuura#38, actions/runner#1039
new package (write): not allowed to create|create_package
    give the workflow permissions: packages: write, and let its repository and organization do so (Settings, Actions, Workflow
    permissions: Read and write); else push {name} the first time with a person's token that has write:packages
# A workflow's own token: hyperledger-firefly/signer#74, bachp/git-mirror#516, docker/build-push-action#463; of a fork's pull
# request it reads only: xrelkd/clipcat#1050, docker/build-push-action#751, FalkorDB/FalkorDB#2632
workflow token (write): installation not allowed|write_package
    give the workflow permissions: packages: write, and in the settings of the package {name} (Manage Actions access) the right
    to write (a fork's PR has a token that only reads: leave the push out there); a person's token needs write:packages
# What a month allows is the owner's: cloudwego/biz-demo#45; cloud.ibm.com/docs/Registry, "exceeded your pull traffic quota"
traffic (read list): traffic quota|bandwidth (?:quota|limit)
    have the owner of {name} raise that quota at {host}, or pull it from another registry: no login helps, for it is the owner's
# Dragonfly: dragonflyoss/dragonfly-archived#138
no such upstream: no matched registry for (?P<what>[\w.:-]+)
    add {what} to the registries of the dfdaemon that {client} goes through, or to the NO_PROXY of {client}'s service: it knows
    no such registry
# Public mirrors that serve some images only: DaoCloud/public-image-mirror#39575
list (read list): \b(?:allow|white).?list|白名单
    have {name} put on the list of {host}, or pull it from its own registry: no login helps

# Harbor: goharbor/harbor#16834; Nexus and Artifactory, in their own words
cache (write): proxy (?:project|cache|repositor)|pull.?through|not a (?:local|hosted) |(?:remote|virtual) repositor
    push to a project or repository of {host} that is not a cache of another registry: a cache is read-only
patterns (write): (?:include|exclude)\w*[ /]?(?:and exclude )?patterns?|rejected the (?:deployment|resolution|artifact)
    change the include and exclude patterns of that repository at {host}, or the name
pending (write delete token): pending deletion|marked for deletion|\barchived\b
    restore what the answer names at {host}, or push elsewhere
# Spegel: what no other node has (spegel-org/spegel#469, #634, #1378, rancher/rke2#5754)
peers (read): find peer|mirror resolve|determine size of blob
    let {client} ask the registry itself next{itself}: {host} has what other nodes have, and by its words none has this
# What a registry allows no client to do; Nexus: sigstore/cosign#2189
group (write delete): deploying to groups|PRO-licensed
    push to the hosted repository, at its own address, and not to the group at {host} that collects it
# openshift/oc-mirror#253, podman-container-tools/buildah#2724: an index of one family, and images of the other
mixed list (write): schema: '[\w./-]*(?:docker|oci)[\w.]*\.(?:manifest|index)[\w.+]*' is not one of|schema mismatch
    push it, an index with all its images, in one family of types: --format v2s2 or --format oci (buildah or podman manifest push
    --all, skopeo copy), oci-mediatypes=true in buildx
# Harbor before 2.0: containerd/nerdctl#3838, goharbor/harbor#8855, #11932, #12590
no lists (write): manifest\W?list is not supported
    copy one platform's image under the tag (skopeo copy without --all; buildx: one --platform and --provenance=false, of a cache
    image-manifest=true), or update {host}: Harbor takes lists from 2.0
# cilium/cilium#22493, and below it the name in Artifactory's repository configuration
schema 1 (read write): schema ?1\b.{0,40}\bblocked
    copy it as schema 2 (skopeo copy --format v2s2 docker://SOURCE docker://TARGET), or switch off Block pushing (or pulling) of
    image manifest v2 schema 1 (blockPushingSchema1) of that repository of {host}
# distribution before 2.3, which takes schema 1 alone, where name and tag are in the manifest: GoogleContainerTools/jib#701, #932
old distribution (write): manifest tag did not match uri
    update the registry at {host} (distribution 2.3 or later): an older one takes no manifest of today (and looks for
    the tag in it)
# Harbor's core asks its own registry for what was just put: goharbor/harbor#14902, #14367, #22417, #15234
own copy (write): http status code: 404, body: .*unknown
    give all instances of the registry behind {host} one storage and one Redis, or run one: what was just put is not found there
    (its registry.log has more)
# deckhouse/deckhouse-cli#55, deckhouse/deckhouse#5008, #10672
types in Quay (write): does not match schema: '(?P<what>[\w.+-]+/[\w.+-]+)' is not one of
    keep it in a registry that takes {what} (signatures: COSIGN_REPOSITORY in cosign), or switch it on in the config.yaml of Quay
    at {host}: FEATURE_GENERAL_OCI_SUPPORT: true, and add {what} to ALLOWED_OCI_ARTIFACT_TYPES there
# dotnet/sdk-container-builds#471
one write (write): uploads after first write
    send a blob in one PATCH, or Content-Range: START-END with each further one: {host} (Gitea) takes none without
# quay/quay#899
mount in Quay (write): missing `?from`? repository
    update Quay at {host} to a version after September 2021: before, it took no mount without a repository to mount from
# google/go-containerregistry#2078, #1801
plain layers (write): rootfs\.diff\.tar\W+is not one of
    push it with compressed layers (docker pull and docker push compress them): {host} takes no plain tar as a layer
# sigstore/cosign#1645
types of a list (write): '(?P<what>application/[\w.+-]+)' is not one of
    keep it in a registry that takes {what} (signatures: COSIGN_REPOSITORY in cosign), or let {host} take that type
# google/go-containerregistry#1568
digest at ECR (write): does not match the image digest
    push it under a tag (crane push FILE {host}/{name}:TAG), and take the digest that this prints: what was sent has another than
    the one that was named, which was of the image before it was written to a file or changed
# moby/buildkit#5747, chainguard-dev/apko#450, ko-build/ko#928, oras-project/oras#1133
form at ECR (write): parameter at 'ImageManifest'
    push it as an image (oci-artifact=false in buildx, --image-spec v1.0 in oras, cosign from version 2), for {host} knows no
    manifest of that form
# sigstore/cosign#3758, GoogleContainerTools/kaniko#1095
overwrite in Artifactory (write): could not locate artifact|_INVALID: HTTP 403 Forbidden
    push under a new tag, or give the account that {client} uses the right to write over tags (Delete/Overwrite) on that
    repository of {host}
# GitLab, whose list grows with its versions: falcosecurity/falco#2714, fluxcd/flux2#3724, grimoire-rs/grimoire#11; Alibaba's,
# with 403: goodrain/rainbond#2673
types (write): unknown (?:media type:|manifest class for) (?P<what>[\w.+-]+/[\w.+-]+)
    push it with a type that {host} knows, or to a registry that takes artifacts: {what} is not in its list (newer GitLab knows
    more; --provenance=false --sbom=false leave attestations out)
# The disk below the registry: distribution/distribution#4896, goharbor/harbor#4762, zarf-dev/zarf#4669
disk full: no space left|disk (?:is )?full|disk quota exceeded|not enough space on the disk
    make room on the disk on which {host} keeps its blobs (df -h; registry garbage-collect), or give it a larger volume
disk read-only: read-only file ?system
    mount the disk of {host} for writing (mount -o remount,rw): dmesg there says whether the kernel made it read-only
# distribution/distribution#886, #1629, minio/minio#2843; docs.aws.amazon.com/AmazonS3/latest/userguide, "Uploading objects"
object size (write): EntityTooLarge|maximum allow(?:ed object|able) size
    push in layers of less than 5 GiB, which is what S3 takes in one request (distribution hands on larger ones in parts from 2.6)
quota (write delete token): quota(?! handler)|storage resource|upper limit|insufficient storage
    |storage limit|\blimit (?:is|of) \d|limit\b.{0,30}(?:exceed|reached)|exceed\w*\b.{0,40}(?:limit|maximum)
    |maximum (?:allowed )?number
    make room at {host}, or raise the quota that it names (Harbor: Administration, Project Quotas)
# Nexus, where a repository takes nothing twice: GoogleContainerTools/jib#3057, sonatype/nexus-public#967
redeploy (write delete): does not allow updating|cannot be updated|redeploy
    allow redeploy for that repository at {host}, or push what it does not have yet: it accepts nothing twice
# Nexus: openai/tart#252
other content (write): invalid docker content
    turn off Strict Content Type Validation of that repository at {host}: it looked into the blob, and took it for another type
# Zot: knative/func#2721, project-zot/zot#3005
other type (write): changing manifest media-type
    delete {name} at {host} under that tag first, or push under a new tag: a tag keeps the type of what it names there
# Azure/acr-cli#70, Azure/acr#561
lock (write delete): \bdisallowed\b|(?<!database )is locked
    unlock the image or repository at {host}: {unlock}
# Harbor and ECR: goharbor/harbor#20092, oras-project/oras#1228
referenced (delete): referenced by|still (?:in use|referenced)
    delete what refers to it first: a tag, an index, or the image that it is a signature of (oras discover {host}/{name}:TAG shows
    what refers to an image)
protected (write delete): \bprotect(?:ed|ion)\b|retention|legal hold
    change the rule of {host} that protects it, or use an account that the rule lets through
# ECR's ImageTagAlreadyExistsException, Harbor's 412, Nexus and Artifactory in their own words
fixed (write delete): immutab|already exists|cannot be overwritten|overwrit
    push under a new tag; this one may not be changed
# One repository of several, by its own policy: Nexus, NEXUS-25275
policy of writing (write delete): \brepository (?:\S+ )?is read.?only(?:: (?P<what>[\w.-]+))?
    let {what} take writes at {host} (in Nexus: its deployment policy, Allow redeploy), or push to another repository there: a
    group hands a push on to one of its members
read-only (write delete): read.?only|writes? (?:operations )?are (?:currently )?suspended|garbage collection|maintenance
    wait until {host} takes writes again, or switch its read-only mode off (Harbor: Configuration, System Settings, Repository
    Read Only; distribution: storage.maintenance.readonly)
maintenance: maintenance|read.?only
    wait until {host} is back
licence: licen[cs]e|subscription|\bpayment|billing|suspended|overdue|\btrial\b|upgrade your
    check the account or licence of {host}
# goharbor.io/docs, "Configure a Per-Project CVE Allowlist"
unscanned: without vulnerability scan|not (?:been )?scanned
    scan it at {host} (Harbor: the artifact, Scan Vulnerability), or have an administrator of the project take that rule back
# jfrog/jfrog-cli-core#1101, sobolevn/git-secret#801
scan: vulnerabilit|severity|malware|block(?:ed by|ing) (?:policy|xray)|curation
    fix or allow what the scan found, or change the policy of {host} ({scan})
signature (read list write delete): \b(?:un)?signed\b|signature (?:is )?(?:required|missing|not)|content trust
    sign the image as {host} demands (by cosign: cosign sign {host}/{name}@DIGEST), or have that rule taken back
# Lists in pages: distribution/distribution#4844
page (list): number of results|pagination|page.?size
    ask for fewer at a time (n= in the address), and follow Link to the next page
# docker/build-push-action#171
form of a name: must be lowercase|missing image name|should be of the form
    name it in lower case and with each part that {host} wants, as its answer says
# docker_auth, of what is asked by POST: helm/helm#6214
scopes in one (token): invalid scope\W+\w+:\S+:\S+ \w+:
    use a newer version of the token server at {host}: it accepts no two scopes in one request, as {client} sends by POST
# Artifactory: jfrog/charts#455
no key: unsupported docker v2 repository request for 'null'
    let the proxy in front of {host} name the key of the repository: by subdomain, by port or in the path
# jfrog/charts#908, #87
key for a name: unsupported docker v2 repository request for
    name the key of a docker repository of {host} before it: {host}/KEY/{name}
# docker_auth before 2016-11: cesanta/docker_auth#146
empty scope (token): invalid scope:? ?(?:""|''|$)
    leave scope out where there is none to ask for (an update of {client} may), or update the token server at {host}
# Docker Hub's token server: GoogleContainerTools/kaniko#702, google/go-containerregistry#1741
name (read list token): (?:invalid|bad|illegal|malformed|unsupported) (?:repository|image|project|scope|name|path)
    check how {names} is spelled, and that no variable in it is empty: {host} accepts no such name
# Harbor says 401 or 403 too: goharbor/harbor#13391; GHCR: goreleaser/goreleaser#2815; Quay: openshift/oc-mirror#441
not there: (?:project|repository|namespace|organi[sz]ation|tenant|owner)\b.{0,80}(?:not found
    |does not exist|doesn't exist|unknown)|cannot create organi[sz]ation
    check how {names} is spelled, and create what its answer names at {host}, if you push to it
# Harbor: goharbor/harbor#3369, #13045
service (token): unable to handle service
    name the service in the registry's settings as its token server does (auth.token.service: harbor-registry for Harbor); if the
    answer shows more than a name, let the proxy in front of {host} pass the query of {path} on unchanged
# microsoft/vscode-docker#3780
client id (token): client id must be guid
    log in with the application (client) ID of the service principal, a GUID, as the user, and its secret as the password
# Artifactory, with 400 and no challenge: GoogleContainerTools/jib#2898
unasked (read list write): \bauthorization header is (?:missing|required)|(?:missing|no) authorization header
    let {host}, or the proxy in front of it, say 401 with WWW-Authenticate to a request without a login: {client} shows none
    before it is asked for one
# Scopes of a personal token: GHCR's "does not match expected scopes", Docker Hub's "insufficient scopes"
scopes: \bscopes\b
    log in with a token whose scopes let it {action} {name}{grant}
limit: too many requests|toomanyrequests|rate.?limit|throttl
    wait, and then ask less often or less at a time

# docs.cloud.google.com/sdk/gcloud/reference/services/enable: genuinetools/reg#172
api off: API has not been used in project (?P<what>[\w.:-]+)
    enable that API: gcloud services enable API.googleapis.com --project={what} (API as in the address that its answer names)
off: \b(?:is|are|been|not) (?:currently )?(?:disabled|enabled)\b|\boffline\b|not activated
    switch on at {host} what its answer says is off
credentials (read list write delete): cannot be authenticated
    |(?:invalid|incorrect|bad|wrong)[ _](?:user ?name|password|credential)
    log in again{secret}: {login}

# What the registry itself did not reach. GHCR, with 403: slsa-framework/slsa-github-generator#1699; Nexus: osism/testbed#2357
server of its own: unable to connect to|from intermediary|auto.?blocked
    try again later: by its own words {host} did not reach a server behind it (auto-blocked: Nexus waits till then)
# Harbor and ECR, of the registry behind a cache: goharbor/harbor#14767, aws/containers-roadmap#2354, aceeric/ociregistry#15
upstream (read list): http status code: \d{3}|upstream (?:registry|repository)|\bstatus(?:| code from source is):? 40[13]\b
    ask the registry behind {host} for it (library/ before an official image of Docker Hub), which says 401 to what it does not
    have; if it is there, correct the login that {host} has at it{cache}
# google/go-containerregistry#1691: 403 of a virtual repository to tags that none behind it has
virtual (read list): does not have permission for (?:the )?manifest
    check that name and tag are there: Artifactory at {host} says so of what no repository behind {name} has, too; if they are,
    give the account Read on each of these
# distribution/distribution#2806: without an endpoint it asks Amazon
own storage: https?://(?P<what>[\w.:-]+)/\S*docker/registry/v2/
    let {host} reach its storage at {what}, or correct that address (storage.s3.regionendpoint in distribution, which asks Amazon
    where it is not set)
network: dial tcp|no such host|connection (?:refused|reset)|i/o timeout|deadline exceeded|proxyconnect|x509:
    |\blookup \S+ on\b
    run curl -v where {host} runs, to the address that its answer names: it cannot reach that from there
disk rights: \b(?:filesystem|mkdir|open|rename|unlink(?:at)?|chmod|lstat)\b.*permission denied
    let the user that the registry of {host} runs as write to that directory: owner and mode of the volume, fsGroup in
    Kubernetes, SELinux
disk failed: input/output error|stale (?:nfs )?file handle|too many open files|resource busy
    repair the disk of {host}, or mount its network volume (NFS and the like) anew: dmesg there says what failed
# distribution/distribution#2188; docs.aws.amazon.com, S3, "Error responses"
slow storage: timeout expired while waiting|slow ?down|reduce your request rate|requesttimeout
    try again, with fewer uploads at a time; if it keeps failing, look at the storage of {host}: it is too slow for it
storage: \b(?:s3(?:aws)?|bucket|NoSuchKey|filesystem|mkdir|blob ?store|swift|storage driver)\b
    |permission denied
    correct the storage that {host} has (bucket, key, rights, space): its answer names what failed, and its log the whole
    (docker logs or kubectl logs of its container)
database: \b(?:database|sql|postgres\w*|redis|redigo|deadlock|pq:)
    try again; if it keeps failing, restart the database of {host} that its answer names: its log has more (docker logs or
    kubectl logs of its container)
"""
"""The kinds of words, to which acts they are an answer, and below each the fix; of those that fit the first decides.

A line of a row that begins with a bar goes on with its words. The reports are where such words were seen.
"""

POLICIES = frozenset({"schema 1", "unscanned", "scan", "signature"})
"""What a registry gives nobody: a login changes nothing of that, whatever the status is."""
ITS_OWN_PARTS = frozenset(
    {"own storage", "network", "slow storage", "storage", "database", "disk rights", "disk failed"}
)
"""What a server says of its own parts: with a refusal such words are about something else, but for those of a `DRIVER`."""
OUT_OF_REACH = ITS_OWN_PARTS | {"disk full", "disk read-only", "ended behind it", "route"}
"""What only who runs a server can mend."""
DRIVER = re.compile(r"[A-Z_]+: (?:s3aws|s3|swift|azure|gcs|oss|cos|filesystem)\b:? (?!path not found)", re.IGNORECASE)
"""Words of distribution's storage drivers, which say 404 of what they may not read: goharbor/harbor#1309."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A kind of words, to what they are an answer, and the fix."""

    name: str
    words: re.Pattern[str]
    fix: str
    acts: frozenset[str]


def _rows() -> Iterator[Clue]:
    for head, fix in heads(TABLE):
        kind, pattern = head.split(": ", 1)
        name, _, acts = kind.removesuffix(")").partition(" (")
        yield Clue(name, re.compile(pattern, re.IGNORECASE), " ".join(fix), frozenset(acts.split() or ACTS))


CLUES = tuple(_rows())
TOO_LARGE = next(one.words for one in CLUES if one.name == "object size")


def clue(hop: Hop, act: str) -> Clue | None:
    """The kind of words that an answer to such a request holds, without the name of what was asked for, which may hold any."""
    asked = (*asked_repositories(hop.step), *filter(None, [hop.route.repository]))
    names = "|".join(re.escape(name) for name in asked if "/" in name)
    line = re.sub(rf"(?<![\w/-])(?:{names})(?![\w/-])", "…", words(hop)) if names else words(hop)
    failed = (hop.status or 0) >= 500 or DRIVER.match(line) is not None
    # a cache that did not get through says 404 too: ustclug/mirrorrequest#111
    others = ITS_OWN_PARTS - {"network"} if hop.status == 404 else ITS_OWN_PARTS
    fitting = (one for one in CLUES if act in one.acts and (failed or one.name not in others))
    return next((one for one in fitting if one.words.search(line)), None) if line else None
