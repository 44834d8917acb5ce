"""What is meant by messages that show no answer of a registry to a request, and by a status alone: words and a step."""

from __future__ import annotations

import re

_OTHER_BYTES = (
    "the bytes that came are not those of the digest: something in between changed or cut them, or the registry keeps others; "
    "pull past proxies and caches, and push the image again if that fails too"
)
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
    "no match(?:ing manifest)? for": "the image has no build for that platform: docker buildx imagetools inspect IMAGE lists "
    "those that it has, and --platform takes another",
    "no space left on device|input/output error|read-only file system": "the disk of this machine took no more, not the "
    "registry's: df -h shows which is full, dmesg whether it is broken; docker system prune, podman system prune or "
    "crictl rmi --prune makes room",
    "insufficient UIDs or GIDs|enough IDs available": "the image came, and this user has too few ids to unpack it: sudo usermod "
    "--add-subuids 100000-165535 --add-subgids 100000-165535 USER, then podman system migrate",
    "failed to register layer": "the layer came, and could not be unpacked here: journalctl -u docker says why",
    # fluxcd/source-controller#1749, #1932
    'unsupported protocol scheme "oci"': "no registry was asked: the client takes charts from http addresses there: Flux wants "
    "an OCIRepository, or type: oci in the HelmRepository with url: oci://HOST/PATH; helm an oci:// address of its own",
    "requires gzip-compressed body": "the artifact came, and its first layer is no archive of gzip: name the layer in the "
    "OCIRepository (layerSelector: mediaType, and operation: copy for a chart)",
    # hashicorp/nomad#4776, #9302
    r"exec: \W*docker-credential-|docker-credential-\S+ with input": "no registry was asked: the program for logins that it "
    "names failed: put it on the PATH of the service that pulls, and run it by hand (echo HOST | docker-credential-NAME get); or "
    "have it asked for its own registry only (credHelpers)",
    r"open /tmp/\S+: no such file": "no registry is at fault: the client misses a file of its own: update it, and once more",
    "invalid reference format": "no registry was asked: write HOST/NAME:TAG, in lower case, without https:// and spaces",
    "repository name must be lowercase": "no registry was asked: write the name in lower case",
    "Cannot connect to the Docker daemon": "no registry was asked: start the docker daemon, or correct DOCKER_HOST",
    "trying to connect to the Docker daemon socket": "no registry was asked: use sudo, or the group docker",
    # controlplaneio-fluxcd/flux-operator#149
    "unable to retrieve credentials|error getting credentials": "no registry was asked: the program that ~/.docker/config.json "
    "names for logins (credsStore, credHelpers) failed: install it, or take its name out of that file and log in again",
    # moby/buildkit#4206; deng-lab/viroprofiler#13
    "content digest sha256:[0-9a-f]{64}: not found": "the client has lost a blob that it had, which no registry was asked for: "
    "docker builder prune, or docker image rm IMAGE, and once more",
    "no descriptor found for reference": "no registry was asked: the cache is not whole: apptainer cache clean, and once more",
    # containerd/nerdctl#3264, #2635
    "(?:media type|unknown type:) text/html": "a web page came where a manifest should be, so what answered is no registry: take "
    "that mirror out of registry-mirrors in daemon.json, or out of hosts.toml below /etc/containerd/certs.d",
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
    415: "it does not take manifests of the type that was sent",
    429: "too many requests: try again later, or log in",
    404: "what was asked for is not there (check name and tag), or is not taken there (of a push)",
    403: "the login is missing or lacks the right, or a quota or rule there forbids it",
    401: "the login is missing, wrong, or lacks the right",
}
"""What a status means, wherever it is from (RFC 9110); 500 is said of all above it."""
