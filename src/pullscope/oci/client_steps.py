"""What each client is told to do, in its own commands and files: one row a client, and nothing of another's in it.

`login` and `logout`; `plain` and `tls`: to ask a registry by plain http, or by TLS alone; `ca`: to trust one; `mirror`: where
its mirrors are named; `proxy`: the unit of its service; `tags`: lists tags; `whole`: pushes an index with all that it names.
What a row leaves out is that of the row it is `like`. {host} is the registry, {home} the one whose mirror it is, {ca} the CA.
A client without a row, and a library, is told in words: which program asked, the reader knows.

From the clients' own documentation; docker's was tried with dockerd 20.10.24 and 29.7.2 (docs/findings.md, ca-not-trusted).
"""

from __future__ import annotations

from pullscope.oci.agents import Client
from pullscope.oci.text_table import rows

TABLE = r"""
# docs.docker.com, "Mirror the Docker Hub library", "Daemon proxy configuration", docker image push
docker: docker
    login docker login {host}
    logout docker logout {host}
    plain add {host} to insecure-registries in /etc/docker/daemon.json and restart docker
    tls take {host} out of insecure-registries in /etc/docker/daemon.json
    ca copy {ca} to /etc/docker/certs.d/{host}/ca.crt
    mirror registry-mirrors in /etc/docker/daemon.json, and a restart
    proxy docker
    whole push one platform alone (docker push --platform), or pull all of them before
# cli/command/manifest: docker/cli#3250, #4484, #1951, docker/for-linux#767; distribution/distribution#3100, docker/for-linux#736
docker-cli: docker manifest, docker buildx imagetools
    like docker
    plain give docker manifest --insecure, and write the port into the name (HOST:80/NAME, where it has none)
    tls leave out --insecure, or use docker buildx imagetools create: docker manifest asks this machine itself by plain http
    ca copy {ca} to /etc/docker/certs.d/{host}/ca.crt where docker runs
    mirror none
    proxy none
    whole push its images first, and make the list anew, of which docker keeps an old one: docker manifest rm IMAGE, docker
        manifest create, docker manifest push
# containerd/containerd#5586, #7682, containerd/cri#835; docs/hosts.md, "CRI" (config_path); docs.siderolabs.com,
# RegistryMirrorConfig, RegistryTLSConfig (siderolabs/talos#12120)
containerd: containerd
    login nerdctl login {host}, ctr with --user NAME:PASSWORD
    plain write [host."http://{host}"] into /etc/containerd/certs.d/{home}/hosts.toml (config_path in config.toml has to name that
        folder; k3s: mirrors: {{"{host}": {{endpoint: ["http://{host}"]}}}} in /etc/rancher/k3s/registries.yaml; Talos:
        RegistryMirrorConfig)
    tls write https:// for {host} in /etc/containerd/certs.d/{home}/hosts.toml, without skip_verify (k3s: registries.yaml; Talos:
        RegistryMirrorConfig)
    ca name {ca} with ca = in /etc/containerd/certs.d/{home}/hosts.toml (config_path in config.toml has to name that folder; k3s:
        configs, {host}, tls, ca_file in registries.yaml; Talos: ca in RegistryTLSConfig)
    mirror /etc/containerd/certs.d/{home}/hosts.toml; Talos: RegistryMirrorConfig
    proxy containerd
# docs.k3s.io, docs.rke2.io, "Private Registry Configuration"
k3s: the containerd of k3s and rke2
    login configs, {host}, auth in registries.yaml
    plain name http://{host} as an endpoint in mirrors of /etc/rancher/k3s/registries.yaml (rke2: /etc/rancher/rke2), and
        restart it
    tls write https:// for {host} in /etc/rancher/k3s/registries.yaml (rke2: /etc/rancher/rke2), without insecure_skip_verify
    ca name {ca} as ca_file in /etc/rancher/k3s/registries.yaml (configs, {host}, tls; rke2: /etc/rancher/rke2) and restart it
    mirror mirrors in /etc/rancher/k3s/registries.yaml, rke2: /etc/rancher/rke2, and a restart
# ctr images pull --help; k3s-io/k3s#2799
ctr: ctr
    login give ctr --user NAME:PASSWORD
    logout leave out --user
    plain give ctr images pull --plain-http (it reads neither registries.yaml nor, without --hosts-dir, certs.d)
    tls leave out --plain-http
    ca give ctr images pull --tlscacert {ca}
nerdctl: nerdctl
    login nerdctl login {host}
    logout nerdctl logout {host}
    plain give nerdctl --insecure-registry
    tls leave out --insecure-registry
    ca name {ca} with ca = in /etc/containerd/certs.d/{home}/hosts.toml
    mirror /etc/containerd/certs.d/{home}/hosts.toml
    proxy containerd
# podman-search(1), podman-manifest-push(1), containers-registries.conf.d(5)
podman: podman
    login podman login {host}
    logout podman logout {host}
    plain set insecure = true for {host} in /etc/containers/registries.conf
    tls leave out --tls-verify=false, or insecure=true in /etc/containers/registries.conf, for {host}
    ca copy {ca} to /etc/containers/certs.d/{host}/ca.crt
    mirror its [[registry.mirror]] in registries.conf
    tags podman search --list-tags {name}
    whole push the list with its images: manifest push --all
buildah: buildah
    like podman
    login buildah login {host}
    logout buildah logout {host}
    tags none
# skopeo-list-tags(1); podman-container-tools/skopeo#2882, #2892
skopeo: skopeo
    like podman
    login skopeo login {host}
    logout skopeo logout {host}
    plain give skopeo --tls-verify=false (copy: --src-tls-verify=false or --dest-tls-verify=false)
    tags skopeo list-tags docker://{name}
    whole copy all platforms (skopeo copy --all), or let --strip-sparse-manifest-list take those that are not copied out of the
        index
# crio.conf(5)
cri-o: CRI-O
    like podman
    login podman login {host}, global_auth_file in crio.conf
    proxy crio
    tags none
    whole none
# bootc's docs/src/registries-and-offline.md
bootc: bootc
    like podman
    login podman login --authfile /etc/ostree/auth.json {host}
    logout podman logout --authfile /etc/ostree/auth.json {host}
    mirror none
    tags none
    whole none
# BuildKit's docs/buildkitd.toml.md; it asks the client for logins, which are docker's
buildkit: BuildKit
    login docker login {host}
    logout docker logout {host}
    plain set http = true below [registry."{host}"] in buildkitd.toml (docker's own: insecure-registries in daemon.json)
    tls take http and insecure of {host} out of buildkitd.toml
    ca set ca=["FILE"], with {ca}, below [registry."{host}"] in buildkitd.toml
    mirror mirrors of [registry."{home}"] in buildkitd.toml
helm: helm
    login helm registry login {host}
    logout helm registry logout {host}
    plain give helm --plain-http
    tls write https:// behind helm repo add, and leave out --plain-http
    ca give helm --ca-file {ca}
# oras.land, "oras repo tags"
oras: oras
    login oras login {host}
    logout oras logout {host}
    plain give oras --plain-http
    tls leave out --plain-http and --insecure
    ca give oras --ca-file {ca}
    tags oras repo tags {name}
# kaniko's README, "Pushing to Docker Hub", "Flag --registry-mirror"
kaniko: kaniko
    login docker login {host} (kaniko reads that as /kaniko/.docker/config.json; in a cluster mount a secret at /kaniko/.docker
        with items: key .dockerconfigjson, path config.json)
    logout docker logout {host}
    plain give kaniko --insecure (for what it pulls: --insecure-pull)
    tls leave out --insecure and --insecure-pull
    ca give kaniko --registry-certificate {host}={ca}
    mirror --registry-mirror
# trivy.dev, "Private registries", "Self-Hosted" (TRIVY_NON_SSL), "trivy registry logout"; aquasecurity/trivy-db#372
trivy: Trivy
    login trivy registry login {host} (or TRIVY_USERNAME and TRIVY_PASSWORD, which it shows to every registry)
    logout trivy registry logout {host}
    plain set TRIVY_NON_SSL=true
    tls leave out TRIVY_NON_SSL and --insecure
    ca set SSL_CERT_FILE to {ca} where trivy runs
# google/go-containerregistry, cmd/crane/doc
crane: crane
    login crane auth login {host}
    logout crane auth logout {host}
    plain give crane --insecure
    tls leave out --insecure
    ca set SSL_CERT_FILE to {ca} where crane runs
# help of cosign verify; it has a login, and no logout
cosign: cosign
    login cosign login {host}
    logout take {host} out of ~/.docker/config.json
    plain give cosign --allow-http-registry
    tls leave out --allow-http-registry and --allow-insecure-registry
    ca give cosign --registry-cacert {ca}
# regclient/regclient#836, #875, docs/regctl.md, docs/regsync.md, docs/examples/regsync.yml
regctl: regctl
    login regctl registry login {host}
    logout regctl registry logout {host}
    plain run regctl registry set --tls disabled {host}
    tls run regctl registry set --tls enabled {host}
    ca run regctl registry set --cacert "$(cat FILE)" {host}, with {ca} in FILE
    tags regctl tag ls {name}
    whole copy all platforms (regctl image copy without --platforms), or one alone (--platform)
regsync: regsync
    login creds: [{{registry: {host}, user: USER, pass: PASSWORD}}] in regsync.yml
    logout take {host} out of creds in regsync.yml
    plain write tls: disabled beside registry: {host} in creds of regsync.yml
    tls take tls: of {host} out of creds in regsync.yml
    ca write regcert: with {ca} beside registry: {host} in creds of regsync.yml
# Jib's README, "Authentication Methods"
jib: Jib
    login docker login {host} (or give jib -Djib.to.auth.username=USER -Djib.to.auth.password=PASSWORD)
    logout docker logout {host}
    plain set allowInsecureRegistries in jib
    tls take allowInsecureRegistries out of jib's settings
    ca import {ca} into the trust store of the Java that runs jib
# docs.renovatebot.com, "Private packages", "insecureRegistry", "Self-signed TLS/SSL certificates"; renovatebot/renovate#4753
renovate: Renovate
    login hostRules: [{{hostType: "docker", matchHost: "{host}", username: "USER", password: "PASSWORD"}}] in config.js
    logout take {host} out of hostRules in config.js
    plain set insecureRegistry: true in the hostRules whose matchHost is {host} (hostType docker)
    tls take insecureRegistry of {host} out of hostRules
    ca set NODE_EXTRA_CA_CERTS to {ca} where Renovate runs
# fluxcd.io, "Insecure", "Cert secret reference", flux/cmd/flux_create_secret_oci; fluxcd/flux2#3442,
# fluxcd/source-controller#821, #1268, #1898
flux: Flux
    login flux create secret oci NAME --url={host} --username=USER --password=PASSWORD
    plain write insecure: true into the OCIRepository, HelmRepository or ImageRepository of {host}
    tls take insecure: true out of the OCIRepository, HelmRepository or ImageRepository of {host}
    ca put {ca} as ca.crt into a secret that certSecretRef of the OCIRepository, HelmRepository or ImageRepository names
# ko.build/reference; notation's cmd/notation/login.go, internal/flag; curl(1)
ko: ko
    login ko login {host}
    logout take {host} out of ~/.docker/config.json
    plain give ko --insecure-registry
    tls leave out --insecure-registry
    ca set SSL_CERT_FILE to {ca} where ko runs
notation: notation
    login notation login {host}
    logout notation logout {host}
    plain give notation --insecure-registry
    tls leave out --insecure-registry
    ca set SSL_CERT_FILE to {ca} where notation runs
curl: curl
    plain write http:// before {host}
    tls write https:// before {host}
    ca give curl --cacert FILE, with {ca} in FILE
# ollama/ollama#7244, #12171, #4192, #1387
ollama: ollama
    login the key of ~/.ollama/id_ed25519.pub (of a service /usr/share/ollama/.ollama) among those of
        https://ollama.com/settings/keys; ollama has no user and password, which another registry than ollama's would take
    logout take its key out of https://ollama.com/settings/keys
    plain give ollama --insecure
    tls leave out --insecure
    ca set SSL_CERT_FILE to {ca} where ollama serve runs
# apptainer.org/docs, "apptainer registry login"
apptainer: Apptainer
    login apptainer registry login --username NAME docker://{host}
    logout apptainer registry logout docker://{host}
    plain give it --no-https
    tls leave out --no-https
    ca set SSL_CERT_FILE to {ca} where it runs
# sylabs.io/guides, "remote login": it reads docker's logins too, and its own first
singularity: SingularityCE
    like apptainer
    login singularity remote login --username NAME docker://{host}
    logout singularity remote logout docker://{host}
"""
_ROWS: dict[str, dict[str, str]] = {}
for _key, _, _fields in rows(TABLE):
    _ROWS[_key] = _ROWS.get(_fields.get("like", ""), {}) | _fields


def ships_with_k3s(client: Client) -> bool:
    """Whether it is the containerd of k3s or rke2, which read registries.yaml (`containerd/v2.0.2-k3s2`: k3s-io/k3s#11857)."""
    return client.family == "containerd" and "-k3s" in (client.version or "")


def row_of(client: Client) -> str:
    """The row that is its own: a client's family, or k3s, whose containerd reads a file of its own."""
    return "k3s" if ships_with_k3s(client) else client.family


def step(row: str, what: str) -> str | None:
    """What a client is told, with the fields still to fill in; None where that is not known, or where it has nothing for it."""
    said = _ROWS.get(row, {}).get(what)
    return None if said == "none" else said
