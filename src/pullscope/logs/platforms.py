"""What platforms and tools that run images say themselves, and what it means: words and a step, as in `no_answers`.
One file, because of the rows that fit a message the first is told.
"""

from __future__ import annotations

TABLE = r"""
# podman-container-tools/podman#21677, #21926; containers-policy.json(5)
policy\.json: no such file|no policy\.json file found|no DefaultPolicyJSONPath
    no registry was asked: this client wants a policy on signatures, and finds none: install containers-common (with the system's
        own podman or skopeo it comes), or mkdir -p ~/.config/containers; echo '{"default":[{"type":"insecureAcceptAnything"}]}'
        > ~/.config/containers/policy.json
# containers/podman of macOS and Windows: red-hat-storage/ocs-training#62
dial unix \S*podman|[Cc]annot connect to (?:the )?Podman|unable to connect to Podman|connection to the Linux system
    no registry was asked: podman's service does not run there: on macOS and Windows podman machine init (once), podman machine
        start; on Linux systemctl --user enable --now podman.socket (of root sudo systemctl enable --now podman.socket)
# hashicorp/nomad#3526, awslabs/amazon-ecr-credential-helper#63
NoCredentialProviders|no EC2 IMDS role found|failed to refresh cached credentials
    no registry was asked: what fetches a login of ECR found no AWS credentials where it runs: give that node or task a role with
        AmazonEC2ContainerRegistryPullOnly, or the program that pulls (of Nomad its client, not the job) AWS_ACCESS_KEY_ID and
        AWS_SECRET_ACCESS_KEY in its environment
# GoogleCloudPlatform/docker-credential-gcr, docker-credential-helpers: rancher/os#51, hashicorp/nomad#9302
docker-credential-([\w-]+)[^\n]*credentials not found in native keychain
    no registry was asked: docker-credential-WHAT has no login for the registry of that image: name that program for the one that
        it is for alone ({"credHelpers": {"REGISTRY": "WHAT"}} in config.json, and no credsStore; of Nomad no auth.helper in the
        plugin's config), or docker login HOST
# docker/hub-feedback#2429, docker/setup-buildx-action#178
setup-buildx-action[\s\S]*(?:Booting builder|moby/buildkit)[\s\S]*(?:toomanyrequests|rate limit)
    Docker Hub counted too many pulls without a login, of BuildKit itself: put docker/login-action (username, password: a secret)
        before docker/setup-buildx-action, or driver-opts: image=mirror.gcr.io/moby/buildkit:buildx-stable-1 below its with
# eclipse-jkube/jkube#3709
jkube[^\n]*helm-push[^\n]*(?:Unauthorized|upload request)
    the registry took no login of jkube's: let servers of ~/.m2/settings.xml have one whose id is that of
        jkube.helm.stableRepository (type OCI), update jkube, or push what it made with helm itself (helm registry login HOST;
        helm push FILE.tgz oci://HOST/PATH)
# home-assistant/supervisor#3609
Failed to to call /(?:addons|store)/[^\n]*(?:[Nn]o such image:|404 Client Error)
    Home Assistant asked docker for the image, and that has none, as the pull before it failed: ha supervisor logs tells why; ha
        supervisor repair pulls what is missing
# JasonEtco/create-an-issue#59
Unable to find image '[0-9a-f]{6}:[0-9a-f]{32}|access denied for [0-9a-f]{6},
    GitHub's runner built that image itself, of an action's Dockerfile, and has lost it, so that docker looked for it at Docker
        Hub: run the job again
# argoproj/argo-workflows#12786, #9630; argo-workflows.readthedocs.io, "Workflow Executors"
emissary: (?:unexpected status code 40[13]|secrets )
    the controller of Argo Workflows looks the image's command up by itself, and got no login for it: write command: into the
        template, so that it need not; or name a secret in imagePullSecrets of the Workflow, which the controller may read
        (kubectl create role NAME --verb=get --resource=secrets, and a RoleBinding for its service account)
# argoproj/argo-cd#25811; argo-cd.readthedocs.io, "OCI"
expected only a single oci content layer
    Argo CD takes what oci:// names as one layer of files, and that has more: of a chart leave oci:// out of repoURL, and name it
        in chart: (repoURL: HOST/PATH, chart: NAME, targetRevision: VERSION)
# aquasecurity/trivy#721
\$HOME is not defined
    no registry was asked: this program found no home folder, where it looks for logins: set HOME where it runs (export
        HOME=/root)
# dotnet/sdk#51596
CreateNewImage\W+task failed[^\n]*pipe has been ended
    no registry was asked: docker ended docker load, by which the SDK hands the image over, as where an organization allows no
        other images: push it to a registry instead (dotnet publish -t:PublishContainer -p:ContainerRegistry=HOST
        -p:ContainerRepository=OWNER/NAME)
# dotnet/sdk-container-builds#272, #425; learn.microsoft.com/dotnet, "Containerize a .NET app"
Build\.Containers[^\n]*(?:transport connection|copying content to a stream)
    the connection ended while a layer was sent, and by whom is not said: publish again with SDK 8 or later, which sends in
        smaller pieces, or with -p:ContainerArchiveOutputPath=FILE.tar.gz, docker load and docker push
# docker/build-push-action#442: of a step of one's own
failed to solve: authorization status: 40[13]
    the cache of GitHub Actions (type=gha) refused the job, and no registry is heard in it: run it again; a step of one's own
        (run:) needs crazy-max/ghaction-github-runtime before it, which hands its token on
# moby/buildkit#5624
no active session for
    no registry refused it: the command that BuildKit asks for logins was over, or too slow to answer: build again, update buildx
        and BuildKit (docker buildx create --use makes a builder anew), and for a cache write ignore-error=true into --cache-to
# pomerium/pomerium#5724
Service Agent (\S+@serverless-robot-prod\S+) must have permission to read the image
    Cloud Run's own account may not read that image, or it is not there any more (crane manifest IMAGE): gcloud projects
        add-iam-policy-binding PROJECT --member=serviceAccount:WHAT --role=roles/artifactregistry.reader, in the project that has
        it
# buildpacks/docs#831; buildpacks.io/docs, "Docker daemon with containerd storage"
missing label io\.buildpacks\.builder\.metadata
    what came is no builder for this platform as docker hands it over: update pack, docker image rm IMAGE and once more; if it is
        so again, name another builder (pack builder suggest), or turn docker's containerd store off
# buildpacks/docs#648
extracting from registry ((?![^\s/]*\.)[\w./-]+): fetching image: image \S+ does not exist
    pack took WHAT for an image, as there is no folder of that name: correct the path of the buildpack (uri = "./PATH", from where
        builder.toml is)
# dyrnq/install-docker#18
rootless containerd not running
    no registry was asked: containerd does not run for this user: containerd-rootless-setuptool.sh install starts it, or call it
        as root (sudo nerdctl)
# openshift/oc-mirror#902; help of oc image mirror, oc mirror (v1)
from manifest list: (?:name|manifest) unknown
    the index that the registry has names a manifest that it has not got, as after a clean-up of what has no tag: have who
        publishes it push it again; oc mirror (or oc image mirror) --skip-missing --continue-on-error goes on without it
# kubernetes/minikube#15649, #20756, #17088; minikube.sigs.k8s.io, "Proxies and VPNs"
having trouble accessing https://\S+|Failing to connect to https://\S+ from
    minikube's own machine has no way out, and goes on with the images that it has: where only a proxy leads out,
        HTTPS_PROXY=http://PROXY:PORT NO_PROXY=localhost,127.0.0.1,10.96.0.0/12,192.168.49.0/24 minikube start; else minikube
        ssh -- nslookup registry.k8s.io shows whether it finds the name, minikube ssh -- curl -sI https://registry.k8s.io/v2/ the
        reason
# superfly/flyctl-actions#35, superfly/flyctl#1611, Girish21/speed-metal-stack#16: an index with attestations; fly.io/docs
build from source: Could not find image
    Fly did not find that image, which has to be public, or in the app's own registry: fly auth docker, docker push
        registry.fly.io/APP:TAG; if it is there, push it for one platform and without attestations (docker buildx build --platform
        linux/amd64 --provenance=false --push), or update flyctl
# fly-apps/hello-fly#4; fly.io/docs, "Access tokens"
build from source: (?:unauthorized(?: \(|\W*(?:\n|\Z))|[^\n]*You must be authenticated)
    Fly itself took no login of flyctl, and no registry is heard in it: fly auth login, or in a job FLY_API_TOKEN with the whole
        token (fly tokens create deploy; of an organization that has no builder yet fly tokens create org)
# superfly/flyctl-actions#36, superfly/flyctl#362
push status stream: (?:unauthorized|denied)
    Fly's registry did not let that login push: registry.fly.io takes an app's image by an account or token that may deploy the
        app: correct app in fly.toml (fly apps list shows them), and let FLY_API_TOKEN be one of that app or its organization
# lyz7805/v2ray4flyio#18
app repository not found
    Fly has no app of the name that stands behind registry.fly.io/, or not in that account: fly apps create NAME, or correct app
        in fly.toml (fly apps list shows them)
# superfly/flyctl#3032
lookup registry\.fly\.io on \[fd
    Fly's own builder did not find the name of its registry: fly deploy again; if it stays so, fly apps destroy the fly-builder
        that fly apps list shows, which makes a new one, or build here (fly deploy --local-only)
# heroku/heroku-container-tools#173, onplus/v2hero#3, otiai10/ocrserver#15; devcenter.heroku.com, "Container Registry"
registry\.heroku\.com[\s\S]*parsing HTTP 400 response body: unexpected end
    Heroku says no more of an app that the account has not got: name registry.heroku.com/APP/web by the app's own name (heroku
        apps lists them, without .herokuapp.com), and log in with its account: heroku container:login
# sylabs/singularity#4088
\.(?:singularity|apptainer)/cache/\S+: no such file|no descriptor found for reference
    no registry is at fault: the cache is not whole: apptainer cache clean (singularity cache clean), and once more
# bdusell/singularity-tutorial#3
architecture not specified
    the library of Sylabs wants the architecture, which an old singularity does not name: update it, or write docker://IMAGE for
        an image of a registry
# ansible/ansible#18527, #29932
ValueError\(.{0,2}Extra data|Unrecognized status from pull
    the daemon answered, and the library of this module is too old for what it says (the image may have come all the same): on
        the target pip uninstall docker-py and pip install --upgrade docker, and update the collection community.docker
# devcontainers/cli#1057
did not provide instructions to authenticate
    what answered said 401 without WWW-Authenticate, which a registry sends with it: a proxy, a filter or a portal answers in its
        place: curl -sI https://HOST/v2/ where it runs shows which, and that has to let HOST through
# nextflow-io/nextflow#5099; docs.aws.amazon.com/batch, "Launch template support"; AmazonECS, "Fargate task ephemeral storage"
CannotPull[^\n]*no space left on device
    the disk of that instance took no more: a larger one in the launch template of its compute environment or group
        (BlockDeviceMappings, VolumeSize of /dev/xvda), of Fargate ephemeralStorage (sizeInGiB) in the task definition
# docs.github.com, "GitHub-hosted runners": jlumbroso/free-disk-space
(?:##\[error\]|/home/runner/|buildx failed with)[\s\S]*no space left on device
    the disk of the runner took no more: make room in a step before it (sudo rm -rf /usr/share/dotnet /usr/local/lib/android
        /opt/ghc; docker system prune -af), or take a larger runner
# Azure/AKS#1383, MicrosoftDocs/azure-docs#71439
<Code>AuthorizationFailure</Code>
    the storage behind the registry refused that network: of ACR take the service endpoint policy off the subnet that pulls (az
        network service-endpoint policy list shows them); of a storage account of yours az storage account network-rule add
        --account-name NAME --ip-address ADDRESS
# kubernetes-sigs/kind#4224, #3795, #3996, #3845
images import --all-platforms[\s\S]*content digest
    no registry was asked: docker's containerd store hands over an index with one platform's image alone, and kind wants all:
        docker image save --platform linux/amd64 -o FILE.tar IMAGE (or linux/arm64), kind load image-archive FILE.tar
# aws/aws-cdk#14265, awslabs/amazon-ecr-credential-helper README
error storing credentials[^\n]*not implemented
    no registry refused it: docker-credential-ecr-login gets logins by itself, and keeps none: leave docker login out; where a
        tool calls it (cdk deploy), name that helper in ~/.docker/config.json for the other registries alone ("credHelpers":
        {"OTHER": "ecr-login"}), and not in credsStore
# docs.snyk.io, "Error catalog": cloudnative-pg/postgres-containers#327, numaproj/numaplane#1027
SNYK-0005
    no registry was asked: Snyk took no token of its own: set SNYK_TOKEN (its secret is empty or has run out; snyk auth by hand)
# snyk/actions#60, cloudnative-pg/cloudnative-pg#9151, atlanhq/application-sdk#1112
SNYK-CBI-\d+|Failed to scan image
    Snyk did not get the image, since its container sees no login of docker: docker pull IMAGE before it, or give it
        SNYK_REGISTRY_USERNAME and SNYK_REGISTRY_PASSWORD (snyk container test --username USER --password PASSWORD IMAGE)
# kreuzwerker/terraform-provider-docker#419
access denied for docker_(?:image|registry_image)\.
    that is a reference of Terraform within quotes, which makes a name of it: write image = docker_image.NAME.image_id, without
        them
# getlocalci/local-ci#72; circleci.com/docs, "Execution environments"
access denied for ubuntu-\d{4}\b
    that names a machine of CircleCI (machine: image:), and no registry has it: run the job there, or name an image of docker in
        its place (docker: - image: cimg/base:current)
# docker/for-win#2288
failed to write digest data
    no registry is at fault: docker could not write into its own store of images, for the reason said last: update and restart
        docker; if it fails again, Troubleshoot, Clean / Purge data in Docker Desktop, which removes all images
# GoogleContainerTools/kaniko#2391, GoogleCloudPlatform/docker-credential-gcr#119, kaniko#1631
could not retrieve GCR's access token
    no registry was asked: Google's helper found no credentials where it runs: mount the key of a service account and name it in
        GOOGLE_APPLICATION_CREDENTIALS, or let the pod have one by Workload Identity; it also has to reach oauth2.googleapis.com
# argoproj-labs/argocd-image-updater#567
update strategy 'digest' for image '(\S+)' without a version constraint
    no registry was asked: the strategy digest follows one tag, and none is named: write WHAT:TAG in the annotation image-list
# Azure/terraform-azure-container-apps#10, microsoft/azure-container-apps#1061
pull image using Managed identity (/subscriptions/\S+|\S+) for registry
    Azure Container Apps did not get the image with that identity: az role assignment create --assignee $(az identity show --ids
        WHAT --query principalId --output tsv) --role AcrPull --scope $(az acr show --name REGISTRY --query id --output tsv),
        wait some minutes and deploy again; where HOST has no public access, the environment needs a way to it (private endpoint)
# GoogleCloudPlatform/terraform-google-cloud-run#28
Please give (\S+@serverless-robot-prod\S+) permission iam\.serviceAccounts\.getAccessToken
    no registry was asked: Cloud Run's own account may not act for the service's: gcloud projects add-iam-policy-binding PROJECT
        --member=serviceAccount:WHAT --role=roles/run.serviceAgent
# hashicorp/nomad#4934, #7704; developer.hashicorp.com/nomad, "Docker driver"
Failed to pull `\S+`: context (?:canceled|deadline exceeded)
    Nomad itself ended the pull, after image_pull_timeout (5m) or pull_activity_timeout without progress (2m): write
        image_pull_timeout = "30m" into config of the task, pull_activity_timeout = "10m" into the client's plugin "docker", or
        docker pull IMAGE on that node before
# hashicorp/terraform-provider-helm#1014, argoproj/argo-cd#10823
"(oci://[^"\s]+)" is not a valid chart repository or cannot be reached: (?:tag explicitly|object) required
    the client looked for an index of charts at an oci:// address: helm takes those from 3.8 (in Terraform the provider helm from
        2.5: terraform init -upgrade), as WHAT/CHART without --repo
# podman-desktop/podman-desktop#296, podman-container-tools/podman#21781
no running provider for the matching container|[Cc]ould not connect to Podman
    no registry was asked: the machine of podman does not run: podman machine start (podman machine init before, where there is
        none)
# podman-desktop/podman-desktop#10700
wrong manifest type for disk artifact: application/vnd\.(?:docker|oci)\.\S*manifest
    podman machine init --image takes the disk of a virtual machine, and what is there is an image of containers: leave --image
        out, and pull that image once the machine runs
# podman-desktop/podman-desktop#19260: whatever podman answered 500 to
access to image "([^"]*)" is denied \(500 error\)
    Podman Desktop says so of each failure that podman has with an image ('WHAT' here), also of a name that is none: podman pull
        'WHAT' in a terminal tells the reason
# aws/aws-sam-cli#3329, aws/aws-lambda-web-adapter#92
Could not find (\S+) image locally and failed to pull it
    SAM had docker pull WHAT, and why that failed is not said: docker pull WHAT tells it; of public.ecr.aws docker logout
        public.ecr.aws, where an old login is kept (its images need none), and update SAM, which makes the tag
# dotnet/sdk-container-builds#483
CONTAINER1006
    the SDK of .NET had its upload ended several times, and why is not said: give ContainerRepository the whole name (OWNER/NAME),
        docker login HOST, and push the same with docker (dotnet publish -p:ContainerArchiveOutputPath=FILE.tar.gz, docker load,
        docker push), which tells it
# operator-framework/operator-sdk#4729
no scope specified for token auth challenge
    the token was not asked: the challenge of the registry names no scope, which this client's library of old wants: update the
        client, or have the registry name it (scope="repository:NAME:pull" in WWW-Authenticate)
# umihico/pythonista-chromeless#19, appleboy/lambda-action#28; docs.aws.amazon.com/lambda, "Create a function"
ImageUri when updating a function with packageType
    no registry was asked: a function of Lambda keeps its type, Zip or Image: delete it (aws lambda delete-function
        --function-name NAME) and create it with the other (aws lambda create-function --package-type Image --code
        ImageUri=IMAGE --role ARN --function-name NAME)
# ministryofjustice/modernisation-platform#2419
[Ss]ource image (?![^\s/]*[.:][^\s/]*/)(\S+) is not valid
    Lambda takes the full name of an image alone: write ACCOUNT.dkr.ecr.REGION.amazonaws.com/WHAT, which has to be there in the
        function's region
# Azure/azure-cli#29300
RegistryErrorResponse[^\n]* registry '([^']+)'
    WHAT refused Azure Container Instances, and why is not said, as a rule because many pull from there without a login: try again
        later, az container create --registry-login-server WHAT --registry-username USER --registry-password PASSWORD, or az acr
        import the image into a registry of Azure
# kreuzwerker/terraform-provider-docker#622
Got bad response from registry: (40[013])
    Terraform's provider docker got WHAT when it asked for the digest, of which registry is not said: TF_LOG=DEBUG terraform apply
        shows the address; registry_auth has to name that registry, with a login that may read there
# fluxcd/image-reflector-controller: the registry in the name, looked for in the secret
auth for "https?:" not found in secret
    no registry was asked: https:// is no part of an image's name: take it out (image: in the ImageRepository)
auth for "([^"\s]+)" not found in secret
    no registry was asked: that secret has no login for WHAT: make it anew (kubectl create secret docker-registry NAME
        --docker-server=WHAT --docker-username=USER --docker-password=PASSWORD)
# osism/testbed, sonatype's "Automatic blocking of remote repositories"
Auto Blocked until ([\dT:.-]+\dZ?)
    Nexus asks the registry behind its repository no more until WHAT, since that did not answer it: correct that repository's
        Remote storage (or Nexus' own way out, proxy and login), whose Status tells why; Auto blocking there turns this off
# aws-containers/hello-app-runner#3; docs.aws.amazon.com/apprunner, "Access role"
\[AppRunner\] Failed to pull your application image
    App Runner did not get the image: let build.apprunner.amazonaws.com assume the access role of the service, and give that role
        AWSAppRunnerServicePolicyForECRAccess (aws iam attach-role-policy); the repository has to be in the service's region
# aws/amazon-ecs-agent agent/engine: docs.aws.amazon.com/AmazonECS, "Resource initialization errors"; kubernetes/kubernetes#79535
assumed-role/([^/\s]+)[\s\S]*perform: ecr:GetAuthorizationToken
    no registry was asked: the role WHAT may fetch no login of ECR: aws iam attach-role-policy --role-name WHAT --policy-arn
        arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly (to push AmazonEC2ContainerRegistryPowerUser)
(?:ResourceInitializationError|registry auth)[\s\S]*AccessDenied
    no registry was asked: the role that fetches the login lacks a right that is named there: aws iam attach-role-policy
        --role-name ROLE --policy-arn arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy (for secrets of
        one's own secretsmanager:GetSecretValue too; ROLE is the task's execution role)
ResourceInitializationError[^\n]*(?:secret|asm)[^\n]*(?:invalid character|unexpected end of JSON)
    no registry was asked: what stands in the secret is no JSON as is wanted there: aws secretsmanager put-secret-value
        --secret-id NAME --secret-string '{"username":"USER","password":"PASSWORD"}' (of a variable its own key; a shell's
        quotes stand around it, not in it)
ResourceInitializationError[^\n]*ResourceNotFoundException
    no registry was asked: the secret that the task definition names is not there, in that region and account: correct its ARN
(?:ResourceInitializationError|CannotPullECRContainerError|api\.ecr\.)[\s\S]*(?:i/o timeout|deadline exceeded|request canceled
    |send request failed|connection (?:refused|reset)|no such host|Client\.Timeout|retried \d+ time\(s\)\W*(?:\n|\Z))
    no registry was asked: the login was not fetched, as the service of AWS that is named there was not reached: a task in a
        public subnet needs assignPublicIp=ENABLED, in a private one a NAT gateway, or VPC endpoints
        (com.amazonaws.REGION.ecr.api, ecr.dkr, secretsmanager, logs, and s3 as gateway) whose security group takes 443 from it
# serverless/serverless#12933, gchq/sleeper#6031, marchof/java-almanac#310, boto/boto3#3255
image manifest(?:, config)? or layer media type
    Lambda takes the manifest of one image, and no index: build it with docker buildx build --platform linux/amd64 (or
        linux/arm64) --provenance=false --sbom=false and push it anew, under a new tag if that is fixed
# fluxcd/source-controller#1932
requires gzip-compressed body
    the artifact came, and its first layer is no archive of gzip: name the layer in the OCIRepository (layerSelector:
        mediaType, and operation: copy for a chart)
# fluxcd/source-controller#1749, #1932
unsupported protocol scheme "oci"
    no registry was asked: the client takes charts from http addresses there: Flux wants an OCIRepository, or type: oci in the
        HelmRepository with url: oci://HOST/PATH; helm an oci:// address of its own
# kreuzwerker/terraform-provider-docker#189, docker/docker-py#1780, testcontainers/testcontainers-java#6190
X-Registry-Auth
    the docker daemon was given no login by the program that calls it, and pushes nothing without one: give it that registry's
        (in Terraform registry_auth with the same address as in the image's name; in docker-py auth_config; else docker login
        HOST)
# eip-work/kuboard-press#414
CRI v1 image API is not implemented|unknown service runtime\.v1
    no registry was asked: this containerd is too old for the kubelet (1.6 and later speak CRI v1), or has its plugin off: take
        "cri" out of disabled_plugins in /etc/containerd/config.toml and restart it, or update it
# renovatebot/renovate lib/workers/repository/process/lookup: renovatebot/renovate#20972, Aureliolo/synthorg#1365
Failed to look up docker package ([\w.:/-]*\w)
    Renovate got no tags of WHAT, and does not say why: correct its name (crane ls WHAT lists them), and for a private one write
        hostRules: [{hostType: "docker", matchHost: REGISTRY, username, password}]; of a registry that Renovate takes for an owner
        at Docker Hub registryAliases; LOG_LEVEL=debug tells what was answered
# elastic/apm-agent-nodejs#4537, dependabot/feedback#865, dependabot/dependabot-core#11686
PrivateSourceAuthenticationFailure|could not be reached as it requires authentication
        |private_source_authentication_failure
    Dependabot has no login that what is named there takes: add it to dependabot.yml (registries: type: docker-registry, of
        packages npm-registry and others; url, username, password), and name it in registries of that update
# dependabot/dependabot-core common/lib/dependabot/errors.rb
PrivateSourceCertificateFailure\W[^\n]*SSL certificate for (\S+?)[.)]?(?:\s|\Z)
    Dependabot trusts no CA behind the certificate of WHAT: have WHAT send its intermediate certificates, or show one of a public
        CA (openssl s_client -connect WHAT:443 shows the issuer)
# docker/build-push-action#687, #463: BuildKit names what it asked a token for, and not what was refused
\[auth\] (?:\S+:pull )?(\S+):(?:pull,push|push,pull) token for ghcr\.io[\s\S]*unexpected status: 403 Forbidden
    ghcr.io does not let that login write the package WHAT: in a workflow permissions: packages: write, and Write for its
        repository in the package's settings (Manage Actions access); else a classic token with write:packages; if it may, and a
        second run passes, that was a fault of ghcr.io
\[auth\] (?:\S+:pull )?(\S+):(?:pull,push|push,pull) token for (?P<host>[\w.:-]+)[\s\S]*unexpected status: 40[13]
    by the token that BuildKit asked for before it, HOST refused a push of WHAT: docker login HOST there where it runs, with an
        account or token that may push that; if it may, a rule there forbids it (a quota, a tag that may not be changed), which
        crane push FILE REPOSITORY shows in words (FILE: --output type=docker,dest=FILE)
# macbre/push-to-ghcr#26
permission_denied: The requested installation does not exist
    ghcr.io does not let that token write there: GITHUB_TOKEN writes packages of the owner of its own repository alone: name
        ghcr.io/OWNER/NAME with that owner in lower case, or log in with a classic token that has write:packages of the other
"""
