"""What a page carries, as a reader has it who opens every pull: the same reading as report.js does, in Python."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from urllib.parse import quote

NUMBERS = {"id", "n", "steps", "hops", "token", "untimed", "bytes", "requests", "bad", "connection", "order"}
NUMBERS |= {"at", "head", "took", "upload"}  # as in report.js, which test_browser holds against pages


def packs(page: str) -> list[Any]:
    """The index, and then each pack of pulls."""
    found = re.findall(r'<script type="application/gzip"[^>]*>([^<]*)</script>', page)
    return [_unpacked(*text.split(" ")) for text in found]


def _unpacked(packed: str, digests: str | None = None) -> Any:
    values = json.loads(gzip.decompress(base64.b64decode(packed)))
    return values if digests is None else {**values, "digests": digests}


def carried(page: str) -> list[dict[str, Any]]:
    """Every pull with its texts in their places and rows instead of columns, by its number."""
    return sorted((pull for pack in packs(page)[1:] for pull in pulls_of(pack)), key=lambda pull: int(pull["id"]))


def pulls_of(pack: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pulls of a pack."""
    steps, hops = (
        iter([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
        for columns in (pack["steps"], pack["hops"])
    )
    every = base64.b64decode(pack["digests"]).hex()
    digests = [every[at : at + 64] for at in range(0, len(every), 64)]
    for pull in pack["pulls"]:
        name = pull["name"]
        marks = [name, quote(name, safe="!'()*")] if name else []
        marks += [digests[place] for place in accumulate(pull["digests"])]
        texts = [_without_marks(text, marks) for text in pack["texts"]]
        rest = {key: _value(one, key, texts) for key, one in pull.items() if key not in ("name", "digests")}
        mine = [_value(next(hops), "", texts) for _ in range(pull["hops"])]
        for hop, at in zip(mine, accumulate(hop["at"] for hop in mine), strict=True):
            hop["at"] = at
            hop["took"] = hop["took"] + (hop["head"] or 0) if hop.get("took") is not None else None
        left = iter(mine)
        told = [_value(next(steps), "", texts) for _ in range(pull["steps"])]
        rows = [{**step, "hops": [next(left) for _ in range(step["hops"])]} for step in told]
        yield {**rest, "steps": rows, "rest": list(left)}


def _without_marks(text: str, marks: list[str]) -> str:
    return re.sub("\x01(\\d+)(?::(\\d+))?\x02", lambda mark: _marked(marks, *mark.groups()), text)


def _marked(marks: list[str], number: str, most: str | None) -> str:
    # A text of another pull may have more marks than this one.
    return marks[int(number)][: int(most) if most else None] if int(number) < len(marks) else ""


def _value(of: Any, name: str, texts: list[str]) -> Any:
    match of:
        case int() if name not in NUMBERS:
            return texts[of]
        case list():
            return [_value(one, name, texts) for one in of]
        case dict():
            return {key: _value(one, key, texts) for key, one in of.items()}
    return of


def every_text(page: str) -> Iterator[str]:
    """All that a script makes text nodes of."""
    yield from (row[3] for row in packs(page)[0])
    for pull in carried(page):
        yield from _strings(pull)


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _strings(one)
        case dict():
            for one in value.values():
                yield from _strings(one)
