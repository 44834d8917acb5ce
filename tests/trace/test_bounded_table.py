"""What is remembered is bounded by number and by age, and in the order in which it came."""

from __future__ import annotations

from pullscope.trace.bounded_table import Remembered


def table(**bounds: float) -> Remembered[str, int]:
    """A table with room for three keys, for ten seconds."""
    return Remembered(most=int(bounds.get("most", 3)), seconds=bounds.get("seconds", 10.0), each=2)


def test_the_oldest_key_goes_first() -> None:
    """A key that gets another value is young again."""
    known = table()
    for number, key in enumerate(["a", "b", "a", "c", "d"]):
        known.add(key, number, time=float(number))
    assert (known.of("a"), known.of("b"), known.of("d")) == ((0, 2), (), (4,))
    assert len(known) == 3


def test_what_is_too_old_goes_whatever_the_number() -> None:
    """A quiet day keeps nothing alive."""
    known = table()
    known.add("a", 1, time=0.0)
    known.add("b", 2, time=11.0)
    assert (known.of("a"), len(known)) == ((), 1)


def test_what_is_too_old_goes_from_a_key_that_is_used() -> None:
    """A client that never rests has one key for hours, and each of its values holds on to an operation."""
    known = table()
    known.add("a", 1, time=0.0)
    known.add("a", 2, time=11.0)
    assert known.of("a") == (2,)


def test_a_key_keeps_its_newest_values() -> None:
    """However many come."""
    known = table()
    for number in range(5):
        known.add("a", number, time=0.0)
    assert known.of("a") == (3, 4)


def test_a_value_can_be_discarded() -> None:
    """The last one takes its key with it; one that is not there is no matter."""
    known = table()
    known.add("a", 1, time=0.0)
    known.discard("a", 2)
    known.discard("b", 1)
    known.discard("a", 1)
    assert (known.of("a"), len(known)) == ((), 0)
