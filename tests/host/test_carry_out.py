"""Time spans and the unit files of `--for`."""

from __future__ import annotations

import pytest

from pullscope.host import carry_out


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("90s", 90), ("1h30m", 5400), ("5", 300), ("1 h 1 min", 3660)]
)
def test_spans_are_read_as_people_write_them(text: str, seconds: int) -> None:
    """A bare number is minutes."""
    assert carry_out.time_span(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "0m", "-5m", "5 weeks", "999999999999d", "9" * 5000, "1m" * 9 + "x", "٣m"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    """A mistyped span must not become another one."""
    with pytest.raises(ValueError, match="is not a time span"):
        carry_out.time_span(text)


@pytest.mark.parametrize("text", ["367d", "999999999d", "9000h", "999999999", "1d" * 400])
def test_a_span_has_an_end(text: str) -> None:
    """What is meant to stay needs no timer, and no date of any calendar overflows."""
    with pytest.raises(ValueError, match="is longer than 366 days") as error:
        carry_out.time_span(text)
    assert len(str(error.value)) < 200


def test_the_command_survives_systemds_quoting() -> None:
    """Spaces, dollars and per cent signs in a path reach the command as they are."""
    files = carry_out.timer_files("2030-01-01 00:00:00 UTC", ("/opt/my venv/100%/$x/pullscope", "off", "--yes"))
    assert 'ExecStart="/opt/my venv/100%%/$$x/pullscope" off --yes\n' in files["pullscope-off.service"]
