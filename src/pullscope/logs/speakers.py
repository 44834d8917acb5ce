"""Whose words a sentence is: the client that says it, or that was called on the line above; and the platform that runs it."""

from __future__ import annotations

import re

from pullscope.logs.entries import Entry

_SPEAKERS = [
    (re.compile(words), client)
    for client, words in re.findall(
        r"(.+?): (.+)",
        r"""
docker: org\.testcontainers\.|DotNet\.Testcontainers|\bDocker\.DotNet\.|com\.github\.dockerjava\.
harbor-registry-client: /replication/transfer/|/repoproxy/|(?:pull|push) (?:the )?manifest of artifact
trivy: \* (?:docker|containerd|podman|remote) error:
argocd helm: `helm (?:pull|registry login) [^`]*` failed
argocd helm: error testing repository connectivity|error pulling OCI chart|repository not accessible
argocd helm: [Mm]anifest generation error|failed to generate manifest for source
github-actions buildkit: (?:buildx (?:call )?failed with|::error|##\[error\]).*failed to solve
github-actions docker: ##\[error\]
portainer docker: compose pull operation failed|failed to pull images of the stack|portainer
codebuild docker: BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE|customer's container image
nomad podman: failed to create image: \S+ failed to start task
nomad docker: client\.driver_mgr\.docker
nomad docker: Driver Failure|failed to initialize task|driver\.docker
openshift-installer podman: unable to pull quay\.io/openshift-release-dev/
openshift-builder docker: [Bb]uild error: Failed to push image
knative: failed to resolve image to digest
operator-sdk: Failed to run bundle|permissive mode disabled
dotnet: Microsoft\.NET\.Build\.Containers|\bCONTAINER1\d{3}\b
cloud-run: gcloud\.run|Cloud Run|run\.googleapis
renovate: \nrenovate$|RenovateBot|Failed to look up docker package|Error getting docker image tags
gitlab-runner docker: image (?:\S+ )?with (?:policy|specified policies)
trivy: image scan error|error in image scan|vulnerability DB|[Jj]ava DB|find the specified image|initialize an? (?:\w+ )?scanner
UpstreamClient(Go-http-client) docker: (?:Failed to pull image|PullImage|Pull image \S+ failed:) .*Error response from daemon
sandbox containerd: failed to get sandbox image|RunPodSandbox.*failed to pull and unpack
sandbox docker: (?:unable to pull sandbox|CreatePodSandbox.*failed pulling) image.*Error response from daemon
openshift-importer: oc (?:--\S+ \S+ )?import-image|tag \S+ failed: Internal error|Import failed \(
argo-workflows: look-up entrypoint/cmd
tekton-pipelines-controller: translating TaskSpec to Pod|cannot retrieve the oci image
seqera-wave: repository '\S+' unauthorized \(401\)|/v2/wt/
amazon-ecs-agent: CannotPull(?:\w*Container|ECR)\w*Error|CannotPullImageManifestError
containerapps: template\.containers\.|WebhookInvalidParameterValue|ContainerAppOperationError
appservice: (?<!Docker\.DotNet\.)DockerApiException
docker: Error response from daemon|Trying to pull repository|^\s*✘ .* Error \b
docker: (?<!authorization failed): no basic auth credentials
argocd-image-updater: Could not get tags from registry
kyverno: kyverno|image verification failed|attestors\[|failed to fetch image descriptor: \S+, error
keel: \btrigger\.poll\.
cosign: no (?:matching )?signatures|policy\.sigstore\.dev|manifests/sha256-[0-9a-f]{64}\.sig\b|accessing entity
cosign: signing (?:\[|\S+@sha256:)|error during command execution: |Supply Chain Security Related artifacts
ko: publishing ko://|resolving image references .*ko://
go-containerregistry: failed to catalog|oci-registry: |OciRegistry
docker: failed to put manifest \S+ (?:errors:|denied|unauthorized|manifest blob unknown)
regclient/regctl: (?i)failed to (?:send blob post|(?:get|put) manifest |(?:get|request) (?:blob|manifest)(?: head)?,? )
buildkit: failed to solve|invalid from flag value|^#\d+ \d+\.\d+ error: (?:failed commit on|unexpected status from)
cri-o: (?:Failed to pull image|rpc error: ).*(?:[Rr]eading manifest|pinging|[Bb]earer token)|pulling image failed:
cri-o: error creating pod sandbox
containerd: failed to pull and unpack image|PullImage .*failed to resolve image
nerdctl: tryLoginWithRegHost|rh\.Authorizer|^failed to resolve reference|does not seem to support HTTPS
kaniko: checking push permission|push to destination|error building stage:
jib: cloud\.tools[.:]jib
helm: helm_release|/helm" exited with|\bhelm chart pull\b
helm: (?:INSTALLATION|UPGRADE) FAILED|could not download (?:chart|oci://)|valid chart repository|failed to fetch \S+\.tgz
apptainer: FATAL:   |While making image|failed to get (?:SHA of|checksum for) docker://
source-controller: ImageRepository|OCIRepository|HelmRepository|\bscan failed: (?:GET|Get) \S+/tags/list\b
source-controller: chart pull error|determine (?:the )?artifact|failed to pull artifact from 'oci:
kubelet: Failed to pull image \\*"
ctr: ^ctr:\s
oras: Error from (?:source|destination) registry for
helm: ^(?:Error: )?authenticating to "
skopeo: (?s)logging into \\?".*\nfatal$
skopeo: (?s)(?:initializing source|at destination:|layer (?:upload )?to |[Rr]eading manifest |manifest \S+ to ).*\nfatal$
podman: Trying to pull (?!repository)
podman: initializing source|logging into \\?"|[Rr]eading manifest \S+ in|exists in|(?:layer|upload|manifest \S+) to |pinging con
""",
    )
]
"""moby client/request.go, also as a kubelet has it ask; stereoscope in syft and grype; regclient scheme/reg; buildkit
client/solve.go, docker's builder; CRI-O and containerd as a kubelet quotes them; nerdctl pkg/imgutil; Flux's source-controller;
openshift/origin#27952, #9584; argoproj/argo-workflows#13947; tektoncd/pipeline#6286; kaniko
pkg/executor/push.go; jib JibBuildRunner; helm pkg/downloader; ko pkg/commands/resolver.go; the ECS agent's errors.go, also
of Fargate; and containers/image, which has one login for podman, skopeo and buildah, and another for apptainer."""
# What only their own lines hold, as no image's name does (jenkins/jenkins, circleci/node): their logs, and the reports in
# tests/data/messages.txt.
_PLATFORMS = [
    (re.compile(words), name)
    for name, words in re.findall(
        r"(.+?): (.+)",
        r"""
rke: Can't pull Docker image \[|^INFO\[\d+\] Pulling image \[
act: 🐳
github-action: Pull down action image
github-container: Start(?:ing)? (?:job|service|\S+ service) container|Initialize containers
fly: error rendering push status stream|failed to fetch an image or build from source
gitlab-runner: ERROR: Preparation failed: |image "[^"]+" for container "?(?:build|helper|svc-\d+)\b|Job failed: image pull failed
github-actions: buildx (?:call )?failed with|^(?:🔑 )?Logging into \S+\.\.\.$
github-actions: Docker pull failed with exit code|^##\[group\]Run |^##\[group\]Runner Image
jenkins: \bhudson\.\w|/jenkins/workspace/|nirima\.jenkins|jenkins\.plugins|jenkinsci\.|^\[Pipeline\]|docker-workflow
azure-pipelines: ##\[section\]|/home/vsts/|\bvsts\b|^Author +: Microsoft Corporation|##\[error\]The process '
circleci: \bCircleCI\b(?!/)|^=+>> Spin up environment|^Build-agent version
coolify: coolify-helper:|^Oops something is not okay
watchtower: Unable to update container|Could not do a head request|\bWatchtower v?\d
home-assistant: \[supervisor\.|\bhassio_role\b|Failed to to call /(?:addons|store)/
snyk: \bSNYK-|^Testing \S+\.\.\.$|\bsnyk (?:container|test)
terraform: docker_image\.\w+|into resource: |Unable to create container with image|docker_registry_image
ansible: community\.docker\.|^fatal: \[[^\]]+\]: FAILED!.*(?:Error pulling|error pushing|pull the specified image)
vagrant: executed by Vagrant|^==> \w+: .*(?:Docker|docker)
dokku: \bdokku (?:apps|git|ps|registry|config):|\bdokku@
dokploy: /etc/dokploy/|\bDokploy\b
caprover: \bsrv-captain--|\bCapRover\b
cloud-build: ^Step #\d+(?: - "[^"]+")?: |\(gcloud\.builds\.|^BUILD FAILURE
drone: plugins/docker(?:[:@/]|$)|/drone/src\b
concourse: registry-image-resource|/opt/resource/(?:check|in|out)\b|^run check step:
crossplane: cannot (?:unpack|fetch|resolve) package|packagePullSecrets|pkg\.crossplane\.io
oc-mirror: \boc[ -]mirror\b|error rendering new refs|occurred during planning|mirror\.openshift\.io
portainer: ^Failure$|\bPortainer\b
argocd: argocd-(?:repo-server|server|application)|ComparisonError|[Ff]ailed to load target state|argoproj\.io/v1
""",
    )
]
"""Programs that run a client of another's, and hand it their logins (`client_settings.for_another`)."""
_HANDED = re.compile(
    r"(?:docker|podman|skopeo|helm|oras|buildkit|containerd|go-containerregistry|github-actions docker|)\Z"
)
"""Clients, by `speaker`, that may be run by another program without a word on it."""
_CALLED = re.compile(
    r"^(?:[^\s$#>❯➜]*[$#>❯➜%] +)?(?:sudo )?(?:\./|/\S+/)?"
    r"(docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|apptainer|singularity|ko|cosign|regctl|ctr) "
)


def called(text: str) -> str:
    """The client that a line calls, behind a prompt or not."""
    found = _CALLED.search(text)
    return found[1].replace("regctl", "regclient/regctl") if found is not None else ""


def speaker(entry: Entry) -> str:
    """The client whose words these are; empty where several say so. Of those with one library, skopeo logs its end as fatal."""
    return next(
        (one for words, one in _SPEAKERS if words.search(f"{entry.message}\n{entry.fields.get('level', '')}")), ""
    )


def platform(entry: Entry) -> str:
    """The platform whose line that is; empty where that is not seen."""
    text = " ".join([entry.message, *entry.fields.values()])
    return next((name for words, name in _PLATFORMS if words.search(text)), "")


def run_by(platform: str, client: str) -> str:
    """The client, by the name that it has where a platform runs it."""
    handed = _HANDED.match(client) or (platform, client) == ("cloud-build", "kaniko")
    return f"{platform} {client.removeprefix('github-actions ')}".strip() if handed and platform else client
