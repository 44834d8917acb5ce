"""A message of an error, whoever says it: the sentences that are known, and where none is, what its words mean in general."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from pullscope.logs.client_errors import ASKED, METHOD, URL, Reader, is_of_another, is_token, led_elsewhere
from pullscope.logs.entries import Entry
from pullscope.logs.exchange import Exchange, header
from pullscope.logs.general import OF_REGISTRIES, TROUBLE, answered, failed
from pullscope.logs.images import named_beside
from pullscope.logs.meanings import MEANINGS, NO_ANSWER, WITHOUT_A_REQUEST
from pullscope.logs.not_a_name import wrong_name
from pullscope.logs.other_programs import DONE
from pullscope.logs.sentences import sentences
from pullscope.logs.speakers import run_by, speaker
from pullscope.logs.told_errors import NAMED, answer_of
from pullscope.oci.reference import Reference

MARK = re.compile(
    r"(?i)\b(?:error|err|fatal|\w*exception|cannot|could not|denied|unauthorized|too ?many ?requests|"
    r"authentication (?:is )?required|no basic auth|x509|"
    r"failed|failure|no match|must be lowercase|invalid reference)\b|\b(?:manifest|name|blob) unknown|"
    r"\b(?:manifest|name|blob|digest|tag|size) invalid|unable to |"
    r"not found\b|unexpected (?:http )?status|content at http|status ?code[:=]? ?[45]\d\d|\bunknown: |"
    rf"\b{METHOD}(?: request to)? \\*\"?{URL}\\*\"?: \S|https?://\S+/v2/[^\n]*(?:\b[45]\d\d [A-Z])|"
    + "|".join([*WITHOUT_A_REQUEST, *NO_ANSWER, NAMED.pattern, TROUBLE])
)
"""Words of trouble, whoever speaks: what no other form has is a message, of which it is told what is known."""
MOST_TOLD = 1_000
"""Failures of a log that are told, and its last sentences, which are looked at again."""
OF_IMAGES = re.compile(
    r"(?i)\b(?:images?(?!\.\w)|manifests?|layers?|blobs?|(?<!schema )(?<!npm )registr(?:y|ies)|"
    r"(?<!git )(?:pull|push)(?:ing)?(?= (?:failed|error|access)\b|:|\W*\Z)|"
    r"parsing HTTP \d{3} response|received unexpected HTTP status)\b"
)
"""What a failure is about, where it is an image's: a probe's, an application's and a cluster's own stand beside its name, too."""
_RUNS = re.compile(
    r"\b(?:docker|podman|nerdctl|apptainer|singularity) (?:-\S+ )*(?:container |compose )?(?:run|exec|shell)\b"
)
_OF_THE_CLIENT = re.compile(
    r"(?:docker|podman|nerdctl|FATAL): |Error response from daemon|Unable to find image|Trying to pull"
)
"""Where a command runs an image, all else that is printed may be what the image itself says."""
_BARE = re.compile(r"(?i)(?:error|unknown|denied|fatal)(?: \w+)?: (?:\w+[ .!]*){1,4}")
"""A line that says nothing else, below the image that is pulled or pushed."""
_LOGGED_IN = re.compile(
    r"(?i)\b(?:(?:log(?:ging|ged)?[ -]?in(?:to)?|authenticat\w+|credentials)\b[^\n]{0,40}?\b"
    r"(?:to|with|at|for|into|against|registry|host)|logging into)\b[ :='\"\\]+"
    r"(?:(?:to|with|at|for|into|against|registry|host)\b[ :='\"\\]+)*((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?)(?![\w./])"
)
_OF_THE_LIBRARY = re.compile(
    r"(?i:pull|push|response from daemon).*(?:received unexpected HTTP status: 5|requested access to the resource is denied)"
)
"""What only docker's library for registries says (distribution registry/client, errcode), of a pull or a push: a build asks for
other images, too (GoogleCloudPlatform/cloud-code-vscode#33)."""
_VERSION = re.compile(r"Docker version (\d+\.\d+[\w.-]*),|version\.BuildInfo\{Version:\"v([\d.]+)\"")
"""What docker --version and helm version print, beside what failed (jlesage/docker-crashplan-pro#413, helm/helm#12423)."""
_HOST = re.compile(r"(?<![\w.@/-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w./(-])")


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of each failure, however often it is told."""
    reader, told, last = Reader(), dict[tuple[object, ...], Exchange](), deque[Entry](maxlen=MOST_TOLD)
    for entry in sentences(lines):
        last.append(entry)
        for one in reader.sentence(entry):
            what = (one.method, one.url, one.status, one.body, one.failure)
            if what in told or len(told) < MOST_TOLD:
                # told again it comes after what it was for, and a token is asked for by the client that is named then
                before = told.pop(what, one)
                told[what] = one if not before.sent and is_token(one.url) else before
    version = next(filter(None, (_VERSION.match(entry.message) for entry in last)), None)
    for one in told.values() or filter(None, [_in_general(reader, last) or reader.pinged]):
        # what runs the client may name itself after its words
        agent = run_by(reader.platform, header(one.sent, "user-agent") or "")
        own = {"docker": 1, "helm": 2}.get(agent)
        if version is not None and own is not None and version[own]:
            agent = f"{agent}/{version[own]}"
        if agent:
            one.sent = [("User-Agent", agent), *(sent for sent in one.sent if sent[0] != "User-Agent")]
        yield one


def _in_general(reader: Reader, entries: Sequence[Entry]) -> Exchange | None:
    """The failure of the image that is named, where words say it that anybody may use; None where they mean something else."""
    whole = "\n".join(entry.message for entry in entries)
    image = reader.image or next(filter(None, map(named_beside, entries)), None)
    if reader.done or wrong_name(whole) or any(words.search(whole) for words, _ in MEANINGS):
        return None
    if image is None:
        return next(filter(None, (_login(reader, entry) for entry in entries)), None)
    reader.pushes |= re.search(r"(?i)\b(?:push|upload)", whole) is not None
    before = next((one for one in reader.waiting if _OF_THE_LIBRARY.search(one.message)), None)
    if before is not None and len({*map(named_beside, entries)} - {None}) == 1:  # told before the one image was named
        return reader.of_image(image, before, answer_of(before.message))
    known = [answer_of(entry.message) for entry in entries]
    if any(one is not None and one[0] != 413 for one in known):
        return (
            None  # of words that are known it is known, too, that they are not the image's; a body alone is too large
        )
    opened, runs = False, _RUNS.search(whole) is not None
    for entry in entries:
        of_images = named_beside(entry) is not None or _OF_THE_CLIENT.match(entry.message) is not None
        if not runs:
            bare = reader.image is not None and _BARE.fullmatch(entry.message) is not None
            of_images |= opened or bare or OF_IMAGES.search(entry.message) is not None
        opened = of_images and entry.message.rstrip().endswith(":")
        if not of_images:
            continue
        if DONE.search(entry.message) or is_of_another(entry.message):
            continue
        if (failure := failed(entry.message)) is not None:
            asked = ASKED.search(entry.message)
            away = asked is not None and led_elsewhere(asked[2], entry.message)
            return None if away or host_in(failure, image) else reader.of_image(image, entry, None, failure=failure)
        if (answer := answered(entry.message)) is not None and answer[0] in OF_REGISTRIES:
            return reader.of_image(image, entry, answer)
    return None


def _login(reader: Reader, entry: Entry) -> Exchange | None:
    """A login that was refused, by a host that is named: docker and others try one at /v2/ (moby registry/auth.go)."""
    tried, answer = _LOGGED_IN.search(entry.message), answer_of(entry.message) or answered(entry.message)
    if tried is None or answer is None or answer[0] not in (401, 403) or is_of_another(entry.message):
        return None
    one = Exchange(method="GET", url=f"https://{tried[1]}/v2/", asked_line=entry.line)
    one.sent = [("User-Agent", client)] if (client := speaker(entry) or reader.speaker) else []
    one.sent.append(("Authorization", "Basic"))
    one.answer_quoted(*answer, entry.line)
    return one


def host_in(failure: str, image: Reference | None) -> str | None:
    """Another host than the image's, of which the failure is told."""
    own = (image.registry, image.api_host.partition(":")[0]) if image is not None else ()
    return next((host[0] for host in _HOST.finditer(failure) if host[0] not in own), None)
