"""How to do it by hand: a line of curl for each step, and a shell script that repeats a pull and checks every digest.

No secret is in it, for none is in a trace: tokens are asked for anew, logins are read from REGISTRY_USER.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlencode

from pullscope.oci.digest import Digest
from pullscope.oci.plain import plain
from pullscope.oci.routes import Endpoint
from pullscope.oci.scrub import GONE
from pullscope.oci.urls import pairs, split
from pullscope.render.exports.escaping import inert_url, is_web, shell_comment, shell_word
from pullscope.render.formats import Told
from pullscope.render.names import numbered, reference_line
from pullscope.render.wording import title, what
from pullscope.trace.model import Hop, Kind, Pull, Step

_HEADERS = ("accept", "range")
"""What an answer depends on, beside the token."""

_MEDIA_TYPES = re.compile(r"[\w:;,=.*/+ -]+", re.ASCII)

_PUSHES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_TOKEN_OUT = r's/.*token" *: *"\([^"]*\).*/\1/'
"""What is between the quotes after `token":`, or after `access_token":`, which comes later where both are there."""

_HEAD = """\
#!/bin/sh
# Repeats what the client asked, with curl. Made by pullscope from a trace; it holds no secret.
# A private repository needs a login: REGISTRY_USER=name:password sh THIS_FILE
set -eu
out=${OUT:-$(mktemp -d)}
TOKEN=
get() { curl -fsSL --globoff ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@"; }
token() {
  TOKEN=$(curl -fsSL --globoff ${REGISTRY_USER:+-u "$REGISTRY_USER"} "$1" |
    sed -n 's/.*"\\(access_\\)\\{0,1\\}token" *: *"\\([^"]*\\)".*/\\2/p')
}
check() { echo "$1  $2" | sha256sum -c -; }
"""


def curl_words(step: Step) -> list[str]:
    """What repeats the step, in pieces that may stand on lines of their own; none for one that changes something, or whose
    URL is not valid.
    """
    hop, url = asked_of(step), _to_repeat(step)
    if url is None:
        return []
    if step.kind is Kind.TOKEN:
        return ["TOKEN=$(curl -s --globoff", shell_word(url), f"| sed '{_TOKEN_OUT}')"]
    words = ["curl -sIL --globoff" if hop.request.method == "HEAD" else "curl -sL --globoff"]
    if hop.request.authorization == "bearer":
        words.append('-H "Authorization: Bearer $TOKEN"')
    words += _header_words(hop)
    words.append(shell_word(url))
    if hop.request.method != "HEAD" and not _is_text(step):
        words.append("| sha256sum")
    if step.kind is Kind.VERSION_CHECK:
        words[0] = "curl -si --globoff"
    return words


def curl_script(told: Told) -> str:
    """A script that repeats the pulls."""
    lines = [_HEAD]
    for pull in told.pulls:
        lines.append(f"# {numbered(pull)}: {shell_comment(reference_line(pull))}")
        for step in _in_order(pull):
            lines.extend(_script_lines(step, pull))
        lines.append("")
    lines.append('echo "all of it is in $out"')
    return "\n".join(lines) + "\n"


def asked_of(step: Step) -> Hop:
    """The hop to repeat: the last one that carried what the client has, so that a redirect cannot lose the token."""
    chain = step.passes[-1]
    carrying = [hop for hop in chain if hop.request.authorization != "none"]
    return carrying[-1] if carrying else chain[0]


def _to_repeat(step: Step) -> str | None:
    """Its URL; None where it changes something (a redirect makes a GET of a push), or the URL is not valid."""
    return None if any(hop.request.method in _PUSHES for hop in step.hops) else _repeatable(asked_of(step).request.url)


def _in_order(pull: Pull) -> list[Step]:
    """By time, as a script runs: a token comes before what needs it, though it is told below it."""
    return sorted(pull.steps, key=lambda step: step.hops[-1].request.time if not step.is_token else step.started)


def _script_lines(step: Step, pull: Pull) -> Iterator[str]:
    hop, url = asked_of(step), _to_repeat(step)
    yield f"# {step.n} {shell_comment(title(step))}: {shell_comment(what(step, pull))}"
    if url is None:
        yield "# not repeated: it changes something, or its address is not known"
        return
    if step.kind is Kind.TOKEN:
        yield f"token {shell_word(url)}"
        return
    accept = " ".join(_header_words(hop))
    accept = f"{accept} " if accept else ""
    quiet = "" if step.outcome.value == "ok" else " || true"
    if step.kind is Kind.VERSION_CHECK:
        yield f"curl -sSL --globoff -o /dev/null -w '%{{http_code}}\\n' {shell_word(url)}"
    elif hop.request.method == "HEAD":
        yield f"get -I {accept}{shell_word(url)}{quiet}"
    else:
        name = _file_of(step)
        yield f'get {accept}-o "$out/{name}" {shell_word(url)}{quiet}'
        if step.outcome.value == "ok" and _digest_of(step) is not None and _digest_of(step) == step.route.digest:
            yield f'check {Digest(step.route.digest or "").encoded} "$out/{name}"'


def _digest_of(step: Step) -> str | None:
    try:
        digest = Digest(step.digest or "")
    except ValueError:
        return None
    return str(digest) if digest.algorithm == "sha256" else None


def _file_of(step: Step) -> str:
    """A file name that no wire string has a part in but a digest."""
    digest = _digest_of(step)
    return digest.replace(":", "-") if digest else f"step-{step.n}"


def _is_text(step: Step) -> bool:
    return step.route.endpoint is not Endpoint.BLOB


def _header_words(hop: Hop) -> list[str]:
    words: list[str] = []
    for name in _HEADERS:
        # A line for each line that was sent: some clients send a list of media types as many headers.
        values = [value for value in hop.request.headers.get_all(name) if value and value != GONE]
        for header in [f"{name.capitalize()}: {plain(value, 4000)}" for value in values]:
            # A list in double quotes may go on in the next line, after a backslash.
            is_list = _MEDIA_TYPES.fullmatch(header)
            words += re.split("(?<=,) *", f'-H "{header}"') if is_list else [f"-H {shell_word(header)}"]
    return words


@lru_cache(maxsize=1024)
def _repeatable(url: str) -> str | None:
    """The address without what was redacted from its query; None where that leaves nothing to ask."""
    if not is_web(url):
        return None
    parts = split(inert_url(url))
    kept = [(name, value) for name, value in pairs(parts.query) if value != GONE]
    return str(parts._replace(query=urlencode(kept, safe=":/,"), fragment=""))
