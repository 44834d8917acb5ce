"""What is checked before a mitmdump is started: it would end with a traceback above the same sentence.

Imports nothing heavy before it is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pullscope.cli.exits import Complaint


def check_recording(out: Path | None) -> None:
    """A complaint where nothing can be recorded to `out`."""
    if out is None:
        return
    from pullscope.mitm.recorder import check_path

    try:
        check_path(str(out))
    except ValueError as error:
        raise Complaint(str(error)) from None


def check_hosts(option: str, hosts: Iterable[str] | None) -> None:
    """A complaint where one of them is not a host."""
    from pullscope.mitm.settings import check_host

    for host in hosts or ():
        try:
            check_host(host)
        except ValueError as error:
            raise Complaint(f"{option}: {error}") from None
