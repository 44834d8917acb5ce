"""What is meant by messages that show no request, and by a status alone: words and a step.
One file, because of the rows that fit a message the first is told.
"""

from __future__ import annotations

import re

from pullscope.logs import deployers, platforms
from pullscope.logs.no_answers import TABLE
from pullscope.oci.text_table import heads

_SAID = r"""
# oracle/docker-images#999
pull access denied for (push|pull|build|login|logs|exec|images|ps|compose|start),
    docker run takes an image next, and WHAT, a command of docker's own, was taken for one: leave run out (docker WHAT ...)
# goharbor/harbor-helm#1364: it comes while layers are sent, so that /v2/ was right
: Pushing +\[[\s\S]*plain HTTP request was sent to HTTPS
    the registry named an address with http:// for the upload, at a port that speaks TLS: have it name its own by https:
        relativeurls: true below http in its configuration (Harbor: kubectl edit configmap harbor-registry, and externalURL:
        https://HOST), and X-Forwarded-Proto: https from the proxy in front
# google/go-containerregistry pkg/name/registry.go: #766, #1729
registries must be valid RFC 3986 URI authorities: (\S+)
    no registry was asked: WHAT is not a registry's HOST or HOST:PORT alone: leave out https:// before it and the path behind it
        (crane catalog and crane auth take a host; crane ls and others take HOST/NAME)
# google/go-containerregistry#1477
(?:fetching|reading|copying)[^\n]*: invalid character '[^<']' looking for beginning of value
    something that should be JSON is text: what a credential helper printed (docker-credential-NAME get), or what a proxy or
        portal answers in the registry's place (crane --verbose, or curl -si https://HOST/v2/, shows which)
# aws-actions/amazon-ecr-login#166
repository with name '([^']+)' does not exist in the registry with id
    ECR has no repository WHAT in that account and region: of a push make it first (aws ecr create-repository --repository-name
        WHAT --region REGION); of a pull check the name, and the account and region in the registry's host
# containerd/nerdctl#3080
proxyconnect tcp: dial tcp
    the client did not reach its own proxy: start that, or write into HTTPS_PROXY an address of it that is reached from where
        the client runs (127.0.0.1 is another machine to a container or a rootless daemon)
# run: skopeo 1.22, podman 5.8, crane 0.20, docker 28.5
failed size validation|filesystem layer verification failed|unexpected commit digest|layers from manifest don't match image
    |Digest did not match, expected sha256:|(?:tarball|layer|image|blob|manifest)[^\n]*: error verifying (?:sha256 checksum|size)
    the bytes that came are not those of the digest: something in between changed or cut them, or the registry keeps others;
        pull past proxies and caches, and push the image again if that fails too
# run: cosign 3.1, crane 0.20
unknown mime type: text/html
    a web page came where a manifest should be, so what answered is no registry, but a portal, a login page or a web server:
        curl -si https://HOST/v2/ where the client runs shows which; correct the address, or have what is in front of the
        registry pass /v2/ on to it
# run: docker 20.10 (it reads what has no manifest's type as schema 1), skopeo 1.22, podman 5.8, docker 28.5, oras 1.3
(?m:(?:daemon: |msg=\"|^)missing signature key\W*$)|docker://[^\n]*: unsupported schema version 2\b
    what came in the manifest's place has no type that the client knows as a manifest's, so it was read as the old schema 1: curl
        -sI https://HOST/v2/NAME/manifests/TAG shows its Content-Type; let the registry, or what is before it, send that of the
        manifest itself, and update the client if it is one of OCI's
content descriptor sha256:[0-9a-f]{64} \(((?:application/octet-stream|application/json|text/[\w-]+)[^)]*)\) from remote: not found
    what the registry answers to the tag has the type WHAT, which is no manifest's, so the client looked for it among the blobs:
        let the registry, or what is before it, send the Content-Type that the manifest names itself (curl -sI
        https://HOST/v2/NAME/manifests/TAG shows it)
# ustclug/discussions#222, ustclug/mirrorrequest#197
storing blob to file \S+ .*\btcp |(?m:^unexpected EOF$)|failed to copy: read tcp|expected number of bytes
    |writing blob[^\n]*happened during read|short read: expected \d+ bytes but got \d+: unexpected EOF
    the bytes of a layer stopped coming after they began: a slow or unsteady line, or a VPN, proxy or firewall on the way that
        ends long downloads: pull again; if that fails too, pull past what is on the way (another network shows it)
# run: docker 20.10
download failed after attempts=\d+: (?:received unexpected HTTP status:|error parsing HTTP) (4\d\d)
    a blob was refused with WHAT, by the registry or the storage to which it leads: pull again, for a new address; if it is
        refused each time, set the clock of this machine (timedatectl set-ntp true), and have a proxy or firewall on the way
        let the storage's host through, which skopeo --debug copy docker://IMAGE dir:app shows
download failed after attempts=\d+: (?:received unexpected HTTP status:|error parsing HTTP) (5\d\d)
    a blob did not come, as the registry, or the storage to which it leads, failed with WHAT: try again later
download failed after attempts|httpReadSeeker: failed open
    a blob did not come, for the reason said last; blobs come from a storage host (Docker Hub:
        production.cloudflare.docker.com): let it through every firewall and proxy, and ask another DNS server if its address is
        not known or false
# distribution/distribution registry/handlers/helpers.go: google/go-containerregistry#2084
client disconnected during blob
    the client, or a proxy between, ended the upload of a blob before its end: what the client says tells why; of large layers
        let the proxies wait longer (proxy_read_timeout, proxy_request_buffering off in nginx)
# aws/amazon-ecs-agent#719
reach any registry endpoint
    docker reached no registry: curl -sI https://registry-1.docker.io/v2/ (or that of the image) on that machine shows why; it
        needs DNS and a way out (in a private subnet a NAT or endpoints), or the registry was down
# docs.docker.com/docker-hub/usage: it names who is logged in
pull rate limit as '([^'\s]+)'
    Docker Hub counted too many pulls of the account WHAT, which is logged in: try again later, have its plan raised, or pull
        through a mirror that keeps what it has fetched
toomanyrequests:\s
    the registry counted too many requests: try again later, or log in (an account has its own limit)
# GitHub's own words, where no image is named: pinchbench/skill#17, coollabsio/coolify#3411, autc04/Retro68#274
installation not allowed to (?:Create|Write) organization package
    GitHub did not let a workflow's token write the package: give its job permissions: packages: write (where Settings, Actions
        keep workflows to reading, allow more there), and for a package that is there the repository Write in its settings
        (Manage Actions access); a person's token needs write:packages
User cannot be authenticated with the token provided
    GitHub does not take the token that came: it has expired, was revoked, or is not of that user: make a new one (classic, with
        read:packages, to push write:packages), and write it into the secret or variable that the job reads: where two of one
        name are set, the nearer one counts
# Google's own words, without the host that said so (google/kf#718)
follow the steps in: https://cloud\.google\.com/(?:container|artifact)-registry
    Google's registry was shown no login, or one without the right: gcloud auth configure-docker HOST where the client runs; the
        account needs roles/artifactregistry.reader (to push writer)
failed to download "oci://
    helm does not say why: helm pull --debug does, and crane ls HOST/NAME lists the versions
# goharbor/harbor#13170, #19797
valid chart repository
    no chart repository answers there; if it is a registry, run helm pull oci://HOST/PATH/CHART
# seqeralabs/wave#910
(?:CannotPull|[Ff]ailed to pull|[Pp]ulling)[^\n]*(?:unknown blob|blob unknown)
    the registry has not got a blob that the image's manifest names: have the image built or pushed anew there, with all its
        layers (of a cache have it fetched anew), or take another tag
unknown blob|blob upload unknown
    the registry does not find what it has just taken: push again; if that fails too, give all its instances one storage and
        one http.secret (of a hosted registry: tell its support)
# moby/buildkit and containerd before the refusal of an anonymous token; of no host is it said (docker/build-push-action#628)
anonymous token: unexpected status: 40[13]
    the client had no login for that registry, and was refused: log in before it (docker login HOST; in a workflow
        docker/login-action with registry: HOST)
# run: skopeo 1.22 and podman 5.8 cut it off there
fetching blob: StatusCode: 4\d\d, \\*\"<\?xml
    the storage of that blob refused its signed address, and why is cut off: set the clock of this machine (timedatectl set-ntp
        true) and start the pull again, for new addresses; if it fails again, skopeo --debug copy docker://IMAGE dir:app shows
        the storage's host, which a firewall or the registry's rights there may bar
# run: podman 5.8, buildah 1.43 and skopeo 1.22 behind nginx; Cloudflare's limit belongs to the plan
layer chunked: StatusCode: 413
    a proxy in front of the registry takes no body of that size: raise its limit (client_max_body_size 0 in nginx,
        proxy-body-size of an Ingress, LimitRequestBody 0 in Apache), or, behind Cloudflare, push in smaller layers or past it
# run: podman 5.8 and buildah 1.43, where a firewall kept the storage of registry.k8s.io away
fetching blob: StatusCode: 4\d\d, \\*\"<
    a web page came in place of a blob: what refused is the storage to which the registry sends its clients, or a proxy or
        firewall on the way there: skopeo --debug copy docker://IMAGE dir:app shows its host, which has to be let through
# HAProxy's and nginx's pages (containers/skopeo#2723)
StatusCode: 4\d\d, \\*\"<
    a web page answered, so a proxy or gateway in front of the registry refused that, not the registry: skopeo copy
        --debug shows the address; go past that proxy, or have it allow such requests
# moby/buildkit#4456: containerd fetches it with a login only
oauth token: unexpected status.*: 40[13]
    the token server refused the login that the client showed, which is not there or may not do that: log in again with an
        account that may, there where it runs (docker login HOST), and once more
signed by unknown authority|local issuer certificate|self.signed certificate|PKIX path|peer not authenticated
    the client trusts no CA behind the certificate that it got: something on the way reads TLS, as a company's proxy does, or it
        has no CA certificates: openssl s_client -connect HOST:443 where it runs shows the issuer; have it trust that CA (Java:
        keytool -importcert -cacerts), or install the package ca-certificates
# run: crane 0.20, cosign 3.1, containerd 2.1
no token in bearer response|server did not include a token in the response
    the token server answered without a token: curl -sI https://HOST/v2/ names it (realm), and curl -i asks it: what is in front
        of it has to pass the request on, or the registry has to name another
# cloudflare/serverless-registry#67; 100 MB, by the plan
parsing HTTP 413 response body: [\s\S]*>cloudflare<
    Cloudflare in front of the registry takes no body of that size: push in smaller layers, or, where it is yours, past
        Cloudflare (DNS only): its limit belongs to the plan
# goharbor/harbor#10621, SteveLTN/https-portal#100, Azure/application-gateway-kubernetes-ingress#968
HTTP 413 response body
    a proxy in front of the registry takes no body of that size: raise its limit (client_max_body_size 0 in nginx,
        proxy-body-size of an Ingress, LimitRequestBody 0 in Apache)
# S3's words (AmazonS3, "Error responses"); rpardini/docker-registry-proxy#26
<Message>Request has expired
    the storage of a blob refused its signed address, which had run out: pull again; if it is so each time, set the clock of this
        machine (timedatectl set-ntp true), and let no cache keep the registry's redirects for longer
# curiefense/curiefense#824, elastic/elasticsearch#91621
configured to block access from your country
    CloudFront, which the registry keeps its layers behind, says "configured to block access from your country": no login changes
        that; pull from another network (docker: a proxy named in HTTPS_PROXY of its service), or the same image from a registry
        or mirror that serves this country
# testcontainers/testcontainers-java#1283, zalando-incubator/baigan-config#83; run: skopeo 1.22, crane 0.20
invalid character '<'|Unexpected character \('<'
    a web page or XML came where a registry answers with JSON, so that a proxy, a filter or a storage answered in its place:
        curl -si https://HOST/v2/ where the daemon runs shows which; of one's own, correct host and port (of Nexus the port of its
        docker connector, not that of its pages)
# run: containerd 2.1, docker 28.5 and buildx 0.29, of a page that answered a push (containerd core/remotes/docker/pusher.go)
\"https:\?digest=sha256\S+ http: no Host in request URL
    the registry took the start of an upload and did not say where to send it (no Location), as a rule because a web page or a
        proxy answered in its place: curl -si -X POST https://HOST/v2/NAME/blobs/uploads/ where the client runs shows which
# docs: moby distribution/pull_v2.go; DeepVAC/TorchPod#60, docker/hub-feedback#645
[0-9a-f]{12}: (?:Pull|Download) complete[\s\S]*\n[^\n]*unauthorized: authentication required
    layers came before it, so the image may be pulled, and the token of the pull ran out on the way: set the clock of this
        machine (timedatectl set-ntp true), and pull again, as what came is kept; if it is slow, with fewer at a time
        (max-concurrent-downloads in daemon.json)
# goharbor/harbor#23190
unknown: (?:artifact|repository) \S+ not found
    Harbor has not got that: correct project, name and tag; where the project is a cache of another registry, the image is not
        there either, or Harbor could not fetch it, which the log of its core says
# mcuadros/ofelia#202
permission_denied: write_package
    ghcr.io does not let that token write the package: in a workflow permissions: packages: write, and Write for its repository
        in the package's settings (Manage Actions access); else a classic token with write:packages
# GoogleContainerTools/kaniko#622
Token exchange failed for project '([\w-]+)'[^\n]*does not have permission 'storage\.buckets\.get'
    the account of Google Cloud whose login it shows has no right to the storage of gcr.io in the project WHAT, or no login came:
        gcloud projects add-iam-policy-binding WHAT --member=serviceAccount:EMAIL --role=roles/storage.admin (in a project that
        has moved to Artifact Registry roles/artifactregistry.createOnPushWriter), or show another's
Unauthenticated requests do not have permission \\*["']artifactregistry
    the client showed no login to Artifact Registry, or there is no such repository: check the name
        (HOST/PROJECT/REPOSITORY/IMAGE); where it is right, gcloud auth configure-docker HOST for the user that runs the client
do(?:es)? not have permission \\*["'](?:storage|artifactregistry)\.
    |[Pp]ermission \W?(?:storage|artifactregistry)\.[\w.]+\W? denied
    the account of Google Cloud whose login it shows lacks that right: gcloud projects add-iam-policy-binding PROJECT
        --member=serviceAccount:EMAIL --role=roles/artifactregistry.writer (reader, to pull alone), or show another's
# fluxcd/source-controller#894
failed to login to OCI registry
    the registry took no login of Flux, and why is not said: kubectl describe helmrepository tells; helm registry login HOST with
        that user and password tries it, and secretRef names the secret that has them
# apptainer/apptainer#2230, cri-o/cri-o#7007, containers/skopeo#1240: of its own login, or of none, the library says the same
[Bb]earer token: received unexpected HTTP status: 404
    the token server that the registry names has nothing at that address: curl -sI https://HOST/v2/ names it (realm); let what is
        in front of it pass that path on, or have the registry name the right one
[Bb]earer token: (?:invalid status code from registry|received unexpected HTTP status:) 40[13]
    the token server refused: the login that was shown is wrong, or may not pull that, or there was none: check the name; if it
        is private, log in with an account that may pull it: docker login HOST
(?:[Bb]earer token: (?:invalid status code from registry|received unexpected HTTP status:)|fetch (?:anonymous|oauth) token:
        unexpected status(?: from [A-Z]+ request to \S+)?:?) 5\d\d
    the token server failed, which is not named (curl -sI https://HOST/v2/ names it: realm): try again, and see its log or status
# devcontainers/cli: microsoft/vscode-remote-release#7830, #8449, #8506
[Ff]etch bearer token for '([\w.:-]+)': Error: HTTP 40[13]
    the token server of WHAT refused: the login that is stored for WHAT is old, or what is asked for is private: docker
        logout WHAT, if it is public; else docker login WHAT
Requesting bearer token: invalid status code|[Ff]etch bearer token for '
    the token server said so, which is not named: curl -sI https://HOST/v2/ names it (realm), and curl -v asks it
unexpected status code https?://\S+\.\.\.(?!\S)
    it is cut off before the status: docker pull IMAGE on that machine tells the whole
# JibSystemProperties.java; GoogleContainerTools/jib#885, #1578, #3574
not sent because the connection was over HTTP
    jib sends no login by plain http: give it -DsendCredentialsOverHttp=true, or use https
# distribution, registry/handlers/manifests.go: NotGlop/docker-drag#31, krustlet/krustlet#188
accept header does not support OCI
    the image is there: the client asks for Docker's types of manifests alone, and the image is of OCI's: update the client, have
        it send Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, or take another
        (skopeo copy docker://IMAGE docker-archive:FILE)
# docs.aws.amazon.com/lambda, "Create a Lambda function using a container image": grafana/loki#7218 (public),
# binxio/cfn-ses-provider#27 (region), aws-samples/bedrock-access-gateway#205 (tag), aws/aws-cdk#27007 (policy)
[Ss]ource image \S+ is not valid|permission to access the (?:ECR|specified) image
    Lambda takes an image of a private ECR repository in its own region alone, by a tag or digest that is there: copy it there
        (crane copy SOURCE ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG); if it is there, let lambda.amazonaws.com do
        ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in its policy (aws ecr set-repository-policy)
# openai/universe#38, lmakarov/dde#180, docker-archive-public/docker.kitematic#2151, kubernetes/minikube#9491: no address
(?:read|write) tcp \S+?->\S+:\s|stream error: stream ID \d+; (?:INTERNAL|NO)_ERROR
    a connection was ended before all had come, and with whom is not said (the registry, or the storage of its layers): try
        again, as layers that came are kept; if it ends each time, what is on the way ends it (VPN, proxy, firewall): another
        network shows it
# buildpacks/pack#1432, buildpacks/lifecycle#1402, snowdrop/java-buildpack-client#88
registry (?:read|write|read/write) access to \S+[^\S\n]*(?:\n|\Z)
    the lifecycle of buildpacks got no answer there that it takes, and before 0.20 it does not say which: docker login HOST
        where pack runs (in kpack and Tekton the secret of the service account); crane manifest IMAGE shows what is answered
# MicrosoftDocs/azure-docs#45129, Azure/azure-cli#28883, hashicorp/terraform-provider-azurerm#20216, Azure/azure-sdk-for-net#36227
in container group '[^']*' is not accessible
    Azure Container Instances did not get the image, and does not say why: correct its name (without http://) and tag; for a
        private one az container create --registry-login-server HOST --registry-username USER --registry-password PASSWORD (in a
        template imageRegistryCredentials); az acr import brings one of Docker Hub into a registry of Azure
# goharbor/harbor#22048, #23521, aquasecurity/harbor-scanner-trivy#177
failed to download (?:vulnerability|Java) DB
    trivy got no database, and why is not said (trivy --debug tells): allow HOST where it runs, or name another (--db-repository
        ghcr.io/aquasecurity/trivy-db:2)
# testcontainers/testcontainers-java#3530; java.testcontainers.org, "Custom configuration"
Could not connect to Ryuk
    no registry was asked: the container of Testcontainers (Ryuk) runs, and was not reached at that address: set
        TESTCONTAINERS_HOST_OVERRIDE to the address of the docker host, or TESTCONTAINERS_RYUK_DISABLED=true
TLS handshake timeout|i/o timeout|Client\.Timeout
    nothing answered in time, and who was asked is not said: curl -v https://HOST/v2/ where the client runs tries the registry;
        if that waits too, let it through the firewall, or name the proxy of this network to the client (HTTPS_PROXY)
# microsoft/azure-container-apps#1201, #1210, MicrosoftDocs/azure-docs#95503
reason 'ImagePullFailure'
    Azure Container Apps did not get the image, and why is told in the log of the system: az containerapp logs show -n APP -g
        GROUP --type system
# distribution-spec, "Determining Support": whoever asks /v2/ by hand (run: PowerShell's words, wget's)
GET "https?://([^/"\s]+)/v2/": unexpected status code 401\b
    WHAT is a registry that wants a login or a token, and says so to whoever asks without one, as it should: clients see to that
        by themselves; curl -si https://WHAT/v2/ shows whom they ask (www-authenticate)
# goharbor/harbor src/server/middleware/vulnerable: words of Harbor's own, which clients print alone
current image with \d+ vulnerabilities cannot be pulled
    Harbor keeps images with such vulnerabilities from being pulled: its project's Configuration (Deployment security) sets how
        severe, and its CVE allowlist what is let through; else build the image anew with what mends them
# run: docker 28.5, of a token that a login was to bring
error from registry: incorrect username or password
    the registry, or its token server, takes no such login, or none came: docker login HOST, there where it runs, with a token in
        place of the password where the account has a second factor
# run: podman 5.8, skopeo 1.22, docker 28.5, oras 1.3: a code that they do not know, and the registry's words after it
(?:reading manifest \S+ in \S+: unknown|: error from registry|response from registry: unknown): (?!unauth|denied)([^\n"]{4,300})
    |(?m:^error from registry): (?!unauth|denied)([^\n"]{4,300})
    the registry refused it, and says why in words of its own: WHAT. Who runs HOST knows the rule behind them
# tektoncd/pipeline#6530, #1913, kubernetes/kubernetes#30148
Back-off pulling image|trying and failing to pull image|\bImagePullBackOff\b|\bErrImagePull\b
    the kubelet waits before it tries again, and why it failed is told by another event: kubectl describe pod POD shows it
        (Failed to pull image), or kubectl get events --field-selector reason=Failed
"""
"""What a client says of content that it got, or without a name, and what that means."""
WITHOUT_A_REQUEST, NO_ANSWER = (
    {head: lines[0] for head, lines in heads(table)} for table in (_SAID, deployers.TABLE + platforms.TABLE + TABLE)
)
UNKNOWN_CA = next(words for words in WITHOUT_A_REQUEST if words.startswith("signed by unknown authority"))
LOGIN_NOT_FETCHED = re.compile(
    "|".join(
        words.partition("[\\s\\S]*unauthorized")[0]
        for words in NO_ANSWER
        if any(one in words for one in ("api\\.ecr", "robot", "Must provide --username"))
    )
)
NOT_ASKED = re.compile("|".join(NO_ANSWER))
MEANINGS = [(re.compile(words), meant) for words, meant in (NO_ANSWER | WITHOUT_A_REQUEST).items()]
"""All of them, of which the first that fits is told."""
MEANT = {
    500: "the registry or what is in front of it failed: try again, and read its log",
    413: "a proxy in front of the registry takes no body of that size: raise client_max_body_size in nginx, or its like there",
    415: "it does not take manifests of the type that was sent",
    429: "too many requests: try again later, or log in",
    404: "what was asked for is not there (check name and tag), or is not taken there (of a push)",
    403: "the login is missing or lacks the right (docker login HOST), or a quota or rule there forbids it",
    401: "the login is missing, wrong, or lacks the right: docker login HOST, there where it runs",
}
"""What a status means, wherever it is from (RFC 9110); 500 is said of all above it."""
