"""What a page carries, as a reader has it who opens every pull: the same reading as report.js does, in Python."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

NUMBERS = frozenset(
    [
        "id",
        "n",
        "hops",
        "token",
        "untimed",
        "bytes",
        "requests",
        "bad",
        "connection",
        "order",
        "at",
        "head",
        "took",
        "upload",
    ]
)  # as in report.js, which test_browser holds against pages


def packs(page: str) -> list[Any]:
    """The index, and then each pack of pulls."""
    found = re.findall(r'<script type="application/gzip"[^>]*>([^<]*)</script>', page)
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in found]


def carried(page: str) -> list[dict[str, Any]]:
    """Every pull with its texts in their places and rows instead of columns, by its number."""
    pulls = [revived(pull, pack["texts"]) for pack in packs(page)[1:] for pull in pack["pulls"]]
    return sorted(pulls, key=lambda pull: int(pull["id"]))


def revived(data: dict[str, Any], shared: list[str]) -> dict[str, Any]:
    """One pull."""

    def value(of: Any, name: str) -> Any:
        match of:
            case int() if name not in NUMBERS:
                return shared[-1 - of] if of < 0 else data["texts"][of]
            case list():
                return [value(one, name) for one in of]
            case dict():
                return {key: value(one, key) for key, one in of.items()}
        return of

    def rows(name: str) -> list[dict[str, Any]]:
        columns = data[name]
        return [value(dict(zip(columns, row, strict=True)), "") for row in zip(*columns.values(), strict=True)]

    rest = {key: value(one, key) for key, one in data.items() if key not in ("texts", "steps", "hops")}
    hops = iter(rows("hops"))
    steps = [{**step, "hops": [next(hops) for _ in range(step["hops"])]} for step in rows("steps")]
    return {**rest, "steps": steps, "rest": list(hops)}


def every_text(page: str) -> Iterator[str]:
    """All that a script makes text nodes of."""
    index, *rest = packs(page)
    yield from (row[3] for row in index)
    for pack in rest:
        yield from pack["texts"]
        yield from (text for pull in pack["pulls"] for text in pull["texts"])
