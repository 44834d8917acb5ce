"""`on --for 30m`: unit files that run `off` at an instant, also after a reboot or where the machine was off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pullscope.host.command import Run
from pullscope.host.journal_document import Entry

STEM = "pullscope-off"

_PART = re.compile(r"(?P<number>[0-9]{1,9})(?![0-9])\s*(?P<unit>sec|s|min|m|h|d)?\s*")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, None: 60, "h": 3600, "d": 86400}
_OURS = re.compile(r"/pullscope-(?:[a-z0-9_-]+-)?off\.timer$")
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
        raise ValueError(f"{shown} is longer than {LONGEST.days} days; leave out --for; `off` undoes everything")
    return timedelta(seconds=seconds)


def instant(text: str) -> str:
    """When that span is over, from now on, as systemd.time(7) spells it."""
    return f"{datetime.now(UTC) + span(text):%Y-%m-%d %H:%M:%S} UTC"


def files(until: str, off_command: tuple[str, ...], stem: str = STEM, of: str = "docker") -> dict[str, str]:
    """The unit files by name. `until` is absolute, and Persistent= catches up after a reboot."""
    service_name, timer_name = f"{stem}.service", f"{stem}.timer"
    words = " ".join(_quoted(word) for word in off_command)
    timer = (
        "# Takes back what `on --for` of pullscope did.\n"
        f"[Unit]\nDescription=Take pullscope's changes to {of} back\n\n"
        f"[Timer]\nOnCalendar={until}\nPersistent=true\nAccuracySec=1s\nUnit={service_name}\n"
    )
    service = (
        f"# Started by {timer_name}.\n"
        f"[Unit]\nDescription=Take pullscope's changes to {of} back\n\n"
        f"[Service]\nType=oneshot\nExecStart={words}\n"
    )
    # A drop-in of timers.target rather than a link in its .wants: plain files are all that undo has to know.
    wanted = f"# So that the timer is there again after a reboot.\n[Unit]\nWants={timer_name}\n"
    return {service_name: service, timer_name: timer, f"timers.target.d/{stem}.conf": wanted}


def stop(run: Run, systemctl: tuple[str, ...], entries: Sequence[Entry]) -> None:
    """Stop the timer that is among `entries`, if one is."""
    for entry in entries:
        if _OURS.search(entry.path):
            timer = entry.path.rpartition("/")[2]
            run((*systemctl, "stop", timer))
            run((*systemctl, "clean", "--what=state", timer))


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[^\w@%+=:,./-]", word) else escaped
