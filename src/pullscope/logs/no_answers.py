"""What is no answer of a registry, whatever image is named, and what it means: words and a step.
One file, because of the rows that fit a message the first is told.

WHAT in a meaning is what the words pick out in brackets; IMAGE, REPOSITORY and HOST are of the image that the message names.
"""

from __future__ import annotations

TABLE = r"""
# openssl s_client 3.0 (run): what findings advise, as it is pasted
issuer= ?([^\n]*)[\s\S]*Verify return code: (?:10|9)\b
    the certificate (of WHAT) is not valid at this time: set the clock of this machine (timedatectl set-ntp true), or have who
        runs that host renew it
issuer= ?([^\n]*)[\s\S]*Verify return code: [1-9]
    who made the certificate is WHAT, and openssl trusts no such CA there: a company's or a filter's name in it means that TLS is
        read on the way; have the client trust that CA, if it is to be trusted, or let that host through untouched
issuer= ?([^\n]*)[\s\S]*Verify return code: 0 \(ok\)
    TLS is well there (its certificate is by WHAT): a client that says otherwise runs elsewhere, as in a container or a VM, or has
        CAs of its own (Java: keytool -list -cacerts)
# aws-actions/amazon-ecs-deploy-task-definition#584; containrrr/watchtower#1081, hashicorp/terraform-provider-docker#201
(?:library/|(?:denied|manifest) for |repository )sha256(?::|/manifests/)[0-9a-f]{64}|access denied for sha256\b
    the name is a digest alone, or an image's id, which clients look for as docker.io/library/sha256: write the repository
        before a digest (HOST/NAME@sha256:...); what was made of an id make again of the image's name (of Watchtower that
        container), or on the docker host that has that id
# aws/amazon-ecs-agent#4179, stalwartlabs/stalwart#1192, blakeblackshear/frigate#7308
archive/tar: invalid tar header
    the layer came, and its compression (zstd, as a rule) is one that docker before 23 does not know: update docker (of a NAS its
        system), or have the image pushed with gzip (compression=gzip,force-compression=true in buildx)
# containerd internal/cri/server/images, dockershim: kubernetes/kubernetes#131521, #26677, containerd/containerd#12811
because of no progress in (\S+)|Failed to pull image [^\n]*desc = context canceled
    the pull was ended on the node itself, not by the registry: containerd does after image_pull_progress_timeout without progress
        (config.toml; 5m0s if unset), the kubelet when its pod goes; journalctl -u containerd says which ("cancel pulling image")
# shizunge/endlessh-go#83, alex3025/ilo-fans-controller#16, dagucloud/dagu#985: GHCR, after a clean-up of untagged versions
(?:^|\n)\S+: Pulling from \S+\n(?:Error response from daemon: )?manifest unknown
    the tag is there (docker says Pulling from once it has that), and a manifest that its index names is not: as a rule a clean-up
        deleted what has no tag, and so each platform's own. Have who publishes IMAGE push it again, and pull another tag till
        then; docker buildx imagetools inspect IMAGE lists what the index names
# containers/image signature/policy_eval.go: podman-container-tools/podman#9257, ublue-os/config#82, frostyard/snosi#810
Source image rejected|is rejected by policy
    no registry refused it: this machine's own policy does (~/.config/containers/policy.json, where that is not there
        /etc/containers/policy.json): sudo podman image trust set -t accept HOST allows what is there, podman image trust show
        lists the rules; what is of this machine needs one for the transport containers-storage
# docker/login-action#155, actions/docker#25, firecow/gitlab-ci-local#1105, tiangolo/babun-docker#24 (Windows)
interactive login from a non TTY
    no registry was asked: docker had no user name or password, and no terminal to ask for them. In a job a variable of these is
        empty or has another name there; by hand: echo TOKEN | docker login HOST -u USERNAME --password-stdin (in Git Bash:
        winpty docker login)
# goharbor/harbor#7944, #15757, #13858, Dokploy/dokploy#3320: the shell's variable is empty
login [^\n]*(?:-u|--username)[= ]\"?(robot\$[\w+-]+)[\s\S]*unauthorized
    the shell took what follows $ for a variable, so that another user's name was sent: write it in single quotes ('WHAT'), and
        log in again
# apple/container#2274
cannot parse service from WWW-Authenticate
    the login was not judged: this client wants service= in the challenge of /v2/, which the registry leaves out, as it may:
        update the client, or copy with another (skopeo login HOST; skopeo copy docker://HOST/NAME:TAG oci-archive:FILE)
# firecow/gitlab-ci-local#1113; docs.gitlab.com, "Use Docker to build Docker images"
error during connect: [^\n]*(?:x509|tls):
    no registry was asked: the client does not trust the certificate of the docker daemon itself: give it that one's client
        certificates (DOCKER_CERT_PATH; in GitLab /certs/client in volumes of the runner), or have docker:dind speak without TLS
        (DOCKER_TLS_CERTDIR: "", DOCKER_HOST: tcp://docker:2375)
# docker/buildx#1308, tbistr/texlive-full-devcontainer#7, moby/buildkit#1491
failed to get state for index|unlazy requires an applier|ref \S+ locked: unavailable
    no registry was asked: BuildKit's own store of what it built failed: build again, docker builder prune if that fails too, and
        update buildx and BuildKit (docker buildx create --use makes a builder anew)
# EnricoMi/publish-unit-test-result-action#308, #307, timkrase/phpunit-coverage-badge#12: an outage of ghcr.io
download failed after attempts=\d+: (?:unauthorized|denied)
    the registry gave the manifest, and refused the token for what the manifest names: pull again, after docker login HOST if it
        is private or the pull took long; where it is so for everybody, its status page says so
# apptainer internal/pkg/client/oras: a SIF is one layer of a type of its own; apptainer/apptainer#632
invalid layer mediatype|could not get image manifest, received mediaType|no layer found corresponding to SIF image
    what is there is an image of layers, and oras:// takes a SIF file alone: apptainer pull docker://IMAGE
conveyor failed to get: unsupported image-specific operation on artifact
    what is there is no image of layers, as a SIF file is none, and docker:// takes these alone: apptainer pull oras://IMAGE
# helm/helm#30890, mended in 3.18.1
media type \S*helm\S* is not allowed, found in descriptor
    helm 3.18.0 refuses what is beside the chart, as its signature: use helm 3.18.1 or later
# helm/helm#11566, #31775
media type \S+ is not allowed, found in descriptor
    that tag is an image, or another artifact, and no chart: give the --version of a chart, or correct the name
# moby/buildkit solver/llbsolver/ops/exec.go, docker's builder
process \\*"[^\n]*did not complete successfully: exit code|returned a non-zero code: \d
    no registry is heard in it: a command of the Dockerfile (RUN) failed, and what it printed above tells why (docker build
        --progress=plain shows all of it)
# dunglas/symfony-docker#664, EmbeddedLLM/JamAIBase#24, anyproto/any-sync-dockercompose#72, docker/compose#10123
(?:^|[!✘\s])\S+ Warning +pull access denied for ([\w./-]+)
    that is a warning: docker compose builds WHAT itself (build: in its file), and looks for it at the registry before that,
        where it need not be: what failed, if anything did, stands below it; docker compose pull --ignore-buildable leaves it out
# nautobot/nautobot-lab#6, docker/cli cli/command/registry/login.go: the variable is empty
Must provide --username with --password-stdin
    no registry was asked: docker login got no user name: the variable of it is empty or has another name in that job
# buildpacks/tekton-integration#18: what should be an image's name begins with https://
"https?://https?/v2/
    no registry was asked: https:// is no part of an image's name: take it out
# buildpacks/lifecycle#213, #651: ACR's identity token
parsing auth header '': unknown auth type
    no registry was asked: the login in docker's config.json has no user name and password (az acr login makes one so), and the
        lifecycle of buildpacks wants both: docker login HOST -u USER --password-stdin, or update the builder
# ollama server/images.go; ollama/ollama#1770
pull model manifest: file does not exist
    ollama's registry has no model or tag of that name: correct it (https://ollama.com/library lists them)
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
# cloud-ark/kubediscovery#3, lucperkins/colossus#1, kubernetes/kubernetes#118795
\bErrImageNeverPull\b|pull policy of Never
    the node has no image of that name, and imagePullPolicy: Never forbids it to pull one: load it under the very name (minikube
        image load NAME, kind load docker-image NAME, k3s ctr images import FILE), or write IfNotPresent
# moby/buildkit cache/remotecache/export.go
error writing manifest blob[^\n]*: 40[05][\s\S]*--cache-to[= ]"?(type=registry,[^\s"]+)
    the image is well, and the registry does not take the manifest of the build's cache: --cache-to
        WHAT,image-manifest=true,oci-mediatypes=true
exporting cache[\s\S]*error writing (?:manifest|config|layer)[^\n]*: 40[05]|error writing manifest blob[^\n]*: 40[05]
    the image is well, and the registry does not take the manifest of the build's cache: write
        ,image-manifest=true,oci-mediatypes=true behind the ref= of --cache-to type=registry
# OctopusDeploy/Issues#5493: docker keeps a login by the host as typed, and that of Docker Hub under another name
access denied for (?:registry-1|index)\.docker\.io/
    docker finds no login of Docker Hub under the name of its API's host: docker login without a host, then name it without one
        (docker pull NAME); if that is refused too, the name is wrong or the account may not pull it
# containerd/containerd#7093, #3762, containerd/nerdctl#1426: of files that only root of the machine may make
failed to (?:extract|register) layer[^\n]*operation not permitted
    the layer came, and this node may not make a file of it (a device, an owner, an extended attribute): where containerd runs
        in a container, rootless or on another file system than ext4 or xfs, try another snapshotter (fuse-overlayfs, native) or
        one of the node's own; docker pull on another machine tells whether it is the image, which is then to be built without
        such files
# podman-container-tools/buildah#1092, podman-container-tools/podman#3910, #3935
overlay/[0-9a-f]{64}/(?:merged|diff)/[^\n]*: no such file or directory
    no registry is at fault: the store of images of this machine lacks a file of a layer: remove the image and have it built or
        pulled again (podman rmi IMAGE; if that is no help podman system reset, which removes all of them), with a newer podman
        or buildah
# moby/moby#39201, docker/for-linux#434: names of processors that containerd's platforms do not know
no match(?:ing manifest)? for (?:\S+/)?unknown
    the image was not refused: the client did not recognise the processor of its own machine (unknown): name the platform
        (docker pull --platform linux/arm64 IMAGE), and update docker
no match(?:ing manifest)? for linux/arm/v[67]
    the image has no 32-bit build, which this system asks for: where it has one for arm64 (docker buildx imagetools inspect IMAGE
        lists them), and the processor is a 64-bit one (Raspberry Pi 3 to 5), install the 64-bit system; else take an older tag or
        another image
no match(?:ing manifest)? for linux/arm/v8
    the image has no 32-bit build, and this system is 32-bit on a 64-bit kernel: install the 64-bit system (dpkg
        --print-architecture says arm64 there)
# compose, whose command has no platform: compose-spec, "platform"
\[\+\] (?:Running|Pulling)[\s\S]*no match(?:ing manifest)? for
    the image has no build for that platform: put platform: linux/amd64 below the service in the compose file, if the machine
        can run that by emulation, or take a tag that has one (docker buildx imagetools inspect IMAGE lists them)
# docker-archive-public/docker.labs#465, docker/for-win#4518; microsoft/Windows-Containers#410; docker/for-win#4584, #6127, #4489
mcr\.microsoft\.com/[\s\S]*no match(?:ing manifest)? for windows/
    the image is for another version of Windows: pull the tag of the host's own (cmd /c ver shows it: ltsc2019, ltsc2022, ...)
mcr\.microsoft\.com/windows[\s\S]*no match(?:ing manifest)? for linux/
    the image is of Windows, and this docker runs containers of Linux: Switch to Windows containers in the menu of Docker Desktop
        (& "C:\Program Files\Docker\Docker\DockerCli.exe" -SwitchDaemon); on Linux there is no way
no match(?:ing manifest)? for windows/
    this docker runs containers of Windows, and the image has none: Switch to Linux containers in the menu of Docker Desktop (&
        "C:\Program Files\Docker\Docker\DockerCli.exe" -SwitchDaemon); on Windows Server take an image of Windows in its place
[Nn]o match(?:ing manifest)?(?: found in image \S+)? for
    the image has no build for that platform: docker buildx imagetools inspect IMAGE lists those that it has: take a version
        before or after it that has one, or another build by --platform, if the machine can run that
# minc-org/minc#10
locating item named "[^"]+" for image with ID "([0-9a-f]+)"
    no registry is at fault: the store of images of this machine lacks a part of one: remove it (crictl rmi WHAT, podman rmi -f
        WHAT), and have it pulled again
# docs.docker.com/go/deprecated-image-specs, google/go-containerregistry#377
schema 1 support is disabled|unsupported MediaType: \W*application/vnd\.docker\.distribution\.manifest\.v1
    what is there is in the old format of images (schema 1), which this client takes no more: name a newer tag or another image,
        or convert it (skopeo copy --format v2s2 docker://IMAGE docker://TARGET)
# Amazon ECR, "image tag mutability"
The image tag '[^']+' already exists in the '([^']+)' repository and cannot be overwritten
    the repository takes no other image under a tag that is there: push under another tag, or aws ecr put-image-tag-mutability
        --repository-name WHAT --image-tag-mutability MUTABLE
# aws-actions/amazon-ecr-login: ECR_REPOSITORY held the whole address
The repository with name '[\w-]+\.[\w.:-]+/([^']+)' does not exist
    the registry's host stands in the image's name twice: the repository is WHAT alone, and what names it (a variable of the job)
        has to leave the host out
# containers/image pkg/docker/config: containers-auth.json(5)
mkdir /run/(?:user/\d+/)?containers: permission denied
    no registry was asked: this user may not keep a login in /run: name a file of its own (--authfile FILE, or
        REGISTRY_AUTH_FILE=FILE for all that follows), or set XDG_RUNTIME_DIR to a folder of its own
# goharbor/harbor, "Deployment security"
The image is not signed by (?:cosign|notation)
    Harbor lets only signed images be pulled from this project, and sees no signature of this one: sign it in a form that this
        version of Harbor reads, or switch that off in the project's Configuration (Deployment security)
# sigstore/cosign, SIGNATURE_SPEC
unsupported media type application/vnd\.dev\.(?:cosign|sigstore)\.
    what is there is a signature, no image: name the image itself, which cosign verify checks
# microsoft/vscode-dev-containers#1728
unsupported media type (application/vnd\.\S+)
    what is there is no image, but something of another kind (WHAT): take the image's own name, or fetch it with its own tool (a
        Feature is named in devcontainer.json; oras pull IMAGE fetches anything)
# moby/moby#39727: deconz-community/deconz-docker#181, slidevjs/container#6, apache/apisix#8968
mediaType in manifest should be
    the image has manifests of OCI's types, which docker takes from 20.10: update docker
# VITIMan/docker-music-stack#7, microsoft/PubSec-Info-Assistant#900
manifest\.v1\+\w+\W[^\n]*(?:no longer supported|not been supported)
    what is there is of the old schema 1, which is taken no more: have it pushed anew, or copy it (skopeo copy --format v2s2
        docker://IMAGE docker://TARGET)
# albertodonato/query-exporter#374, opencost/opencost-helm-chart#375
could not load config with mediatype application/vnd\.cncf\.helm
    what is there is an image and no chart: name the chart's own repository (often charts/NAME below the same owner)
# vetyy/helm-ecr#7
scheme prefix missing from remote
    no registry was asked: helm push takes the address of a registry: helm push FILE.tgz oci://HOST/PATH
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
# apptainer/singularity#3512
failed to (?:register|extract) layer|error (?:extracting|unpacking) (?:layer|rootfs)
    the layer came, and could not be unpacked here, for the reason said last: journalctl -u docker or -u containerd says more;
        of apptainer, name another disk (APPTAINER_TMPDIR)
# docker/docker-credential-helpers#140, #223, replicate/cog#842: docker login itself was taken
(?:pass not initialized|pass store is uninitialized|password store is empty)
    no registry refused it: docker-credential-pass has no store to keep the login in: gpg --generate-key, then pass init with
        the key's mail address, and log in again; or take credsStore out of ~/.docker/config.json, which keeps it in that file
# docker/docker-credential-helpers#300: Docker Desktop's helper asks the Hub itself
error storing credentials[^\n]*Post "https://hub\.docker\.com/[^\n]*(?:dial |connectex|timeout)
    Docker Desktop, which keeps the login, did not reach hub.docker.com for it: where dig +short hub.docker.com (on Windows
        nslookup) tells another address on another network, ask another DNS server; where a proxy leads out, name it in Settings,
        Resources, Proxies; let hub.docker.com:443 through the firewall
# docker/docker-credential-helpers#82, #119, oceanprotocol/faucet#4: over ssh, in a service, in CI
User interaction is not allowed|user name or passphrase you entered is not correct|keychain cannot be accessed
    no registry was asked: macOS keeps its keychain locked there, as for ssh, a service or a job: security unlock-keychain
        ~/Library/Keychains/login.keychain-db in the same session, or take credsStore out of ~/.docker/config.json and log in
        again
# docker/docker-credential-helpers#60, #102; GNOME's keyring
Cannot autolaunch D-?Bus|org\.freedesktop\.secrets|specified logon session does not
    |The stub received bad data
    no registry was asked: the system keeps its store of secrets closed there, as without a desktop or over ssh: take credsStore
        out of ~/.docker/config.json, which keeps logins in that file, and log in again (on Linux docker-credential-pass does
        without a desktop)
# hashicorp/nomad#4776, #9302, controlplaneio-fluxcd/flux-operator#149
exec: \W*docker-credential-|docker-credential-\S+(?: with input|: Invalid argument| not installed| exited with|'\]?' returned)
    |docker-credential-[\w.-]+\W+(?:get|list|store)\W+returned|error storing credentials|[Cc]redentials store error
    |unable to retrieve credentials|error getting credentials
    no registry was asked: the program that ~/.docker/config.json names for logins (credsStore, credHelpers) failed: put it on
        the PATH of what pulls (echo HOST | docker-credential-NAME get tries it), or take its name out there and log in again
# podman-container-tools/podman#12933, #24989
not resolve to an alias|pull an unqualified image|short-name resolution enforced|short.name mode is enforc
    no registry was asked: the name has no registry in it: write it (docker.io/OWNER/NAME, docker.io/library/NAME for a name
        of one word), or set unqualified-search-registries = ["docker.io"] in /etc/containers/registries.conf
# containrrr/watchtower#1528, #1980; beatkind/watchtower#101: the images were updated
(?:falling back to (?:regular|full) pull|\AReason: (?:Get|registry)\s)(?![\s\S]*Unable to update container)
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
# sigstore/cosign names the tag and the address of the signature; sigstore/policy-controller#1899
(?:no (?:matching )?signatures|signature not found|failed to verify signature)(?!.*(?:UNAUTHORIZED|DENIED|dial|x509|: [45]\d\d))
    the verifier found no signature that fits: cosign tree IMAGE lists those that there are; sign it (cosign sign
        IMAGE@DIGEST), or correct the key or identity that the policy names
# k3s-io/k3s#4673
failed to get image from containerd
    no registry is heard in it: the image is not on this machine, and why it was not pulled is not said: crictl pull IMAGE
        (k3s crictl) pulls it, or says why not
# moby/moby#29266, #36045, #35014
Rejected [^\n]*No such image:\s
    a node of the swarm did not pull it, and why is in its own log (journalctl -u docker there); of a private one hand the login
        on to the nodes: docker service update --with-registry-auth --force SERVICE, on a manager that is logged in (docker
        login HOST)
# home-assistant/supervised-installer#275, sabeechen/hassio-google-drive-backup#952
No such image:\s
    no registry is heard in it: the image is not on this machine, and why it was not pulled is not said: docker pull IMAGE
        there pulls it, or says why not
# distribution/distribution-library-image#193, wagoodman/dive#664, spring-projects/spring-boot#49267: docker 29
client version [\d.]+ is too (?:old|new)|Docker API call to '[^']*' failed with status code 400
    no registry was asked: the docker daemon takes no calls of the API's version that this program speaks (docker 29: 1.44 and
        later): update the program, or write {"min-api-version": "1.24"} into /etc/docker/daemon.json and restart docker
# docker/docker-py#1237, goreleaser/goreleaser#5146
[Ii]mage does not exist locally|tag does not exist: |\breference does not exist\b
    |(?:unable to locate|failed to find) image \S+ image not known
    no registry was asked: this machine has no image of that name: docker images lists those that it has; pull it, or build or
        tag it so (docker tag OTHER NAME). What buildx made is there with --load alone, and is pushed already with --push
# docker/cli cli/registry/client/fetcher.go; goreleaser/goreleaser#2294, #2606
[Nn]o such manifest: ([\w./:@-]+)
    docker finds no WHAT at its registry, or may not read it: push it before what is made of it (goreleaser: skip_push leaves that
        out), or log in (docker login HOST), if it is private
# docker/cli cli/command/manifest/create.go; openfga/openfga#1796
cannot use source images from a different registry than the target image: (\S+)
    no registry was asked: docker manifest create takes only images of the registry that its own name is at: push them there too
        (crane copy WHAT/NAME:TAG TARGET), or docker buildx imagetools create, which copies
# google/go-containerregistry pkg/v1/remote/descriptor.go; crossplane/crossplane#3222, #1957
response did not include Docker-Content-Digest header
    the registry answered, and that to HEAD has no Docker-Content-Digest, without which this client stops: let a proxy in front
        pass it on (curl -sI https://HOST/v2/NAME/manifests/TAG with and without it shows who drops it), or name the image by its
        digest
# moby/moby#34640
could not be accessed on a registry
    the manager of the swarm got no answer about the image, so that each node looks for the tag itself, or has it already:
        docker pull IMAGE on the manager says why; --with-registry-auth hands a login on to the nodes
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
trying next host(?![^\n]*/v2/[^?"\s]*\\*": )
    a mirror did not give containerd the image (http.StatusNotFound: it has not got it), and the next host is asked, which is
        no failure by itself: what failed after it stands below; else take the mirror out, if it never has what is asked
# docs.docker.com/engine/deprecated, "Interacting with V1 registries": GoogleContainerTools/container-structure-test#48
Status 4\d\d trying to pull repository|Error pulling image \([^)]*\) from \S+, HTTP code 4
    docker before 17.12 asked by the old protocol v1 once v2 had not given it the image, and says only what came of that:
        update docker; crane manifest IMAGE shows what v2 answers (most often that there is no such tag, or that it wants
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
# containerd/nerdctl#3264, #2635, moby/moby#19526
(?:media ?type|manifest type|unknown type:)[^\n]{0,40}text/html
    a web page came where a manifest should be, so what answered is no registry, but a portal, a login page or a web server:
        curl -si https://HOST/v2/ where the client runs shows which; correct the address (of a mirror, if one is set), or have
        what is in front of the registry pass /v2/ on to it
# goharbor/harbor#22836: net/http asks again with GET after 301, 302 and 303
GET "https?://\S+/blobs/uploads/\S+digest=[^"]+": response status code 2
    the PUT of a blob was redirected and became GET, as by an http:// address that a proxy turns to https: have the registry
        name https:// itself (X-Forwarded-Proto from the proxy, external_url in Harbor, http.host in distribution)
# run: docker 20.10 and 28.5, podman 5.8, skopeo 1.22, crane 0.20, oras 1.3
no realm specified for token auth challenge|docker://[^\n]*missing realm in bearer|malformed www-authenticate, missing realm
    |/v2/[^\n]*Get \\*"\?[^"\\]*\\*": unsupported protocol scheme
    HOST wants a token, and its 401 does not say where from: curl -si https://HOST/v2/ shows its WWW-Authenticate, which needs a
        realm; let the registry send one, and what is before it pass it on
# containerd core/remotes/docker/resolver.go, fetcher.go, pusher.go
no (?:resolve|pull|push) hosts
    containerd knows no host that it may ask for that: hosts.toml there (certs.d) gives none of its hosts that capability: write
        capabilities = ["pull", "resolve"] for one that is to be asked ("push" too to push), or take the file away
# containerd core/metadata/images.go
ctr: image "([^"]+)": not found
    no registry was asked: containerd has no image WHAT in that namespace: ctr -n NAMESPACE images ls lists those that it has (a
        kubelet's are in k8s.io, those of nerdctl in default), and ctr -n NAMESPACE images pull WHAT pulls it
# oras-project/oras#205
decode token response
    the token server answered without a token, often with a web page: curl -sI https://HOST/v2/ names it (realm), and curl -v
        shows what it says
"""
