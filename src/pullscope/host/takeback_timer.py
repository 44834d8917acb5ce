"""`on --for 30m`: unit files that run `off` at an instant, also after a reboot or where the machine was off."""

from __future__ import annotations

import re
from datetime import timedelta

TIMER = "pullscope-off.timer"
SERVICE = "pullscope-off.service"
WANTED = "timers.target.d/pullscope-off.conf"

_PART = re.compile(r"(?P<number>[0-9]{1,9})(?![0-9])\s*(?P<unit>sec|s|min|m|h|d)?\s*")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, None: 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=366)


def span(text: str) -> timedelta:
    """`30m`, `2h`, `90s`, `1h30m`; a bare number is minutes. At most a year: what is meant to stay needs no timer."""
    seconds, at = 0, 0
    rest = text.strip()
    while match := _PART.match(rest, at):
        seconds += int(match["number"]) * _SECONDS[match["unit"]]
        at = match.end()
    shown = repr(text if len(text) <= 40 else f"{text[:40]}…")
    if at < len(rest) or seconds <= 0:
        raise ValueError(f"{shown} is not a time span such as 30m, 2h or 90s")
    if seconds > LONGEST.total_seconds():
        raise ValueError(
            f"{shown} is longer than {LONGEST.days} days; leave --for out, and `off` takes everything back"
        )
    return timedelta(seconds=seconds)


def files(until: str, off_command: tuple[str, ...]) -> dict[str, str]:
    """The unit files by name. `until` is absolute, and Persistent= catches up after a reboot."""
    words = " ".join(_quoted(word) for word in off_command)
    timer = (
        "# Takes back what `pullscope docker on --for` did.\n"
        "[Unit]\nDescription=Take pullscope's changes to docker back\n\n"
        f"[Timer]\nOnCalendar={until}\nPersistent=true\nAccuracySec=1s\nUnit={SERVICE}\n"
    )
    service = (
        "# Started by pullscope-off.timer.\n"
        "[Unit]\nDescription=Take pullscope's changes to docker back\n\n"
        f"[Service]\nType=oneshot\nExecStart={words}\n"
    )
    # A drop-in of timers.target rather than a link in its .wants: plain files are all that undo has to know.
    wanted = f"# So that the timer is there again after a reboot.\n[Unit]\nWants={TIMER}\n"
    return {SERVICE: service, TIMER: timer, WANTED: wanted}


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[^\w@%+=:,./-]", word) else escaped
