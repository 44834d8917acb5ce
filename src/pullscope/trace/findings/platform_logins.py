"""How a client is given a login by what runs it, or by hand: platforms, and programs that are no container tools."""

from __future__ import annotations

import re

from pullscope.oci.reference import DOCKER_HUB, HUB_API
from pullscope.oci.text_table import rows

TABLE = r"""
# docs.github.com, "Workflow syntax" (container.credentials), docker/login-action; nektos/act#2585, #1769
github-actions: GitHub Actions
    login a step docker/login-action before it, with registry: {host} (Docker Hub: without registry), username and password from
        secrets
    out take the step docker/login-action for {host} out
# extdn/github-actions-m2#81: actions are fetched before the first step
github-action: GitHub Actions
    login name another version of that action behind uses:, or ask its author to publish the image, for no step of a job comes
        before that pull, and so no login
    out ask the author of that action, as no login of yours is shown there
github-container: GitHub Actions
    login credentials: below container: (or below that of services:) in the job, with username: and password: from secrets
    out take credentials: out of container: in the job
act: act
    login docker login {server}where act runs; of an image that only this machine has act --pull=false
    out docker logout {server}where act runs
# jenkins.io/doc, "Using Docker with Pipeline"; plugins.jenkins.io/docker-plugin: jenkinsci/docker-plugin#528, #589, #558
jenkins: Jenkins
    login docker.withRegistry('{url}', 'ID') {{ ... }} around it in the Jenkinsfile (ID of a credential of Jenkins; of agent
        docker registryUrl and registryCredentialsId; of a cloud the Registry Authentication of its agent's template)
# learn.microsoft.com/azure/devops/pipelines, "Docker@2": microsoft/azure-pipelines-tasks#15548, #11910, #13490
azure-pipelines: Azure Pipelines
    login the service connection that containerRegistry of the task Docker@2 names (Project settings, Service connections, Docker
        Registry: Edit, or New for {host}), and a task Docker@2 with command: login before what calls docker by itself
# circleci.com/docs, "Use Docker authenticated pulls"
circleci: CircleCI
    login auth: below its image in .circleci/config.yml (username: $USER, password: $PASSWORD, from a context), and in a step of
        its own echo "$PASSWORD" | docker login {server}-u "$USER" --password-stdin
# docs.gitlab.com, "Access an image from a private container registry", "Use a credentials store"
gitlab-runner: GitLab Runner
    login in the CI/CD variable DOCKER_AUTH_CONFIG {{"auths": {{"{host}": {{"auth": "..."}}}}}} with printf USER:PASSWORD |
        base64 as auth (of another project of the same GitLab, which does not know this one's jobs: there Settings, CI/CD, Job
        token permissions)
    out take {host} out of the CI/CD variable DOCKER_AUTH_CONFIG
# coolify.io/docs, "Docker Registry": coollabsio/coolify#1328, #6398, #4604
coolify: Coolify
    login docker login {server}as the user by which Coolify reaches that server (root, as a rule), whose ~/.docker/config.json it
        hands on
    out docker logout {server}as the user by which Coolify reaches that server
# containrrr.dev/watchtower, "Private registries"
watchtower: Watchtower
    login docker login {server}on that machine, and hand the login to Watchtower (-v $HOME/.docker/config.json:/config.json, or
        REPO_USER and REPO_PASS in its environment)
    out docker logout {server}on that machine
# home-assistant/supervisor: FunkeyFlo/ps5-mqtt#647, yatush/cyd-tiled-display#14: an add-on whose image is not public
home-assistant: Home Assistant
    login in Home Assistant, the add-on store's menu, Registries, with {host}, user and password (the image of an add-on ought to
        be public: report it to its author, or choose an older version)
    out take {host} out of Registries in the menu of Home Assistant's add-on store
# docs.seqera.io, "Container registry credentials": nf-core/scrnaseq#199
seqera-wave: Wave
    login Seqera Platform, Credentials, Container registry, with {host}, user and token, in the workspace that runs it
        (tower.accessToken has to be in nextflow.config)
# docs.snyk.io, "Snyk Container CLI": snyk/cli#1532, snyk/actions#60
snyk: Snyk
    login SNYK_REGISTRY_USERNAME and SNYK_REGISTRY_PASSWORD in its environment, or docker pull {image} before it
# registry.terraform.io/providers/kreuzwerker/docker, "Registry credentials"
terraform: Terraform
    login registry_auth {{ address = "{address}" username = "USER" password = "PASSWORD" }} in provider "docker"
# docs.ansible.com/ansible, community.docker.docker_login
ansible: Ansible
    login a task community.docker.docker_login before it (registry_url: {url}, username, password)
# developer.hashicorp.com/vagrant/docs/providers/docker/configuration
vagrant: Vagrant
    login d.auth_server = "{url}", d.username and d.password in the docker provider of the Vagrantfile
# fly.io/docs, "fly auth docker": superfly/flyctl#1100, #142; Fly reads an image of its own registry, or a public one
fly: Fly
    login docker pull {image}, docker tag {image} registry.fly.io/APP:TAG, fly auth docker, docker push registry.fly.io/APP:TAG,
        and fly deploy --image registry.fly.io/APP:TAG
# dokku.com/docs, "Docker Registry Management": dokku/dokku#5649
dokku: Dokku
    login dokku registry:login {host} USER PASSWORD
# docs.dokploy.com, "Registry"
dokploy: Dokploy
    login in Dokploy, Registry, Add Registry, with {host}, user and password (of an application from Docker in its Provider)
# caprover.com/docs, "App Scaling & Cluster"
caprover: CapRover
    login in CapRover, Cluster, Docker Registries Configuration, Add Remote Registry, with {host}, user and password
# cloud.google.com/build/docs, "Interact with Docker Hub images", "Cloud Build service account"
cloud-build: Cloud Build
    login gcloud projects add-iam-policy-binding PROJECT --member=serviceAccount:EMAIL --role=roles/artifactregistry.writer (EMAIL
        of the build's own account); of another registry a step docker login with a secret (availableSecrets, secretEnv)
# plugins.drone.io, "Docker"; woodpecker-ci.org, "Registries"
drone: Drone
    login registry: {host}, username and password (from_secret) in settings of plugins/docker, and for what steps run in
        image_pull_secrets (of Woodpecker Registries in the settings of the repository)
# concourse/registry-image-resource, README
concourse: Concourse
    login username: ((USER)) and password: ((PASSWORD)) in source of that registry-image resource
# docs.crossplane.io, "Providers"
crossplane: Crossplane
    login kubectl create secret docker-registry NAME -n crossplane-system --docker-server={host} --docker-username=USER
        --docker-password=PASSWORD, and packagePullSecrets: [{{name: NAME}}] in the package
# docs.redhat.com, "Configuring credentials that allow images to be mirrored": openshift/oc-mirror#870, #972
oc-mirror: oc-mirror
    login podman login {host}, as the user that runs it (it reads $XDG_RUNTIME_DIR/containers/auth.json, or ~/.docker/config.json;
        for Red Hat's registries have the pull secret of https://console.redhat.com/openshift/install/pull-secret there)
# rke.docs.rancher.com, "Private Registries": rancher-archives/rke#2532, #2720
rke: RKE
    login private_registries: [{{url: {host}, user: USER, password: PASSWORD}}] in cluster.yml, and rke up
    out take {host} out of private_registries in cluster.yml
# argoproj/argo-cd#15344, #7757, #8214
argocd: Argo CD
    login argocd repo add {host}/PATH --type helm --enable-oci --name NAME --username USER --password PASSWORD (PATH as in the
        chart's address, for Argo CD takes a login of the very address: argocd repocreds add is for all below one; also for charts
        that another depends on; repoURL of a chart begins without oci://)
# docs.portainer.io, "Add a custom registry": portainer/portainer#12888, #9040, #10469
portainer: Portainer
    login in Portainer, Registries, Add registry (URL {host}, USER, PASSWORD; in Environments, Manage access, where others are to
        use it), and deploy the stack again with Re-pull image
    out correct or remove {host} in Portainer, Registries
"""
"""Platforms, by what `logs.speakers` calls them: the login that they hand on, and how it is taken from them."""
_PLATFORMS = {key: (name, ways) for key, name, ways in rows(TABLE)}


# kubernetes/kubernetes#90503, #51293, siderolabs/talos#9594, longhorn/longhorn#3165;
# docs.gitlab.com, "Access an image from a private container registry", "Use a credentials store"
_FOR_ANOTHER = {
    "sandbox containerd": "crictl pull --creds USER:PASSWORD {image} on each node, as no imagePullSecrets reach the image of a "
    "sandbox; or name a public one (sandbox_image in /etc/containerd/config.toml: registry.k8s.io/pause)",
    # docs.k3s.io/cli/agent
    "sandbox k3s": "crictl pull --creds USER:PASSWORD {image} on each node, as no imagePullSecrets reach the image of a "
    "sandbox; or name a public one (k3s --pause-image, rke2 --pause-image: registry.k8s.io/pause)",
    "sandbox docker": "docker login {host} as root on each node, as no imagePullSecrets reach the image of a sandbox; or name a "
    "public one (--pod-infra-container-image of the kubelet: registry.k8s.io/pause)",
    # cri-o, docs/crio.conf.5.md: cri-o/cri-o#2614, #2115
    "sandbox cri-o": "podman login --authfile FILE {host}, and pause_image_auth_file = FILE in crio.conf, as no imagePullSecrets "
    "reach the image of a sandbox; or name a public one (pause_image: registry.k8s.io/pause)",
    # goharbor.io, "Creating Replication Endpoints": goharbor/harbor#18094
    "harbor-registry-client": "in Harbor, Administration, Registries, the endpoint for {host}: Access ID USER, Access Secret "
    "PASSWORD",
    # docs.redhat.com, "Using image pull secrets", "Managing image streams": Azure/acs-engine#2960, openshift/origin#12474
    "openshift-builder docker": "oc create secret docker-registry NAME --docker-server={host} --docker-username=USER "
    "--docker-password=PASSWORD, and oc secrets link builder NAME (to the cluster's own registry: oc policy add-role-to-user "
    "system:image-builder -z builder -n PROJECT, and start the build again)",
    # docs.redhat.com, "Obtaining the installation program", "Updating the global cluster pull secret": openshift/installer#4731
    "openshift-installer podman": "pullSecret in install-config.yaml, from "
    "https://console.redhat.com/openshift/install/pull-secret (of a mirror with its login added; in a cluster that runs oc set "
    "data secret/pull-secret -n openshift-config --from-file=.dockerconfigjson=FILE)",
    # docs.aws.amazon.com/codebuild, "Private registry sample": davoclock/aws-cicd-pipeline#6
    "codebuild docker": "of ECR let the project use its service role (imagePullCredentialsType SERVICE_ROLE) and give that "
    "AmazonEC2ContainerRegistryPullOnly; of another registry name a secret of Secrets Manager with username and password in "
    "registryCredential of the project's environment",
    # developer.hashicorp.com/nomad, "Docker driver": auth
    "nomad docker": 'auth {{ username = "USER" password = "PASSWORD" server_address = "{host}" }} in config of the task, or '
    'auth {{ config = "/root/.docker/config.json" }} in the client\'s plugin "docker"',
    # cloud.google.com/run/docs, "Deploying container images"
    "cloud-run": "give service-NUMBER@serverless-robot-prod.iam.gserviceaccount.com (NUMBER of the project that runs it) the "
    "role roles/artifactregistry.reader in the project of the image; of another registry make a remote repository in Artifact "
    "Registry",
    # sdk.operatorframework.io, "Private Bundle and Catalog Image Registries": operator-framework/operator-lifecycle-manager#1998
    "operator-sdk": "kubectl create secret docker-registry NAME --docker-server={host} --docker-username=USER "
    "--docker-password=PASSWORD, and operator-sdk run bundle --pull-secret-name NAME, or secrets: [NAME] in the CatalogSource",
    # knative.dev, "Deploying images from a private container registry"
    "knative": "kubectl create secret docker-registry NAME --docker-server={host} --docker-username=USER "
    "--docker-password=PASSWORD, and NAME in imagePullSecrets of the service",
    # argocd-image-updater.readthedocs.io, "Authenticating to registries": argoproj-labs/argocd-image-updater#655, #572
    "argocd-image-updater": "kubectl create secret docker-registry NAME -n argocd --docker-server={host} "
    "--docker-username=USER --docker-password=PASSWORD, and credentials: pullsecret:argocd/NAME beside its api_url in "
    "registries.conf of argocd-image-updater-config",
    # dotnet/sdk#37156: it reads what docker login writes
    "dotnet": "docker login {host}",
    # nomad-driver-podman's README, "auth"
    "nomad podman": 'auth {{ username = "USER" password = "PASSWORD" }} in config of the task',
    # docs.gitlab.com, "Kubernetes executor": gitlab-org/gitlab-runner#36854, #2673, gitlab-org/gitlab#20467
    "gitlab-runner containerd": 'in the CI/CD variable DOCKER_AUTH_CONFIG {{"auths": {{"{host}": {{"auth": "..."}}}}}} with '
    'printf USER:PASSWORD | base64 as auth, or image_pull_secrets = ["NAME"] in [runners.kubernetes] of config.toml, with that '
    "secret in the namespace of the jobs",
}
"""Clients that run for another program, which hands them their login, by what `logs.speakers` calls the two."""


# fluxcd.io/flux/components, "OCI Repositories", "Image Repositories": fluxcd/image-reflector-controller#35, #399;
# argoproj/argo-workflows#12786; tekton.dev/docs, "Bundles Resolver"; keel-hq/keel#50, #310, #683
_SECRETS = {
    "source-controller": "in its namespace, with NAME in secretRef of the OCIRepository, HelmRepository or ImageRepository",
    "flux": "in its namespace, with NAME in secretRef of the OCIRepository, HelmRepository or ImageRepository",
    "argo-workflows": "in its namespace, with NAME in imagePullSecrets of the Workflow",
    "tekton-pipelines-controller": "in its namespace, with NAME in imagePullSecrets of the run's service account; of a bundle in "
    "its param secret, before it had that in its service account's",
    "keel": "in its namespace, with NAME in imagePullSecrets of the workload that Keel watches",
}
"""Where a program in a cluster is told which secret of a login to read, by its User-Agent."""


def names_secret(agent: str) -> str:
    """Where the secret is named, in brackets; empty where that is not known."""
    where = _SECRETS.get(agent)
    return f" ({where})" if where is not None else ""


def for_another(agent: str, host: str, image: str, helper: str | None) -> str | None:
    """How that program is given a login; with a credential helper, where the registry has one that a runner can call."""
    if agent.startswith("gitlab-runner") and helper is not None:
        config = f'{{"credHelpers": {{"{host}": "{helper}"}}}}'
        return f"in the CI/CD variable DOCKER_AUTH_CONFIG {config}, with docker-credential-{helper} in the PATH of the runner"
    platform = _PLATFORMS.get(_named_by(agent))
    named = agent.replace(" buildkit", " docker")
    own = _FOR_ANOTHER.get(named) or (platform[1]["login"] if platform else None)
    return own.format(image=image, **_named(host)) if own is not None else None


def out_of_platform(agent: str, host: str) -> str | None:
    """How a login is taken from what runs the client."""
    if (platform := _PLATFORMS.get(_named_by(agent))) is None:
        return None
    name, ways = platform
    return ways.get("out", f"take the login of {{host}} out of what {name} has").format(**_named(host))


def _named_by(agent: str) -> str:
    """The platform, by what `logs.speakers` calls it, and by the product that Argo CD itself is to a registry."""
    return "argocd" if agent.startswith(("argocd-repo-server", "argocd-server")) else agent.partition(" ")[0].lower()


def _named(host: str) -> dict[str, str]:
    """The registry, as the settings of platforms name it; docker login names Docker Hub by nothing."""
    hub = host == DOCKER_HUB
    url = "https://index.docker.io/v1/" if hub else f"https://{host}"
    return {"host": host, "url": url, "address": HUB_API if hub else host, "server": "" if hub else f"{host} "}


# maven.apache.org/settings.html; docs.gradle.org, "Declaring repositories"; docs.npmjs.com/cli/commands/npm-login; curl(1)
_BY_HAND = {
    "(?:apache-)?maven|aether": "give it as a <server> in ~/.m2/settings.xml",
    "gradle": "give it in the credentials of that repository in build.gradle",
    "npm|yarn|pnpm": "npm login --registry https://{host}/",
    "curl": "curl -u {user}:PASSWORD",
    # Homebrew/brew#13313, #12825, #16669
    "homebrew": "HOMEBREW_DOCKER_REGISTRY_TOKEN=TOKEN in brew's environment, with a token that {host} takes, or "
    "HOMEBREW_DOCKER_REGISTRY_BASIC_AUTH_TOKEN with the Base64 of NAME:PASSWORD (with neither brew shows one it made up)",
    "python-|okhttp|axios|node-fetch|aiohttp|apache-httpclient|java|wget|powershell|libwww": "let the script send it, as "
    "Authorization: Basic",
    # docs.aws.amazon.com/AmazonECS, "Task execution IAM role"; learn.microsoft.com/cli/azure/containerapp/registry
    "amazon-ecs-agent": "aws iam attach-role-policy --role-name ROLE --policy-arn "
    "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy (ROLE is the task's execution role; of a registry "
    "other than ECR: repositoryCredentials in the task definition)",
    "containerapps": "az containerapp registry set -n APP -g GROUP --server {host} --identity system (which needs the role "
    "AcrPull there; of another registry --username USER --password PASSWORD)",
    # learn.microsoft.com/azure/app-service, "Configure a custom container": microsoft/AzureTRE#924, Azure/acr#124
    "appservice": "az webapp config set -g GROUP -n APP --generic-configurations '{\"acrUseManagedIdentityCreds\": true}' (the "
    "app's identity needs the role AcrPull there; of another registry az webapp config container set --container-registry-user "
    "USER --container-registry-password PASSWORD)",
}
"""What is no container tool, by its User-Agent, and reads no login of docker's: where it takes one from."""


def way_by_hand(agent: str) -> str | None:
    """Where that program takes a login from; {host} and {user} stand in it."""
    return next((way for name, way in _BY_HAND.items() if re.match(name, agent, re.IGNORECASE)), None)
