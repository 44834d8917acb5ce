"""The last words of a client: what `docker pull`, `kubectl describe pod`, a CI job or a daemon at info level print of a failure.
One file, because what a sentence means hangs on those before it.

Such a sentence names the request that failed, or only the image, and what was answered: one exchange is made of each. What came
before is not known. The sentences are those of Go's net/url, containerd remotes/docker, moby distribution/errors.go,
containers/image docker, go-containerregistry transport/error.go and oras-go errcode: seen in runs of docker 20.10 and 28.5,
podman 5.8, skopeo 1.22, crane 0.20, helm 3.17, or in the reports that tests/logs/test_client_errors.py names.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from pullscope.logs.client_commands import of_command
from pullscope.logs.entries import Entry
from pullscope.logs.exchange import Exchange, challenge_of, method_of
from pullscope.logs.images import FULL_NAME, as_known, at, manifest_of, of_arn, of_fields, parsed, without_masks
from pullscope.logs.meanings import LOGIN_NOT_FETCHED, NOT_ASKED
from pullscope.logs.other_programs import DONE, ELSEWHERE, OF_A_STEP, OTHERS
from pullscope.logs.speakers import called, platform, speaker
from pullscope.logs.told_errors import ANONYMOUS, NONE_SHOWN, PUSHES, answer_of, failure_of
from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import HUB_API, Reference, is_registry
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import parameters, split

URL = r"https?://[^\s\"\\*]+?"  # CI writes *** where a secret was
METHOD = r"(?:[Gg]et|[Hh]ead|[Pp]ost|[Pp]ut|[Pp]atch|[Dd]elete|GET|HEAD|POST|PUT|PATCH|DELETE)"
ASKED = re.compile(
    rf'\b({METHOD})(?: request to)? \\*"?({URL})\\*"?(?:: +(?=\S)| = \(code=\w+, statusCode=|(?<=") (?=[A-Z][a-z]+\b))'
)
"""A request that is named, before what became of it (Renovate: as got says it). Of several in a sentence the last one failed,
for the sake of the others."""
_ADDRESS = re.compile(r"https?://[^\s\"'\\<>()*]+[^\s\"'\\<>().,;:\]]")
"""An address, in a sentence of any other client."""
_DIGEST = "(?P<what>sha256:[0-9a-f]{64})"
_OF_BLOBS = rf"(?:(?:reading|writing) blob(?: {_DIGEST})?|parsing image configuration)"
_REFUSED_BLOB = r"(?=.*received unexpected HTTP|fetching blob: (?:blob unknown|unknown blob)\b)"
_TOLD = (
    (rf"uploading layer to (?P<url>{URL}): ", "PUT {url}"),
    (r"initiating layer upload to (?P<path>/v2/\S+/blobs/uploads/) in (?P<host>\S+?):", "POST https://{host}{path}"),
    (r"uploading manifest (?P<what>\S+) to (?P<image>\S+?): ", "PUT {at}/manifests/{what}"),
    (rf"checking whether a blob {_DIGEST} exists in (?P<image>\S+?): ", "HEAD {at}/blobs/{what}"),
    (r"pinging (?:docker|container) registry (?P<host>\S+): (?!Get )", "GET https://{host}/v2/"),
    (
        r'failed to resolve reference \\*"(?P<image>[^"\\]+)\\*": (?=unexpected EOF|EOF|(?:read|dial) tcp|net/http)',
        "HEAD {at}/manifests/{named}",
    ),
    (rf"reuse blob {_DIGEST} at destination: failed to read from destination repository", "HEAD {at}/blobs/{what}"),
    (
        rf"could not fetch content descriptor {_DIGEST} (?!\((?:text/|application/(?:octet-stream|json)\W)).*: not found",
        "GET {at}/blobs/{what}",
    ),
    (rf"Error response from registry: {_DIGEST}: not found", "GET {at}/blobs/{what}"),
    (rf'registry for \\*"(?P<image>[^"\\]+)\\*": {_DIGEST}: not found', "GET {at}/blobs/{what}"),
    (r"writing blob: uploading layer chunked: (?!.*happened during read)", "PATCH {at}/blobs/uploads/-"),
    (rf"(?i){_OF_BLOBS}: {_REFUSED_BLOB}", "GET {at}/blobs/{what}"),
    (rf'decoding bearer token \(last URL \\*"(?P<url>{URL})\\*"', "GET {url}"),
    (r"unable to push (?P<image>\S+): failed to upload blob", "POST {at}/blobs/uploads/"),
    (r"(?i)failed to send blob post, ref (?P<image>\S+?): ", "POST {at}/blobs/uploads/"),
    (
        rf"(?i)failed to (?:get blob|request blob head), digest {_DIGEST}, ref (?P<image>\S+?): ",
        "GET {at}/blobs/{what}",
    ),
    (r"(?i)failed to put manifest (?P<image>\S+\.\S+?): ", "PUT {at}/manifests/{named}"),
    (r"(?i)failed to get manifest (?P<image>\S+\.\S+?)(?<!\.att)(?<!\.sig)(?<!\.sbom): ", "GET {at}/manifests/{named}"),
    (r"retrieve authentication method for (?P<host>\S+)", "GET https://{host}/v2/"),
    (r"(?i)\b(?:get|list|read)(?:t?ing)? (?:the )?tags\b", "GET {at}/tags/list"),
)
"""Requests that are told in words, of containers/image, containerd and regclient (scheme/reg), and where they are; `at` is the
image's repository, `named` its digest or tag."""
_HOST = re.compile(r"\bConnect to ([\w.-]+)(?::443)? \[\S+\] failed|getaddrinfo E\w+ ([\w.-]+)", re.IGNORECASE)
"""The host alone, of Apache's client for Java and of Node.js, which ask many others than registries."""
_IN = re.compile(r"reading manifest (\S+) in ([^\s:]+(?::\d+)?[^\s:]*)")
_TRIES = re.compile(r", (?=rpc error: code = )")
"""Between what came of several tries of a kubelet, with its login and without (Azure/AKS#4593)."""
_MIRROR = re.compile(r"(?:pulling from host (\S+) failed with |unexpected )status code (?=\[manifests \S+\]: \d{3})")
"""containerd's resolver, of a host that may be a mirror, or of the registry (core/remotes/docker/resolver.go)."""
_OF_A_BLOB = re.compile(r"httpReadSeeker: failed open|pulling image configuration|(?:reading|copying|writing) blob")
"""containerd core/remotes/docker/httpreadseeker.go; moby distribution/pull_v2.go; containers/image copy/blob.go."""
_RESOLVED = re.compile(r"resolve ref(?:erence)? .*/blobs/sha256:[0-9a-f]{64}: ", re.DOTALL)
"""containerd looks for a digest among the blobs where no manifest has it: 404 (core/remotes/docker/resolver.go)."""
_COMMITTED = re.compile(r'failed commit on ref \\*"(manifest|index|config|layer)-(?:[^"@]+@)?(sha256:[0-9a-f]{64})')
_IMAGE = re.compile(
    r"(?:manifest for(?= \S+ not found)|Error pulling(?! image \()(?: image(?! configuration))?(?! image)|No such image:|"
    r"Image(?= '\S+' not found| \S+ Error )|presence of layer \S+ \(\S+\) in|(?:copy|sync) .*docker://\S+(?= +docker://)|"
    r"skopeo(?: -\S+)* (?:copy|inspect)(?: -\S+)*(?= docker://\S+(?:\Z| +(?!docker:)))|"
    r"pin image|image_ref(?==)|S(?:tep|TEP) \d+(?:/\d+)? ?: FROM(?: --platform=\S+)?|"
    r": image(?= \S+ not found)|failed to solve:(?= \S+:[\w.-]+: (?:pulling|failed|unexpected))|"
    r"pushing(?= \S+ (?:image |with docker))|pushing manifest for|"
    r"build(?=.* --push\b).*? (?:-t|--tag)|(?:sign|attest|verify)ing(?= \[)|"
    r"metadata for|Processing feature:|access denied for|resolve ref(?:erence)?|resolve image:|"
    r"(?:failed|unable) to push(?: to destination| manifest to)?|"
    r"> pushing|push permission for|(?<![\w-])Unauthorized for|credentials for(?= '\S+/\S+' are)|could not download|"
    r"registry read(?:/write)? access to|failed to get(?= '\w+://)|"
    r"repository(?= \S+ not found: does)|[Tt]ried to push (?:BLOB|image manifest) for|OCI reference|"
    r"Pulling [\w.-]+(?= \((?:[\w.-]+/)*[\w.-]+(?:/|:)[^\s()]*\)\.\.\.)|not in registry:|"
    r"(?:pull(?:ing)?|unpack) image(?= [\\\"'])|Failed to pull image:(?= \S*[/:@]\S)|"
    r"pulling docker image|Pulling repository|"
    r"pushing image(?: \\*\"[^\"\\]*\\*\" to(?= \\*\"docker://)|(?! \\*\"[^\"\\]*\\*\" to \\*\"))|"
    r"failed to pull(?= `)|Unable to find image|push refers to (?:a )?repository|content of|"
    r"(?<!\d )Trying to pull(?: repository)?|parsing image name|initializing (?:image from )?source|"
    r"(?:docker|podman|nerdctl|buildah|crane|oras|helm|ctr|crictl)(?: -n \S+| -\S+)*(?: i| images?| compose)? "
    r"(?:pull|push|run|ls)(?: --creds[ =]\S+| -\S+)*)"
    r"[ =\\\[\"'`(]+(?:docker://|oci://)?"
    r"(?!(?:error|because|failed|image|manifest|blob|to|layer|dependent|an?|the|your|this|from|charts?)[ :]|\S+\.tgz\b)"
    r"((?:[\w.-]+(?::\d+)?/)*[a-z0-9](?:[\w.-]*\w)?(?::\w(?:[\w.-]*\w)?)?(?:@sha256:[0-9a-f]{64})?)",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"[0-9a-f]{12}: (?:Pull complete|Download complete|Downloading|Extracting|Verifying Checksum)")
"""Docker's progress of a layer: the manifest has come, and what is refused below it is a blob (DeepVAC/TorchPod#60)."""
_SENT = re.compile(r"[0-9a-f]{12}: (?:Pushed|Layer already exists|Mounted from)")
"""Docker's progress of a push: after it a manifest is refused by its kind (heroku/cli#1081)."""
_SLIP = re.compile(r"pull access denied for (?:push|pull|build|login|logs|exec|images|ps|compose|start),")
_SENDING, _FOUND = re.compile(r"[0-9a-f]{12}: Pushing +\["), re.compile(r"\S+: Pulling from \S+$")
_UNKNOWN = re.compile(r"manifest unknown\W*$")
"""Docker says Pulling from once it has what the tag stands for (moby distribution/pull_v2.go)."""
_ITSELF = re.compile(
    r"(?<!check|.Push)blob|bearer token|auth token|\bauthorize\b|configuration|logging into|layer|Translating|signature",
    re.IGNORECASE,
)  # what fails with a request of its own, of which the sentence has no address; and docker's note on its own words
_OF_AN_IMAGE = re.compile(
    rf"{_IN.pattern}|push to destination \S+:|anonymous token: unexpected status: 4\d\d|registry for \\*\"|"
    r"ecr:\w+ on resource|manifest blob unknown"
)
"""A token request of which not even the address is told, too: its status is that of what it was for. oras names only images."""
_REFUSED_LOGIN = re.compile(
    r"login attempt to |incorrect username or password|invalid username/password|authorization token has expired|"
    r"/v2/\"?: (?:unauthorized|denied)(?:: |\Z)|oauth token: |authenticating to \""
)
"""containerd fetches an oauth token with a login, an anonymous one without (core/remotes/docker/authorizer.go). docker asks /v2/
with its login, and the realm that it is sent to, and prints what either said (moby registry/auth.go)."""
_Answer = tuple[int, bytes | None]
MOST_WAITING = 1_000  # sentences, for an image to be named


class Reader:
    """What the lines so far have named: the image, the client; and sentences for which an image was not named yet."""

    def __init__(self) -> None:
        self.image: Reference | None = None
        self.pushes = False
        self.speaker = ""
        """Who said what it tries, or was called, before it was said what came of it."""
        self.platform = ""
        """What runs the client."""
        self.begun = False
        """Whether layers of the image came."""
        self.found = self.sending = self.sent = False
        """Whether docker has its manifest or index, and whether layers of it are being sent, and were."""
        self.cache = "#?"
        """The number of a build's step that imports a cache: the build goes on without it."""
        self.done = False
        """Whether the image came: what fails after it is another thing."""
        self.unfetched = False
        """Whether a login was not fetched, or not sent as it is: its 401 follows from that (kubernetes/kubernetes#79535)."""
        self.waiting: deque[Entry] = deque(maxlen=MOST_WAITING)
        self.pinged: Exchange | None = None
        """A version check that was refused: the end, where nothing else is told to have failed."""

    def sentence(self, entry: Entry) -> Iterator[Exchange]:
        if OF_A_STEP.match(entry.message):
            return
        self.platform = self.platform or platform(entry)
        entry = replace(entry, message=f"{entry.message} {_fields(entry)}".rstrip())
        text = entry.message
        if any(mark in text for mark in ("***", "<", "[")):
            text = without_masks(text, _image(text) or self.image)
            entry = replace(entry, message=text)
        if answer_of(text) is None:
            self.speaker = called(text) or speaker(entry) or self.speaker
        self.begun |= _BEGUN.match(text) is not None
        self.sent |= _SENT.match(text) is not None
        self.found |= _FOUND.match(text) is not None
        self.sending |= _SENDING.match(text) is not None
        self.unfetched |= LOGIN_NOT_FETCHED.search(text) is not None
        if importing := re.match(r"(#\d+ )importing cache", text):
            self.cache = importing[1]
        named = _image(text) or (of_fields(entry.fields) if answer_of(text) is not None else None)
        if named is not None:
            self.image, self.pushes = (
                as_known(named, self.image, text),
                PUSHES.search(text) is not None,
            )
            self.begun = self.sending = self.sent = self.found = self.done = False
            while self.waiting:
                yield from self._exchanges(self.waiting.popleft())
        if DONE.search(text) and answer_of(text) is None:
            self.image, self.done = None, True
        who = "Failed to pull image " if text.count("Failed to pull image ") else ""
        for one in _TRIES.split(text) if not NOT_ASKED.search(text) and not text.startswith(self.cache) else ():
            yield from self._exchanges(replace(entry, message=one if text.startswith(one) else who + one))

    def _exchanges(self, entry: Entry) -> Iterator[Exchange]:
        text = entry.message
        answer, login = answer_of(text), _REFUSED_LOGIN.search(text)
        there = next((each for each in _ADDRESS.finditer(text) if route(each[0]).endpoint is not Endpoint.NONE), None)
        if answer is not None and ((self.unfetched and answer[0] == 401) or (self.found and _UNKNOWN.search(text))):
            return
        if _SLIP.search(text) or (self.sending and "plain HTTP request was sent to HTTPS" in text):
            return
        if asked := list(ASKED.finditer(text)):
            yield from self._named(asked, entry)
        elif answer is None and failure_of(text) is None:
            return
        elif (found := _HOST.search(text)) and (host := found[1] or found[2]) and self._is_registry(host):
            yield self._exchange(f"GET https://{host}/v2/", entry, None)
        elif told := self._told(text):
            yield self._exchange(told, entry, answer)
        elif there is not None and answer is not None and answer[0] == 401 and _is_ping(there[0]) and not login:
            self.pinged = self._turned_away(there[0], entry, answer)
        elif there is not None:
            url = there[0]
            method = method_of(text, url)
            if method in ("POST", "PUT", "PATCH"):  # of blobs nothing is sent but uploads
                url = re.sub(r"/blobs/(?!uploads/)\S*", "/blobs/uploads/-?digest=-", url)
            yield self._exchange(f"{method} {url}", entry, answer)
        elif answer is None or is_of_another(text):
            return
        elif self.image is not None and (mirror := _MIRROR.search(text)):
            url = manifest_of(self.image)
            if mirror[1] not in (None, self.image.api_host):
                url = f"{url.replace(self.image.api_host, mirror[1], 1)}?ns={self.image.registry}"
            yield self._exchange(f"HEAD {url}", entry, answer)
        elif _ITSELF.search(text) and not _OF_AN_IMAGE.search(text) and not (login and answer[0] in (401, 403)):
            return
        elif self.image is None:
            self.waiting.extend([entry] * (not self.done))
        elif self.begun and not self.pushes and answer[0] != 404:
            if answer[0] != 401:
                yield self._exchange(f"GET {at(self.image)}/blobs/-", entry, answer)
        else:
            yield self.of_image(self.image, entry, answer)

    def _turned_away(self, url: str, entry: Entry, answer: _Answer) -> Exchange | None:
        """What failed with a version check that was refused: it, where no login was shown; else what it was for.

        None where that is not known: a login is what the registry wants (aquasecurity/trivy#320).
        """
        if NONE_SHOWN.search(entry.message):
            return self._exchange(f"GET {url}", entry, answer)
        return self.of_image(self.image, entry, answer) if self.image is not None else None

    def of_image(self, image: Reference, entry: Entry, answer: _Answer | None, *, failure: str = "") -> Exchange:
        """The request of that image that was answered so, or failed so, where the sentence does not name one."""
        text, uploads = entry.message, f"{at(image)}/blobs/uploads/"
        if committed := _COMMITTED.search(text):
            where = "manifests/" if committed[1] in ("manifest", "index") else "blobs/uploads/-?digest="
            return self._exchange(f"PUT {at(image)}/{where}{committed[2]}", entry, answer, failure=failure)
        of_manifests = re.search(r"(?i)manifest[ _](?:inv|un|blob)|push image manifest", text) is not None
        of_manifests |= self.sent and answer is not None and answer[0] == 405
        if not self.pushes or of_manifests:
            request = f"{'PUT' if self.pushes else 'GET'} {manifest_of(image)}"
            return self._exchange(request, entry, answer, failure=failure)
        # docker sends blobs by PATCH (distribution registry/client/blob_writer.go)
        request = f"PATCH {uploads}-" if answer is not None and answer[0] == 413 else f"POST {uploads}"
        return self._exchange(request, entry, answer, failure=failure)

    def _is_registry(self, host: str) -> bool:
        return known_registry(host) is not None or (self.image is not None and host == self.image.api_host)

    def _told(self, text: str) -> str:
        """The request that is told in words: its method and address; empty where there is none, or no image is known."""
        for words, where in _TOLD:
            if found := re.search(words, text):
                named = {key: value or "-" for key, value in found.groupdict().items()}
                image = parsed(named["image"]) if "image" in named else self.image
                if image is not None or "{at}" not in where:
                    of = {"at": at(image), "named": image.digest or image.tag} if image is not None else {}
                    return where.format(**of, **named)
        return ""

    def _named(self, asked: list[re.Match[str]], entry: Entry) -> Iterator[Exchange]:
        """The requests that a sentence names: each with what follows it, or for the sake of the next one, a token's."""
        text = entry.message
        ends = [one.start() for one in asked[1:]] + [len(text)]
        for number, (one, end) in enumerate(zip(asked, ends, strict=True)):
            method, url, rest = one[1].upper(), one[2], text[one.end() : end].partition("   ")[0].strip(" ,;")
            if rest.count("'") % 2 or rest.count(")") > rest.count("("):
                rest = re.sub(r"'?\)\.?\Z", "", rest)
            if rest.count('"') % 2:
                rest = re.sub(r'\\*"(?: \w+=\\*".*)?\W*\Z', "", rest)
            if rest:
                if method == "HEAD" and _RESOLVED.search(text):
                    yield self._exchange(f"HEAD {url.replace('/blobs/', '/manifests/', 1)}", entry, (404, None))
                if number == 0 and (asker := self._asker(url, text)):
                    yield self._exchange(asker, entry, (401, None), challenge=url)
                elif is_storage(url, text):
                    if self.image is None:
                        continue
                    blob = self._exchange(f"GET {at(self.image)}/blobs/{route(url).digest or '-'}", entry, (307, None))
                    blob.fields.append(("Location", url))
                    yield blob
                elif (
                    self.image is not None
                    and (answer_of(rest) is None or "/manifests/" in url)
                    and route(url).endpoint is Endpoint.NONE
                    and split(url).netloc == self.image.api_host
                ):
                    url = manifest_of(self.image)  # a sentence that was made shorter (containerd/nerdctl#352)
                if led_elsewhere(url, text) or (self.image is None and not is_token(url) and is_token(url, text)):
                    continue  # a token's, too, of which nothing tells what it was for
                answer = answer_of(rest)
                pinged = answer is not None and answer[0] == 401 and _is_ping(url)
                if answer is not None and pinged and not _REFUSED_LOGIN.search(text):
                    self.pinged = self._turned_away(url, entry, answer)
                else:
                    yield self._exchange(f"{method} {url}", entry, answer, failure=rest)
            elif number + 1 < len(asked) and is_token(asked[number + 1][2]):
                yield self._exchange(f"{method} {url}", entry, (401, None), challenge=asked[number + 1][2])

    def _asker(self, url: str, text: str) -> str:
        """For what a token was asked: the image's manifest or upload, or the registry that is the service; else empty."""
        service = parameters(url.partition("?")[2]).get("service", [""])[0]
        if not is_token(url, text):
            return ""
        if self.image is not None:
            uploads = self.pushes and (not service or "push" in url)
            return f"POST {at(self.image)}/blobs/uploads/" if uploads else f"GET {manifest_of(self.image)}"
        host = HUB_API if service == "registry.docker.io" else service
        return f"GET https://{host}/v2/" if is_registry(host) and "." in host else ""

    def _exchange(
        self, request: str, entry: Entry, answer: _Answer | None, *, failure: str = "", challenge: str = ""
    ) -> Exchange:
        """The request (METHOD URL) and its answer, or why there was none; or the 401 that sent it to a token's address."""
        method, url = request.split(" ", 1)
        one = Exchange(method=method, url=url, asked_line=entry.line)
        if client := speaker(entry) or self.speaker:
            one.sent.append(("User-Agent", client))
        if _REFUSED_LOGIN.search(entry.message) and not challenge:
            one.sent.append(("Authorization", "Basic"))
        if answer is not None:
            one.answer_quoted(*answer, entry.line)
        else:
            one.fail(failure or failure_of(entry.message), entry.line)
        if challenge:
            one.fields.append(("WWW-Authenticate", challenge_of(challenge)))
        elif NONE_SHOWN.search(entry.message):
            one.fields.append(("WWW-Authenticate", "Basic"))
        if NONE_SHOWN.search(entry.message) or ((challenge or is_token(url)) and ANONYMOUS.search(entry.message)):
            one.tells = frozenset({"credentials", "tokens"})
        return one


def is_of_another(text: str) -> bool:
    """Whether it is told of something that is no registry: another program's failure, or another address's."""
    asked = [one[1] for one in ELSEWHERE.finditer(text)]
    return (OTHERS.search(text) or OF_A_STEP.match(text)) is not None or any(led_elsewhere(url, text) for url in asked)


def led_elsewhere(url: str, text: str) -> bool:
    """Whether that is an address to which something has led a client, and no registry's: a portal's, a filter's."""
    return route(url).endpoint is Endpoint.NONE and not is_token(url, text) and not is_storage(url, text)


def _fields(entry: Entry) -> str:
    """The address that a note of containerd has among its fields, and its method."""
    url, method = entry.fields.get("url"), entry.fields.get("method")
    if not url or not entry.message.startswith("fetch failed after status: "):
        return ""
    return f'{method or "GET"} "{url}": {entry.message.removeprefix("fetch failed after status: ")}'


def _image(text: str) -> Reference | None:
    """The image that a sentence names."""
    if inside := _IN.search(text):
        return parsed(f"{inside[2]}{'@' if ':' in inside[1] else ':'}{inside[1]}")
    if (command := of_command(text)) is not None:
        if command[1] is not None:
            return command[1]
        text = text[: command[0]]
    found = next(_IMAGE.finditer(text), None) or (FULL_NAME.search(text) if answer_of(text) is not None else None)
    image = parsed(found[1].removesuffix("...Failed")) if found is not None else of_arn(text)
    if image is not None and found is not None and "oci://" in found[0] and not found[1].endswith(f":{image.tag}"):
        version = re.search(r" --version[ =](\S+)", text)
        return replace(image, tag=version[1] if version else None)
    return image


def is_storage(url: str, text: str) -> bool:
    """Whether a storage host is asked for the bytes of a blob: ECR's and Google's have no digest in their addresses."""
    of_a_blob = route(url).digest is not None or (_OF_A_BLOB.search(text) is not None and not is_token(url))
    return of_a_blob and route(url).endpoint is Endpoint.NONE


def _is_ping(url: str) -> bool:
    return route(url).endpoint is Endpoint.PING


def is_token(url: str, text: str = "") -> bool:
    """Whether that is a token request (distribution docs/spec/auth/token.md), by its address or what is said of it (POST)."""
    asked = parameters(url.partition("?")[2])
    named = "service" in asked or asked.get("scope", [""])[0].startswith("repository:")
    named |= re.search("oauth token: (?:.*POST request to|Post )", text) is not None
    return named and route(url).endpoint is Endpoint.NONE
