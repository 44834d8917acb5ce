"""What is meant by messages that show no answer of a registry to a request, and by a status alone: words and a step."""

from __future__ import annotations

import re

_OTHER_BYTES = (
    "the bytes that came are not those of the digest: something in between changed or cut them, or the registry keeps others; "
    "pull past proxies and caches, and push the image again if that fails too"
)
UNKNOWN_CA = "signed by unknown authority|local issuer certificate|self.signed certificate|PKIX path"
WITHOUT_A_REQUEST = {
    # containerd/nerdctl#3080
    "proxyconnect tcp: dial tcp": "the client did not reach its own proxy: start that, or write into HTTPS_PROXY an address "
    "of it that is reached from where the client runs (127.0.0.1 is another machine to a container or a rootless daemon)",
    r"storing blob to file \S+ .*\btcp |happened during read|failed to copy: read tcp|expected number of bytes": "the bytes of a "
    "layer stopped coming after they began: a slow or unsteady line, or a VPN, proxy or firewall on the way that ends long "
    "downloads: pull again; if that fails too, pull past what is on the way (another network shows it)",
    "download failed after attempts|httpReadSeeker: failed open": "a blob did not come, for the reason said last; blobs come "
    "from a storage host (Docker Hub: production.cloudflare.docker.com): let it through every firewall and proxy, and ask "
    "another DNS server if its address is not known or false",
    "failed size validation|filesystem layer verification failed|unexpected commit digest|layers from manifest don't match "
    "image": _OTHER_BYTES,
    "no (?:matching )?signatures": "the verifier found no signature that fits: cosign tree IMAGE lists those that there are; "
    "sign it (cosign sign IMAGE@DIGEST), or correct the key or identity that the policy names",
    "toomanyrequests: ": "the registry counted too many requests: try again later, or log in (an account has its own limit)",
    'failed to download "oci://': "helm does not say why: helm pull --debug does, and crane ls HOST/NAME lists the versions",
    # goharbor/harbor#13170, #19797
    "valid chart repository": "no chart repository answers there; if it is a registry, run helm pull oci://HOST/PATH/CHART",
    "unknown blob|blob upload unknown": "the registry does not find what it has just taken: push again; if that fails too, give "
    "all its instances one storage and one http.secret (of a hosted registry: tell its support)",
    # moby/buildkit and containerd before the refusal of an anonymous token; of no host is it said (docker/build-push-action#628)
    "anonymous token: unexpected status: 40[13]": "the client had no login for that registry, and was refused: log in before it "
    "(docker login HOST; in a workflow docker/login-action with registry: HOST); HOST is that of the image above it",
    # HAProxy's and nginx's pages (containers/skopeo#2723)
    r"StatusCode: 4\d\d, \\*\"<": "a web page answered, so a proxy or gateway in front of the registry refused the upload, not "
    "the registry: skopeo copy --debug shows the address; send past that proxy, or have it allow such requests",
    # moby/buildkit#4456: containerd fetches it with a login only
    r"oauth token: unexpected status.*: 40[13]": "the token server refused the login that the client showed, which is "
    "not there or may not do that: log in again with an account that may, there where it runs (docker login HOST), and once more",
    UNKNOWN_CA: "the client trusts no CA behind the certificate that it got: something on the way reads TLS, as a company's "
    "proxy does, or it has no CA certificates: openssl s_client -connect HOST:443 where it runs shows the issuer; have it "
    "trust that CA, or install the package ca-certificates",
    "Requesting bearer token: invalid status code": "the token server said so, which is not named: curl -sI https://HOST/v2/ "
    "names it (realm), and curl -v asks it",
    r"unexpected status code https?://\S+\.\.\.(?!\S)": "it is cut off before the status: docker pull IMAGE on that machine "
    "tells the whole",
    # JibSystemProperties.java; GoogleContainerTools/jib#885, #1578, #3574
    "not sent because the connection was over HTTP": "jib sends no login by plain http: give it -DsendCredentialsOverHttp=true, "
    "or use https",
}
"""What a client says of content that it got, or without a name, and what that means."""
NO_ANSWER = {
    # moby/moby#39201, docker/for-linux#434: names of processors that containerd's platforms do not know
    r"no match(?:ing manifest)? for (?:\S+/)?unknown": "the image was not refused: the client did not recognise the processor of "
    "its own machine (unknown): name the platform (docker pull --platform linux/arm64 IMAGE), and update docker",
    "no match(?:ing manifest)? for linux/arm/v8": "the image has no 32-bit build, and this system is 32-bit on a 64-bit kernel: "
    "install the 64-bit system (dpkg --print-architecture says arm64 there)",
    "no match(?:ing manifest)? for": "the image has no build for that platform: docker buildx imagetools inspect IMAGE lists "
    "those that it has, and --platform takes another",
    # moby/moby#43576, saltcorn/saltcorn#3213, linuxserver/docker-pairdrop#4
    r"insufficient UIDs or GIDs|enough IDs available|subordinate IDs|lchown [^\n]*invalid argument": "the image came; a file in "
    "it has a UID or GID that this user's namespace lacks: give USER more (sudo usermod --add-subuids 100000-165535 "
    "--add-subgids 100000-165535 USER; a range as large as that number), then podman system migrate, or restart the daemon",
    "no space left on device|input/output error|read-only file system": "the disk of this machine took no more, not the "
    "registry's: df -h shows which is full, dmesg whether it is broken; docker system prune, podman system prune or "
    "crictl rmi --prune makes room",
    "failed to register layer": "the layer came, and could not be unpacked here: journalctl -u docker says why",
    # fluxcd/source-controller#1749, #1932
    'unsupported protocol scheme "oci"': "no registry was asked: the client takes charts from http addresses there: Flux wants "
    "an OCIRepository, or type: oci in the HelmRepository with url: oci://HOST/PATH; helm an oci:// address of its own",
    "requires gzip-compressed body": "the artifact came, and its first layer is no archive of gzip: name the layer in the "
    "OCIRepository (layerSelector: mediaType, and operation: copy for a chart)",
    # hashicorp/nomad#4776, #9302, controlplaneio-fluxcd/flux-operator#149
    r"exec: \W*docker-credential-|docker-credential-\S+ with input|unable to retrieve credentials|error getting credentials": "no"
    " registry was asked: the program that ~/.docker/config.json names for logins (credsStore, credHelpers) failed: put it on "
    "the PATH of what pulls (echo HOST | docker-credential-NAME get tries it), or take its name out there and log in again",
    # podman-container-tools/podman#12933, #24989
    "not resolve to an alias|short-name resolution enforced|short.name mode is enforc": "no registry was asked: the name has no "
    "registry in it: write it (docker.io/OWNER/NAME, docker.io/library/NAME for a name of one word), or set "
    'unqualified-search-registries = ["docker.io"] in /etc/containers/registries.conf',
    # containrrr/watchtower#1528, #1980; beatkind/watchtower#101: the images were updated
    r"falling back to (?:regular|full) pull|\AReason: (?:Get|registry) ": "no failure: Watchtower could not look up the newest "
    "digest, for the reason that it names, and has docker pull the image instead. Where the reason is the network's, give "
    "Watchtower's own container DNS and a way out; WATCHTOWER_WARN_ON_HEAD_FAILURE=never turns the warning off",
    # BuildKit of dockerd 28.5.2 pushed all the same (run); moby/moby#39019
    "importing cache manifest|cache importer": "this alone fails no build: it goes on without that cache, which is not there in "
    "a first build: write it with --cache-to, and log in before if it is private",
    r"open /tmp/\S+: no such file": "no registry is at fault: the client misses a file of its own: update it, and once more",
    "invalid reference format|repository name must be lowercase": "no registry was asked: write HOST/NAME:TAG, in lower case, "
    "without https:// and spaces",
    "Cannot connect to the Docker daemon": "no registry was asked: start the docker daemon, or correct DOCKER_HOST",
    "trying to connect to the Docker daemon socket": "no registry was asked: use sudo, or the group docker",
    # moby/buildkit#4206; deng-lab/viroprofiler#13
    "content digest sha256:[0-9a-f]{64}: not found": "the client has lost a blob that it had, which no registry was asked for: "
    "docker builder prune, or docker image rm IMAGE, and once more",
    "no descriptor found for reference": "no registry was asked: the cache is not whole: apptainer cache clean, and once more",
    # containerd/nerdctl#3264, #2635, moby/moby#19526
    r"(?:media ?type|unknown type:)[^\n]{0,40}text/html": "a web page came where a manifest should be, so what answered is no "
    "registry, but a portal, a login page or a web server: curl -si https://HOST/v2/ where the client runs shows which; correct "
    "the address (of a mirror, if one is set), or have what is in front of the registry pass /v2/ on to it",
    # goharbor/harbor#22836: net/http asks again with GET after 301, 302 and 303
    r'GET "https?://\S+/blobs/uploads/\S+digest=[^"]+": response status code 2': "the PUT of a blob was redirected and became "
    "GET, as by an http:// address that a proxy turns to https: have the registry name https:// itself (X-Forwarded-Proto from "
    "the proxy, external_url in Harbor, http.host in distribution)",
    # oras-project/oras#205
    "decode token response": "the token server answered without a token, often with a web page: curl -sI https://HOST/v2/ "
    "names it (realm), and curl -v shows what it says",
}
"""What is no answer of a registry, whatever image is named, and what it means."""
NOT_ASKED = re.compile("|".join(NO_ANSWER))
MEANT = {
    500: "the registry or what is in front of it failed: try again, and read its log",
    413: "a proxy in front of the registry takes no body of that size: raise client_max_body_size in nginx, or its like there",
    415: "it does not take manifests of the type that was sent",
    429: "too many requests: try again later, or log in",
    404: "what was asked for is not there (check name and tag), or is not taken there (of a push)",
    403: "the login is missing or lacks the right, or a quota or rule there forbids it",
    401: "the login is missing, wrong, or lacks the right",
}
"""What a status means, wherever it is from (RFC 9110); 500 is said of all above it."""
