"""Refusals are counted, and bounded."""

from __future__ import annotations

import pytest

from pullscope.trace import refusals
from pullscope.trace.events import TlsRefused
from pullscope.trace.refusals import Refusals


def refused(host: str, time: float = 0.0) -> TlsRefused:
    """One client's refusal."""
    return TlsRefused(time=time, client="10.0.0.1", host=host, reason="unknown ca")


def test_news_once() -> None:
    """The first refusal of a host is news; the next ones are counted, with the time of the last."""
    known = Refusals()
    assert [known.add(refused("a", time)) for time in (1.0, 2.0, 5.0)] == [True, False, False]
    (refusal,) = known.all()
    assert (refusal.count, refusal.first, refusal.last) == (3, 1.0, 5.0)


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound the oldest are forgotten."""
    monkeypatch.setattr(refusals, "MOST", 3)
    known = Refusals()
    for place in range(10):
        known.add(refused(str(place)))
    assert [refusal.host for refusal in known.all()] == ["7", "8", "9"]
