"""A series of a counter is 0 for a while before its first count, and whole at the end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
otlp_counters = pytest.importorskip("pullscope.mitm.otlp_counters")


def test_a_new_series_is_sent_as_nothing_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each for its own time; what is counted meanwhile is in the first number; the end holds nothing back."""
    now = [1000.0]
    monkeypatch.setattr(otlp_counters, "time", SimpleNamespace(monotonic=lambda: now[0]))
    counters = otlp_counters.Counters(SimpleNamespace(create_observable_counter=lambda *_: None))
    counter = counters.make("pulls", "{pull}", "")

    def sent() -> list[tuple[dict[str, str], int]]:
        return [(dict(one.attributes), one.value) for one in counter.observe(None)]

    counter.add(2, {"b": "x", "a": "y"})
    assert sent() == [({"a": "y", "b": "x"}, 0)]
    now[0] += otlp_counters.HELD
    counter.add(1, {"a": "y", "b": "x"})
    counter.add(1)
    assert sent() == [({"a": "y", "b": "x"}, 3), ({}, 0)]
    counters.whole = True
    assert sent() == [({"a": "y", "b": "x"}, 3), ({}, 1)]
