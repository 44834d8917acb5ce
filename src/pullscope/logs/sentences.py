"""The sentences of a message, without what is around them: JSON and YAML, a terminal's line breaks, notes of a job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import unquote

from pullscope.logs.entries import LONGEST_LINE, Entry, entry_of, without_colours
from pullscope.logs.told_errors import LONGEST_SENTENCE
from pullscope.oci.statuses import NAMES

MOST_JOINED = 40
"""Lines that are one, where each was cut at the width of a screen."""
MOST_OBJECTS = 20
"""Objects of a line that are looked at."""
_BROKEN = re.compile(r'(?:"[^"\s]{4,}|\b(?:Get|Head|Post|Put|Patch) h[^"\s]+)\Z')
"""A line that ends within an address or an image (argoproj/argo-cd#25513, kubernetes/minikube#4213)."""
_OPENED = re.compile(r'\b(?:Get|Head|Post|Put|Patch) "\Z')
"""A page cut the line where an address begins (argoproj/argo-cd#19086)."""
_REST = re.compile(r' ?((?!time=|level=)[^"\s]+(?:"|: ).*)', re.DOTALL)
_FOLDED = re.compile(r"( *(?:- )?)message: (?![|>]$)")
"""A text of YAML, as kubectl writes statuses and events: what is indented further belongs to it (UKHomeOffice/kb8or#68)."""
_STATUS = re.compile(r": (\d{3} [A-Z][A-Za-z ]+)\Z")
_REQUEST = re.compile(r"(?:\[ERROR\] )?(GET|HEAD|POST|PUT|PATCH|DELETE) (https?://\S+)\Z")
"""Google's HTTP client for Java tells the status, below it the request, below that the body (GoogleContainerTools/jib#4330)."""
_REQUESTED = re.compile(r'\n[A-Z]+ "\S+": unexpected status code \d{3} [A-Za-z ]+:\Z')
_FRAME = re.compile(r"\s+at [\w.$/]+\(")
"""A line of Java's stack, which says what failed (GoogleContainerTools/jib#744)."""
_ADDRESSED = re.compile(r"https?://\S+: ?\Z")
"""A line that ends before the status (keikoproj/upgrade-manager#354)."""
_RECEIVED = re.compile(r"Registry push failed; received status code '(\w+)'")
_URI = re.compile(r"\bURI: (https?://[^\s\[]+)")
"""A status of .NET by its name, and on the next line what was asked (dotnet/sdk#35609)."""
_PAGE = re.compile(r"<(?:html|!doctype)\b(?!.*</html>)", re.IGNORECASE | re.DOTALL)
"""A web page that goes on, as go-containerregistry 0.20 prints it after the status (run: crane behind nginx)."""
_TREE = re.compile(r" +(?:GET|HEAD|POST|PUT|PATCH|DELETE) https?://\S+:\Z")
"""A line of an error that each cause is indented below (carvel-dev/imgpkg#429)."""
_WRAPPED = re.compile(r"\b(?:for|to|from|at|with|and|the|of|in)\Z")
"""A line that was broken at the width of an editor, within a sentence (GoogleContainerTools/kaniko#1209)."""
_FAILS = re.compile(r"(?i)error |error:|failed|cannot ")
_BLOCK = re.compile(r" *(?:\"[\w-]+\": .*|[\]}],?|\{|\"[^\"]*\",?)\Z")
_LOGGED = re.compile(r" ?(?:DEBUG| INFO| WARN|WARN|ERROR|FATAL): ")
"""bunyan's form for a terminal: a line, and below it its fields as JSON (renovatebot/renovate#5894, #4753)."""
MOST_IN_A_BLOCK = 400
_TOLD_IN = re.compile(r"(?:^|[._])(?:err|[Ee]rror|message|msg|stderr|stream|errorDetail)\Z")
"""The keys of what is said in JSON: dockerd, podman, a module of Ansible, an operator's log."""
_LINE_OF_JSON = re.compile(r'\A\s*("\w+": "(?:[^"\\]|\\.)*"),?\Z')
"""A line of an object that is printed over several."""
_OF_A_REGISTRY = re.compile(r"status(?: code)?:? \d{3}[ \w]*: ?\Z|of value: \W*\Z")
"""Before an object that is the body of an answer."""
_AROUND = re.compile(
    r"^remote:[ !]+(?=docker: |Error response from daemon|Unable to find image|ERROR: failed |failed to )|"
    r"See https://\S+ for help: | \(\w+\.go:\d+:\d+s\)|\. Proceeding to next|\d+ (?:Client|Server) Error: [A-Z].+? http\+docker:|"
    r"\d+ (?:Client|Server) Error(?: for http\+docker:\S+)?: [A-Z][\w ]+(?= \()|"
    r"Docker responded with status code \d{3}: |\(HTTP code \d{3}\) [a-z ]+ - |(?<=Exception: )Status \d{3}: |"
    r"\bAPI error \(\d{3}\): "
)
"""What git hands on of a push to dokku; jib's advice; where gitlab-runner says it; watchtower; what a daemon's API answered
docker-py, Bollard, docker-modem of Node.js, docker-java and go-dockerclient: that status is the daemon's, and no registry's."""
_NOT_FORMATTED = re.compile(r"%!([AFC])\(MISSING\)")
"""What Go's fmt made of %3A, %2F and %2C (fluxcd/flux2#4745, controlplaneio-fluxcd/flux-operator#109)."""
_POOL = re.compile(
    r"HTTP(S?)ConnectionPool\(host='([^']+)', port=(\d+)\): Max retries exceeded with url: (/v[12]/\S*) \(Caused by (.+)\)"
)
"""How requests tells that nothing answered (docker-archive/docker-registry#512)."""
_PAIRS = re.compile(r'"(?:(?:msg|error|err)"="((?:[^"\\]|\\.)*)"|[\w.]+"=(?:"(?:[^"\\]|\\.)*"|[^\s"]+))')
"""Fields as klogr writes them (kyverno/kyverno#6673)."""
_API = re.compile(r"Docker API call to '[^']*?(?:fromImage=([\w.%-]+)[^']*)?' failed with status code (\d{3})")
"""How Spring Boot tells that the docker daemon said no: its status is none of a registry (spring-projects/spring-boot#21515),
but for 404, which it has from there (moby api/swagger.yaml, ImageCreate; spring-projects/spring-boot#38575)."""
_CREATED = re.compile(
    r"\d+ (?:Client|Server) Error(?: for|: [\w ]+ for url:) http\+docker:\S*?/images/create\?tag=([\w.-]+)&fromImage=([\w.%-]+)"
    r"[^\s:]*(?:: [A-Z][\w ]+)?(?= \()"
)
"""The same of docker-py, which names the image there too (home-assistant/operating-system#2993)."""
_FORMATS = re.compile(r"Uploading manifest failed, attempted the following formats: [^(]+\(([^()]+)\)(?:, .*|$)")
"""Of a manifest that skopeo puts in each type in turn, the first says why: what follows is made of it (run: skopeo 1.22)."""
_BARE = re.compile(r"(?<![\w/.:@-])(?=(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?/v2/\S+/(?:manifests|blobs|tags)/)")
"""Before an address of the API without its scheme."""
_SHORTENED = re.compile(r"\.\.\.\s+\d+\.\d+s\s*$")
"""How docker compose ends a line that is longer than the screen; the whole comes below."""
_TIMED = re.compile(r"\A(\s*[✘!✔⠿] .*?(?<![.\s\d]))\s*\d+\.\d+s\s*\Z")
"""A line of docker compose, with the seconds at its end (themartz90/jellydash#1)."""
_TOKEN_TRIED = re.compile(r"token auth attempt for registry:? (https?://\S+) request failed with status: ")
"""docker's own client library of old (codeship-library/google-cloud-utilities#2)."""
_DOTNET = re.compile(
    r"Unable to access the repository '([^']+)'(?: at tag '([^']+)')? in the registry '([^']+)'\. Please confirm (y)?"
)
"""How the SDK of .NET tells 401 and 403, and 404 of what has a tag (dotnet/sdk#37156, #44164)."""
_RESOLVED = re.compile(r"\A(\S+): +resolv(?:ing|ed) +\|[-+]+\|")
"""ctr's progress of a pull, whose error may not name the image (containerd cmd/ctr/commands/content; run: ctr 2.1)."""
_DECODER = json.JSONDecoder(strict=False)


def sentences(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries, and several errors as one."""
    every = chain.from_iterable(_pieces(entry_of(line, number)) for number, line in _whole(lines))
    return (entry for entry in with_errors(every) if not _SHORTENED.search(entry.message))


def with_errors(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries; several errors below `errors:` (distribution errcode.Errors) are one sentence with it."""
    above: Entry | None = None
    for entry in entries:
        if above is not None:
            if re.match(r"[a-z ]+: ", entry.message):
                above = Entry(above.line, f"{above.message}\n{entry.message}", above.fields, above.time)
                continue
            yield above
        above = entry if entry.message.endswith("errors:") else None
        if above is None:
            yield entry
    if above is not None:
        yield above


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines as they were before they were broken, and the number at which each begins."""
    begun, held, joined, block = 0, "", 0, 0
    for number, raw in enumerate(lines, start=1):
        line = without_colours(raw.rstrip("\r\n")[:LONGEST_LINE])
        if _LOGGED.match(held) and _BLOCK.match(line) and block < MOST_IN_A_BLOCK and len(held) < LONGEST_LINE:
            held, block = f"{held}\n{line.strip()}", block + 1
            continue
        block = 0
        whole = _joined(held, line) if joined < MOST_JOINED and len(held) < LONGEST_LINE else None
        if whole is None and begun:
            yield begun, held
        begun, joined = (number, 0) if whole is None else (begun, joined + 1)
        held = line if whole is None else whole
    if begun:
        yield begun, held


def _joined(held: str, line: str) -> str | None:
    """The line with what is held, where both are one."""
    if _BROKEN.search(held) and (rest := _REST.match(line)):
        return held + rest[1]
    if _OPENED.search(held):
        return held + line.strip()
    if (folded := _FOLDED.match(held)) and re.match(rf" {{{len(folded[1]) + 1}}} *\S", line):
        return f"{held} {line.strip()}"
    if (asked := _REQUEST.match(line)) and (status := _STATUS.search(held)):
        return f'{held[: status.start()]}\n{asked[1]} "{asked[2]}": unexpected status code {status[1]}:'
    if (failed := _RECEIVED.search(held)) and (uri := _URI.search(line)):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", failed[1])
        said = next((code for code, names in NAMES.items() if words.lower() in map(str.lower, names)), 400)
        return f'error CONTAINER1005: PUT "{uri[1]}": unexpected status code {said} {words}'
    if held.endswith(":") and _REQUESTED.search(held):
        return f"{held} {line.removeprefix('[ERROR] ')}"
    if (
        _FRAME.match(line)
        or (_WRAPPED.search(held) and _FAILS.search(held))
        or (held.endswith(",") and _FAILS.match(held) and line.startswith("and "))
        or ("[map[" in held and held.count("[") > held.count("]"))
        or _PAGE.search(held)
        or held.endswith("?>")
        or (re.search(r"\bCannotPull\w+:", held) and re.match(r'["a-z]', line) and len(held) < 1_000)
        or (_TREE.match(held) and line.startswith("  "))
        or (
            _ADDRESSED.search(held)
            and re.match(r"\d{3} [A-Z]|(?:unauthorized|denied|x509|tls|dial|net/http|http): ", line)
        )
        or re.search(r"(?:status code|model manifest:) \d{3}: *\Z", held)
    ):
        return f"{held.rstrip()} {line.strip()}"
    return None


def _of_a_block(entry: Entry) -> Iterator[Entry]:
    """What the fields below a line say of a request that failed; else the lines as they are."""
    said = dict(
        reversed(
            re.findall(
                r'^"(url|statusCode|statusMessage|message|registryHost|dockerRepository)": "?(.*?)"?,?$',
                entry.message,
                re.MULTILINE,
            )
        )
    )
    lines = entry.message.split("\n")
    if "nauthorized" in lines[0]:  # renovatebot/renovate#11446, #15425
        at = f"{said.get('registryHost', '')}/v2/{said.get('dockerRepository', '-')}/tags/list"
        said = {"statusCode": "401", "statusMessage": "Unauthorized", "url": at, **said}
    if "/v2/" not in said.get("url", "") or not {"statusCode", "message"} & said.keys():
        yield from (Entry(entry.line, line, entry.fields, entry.time) for line in lines)
        return
    why = said.get("message", "").removesuffix("\\n")
    if status := said.get("statusCode"):
        why = f"unexpected status code {status} {said.get('statusMessage', '')}".rstrip()
    yield Entry(entry.line, f'{lines[0]} GET "{said["url"]}": {why}', {"level": "renovate"}, entry.time)


def _pieces(entry: Entry) -> Iterator[Entry]:
    """What an entry says, a sentence each."""
    if _LOGGED.match(entry.message) and "\n" in entry.message:
        for each in _of_a_block(entry):
            yield from _pieces(each)
        return
    told = (value for key, value in entry.fields.items() if value != entry.message and _TOLD_IN.search(key))
    text = " ".join(filter(None, (entry.message, *told)))
    text = _RESOLVED.sub(r"resolve image: \1", text)
    text = _spoken(_spoken(_LINE_OF_JSON.sub(lambda line: f"{{{line[1]}}}", text)))
    text = _CREATED.sub(lambda api: f'could not pull image "{unquote(api[2])}:{api[1]}":', text)
    text = _TOKEN_TRIED.sub(lambda tried: f'GET "{tried[1]}": unexpected status code ', text)
    text = _NOT_FORMATTED.sub(lambda verb: f"%{'3' if verb[1] == 'A' else '2'}{verb[1]}", _AROUND.sub("", text))
    text = _API.sub(
        lambda api: f"docker could not pull image '{unquote(api[1] or '')}':{' not found' * (api[2] == '404')}",
        _PAIRS.sub(lambda pair: pair[1] or "", text),
    )
    text = _DOTNET.sub(
        lambda no: f'could not pull image "{no[3]}/{no[1]}:{no[2] or "latest"}": status code {401 if no[4] else 404}: ',
        _TIMED.sub(r"\1", _FORMATS.sub(r"\1", text)),
    )
    text = text.replace("\\n", "\n") if text.count("\\n ") > 1 else text  # a program that quotes another's lines
    text = _POOL.sub(lambda pool: f'GET "http{pool[1].lower()}://{pool[2]}:{pool[3]}{pool[4]}": {pool[5]}', text)
    for sentence in re.sub(r"\\n(?:\\t)+", "   ", _BARE.sub("https://", text)).split("\n"):
        yield Entry(entry.line, sentence[:LONGEST_SENTENCE].rstrip(), entry.fields, entry.time)


def _spoken(text: str) -> str:
    """The text with what is said in its objects in their place, where they are no answers of a registry."""
    parts, done = [], 0
    for _ in range(MOST_OBJECTS):
        start = text.find('{"', done)
        if start < 0:
            break
        try:
            found, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            found, end = None, start + 2
        said = [] if _OF_A_REGISTRY.search(text[max(0, start - 100) : start]) else _said(found)
        parts += [text[done:start], "\n".join(said) or text[start:end]]
        done = end
    return "".join([*parts, text[done:]])


def _said(found: object) -> list[str]:
    """What an object says of an error."""
    if not isinstance(found, dict) or "errors" in found:
        return []
    told = [value for key, value in found.items() if _TOLD_IN.search(key)]
    inner = [more for each in [*told, found.get("jsonPayload")] for more in _said(each)]
    asked = found.get("options", found)
    where = f" of {asked['url']}" if isinstance(asked, dict) and isinstance(asked.get("url"), str) else ""
    return [f"{each}{where}" for each in told if isinstance(each, str)] + inner
