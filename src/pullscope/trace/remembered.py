"""A table of what may still be of use: values by key, forgotten when they are too old, or too many. Knows nothing of traces.

What is remembered holds on to whole operations, so both bounds matter: age, for the memory of a quiet day, and number, for that
of a busy one.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Up to `most` keys with up to `each` values, for `seconds` of event time after the last value came."""

    def __init__(self, *, most: int, seconds: float, each: int = 64) -> None:
        self._most, self._seconds, self._each = most, seconds, each
        self._found: OrderedDict[Key, tuple[float, deque[Value]]] = OrderedDict()

    def add(self, key: Key, value: Value, time: float) -> None:
        """Remember a value, as the newest of its key."""
        _, values = self._found.pop(key, (time, deque[Value](maxlen=self._each)))
        values.append(value)
        self._found[key] = (time, values)
        while len(self._found) > self._most or next(iter(self._found.values()))[0] < time - self._seconds:
            self._found.popitem(last=False)

    def of(self, key: Key) -> tuple[Value, ...]:
        """The values of a key, the oldest first."""
        found = self._found.get(key)
        return tuple(found[1]) if found is not None else ()

    def discard(self, key: Key, value: Value) -> None:
        """Forget one value."""
        found = self._found.get(key)
        if found is not None and value in found[1]:
            found[1].remove(value)
            if not found[1]:
                del self._found[key]

    def __len__(self) -> int:
        return len(self._found)
