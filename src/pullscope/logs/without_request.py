"""What is said of a message that names no request: what its words mean, what it says itself, and what would tell more."""

from __future__ import annotations

import re
from collections import deque

from pullscope.logs.client_errors import ASKED, Reader, is_of_another, is_storage, led_elsewhere
from pullscope.logs.error_message import MARK, OF_IMAGES, host_in
from pullscope.logs.general import GENERAL, answered, failed
from pullscope.logs.images import named_beside, parsed
from pullscope.logs.meanings import MEANINGS, MEANT, UNKNOWN_CA
from pullscope.logs.not_a_name import wrong_name
from pullscope.logs.other_programs import DONE
from pullscope.logs.sentences import sentences
from pullscope.logs.speakers import run_by, speaker
from pullscope.logs.told_errors import answer_of, failure_of
from pullscope.oci.reference import Reference
from pullscope.oci.scrub import redact_text
from pullscope.oci.urls import split
from pullscope.trace.findings.client_settings import trust_by_words
from pullscope.trace.findings.login_commands import login_by_words

_A_STORAGE = re.compile(
    r"\b(?:s3|storage|blob|cdn)\b|amazonaws|cloudfront|cloudflarestorage|aliyuncs|myqcloud|"
    r"spaces\.com\Z|\b(?:minio|obs)\b"
)
"""Hosts to which a registry sends its clients for blobs."""
_OF_TIME = "update this machine's CA certificates (of a NAS its system), or set its clock, if it is wrong (date)"
_ISSUER = (
    "something on the way reads TLS, as a company's proxy does: openssl s_client -connect {}:443 there shows the issuer"
)
_TO_DOCKER = "add the CA to the system's store (update-ca-certificates or update-ca-trust) and restart docker"
_TELLS_MORE = {
    "containerapps": "az containerapp logs show -n APP -g GROUP --type system",
    "appservice": "az webapp log tail -n APP -g GROUP",
    "amazon-ecs-agent": "aws ecs describe-tasks --cluster CLUSTER --tasks TASK",
    "cloud-run": "gcloud run revisions describe REVISION",
    "renovate": "LOG_LEVEL=debug in Renovate's environment",
    "source-controller": "flux logs --all-namespaces --level=error",
    "nomad docker": "nomad alloc status ALLOCATION",
    "openshift-builder docker": "oc logs -f bc/NAME --loglevel=5",
    "openshift-importer": "oc describe imagestream NAME",
    "argocd helm": "kubectl logs -n argocd deploy/argocd-repo-server",
    "argocd-image-updater": "kubectl logs -n argocd deploy/argocd-image-updater",
    "helm": "helm with --debug",
    "kubelet": "kubectl describe pod POD",
    "codebuild docker": "aws codebuild batch-get-builds --ids BUILD",
}
"""What shows more of a failure that a tool tells in its own words: their command-line references."""
_REFUSED = (
    "it was reached, and refused: start the pull again, for a new address; if it refuses that too, set the clock of this machine "
    "(timedatectl set-ntp true), and have a proxy or firewall on the way let it through"
)
_LET_THROUGH = "let it through every firewall and proxy, and ask another DNS server if its name is not known"


def without_a_request(text: str) -> str:
    """What is said of a message that names no request: what it means, or what it says itself, and what would tell more."""
    storage = next((one for one in ASKED.finditer(text) if _is_storage(one[2], text)), None)
    if storage is not None and "proxyconnect" not in text:
        host, why = split(storage[2]).netloc, text[storage.end() :].partition("\n")[0]
        trust = f"{_ISSUER.format(host)}; {trust_by_words(why, _TO_DOCKER)}"
        step = trust if re.search(UNKNOWN_CA, why) else _OF_TIME if "x509" in why else _LET_THROUGH
        if (answer := answer_of(why)) is not None and failure_of(why) is None:
            step = _REFUSED if answer[0] < 500 else "it fails itself: try again later"
        said = f"a blob did not come from {host} ({why[:300]})"
        return f"names no image; {said}. Layers and configs come from such a storage host: {step}"
    every: list[str] = []
    others = (one for one in ASKED.finditer(text) if led_elsewhere(one[2], text) and "/manifests/" not in one[2])
    away = next((one for one in others if not _A_STORAGE.search(split(one[2]).netloc)), None)
    reader, said, beside, who, answering = Reader(), "", None, "", ""
    lines = text.splitlines()
    for one in sentences(lines):
        deque(reader.sentence(one), maxlen=0)
        who = speaker(one) or who
        beside = beside or named_beside(one)
        beside = None if DONE.search(one.message) else beside
        every.append(one.message)
        as_it_stands = "".join(one.message.split()) in "".join(text.split())
        words = one.message if as_it_stands else lines[one.line - 1]  # in a quote stands what was written
        said = max(said, words, key=len) if MARK.search(one.message) else said
        answering = words if answer_of(one.message) is not None else answering
    said = answering if answering and answer_of(said) is None else said  # what runs the client says only that it failed
    image = reader.image or beside
    who = run_by(reader.platform, who or reader.speaker)
    if wrong := wrong_name(text):
        return f"means: no registry was asked for {wrong}"
    whole, of_another = "\n".join(every), any(map(is_of_another, every))
    ours = [one for one in every if not is_of_another(one) and (image is None or OF_IMAGES.search(one))]
    status = max([(answer_of(one) or (0,))[0] for one in ours], default=0)
    if not (status or of_another):
        status = max([(answered(one) or (0,))[0] for one in ours], default=0)
    fits = (
        (words.search(text) or words.search(whole), words, meant)
        for words, meant in MEANINGS + GENERAL * (not status and not of_another)
    )
    known = next(((found, words, meant) for found, words, meant in fits if found is not None), None)
    if away is not None and (known is None or known[1].search("signed by unknown authority")):
        return _of_another(away, image.api_host if image is not None else "the registry", text)
    if known is not None:
        elsewhere = host_in(failed(whole) or "", image) if known[1:] in GENERAL else None
        what = redact_text(next(filter(None, known[0].groups()), ""))
        meant = re.sub(r"\bWHAT\b", lambda _: what, known[2])
        named = known[0].groupdict().get("host")
        image = image or (parsed(f"{named}/{what}") if named else None)
        meant = re.sub(r"\bHOST\b", elsewhere, meant) if elsewhere is not None else meant
        return f"means: {_filled_in(meant, image, who)}{_why(known[1], text)}"
    meant = f"; {status}: {MEANT.get(status, MEANT[500] if status >= 500 else 'see its words')}" if status else ""
    asked, told = ASKED.search(text), re.search(r"\bpulling from host (\S+)", text)
    host = split(asked[2]).netloc if asked else told[1] if told else image.registry if image else ""
    meant = re.sub(r"docker login HOST\b", lambda _: login_by_words(who, host or "HOST", str(image or "IMAGE")), meant)
    pushes = reader.pushes or re.search(r"(?i)\bpush|\bupload|write blob|commit on ref", text)
    more = f"put the command that failed above it, with the name of its image (docker {'push' if pushes else 'pull'} IMAGE)"
    if image is not None and pushes:
        more = f"pullscope run -- skopeo copy docker-daemon:{image} docker://{image} shows what is answered to it"
    elif image is not None:
        more = (
            f"crane manifest {image} asks the registry itself, and shows its answer; the log of what failed says more"
        )
    if (shows := _TELLS_MORE.get(who)) is not None:
        more = f"{shows} shows more; {more}"
    words = " ".join(redact_text(said or text.strip().rpartition("\n")[2]).split())[-300:]
    plain = image is None and not of_another and (status in MEANT or status >= 500)
    unknown = "" if plain else ", so its cause is not known"
    return f"names no request that failed{unknown}; it says {words!r}{meant}; {more}"


def _is_storage(url: str, text: str) -> bool:
    """Whether a storage host was asked for a blob, by the sentence or, where a registry was asked too, by its name."""
    sent_on = "failed to do request: " in text and led_elsewhere(url, text)
    return is_storage(url, text) or (sent_on and _A_STORAGE.search(split(url).netloc) is not None)


def _of_another(away: re.Match[str], home: str, text: str) -> str:
    """What is said of a client that was led to an address that is no registry's."""
    host, why = split(away[2]).netloc, " ".join(redact_text(text[away.end() :].partition("\n")[0]).split())[:200]
    trust = f"{_ISSUER.format(host)}; {trust_by_words(why, _TO_DOCKER)}; then " if re.search(UNKNOWN_CA, why) else ""
    at = home if "." in home else "HOST"
    return (
        f"names no request to a registry: the client was led to {host}, as a rule a portal, a filter or a page to log in "
        f"at, and that ended with {why!r}: {trust}have {home} let through there, or name the registry's own host; "
        f"curl -sI https://{at}/v2/ where the client runs shows who redirects"
    )


def _filled_in(meant: str, image: Reference | None, speaker: str) -> str:
    """The words with the image, and its registry in the client's own commands, where the message names one."""
    registry = image.registry if image is not None else "HOST"
    # where no program is named, the words of the row are of one that reads what docker login writes
    own = login_by_words(speaker or "docker", registry, str(image or "IMAGE"))
    meant = re.sub(r"docker login HOST\b", lambda _: own, meant)
    if image is None:
        return meant
    meant = re.sub(r"(?<=https://)HOST\b|\bHOST(?=:443)", image.api_host, re.sub(r"\bIMAGE\b", str(image), meant))
    meant = re.sub(r"\bREPOSITORY\b", f"{image.registry}/{image.repository}", meant)
    return re.sub(r"(?<!/)\bHOST\b(?![:/])", image.registry, meant)


def _why(words: re.Pattern[str], text: str) -> str:
    """The reason that the message names, where it is not the last of its words: Watchtower's, containerd's of a mirror."""
    own = {"falling back", "trying next host"}
    why = (
        re.search(r"Reason: (.+)|error=\"((?:[^\"\\]|\\.)+)", text)
        if any(one in words.pattern for one in own)
        else None
    )
    return f". The reason here: {' '.join(redact_text(why[1] or why[2]).split())[:300]!r}" if why is not None else ""
