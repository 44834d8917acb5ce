"""The image that a command names: behind its options and their values, of docker and its like, crictl, ctr, crane, oras, cosign,
apptainer, scanners and kubectl. What follows the image is the container's own command."""

from __future__ import annotations

import re
import shlex

from pullscope.logs.images import parsed
from pullscope.oci.reference import Reference

_VERBS = {
    "docker|podman|nerdctl|finch|buildah": "pull|push|run|create|from|images? (?:pull|push)|container (?:run|create)|"
    "service create|manifest (?:inspect|push|create)|buildx imagetools inspect",
    "crictl": "pull",
    "ctr": "(?:i|images?|run) (?:pull|push)",
    "crane|gcrane": "digest|manifest|config|pull|ls|validate|export|copy|cp|delete",
    "oras": "pull|push|discover|attach|cp|copy|manifest (?:fetch|push)|repo tags|blob fetch",
    "cosign": "verify|sign|attest|verify-attestation|tree|copy",
    "apptainer|singularity": "pull|run|exec|shell",
    "trivy": "image",
    "regctl": "(?:image|manifest|tag) (?:digest|inspect|get|ls|copy|manifest|config)",
}
_COMMANDS = [
    re.compile(
        rf"(?<![\w.-])(?:{programs})(?:\.exe)?(?: +--?[\w-]+(?:=\S+| (?!-)\S+)?)*? +(?P<verb>{verbs}) +(?P<rest>\S[^\n]*)"
    )
    for programs, verbs in _VERBS.items()
]
_OF_KUBECTL = re.compile(r"\bkubectl\b[^\n]* --image[= ]['\"]?([^\s'\"]+)")
_FLAGS = re.compile(
    r"-[aqkdz]+|-it?|--(?:all|all-tags|all-platforms|debug|disable-content-trust|force|help|insecure|insecure-skip-tls-verify|json|"
    r"keyless|local|plain-http|pretty|quiet|recursive|tls-verify|verbose|allow-insecure(?:-registry)?|allow-http-registry|y|v)"
)
_OF_RUNS = re.compile(
    r"-[ditqP]+|--(?:detach|disable-content-trust|help|init|interactive|no-healthcheck|no-tty|nv|oom-kill-disable|privileged|"
    r"publish-all|quiet|read-only|replace|rm|rocm|sig-proxy|tls-verify|tty|with-registry-auth|writable-tmpfs|containall|cleanenv)"
)
"""Options that have no value, of what runs an image; all others have one behind them, where it does not stand behind `=`."""
_NO_IMAGE = re.compile(
    r"(?:error|because|failed|fails|image|images|to|layer|dependent|an?|the|your|this|from|charts?|command|commands|request|access|"
    r"requests?|and|or|is|was|with|in|on|it|rate|limit|policy|timeouts?|secrets?|of|for|at|by|as|if|when|which|failing|fine)|\S+\.(?:tgz|sif|tar)|[^\w].*"
)
"""What stands behind such words in a sentence."""


def of_command(text: str) -> tuple[int, Reference | None] | None:
    """Where a command begins, and the image that it names, if that is to be seen; None where there is no command."""
    if kubectl := _OF_KUBECTL.search(text):
        return kubectl.start(), parsed(kubectl[1])
    found = next(filter(None, (one.search(text) for one in _COMMANDS)), None)
    return (found.start(), _first(found["verb"], found["rest"])) if found is not None else None


def _first(verb: str, rest: str) -> Reference | None:
    """The image, as the first word that is no option and no option's value."""
    flags = _OF_RUNS if verb.split()[-1] in ("run", "create", "exec", "shell") else _FLAGS
    is_value = False
    for word in _words(rest):
        if is_value:
            is_value = False
        elif word.startswith("-"):
            glued = not word.startswith("--") and len(word) > 2
            is_value = not (glued or "=" in word or flags.fullmatch(word))
        else:
            name = re.sub(r"^(?:docker|oras|oci)://", "", word.strip("'\"`,;)").rstrip(":."))
            return None if _NO_IMAGE.fullmatch(name) else parsed(name)
    return None


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError:
        return rest.split()
