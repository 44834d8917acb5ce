"""Tables of what may still be of use, forgotten when it is too old, or too much. They know nothing of traces.

What is remembered holds on to whole operations, so both bounds matter: age, for the memory of a quiet day, and number, for that
of a busy one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Newest(OrderedDict[Key, Value]):
    """The `most` keys that were set last, with their values."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: Key, value: Value) -> None:
        if key in self:
            self.move_to_end(key)
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


class Remembered(Generic[Key, Value]):
    """Up to `most` keys with up to `each` values, each for `seconds` of event time."""

    def __init__(self, *, most: int, seconds: float, each: int = 64) -> None:
        self._most, self._seconds, self._each = most, seconds, each
        self._found: OrderedDict[Key, list[tuple[float, Value]]] = OrderedDict()

    def add(self, key: Key, value: Value, time: float) -> None:
        """Remember a value, as the newest of its key."""
        found, too_old = self._found, time - self._seconds
        values = found.get(key)
        if values is None:
            found[key] = values = []
        else:
            found.move_to_end(key)
        values.append((time, value))
        # a busy client's key never gets old, what is in it does
        while values[0][0] < too_old or len(values) > self._each:
            del values[0]
        while len(found) > self._most or next(iter(found.values()))[-1][0] < too_old:
            found.popitem(last=False)

    def of(self, key: Key) -> tuple[Value, ...]:
        """The values of a key, the oldest first."""
        found = self._found.get(key)
        return tuple([value for _, value in found]) if found is not None else ()

    def discard(self, key: Key, value: Value) -> None:
        values = self._found.get(key, ())
        kept = [each for each in values if each[1] is not value]
        if not kept:
            self._found.pop(key, None)
        elif len(kept) < len(values):
            self._found[key] = kept

    def __len__(self) -> int:
        return len(self._found)
