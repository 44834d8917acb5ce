"""What is meant by messages that show no answer of a registry to a request, and by a status alone: words and a step.
One file, because of the rows that fit a message the first is told.
"""

from __future__ import annotations

import re

from pullscope.oci.text_table import heads

_SAID = r"""
# containerd/nerdctl#3080
proxyconnect tcp: dial tcp
    the client did not reach its own proxy: start that, or write into HTTPS_PROXY an address of it that is reached from where
        the client runs (127.0.0.1 is another machine to a container or a rootless daemon)
storing blob to file \S+ .*\btcp |happened during read|failed to copy: read tcp|expected number of bytes
    the bytes of a layer stopped coming after they began: a slow or unsteady line, or a VPN, proxy or firewall on the way that
        ends long downloads: pull again; if that fails too, pull past what is on the way (another network shows it)
download failed after attempts|httpReadSeeker: failed open
    a blob did not come, for the reason said last; blobs come from a storage host (Docker Hub:
        production.cloudflare.docker.com): let it through every firewall and proxy, and ask another DNS server if its address is
        not known or false
failed size validation|filesystem layer verification failed|unexpected commit digest|layers from manifest don't match image
    the bytes that came are not those of the digest: something in between changed or cut them, or the registry keeps others;
        pull past proxies and caches, and push the image again if that fails too
# distribution/distribution registry/handlers/helpers.go: google/go-containerregistry#2084
client disconnected during blob
    the client, or a proxy between, ended the upload of a blob before its end: what the client says tells why; of large layers
        let the proxies wait longer (proxy_read_timeout, proxy_request_buffering off in nginx)
# aws/amazon-ecs-agent#719
reach any registry endpoint
    docker reached no registry: curl -sI https://registry-1.docker.io/v2/ (or that of the image) on that machine shows why; it
        needs DNS and a way out (in a private subnet a NAT or endpoints), or the registry was down
toomanyrequests:\s
    the registry counted too many requests: try again later, or log in (an account has its own limit)
failed to download "oci://
    helm does not say why: helm pull --debug does, and crane ls HOST/NAME lists the versions
# goharbor/harbor#13170, #19797
valid chart repository
    no chart repository answers there; if it is a registry, run helm pull oci://HOST/PATH/CHART
unknown blob|blob upload unknown
    the registry does not find what it has just taken: push again; if that fails too, give all its instances one storage and
        one http.secret (of a hosted registry: tell its support)
# moby/buildkit and containerd before the refusal of an anonymous token; of no host is it said (docker/build-push-action#628)
anonymous token: unexpected status: 40[13]
    the client had no login for that registry, and was refused: log in before it (docker login HOST; in a workflow
        docker/login-action with registry: HOST)
# HAProxy's and nginx's pages (containers/skopeo#2723)
StatusCode: 4\d\d, \\*\"<
    a web page answered, so a proxy or gateway in front of the registry refused the upload, not the registry: skopeo copy
        --debug shows the address; send past that proxy, or have it allow such requests
# moby/buildkit#4456: containerd fetches it with a login only
oauth token: unexpected status.*: 40[13]
    the token server refused the login that the client showed, which is not there or may not do that: log in again with an
        account that may, there where it runs (docker login HOST), and once more
signed by unknown authority|local issuer certificate|self.signed certificate|PKIX path|peer not authenticated
    the client trusts no CA behind the certificate that it got: something on the way reads TLS, as a company's proxy does, or it
        has no CA certificates: openssl s_client -connect HOST:443 where it runs shows the issuer; have it trust that CA (Java:
        keytool -importcert -cacerts), or install the package ca-certificates
# testcontainers/testcontainers-java#1283, zalando-incubator/baigan-config#83
parsing HTTP \d{3} response body: invalid character '<'
    a web page or XML came where a registry answers with JSON, so that a proxy, a filter or a storage answered in its place:
        curl -si https://HOST/v2/ where the daemon runs shows which
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
does not have permission '(?:storage|artifactregistry)\.|[Pp]ermission \W?(?:storage|artifactregistry)\.[\w.]+\W? denied
    the account of Google Cloud whose login it shows lacks that right: gcloud projects add-iam-policy-binding PROJECT
        --member=serviceAccount:EMAIL --role=roles/artifactregistry.writer (reader, to pull alone), or show another's
# fluxcd/source-controller#894
failed to login to OCI registry
    the registry took no login of Flux, and why is not said: kubectl describe helmrepository tells; helm registry login HOST with
        that user and password tries it, and secretRef names the secret that has them
# apptainer/apptainer#2230, cri-o/cri-o#7007, containers/skopeo#1240: of its own login, or of none, the library says the same
[Bb]earer token: invalid status code from registry 40[13]
    the token server refused: the login that was shown is wrong, or may not pull that, or there was none: check the name; if it
        is private, log in with an account that may pull it: docker login HOST
(?:[Bb]earer token: invalid status code from registry|fetch (?:anonymous|oauth) token: unexpected status:?) 5\d\d
    the token server failed, which is not named (curl -sI https://HOST/v2/ names it: realm): try again, and see its log or status
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
(?:read|write) tcp \S+?->\S+:\s|stream error: stream ID \d+; INTERNAL_ERROR
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
# testcontainers/testcontainers-java#3530; java.testcontainers.org, "Custom configuration"
Could not connect to Ryuk
    no registry was asked: the container of Testcontainers (Ryuk) runs, and was not reached at that address: set
        TESTCONTAINERS_HOST_OVERRIDE to the address of the docker host, or TESTCONTAINERS_RYUK_DISABLED=true
TLS handshake timeout|i/o timeout|Client\.Timeout
    nothing answered in time, and who was asked is not said: curl -v https://HOST/v2/ where the client runs tries the registry;
        if that waits too, let it through the firewall, or name the proxy of this network to the client (HTTPS_PROXY)
# tektoncd/pipeline#6530, #1913
Back-off pulling image|\bImagePullBackOff\b|\bErrImagePull\b
    the kubelet waits before it tries again, and why it failed is told by another event: kubectl describe pod POD shows it
        (Failed to pull image), or kubectl get events --field-selector reason=Failed
"""
"""What a client says of content that it got, or without a name, and what that means."""
_NO_ANSWER = r"""
# containers/image signature/policy_eval.go: podman-container-tools/podman#9257, ublue-os/config#82, frostyard/snosi#810
Source image rejected|is rejected by policy
    no registry refused it: this machine's own policy does (~/.config/containers/policy.json, where that is not there
        /etc/containers/policy.json): sudo podman image trust set -t accept HOST allows what is there, podman image trust show
        lists the rules; what is of this machine needs one for the transport containers-storage
# apptainer internal/pkg/client/oras: a SIF is one layer of a type of its own
invalid layer mediatype
    what is there is an image of layers, and oras:// takes a SIF file alone: apptainer pull docker://IMAGE
# ollama server/download.go; ollama/ollama#7244
requires a newer version of Ollama
    the model wants a newer ollama than this one: update that (curl -fsSL https://ollama.com/install.sh | sh; as a container
        docker pull ollama/ollama), and pull again
http: no Location header in response
    the client waited for a redirect, and the registry answered itself, as it may: update the client (an old ollama
        wants one for each blob)
# containerd/containerd#3682, #9830, moby/moby#47150 (docker save of 25.0.0), buildpacks/lifecycle#1662 (0.21.11)
wrong diff id (?:\S+ )?calculated on extraction
    the layer came, and unpacks to something else than the config of its image says (diff_ids), which docker's classic store
        does not look at: pull it once more (crictl rmi IMAGE before); if it is so again, build it with a newer tool and push it
        anew
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
# moby/buildkit cache/remotecache/export.go
exporting cache[\s\S]*error writing (?:manifest|config|layer)[^\n]*: 40[05]|error writing manifest blob[^\n]*: 40[05]
    the image is well, and the registry does not take the manifest of the build's cache: --cache-to
        type=registry,ref=REPOSITORY:cache,image-manifest=true,oci-mediatypes=true
# aws/amazon-ecs-agent agent/engine: docs.aws.amazon.com/AmazonECS, "Resource initialization errors"; kubernetes/kubernetes#79535
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
    |send request failed|connection (?:refused|reset)|no such host|Client\.Timeout)
    no registry was asked: the login was not fetched, as the service of AWS that is named there was not reached: a task in a
        public subnet needs assignPublicIp=ENABLED, in a private one a NAT gateway, or VPC endpoints
        (com.amazonaws.REGION.ecr.api, ecr.dkr, secretsmanager, logs, and s3 as gateway) whose security group takes 443 from it
# OctopusDeploy/Issues#5493: docker keeps a login by the host as typed, and that of Docker Hub under another name
access denied for (?:registry-1|index)\.docker\.io/
    docker finds no login of Docker Hub under the name of its API's host: docker login without a host, then name it without one
        (docker pull NAME); if that is refused too, the name is wrong or the account may not pull it
# aws/amazon-ecs-agent#4179, stalwartlabs/stalwart#1192, blakeblackshear/frigate#7308
archive/tar: invalid tar header
    the layer came, and its compression (zstd, as a rule) is one that docker before 23 does not know: update docker (of a NAS its
        system), or have the image pushed with gzip (compression=gzip,force-compression=true in buildx)
# containerd/containerd#7093, #3762, containerd/nerdctl#1426: of files that only root of the machine may make
failed to (?:extract|register) layer[^\n]*operation not permitted
    the layer came, and this node may not make a file of it (a device, an owner, an extended attribute): where containerd runs
        in a container, rootless or on another file system than ext4 or xfs, try another snapshotter (fuse-overlayfs, native) or
        one of the node's own; docker pull on another machine tells whether it is the image, which is then to be built without
        such files
# moby/moby#39201, docker/for-linux#434: names of processors that containerd's platforms do not know
no match(?:ing manifest)? for (?:\S+/)?unknown
    the image was not refused: the client did not recognise the processor of its own machine (unknown): name the platform
        (docker pull --platform linux/arm64 IMAGE), and update docker
no match(?:ing manifest)? for linux/arm/v8
    the image has no 32-bit build, and this system is 32-bit on a 64-bit kernel: install the 64-bit system (dpkg
        --print-architecture says arm64 there)
no match(?:ing manifest)? for
    the image has no build for that platform: docker buildx imagetools inspect IMAGE lists those that it has, and --platform
        takes another (one of Windows needs a docker that runs containers of Windows, of that version or a newer one)
# moby/moby#43576, saltcorn/saltcorn#3213, linuxserver/docker-pairdrop#4
insufficient UIDs or GIDs|enough IDs available|subordinate IDs|lchown [^\n]*invalid argument
    the image came; a file in it has a UID or GID that this user's namespace lacks: give USER more (sudo usermod --add-subuids
        100000-165535 --add-subgids 100000-165535 USER; a range as large as that number), then podman system migrate, or restart
        the daemon
no space left on device|input/output error|read-only file system
    the disk of this machine took no more, not the registry's: df -h shows which is full, dmesg whether it is broken; docker
        system prune, podman system prune or crictl rmi --prune makes room
# docker/for-win#2119, microsoft/hcsshim#1445, microsoft/dotnet-framework-docker#167
hcsshim|ProcessUtilityVMImage|ProcessBaseLayer|windowsfilter
    the layer came, and this Windows could not unpack it, as a rule because the image is of a newer or another version: pull
        the tag of the host's own (cmd /c ver shows it: ltsc2019, ltsc2022, ...), or update Windows
# fluxcd/source-controller#1932
requires gzip-compressed body
    the artifact came, and its first layer is no archive of gzip: name the layer in the OCIRepository (layerSelector:
        mediaType, and operation: copy for a chart)
# apptainer/singularity#3512
failed to (?:register|extract) layer|error (?:extracting|unpacking) (?:layer|rootfs)
    the layer came, and could not be unpacked here, for the reason said last: journalctl -u docker or -u containerd says more;
        of apptainer, name another disk (APPTAINER_TMPDIR)
# fluxcd/source-controller#1749, #1932
unsupported protocol scheme "oci"
    no registry was asked: the client takes charts from http addresses there: Flux wants an OCIRepository, or type: oci in the
        HelmRepository with url: oci://HOST/PATH; helm an oci:// address of its own
# hashicorp/nomad#4776, #9302, controlplaneio-fluxcd/flux-operator#149
exec: \W*docker-credential-|docker-credential-\S+(?: with input|: Invalid argument)|error storing credentials
    |unable to retrieve credentials|error getting credentials
    no registry was asked: the program that ~/.docker/config.json names for logins (credsStore, credHelpers) failed: put it on
        the PATH of what pulls (echo HOST | docker-credential-NAME get tries it), or take its name out there and log in again
# podman-container-tools/podman#12933, #24989
not resolve to an alias|short-name resolution enforced|short.name mode is enforc
    no registry was asked: the name has no registry in it: write it (docker.io/OWNER/NAME, docker.io/library/NAME for a name
        of one word), or set unqualified-search-registries = ["docker.io"] in /etc/containers/registries.conf
# containrrr/watchtower#1528, #1980; beatkind/watchtower#101: the images were updated
falling back to (?:regular|full) pull|\AReason: (?:Get|registry)\s
    no failure: Watchtower could not look up the newest digest, for the reason that it names, and has docker pull the image
        instead. Where the reason is the network's, give Watchtower's own container DNS and a way out;
        WATCHTOWER_WARN_ON_HEAD_FAILURE=never turns the warning off
# BuildKit of dockerd 28.5.2 pushed all the same (run); moby/moby#39019
importing cache manifest|cache importer
    this alone fails no build: it goes on without that cache, which is not there in a first build: write it with --cache-to,
        and log in before if it is private
# 8gears/n8n-helm-chart#107
could not find protocol handler for
    no registry was asked: helm takes charts of a registry by oci:// alone: write oci://HOST/PATH/CHART, and no --repo
open /tmp/\S+: no such file
    no registry is at fault: the client misses a file of its own: update it, and once more
# podman-container-tools/podman#3102
invalid reference format|repository name (?:\([^)]*\) )?must (?:be lowercase|have at least one component)|\bInvalidImageName\b
    |(?:tag|repository) can only contain the|(?:could not parse|invalid) reference:
    no registry was asked: write HOST/NAME:TAG, in lower case, without https:// and spaces
# StaPH-B/docker-builds#891, apptainer/singularity#3614; apptainer.org/docs/user, "endpoint.html"
remote has no library client
    no registry was asked: apptainer has no library of its own unless one is set: write docker://IMAGE for an image of a
        registry; for library:// itself: apptainer remote add --no-login SylabsCloud cloud.sylabs.io, apptainer remote use
        SylabsCloud
While pulling library image|invalid container ref
    no registry was asked: a name without docker:// is one of the library of Sylabs to apptainer and singularity: write
        docker://IMAGE for an image of a registry (apptainer pull docker://IMAGE)
# kreuzwerker/terraform-provider-docker#189, docker/docker-py#1780, testcontainers/testcontainers-java#6190
X-Registry-Auth
    the docker daemon was given no login by the program that calls it, and pushes nothing without one: give it that registry's
        (in Terraform registry_auth with the same address as in the image's name; in docker-py auth_config; else docker login
        HOST)
# sigstore/cosign names the tag and the address of the signature; sigstore/policy-controller#1899
no (?:matching )?signatures(?!.*(?:UNAUTHORIZED|DENIED|dial|x509|: [45]\d\d))
    the verifier found no signature that fits: cosign tree IMAGE lists those that there are; sign it (cosign sign
        IMAGE@DIGEST), or correct the key or identity that the policy names
# k3s-io/k3s#4673, home-assistant/supervised-installer#275
failed to get image from containerd|No such image:\s
    no registry is heard in it: the image is not on this machine, and why it was not pulled is not said: crictl pull IMAGE
        (k3s crictl; docker pull IMAGE) pulls it, or says why not
# distribution/distribution-library-image#193, wagoodman/dive#664, spring-projects/spring-boot#49267: docker 29
client version [\d.]+ is too (?:old|new)|Docker API call to '[^']*' failed with status code 400
    no registry was asked: the docker daemon takes no calls of the API's version that this program speaks (docker 29: 1.44 and
        later): update the program, or write {"min-api-version": "1.24"} into /etc/docker/daemon.json and restart docker
# docker/docker-py#1237
[Ii]mage does not exist locally|unable to locate image \S+ image not known|\breference does not exist\b
    no registry was asked: this machine has no image of that name: docker images lists those that it has; pull it, or build or
        tag it so (docker tag OTHER NAME)
# moby/moby#34640
could not be accessed on a registry
    the manager of the swarm got no answer about the image, so that each node looks for the tag itself, or has it already:
        docker pull IMAGE on the manager says why; --with-registry-auth hands a login on to the nodes
# eip-work/kuboard-press#414
CRI v1 image API is not implemented|unknown service runtime\.v1
    no registry was asked: this containerd is too old for the kubelet (1.6 and later speak CRI v1), or has its plugin off: take
        "cri" out of disabled_plugins in /etc/containerd/config.toml and restart it, or update it
# elastic/apm-agent-nodejs#4537
private_source_authentication_failure
    Dependabot has no login that the registry named there takes: add it to dependabot.yml (registries: type: docker-registry,
        url, username, password), and name it in registries of that update
# rancher/rke2#3462
connect endpoint 'unix:
    no registry was asked: crictl found no container runtime behind that socket: run it with sudo, and name the right one
        (crictl -r unix:///run/containerd/containerd.sock; of k3s and rke2 unix:///run/k3s/containerd/containerd.sock)
# ansible/ansible#29913
docker\.sock/v[\d.]+/auth|failed to login to the remote registry
    a login failed by way of the docker daemon, and why is not said: docker login HOST on that machine tells it
# docker/build-push-action#220, #558, #422, moby/buildkit#2332
(?:failed to walk|calculate checksum of ref)[^\n]*(?:no such file|not found)
    no registry was asked: COPY or ADD names what is not in the build context (docker build's last argument), or what
        .dockerignore leaves out
failed to solve: (?:failed to compute cache key: )?(?:blob not found|failed to copy: invalid status)
    the build's cache (type=gha or another storage) lacks a part that it lists, and no registry is heard in it: build once
        without cache-from
# docker/build-push-action#626, felddy/foundryvtt-docker#362: ghcr.io had an outage
cannot reuse body, request must be retried
    the registry, or a proxy before it, ended an upload or asked for it again, which BuildKit cannot send twice: push again;
        if that fails too, see the registry's status page, and the proxies on the way
# containerd core/remotes/docker/resolver.go: k3s-io/k3s#9626
trying next host
    a mirror did not give containerd the image (http.StatusNotFound: it has not got it), and the next host is asked, which is
        no failure by itself: what failed after it stands below; else take the mirror out, if it never has what is asked
# aws-actions/amazon-ecs-deploy-task-definition#584
(?:library/|(?:denied|manifest) for |repository )sha256(?::|/manifests/)[0-9a-f]{64}
    the name is a digest alone, which clients look for as docker.io/library/sha256: write the repository before it
        (HOST/NAME@sha256:...)
# docs.docker.com/engine/deprecated, "Interacting with V1 registries": GoogleContainerTools/container-structure-test#48
Status 4\d\d trying to pull repository
    docker before 17.12 asked by the old protocol v1 once v2 had not given it the image, and says only what came of that:
        update docker; crane manifest HOST/NAME:TAG shows what v2 answers (most often that there is no such tag, or that it wants
        a login)
# distribution/distribution#2266
Status 4\d\d trying to push repository
    docker before 17.12 pushed by the old protocol v1 once v2 had failed, and says only what came of that: update docker; curl
        -si https://HOST/v2/ shows what v2 answers there
# sameersbn/docker-gitlab-ci#26, actions/actions-runner-controller#2538: docker, podman, containerd
dial unix \S+: (?:connect: )?permission denied|LastErrorException: \[13\]
    |permission denied while trying to connect to the \w+ (?:daemon|API)
    no registry was asked: this user may not open the daemon's socket: sudo, or sudo usermod -aG docker USER and a new login
        (in a container of CI: its user, or the group of the mounted socket; newgrp docker tries it)
# cattle-ops/terraform-aws-gitlab-runner#1043
error during connect: \w+ "?https?://(?!%2F)
    no registry was asked: the client did not reach the docker daemon that DOCKER_HOST or its context names, for the reason said
        last: start it, or correct the address (docker context ls shows it)
Cannot connect to the \w+ (?:daemon|socket)|dial unix \S+: (?:connect: )?(?:no such file|connection refused)
    |pipe/\w+[^\n]*cannot find the file|[Dd]ocker daemon is not running|Is the docker daemon running|LastErrorException: \[2\]
    no registry was asked: the daemon that the client asks does not run there: start it (sudo systemctl start docker,
        podman.socket or containerd; Docker Desktop; in CI the service docker:dind), or correct DOCKER_HOST (docker context ls
        shows which is meant)
# moby/buildkit#4206; deng-lab/viroprofiler#13
content digest sha256:[0-9a-f]{64}: not found
    the client has lost a blob that it had, which no registry was asked for: docker builder prune, or docker image rm IMAGE,
        and once more
no descriptor found for reference
    no registry was asked: the cache is not whole: apptainer cache clean, and once more
# containerd/nerdctl#3264, #2635, moby/moby#19526
(?:media ?type|unknown type:)[^\n]{0,40}text/html
    a web page came where a manifest should be, so what answered is no registry, but a portal, a login page or a web server:
        curl -si https://HOST/v2/ where the client runs shows which; correct the address (of a mirror, if one is set), or have
        what is in front of the registry pass /v2/ on to it
# goharbor/harbor#22836: net/http asks again with GET after 301, 302 and 303
GET "https?://\S+/blobs/uploads/\S+digest=[^"]+": response status code 2
    the PUT of a blob was redirected and became GET, as by an http:// address that a proxy turns to https: have the registry
        name https:// itself (X-Forwarded-Proto from the proxy, external_url in Harbor, http.host in distribution)
# oras-project/oras#205
decode token response
    the token server answered without a token, often with a web page: curl -sI https://HOST/v2/ names it (realm), and curl -v
        shows what it says
# moby/buildkit solver/llbsolver/ops/exec.go, docker's builder
process \\*"[^\n]*did not complete successfully: exit code|returned a non-zero code: \d
    no registry is heard in it: a command of the Dockerfile (RUN) failed, and what it printed above tells why (docker build
        --progress=plain shows all of it)
"""
"""What is no answer of a registry, whatever image is named, and what it means."""
WITHOUT_A_REQUEST, NO_ANSWER = ({head: lines[0] for head, lines in heads(table)} for table in (_SAID, _NO_ANSWER))
UNKNOWN_CA = next(words for words in WITHOUT_A_REQUEST if words.startswith("signed by unknown authority"))
LOGIN_NOT_FETCHED = re.compile(next(words for words in NO_ANSWER if "api\\.ecr" in words))
NOT_ASKED = re.compile("|".join(NO_ANSWER))
MEANINGS = [(re.compile(words), meant) for words, meant in (NO_ANSWER | WITHOUT_A_REQUEST).items()]
"""All of them, of which the first that fits is told."""
MEANT = {
    500: "the registry or what is in front of it failed: try again, and read its log",
    413: "a proxy in front of the registry takes no body of that size: raise client_max_body_size in nginx, or its like there",
    415: "it does not take manifests of the type that was sent",
    429: "too many requests: try again later, or log in",
    404: "what was asked for is not there (check name and tag), or is not taken there (of a push)",
    403: "the login is missing or lacks the right, or a quota or rule there forbids it",
    401: "the login is missing, wrong, or lacks the right: docker login HOST, there where it runs",
}
"""What a status means, wherever it is from (RFC 9110); 500 is said of all above it."""
