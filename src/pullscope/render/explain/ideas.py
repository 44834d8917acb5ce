"""The ideas behind the steps: what a reader has to understand once, explained where it first shows. Words only, no logic.
One file, because the sentences build on each other in the order of `Idea`.

Sentences hold places such as `{host}` that `lesson` fills with what was seen. They are for beginners and assume nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullscope.oci.text_table import rows
from pullscope.render.explain.table import SECTIONS, Section


class Idea(StrEnum):
    """What steps show, in the order in which it is explained. What a pull does not show is explained with the demo's."""

    NAME = "name"
    ASKS = "asks"
    VANITY = "vanity"
    CHALLENGE = "challenge"
    NEEDED = "needed"
    SCOPE = "scope"
    DIGEST = "digest"
    TYPES = "types"
    COUNTS = "counts"
    PLATFORM = "platform"
    ELSEWHERE = "elsewhere"
    SIGNED = "signed"
    VERIFIED = "verified"
    FAILED = "failed"


BEFORE = (Idea.NAME, Idea.ASKS)
"""What belongs to the whole pull: explained before its first request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """An idea in a few sentences."""

    name: str
    beginner: str
    section: Section
    chapter: str = ""
    """The heading that stands above it, after the steps; empty where there is none."""


TABLE = r"""
name: NAMES, Which host a name means
    says The full name of this image is `{reference}`. docker completes short names: `nginx` means
        `docker.io/library/nginx:latest`. There `docker.io` is the registry, `library/nginx` the repository (a set of images under
        one name) and `latest` the tag, a label that now stands for one image. An image can be for several platforms (kinds of
        machine).
        - The part before the first slash is a host if it contains a dot, a colon or a capital letter, or is `localhost`.
        - A colon in the host is followed by a port: `example.com:5000/app` is on port 5000. Without it HTTPS uses port 443.
        - A colon in the last part is followed by a tag, an `@` by a digest. With both, the digest decides.
        - A name without a host is at Docker Hub, called docker.io in names. The host that is asked is registry-1.docker.io. Only
        there `library/` is added to names of one part.
        - Kubernetes usually completes names as docker does. podman looks in its registries.conf, and may ask you. Write the whole
        name where it matters.
asks: PROXY, Who asks
    says `docker pull` passes the name to the docker daemon, a program in the background. The daemon looks up the hosts and makes
        all the requests. So `HTTPS_PROXY` in your shell changes nothing: the daemon has its own settings for proxy and
        certificates. Other clients:
        - On Linux podman, skopeo, buildah, crane and regctl are commands without a daemon: they make every request themselves,
        with your shell's `HTTPS_PROXY` and the certificates that the machine trusts.
        - containerd is a daemon that runs containers, below docker and on many Kubernetes nodes. nerdctl is a command for it.
        Other nodes have CRI-O, which pulls with podman's library (not tried here).
        - buildx is the builder behind `docker build`.
        - On macOS and Windows, Docker Desktop and podman do all this in a virtual machine, which has settings of its own.
vanity: REDIRECTIONS, What a vanity domain can and cannot change
    says {vanity} is a vanity domain: a host name of your own in front of a registry. With one you can change the registry later,
        and users keep the name that they type. It answers {status}: the client asks again at {target}, the address in the header
        Location. So the domain decides which registry is asked, and thereby what a tag points to. If you lose it, its next owner
        decides; by answering 401 itself it can also ask clients for the login that is stored under it. It cannot change an image
        that is pulled by digest. With a redirect, digests, the token server's address and the storage host come from the registry
        that it names.
        - Instead of redirecting, a domain can be a reverse proxy: a server that asks the registry itself and passes on the
        answers, so that clients never meet the registry. What is said here of domains holds for those that redirect; where a
        proxy differs, it says so.
challenge: CHALLENGES, Why a 401 comes first
    says This 401 is normal: a client cannot know where to get a token before it has asked. The answer says it in the header
        WWW-Authenticate, the challenge. Here it is `{challenge}`:
        - Bearer: a token is wanted. (Basic would want a user name and password, for the registry itself.)
        - realm: the token server's address
        - service: the name by which the token server knows this registry
        - scope: the permission that is needed. Docker Hub sends it only in answers about a repository; ghcr.io, the registry of
        GitHub, sends a sample one for /v2/ too.
needed: TOKENS, Who needs a token
    says The token server decides who may fetch what; the registry only checks the token. Docker Hub wants a token for every
        image, public ones too; some registries want none. You need no account for public images: without a user name and password
        the token server issues an anonymous token. If the client uses a login, its password goes to the token server, at the
        address in realm: so trust the one who writes that. Through a domain that redirects, not every client uses one: see
        "Which login is used".
scope: SCOPES, What a scope is
    says The client asks the token server for `REALM?service=SERVICE&scope=SCOPE`. The scope here is `{scope}`: a type, a
        repository and an action. The client takes the repository from the name that you typed, without the host. If the challenge
        names another repository, docker 29 and containerd ask for both, docker 28 for the one that you typed.
digest: DIGESTS, What a digest guarantees
    says A tag is a label; tomorrow it can point to another image. A digest is the sha256 hash of some content, here {digest}. The
        content is a layer (a compressed archive of files) or one of three JSON documents: config (how to start the image),
        manifest (which config and layers) and index (which manifest for which platform). Layers and configs are called blobs.
        - Change one byte and the digest changes. No way is known to make other content with the same digest.
        - When you pull by tag, you trust the answer to name the right digest. From here on docker asks for everything by digest:
        a tag that moves during the pull changes nothing.
        - The index has the digests of the manifests, and each manifest has those of its config and layers. So this one digest
        pins the whole image: `IMAGE@sha256:…` always pulls the same one, or fails if it was deleted. A manifest's digest pins it
        for one platform.
        - A digest does not say who made the image: that needs a signature, and a pull checks none unless it is set up to.
types: MANIFESTS, What Accept and Content-Type are for
    says Accept in a request lists the document types (media types) that the client understands. Content-Type in the answer says
        which came.
        - A registry that has none of the listed types may answer 404 or 406.
        - Without Accept it may convert the document to an old type, which has another digest: Docker's own registry 2.8 does.
counts: LIMIT, Why HEAD, and what counts as a pull
    says The digest is a header, so HEAD is enough. Docker Hub limits pulls.
        - HEAD requests, configs and layers do not count; GETs of manifests do. Docker counts those for one architecture (kind of
        processor) together as one pull, so this one counts as 1; two architectures count as 2. (The sample registry of
        `pullscope demo` counts each GET of a manifest.) Whether attestations, which docker 29 fetches too, count is not said.
        - The limit in 6 hours is 100 per IP address (IPv6: per /64 network), or 200 per account with a login; none for paid
        accounts.
        - Answers about manifests say the limit and what is left, in the headers ratelimit-limit (`100;w=21600` is 100 in 21,600
        seconds) and ratelimit-remaining.
platform: INDEX, What a platform is
    says A platform is an operating system and an architecture, such as linux/amd64. ARM also has a variant: linux/arm/v7; docker
        takes an older variant if its own is missing. The client takes the entry for its own machine, here {platform};
        `--platform` asks for another. If no entry fits, the pull fails.
elsewhere: BLOBS, Where the bytes come from
    says This registry does not send blobs itself. It redirects ({status}) to {target}: storage, or a CDN (content delivery
        network, servers that keep copies near you). Layers are nearly all of the bytes of a pull, so the redirect spares the
        registry most of the traffic. A firewall has to allow three kinds of host: the registry, the token server and the storage.
        Without the last, manifests come and layers do not. Docker Hub has several storage hosts, and a registry can change them
        at any time. A domain of your own in front of the registry is a fourth.
signed: REDIRECTIONS, What a signed URL is
    says The URL of a blob at the storage is usually signed: its query (what follows the `?`) has a signature and an expiry time,
        often 10 to 60 minutes later. Until then anyone with the URL can fetch this one blob without a token, so keep the URL
        secret.
        - Later the storage answers 403, so a cache must not keep the registry's redirect for longer.
        - A pull may take longer: docker asks the registry for each blob, which signs a new URL each time. Amazon's storage, S3,
        looks at the time only when a download begins.
        - When a registry redirects a blob to another domain, docker, containerd, podman, skopeo, crane and curl leave the token
        behind. The new host could misuse it, and some storage refuses a request that has both a token and a signature. podman and
        skopeo do send it to a sub-domain of the registry. What other clients do is not known here.
verified: DIGESTS, Why any host may send the bytes
    says The sha256 of this blob ({size}) is the digest that was asked for. If it differed, the client would refuse the bytes. A
        manifest that is asked for by digest is checked in the same way.
failed: ERRORS, What went wrong
    says This request failed: {failure}.
others: SUPPORT, What other clients ask
    chapter Other pulls
    says Clients begin differently; manifests, config and layers are fetched alike. A client that leaves out the version check
        gets its first 401 for the tag. In docker 29.0 and containerd one part finds the digest and another fetches. Each gets a
        token of its own. docker 29.1 and newer (in the table) also fetches attestations. It then asks for referrers (documents
        about the image, such as signatures), and gets a third token for that.
stores: SUPPORT, The two stores of docker
    says A store is where the daemon keeps images: normally the classic one up to version 28, containerd's from 29. `docker info`
        tells which one you have: with containerd's it says io.containerd.snapshotter. An upgraded docker keeps the classic store.
        Docker Desktop, newly installed, has containerd's since 4.34. The image ID is the config's digest in the classic store. In
        containerd's it is the digest of the index, or of the manifest if there is no index.
again: EXISTENCE, What a second pull asks
    says docker begins in the same way, up to the HEAD of the tag. If the digest has not changed, docker stops: nothing is
        downloaded and nothing is counted. Otherwise it fetches the new manifests, and only the layers that it does not have.
        podman GETs manifests and config again, and the manifests count.
        - `docker run` pulls only if the image is not there. So does Kubernetes, but for the tag latest, typed or left out, it
        asks each time, unless `imagePullPolicy` says otherwise.
        - An image is kept under the name that you typed. Pulled under another as well, it has two names; its layers are stored
        once.
proxies: PROXY, Where a proxy is set
    chapter Proxy, certificates, mirrors
    says A proxy passes requests on. The docker daemon needs its address, as seen from the daemon's machine, and then a restart.
        `pullscope docker on` does this, and lets docker trust pullscope's CA (see below).
        - On Linux systemd starts the daemon: write `[Service]` and below it `Environment="HTTPS_PROXY=http://127.0.0.1:8080"`,
        with your proxy's address, to /etc/systemd/system/docker.service.d/proxy.conf. Then `systemctl daemon-reload` and
        `systemctl restart docker`. On a Kubernetes node do the same for the service containerd.
        - `NO_PROXY`, set there too, lists hosts that are asked without the proxy.
        - docker 23.0 and newer also reads `proxies` in /etc/docker/daemon.json. Docker Desktop has it in its Settings. `proxies`
        in ~/.docker/config.json is for containers and builds, not for `docker pull`.
        - `docker build` uses your shell's proxy for tokens and the daemon's for the rest. `docker manifest` and `docker buildx
        imagetools` use only your shell's.
trust: PROXY, Where a CA certificate goes
    says The daemon has to trust the CA (certificate authority) that signed a certificate. Public CAs are trusted; add your
        registry's private CA, or that of a proxy that reads HTTPS.
        - docker, any registry but Docker Hub: `/etc/docker/certs.d/HOST/ca.crt`. HOST is the host in the image's name, as typed.
        The CA is also trusted for the token server and for hosts to which HOST redirects. No restart is needed. podman and skopeo
        read this folder, too.
        - docker 29, Docker Hub: the same in `certs.d/docker.io`.
        - docker 28, Docker Hub: the machine's CA certificates, or a folder that `SSL_CERT_DIR` names in the daemon's service;
        then restart the daemon. Neither `insecure-registries` nor `certs.d` helps.
        - Docker Desktop: the keychain of macOS or the certificate store of Windows; then restart it.
        - containerd and crane: the machine's CA certificates. containerd also reads `ca` in its hosts.toml for HOST.
        - Without HTTPS: with `{{"insecure-registries": ["HOST"]}}` in /etc/docker/daemon.json, and a restart, docker also uses
        plain http for HOST, and accepts any certificate.
mirror: PROXY, What a mirror is
    says A mirror is a registry that a client asks before the real one, because its settings say so. docker's `registry-mirrors`
        is for docker.io alone, never for docker.example.com. Mirrors for any host are set in containerd's hosts.toml, podman's
        registries.conf and, for docker 29, /etc/docker/certs.d/HOST/hosts.toml. If the mirror does not answer or does not have
        the image, the client asks the real registry. A domain of your own needs no setting, because it is part of the name; if it
        does not answer, nothing else is asked.
failing: PROXY, How to find the cause
    chapter When a pull fails
    says Record the pull and have it explained. For docker on Linux: start `sudo pullscope docker trace --out pull.jsonl` (it
        restarts docker), pull again in another terminal, press Ctrl-C, then `sudo pullscope explain pull.jsonl`. For podman and
        other commands: record with `pullscope run --out pull.jsonl -- podman pull IMAGE`. For a message alone: `pullscope explain
        'MESSAGE'`. Common messages, in the words of docker 28:
        - `pull access denied …, repository does not exist or may require 'docker login'`: Docker Hub does not tell a private
        image from a missing or mistyped one. Check the name; if it is right, log in. Other registries may answer 404 for a
        private image, ghcr.io 403.
        - `manifest unknown`, `not found` (404): the registry says that it has no such tag or digest. Check the spelling, and the
        list of tags: `skopeo list-tags docker://NAME` or `crane ls NAME`.
        - `unauthorized`, `authentication required` (a 401 as the last answer): the registry got no token or login that it accepts
        for this image. Check the name; for a private image `docker login HOST`, with the host in the name. Under a domain of your
        own see the last item.
        - `no such host`, `connection refused`, `timeout`: the network, before any registry. `curl -v https://HOST/v2/` on the
        daemon's machine shows what is missing: DNS, a proxy, a firewall that lets HOST through.
        - `toomanyrequests` (429): the rate limit is reached. Wait, or log in. Through a domain that redirects, a login helps only
        the clients that show it to the registry's token server (see "Which login is used"). With the others log in to the
        registry itself and pull by its own name.
        - `no matching manifest for …`: the index has no entry for your platform.
        - `certificate signed by unknown authority`: add the CA, as said above.
        - Under a domain of your own: pull the same image by its name at the registry, with the same client. If that works, the
        domain is the cause: `curl -sI https://docker.example.com/v2/` has to show 302 and the registry's /v2/ as location. The
        next chapter says which clients cannot pull through one.
smallest: REDIRECTIONS, The smallest vanity domain
    chapter A registry domain of your own
    says You need a web host, a CNAME record in DNS (the directory of host names) that leads your name to it, and a certificate
        for your name from a public CA (web hosts such as Netlify get one for you, once the CNAME leads to them). A CNAME to the
        registry is not enough: its certificate is not for your name. Then one rule: answer GET and HEAD of /v2/, and of every
        path below it, with status 302 and a Location header that names the same path at the registry. In Netlify's
        `_redirects` file it is `/v2/* https://registry-1.docker.io/v2/:splat 302`, where `:splat` is what `*` stood for.
        `pullscope vanity init docker.example.com --platform NAME` writes it for other web hosts.
        - Netlify's rule names no method, so it redirects POST and PUT as well: see "Why not to push through a domain".
        - For a pull 302 and 307 do the same. Avoid 301 and 308: a cache may keep them.
        - A name without a sub-domain, such as example.com, usually needs an A or ALIAS record instead of the CNAME.
        - Users type `docker pull docker.example.com/ORG/IMAGE` (ORG of nginx is `library`).
        - The rule has to match /v2/ itself, and send it to `https://registry-1.docker.io/v2/`, with the slash: there docker 28
        learns that the registry wants a token. If the domain answers /v2/ itself (200, 401 or 404), it learns nothing of the
        registry behind it, and where that wants a token it fails with "unauthorized".
        - This rule serves everybody's images under your name. To serve only ORG, write two rules instead: `/v2/ORG/*
        https://registry-1.docker.io/v2/ORG/:splat 302` and `/v2/ https://registry-1.docker.io/v2/ 302`.
        - Two registries behind one name: /v2/ itself can lead to only one of them, and docker 28 fails at the other if that
        wants tokens of another server. Use a name for each registry.
        - Try it before you deploy: `pullscope vanity try _redirects --ref docker.example.com/ORG/IMAGE` shows which clients could
        pull. When it is live, `curl -sI https://docker.example.com/v2/` must show 302 and `location:
        https://registry-1.docker.io/v2/`. Then `pullscope check docker.example.com/ORG/IMAGE` asks for it as each client does.
renamed: SCOPES, Why the path has to stay the same
    says Suppose the domain leads /v2/app to /v2/ORG/app. The client asks for a token for `app`, the name that was typed. The
        registry wants a token for `ORG/app`.
        - docker 28 fails with "denied".
        - docker 29 and containerd ask for one token for both `app` and `ORG/app`. Docker Hub's token server grants `ORG/app`, so
        the pull works. ghcr.io's answers 403, so the pull fails with "denied".
        - If the registry wants no token, all clients pull.
        - A reverse proxy (see above) can change the path if it also handles the token requests. It puts an address of its own as
        realm into the registry's 401. The client sends its token request there. The proxy puts the real repository into the scope
        and asks the real token server. Then all clients pull.
unseen: REDIRECTIONS, What a vanity domain sees and costs
    says In one pull ({by}) the domain {vanity} answered {asked} and sent {sent} of content. You pay for these small answers, the
        registry's operator for the bytes of the image. The domain sees who asks (IP address, and the program in the header
        User-Agent), for which image, and for which digests. While it is down, pulls by its name fail; images and containers that
        are on a machine already are not touched. A reverse proxy sees manifests and tokens too, and the password if it changes
        the realm. A domain that only redirects does not see:
        - manifests and layers
        - whether the pull succeeded: its log shows attempts
        - docker's password: `docker login docker.example.com` and the pulls of docker 28 send it to the token server, those of
        docker 29 send none
        - docker's token (podman's comes here, as said below)
refused: REDIRECTIONS, Who cannot pull through a redirect
    says podman, skopeo, buildah and crane up to 0.21.7 give their token to the host in the image's name and not to another
        domain. Here that host is {vanity}, which does not need it. The registry, which does, gets none, and answers 401. The
        other clients get a token for the registry that asks for it, and send it there. At a registry that wants no token all
        clients pull, if the domain redirects /v2/ too. CRI-O has podman's library; it was not tried. For the clients that fail
        the domain has to be a reverse proxy (`pullscope vanity init --design proxy` writes one), with these duties:
        - It asks the registry under the registry's own name (Host, and the name in TLS), for the same path.
        - It passes on Accept, Authorization and Range (which asks for a part), and the answer's Content-Type and
        Docker-Content-Digest as they are.
        - It passes on the registry's redirects of blobs, or follows them itself: then every byte goes through it, at your cost.
        - If the path stays the same, it passes on WWW-Authenticate too. If the path changes, it handles the token requests: see
        "Why the path has to stay the same".
charged: LIMIT, Whose rate limit is charged
    says Behind a redirect the client's own IP address is charged, or its account if the registry gets its login (see below). If a
        reverse proxy passes on the client's login, that account is charged. If the proxy logs in itself, its own account is
        charged for all users. If nobody logs in, the proxy's IP address is charged for all users together.
logins: TOKENS, Which login is used
    says `docker login docker.example.com` stores a login under this name, in ~/.docker/config.json or the password store of the
        system. Type the user name and password that you have at the real registry. The command `docker pull` hands it to the
        daemon. `docker pull`, podman, skopeo and crane look only for the login that is stored under the host in the name, not for
        that of Docker Hub.
        - docker 28 and regctl show this login to the registry's token server.
        - docker 29, podman, skopeo and crane do not: behind a redirect they pull public images only. A private one needs a
        reverse proxy.
        - `docker build` and newer versions of nerdctl use your Docker Hub login here, not the one for docker.example.com.
        - In Kubernetes the pull secret, the login that it keeps for a registry, must be for docker.example.com, the host in the
        image's name. A node with containerd then shows it to the registry's token server.
pushed: UPLOADS, Why not to push through a domain
    says Do not push (upload) images through a redirect, but to the registry by its own name.
        - At a 302 docker and other clients turn POST and PUT into GET, so uploads fail. If the registry has all the layers
        already, docker may report success without uploading anything.
        - A 307 keeps the method: docker 20.10 and skopeo 1.9 pushed through a 307 to a registry without tokens. With tokens it
        was not tried.
        - The clearest answer to POST, PUT, PATCH and DELETE is status 405 with an error in JSON:
        `{{"errors":[{{"code":"UNSUPPORTED","message":"push to docker.io/ORG/IMAGE"}}]}}`. docker shows this message and stops.
moved: REDIRECTIONS, Moving to another registry
    says Copy all tags unchanged to the same path at the new registry (`crane copy -a`, `skopeo sync --all --preserve-digests`).
        Then change the rule: the next pull follows it. Names and digests stay the same. What else there is to do:
        - Untagged images that users pull by digest need a copy each, by digest.
        - Signatures that cosign keeps under tags (`sha256-….sig`) come along. Referrers may not: `oras cp -r` copies them.
        - Users who log in need a login for the new registry. A firewall must allow it, its token server and its storage.
        - A cache or CDN in front of your domain may still have the old redirect: empty it.
files: MANIFESTS, A registry of plain files
    says A registry for reading only can be files on a web server. `pullscope vanity static IMAGE --out FOLDER` writes the files
        and the headers for it. docker, podman and skopeo all pull.
        - /v2/ answers 200: no token is needed, so every image is public.
        - /v2/NAME/manifests/DIGEST is each index and manifest. /v2/NAME/manifests/TAG is a copy; replace it to move the tag.
        - /v2/NAME/blobs/DIGEST is each config and layer, or a redirect to where it is.
        - GET and HEAD of a manifest need its own media type as Content-Type (such as `application/vnd.oci.image.index.v1+json`):
        docker and containerd refuse or misread another. The files have no extension, so set the type by path.
        Docker-Content-Digest should be there.
        - The server sends each file as it is, without Content-Encoding.
"""
"""The ideas by their names: the section that says so, the chapter that begins with it, and the sentences."""

IDEAS: dict[str, Thought] = {
    key: Thought(name=name, section=SECTIONS[section], chapter=said.get("chapter", ""), beginner=said["says"])
    for key, head, said in rows(TABLE)
    for section, _, name in [head.partition(", ")]
}
CHAPTERS: dict[str, list[str]] = {}
"""What no single pull shows, in parts; the last is what one needs to know to run a domain."""
for _key, _thought in IDEAS.items():
    if _thought.chapter:
        CHAPTERS[_thought.chapter] = []
    if CHAPTERS:
        CHAPTERS[_thought.chapter or [*CHAPTERS][-1]].append(_key)
[*_, DOMAIN] = CHAPTERS
"""The heading of the last."""
