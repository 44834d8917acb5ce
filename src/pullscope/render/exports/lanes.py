"""Spans in as few lanes as it takes for none to overlap another: timelines show only what nests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def lanes(spans: Iterable[tuple[int, int, T]]) -> list[list[tuple[int, int, T]]]:
    """`(start, end, what)` in lanes, the first free one each."""
    rows: list[list[tuple[int, int, T]]] = []
    for span in sorted(spans, key=lambda one: one[:2]):
        row = next((row for row in rows if row[-1][1] <= span[0]), None)
        if row is None:
            rows.append([span])
        else:
            row.append(span)
    return rows
