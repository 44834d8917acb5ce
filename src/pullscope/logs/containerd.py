"""containerd at debug level, its CRI service, `ctr --debug`, and dockerd -D with the containerd store: request and answer.

containerd core/remotes/docker/resolver.go, request.doWithRetries: `do request` and `fetch response received` with fields;
containerd 1.6 and dockerd 28 (seen), as text, JSON or from the journal. Token requests and redirects are not logged: the
answer is that of the last address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import entries, fields_of_map
from pullscope.logs.exchange import Exchange, Waiting, header
from pullscope.logs.images import manifest_of, parsed
from pullscope.logs.told_errors import LONGEST_SENTENCE, URL_ERROR, failure_of

MARK = re.compile(r'(?:msg=\\?"|msg\\?": ?\\?"|DEBU\[[^\]\s]+\] )(?:do request|fetch response received)')
_HASHED = re.compile(r"unexpected commit digest sha256:([0-9a-f]{64}), expected sha256:([0-9a-f]{64})")
"""What was read does not hash to what was asked for (containerd plugins/content/local/writer.go)."""


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    found, waiting = list[Exchange](), Waiting()
    for entry in entries(lines):
        said, fields = entry.message, entry.fields
        method = fields.get("request.method", "GET")
        if said == "do request" and (url := fields.get("url") or (_resolved(fields) if method == "HEAD" else "")):
            one = Exchange(
                method=method,
                url=url,
                asked_line=entry.line,
                asked=entry.time,
                sent=_fields(fields, "request.header."),
            )
            found.append(waiting.add(one))
        elif said == "fetch response received" and (url := fields.get("url") or _resolved(fields)):
            status = fields.get("response.status", fields.get("status", "")).partition(" ")[0]
            asked = waiting.at(url, oldest=True)
            if asked is not None and status.isdecimal() and len(status) == 3:
                asked.answer(int(status), None, entry.line, entry.time)
                asked.fields = _fields(fields, "response.header.")
        else:
            for text in (said, fields.get("error", "")):
                if hashed := _HASHED.search(text[:LONGEST_SENTENCE]):
                    for one in [one for one in found if hashed[2] in one.url and one.status in (200, 206)][-1:]:
                        one.sha256 = hashed[1]
                told = URL_ERROR.search(text[:LONGEST_SENTENCE])
                asked = waiting.at(told[2], oldest=True) if told else None
                if asked is not None:
                    asked.fail(failure_of(text), entry.line, entry.time)
            if said.startswith("ctr: "):
                for one in found:
                    one.sent += [("User-Agent", "ctr")] * (header(one.sent, "user-agent") is None)
    yield from found


def _resolved(fields: dict[str, str]) -> str:
    """The address of a manifest that is looked up: BuildKit leaves addresses out, and names the image that it resolves
    (docker/build-push-action#1382, #1450). What it fetches afterwards has no name."""
    span = fields.get("span", "")
    image = parsed(span.removeprefix("resolving ")) if span.startswith("resolving ") else None
    return manifest_of(image) if image is not None else ""


def _fields(fields: dict[str, str], prefix: str) -> list[tuple[str, str]]:
    """The header fields; before containerd 1.4 all in one, as a Go map (containerd#2013, #4397)."""
    whole = fields.get(f"{prefix.removesuffix('.')}s")
    if whole is not None:
        return fields_of_map(whole)
    return [(key.removeprefix(prefix), value) for key, value in fields.items() if key.startswith(prefix)]
